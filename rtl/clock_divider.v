// A clock of 1 / DIVIDE of clk_i's, from one flip-flop: the core's clock beside the network's. DIVIDE 2 to 16; the output is high for
// DIVIDE / 2 of DIVIDE cycles, rounded down. The tools put it on a global network (nextpnr does so with a net that clocks many flip-flops).
// On ECP5 an output of the PLL takes its place (rtl/pll_ecp5.v).
// Its edges lag those of clk_i by an unknown delay: what goes between the two clocks goes through rtl/bus_bridge.v.
`default_nettype none

module clock_divider #(
    parameter DIVIDE = 3
) (
    input  wire clk_i,
    output wire clk_o
);
    // A single one going round, which starts itself; the clock is high while it is in the upper half.
    reg [DIVIDE-1:0] ring_q = {DIVIDE{1'b0}};
    reg              clk_q  = 1'b0;

    assign clk_o = clk_q;

    generate
        if (DIVIDE == 2) begin : g_half
            always @(posedge clk_i) ring_q <= {1'b0, ~ring_q[0]};
            always @(posedge clk_i) clk_q  <= ring_q[0];
            wire unused = &{1'b0, ring_q[1]};
        end else begin : g_ring
            always @(posedge clk_i) ring_q <= {ring_q[DIVIDE-2:0], ~|ring_q[DIVIDE-2:0]};
            always @(posedge clk_i) clk_q  <= |ring_q[DIVIDE-1:DIVIDE-DIVIDE/2];
        end
    endgenerate
endmodule

`default_nettype wire
