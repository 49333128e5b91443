// Reset after power-up and after the PLL's lock: rst_o is high until locked_i was seen high for 2^HOLD_BITS cycles without
// a break, and again whenever it drops. The hold is longer than the few microseconds in which
// iCE40 block memories do not yet return their initial content. Needs flip-flops that configuration sets to 0.
`default_nettype none

module reset_sync #(
    parameter HOLD_BITS = 10
) (
    input  wire clk_i,
    input  wire locked_i,
    output wire rst_o
);
    reg [1:0]         locked_q = 2'b00;
    reg [HOLD_BITS:0] held_q   = {(HOLD_BITS + 1){1'b0}};
    reg               rst_q    = 1'b1;

    assign rst_o = rst_q;

    always @(posedge clk_i) locked_q <= {locked_q[0], locked_i};

    always @(posedge clk_i)
        if (!locked_q[1])
            held_q <= {(HOLD_BITS + 1){1'b0}};
        else if (!held_q[HOLD_BITS])
            held_q <= held_q + 1'b1;

    always @(posedge clk_i) rst_q <= ~held_q[HOLD_BITS];
endmodule

`default_nettype wire
