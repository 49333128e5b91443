// Clock of an iCE40 board: clk_o = clk_i × (DIVF + 1) / ((DIVR + 1) × 2^DIVQ × DIVIDE) on a global network.
// PAD = 1 takes the PLL whose input is the pin of clk_i itself (SB_PLL40_PAD), 0 the one fed from inside. DIVIDE above 1 counts the
// PLL's clock down in flip-flops, for clocks that the PLL has no exact divider for (40 MHz from 12 MHz).
// DIVIDE 1 to 7. locked_o is asynchronous to clk_o. The divided clock is high for DIVIDE / 2 of DIVIDE cycles, rounded down.
`default_nettype none

module pll_ice40 #(
    parameter       PAD          = 1,
    parameter [3:0] DIVR         = 4'd0,
    parameter [6:0] DIVF         = 7'd79,
    parameter [2:0] DIVQ         = 3'd3,
    parameter [2:0] FILTER_RANGE = 3'd1,
    parameter       DIVIDE       = 1
) (
    input  wire clk_i,
    output wire clk_o,
    output wire locked_o
);
    wire clk_pll;

    generate
        if (PAD != 0) begin : pad
            SB_PLL40_PAD #(
                .FEEDBACK_PATH("SIMPLE"),
                .DIVR(DIVR),
                .DIVF(DIVF),
                .DIVQ(DIVQ),
                .FILTER_RANGE(FILTER_RANGE)
            ) pll (
                .PACKAGEPIN(clk_i),
                .PLLOUTGLOBAL(clk_pll),
                .LOCK(locked_o),
                .RESETB(1'b1),
                .BYPASS(1'b0)
            );
        end else begin : core
            SB_PLL40_CORE #(
                .FEEDBACK_PATH("SIMPLE"),
                .DIVR(DIVR),
                .DIVF(DIVF),
                .DIVQ(DIVQ),
                .FILTER_RANGE(FILTER_RANGE)
            ) pll (
                .REFERENCECLK(clk_i),
                .PLLOUTGLOBAL(clk_pll),
                .LOCK(locked_o),
                .RESETB(1'b1),
                .BYPASS(1'b0)
            );
        end

        if (DIVIDE == 1) begin : whole
            assign clk_o = clk_pll;
        end else begin : divided
            // A single one going round, which starts itself; the clock is high while it is in the upper half.
            reg [DIVIDE-1:0] ring_q    = {DIVIDE{1'b0}};
            reg              clk_div_q = 1'b0;

            always @(posedge clk_pll) ring_q    <= {ring_q[DIVIDE-2:0], ~|ring_q[DIVIDE-2:0]};
            always @(posedge clk_pll) clk_div_q <= |ring_q[DIVIDE-1:DIVIDE-DIVIDE/2];

            SB_GB buffer (
                .USER_SIGNAL_TO_GLOBAL_BUFFER(clk_div_q),
                .GLOBAL_BUFFER_OUTPUT(clk_o)
            );
        end
    endgenerate
endmodule

`default_nettype wire
