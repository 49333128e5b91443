/* Yosys: the network alone, then the top around it, then both as one flat netlist. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "boards/flow/job.h"

#include <string.h>

/* Constant multiplications are shift-adds already; ECP5's DSPs would be spent on them, and Yosys
 * 0.23 can crash on iCE40's -dsp, for which mac16.v stands. Tables of the network stay logic: a
 * block memory answers 1.6 ns (iCE40) after a register would, which the schedule does not count
 * with. Memories of loops ask for block memories themselves, and their multiplications are the
 * only ones that multipliers are for. */
static void add_synth(struct text *script, struct build_job *job, const char *top, bool is_network)
{
    const struct family *family = job->family;
    bool multiplies = is_network && job->uses_multipliers && job->board.target.model.dsp_a_bits > 0;
    const char *command =
        arena_printf(&job->arena, "%s%s%s%s -top %s", family->synthesis,
                     multiplies ? "" : family->without_multipliers,
                     family->synth_flags(job, is_network), is_network ? " -nobram" : "", top);
    for (const struct family_step *step = family->steps;; step++) {
        text_add(script, "%s -run %s\n", command, step->steps);
        if (!step->map) break;
        text_add(script, "techmap -map %s\n", step->map);
        if (multiplies && step->multipliers)
            text_add(script, "techmap -map %s\n", step->multipliers);
    }
}

static void write_script(struct build_job *job, const char *name, struct text *script)
{
    file_write(flow_path(job, name), text_string(script), script->length);
    text_free(script);
}

static void add_top_sources(struct text *script, struct build_job *job)
{
    if (job->request->pins_free) {
        text_add(script, " %s.v\n", job->family->out_of_context ? "register_shell" : "shift_shell");
        return;
    }
    if (job->request->control_core)
        for (const char *const *name = job_control_sources(job); *name != NULL; name++)
            text_add(script, " %s.v", *name);
    else
        text_add(script,
                 " reset_sync.v event_ticker.v event_words.v pattern_player.v status_leds.v");
    if (!job->pll.bypass) text_add(script, " %s.v", job->family->pll_module);
    if (job->board.oscillator[0]) text_add(script, " oscillator_ice40.v");
    text_add(script, "\n");
}

void job_write_scripts(struct build_job *job)
{
    const char *folder = file_join(&job->arena, board_home(), "boards/flow");
    for (const struct family_step *step = job->family->steps; step->map; step++) {
        const char *const maps[] = {step->map, step->multipliers};
        for (int i = 0; i < 2 && maps[i] != NULL; i++)
            file_copy(file_join(&job->arena, folder, maps[i]), flow_path(job, maps[i]));
    }
    struct text network = {0};
    for (int i = 0; job->rtl[i] != NULL; i++)
        text_add(&network, "read_verilog ../rtl/%s\n", job->rtl[i]);
    add_synth(&network, job, job->top, true);
    /* Copies that vote kept their hierarchy while equal registers were merged. */
    text_add(&network, "setattr -mod -unset keep_hierarchy *\nflatten\nopt_clean\n");
    text_add(&network, "tee -q -o network_stat.json stat -json\nwrite_json network.json\n"
                       "write_verilog -noattr network_netlist.v\n");
    write_script(job, "network.ys", &network);

    struct text top = {0};
    if (job->request->control_core && job->family->core_script)
        text_add(&top, "scratchpad -set abc9.script \"%s\"\n", job->family->core_script);
    text_add(&top, "read_json network.json\ndesign -stash network\nread_verilog "
                   "network_ports.v\nread_verilog -defer top.v");
    add_top_sources(&top, job);
    add_synth(&top, job, "top", false);
    text_add(&top,
             "tee -q -o top_stat.json stat -json\ndelete =%s\n"
             "design -copy-from network %s\nsetattr -mod -unset keep_hierarchy *\nflatten\n"
             "%s\nwrite_json design.json\n",
             job->top, job->top, job->family->pads ? job->family->pads : "");
    write_script(job, "top.ys", &top);
}

/* Cells of one type, or of all types that begin with `type` when it ends in '*'. */
static double count_cells(const cJSON *stat, const char *type)
{
    const cJSON *cells = json_find(stat, "design.num_cells_by_type"), *cell;
    size_t length = strlen(type);
    bool prefix = type[length - 1] == '*';
    double count = 0;
    cJSON_ArrayForEach(cell, cells)
    {
        bool same =
            prefix ? strncmp(cell->string, type, length - 1) == 0 : strcmp(cell->string, type) == 0;
        if (same && cJSON_IsNumber(cell)) count += cell->valuedouble;
    }
    return count;
}

static double count(const struct build_job *job, const cJSON *stat, enum family_kind kind)
{
    double sum = 0;
    for (const struct family_count *count = job->family->counts[kind]; count->type; count++)
        sum += count->weight * count_cells(stat, count->type);
    return sum;
}

static cJSON *read_stat(struct build_job *job, const char *name)
{
    const char *file = flow_path(job, name);
    cJSON *stat = json_read(file);
    if (json_find(stat, "design.num_cells_by_type") == NULL)
        fail_at(file, 0, "holds no counts of cells");
    return stat;
}

/* `starts`: halves of carry pairs that only start a chain. They are no LUTs of the network's: where
 * Yosys's own map is used nextpnr adds them, and its counts leave them out too. */
static void count_network(struct build_job *job, int starts)
{
    cJSON *stat = read_stat(job, "network_stat.json");
    struct build_result *result = job->result;
    result->lut4 = count(job, stat, FAMILY_LUTS) - starts;
    result->ff = count(job, stat, FAMILY_FFS);
    result->carry = count(job, stat, FAMILY_CARRIES) - starts;
    result->bram = count(job, stat, FAMILY_RAMS);
    result->dsp = count(job, stat, FAMILY_DSPS);
    cJSON_Delete(stat);
}

static int trim(struct build_job *job, const char *name)
{
    return job->family->trim ? job->family->trim(job, name) : 0;
}

void job_synthesise_network(struct build_job *job)
{
    info("synthesising %s with %s", job->top, job->yosys.version);
    const char *argv[] = {job->yosys.program, "-Q", "-T", "network.ys", NULL};
    job_run(job, argv, "network.log", job->request->synth_limit_s);
    count_network(job, trim(job, "network.json"));
}

void job_synthesise_top(struct build_job *job)
{
    const char *argv[] = {job->yosys.program, "-Q", "-T", "top.ys", NULL};
    job_run(job, argv, "top.log", job->request->synth_limit_s);
    cJSON *stat = read_stat(job, "top_stat.json");
    job->result->wrapper_ff = count(job, stat, FAMILY_FFS);
    job->result->wrapper_bram = count(job, stat, FAMILY_RAMS);
    cJSON_Delete(stat);
    trim(job, "design.json");
    if (job->family->divide_nets) job->family->divide_nets(job, "design.json");
}
