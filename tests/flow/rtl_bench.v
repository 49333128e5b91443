// All of rtl/ at once, for tests/flow/rtl_bench.cpp. Players around tests/flow/tiny, each but the first two with one fault
// that must be noticed: a wrong stored answer, an answer a cycle late, an answer missing once, and the error bit.
/* verilator lint_off UNUSEDSIGNAL */
`default_nettype none

module rtl_bench (
    input  wire        clk_i,
    input  wire        locked_i,
    input  wire        serial_i,
    output wire        rst_o,
    output wire [5:0]  pass_o,
    output wire [5:0]  fail_o,
    output wire [4:0]  wrong_o,     // mismatches of the player with a wrong answer
    output wire [1:0]  words_pass_o,  // players that read 32 events in words of 8 bits: right, a wrong answer stored
    output wire [1:0]  words_fail_o,
    output wire        single_o,    // one LED, showing the first player
    output wire [1:0]  pair_o,      // two LEDs, active low, showing the third
    output wire [8:0]  row_o,       // nine LEDs, showing the third
    output wire        serial_o,
    output wire        register_valid_o,
    output wire [19:0] register_data_o,
    output wire        register_error_o,
    output wire        clk3_o,
    output wire        clk2_o
);
    wire rst;
    assign rst_o = rst;

    reset_sync #(.HOLD_BITS(4)) reset (.clk_i(clk_i), .locked_i(locked_i), .rst_o(rst));

    // 0 right, 1 right every third cycle, 2 wrong answer stored, 3 late, 4 one missing, 5 error bit
    wire [5:0]   valid, answer_valid, true_valid;
    wire [23:0]  data[0:5];
    wire [19:0]  answer[0:5];
    wire [4:0]   mismatches[0:5];
    wire [5:0]   unused_error;
    reg          late_q;
    reg  [19:0]  late_data_q;
    reg  [8:0]   answers_q;
    assign wrong_o = mismatches[2];

    always @(posedge clk_i) late_q      <= true_valid[3] & ~rst;
    always @(posedge clk_i) late_data_q <= answer[3];
    always @(posedge clk_i) answers_q   <= rst ? 9'd0 : answers_q + {8'd0, true_valid[4]};

    assign answer_valid = {true_valid[5], true_valid[4] & (answers_q != 9'd77), late_q, true_valid[2:0]};

    genvar i;
    generate
        for (i = 0; i < 6; i = i + 1) begin : players
            pattern_player #(
                .IN_BITS(24),
                .OUT_BITS(20),
                .ADDRESS_BITS(8),
                .INTERVAL_CYCLES(i == 1 ? 3 : 1),
                .LATENCY_CYCLES(3),
                .OUTPUT_FILE(i == 2 ? "patterns_wrong.hex" : "patterns_out.hex")
            ) player (
                .clk_i(clk_i),
                .rst_i(rst),
                .valid_o(valid[i]),
                .data_o(data[i]),
                .valid_i(answer_valid[i]),
                .data_i(i == 3 ? late_data_q : answer[i]),
                .error_i(i == 5 ? answers_q == 9'd300 : 1'b0),
                .pass_o(pass_o[i]),
                .fail_o(fail_o[i]),
                .mismatches_o(mismatches[i])
            );
            tiny network (
                .clk_i(clk_i),
                .rst_i(rst),
                .valid_i(valid[i]),
                .data_i(data[i]),
                .valid_o(true_valid[i]),
                .data_o(answer[i]),
                .error_o(unused_error[i])
            );
        end
    endgenerate

    generate
        for (i = 0; i < 2; i = i + 1) begin : word_players
            wire        word_valid, word_answer_valid, word_error;
            wire [23:0] word_data;
            wire [19:0] word_answer;
            wire [4:0]  word_mismatches;
            pattern_player #(
                .IN_BITS(24),
                .OUT_BITS(20),
                .ADDRESS_BITS(5),
                .INTERVAL_CYCLES(6),
                .LATENCY_CYCLES(3),
                .WORD_BITS(8),
                .INPUT_FILE("words_in.hex"),
                .OUTPUT_FILE(i == 1 ? "words_wrong.hex" : "words_out.hex")
            ) player (
                .clk_i(clk_i),
                .rst_i(rst),
                .valid_o(word_valid),
                .data_o(word_data),
                .valid_i(word_answer_valid),
                .data_i(word_answer),
                .error_i(word_error),
                .pass_o(words_pass_o[i]),
                .fail_o(words_fail_o[i]),
                .mismatches_o(word_mismatches)
            );
            tiny network (
                .clk_i(clk_i),
                .rst_i(rst),
                .valid_i(word_valid),
                .data_i(word_data),
                .valid_o(word_answer_valid),
                .data_o(word_answer),
                .error_o(word_error)
            );
        end
    endgenerate

    status_leds #(.LEDS(1), .BLINK_BITS(16)) single (
        .clk_i(clk_i), .rst_i(rst), .pass_i(pass_o[0]), .fail_i(fail_o[0]), .mismatches_i(mismatches[0]), .leds_o(single_o));
    status_leds #(.LEDS(2), .BLINK_BITS(16), .ACTIVE_LOW(2'b11)) pair (
        .clk_i(clk_i), .rst_i(rst), .pass_i(pass_o[2]), .fail_i(fail_o[2]), .mismatches_i(mismatches[2]), .leds_o(pair_o));
    status_leds #(.LEDS(9), .BLINK_BITS(16)) row (
        .clk_i(clk_i), .rst_i(rst), .pass_i(pass_o[2]), .fail_i(fail_o[2]), .mismatches_i(mismatches[2]), .leds_o(row_o));

    // The shells of the pins-free builds.
    wire        shift_valid, shift_answer_valid, shift_error;
    wire [23:0] shift_data;
    wire [19:0] shift_answer;

    shift_shell #(.IN_BITS(24), .OUT_BITS(20)) shift (
        .clk_i(clk_i), .serial_i(serial_i), .serial_o(serial_o), .valid_o(shift_valid), .data_o(shift_data),
        .valid_i(shift_answer_valid), .data_i(shift_answer), .error_i(shift_error));
    tiny shift_network (
        .clk_i(clk_i), .rst_i(rst), .valid_i(shift_valid), .data_i(shift_data), .valid_o(shift_answer_valid),
        .data_o(shift_answer), .error_o(shift_error));

    wire        reg_rst, reg_valid, reg_answer_valid, reg_error;
    wire [23:0] reg_data;
    wire [19:0] reg_answer;

    register_shell #(.IN_BITS(24), .OUT_BITS(20)) registers (
        .clk_i(clk_i), .rst_i(rst), .valid_i(valid[0]), .data_i(data[0]), .rst_o(reg_rst), .valid_o(reg_valid),
        .data_o(reg_data), .answer_valid_i(reg_answer_valid), .answer_data_i(reg_answer), .answer_error_i(reg_error),
        .answer_valid_o(register_valid_o), .answer_data_o(register_data_o), .answer_error_o(register_error_o));
    tiny reg_network (
        .clk_i(clk_i), .rst_i(reg_rst), .valid_i(reg_valid), .data_i(reg_data), .valid_o(reg_answer_valid),
        .data_o(reg_answer), .error_o(reg_error));

    wire unused_locked3, unused_locked2;
    pll_ice40 #(.DIVIDE(3)) divide3 (.clk_i(clk_i), .clk_o(clk3_o), .locked_o(unused_locked3));
    pll_ice40 #(.DIVIDE(2), .PAD(0)) divide2 (.clk_i(clk_i), .clk_o(clk2_o), .locked_o(unused_locked2));
endmodule

`default_nettype wire
