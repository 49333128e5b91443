// Decides on an answer: class k passes if its score is at least threshold k, of the events in which it passes every n-th is kept, and
// an event that is kept in any class of the mask is accepted. With CLASS_NUMBER 1 scores_i is the number of the one class that passes.
//
// scores_i: SCORE_BITS each, signed, class 0 lowest, in the cycle after valid_i (with CLASS_NUMBER one unsigned number). Counted from the cycle
// of valid_i: passes_o in cycle 2, accept_o in cycle 3.
//
// Thresholds, prescales (n from 0, which keeps none, to 2^PRESCALE_BITS - 1) and mask are written one by one (put_*, a bit for each class)
// and hold, all at once, from apply_i on: each event is decided by the old ones or by the new ones alone, whatever the distance of
// events. Prescales then start anew. All are 0 by configuration, and kept through resets. CLASSES 1 to 16.
`default_nettype none

module decision #(
    parameter CLASSES       = 5,
    parameter SCORE_BITS    = 12,
    parameter PRESCALE_BITS = 8,
    parameter CLASS_NUMBER  = 0
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
    output wire                                                   accept_o
);
    // ---- an event's decision goes through the cycles 1 (scores), 2 (prescales) and 3 (mask); so does what is applied
    reg [2:0] valid_q;
    reg [1:0] apply_q;
    always @(posedge clk_i) valid_q <= rst_i ? 3'b000 : {valid_q[1:0], valid_i};
    always @(posedge clk_i) apply_q <= rst_i ? 2'b00 : {apply_q[0], apply_i};

    reg  [CLASSES-1:0] pass_q, kept_q, staged_mask_q = {CLASSES{1'b0}}, mask_q = {CLASSES{1'b0}};
    wire [CLASSES-1:0] pass;
    assign passes_o = pass_q;
    assign accept_o = valid_q[2] & (|(kept_q & mask_q));

    always @(posedge clk_i) pass_q <= pass & {CLASSES{valid_q[0]}};
    always @(posedge clk_i) if (put_mask_i) staged_mask_q <= wdata_i[CLASSES-1:0];
    always @(posedge clk_i) if (apply_q[1]) mask_q <= staged_mask_q;

    genvar k;
    generate
        for (k = 0; k < CLASSES; k = k + 1) begin : g_class
            wire [31:0] number = k;

            if (CLASS_NUMBER != 0) begin : g_number
                assign pass[k] = scores_i == number[SCORE_BITS-1:0];
            end else begin : g_threshold
                reg  signed [SCORE_BITS-1:0] staged_q = {SCORE_BITS{1'b0}}, threshold_q = {SCORE_BITS{1'b0}};
                wire signed [SCORE_BITS-1:0] score = scores_i[SCORE_BITS*k +: SCORE_BITS];
                assign pass[k] = score >= threshold_q;
                always @(posedge clk_i) if (put_threshold_i[k]) staged_q <= wdata_i[SCORE_BITS-1:0];
                always @(posedge clk_i) if (apply_i) threshold_q <= staged_q;
            end

            // ---- prescale: left_q events until one is kept
            reg  [PRESCALE_BITS-1:0] every_q = {PRESCALE_BITS{1'b0}}, prescale_q = {PRESCALE_BITS{1'b0}}, left_q = {PRESCALE_BITS{1'b0}};
            wire                     keep = left_q == {{PRESCALE_BITS-1{1'b0}}, 1'b1};
            wire                     unused = &{1'b0, number};
            always @(posedge clk_i) if (put_prescale_i[k]) every_q <= wdata_i[PRESCALE_BITS-1:0];
            always @(posedge clk_i) if (apply_q[0]) prescale_q <= every_q;
            always @(posedge clk_i)
                if (apply_q[0])     left_q <= every_q;
                else if (pass_q[k]) left_q <= keep | (left_q == {PRESCALE_BITS{1'b0}}) ? prescale_q : left_q - 1'b1;
            always @(posedge clk_i) kept_q[k] <= pass_q[k] & keep;
        end
    endgenerate
    wire unused = &{1'b0, wdata_i, put_threshold_i};
endmodule

`default_nettype wire
