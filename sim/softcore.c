/* See softcore.h. */
#include "sim/softcore.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/stack_usage.h"
#include "compiler/compile.h"
#include "compiler/estimate/processor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const softcore_isa_names[SOFTCORE_ISAS] = {"rv32i", "rv32im"};
const char *const softcore_choice_names[SOFTCORE_CHOICES] = {"auto", "straight", "loops"};

static const char gcc[] = "riscv64-unknown-elf-gcc", size_tool[] = "riscv64-unknown-elf-size",
                  qemu[] = "qemu-riscv32";
enum { TOOL_LIMIT_S = 600, MOST_COUNTED_EVENTS = 16, MOST_COUNTED = 400000 };

/* What the functions here share. */
struct run {
    const struct softcore_request *request;
    struct arena arena;
    const char *to;   /* soft_core/ */
    const char *name; /* of the network, as C */
};

static int tool(const struct run *r, const char *const argv[], const char *log)
{
    struct process_options options = {.folder = r->to, .log = log, .time_limit_s = TOOL_LIMIT_S};
    return process_run(argv, &options);
}

static void must(const struct run *r, const char *const argv[])
{
    struct arena arena = {0};
    const char *log = file_join(&arena, r->to, "log");
    int status = tool(r, argv, log);
    char reason[256] = "";
    if (status) process_log_reason(log, reason, sizeof reason);
    if (status) fail("%s: %s ended with status %d: %s", r->to, argv[0], status, reason);
    unlink(log);
    arena_free(&arena);
}

/* Compiles SOURCE in the form's folder (or soft_core/ itself) to OBJECT. */
static void compile(const struct run *r, const char *form, const char *source, const char *object,
                    const char *define, const char *define_too)
{
    struct arena arena = {0};
    const char *argv[] = {gcc,
                          arena_printf(&arena, "-march=%s", softcore_isa_names[r->request->isa]),
                          "-mabi=ilp32",
                          "-std=c99",
                          "-O2",
                          "-ffreestanding",
                          "-fstack-usage",
                          arena_printf(&arena, "-I%s", form),
                          "-c",
                          source,
                          "-o",
                          object,
                          define,
                          define ? define_too : NULL,
                          NULL};
    must(r, argv);
    arena_free(&arena);
}

static void link_bench(const struct run *r, const char *network, const char *bench)
{
    struct arena arena = {0};
    must(r, (const char *const[]){
                gcc, arena_printf(&arena, "-march=%s", softcore_isa_names[r->request->isa]),
                "-mabi=ilp32", "-nostdlib", "-nostartfiles", "-static", "start.S", bench, network,
                "-lgcc", "-o", "bench.elf", NULL});
    arena_free(&arena);
}

/* ---- measuring ---- */

/* Sums the sections of an object by what they are. */
static void read_sizes(struct run *r, const char *object, struct softcore_form *form)
{
    const char *log = file_join(&r->arena, r->to, "size.log");
    size_t length;
    if (tool(r, (const char *const[]){size_tool, "-A", object, NULL}, log))
        fail("%s: %s fails", r->to, size_tool);
    form->text = form->rodata = form->bss = 0;
    char *text = file_read(&r->arena, log, &length), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char section[64];
        long bytes;
        if (sscanf(line, "%63s %ld", section, &bytes) != 2) continue;
        if (!strncmp(section, ".text", 5)) form->text += bytes;
        if (!strncmp(section, ".rodata", 7) || !strncmp(section, ".srodata", 8))
            form->rodata += bytes;
        if (!strncmp(section, ".bss", 4) || !strncmp(section, ".sbss", 5) ||
            !strncmp(section, ".data", 5) || !strncmp(section, ".sdata", 6))
            form->bss += bytes;
    }
    unlink(log);
}

/* Instructions that bench.elf executes: a line of qemu's log for each. */
static long count_instructions(struct run *r)
{
    const char *log = file_join(&r->arena, r->to, "trace.log");
    const char *const argv[] = {qemu, "-singlestep", "-d",          "exec,nochain",
                                "-D", "trace.log",   "./bench.elf", NULL};
    tool(r, argv, NULL);
    FILE *stream = fopen(log, "r");
    if (!stream) fail("%s: %s leaves no log", r->to, qemu);
    char line[512];
    long count = 0;
    while (fgets(line, sizeof line, stream))
        count += !strncmp(line, "Trace", 5);
    fclose(stream);
    unlink(log);
    return count;
}

/* The same of so many events, by `network` or by a function that does nothing. */
static long count_events(struct run *r, const char *form, const char *network, long events)
{
    compile(r, form, "bench.c", "count.o", arena_printf(&r->arena, "-DEVENTS=%ld", events),
            "-DCOUNT");
    link_bench(r, network, "count.o");
    return count_instructions(r);
}

static double measure_instructions(struct run *r, const char *form, const char *object, long golden)
{
    const char *nothing = file_join(&r->arena, r->to, "nothing.c");
    const char *text =
        arena_printf(&r->arena,
                     "#include \"%s.h\"\nvoid %s_eval(const %s_in in[%d], %s_out out[%d])\n{\n"
                     "    (void)in, (void)out;\n}\n",
                     r->name, r->name, r->name, r->request->program->input_count, r->name,
                     r->request->program->output_count);
    file_write(nothing, text, strlen(text));
    compile(r, form, "nothing.c", "nothing.o", NULL, NULL);
    long one = count_events(r, form, object, 1), events = MOST_COUNTED / (one + 1);
    if (events > MOST_COUNTED_EVENTS) events = MOST_COUNTED_EVENTS;
    if (events > golden) events = golden;
    if (events < 1) events = 1;
    long all = count_events(r, form, object, events);
    long harness = count_events(r, form, "nothing.o", events) - events; /* that function's return */
    static const char *const temporary[] = {"nothing.c", "nothing.o", "nothing.su", "count.o",
                                            "count.su"};
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
        unlink(file_join(&r->arena, r->to, temporary[i]));
    return (double)(all - harness) / (double)events;
}

static void measure(struct run *r, const char *form_name, struct softcore_form *form, long golden)
{
    const char *object = arena_printf(&r->arena, "%s/%s.o", form_name, r->name);
    compile(r, form_name, arena_printf(&r->arena, "%s/%s.c", form_name, r->name), object, NULL,
            NULL);
    read_sizes(r, object, form);
    form->stack =
        stack_usage_read(arena_printf(&r->arena, "%s/%s/%s.su", r->to, form_name, r->name),
                         arena_printf(&r->arena, "%s_eval", r->name));
    compile(r, form_name, "bench.c", "bench.o", NULL, NULL);
    link_bench(r, object, "bench.o");
    form->differs = tool(r, (const char *const[]){qemu, "./bench.elf", NULL}, NULL) != 0;
    form->instructions = measure_instructions(r, form_name, object, golden);
    const char *const temporary[] = {"bench.o", "bench.su", "bench.elf", object,
                                     arena_printf(&r->arena, "%s/%s.su", form_name, r->name)};
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
        unlink(file_join(&r->arena, r->to, temporary[i]));
}

/* ---- files ---- */

static struct processor_cost cost_of(const struct softcore_form *form)
{
    return (struct processor_cost){form->estimated_instructions, form->estimated_bytes};
}

static enum softcore_choice pick(const struct softcore_request *q, const struct softcore_result *s)
{
    if (q->choice != SOFTCORE_AUTO) return q->choice;
    if (!s->loops.present) return SOFTCORE_STRAIGHT;
    struct processor_cost straight = cost_of(&s->straight), loops = cost_of(&s->loops);
    return processor_prefers_loops(&straight, &loops, q->memory_bytes) ? SOFTCORE_LOOPS
                                                                       : SOFTCORE_STRAIGHT;
}

static struct softcore_form unmeasured(struct processor_cost cost, bool present)
{
    return (struct softcore_form){present, cost.instructions, cost.bytes, -1, -1, -1, -1, -1,
                                  false};
}

static void write_form(const struct run *r, const struct program *p, enum softcore_choice form,
                       bool picked)
{
    struct arena arena = {0};
    enum emit_c_form style = form == SOFTCORE_STRAIGHT           ? EMIT_C_STRAIGHT
                             : r->request->isa == SOFTCORE_RV32I ? EMIT_C_DIGITS
                                                                 : EMIT_C_LOOPS;
    emit_c_form(p, r->request->header, style,
                file_join(&arena, r->to, softcore_choice_names[form]));
    if (picked) emit_c_form(p, r->request->header, style, r->to);
    arena_free(&arena);
}

static void remove_form(const struct run *r, enum softcore_choice form)
{
    struct arena arena = {0};
    const char *file =
        arena_printf(&arena, "%s/%s/%s", r->to, softcore_choice_names[form], r->name);
    unlink(arena_printf(&arena, "%s.c", file));
    unlink(arena_printf(&arena, "%s.h", file));
    arena_free(&arena);
}

/* The first tool that is missing, or NULL. */
static const char *find_missing(void)
{
    if (!process_exists(gcc) || !process_exists(size_tool))
        return "riscv64-unknown-elf-gcc (Debian package gcc-riscv64-unknown-elf)";
    if (!process_exists(qemu)) return "qemu-riscv32 (Debian package qemu-user)";
    return NULL;
}

void softcore_run(const struct softcore_request *q, struct softcore_result *result)
{
    struct run r = {.request = q};
    bool multiplies = q->isa == SOFTCORE_RV32IM;
    *result = (struct softcore_result){.missing_tool = find_missing()};
    r.to = file_join(&r.arena, q->folder, "soft_core");
    r.name = emit_c_name(q->lowered, &r.arena);
    struct program *straight = compile_straight(q->lowered);
    struct golden golden = {0};
    golden_make(&golden, q->program, q->x, q->events, 1);
    golden_check(&golden, q->lowered, q->folder);
    golden_check(&golden, straight, q->folder);
    int matrices;
    result->events = golden.count;
    result->straight = unmeasured(processor_straight(straight, multiplies), true);
    result->loops = unmeasured(processor_loops(q->lowered, multiplies, &matrices), true);
    result->loops.present = matrices > 0;
    if (q->choice == SOFTCORE_LOOPS && !matrices)
        fail("%s: there is no matrix in this program that could be a loop; leave --form out",
             q->folder);
    result->picked = pick(q, result);
    file_make_folder(r.to);
    write_form(&r, straight, SOFTCORE_STRAIGHT, result->picked == SOFTCORE_STRAIGHT);
    if (!matrices) remove_form(&r, SOFTCORE_LOOPS);
    if (matrices) write_form(&r, q->lowered, SOFTCORE_LOOPS, result->picked == SOFTCORE_LOOPS);
    golden_write(&golden, q->program, r.name, file_join(&r.arena, r.to, "golden.h"));
    static const char *const files[] = {"bench.c", "start.S"};
    for (int i = 0; i < 2; i++)
        file_copy(arena_printf(&r.arena, "%s/runtime/soft_core/%s", q->home, files[i]),
                  file_join(&r.arena, r.to, files[i]));
    if (!result->missing_tool) {
        measure(&r, "straight", &result->straight, golden.count);
        if (matrices) measure(&r, "loops", &result->loops, golden.count);
        result->measured = true;
    }
    golden_free(&golden);
    program_free(straight);
    arena_free(&r.arena);
}
