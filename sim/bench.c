/* Building and running the Verilator bench. */
#include "sim/bench.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "compiler/emit/emit.h"
#include "sim/sources.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOOL_LIMIT_S = 1800, MAX_ARGUMENTS = 64, MAX_GENERATED = 4096 };

/* Verilator 5.006 makes wrong code of deep chains of exclusive ors with const-bit-op-tree: a right
 * netlist of Gowin's carry cells was said to be wrong. */
static const char *const verilator_flags[] = {
    "-Wno-fatal",  "-Wno-lint", "-Wno-style", "-O3", "-fno-const-bit-op-tree",
    "--x-initial", "unique",    NULL};
/* With -O1 (add_flags): simulates as fast as -O3 here, and compiles three times as fast. */
static const char *const compiler_flags[] = {
    "-std=gnu++17",    "-faligned-new", "-fcf-protection=none", "-w",
    "-DVM_COVERAGE=0", "-DVM_SC=0",     "-DVM_TRACE_FST=0",     NULL};

static void run_tool(const char *what, const char *const argv[], const char *folder,
                     const char *log)
{
    struct process_options options = {.folder = folder, .log = log, .time_limit_s = TOOL_LIMIT_S};
    int status = process_run(argv, &options);
    if (status == 0) return;
    if (status == PROCESS_NOT_FOUND) fail("%s is not installed; run `make deps`", argv[0]);
    if (status == PROCESS_TIMED_OUT)
        fail("%s took more than %d s; see %s", what, TOOL_LIMIT_S, log);
    char reason[300];
    process_log_reason(log, reason, sizeof reason);
    fail("%s failed: %s; see %s", what, reason, log);
}

static void verilator_version(char *line, size_t size)
{
    const char *const argv[] = {"verilator", "--version", NULL};
    if (!process_first_line(argv, line, size)) fail("verilator is not installed; run `make deps`");
}

/* Where Verilator's own C++ sources are. */
static const char *verilator_include(struct arena *arena)
{
    char line[400];
    const char *const argv[] = {"verilator", "--getenv", "VERILATOR_ROOT", NULL};
    if (!process_first_line(argv, line, sizeof line))
        fail("verilator is not installed; run `make deps`");
    return arena_printf(arena, "%s/include", line);
}

static const char *absolute(struct arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    if (!real) fail("%s is not there", path);
    const char *copy = arena_strdup(arena, real);
    free(real);
    return copy;
}

/* The folder for what does not depend on the design: build/cache beside the caller, else the
 * bench's own folder. */
static const char *cache_folder(struct arena *arena, const char *folder)
{
    struct stat status;
    bool is_there = stat("build", &status) == 0 && S_ISDIR(status.st_mode);
    const char *cache = is_there ? "build/cache/verilator" : file_join(arena, folder, "cache");
    file_make_folder(cache);
    return absolute(arena, cache);
}

static int add_flags(const char **argv, int count, struct arena *arena, const char *include,
                     bool trace, bool quick)
{
    argv[count++] = quick ? "-O0" : "-O1";
    for (int i = 0; compiler_flags[i]; i++)
        argv[count++] = compiler_flags[i];
    argv[count++] = trace ? "-DVM_TRACE=1" : "-DVM_TRACE=0";
    argv[count++] = trace ? "-DVM_TRACE_VCD=1" : "-DVM_TRACE_VCD=0";
    argv[count++] = arena_printf(arena, "-I%s", include);
    argv[count++] = arena_printf(arena, "-I%s/vltstd", include);
    return count;
}

/* Verilator's runtime, compiled once per machine and Verilator version: it takes longer than the
 * designs. */
static const char *runtime_object(struct arena *arena, const char *cache, const char *include,
                                  const char *name, bool trace)
{
    char version[200], key[33];
    struct hash hash = hash_init();
    verilator_version(version, sizeof version);
    hash_add(&hash, version, strlen(version));
    hash_add(&hash, include, strlen(include));
    for (int i = 0; compiler_flags[i]; i++)
        hash_add(&hash, compiler_flags[i], strlen(compiler_flags[i]) + 1);
    hash_print(hash, key);
    const char *object =
        arena_printf(arena, "%s/%s%s-%.16s.o", cache, name, trace ? "-trace" : "", key);
    if (file_exists(object)) return object;
    /* Under a name of this process first, so that two builds at once do no harm. */
    const char *partial = arena_printf(arena, "%s.%ld.tmp", object, (long)getpid());
    const char *argv[MAX_ARGUMENTS] = {"g++"};
    int count = add_flags(argv, 1, arena, include, trace, false);
    argv[count++] = "-c";
    argv[count++] = arena_printf(arena, "%s/%s.cpp", include, name);
    argv[count++] = "-o";
    argv[count++] = partial;
    argv[count] = NULL;
    run_tool("compiling Verilator's runtime", argv, NULL, arena_printf(arena, "%s.log", object));
    if (rename(partial, object) != 0) fail("cannot write %s", object);
    return object;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One C++ file that takes in all that Verilator wrote, and the bench. */
static const char *write_unit(struct arena *arena, const char *model, const char *bench,
                              const char *state)
{
    const char **names = arena_alloc(arena, MAX_GENERATED, sizeof *names);
    int count = 0;
    DIR *directory = opendir(model);
    if (!directory) fail("Verilator left nothing in %s", model);
    for (struct dirent *entry; (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        bool generated = strncmp(entry->d_name, "Vnet", 4) == 0 && length > 4 &&
                         strcmp(entry->d_name + length - 4, ".cpp") == 0;
        if (!generated) continue;
        if (count == MAX_GENERATED) fail("Verilator wrote more than %d files", MAX_GENERATED);
        names[count++] = arena_strdup(arena, entry->d_name);
    }
    closedir(directory);
    qsort(names, (size_t)count, sizeof *names, compare_names);
    struct text unit = {0};
    for (int i = 0; i < count; i++)
        text_add(&unit, "#include \"%s\"\n", names[i]);
    text_add(&unit, "#include \"bench.cpp\"\n");
    const char *path = file_join(arena, model, "unit.cpp");
    file_write(path, unit.bytes, unit.length);
    file_write(file_join(arena, model, "bench.cpp"), bench, strlen(bench));
    file_write(file_join(arena, model, "load_bench.h"), sim_load_bench, strlen(sim_load_bench));
    file_write(file_join(arena, model, "axis_bench.h"), sim_axis_bench, strlen(sim_axis_bench));
    file_write(file_join(arena, model, "faults_bench.h"), sim_faults_bench,
               strlen(sim_faults_bench));
    if (state) file_write(file_join(arena, model, "faults_state.h"), state, strlen(state));
    text_free(&unit);
    return path;
}

static const char *bench_source(const struct bench_design *design)
{
    return design->board ? sim_board_bench : sim_bench_cpp;
}

static void design_key(const struct bench_design *design, char key[33])
{
    char version[200];
    struct hash hash = hash_init();
    verilator_version(version, sizeof version);
    hash_add(&hash, version, strlen(version));
    hash_add(&hash, bench_source(design), strlen(bench_source(design)));
    for (int i = 0; compiler_flags[i]; i++)
        hash_add(&hash, compiler_flags[i], strlen(compiler_flags[i]) + 1);
    for (int i = 0; verilator_flags[i]; i++)
        hash_add(&hash, verilator_flags[i], strlen(verilator_flags[i]) + 1);
    hash_add(&hash, design->top, strlen(design->top) + 1);
    if (design->axis) hash_add(&hash, sim_axis_bench, strlen(sim_axis_bench));
    if (design->loads) hash_add(&hash, sim_load_bench, strlen(sim_load_bench));
    if (design->state) {
        hash_add(&hash, sim_faults_bench, strlen(sim_faults_bench));
        hash_add(&hash, design->state, strlen(design->state));
    }
    unsigned char flags[] = {design->trace,
                             design->mutants,
                             design->quick,
                             design->axis,
                             design->loads,
                             design->state != NULL,
                             (unsigned char)design->protect};
    hash_add(&hash, flags, sizeof flags);
    for (int i = 0; design->sources[i]; i++)
        hash_add_file(&hash, design->sources[i]);
    hash_print(hash, key);
}

static bool is_current(struct arena *arena, const char *executable, const char *key_path,
                       const char *key)
{
    size_t length;
    if (!file_exists(executable) || !file_exists(key_path)) return false;
    return strcmp(file_read(arena, key_path, &length), key) == 0;
}

static void verilate(struct arena *arena, const struct bench_design *design, const char *model,
                     const char *log)
{
    int sources = 0;
    while (design->sources[sources])
        sources++;
    const char **argv = arena_alloc(arena, (size_t)sources + 32, sizeof *argv);
    const char *const fixed[] = {"verilator",    "--cc",      "--prefix", "Vnet",
                                 "--top-module", design->top, "--Mdir",   model};
    int count = 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        argv[count++] = fixed[i];
    for (int i = 0; verilator_flags[i]; i++)
        argv[count++] = verilator_flags[i];
    if (design->trace) argv[count++] = "--trace";
    if (design->board)
        argv[count++] = arena_printf(arena, "-I%s", file_folder(arena, design->sources[0]));
    if (design->state) argv[count++] = "--flatten";
    for (int i = 0; i < sources; i++)
        argv[count++] = design->sources[i];
    run_tool("verilator", argv, NULL, log);
}

const char *bench_build(struct arena *arena, const struct bench_design *design)
{
    char key[33];
    file_make_folder(design->folder);
    const char *folder = absolute(arena, design->folder);
    const char *executable = file_join(arena, folder, design->name);
    const char *key_path = arena_printf(arena, "%s.key", executable);
    const char *model = arena_printf(arena, "%s.model", executable),
               *log = arena_printf(arena, "%s.log", executable);
    design_key(design, key);
    if (is_current(arena, executable, key_path, key)) return executable;
    remove(key_path);
    const char *const clean[] = {"rm", "-rf", model, NULL};
    run_tool("rm", clean, NULL, NULL);
    file_make_folder(model);
    verilate(arena, design, model, log);

    const char *include = verilator_include(arena), *cache = cache_folder(arena, folder);
    const char *argv[MAX_ARGUMENTS] = {"g++"};
    int count = add_flags(argv, 1, arena, include, design->trace, design->quick);
    if (design->board) argv[count++] = "-O3"; /* runs for long: 1.6 times as fast */
    argv[count++] = "-I.";
    argv[count++] = arena_printf(arena, "-DBENCH_INPUT_BITS=%d", design->input_bits);
    if (design->mutants) argv[count++] = "-DBENCH_MUTANTS";
    if (design->axis) argv[count++] = "-DBENCH_AXIS";
    if (design->loads) argv[count++] = "-DBENCH_LOAD";
    if (design->protect & PROTECT_TMR) argv[count++] = "-DBENCH_TMR";
    if (design->protect & PROTECT_ECC) argv[count++] = "-DBENCH_ECC";
    if (design->state) argv[count++] = "-DBENCH_FAULTS";
    argv[count++] = write_unit(arena, model, bench_source(design), design->state);
    argv[count++] = runtime_object(arena, cache, include, "verilated", design->trace);
    argv[count++] = runtime_object(arena, cache, include, "verilated_threads", design->trace);
    if (design->trace)
        argv[count++] = runtime_object(arena, cache, include, "verilated_vcd_c", true);
    argv[count++] = "-pthread";
    argv[count++] = "-latomic";
    argv[count++] = "-o";
    argv[count++] = executable;
    argv[count] = NULL;
    run_tool("compiling the bench", argv, model, log);
    file_write(key_path, key, strlen(key));
    return executable;
}

const char *const *bench_file_list(struct arena *arena, const char *folder, const char *name)
{
    const char *rtl = file_join(arena, folder, "rtl"), *list = file_join(arena, rtl, name);
    size_t length;
    int count = 0;
    char *text = file_read(arena, list, &length);
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    const char **files = arena_alloc(arena, (size_t)count + 2, sizeof *files);
    count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        files[count++] = file_join(arena, rtl, line);
    if (count == 0) fail("%s names no file; compile again", list);
    return files;
}

static void write_rows(struct arena *arena, const struct program *program, const char *path,
                       bool outputs, const int64_t *rows, long count)
{
    int bits = outputs ? emit_output_bits(program) : emit_input_bits(program);
    int columns = outputs ? program->output_count : program->input_count;
    size_t bytes = (size_t)(bits + 7) / 8;
    unsigned char *row = arena_alloc(arena, bytes, 1);
    struct out_file *out = out_open(path);
    for (long e = 0; e < count; e++) {
        emit_pack(program, outputs, rows + e * columns, row);
        fwrite(row, bytes, 1, out_stream(out));
    }
    out_commit(out);
}

struct bench_events bench_write_events(struct arena *arena, const struct program *program,
                                       const char *folder, const int64_t *inputs,
                                       const int64_t *outputs, long count)
{
    struct bench_events events = {.count = count};
    events.input_bytes = (emit_input_bits(program) + 7) / 8;
    events.output_bytes = (emit_output_bits(program) + 7) / 8;
    if (events.output_bytes > BENCH_MAX_OUTPUT_BYTES)
        fail("%s has %d output bytes; verify takes at most %d", program->name, events.output_bytes,
             BENCH_MAX_OUTPUT_BYTES);
    events.inputs = file_join(arena, folder, "events.in");
    events.expected = file_join(arena, folder, "events.out");
    write_rows(arena, program, events.inputs, false, inputs, count);
    write_rows(arena, program, events.expected, true, outputs, count);
    return events;
}

/* The words of all loadable memories, as the bench reads them: four bytes of address, eight of
 * data.
 */
static void write_words(struct arena *arena, const struct program *program, FILE *stream)
{
    struct load_map map = program_load_map(program, arena);
    for (int i = 0; i < map.count; i++) {
        const struct memory *m = &program->memories[map.ranges[i].memory];
        for (int k = 0; k < m->entries; k++) {
            uint32_t address = map.ranges[i].base + (uint32_t)k;
            uint64_t data = load_port_word(m, m->contents[k]);
            fwrite(&address, sizeof address, 1, stream);
            fwrite(&data, sizeof data, 1, stream);
        }
    }
}

struct bench_loads bench_write_loads(struct arena *arena, const struct program *program,
                                     const struct program *loaded, const char *folder,
                                     const int64_t *outputs, long count)
{
    struct load_map map = program_load_map(program, arena);
    struct bench_loads loads = {.words = file_join(arena, folder, "words.bin"),
                                .expected = file_join(arena, folder, "events_loaded.out"),
                                .address_bits = map.address_bits,
                                .data_bits = map.data_bits};
    struct out_file *out = out_open(loads.words);
    write_words(arena, program, out_stream(out));
    write_words(arena, loaded, out_stream(out));
    out_commit(out);
    write_rows(arena, program, loads.expected, true, outputs, count);
    return loads;
}

static void run_bench(struct arena *arena, const struct bench_run *run, const char *result)
{
    const struct bench_events *e = run->events;
    const struct bench_loads none = {"", "", 1, 1}, *loads = run->loads ? run->loads : &none;
    const char *argv[] = {
        run->executable,
        arena_printf(arena, "inputs=%s", e->inputs),
        arena_printf(arena, "expected=%s", e->expected),
        arena_printf(arena, "input_bytes=%d", e->input_bytes),
        arena_printf(arena, "output_bytes=%d", e->output_bytes),
        arena_printf(arena, "first=%ld", run->first),
        arena_printf(arena, "count=%ld", run->count),
        arena_printf(arena, "latency=%d", run->latency_cycles),
        arena_printf(arena, "interval=%d", run->interval_cycles),
        arena_printf(arena, "crossing=%d", run->crossing_cycles),
        arena_printf(arena, "seed=%llu", (unsigned long long)run->seed),
        arena_printf(arena, "control=%d", run->control),
        arena_printf(arena, "mutants=%ld", run->mutants),
        arena_printf(arena, "stall=%d", run->stall_cycles),
        arena_printf(arena, "flips=%ld", run->flips),
        arena_printf(arena, "first_flip=%ld", run->first_flip),
        arena_printf(arena, "bits=%d", run->flip_bits),
        arena_printf(arena, "words=%s", loads->words),
        arena_printf(arena, "loaded=%s", loads->expected),
        arena_printf(arena, "address_bits=%d", loads->address_bits),
        arena_printf(arena, "data_bits=%d", loads->data_bits),
        arena_printf(arena, "trace_from=%llu", (unsigned long long)run->trace_from),
        arena_printf(arena, "trace_to=%llu", (unsigned long long)run->trace_to),
        arena_printf(arena, "result=%s", result),
        run->trace ? arena_printf(arena, "trace=%s", run->trace) : NULL,
        NULL};
    run_tool("the Verilator bench", argv, NULL, file_join(arena, run->folder, "bench_run.log"));
}

static void copy_word(char *to, const char *from)
{
    snprintf(to, BENCH_KIND_BYTES, "%s", from);
}

void bench_run(const struct bench_run *run, struct bench_verdict *verdict)
{
    struct arena arena = {0};
    const char *result = file_join(&arena, run->folder, "bench_result.json");
    run_bench(&arena, run, result);
    cJSON *json = json_read(result);
    *verdict = (struct bench_verdict){.event = -1};
    verdict->checked = (long)json_number(json, "checked", 0);
    verdict->mismatches = (long)json_number(json, "mismatches", 0);
    verdict->latency = (long)json_number(json, "latency", -1);
    verdict->cycles = json_number(json, "cycles", 0);
    verdict->failed = json_find(json, "failure") != NULL;
    if (verdict->failed) {
        copy_word(verdict->kind, json_string(json, "failure.kind", ""));
        copy_word(verdict->phase, json_string(json, "failure.phase", ""));
        verdict->event = (long)json_number(json, "failure.event", -1);
        verdict->presented = (uint64_t)json_number(json, "failure.presented", 0);
        verdict->cycle = (uint64_t)json_number(json, "failure.cycle", 0);
        const char *hex = json_string(json, "failure.got", "");
        for (size_t i = 0; hex[2 * i] && hex[2 * i + 1] && i < sizeof verdict->got; i++) {
            char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
            verdict->got[i] = (unsigned char)strtol(digits, NULL, 16);
        }
    }
    cJSON_Delete(json);
    remove(result);
    arena_free(&arena);
}

static const char *run_for_lines(struct arena *arena, const struct bench_run *run, const char *name)
{
    const char *result = file_join(arena, run->folder, name);
    size_t length;
    run_bench(arena, run, result);
    return file_read(arena, result, &length);
}

const char *bench_run_mutants(struct arena *arena, const struct bench_run *run)
{
    return run_for_lines(arena, run, "mutants.txt");
}

const char *bench_run_flips(struct arena *arena, const struct bench_run *run)
{
    return run_for_lines(arena, run, "flips.txt");
}
