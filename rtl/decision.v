// Decides on an answer: class k passes if its score is at least threshold k, of the events in which it passes every n-th is kept, and
// an event that is kept in any class of the mask is accepted. With CLASS_NUMBER 1 scores_i is the number of the one class that passes.
//
// scores_i: SCORE_BITS each, signed, class 0 lowest, in the cycle after valid_i (with CLASS_NUMBER one unsigned number). Counted from the cycle
// of valid_i: passes_o in cycle 2, accept_o in cycle 3.
//
// Thresholds, prescales (n from 0, which keeps none, to 2^PRESCALE_BITS - 1) and mask are written one by one (put_*, a bit for each class)
// and hold, all at once, from apply_i on: each event is decided by the old ones or by the new ones alone, whatever the distance of
// events. Prescales then start anew. The mask is 0 by configuration; thresholds and prescales are not known before the first apply_i.
// Resets leave them. With VOTED 1 they, what was staged for them and the prescales' counts are in three copies that vote, and upset_o is
// high, a cycle later, while one of them differs. CLASSES 1 to 16, SCORE_BITS 2 to 32 (with CLASS_NUMBER from 1).
`default_nettype none

module decision #(
    parameter CLASSES       = 5,
    parameter SCORE_BITS    = 12,
    parameter PRESCALE_BITS = 8,
    parameter CLASS_NUMBER  = 0,
    parameter VOTED         = 0
) (
    input  wire                                                   clk_i,
    input  wire                                                   rst_i,
    input  wire [CLASSES-1:0]                                     put_threshold_i,
    input  wire [CLASSES-1:0]                                     put_prescale_i,
    input  wire                                                   put_mask_i,
    input  wire [31:0]                                            wdata_i,
    input  wire                                                   apply_i,
    input  wire                                                   valid_i,
    input  wire [(CLASS_NUMBER != 0 ? 1 : CLASSES)*SCORE_BITS-1:0] scores_i,
    output wire [CLASSES-1:0]                                     passes_o,
    output wire                                                   accept_o,
    output wire                                                   upset_o
);
    // ---- an event's decision goes through the cycles 1 (scores), 2 (prescales) and 3 (mask); so does what is applied
    reg [2:0] valid_q;
    reg [1:0] apply_q;
    always @(posedge clk_i) valid_q <= rst_i ? 3'b000 : {valid_q[1:0], valid_i};
    always @(posedge clk_i) apply_q <= rst_i ? 2'b00 : {apply_q[0], apply_i};

    reg  [CLASSES-1:0] pass_q, kept_q;
    wire [CLASSES-1:0] pass, mask, staged_mask, some;  // some: the prescale is not 0
    assign passes_o = pass_q;
    assign accept_o = valid_q[2] & (|(kept_q & mask));

    always @(posedge clk_i) pass_q <= pass & {CLASSES{valid_q[0]}};

    // ---- upsets seen, of all registers below
    wire [5*CLASSES+1:0] upsets;
    reg                  upset_q;
    assign upset_o = upset_q;
    always @(posedge clk_i) upset_q <= ~rst_i & (|upsets);

    kept_register #(.WIDTH(CLASSES), .VOTED(VOTED)) staged_masks (
        .clk_i(clk_i), .put_i(put_mask_i), .data_i(wdata_i[CLASSES-1:0]), .value_o(staged_mask), .upset_o(upsets[5*CLASSES])
    );
    kept_register #(.WIDTH(CLASSES), .VOTED(VOTED)) masks (
        .clk_i(clk_i), .put_i(apply_q[1]), .data_i(staged_mask & some), .value_o(mask), .upset_o(upsets[5*CLASSES+1])
    );

    localparam [PRESCALE_BITS:0] NONE = {{PRESCALE_BITS{1'b1}}, 1'b0};  // a prescale of 0, and what is added to any: - 2

    genvar k;
    generate
        for (k = 0; k < CLASSES; k = k + 1) begin : g_class
            wire [31:0] number = k;

            if (CLASS_NUMBER != 0) begin : g_number
                assign pass[k] = scores_i == number[SCORE_BITS-1:0];
                assign upsets[5*k +: 2] = 2'b00;
            end else begin : g_threshold
                // score - threshold, sign bits turned over, as a sum with the complement, which is what is kept: the carry says it.
                wire [SCORE_BITS-1:0] staged, less;
                wire [SCORE_BITS-1:0] score = scores_i[SCORE_BITS*k +: SCORE_BITS];
                wire [SCORE_BITS-1:0] flip  = {1'b1, {SCORE_BITS-1{1'b0}}};
                wire [SCORE_BITS+1:0] sum   = {1'b0, score ^ flip, 1'b1} + {1'b0, less, 1'b1};
                wire                  unused_sum = &{1'b0, sum};
                assign pass[k] = sum[SCORE_BITS+1];
                kept_register #(.WIDTH(SCORE_BITS), .VOTED(VOTED)) staged_threshold (
                    .clk_i(clk_i), .put_i(put_threshold_i[k]), .data_i(wdata_i[SCORE_BITS-1:0]), .value_o(staged), .upset_o(upsets[5*k])
                );
                kept_register #(.WIDTH(SCORE_BITS), .VOTED(VOTED)) threshold (
                    .clk_i(clk_i), .put_i(apply_i), .data_i(~(staged ^ flip)), .value_o(less), .upset_o(upsets[5*k+1])
                );
            end

            // ---- prescale: count goes from n - 2 down to -1, whose sign says that the next event is the n-th; n = 0 takes the class out
            // of the mask, as it is by configuration. The new n is only read when a count begins, so it may be there a cycle before the count begins anew.
            wire [PRESCALE_BITS:0] every, prescale, count;
            wire                   keep = count[PRESCALE_BITS];
            wire                   counting = ~(apply_q[0] | keep);
            wire                   unused_number = &{1'b0, number};
            assign some[k] = ~(every[PRESCALE_BITS] & ~every[0]);
            always @(posedge clk_i) kept_q[k] <= pass_q[k] & keep;
            if (VOTED != 0) begin : g_voted
                kept_register #(.WIDTH(PRESCALE_BITS + 1), .VOTED(1), .INITIAL(NONE)) staged_prescale (
                    .clk_i(clk_i), .put_i(put_prescale_i[k]), .data_i({1'b0, wdata_i[PRESCALE_BITS-1:0]} + NONE), .value_o(every), .upset_o(upsets[5*k+2])
                );
            end else begin : g_one
                wire [PRESCALE_BITS:0] turned;
                assign every         = turned ^ NONE;
                assign upsets[5*k+2] = 1'b0;
                sum_register #(.WIDTH(PRESCALE_BITS + 1), .ADDEND(NONE), .INITIAL(NONE)) staged_prescale (
                    .clk_i(clk_i), .put_i(put_prescale_i[k]), .take_initial_i(1'b0), .data_i({1'b0, wdata_i[PRESCALE_BITS-1:0]}), .turned_o(turned)
                );
            end
            kept_register #(.WIDTH(PRESCALE_BITS + 1), .VOTED(VOTED)) prescales (
                .clk_i(clk_i), .put_i(apply_i), .data_i(every), .value_o(prescale), .upset_o(upsets[5*k+3])
            );
            // Counts as in rtl/event_player.v: one cell a bit.
            kept_register #(.WIDTH(PRESCALE_BITS + 1), .VOTED(VOTED)) counts (
                .clk_i(clk_i), .put_i(apply_q[0] | pass_q[k]), .data_i(counting ? count + {PRESCALE_BITS + 1{counting}} : prescale),
                .value_o(count), .upset_o(upsets[5*k+4])
            );
        end
    endgenerate
    wire unused = &{1'b0, wdata_i, put_threshold_i};
endmodule

`default_nettype wire
