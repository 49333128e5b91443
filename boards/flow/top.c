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

void flow_write(struct build_job *job, const char *name, struct text *text)
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
    flow_write(job, "network_ports.v", &text);
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
    if (job->family->out_of_context)
        add_register_top(&text, job);
    else
        add_shift_top(&text, job);
    text_add(&text, "endmodule\n\n`default_nettype wire\n");
    flow_write(job, "top.v", &text);
    copy_library(job, job->family->out_of_context ? "register_shell" : "shift_shell");
}

/* ---- a board's top ----------------------------------------------------------------------------
 */

bool top_pll_makes_core(const struct build_job *job)
{
    return job->family->pll_makes_core != NULL && job->family->pll_makes_core(job);
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
    job->family->add_pll(text, job);
}

void top_end_pll(struct text *text, const char *slow)
{
    text_add(text, "    ) pll (\n        .clk_i(clk_i), .clk_o(clk_sys), ");
    if (slow) text_add(text, ".slow_o(%s), ", slow);
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
    if (!job->pll.bypass) copy_library(job, job->family->pll_module);
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
    flow_write(job, "top.v", &text);

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
    flow_write(job, "top.v", &text);
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
const char *top_led(struct build_job *job, int i)
{
    return job->board.led_count == 1 ? "leds_o" : arena_printf(&job->arena, "leds_o[%d]", i);
}

void job_write_top(struct build_job *job)
{
    write_network_ports(job);
    if (job->request->pins_free) {
        write_pins_free_top(job);
        if (job->family->pins_free == NULL) job->family->write_constraints(job);
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
    job->family->write_constraints(job);
}
