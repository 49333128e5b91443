/* The module around the network: the board's top with PLL, reset and pattern memory, or the
 * pins-free shell; its constraints, and copies of what it takes from rtl/, so that the folder can
 * be rebuilt by hand. */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "boards/flow/job.h"
#include "boards/flow/patterns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *flow_path(struct build_job *job, const char *name)
{
    return file_join(&job->arena, job->work, name);
}

static void write_text(struct build_job *job, const char *name, struct text *text)
{
    file_write(flow_path(job, name), text_string(text), text->length);
    text_free(text);
}

static void copy_library(struct build_job *job, const char *module)
{
    const char *name = arena_printf(&job->arena, "%s.v", module);
    const char *from = arena_printf(&job->arena, "%s/rtl/%s", board_home(), name);
    file_copy(from, flow_path(job, name));
}

/* Bits of the load port towards the network (valid, address, data, swap) and from it (ready, bank).
 */
static int load_in_bits(const struct build_job *job)
{
    return job->load_data_bits ? job->load_address_bits + job->load_data_bits + 2 : 0;
}

static int load_out_bits(const struct build_job *job)
{
    return job->load_data_bits ? 2 : 0;
}

/* The load port: the player does not drive it; pins free, its bits stand above those of an event
 * and of a result. */
static void add_load_port(struct text *text, const struct build_job *job, const char *load)
{
    int address = job->load_address_bits, data = job->load_data_bits;
    if (!data) return;
    if (load != NULL) {
        text_add(text, "%s", load);
        return;
    }
    if (!job->request->pins_free) {
        text_add(text,
                 ",\n        .load_valid_i(1'b0), .load_addr_i(%d'd0), .load_data_i(%d'd0),\n"
                 "        .load_swap_i(1'b0), .load_ready_o(), .bank_o()",
                 address, data);
        return;
    }
    text_add(text,
             ",\n        .load_valid_i(load[%d]), .load_swap_i(load[%d]),\n"
             "        .load_addr_i(load[%d:%d]), .load_data_i(load[%d:0]),\n"
             "        .load_ready_o(load_answer[1]), .bank_o(load_answer[0])",
             data + address + 1, data + address, data + address - 1, data, data - 1);
}

/* The network's instance; `prefix` and `answer` name the nets towards it and from it. */
void top_add_network(struct text *text, const struct build_job *job, const char *clock,
                     const char *reset, const char *load)
{
    text_add(text,
             "    %s network (\n        .clk_i(%s), .rst_i(%s),\n"
             "        .valid_i(valid), .data_i(data),\n"
             "        .valid_o(answer_valid), .data_o(answer), .error_o(answer_error)",
             job->top, clock, reset);
    add_load_port(text, job, load);
    for (int i = 0; i < BUILD_SEEN_MAX && job->request->control_core; i++)
        if (job->seen[i]) text_add(text, ",\n        .%s(%s)", job->seen[i], job->seen[i]);
    text_add(text, "\n    );\n");
}

/* Of the shell's vectors what is not the network's own data. */
static const char *load_nets(struct build_job *job, const char *data, const char *load)
{
    return load_in_bits(job) ? arena_printf(&job->arena, "{%s, %s}", load, data) : data;
}

static void add_wires(struct text *text, const struct build_job *job)
{
    text_add(text,
             "    wire        valid, answer_valid, answer_error;\n    wire [%d:0] data;\n"
             "    wire [%d:0] answer;\n",
             job->in_bits - 1, job->out_bits - 1);
    if (load_in_bits(job) && job->request->pins_free)
        text_add(text, "    wire [%d:0] load;\n    wire [1:0] load_answer;\n",
                 load_in_bits(job) - 1);
}

/* An empty module with the network's ports: the top is synthesised around it. */
static void write_network_ports(struct build_job *job)
{
    struct text text = {0};
    text_add(&text,
             "// The ports of %s, for synthesis of the top alone.\n(* blackbox *)\nmodule %s (\n"
             "    input         clk_i,\n    input         rst_i,\n    input         valid_i,\n"
             "    input  [%d:0] data_i,\n    output        valid_o,\n    output [%d:0] data_o,\n"
             "    output        error_o",
             job->top, job->top, job->in_bits - 1, job->out_bits - 1);
    if (job->load_data_bits)
        text_add(&text,
                 ",\n    input         load_valid_i,\n    input  [%d:0] load_addr_i,\n"
                 "    input  [%d:0] load_data_i,\n    input         load_swap_i,\n"
                 "    output        load_ready_o,\n    output        bank_o",
                 job->load_address_bits - 1, job->load_data_bits - 1);
    for (int i = 0; i < BUILD_SEEN_MAX; i++)
        if (job->seen[i]) text_add(&text, ",\n    output [7:0] %s", job->seen[i]);
    text_add(&text, "\n);\nendmodule\n");
    write_text(job, "network_ports.v", &text);
}

/* ---- pins free --------------------------------------------------------------------------------
 */

static void add_shift_top(struct text *text, struct build_job *job)
{
    text_add(text, "module top (\n    input  wire clk_i,\n    input  wire rst_i,\n"
                   "    input  wire serial_i,\n    output wire serial_o\n);\n");
    add_wires(text, job);
    text_add(text,
             "\n    shift_shell #(\n        .IN_BITS(%d),\n        .OUT_BITS(%d)\n    ) shell (\n"
             "        .clk_i(clk_i),\n        .serial_i(serial_i),\n        .serial_o(serial_o),\n"
             "        .valid_o(valid),\n        .data_o(%s),\n        .valid_i(answer_valid),\n"
             "        .data_i(%s),\n        .error_i(answer_error)\n    );\n\n",
             job->in_bits + load_in_bits(job), job->out_bits + load_out_bits(job),
             load_nets(job, "data", "load"), load_nets(job, "answer", "load_answer"));
    top_add_network(text, job, "clk_i", "rst_i", NULL);
}

static void add_register_top(struct text *text, struct build_job *job)
{
    text_add(text,
             "module top (\n    input  wire        clk_i,\n    input  wire        rst_i,\n"
             "    input  wire        valid_i,\n    input  wire [%d:0] data_i,\n"
             "    output wire        valid_o,\n    output wire [%d:0] data_o,\n"
             "    output wire        error_o\n);\n",
             job->in_bits + load_in_bits(job) - 1, job->out_bits + load_out_bits(job) - 1);
    add_wires(text, job);
    text_add(
        text,
        "    wire        rst;\n\n    register_shell #(\n        .IN_BITS(%d),\n"
        "        .OUT_BITS(%d)\n    ) shell (\n        .clk_i(clk_i),\n        .rst_i(rst_i),\n"
        "        .valid_i(valid_i),\n        .data_i(data_i),\n        .rst_o(rst),\n"
        "        .valid_o(valid),\n        .data_o(%s),\n        .answer_valid_i(answer_valid),\n"
        "        .answer_data_i(%s),\n        .answer_error_i(answer_error),\n"
        "        .answer_valid_o(valid_o),\n        .answer_data_o(data_o),\n"
        "        .answer_error_o(error_o)\n    );\n\n",
        job->in_bits + load_in_bits(job), job->out_bits + load_out_bits(job),
        load_nets(job, "data", "load"), load_nets(job, "answer", "load_answer"));
    top_add_network(text, job, "clk_i", "rst", NULL);
}

static void write_pins_free_top(struct build_job *job)
{
    struct text text = {0};
    text_add(&text,
             "// %s alone, for sizing on %s: registers around it and no pins that matter.\n"
             "`default_nettype none\n\n",
             job->top, job->board.part);
    if (job->ecp5)
        add_register_top(&text, job);
    else
        add_shift_top(&text, job);
    text_add(&text, "endmodule\n\n`default_nettype wire\n");
    write_text(job, "top.v", &text);
    copy_library(job, job->ecp5 ? "register_shell" : "shift_shell");
}

/* ---- a board's top ----------------------------------------------------------------------------
 */

const char *job_pll_module(const struct build_job *job)
{
    return job->ecp5 ? "pll_ecp5" : job->gowin ? "pll_gowin" : "pll_ice40";
}

bool top_pll_makes_core(const struct build_job *job)
{
    return job->ecp5 && !job->pll.bypass && job->control.divide > 1 &&
           job->pll.clkop_div * job->control.divide <= 128;
}

double job_fastest_mhz(const struct build_job *job, double mhz)
{
    return mhz * (1 + job->board.clock_tolerance);
}

void top_add_clock_port(struct text *text, const struct build_job *job)
{
    if (!job->board.oscillator[0])
        text_add(text, "    input  wire       clk_i,  // %g MHz\n", job->board.clock_in_mhz);
}

void top_add_clock(struct text *text, const struct build_job *job)
{
    bool slow = top_pll_makes_core(job);
    const struct pll_recipe *pll = &job->pll;
    if (job->board.oscillator[0])
        text_add(text,
                 "    wire clk_i;  // %g MHz, the oscillator's in the part\n"
                 "    oscillator_ice40 oscillator (.clk_o(clk_i));\n",
                 job->board.clock_in_mhz);
    if (pll->bypass) {
        text_add(text,
                 "    wire clk_sys = clk_i;  // %g MHz, the oscillator's\n"
                 "    wire locked  = 1'b1;\n",
                 pll->out_mhz);
        return;
    }
    text_add(text, "    wire clk_sys;  // %g MHz\n    wire locked;\n\n", pll->out_mhz);
    if (job->ecp5)
        text_add(text,
                 "    (* keep *) wire %s;\n    pll_ecp5 #(\n        .CLKI_DIV(%d), .CLKFB_DIV(%d), "
                 ".CLKOP_DIV(%d), .SLOW_DIV(%d)\n",
                 slow ? "clk_core" : "clk_slow", pll->clki_div, pll->clkfb_div, pll->clkop_div,
                 slow ? job->control.divide : 1);
    else if (job->gowin)
        text_add(
            text,
            "    pll_gowin #(\n        .FCLKIN(\"%g\"), .DEVICE(\"%s\"), .IDIV(%d), .FBDIV(%d), "
            ".ODIV(%d), .DIVIDE(%d)\n",
            pll->in_mhz, job->board.die, pll->idiv, pll->fbdiv, pll->odiv, pll->divide);
    else
        text_add(text,
                 "    pll_ice40 #(\n        .PAD(%d), .DIVR(4'd%d), .DIVF(7'd%d), .DIVQ(3'd%d), "
                 ".FILTER_RANGE(3'd%d), .DIVIDE(%d)\n",
                 strcmp(job->board.pll, "SB_PLL40_PAD") == 0, pll->divr, pll->divf, pll->divq,
                 pll->filter_range, pll->divide);
    text_add(text, "    ) pll (\n        .clk_i(clk_i), .clk_o(clk_sys), ");
    if (job->ecp5) text_add(text, ".slow_o(%s), ", slow ? "clk_core" : "clk_slow");
    text_add(text, ".locked_o(locked)\n    );\n");
}

static void add_player(struct text *text, const struct build_job *job)
{
    text_add(text,
             "\n    pattern_player #(\n        .IN_BITS(%d), .OUT_BITS(%d), .ADDRESS_BITS(%d),\n"
             "        .INTERVAL_CYCLES(%d), .LATENCY_CYCLES(%d), .WORD_BITS(%d)\n"
             "    ) player (\n        .clk_i(clk_sys), .rst_i(rst),\n"
             "        .valid_o(valid), .data_o(data),\n"
             "        .valid_i(answer_valid), .data_i(answer), .error_i(answer_error),\n"
             "        .pass_o(pass), .fail_o(fail), .mismatches_o(mismatches)\n    );\n\n",
             job->in_bits, job->out_bits, job->address_bits, job->interval_cycles,
             job->latency_cycles, job->word_bits);
}

static void add_leds(struct text *text, const struct build_job *job)
{
    int count = job->board.led_count;
    int blink = (int)lround(log2(job->clock_mhz * 1e6));
    if (blink < 16) blink = 16;
    if (blink > 32) blink = 32;
    text_add(text, "\n    status_leds #(\n        .LEDS(%d), .ACTIVE_LOW(%d'b", count, count);
    for (int i = count - 1; i >= 0; i--)
        text_add(text, "%d", job->board.leds[i].active_low);
    text_add(text,
             "), .BLINK_BITS(%d)\n    ) status (\n        .clk_i(clk_sys), .rst_i(rst),\n"
             "        .pass_i(pass), .fail_i(fail), .mismatches_i(mismatches), .leds_o(leds_o)\n"
             "    );\n",
             blink);
}

static void copy_clock(struct build_job *job)
{
    if (!job->pll.bypass) copy_library(job, job_pll_module(job));
    if (job->board.oscillator[0]) copy_library(job, "oscillator_ice40");
}

static void write_player_top(struct build_job *job)
{
    struct text text = {0};
    text_add(
        &text,
        "// Top of %s (%s) for the network %s: PLL, reset, and the network behind a memory of\n"
        "// %d events, played every %d cycle%s and compared on the chip; the verdict is on the "
        "LEDs.\n"
        "`default_nettype none\n\nmodule top (\n",
        job->board.title, job->board.part, job->top, 1 << job->address_bits, job->interval_cycles,
        job->interval_cycles == 1 ? "" : "s");
    top_add_clock_port(&text, job);
    text_add(&text, "    output wire [%d:0] leds_o\n);\n", job->board.led_count - 1);
    top_add_clock(&text, job);
    text_add(&text, "\n    wire       rst, pass, fail;\n    wire [4:0] mismatches;\n");
    add_wires(&text, job);
    text_add(&text, "\n    reset_sync reset (.clk_i(clk_sys), .locked_i(locked), .rst_o(rst));\n");
    add_player(&text, job);
    top_add_network(&text, job, "clk_sys", "rst", NULL);
    add_leds(&text, job);
    text_add(&text, "endmodule\n\n`default_nettype wire\n");
    write_text(job, "top.v", &text);

    copy_library(job, "reset_sync");
    copy_library(job, "event_ticker");
    copy_library(job, "pattern_player");
    copy_library(job, "event_words");
    copy_library(job, "status_leds");
    copy_clock(job);
}

/* ---- control core ---- */

static void write_control_top(struct build_job *job)
{
    struct text text = {0};
    job_write_control_top(job, &text);
    text_add(&text, "endmodule\n\n`default_nettype wire\n");
    write_text(job, "top.v", &text);
    for (const char *const *name = job_control_sources(job); *name != NULL; name++)
        copy_library(job, *name);
    const char *const headers[] = {"registers.vh", "event_registers.vh"};
    for (int i = 0; i < 2; i++)
        file_copy(arena_printf(&job->arena, "%s/rtl/%s", board_home(), headers[i]),
                  flow_path(job, headers[i]));
    copy_clock(job);
    job_write_firmware(job);
}

/* ---- constraints ------------------------------------------------------------------------------
 */

/* nextpnr names the bits of a port with one bit by the port alone. */
static const char *led_name(struct build_job *job, int i)
{
    return job->board.led_count == 1 ? "leds_o" : arena_printf(&job->arena, "leds_o[%d]", i);
}

static void write_pcf(struct build_job *job)
{
    struct text text = {0};
    if (!job->board.oscillator[0]) text_add(&text, "set_io clk_i %s\n", job->board.clock_pin);
    for (int i = 0; i < job->board.led_count; i++)
        text_add(&text, "set_io %s %s\n", led_name(job, i), job->board.leds[i].pin);
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
    write_text(job, "top.pcf", &text);
}

static void write_lpf(struct build_job *job)
{
    struct text text = {0};
    text_add(&text, "LOCATE COMP \"clk_i\" SITE \"%s\";\nIOBUF PORT \"clk_i\" IO_TYPE=%s;\n",
             job->board.clock_pin, job->board.io_type);
    for (int i = 0; i < job->board.led_count; i++)
        text_add(&text, "LOCATE COMP \"%s\" SITE \"%s\";\nIOBUF PORT \"%s\" IO_TYPE=%s;\n",
                 led_name(job, i), job->board.leds[i].pin, led_name(job, i), job->board.io_type);
    const char *const uart[][2] = {{"rx_i", job->board.uart_rx}, {"tx_o", job->board.uart_tx}};
    for (int i = 0; i < 2 && job->request->control_core; i++)
        text_add(&text, "LOCATE COMP \"%s\" SITE \"%s\";\nIOBUF PORT \"%s\" IO_TYPE=%s;\n",
                 uart[i][0], uart[i][1], uart[i][0], job->board.io_type);
    text_add(&text, "FREQUENCY PORT \"clk_i\" %g MHZ;\n", job->board.clock_in_mhz);
    if (job->control.divide > 1)
        text_add(&text, "FREQUENCY NET \"clk_core\" %g MHZ;\n", job->control.core_mhz);
    write_text(job, "top.lpf", &text);
}

static void add_cst_pin(struct text *text, const char *port, const char *pin, const char *io_type)
{
    text_add(text, "IO_LOC \"%s\" %s;\nIO_PORT \"%s\" IO_TYPE=%s PULL_MODE=NONE;\n", port, pin,
             port, io_type);
}

/* Pins free, the four of the shell are on some that the board has: nextpnr places none by itself.
 */
static void write_cst(struct build_job *job)
{
    struct text text = {0}, clocks = {0};
    const struct board *board = &job->board;
    bool pins_free = job->request->pins_free;
    add_cst_pin(&text, "clk_i", board->clock_pin, board->io_type);
    if (pins_free) {
        const char *const ports[] = {"rst_i", "serial_i", "serial_o"};
        for (int i = 0; i < 3; i++)
            add_cst_pin(&text, ports[i], board->leds[i].pin, board->leds[i].io_type);
    }
    for (int i = 0; i < board->led_count && !pins_free; i++)
        add_cst_pin(&text, led_name(job, i), board->leds[i].pin, board->leds[i].io_type);
    if (job->request->control_core && !pins_free) {
        add_cst_pin(&text, "rx_i", board->uart_rx, board->io_type);
        add_cst_pin(&text, "tx_o", board->uart_tx, board->io_type);
    }
    write_text(job, "top.cst", &text);

    bool whole = pins_free || job->pll.bypass;
    text_add(&clocks, "create_clock -name clk_i -period %.6g [get_ports {clk_i}]\n",
             1000 / (whole ? job->clock_mhz : board->clock_in_mhz));
    if (!whole)
        text_add(&clocks, "create_clock -name clk_sys -period %.6g [get_nets {clk_sys}]\n",
                 1000 / job->clock_mhz);
    if (job->control.divide > 1)
        text_add(&clocks, "create_clock -name clk_core -period %.6g [get_nets {clk_core}]\n",
                 1000 / job->control.core_mhz);
    write_text(job, "top.sdc", &clocks);
}

void job_write_top(struct build_job *job)
{
    write_network_ports(job);
    if (job->request->pins_free) {
        write_pins_free_top(job);
        if (job->gowin) write_cst(job);
        return;
    }
    if (job->request->control_core) {
        patterns_write_rows(job);
        write_control_top(job);
    } else {
        patterns_choose_depth(job);
        patterns_write(job);
        write_player_top(job);
    }
    if (job->ecp5)
        write_lpf(job);
    else if (job->gowin)
        write_cst(job);
    else
        write_pcf(job);
}
