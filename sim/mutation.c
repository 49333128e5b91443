/* Mutation testing of the bench: see mutation.h. */
#include "sim/mutation.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/text.h"
#include "compiler/emit/emit.h"
#include "sim/bench.h"
#include "sim/stimuli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { YOSYS_LIMIT_S = 600, PROOF_LIMIT_S = 60 };

/* Registers of the pipeline as plain wires. */
static const char transparent_registers[] = "module \\$dff (CLK, D, Q);\n"
                                            "parameter WIDTH = 1;\n"
                                            "parameter CLK_POLARITY = 1'b1;\n"
                                            "input CLK;\n"
                                            "input [WIDTH-1:0] D;\n"
                                            "output [WIDTH-1:0] Q;\n"
                                            "assign Q = D;\n"
                                            "endmodule\n";

struct mutation {
    struct arena arena;
    const struct mutation_request *request;
    struct mutation_result *result;
    struct program *program;
    const char *folder, *top, **lines; /* lines[k - 1]: Yosys' command of mutant k */
    int select_bits;
};

static void run_yosys(struct mutation *m, const char *name, const struct text *script)
{
    const char *path = file_join(&m->arena, m->folder, arena_printf(&m->arena, "%s.ys", name));
    const char *log = file_join(&m->arena, m->folder, arena_printf(&m->arena, "%s.log", name));
    char reason[300];
    file_write(path, text_string(script), script->length);
    const char *const argv[] = {"yosys", "-q", arena_printf(&m->arena, "%s.ys", name), NULL};
    struct process_options options = {
        .folder = m->folder, .log = log, .time_limit_s = YOSYS_LIMIT_S};
    int status = process_run(argv, &options);
    if (status == 0) return;
    if (status == PROCESS_NOT_FOUND) fail("yosys is not installed; run `make deps`");
    process_log_reason(log, reason, sizeof reason);
    fail("yosys failed: %s; see %s", status == PROCESS_TIMED_OUT ? "it took too long" : reason,
         log);
}

/* The word-level netlist of the whole network, cells named by whether they are the top's control
 * logic, and all its mutations behind the input mutant_i. */
static void make_mutants(struct mutation *m)
{
    struct text script = {0};
    size_t length;
    char *list =
        file_read(&m->arena, file_join(&m->arena, m->request->folder, "rtl/files.f"), &length);
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n"))
        text_add(&script, "read_verilog ../../rtl/%s\n", line);
    text_add(
        &script,
        "hierarchy -check -top %s\nproc\nsetattr -set sluice_control 1 %s/t:$*\nflatten\n"
        "opt -full -nodffe -nosdff\nwreduce\nopt -full -nodffe -nosdff\nopt_clean -purge\n"
        "rename -enumerate -pattern control_%% %s/a:sluice_control\n"
        "rename -enumerate -pattern data_%% %s/t:$* %s/c:control_* %%d\n"
        "mutate -list %d -seed %llu -ctrl mutant_i %d 1 -o list.txt\n"
        "script list.txt\nopt_clean\nwrite_rtlil mutants.il\nwrite_verilog -noattr mutants.v\n",
        m->top, m->top, m->top, m->top, m->top, m->request->mutants,
        (unsigned long long)(m->request->seed % 1000000), m->select_bits);
    run_yosys(m, "mutants", &script);
    text_free(&script);
}

/* The commands of the mutations, which are numbered from 1. */
static int read_list(struct mutation *m)
{
    size_t length;
    char *list = file_read(&m->arena, file_join(&m->arena, m->folder, "list.txt"), &length);
    int count = 0;
    m->lines = arena_alloc(&m->arena, (size_t)m->request->mutants + 1, sizeof *m->lines);
    for (char *line = strtok(list, "\n"); line && count < m->request->mutants;
         line = strtok(NULL, "\n"))
        m->lines[count++] = line;
    if (count == 0) fail("%s: yosys found nothing to mutate", m->folder);
    return count;
}

static const char *simulate(struct mutation *m)
{
    const struct mutation_request *request = m->request;
    const struct program *p = m->program;
    struct stimuli stimuli;
    stimuli_make(&stimuli, p, request->x, request->events, request->random_events, request->seed);
    int64_t *outputs = arena_alloc(&m->arena, (size_t)stimuli.count * (size_t)p->output_count + 1,
                                   sizeof *outputs);
    program_eval(p, stimuli.inputs, stimuli.count, outputs);
    struct bench_events events =
        bench_write_events(&m->arena, p, m->folder, stimuli.inputs, outputs, stimuli.count);
    const char *const sources[] = {file_join(&m->arena, m->folder, "mutants.v"), NULL};
    struct bench_design design = {.folder = m->folder,
                                  .name = "bench",
                                  .sources = sources,
                                  .top = m->top,
                                  .input_bits = emit_input_bits(p),
                                  .mutants = true,
                                  .quick = true};
    struct bench_run run = {.executable = bench_build(&m->arena, &design),
                            .folder = m->folder,
                            .events = &events,
                            .count = events.count,
                            .latency_cycles = p->latency_cycles,
                            .interval_cycles = p->interval_cycles,
                            .crossing_cycles = p->interval_cycles,
                            .seed = request->seed,
                            .mutants = m->result->mutants};
    const char *lines = bench_run_mutants(&m->arena, &run);
    stimuli_free(&stimuli);
    return lines;
}

/* Whether mutant `number` computes the same for every input. False if that is not proved. */
static bool prove_equivalent(struct mutation *m, int number)
{
    struct text script = {0};
    const char *line = m->lines[number - 1];
    /* Control logic has feedback and reset; a mutated clock would vanish with the registers. */
    if (!strstr(line, "-cell data_") || strstr(line, "-port CLK")) return false;
    text_add(
        &script,
        "read_rtlil mutants.il\ndelete -output %s/w:valid_o %s/w:error_o\ntechmap -map "
        "transparent.v\n"
        "copy %s gold\nrename %s gate\ndelete -input gold/mutant_i gate/mutant_i\n"
        "cd gold\nconnect -set mutant_i %d'd0\ncd gate\nconnect -set mutant_i %d'd%d\ncd ..\n"
        "opt -full\nopt_clean -purge\nmiter -equiv -flatten gold gate miter\nhierarchy -top miter\n"
        "opt -full\nopt_clean -purge\nsimplemap\ntechmap\nopt "
        "-full\naigmap\nopt_clean\nwrite_aiger miter.aig\n",
        m->top, m->top, m->top, m->top, m->select_bits, m->select_bits, number);
    run_yosys(m, "proof", &script);
    text_free(&script);
    const char *log = file_join(&m->arena, m->folder, "abc.log");
    const char *const argv[] = {"yosys-abc", "-c", "read_aiger miter.aig; strash; iprove", NULL};
    struct process_options options = {
        .folder = m->folder, .log = log, .time_limit_s = PROOF_LIMIT_S};
    size_t length;
    if (process_run(argv, &options) != 0) return false;
    return strstr(file_read(&m->arena, log, &length), "UNSATISFIABLE") != NULL;
}

static void judge(struct mutation *m, const char *lines)
{
    struct mutation_result *result = m->result;
    for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
        int number, caught;
        if (sscanf(line, "%d %d", &number, &caught) != 2)
            fail("%s: the bench was cut short", m->folder);
        if (number == 0 && caught)
            fail("%s: the netlist without a mutation is wrong already", m->folder);
        if (number == 0) continue;
        if (caught) {
            result->caught++;
        } else if (prove_equivalent(m, number)) {
            result->equivalent++;
        } else if (result->missed++ == 0) {
            snprintf(result->first_missed, sizeof result->first_missed, "%s", m->lines[number - 1]);
        }
    }
}

void mutation_run(const struct mutation_request *request, struct mutation_result *result)
{
    double start = clock_seconds();
    struct mutation m = {.request = request, .result = result, .select_bits = 1};
    *result = (struct mutation_result){0};
    m.program = program_read(file_join(&m.arena, request->folder, "program.sluice"));
    m.folder = file_join(&m.arena, request->folder, "verify/mutation");
    m.top = emit_top_name(m.program, &m.arena);
    while (request->mutants >> m.select_bits)
        m.select_bits++;
    file_make_folder(m.folder);
    file_write(file_join(&m.arena, m.folder, "transparent.v"), transparent_registers,
               strlen(transparent_registers));
    make_mutants(&m);
    result->mutants = read_list(&m);
    judge(&m, simulate(&m));
    int judged = result->mutants - result->equivalent;
    result->passed = judged > 0 && result->caught + result->missed == judged &&
                     100 * result->caught >= 99 * judged;
    result->seconds = clock_seconds() - start;
    info("mutants %d caught %d equivalent %d missed %d", result->mutants, result->caught,
         result->equivalent, result->missed);
    program_free(m.program);
    arena_free(&m.arena);
}
