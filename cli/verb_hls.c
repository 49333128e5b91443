/* sluice hls: the program as C or C++ for an HLS tool, with test bench, script and README. */
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "cli/generated.h"
#include "cli/layer_reuse.h"
#include "compiler/emit/emit_hls.h"
#include "sim/golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a tool's project holds beside source and test bench. */
struct hls_file {
    const char *from, *to, *what;
};
static const struct tool {
    const char *name, *title;
    bool cpp;      /* C++ alone */
    bool ap_fixed; /* has the ap_fixed types */
    struct hls_file files[3];
} tools[] = {
    {"vitis",
     "AMD Vitis HLS",
     false,
     true,
     {{"vitis.tcl", "run_hls.tcl",
       "`vitis_hls -f run_hls.tcl`: simulation, synthesis, co-simulation"}}},
    {"oneapi",
     "Intel oneAPI",
     true,
     false,
     {{"oneapi.sh", "build.sh", "`./build.sh emulator`, `simulator` or `report`"},
      {"oneapi.cpp", "host.cpp",
       "the SYCL kernel around the function, and its own check of the golden events"}}},
    {"catapult",
     "Siemens Catapult",
     true,
     false,
     {{"catapult.tcl", "catapult.tcl",
       "`catapult -shell -file catapult.tcl`; name your library in it"}}},
    {"bambu",
     "PandA-bambu",
     false,
     true,
     {{"bambu.sh", "run_bambu.sh",
       "`./run_bambu.sh`: synthesis, and simulation of the golden events"}}},
};
enum { TOOLS = sizeof tools / sizeof *tools };

static const struct tool *find_tool(struct cli *cli, const char *name)
{
    const char *list = "";
    for (int i = 0; i < TOOLS; i++) {
        if (name && !strcmp(tools[i].name, name)) return &tools[i];
        list = arena_printf(&cli->arena, "%s%s%s", list, i ? ", " : "", tools[i].name);
    }
    if (!name) fail("hls: --tool is missing: one of %s", list);
    fail("--tool %s: must be one of %s", name, list);
}

/* The project being written. */
struct project {
    struct cli *cli;
    const struct tool *tool;
    const char *to, *name, *extension, *templates;
    struct generated_input input;
    struct golden golden;
    struct hls_options options;
    struct hls_layer *layers;
    int layer_count;
    double period_ns;
};

/* Factors: --reuse and --layer-reuse, else those the folder was compiled with. */
static void fill_options(struct project *q)
{
    struct cli *cli = q->cli;
    const struct flags *flags = &cli->flags;
    cJSON *compiled = json_read(cli_need(cli, "compile.json", "compile"));
    int reuse = flags->reuse ? cli_reuse_factor(cli) : (int)json_number(compiled, "reuse", 1);
    const char *form = flags->form ? flags->form : "auto";
    if (strcmp(form, "auto") && strcmp(form, "straight") && strcmp(form, "loops"))
        fail("--form %s: must be one of auto, straight, loops", form);
    q->options = (struct hls_options){.templates = q->templates,
                                      .tool = q->tool->name,
                                      .reuse = reuse,
                                      .extension = q->extension};
    if (flags->layer_reuse)
        q->options.layer_reuse =
            layer_reuse_parse(&cli->arena, flags->layer_reuse, &q->options.layer_reuse_count);
    bool shares = reuse > 1 || q->options.layer_reuse_count;
    q->options.loops = !strcmp(form, "loops") || (!strcmp(form, "auto") && shares);
    if (!q->options.loops && shares)
        fail("--form straight: computes all products at once; --reuse wants loops");
    double clock =
        isnan(flags->clock_mhz) ? json_number(compiled, "clock_mhz", 100) : flags->clock_mhz;
    if (!(clock > 0)) fail("--clock-mhz must be above 0");
    q->period_ns = 1000 / clock;
    cJSON_Delete(compiled);
}

/* "| layer | ..." for the README. */
static const char *sharing_text(struct project *q)
{
    struct arena *a = &q->cli->arena;
    const char *text = "Every operation is a statement of its own (matrices as adder graphs): the "
                       "whole function is one pipeline, an event every cycle.";
    if (q->options.loops)
        text = "| layer | inputs | outputs | reuse | multipliers |\n|---|---|---|---|---|";
    for (int i = 0; i < q->layer_count; i++)
        text = arena_printf(a, "%s\n| %s | %d | %d | %d | %d |", text, q->layers[i].name,
                            q->layers[i].inputs, q->layers[i].outputs, q->layers[i].reuse,
                            q->layers[i].multipliers);
    return text;
}

static void write_templates(struct project *q, bool ap)
{
    struct arena *a = &q->cli->arena;
    const char *rows = "";
    for (int i = 0; i < 3 && q->tool->files[i].from; i++)
        rows = arena_printf(a, "%s%s| `%s` | %s |", rows, i ? "\n" : "", q->tool->files[i].to,
                            q->tool->files[i].what);
    bool shares = false;
    for (int i = 0; i < q->layer_count; i++)
        shares = shares || q->layers[i].reuse > 1;
    const char *const pairs[] = {"NAME",
                                 q->name,
                                 "TOOL",
                                 q->tool->title,
                                 "EXTENSION",
                                 q->extension,
                                 "PERIOD_NS",
                                 arena_printf(a, "%.4g", q->period_ns),
                                 "PART",
                                 q->cli->flags.part ? q->cli->flags.part : "xcvu9p-flga2104-2L-e",
                                 "EVENTS",
                                 arena_printf(a, "%ld", q->golden.count),
                                 "SCRIPT_ROWS",
                                 rows,
                                 "AP_ROW",
                                 ap ? arena_printf(a,
                                                   "| `%s_ap.h`, `test_ap.cpp` | the same with "
                                                   "ports of `ap_fixed`, and its test bench |",
                                                   q->name)
                                    : "",
                                 "COMPILER",
                                 strcmp(q->extension, "c") ? "g++ -std=c++11" : "gcc -std=c99",
                                 "SHARING",
                                 sharing_text(q),
                                 "PIPELINING",
                                 shares ? "" : arena_printf(a, "--pipelining=%s_eval=1", q->name),
                                 NULL};
    for (int i = 0; i < 3 && q->tool->files[i].from; i++) {
        const char *to = file_join(a, q->to, q->tool->files[i].to);
        hls_write_template(q->templates, q->tool->files[i].from, pairs, to);
        if (strstr(to, ".sh")) chmod(to, 0755);
    }
    hls_write_template(q->templates, "project.md", pairs, file_join(a, q->to, "README.md"));
    hls_write_template(q->templates, "test.c", pairs,
                       file_join(a, q->to, arena_printf(a, "test.%s", q->extension)));
    if (!ap) return;
    emit_hls_ap(q->input.lowered, q->to);
    hls_write_template(q->templates, "test_ap.cpp", pairs, file_join(a, q->to, "test_ap.cpp"));
}

/* An earlier project's files in the other language, or with the ports that this one leaves out. */
static void remove_stale(struct project *q)
{
    struct arena *a = &q->cli->arena;
    const char *const files[] = {"%s.c", "%s.cpp", "%s_ap.h", "test.c", "test.cpp", "test_ap.cpp"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *name =
            strchr(files[i], '%') ? arena_printf(a, "%s%s", q->name, files[i] + 2) : files[i];
        unlink(file_join(a, q->to, name));
    }
}

/* Compiles and runs the project's own test bench; 1: it fails, -1: there is no compiler. */
static int run_test(struct project *q)
{
    struct arena *a = &q->cli->arena;
    bool c = !strcmp(q->extension, "c");
    const char *compiler = c ? "cc" : "g++", *log = file_join(a, q->to, "log");
    if (!process_exists(compiler)) return -1;
    struct process_options options = {.folder = q->to, .log = log, .time_limit_s = 600};
    int status = process_run(
        (const char *const[]){compiler, c ? "-std=c99" : "-std=c++11", "-O1", "-w",
                              arena_printf(a, "%s.%s", q->name, q->extension),
                              arena_printf(a, "test.%s", q->extension), "-o", "test", NULL},
        &options);
    char reason[256] = "";
    if (status) process_log_reason(log, reason, sizeof reason);
    if (status) fail("%s: %s ended with status %d: %s", q->to, compiler, status, reason);
    status = process_run((const char *const[]){"/bin/sh", "-c", "./test", NULL}, &options);
    unlink(file_join(a, q->to, "test"));
    unlink(log);
    return status != 0;
}

/* Under --json: the project, what became of each matrix, and what its own test bench says. */
static void print_json(const struct project *q, int failed)
{
    if (!q->cli->flags.json) return;
    cJSON *json = cJSON_CreateObject(), *rows;
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "tool", q->tool->name);
    cJSON_AddStringToObject(json, "folder", q->to);
    cJSON_AddStringToObject(json, "form", q->options.loops ? "loops" : "straight");
    json_add_number(json, "events", (double)q->golden.count);
    if (failed >= 0) cJSON_AddBoolToObject(json, "equal", !failed);
    rows = cJSON_AddArrayToObject(json, "layers");
    for (int i = 0; i < q->layer_count; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", q->layers[i].name);
        json_add_number(row, "inputs", q->layers[i].inputs);
        json_add_number(row, "outputs", q->layers[i].outputs);
        json_add_number(row, "reuse", q->layers[i].reuse);
        json_add_number(row, "multipliers", q->layers[i].multipliers);
        cJSON_AddItemToArray(rows, row);
    }
    cli_print(json);
    cJSON_Delete(json);
}

int verb_hls(struct cli *cli)
{
    struct project q = {.cli = cli, .tool = find_tool(cli, cli->flags.tool)};
    const char *language = cli->flags.language ? cli->flags.language : q.tool->cpp ? "c++" : "c";
    if (strcmp(language, "c") && strcmp(language, "c++"))
        fail("--language %s: must be c or c++", language);
    bool c = !strcmp(language, "c");
    if (c && q.tool->cpp) fail("--language c: %s takes C++ alone", q.tool->title);
    if (cli->flags.ap_fixed && !q.tool->ap_fixed)
        fail("--ap-fixed: %s has no ap_fixed types; leave it out", q.tool->title);
    if (cli->flags.ap_fixed && c) fail("--ap-fixed: needs --language c++");
    q.extension = c ? "c" : "cpp";
    q.templates = file_join(&cli->arena, board_home(), "hls_templates");
    q.to = cli_path(cli, arena_printf(&cli->arena, "hls/%s", q.tool->name));
    fill_options(&q);
    generated_read(cli, &q.input);
    golden_make(&q.golden, q.input.program, q.input.x, q.input.events, 1);
    struct program *straight = q.options.loops ? NULL : compile_straight(q.input.lowered);
    const struct program *p = straight ? straight : q.input.lowered;
    golden_check(&q.golden, p, cli->folder);
    q.name = emit_c_name(p, &cli->arena);
    file_make_folder(q.to);
    remove_stale(&q);
    q.layers = emit_hls(p, &q.input.header, &q.options, q.to, &cli->arena, &q.layer_count);
    golden_write(&q.golden, q.input.program, q.name, file_join(&cli->arena, q.to, "golden.h"));
    write_templates(&q, cli->flags.ap_fixed);
    int failed = run_test(&q);
    print_json(&q, failed);
    long events = q.golden.count;
    for (int i = 0; i < q.layer_count; i++)
        info("layer %s: %d x %d, reuse %d, %d multipliers", q.layers[i].name, q.layers[i].inputs,
             q.layers[i].outputs, q.layers[i].reuse, q.layers[i].multipliers);
    program_free(straight);
    golden_free(&q.golden);
    generated_free(&q.input);
    if (failed > 0) return cli_verdict("%s: its test bench fails", q.to);
    info("%s: %ld golden events%s; not run in %s", q.to, events,
         failed ? ", there is no compiler to run them with" : " equal with gcc", q.tool->title);
    return 0;
}
