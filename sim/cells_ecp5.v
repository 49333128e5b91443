// Models of the ECP5 cells that Yosys maps networks to, for simulating a netlist in Verilator.

`default_nettype none

module LUT4 (
    input  wire A,
    input  wire B,
    input  wire C,
    input  wire D,
    output wire Z
);
    parameter [15:0] INIT = 16'd0;
    assign Z = INIT[{D, C, B, A}];
endmodule

module PFUMX (
    input  wire ALUT,
    input  wire BLUT,
    input  wire C0,
    output wire Z
);
    assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21 (
    input  wire D0,
    input  wire D1,
    input  wire SD,
    output wire Z
);
    assign Z = SD ? D1 : D0;
endmodule

// One bit of a carry chain. The LUT gives the propagate bit; its lower four entries, over A and B alone, give the bit
// that is carried on when nothing propagates. INJECT "YES" cuts the carry out of the sum and nothing is generated.
module sluice_carry_half (
    input  wire cin_i,
    input  wire a_i,
    input  wire b_i,
    input  wire c_i,
    input  wire d_i,
    output wire sum_o,
    output wire cout_o
);
    parameter [15:0] INIT = 16'd0;
    parameter INJECT = "YES";
    localparam ARITHMETIC = INJECT != "YES";
    wire propagate;
    LUT4 #(.INIT(INIT)) u_lut (.A(a_i), .B(b_i), .C(c_i), .D(d_i), .Z(propagate));
    wire generated = INIT[{2'd0, b_i, a_i}];
    assign sum_o = propagate ^ (ARITHMETIC & cin_i);
    assign cout_o = propagate ? cin_i : ARITHMETIC & generated;
endmodule

module CCU2C (
    input  wire CIN,
    input  wire A0,
    input  wire B0,
    input  wire C0,
    input  wire D0,
    input  wire A1,
    input  wire B1,
    input  wire C1,
    input  wire D1,
    output wire S0,
    output wire S1,
    output wire COUT
);
    parameter [15:0] INIT0 = 16'd0;
    parameter [15:0] INIT1 = 16'd0;
    parameter INJECT1_0 = "YES";
    parameter INJECT1_1 = "YES";
    wire middle;
    sluice_carry_half #(.INIT(INIT0), .INJECT(INJECT1_0)) u_low (
        .cin_i(CIN), .a_i(A0), .b_i(B0), .c_i(C0), .d_i(D0), .sum_o(S0), .cout_o(middle)
    );
    sluice_carry_half #(.INIT(INIT1), .INJECT(INJECT1_1)) u_high (
        .cin_i(middle), .a_i(A1), .b_i(B1), .c_i(C1), .d_i(D1), .sum_o(S1), .cout_o(COUT)
    );
endmodule

// Flip-flop with optional enable and local set or reset.
module TRELLIS_FF (
    input  wire CLK,
    input  wire LSR,
    input  wire CE,
    input  wire DI,
    input  wire M,
    output reg  Q
);
    parameter GSR = "ENABLED";
    parameter CEMUX = "1";
    parameter CLKMUX = "CLK";
    parameter LSRMUX = "LSR";
    parameter LSRONMUX = "LSRMUX";
    parameter SRMODE = "LSR_OVER_CE";
    parameter REGSET = "RESET";
    parameter LSRMODE = "LSR";
    wire enable = CEMUX == "1" ? 1'b1 : CEMUX == "0" ? 1'b0 : CEMUX == "INV" ? ~CE : CE;
    wire set = LSRMUX == "INV" ? ~LSR : LSR;
    wire clock = CLKMUX == "INV" ? ~CLK : CLK;
    wire value = LSRMODE == "PRLD" ? M : REGSET == "SET";
    initial Q = REGSET == "SET";
    generate
        if (SRMODE == "ASYNC") begin : asynchronous
            always @(posedge clock or posedge set)
                if (set) Q <= value;
                else if (enable) Q <= DI;
        end else if (SRMODE == "CE_OVER_LSR") begin : enabled_reset
            always @(posedge clock)
                if (enable) Q <= set ? value : DI;
        end else begin : reset_first
            always @(posedge clock)
                if (set) Q <= value;
                else if (enable) Q <= DI;
        end
    endgenerate
endmodule

`default_nettype wire
