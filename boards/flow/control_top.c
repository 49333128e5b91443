/* The board's top with control `core`: clocks, rtl/board_control.v, the network. */
#include "base/text.h"
#include "boards/flow/job.h"

#include <stdio.h>

bool job_has_spram(const struct build_job *job)
{
    return job->control.fallback.there && job->control.fallback.spram;
}

const char *const *job_control_sources(const struct build_job *job)
{
    static const char *const names[] = {"spram_ice40",
                                        "board_control",
                                        "core_system",
                                        "rv32i",
                                        "uart",
                                        "baud_meter",
                                        "byte_fifo",
                                        "bus_bridge",
                                        "trigger_system",
                                        "event_player",
                                        "answer_checker",
                                        "delay_line",
                                        "decision",
                                        "spy_memory",
                                        "event_counters",
                                        "reset_sync",
                                        "clock_divider",
                                        "kept_register",
                                        "sum_register",
                                        "voted_register",
                                        "voted_copy",
                                        "majority",
                                        NULL};
    return names + !job_has_spram(job);
}

/* The scores, sign-extended, class 0 lowest. */
static void add_scores(struct text *text, const struct build_job *job)
{
    const struct build_control *control = &job->control;
    int bits = control->score_bits;
    if (control->class_number) {
        text_add(text,
                 "    wire [%d:0] scores = checked;  // the number of the class that passes\n",
                 bits - 1);
        return;
    }
    text_add(text, "    wire [%d:0] scores = {", bits * control->classes - 1);
    for (int k = control->classes - 1; k >= 0; k--) {
        const struct build_field *field = &job->fields[k];
        int high = field->lsb + field->width - 1, fill = bits - field->width;
        if (fill > 0 && field->is_signed) text_add(text, "{%d{checked[%d]}}, ", fill, high);
        if (fill > 0 && !field->is_signed) text_add(text, "%d'd0, ", fill);
        text_add(text, "checked[%d:%d]%s", high, field->lsb,
                 k == 0       ? "};\n"
                 : k % 4 == 0 ? ",\n                          "
                              : ", ");
    }
}

static void add_clocks(struct text *text, const struct build_job *job)
{
    const struct build_control *control = &job->control;
    top_add_clock(text, job);
    if (top_pll_makes_core(job)) return;
    if (control->divide == 1) return; /* one net with one name, by which reports call it */
    text_add(text, "    wire clk_core;  // %g MHz\n", control->core_mhz);
    const char *buffer = job->family->clock_buffer;
    text_add(text, "%s    clock_divider #(.DIVIDE(%d)) divider (.clk_i(clk_sys), .clk_o(%s));\n",
             buffer ? "    wire clk_divided;\n" : "", control->divide,
             buffer ? "clk_divided" : "clk_core");
    if (buffer) text_add(text, "    %s core_buffer (.I(clk_divided), .O(clk_core));\n", buffer);
}

static void add_control(struct text *text, const struct build_job *job)
{
    const struct build_control *control = &job->control;
    const struct board *board = &job->board;
    bool loads = job->load_data_bits > 0;
    text_add(text,
             "    board_control #(\n        .MEMORY_WORDS(%d), .SPRAM(%d), .UART_DIVIDER(%d),  // "
             "%.0f baud\n        .UART_MEASURE(%d), .LEDS(%d), .LED_LOW(%d'b",
             control->memory_words, job_has_spram(job), control->uart_divider, control->uart_baud,
             board->clock_tolerance > 0, board->led_count, board->led_count);
    for (int i = board->led_count - 1; i >= 0; i--)
        text_add(text, "%d", board->leds[i].active_low);
    text_add(text,
             "),\n        .IN_BITS(%d), .OUT_BITS(%d), .LATENCY_CYCLES(%d), .INTERVAL_CYCLES(%d),\n"
             "        .CLASSES(%d), .SCORE_BITS(%d), .PRESCALE_BITS(%d), .CLASS_NUMBER(%d),\n"
             "        .EVENT_LANES(%d), .EVENT_ROWS(%d), .ANSWER_LANES(%d), .ANSWER_ROWS(%d),\n"
             "        .EVENTS(%d), .RECORDS(%d), .SPY_INPUTS(%d),\n"
             "        .LOAD_ADDRESS_BITS(%d), .LOAD_DATA_BITS(%d), .VOTED(%d)\n    ) control (\n",
             job->in_bits, job->out_bits, job->latency_cycles, control->interval_cycles,
             control->classes, control->score_bits, control->prescale_bits, control->class_number,
             control->event_lanes, control->event_rows, control->answer_lanes, control->answer_rows,
             control->events, control->records, control->spy_inputs,
             loads ? job->load_address_bits : 1, job->load_data_bits, job->voted);
    text_add(text, "        .clk_core_i(%s), .clk_i(clk_sys), .locked_i(locked),\n",
             control->divide > 1 ? "clk_core" : "clk_sys");
    text_add(text, "        .rx_i(rx_i), .tx_o(tx_o), .leds_o(leds_o),\n"
                   "        .network_rst_o(rst), .valid_o(valid), .data_o(data),\n"
                   "        .valid_i(answer_valid), .data_i(answer), .error_i(answer_error),\n"
                   "        .answer_o(checked), .scores_i(scores),\n");
    text_add(text,
             loads ? "        .load_valid_o(load_valid), .load_swap_o(load_swap),\n"
                     "        .load_address_o(load_addr), .load_data_o(load_data),\n"
                     "        .load_ready_i(load_ready), .load_bank_i(load_bank),\n"
                   : "        .load_valid_o(), .load_swap_o(), .load_address_o(), .load_data_o(),\n"
                     "        .load_ready_i(1'b0), .load_bank_i(1'b0),\n");
    text_add(text, "        .seen_i({");
    for (int i = BUILD_SEEN_MAX - 1; i >= 0; i--)
        text_add(text, "%s%s", job->seen[i] ? job->seen[i] : "8'd0", i ? ", " : "})\n    );\n");
}

void job_write_control_top(struct build_job *job, struct text *text)
{
    text_add(text,
             "// Top of %s (%s) for the network %s: clocks, the network, and a soft core with\n"
             "// the trigger system around it (rtl/board_control.v).\n"
             "`default_nettype none\n\nmodule top (\n",
             job->board.title, job->board.part, job->top);
    top_add_clock_port(text, job);
    text_add(text,
             "    input  wire       rx_i,\n    output wire       tx_o,\n"
             "    output wire [%d:0] leds_o\n);\n",
             job->board.led_count - 1);
    add_clocks(text, job);
    text_add(text,
             "    wire rst, valid, answer_valid, answer_error;\n    wire [%d:0] data;\n"
             "    wire [%d:0] answer, checked;  // checked: a cycle later\n",
             job->in_bits - 1, job->out_bits - 1);
    add_scores(text, job);
    if (job->load_data_bits)
        text_add(text,
                 "    wire load_valid, load_swap, load_ready, load_bank;\n"
                 "    wire [%d:0] load_addr;\n    wire [%d:0] load_data;\n",
                 job->load_address_bits - 1, job->load_data_bits - 1);
    for (int i = 0; i < BUILD_SEEN_MAX; i++)
        if (job->seen[i]) text_add(text, "    wire [7:0] %s;\n", job->seen[i]);
    add_control(text, job);
    top_add_network(text, job, "clk_sys", "rst",
                    ",\n        .load_valid_i(load_valid), .load_swap_i(load_swap),\n"
                    "        .load_addr_i(load_addr), .load_data_i(load_data),\n"
                    "        .load_ready_o(load_ready), .bank_o(load_bank)");
}
