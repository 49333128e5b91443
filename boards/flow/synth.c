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
 * only ones that multipliers are for. Functions of more than four inputs are taken apart rather
 * than chosen among 4-input LUTs by ECP5's multiplexers: a tenth fewer LUTs for trees, no
 * difference for networks. */
static void add_synth(struct text *script, struct build_job *job, const char *top, bool is_network)
{
    /* Where our own maps of cells come between the steps of Yosys's own script. */
    static const struct step {
        const char *steps, *map, *multipliers;
    } ice40[] = {{"begin:coarse", "keep_adders.v", "mac16.v"},
                 {"coarse:map_ffs", "fixcarry.v", NULL},
                 {"map_ffs:", NULL, NULL}},
      ecp5[] = {{"begin:coarse", "keep_adders.v", NULL},
                {"coarse:map_gates", "ecp5_adders.v", NULL},
                {"map_gates:", NULL, NULL}},
      gowin[] = {{"begin:coarse", "keep_adders.v", NULL}, {"coarse:", NULL, NULL}};
    const char *tables = is_network ? " -nobram" : "";
    bool multiplies = is_network && job->uses_multipliers && job->board.target.model.dsp_a_bits > 0;
    bool core = !is_network && job->request->control_core; /* -abc9: 2 % fewer cells */
    const char *flags = job->ecp5 && is_network ? " -abc9 -nowidelut"
                        : core && !job->ecp5    ? " -abc9"
                                                : "";
    if (job->gowin)
        flags = arena_printf(&job->arena, " -family %s -nowidelut%s", job->board.target.name,
                             is_network ? " -noiopads" : "");
    const char *command =
        arena_printf(&job->arena, "%s%s%s%s -top %s",
                     job->ecp5    ? "synth_ecp5"
                     : job->gowin ? "synth_gowin"
                                  : "synth_ice40",
                     (job->ecp5 || job->gowin) && !multiplies ? " -nodsp" : "", flags, tables, top);
    for (const struct step *step = job->ecp5 ? ecp5 : job->gowin ? gowin : ice40;; step++) {
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
        text_add(script, " %s.v\n", job->ecp5 ? "register_shell" : "shift_shell");
        return;
    }
    if (job->request->control_core)
        for (const char *const *name = job_control_sources(job); *name != NULL; name++)
            text_add(script, " %s.v", *name);
    else
        text_add(script,
                 " reset_sync.v event_ticker.v event_words.v pattern_player.v status_leds.v");
    if (!job->pll.bypass) text_add(script, " %s.v", job_pll_module(job));
    if (job->board.oscillator[0]) text_add(script, " oscillator_ice40.v");
    text_add(script, "\n");
}

void job_write_scripts(struct build_job *job)
{
    const char *const maps[] = {"keep_adders.v", job->ecp5 ? "ecp5_adders.v" : "fixcarry.v",
                                "mac16.v"};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        const char *folder = file_join(&job->arena, board_home(), "boards/flow");
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
    text_add(&top, "read_json network.json\ndesign -stash network\nread_verilog "
                   "network_ports.v\nread_verilog -defer top.v");
    add_top_sources(&top, job);
    add_synth(&top, job, "top", false);
    text_add(&top,
             "tee -q -o top_stat.json stat -json\ndelete =%s\n"
             "design -copy-from network %s\nsetattr -mod -unset keep_hierarchy *\nflatten\n"
             "write_json design.json\n",
             job->top, job->top);
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

/* What counts as a LUT, flip-flop and so on of each family, and how often: a carry pair of ECP5 is
 * two LUTs, a distributed memory four and, there, its two for writing; a carry bit of Gowin is a
 * LUT. */
enum { LUTS, FFS, CARRIES, RAMS, DSPS, COUNTS };

struct counted {
    const char *type;
    double weight;
};
static const struct counted counted_ice40[COUNTS][6] = {[LUTS] = {{"SB_LUT4", 1}},
                                                        [FFS] = {{"SB_DFF*", 1}},
                                                        [CARRIES] = {{"SB_CARRY", 1}},
                                                        [RAMS] = {{"SB_RAM40_4K*", 1}},
                                                        [DSPS] = {{"SB_MAC16", 1}}};
static const struct counted counted_ecp5[COUNTS][6] = {
    [LUTS] = {{"LUT4", 1}, {"CCU2C", 2}, {"TRELLIS_DPR16X4", 6}},
    [FFS] = {{"TRELLIS_FF", 1}},
    [CARRIES] = {{"CCU2C", 2}},
    [RAMS] = {{"DP16KD", 1}, {"PDPW16KD", 1}},
    [DSPS] = {{"MULT18X18D", 1}}};
static const struct counted counted_gowin[COUNTS][6] = {
    [LUTS] = {{"LUT*", 1}, {"ALU", 1}, {"RAM16SDP*", 4}},
    [FFS] = {{"DFF*", 1}},
    [CARRIES] = {{"ALU", 1}},
    [RAMS] = {{"SP", 1}, {"SPX9", 1}, {"SDP*", 1}, {"DP*", 1}, {"pROM*", 1}},
    [DSPS] = {{"MULT*", 1}}};

static double count(const struct build_job *job, const cJSON *stat, int kind)
{
    const struct counted *counted = job->ecp5    ? counted_ecp5[kind]
                                    : job->gowin ? counted_gowin[kind]
                                                 : counted_ice40[kind];
    double sum = 0;
    for (; counted->type; counted++)
        sum += counted->weight * count_cells(stat, counted->type);
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
    result->lut4 = count(job, stat, LUTS) - starts;
    result->ff = count(job, stat, FFS);
    result->carry = count(job, stat, CARRIES) - starts;
    result->bram = count(job, stat, RAMS);
    result->dsp = count(job, stat, DSPS);
    cJSON_Delete(stat);
}

void job_synthesise_network(struct build_job *job)
{
    info("synthesising %s with %s", job->top, job->yosys.version);
    const char *argv[] = {job->yosys.program, "-Q", "-T", "network.ys", NULL};
    job_run(job, argv, "network.log", job->request->synth_limit_s);
    count_network(job, job_trim_carries(job, "network.json"));
}

void job_synthesise_top(struct build_job *job)
{
    const char *argv[] = {job->yosys.program, "-Q", "-T", "top.ys", NULL};
    job_run(job, argv, "top.log", job->request->synth_limit_s);
    cJSON *stat = read_stat(job, "top_stat.json");
    job->result->wrapper_ff = count(job, stat, FFS);
    job->result->wrapper_bram = count(job, stat, RAMS);
    cJSON_Delete(stat);
    job_trim_carries(job, "design.json");
}
