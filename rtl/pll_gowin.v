// Clock of a Gowin board (rPLL of GW1N and GW2A): clk_o = clk_i × FBDIV / (IDIV × DIVIDE), from a VCO at clk_i × FBDIV × ODIV / IDIV.
// IDIV and FBDIV 1 to 64; ODIV 2, 4, 8, 16, 32, 48, 64, 80, 96, 112 or 128. DIVIDE 1, 3 or an even number up to 128 takes the
// PLL's own divided outputs. FCLKIN: clk_i in MHz, DEVICE: the part, as strings. locked_o is asynchronous to clk_o.
`default_nettype none

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
    wire clk_pll, clk_shifted, clk_even, clk_third;
    wire unused = &{1'b0, clk_pll, clk_shifted, clk_even, clk_third};  // all but one of them

    assign clk_o = DIVIDE == 1 ? clk_pll : DIVIDE == 3 ? clk_third : clk_even;

    rPLL #(
        .FCLKIN(FCLKIN),
        .DEVICE(DEVICE),
        .IDIV_SEL(IDIV - 1),
        .FBDIV_SEL(FBDIV - 1),
        .ODIV_SEL(ODIV),
        .DYN_SDIV_SEL(DIVIDE % 2 == 0 ? DIVIDE : 2)
    ) pll (
        .CLKIN(clk_i),
        .CLKFB(1'b0),
        .RESET(1'b0),
        .RESET_P(1'b0),
        .FBDSEL(6'd0),
        .IDSEL(6'd0),
        .ODSEL(6'd0),
        .PSDA(4'd0),
        .DUTYDA(4'd0),
        .FDLY(4'd0),
        .CLKOUT(clk_pll),
        .CLKOUTP(clk_shifted),
        .CLKOUTD(clk_even),
        .CLKOUTD3(clk_third),
        .LOCK(locked_o)
    );
endmodule

`default_nettype wire
