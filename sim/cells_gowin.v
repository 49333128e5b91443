// Models of the Gowin cells that Yosys maps networks to, for simulating a netlist in Verilator: LUTs, carry bits, flip-flops,
// distributed memories. Block memories and multipliers are not modelled.

`default_nettype none

module VCC (
    output wire V
);
    assign V = 1'b1;
endmodule

module GND (
    output wire G
);
    assign G = 1'b0;
endmodule

module LUT1 (
    input  wire I0,
    output wire F
);
    parameter [1:0] INIT = 2'd0;
    assign F = INIT[I0];
endmodule

module LUT2 (
    input  wire I0,
    input  wire I1,
    output wire F
);
    parameter [3:0] INIT = 4'd0;
    assign F = INIT[{I1, I0}];
endmodule

module LUT3 (
    input  wire I0,
    input  wire I1,
    input  wire I2,
    output wire F
);
    parameter [7:0] INIT = 8'd0;
    assign F = INIT[{I2, I1, I0}];
endmodule

module LUT4 (
    input  wire I0,
    input  wire I1,
    input  wire I2,
    input  wire I3,
    output wire F
);
    parameter [15:0] INIT = 16'd0;
    assign F = INIT[{I3, I2, I1, I0}];
endmodule

// One bit of a carry chain: what propagates is I0 + I1 (mode 0), I0 - I1 (1), or either as I3 chooses (2).
module ALU (
    input  wire I0,
    input  wire I1,
    input  wire I3,
    input  wire CIN,
    output wire SUM,
    output wire COUT
);
    parameter ALU_MODE = 0;
    initial if (ALU_MODE > 2) begin
        $display("ALU: ALU_MODE %0d is not modelled", ALU_MODE);
        $finish;
    end
    wire adds      = ALU_MODE == 0 || (ALU_MODE == 2 && I3);
    wire propagate = I0 ^ I1 ^ ~adds;
    assign SUM  = propagate ^ CIN;
    assign COUT = propagate ? CIN : I0;
endmodule

// Flip-flops start as their set or reset leaves them, those without as 0.

module DFF (
    input  wire D,
    input  wire CLK,
    output reg  Q
);
    initial Q = 1'b0;
    always @(posedge CLK) Q <= D;
endmodule

module DFFE (
    input  wire D,
    input  wire CLK,
    input  wire CE,
    output reg  Q
);
    initial Q = 1'b0;
    always @(posedge CLK) if (CE) Q <= D;
endmodule

module DFFR (
    input  wire D,
    input  wire CLK,
    input  wire RESET,
    output reg  Q
);
    initial Q = 1'b0;
    always @(posedge CLK) if (RESET) Q <= 1'b0; else Q <= D;
endmodule

module DFFRE (
    input  wire D,
    input  wire CLK,
    input  wire CE,
    input  wire RESET,
    output reg  Q
);
    initial Q = 1'b0;
    always @(posedge CLK) if (RESET) Q <= 1'b0; else if (CE) Q <= D;
endmodule

module DFFS (
    input  wire D,
    input  wire CLK,
    input  wire SET,
    output reg  Q
);
    initial Q = 1'b1;
    always @(posedge CLK) if (SET) Q <= 1'b1; else Q <= D;
endmodule

module DFFSE (
    input  wire D,
    input  wire CLK,
    input  wire CE,
    input  wire SET,
    output reg  Q
);
    initial Q = 1'b1;
    always @(posedge CLK) if (SET) Q <= 1'b1; else if (CE) Q <= D;
endmodule

module DFFC (
    input  wire D,
    input  wire CLK,
    input  wire CLEAR,
    output reg  Q
);
    initial Q = 1'b0;
    always @(posedge CLK or posedge CLEAR) if (CLEAR) Q <= 1'b0; else Q <= D;
endmodule

module DFFCE (
    input  wire D,
    input  wire CLK,
    input  wire CE,
    input  wire CLEAR,
    output reg  Q
);
    initial Q = 1'b0;
    always @(posedge CLK or posedge CLEAR) if (CLEAR) Q <= 1'b0; else if (CE) Q <= D;
endmodule

module DFFP (
    input  wire D,
    input  wire CLK,
    input  wire PRESET,
    output reg  Q
);
    initial Q = 1'b1;
    always @(posedge CLK or posedge PRESET) if (PRESET) Q <= 1'b1; else Q <= D;
endmodule

module DFFPE (
    input  wire D,
    input  wire CLK,
    input  wire CE,
    input  wire PRESET,
    output reg  Q
);
    initial Q = 1'b1;
    always @(posedge CLK or posedge PRESET) if (PRESET) Q <= 1'b1; else if (CE) Q <= D;
endmodule

// 16 words of 1 bit, written at the clock and read at once.
module RAM16SDP1 (
    input  wire [3:0] WAD,
    input  wire [3:0] RAD,
    input  wire       DI,
    input  wire WRE,
    input  wire CLK,
    output wire       DO
);
    parameter [15:0] INIT_0 = 16'd0;
    reg [15:0] bit0;
    initial begin
        bit0 = INIT_0;
    end
    always @(posedge CLK) if (WRE) begin
        bit0[WAD] <= DI;
    end
    assign DO = bit0[RAD];
endmodule

// 16 words of 2 bits, written at the clock and read at once.
module RAM16SDP2 (
    input  wire [3:0] WAD,
    input  wire [3:0] RAD,
    input  wire [1:0] DI,
    input  wire WRE,
    input  wire CLK,
    output wire [1:0] DO
);
    parameter [15:0] INIT_0 = 16'd0;
    parameter [15:0] INIT_1 = 16'd0;
    reg [15:0] bit0, bit1;
    initial begin
        bit0 = INIT_0;
        bit1 = INIT_1;
    end
    always @(posedge CLK) if (WRE) begin
        bit0[WAD] <= DI[0];
        bit1[WAD] <= DI[1];
    end
    assign DO = {bit1[RAD], bit0[RAD]};
endmodule

// 16 words of 4 bits, written at the clock and read at once.
module RAM16SDP4 (
    input  wire [3:0] WAD,
    input  wire [3:0] RAD,
    input  wire [3:0] DI,
    input  wire WRE,
    input  wire CLK,
    output wire [3:0] DO
);
    parameter [15:0] INIT_0 = 16'd0;
    parameter [15:0] INIT_1 = 16'd0;
    parameter [15:0] INIT_2 = 16'd0;
    parameter [15:0] INIT_3 = 16'd0;
    reg [15:0] bit0, bit1, bit2, bit3;
    initial begin
        bit0 = INIT_0;
        bit1 = INIT_1;
        bit2 = INIT_2;
        bit3 = INIT_3;
    end
    always @(posedge CLK) if (WRE) begin
        bit0[WAD] <= DI[0];
        bit1[WAD] <= DI[1];
        bit2[WAD] <= DI[2];
        bit3[WAD] <= DI[3];
    end
    assign DO = {bit3[RAD], bit2[RAD], bit1[RAD], bit0[RAD]};
endmodule

`default_nettype wire
