// Clock of an ECP5 board: clk_o = clk_i × CLKFB_DIV / CLKI_DIV, from a VCO at clk_o × CLKOP_DIV (400 to 800 MHz), with the
// feedback from CLKOP. SLOW_DIV above 1: slow_o is clk_o / SLOW_DIV (CLKOP_DIV × SLOW_DIV at most 128), else it stands still.
// locked_o is asynchronous to clk_o.
`default_nettype none

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
    (* ICP_CURRENT = "12", LPF_RESISTOR = "8", MFG_ENABLE_FILTEROPAMP = "1", MFG_GMCREF_SEL = "2" *)
    EHXPLLL #(
        .PLLRST_ENA("DISABLED"),
        .INTFB_WAKE("DISABLED"),
        .STDBY_ENABLE("DISABLED"),
        .DPHASE_SOURCE("DISABLED"),
        .OUTDIVIDER_MUXA("DIVA"),
        .OUTDIVIDER_MUXB("DIVB"),
        .OUTDIVIDER_MUXC("DIVC"),
        .OUTDIVIDER_MUXD("DIVD"),
        .CLKI_DIV(CLKI_DIV),
        .CLKOP_ENABLE("ENABLED"),
        .CLKOP_DIV(CLKOP_DIV),
        .CLKOP_CPHASE(CLKOP_DIV / 2),
        .CLKOP_FPHASE(0),
        .CLKOS_ENABLE(SLOW_DIV > 1 ? "ENABLED" : "DISABLED"),
        .CLKOS_DIV(CLKOP_DIV * SLOW_DIV),
        .CLKOS_CPHASE(CLKOP_DIV * SLOW_DIV / 2),
        .CLKOS_FPHASE(0),
        .FEEDBK_PATH("CLKOP"),
        .CLKFB_DIV(CLKFB_DIV)
    ) pll (
        .RST(1'b0),
        .STDBY(1'b0),
        .CLKI(clk_i),
        .CLKOP(clk_o),
        .CLKOS(slow_o),
        .CLKFB(clk_o),
        .PHASESEL0(1'b0),
        .PHASESEL1(1'b0),
        .PHASEDIR(1'b1),
        .PHASESTEP(1'b1),
        .PHASELOADREG(1'b1),
        .PLLWAKESYNC(1'b0),
        .ENCLKOP(1'b0),
        .LOCK(locked_o)
    );
endmodule

`default_nettype wire
