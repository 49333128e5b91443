// For simulation in place of rtl/pll_ice40.v, rtl/pll_ecp5.v and rtl/pll_gowin.v: the PLL's output is its input, so that a bench drives the network's
// clock itself, and it locks at once; and of Gowin's buffer onto a global network.
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
    assign clk_o    = clk_i;
    assign locked_o = 1'b1;
endmodule

module pll_ecp5 #(
    parameter CLKI_DIV  = 5,
    parameter CLKFB_DIV = 8,
    parameter CLKOP_DIV = 15,
    parameter SLOW_DIV  = 1
) (
    input  wire clk_i,
    output wire clk_o,
    output wire slow_o,
    output wire locked_o
);
    assign clk_o    = clk_i;
    assign locked_o = 1'b1;
    generate
        if (SLOW_DIV > 1) clock_divider #(.DIVIDE(SLOW_DIV)) divider (.clk_i(clk_i), .clk_o(slow_o));
        else assign slow_o = 1'b0;
    endgenerate
endmodule

module pll_gowin #(
    parameter FCLKIN = "27",
    parameter DEVICE = "GW1NR-9C",
    parameter IDIV   = 9,
    parameter FBDIV  = 40,
    parameter ODIV   = 4,
    parameter DIVIDE = 3
) (
    input  wire clk_i,
    output wire clk_o,
    output wire locked_o
);
    assign clk_o    = clk_i;
    assign locked_o = 1'b1;
endmodule

module BUFG (
    input  wire I,
    output wire O
);
    assign O = I;
endmodule

`default_nettype wire
