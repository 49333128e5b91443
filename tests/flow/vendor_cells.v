// The vendors' cells that rtl/ instantiates, as far as lint and simulation need them: a PLL here hands its input on and is
// always locked.
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDPARAM */
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off MULTITOP */
`default_nettype none

module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "SIMPLE", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0, parameter [2:0] FILTER_RANGE = 0
) (
    input wire PACKAGEPIN, output wire PLLOUTGLOBAL, output wire LOCK, input wire RESETB, input wire BYPASS
);
    assign PLLOUTGLOBAL = PACKAGEPIN;
    assign LOCK         = RESETB;
endmodule

module SB_PLL40_CORE #(
    parameter FEEDBACK_PATH = "SIMPLE", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0, parameter [2:0] FILTER_RANGE = 0
) (
    input wire REFERENCECLK, output wire PLLOUTGLOBAL, output wire LOCK, input wire RESETB, input wire BYPASS
);
    assign PLLOUTGLOBAL = REFERENCECLK;
    assign LOCK         = RESETB;
endmodule

module SB_GB (
    input wire USER_SIGNAL_TO_GLOBAL_BUFFER, output wire GLOBAL_BUFFER_OUTPUT
);
    assign GLOBAL_BUFFER_OUTPUT = USER_SIGNAL_TO_GLOBAL_BUFFER;
endmodule

module EHXPLLL #(
    parameter PLLRST_ENA = "", parameter INTFB_WAKE = "", parameter STDBY_ENABLE = "", parameter DPHASE_SOURCE = "",
    parameter OUTDIVIDER_MUXA = "", parameter OUTDIVIDER_MUXB = "", parameter OUTDIVIDER_MUXC = "",
    parameter OUTDIVIDER_MUXD = "", parameter CLKI_DIV = 1, parameter CLKOP_ENABLE = "", parameter CLKOP_DIV = 1,
    parameter CLKOP_CPHASE = 0, parameter CLKOP_FPHASE = 0, parameter CLKOS_ENABLE = "",
    parameter CLKOS_DIV = 1, parameter CLKOS_CPHASE = 0, parameter CLKOS_FPHASE = 0, parameter FEEDBK_PATH = "", parameter CLKFB_DIV = 1
) (
    input wire RST, input wire STDBY, input wire CLKI, output wire CLKOP, output wire CLKOS, input wire CLKFB, input wire PHASESEL0,
    input wire PHASESEL1, input wire PHASEDIR, input wire PHASESTEP, input wire PHASELOADREG, input wire PLLWAKESYNC,
    input wire ENCLKOP, output wire LOCK
);
    assign CLKOP = CLKI;
    assign CLKOS = CLKI;
    assign LOCK  = ~RST;
endmodule

module SB_HFOSC #(
    parameter CLKHF_DIV = "0b00"
) (
    input wire CLKHFPU, input wire CLKHFEN, output wire CLKHF
);
    assign CLKHF = CLKHFPU & CLKHFEN;
endmodule

module rPLL #(
    parameter FCLKIN = "100.0", parameter DEVICE = "", parameter IDIV_SEL = 0, parameter FBDIV_SEL = 0,
    parameter ODIV_SEL = 8, parameter DYN_SDIV_SEL = 2
) (
    input wire CLKIN, input wire CLKFB, input wire RESET, input wire RESET_P, input wire [5:0] FBDSEL,
    input wire [5:0] IDSEL, input wire [5:0] ODSEL, input wire [3:0] PSDA, input wire [3:0] DUTYDA,
    input wire [3:0] FDLY, output wire CLKOUT, output wire CLKOUTP, output wire CLKOUTD, output wire CLKOUTD3,
    output wire LOCK
);
    assign {CLKOUT, CLKOUTP, CLKOUTD, CLKOUTD3} = {4{CLKIN}};
    assign LOCK = ~RESET;
endmodule

`default_nettype wire
