// Empty declarations of the vendors' cells that rtl/ instantiates, for `verilator --lint-only`.
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDPARAM */
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNDRIVEN */
/* verilator lint_off MULTITOP */
module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "SIMPLE", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0, parameter [2:0] FILTER_RANGE = 0
) (input PACKAGEPIN, output PLLOUTGLOBAL, output LOCK, input RESETB, input BYPASS);
endmodule
module SB_PLL40_CORE #(
    parameter FEEDBACK_PATH = "SIMPLE", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0, parameter [2:0] FILTER_RANGE = 0
) (input REFERENCECLK, output PLLOUTGLOBAL, output LOCK, input RESETB, input BYPASS);
endmodule
module SB_GB (input USER_SIGNAL_TO_GLOBAL_BUFFER, output GLOBAL_BUFFER_OUTPUT);
endmodule
module EHXPLLL #(
    parameter PLLRST_ENA = "", parameter INTFB_WAKE = "", parameter STDBY_ENABLE = "", parameter DPHASE_SOURCE = "",
    parameter OUTDIVIDER_MUXA = "", parameter OUTDIVIDER_MUXB = "", parameter OUTDIVIDER_MUXC = "",
    parameter OUTDIVIDER_MUXD = "", parameter CLKI_DIV = 1, parameter CLKOP_ENABLE = "", parameter CLKOP_DIV = 1,
    parameter CLKOP_CPHASE = 0, parameter CLKOP_FPHASE = 0, parameter FEEDBK_PATH = "", parameter CLKFB_DIV = 1
) (
    input RST, input STDBY, input CLKI, output CLKOP, input CLKFB, input PHASESEL0, input PHASESEL1, input PHASEDIR,
    input PHASESTEP, input PHASELOADREG, input PLLWAKESYNC, input ENCLKOP, output LOCK);
endmodule
