// Models of the Gowin cells that Yosys maps networks to, for simulating a netlist in Verilator: LUTs, carry bits, flip-flops,
// distributed memories, block memories. Multipliers are not modelled.

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

// Block memories. One holds 2,048 bytes of eight bits, or of nine (types with X9 in their names), in rows of four; a port's address counts
// bits of its words, its lowest bits, which words of two and four bytes have no use for, are the enables of their bytes.
`define SLUICE_BLOCK_INIT parameter [287:0] \
        INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, \
        INIT_RAM_06 = 0, INIT_RAM_07 = 0, INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, \
        INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0, INIT_RAM_10 = 0, INIT_RAM_11 = 0, \
        INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0, \
        INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, \
        INIT_RAM_1E = 0, INIT_RAM_1F = 0, INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, \
        INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0, INIT_RAM_28 = 0, INIT_RAM_29 = 0, \
        INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0, \
        INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, \
        INIT_RAM_36 = 0, INIT_RAM_37 = 0, INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, \
        INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0;
`define SLUICE_BLOCK_CONTENT { \
        INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, INIT_RAM_38, \
        INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30, \
        INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28, \
        INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20, \
        INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18, \
        INIT_RAM_17, INIT_RAM_16, INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10, \
        INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08, \
        INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00 }

// Where a word stands in its row, and which of the row's bits are written.
module sluice_block_port (
    input  wire [13:0] address_i,
    output wire [ 5:0] shift_o,
    output wire [35:0] mask_o
);
    parameter BYTE = 8, WIDTH = 8;
    localparam BYTES = WIDTH / BYTE; // 0: less than one
    wire [3:0] enables = BYTES == 4 ? address_i[3:0] : BYTES == 2 ? {2'b00, address_i[1:0]} : 4'b0001;
    wire [35:0] ones = WIDTH < BYTE ? (1 << WIDTH) - 1 : (1 << BYTE) - 1;
    wire [5:0] byte_shift = BYTE * address_i[4:3];
    assign shift_o = BYTES == 4 ? 6'd0 : BYTES == 2 ? 2 * BYTE * address_i[4] :
                     BYTES == 1 ? byte_shift : byte_shift + (address_i[2:0] & (8 - WIDTH));
    assign mask_o = ((enables[0] ? ones : 36'd0) | (enables[1] ? ones << BYTE : 36'd0) |
                     (enables[2] ? ones << 2 * BYTE : 36'd0) | (enables[3] ? ones << 3 * BYTE : 36'd0)) << shift_o;
endmodule

// Both ports; what one reads of a row that the other writes in that cycle is wrong in the bits that are written.
// MODE: while a port writes it keeps what it read (0), gives what it writes (1), or what was there (2).
module sluice_block (
    input  wire        a_clk_i, a_ce_i, a_we_i, b_clk_i, b_ce_i, b_we_i,
    input  wire [13:0] a_address_i, b_address_i,
    input  wire [35:0] a_data_i, b_data_i,
    output wire [35:0] a_data_o, b_data_o
);
    parameter BYTE = 8, A_WIDTH = 8, B_WIDTH = 8, A_MODE = 0, B_MODE = 0;
    parameter [18431:0] CONTENT = 0;
    wire [5:0] a_shift, b_shift;
    wire [35:0] a_mask, b_mask;
    sluice_block_port #(.BYTE(BYTE), .WIDTH(A_WIDTH)) u_a (.address_i(a_address_i), .shift_o(a_shift), .mask_o(a_mask));
    sluice_block_port #(.BYTE(BYTE), .WIDTH(B_WIDTH)) u_b (.address_i(b_address_i), .shift_o(b_shift), .mask_o(b_mask));

    reg [35:0] rows [0:511];
    wire [18431:0] content = CONTENT;
    integer i;
    initial for (i = 0; i < 512; i = i + 1)
        rows[i] = BYTE == 9 ? content[36 * i +: 36] : {4'd0, content[288 * (i / 8) + 32 * (i % 8) +: 32]};
    wire a_writes = a_ce_i && a_we_i, b_writes = b_ce_i && b_we_i, same = a_address_i[13:5] == b_address_i[13:5];
    wire [35:0] a_row = rows[a_address_i[13:5]], b_row = rows[b_address_i[13:5]];
    wire [35:0] a_new = (a_row & ~a_mask) | ((a_data_i << a_shift) & a_mask);
    wire [35:0] b_new = (b_row & ~b_mask) | ((b_data_i << b_shift) & b_mask);
    wire [35:0] a_torn = b_writes && same ? b_mask : 36'd0, b_torn = a_writes && same ? a_mask : 36'd0;
    reg [35:0] a_q = 36'd0, b_q = 36'd0;
    always @(posedge a_clk_i) begin
        if (a_writes) rows[a_address_i[13:5]] <= a_new;
        if (a_ce_i && !(a_we_i && A_MODE == 0)) a_q <= (a_we_i && A_MODE == 1 ? a_new : a_row ^ a_torn) >> a_shift;
    end
    always @(posedge b_clk_i) begin
        if (b_writes) rows[b_address_i[13:5]] <= b_new;
        if (b_ce_i && !(b_we_i && B_MODE == 0)) b_q <= (b_we_i && B_MODE == 1 ? b_new : b_row ^ b_torn) >> b_shift;
    end
    assign a_data_o = a_q;
    assign b_data_o = b_q;
endmodule

// One port.
module SP (
    input  wire CLK, CE, WRE, OCE, RESET,
    input  wire [13:0] AD,
    input  wire [2:0] BLKSEL,
    input  wire [31:0] DI,
    output wire [31:0] DO
);
    parameter BIT_WIDTH = 32, READ_MODE = 0, WRITE_MODE = 0, BLK_SEL = 0, RESET_MODE = "SYNC";
    `SLUICE_BLOCK_INIT
    wire [35:0] word;
    sluice_block #(.BYTE(8), .A_WIDTH(BIT_WIDTH), .B_WIDTH(BIT_WIDTH), .A_MODE(WRITE_MODE), .CONTENT(`SLUICE_BLOCK_CONTENT)) u_block (
        .a_clk_i(CLK), .a_ce_i(CE), .a_we_i(WRE), .a_address_i(AD), .a_data_i({4'd0, DI}), .a_data_o(word),
        .b_clk_i(1'b0), .b_ce_i(1'b0), .b_we_i(1'b0), .b_address_i(14'd0), .b_data_i(36'd0), .b_data_o()
    );
    assign DO = word[31:0];
`ifdef VERILATOR
    initial begin
        if (READ_MODE != 0) $fatal(1, "SP: READ_MODE is not modelled, only 0");
        if (BLK_SEL != 0) $fatal(1, "SP: BLK_SEL is not modelled, only 0");
    end
    always @(*) begin
        if (RESET) $fatal(1, "SP: resets are not modelled");
        if (BLKSEL != 0) $fatal(1, "SP: selects are not modelled");
    end
`endif
endmodule

// Both ports read and write.
module DPB (
    input  wire CLKA, CEA, WREA, OCEA, RESETA, CLKB, CEB, WREB, OCEB, RESETB,
    input  wire [13:0] ADA, ADB,
    input  wire [2:0] BLKSELA, BLKSELB,
    input  wire [15:0] DIA, DIB,
    output wire [15:0] DOA, DOB
);
    parameter BIT_WIDTH_0 = 16, BIT_WIDTH_1 = 16, READ_MODE0 = 0, READ_MODE1 = 0, WRITE_MODE0 = 0, WRITE_MODE1 = 0, BLK_SEL_0 = 0,
              BLK_SEL_1 = 0, RESET_MODE = "SYNC";
    `SLUICE_BLOCK_INIT
    wire [35:0] a_word, b_word;
    sluice_block #(.BYTE(8), .A_WIDTH(BIT_WIDTH_0), .B_WIDTH(BIT_WIDTH_1), .A_MODE(WRITE_MODE0), .B_MODE(WRITE_MODE1),
                   .CONTENT(`SLUICE_BLOCK_CONTENT)) u_block (
        .a_clk_i(CLKA), .a_ce_i(CEA), .a_we_i(WREA), .a_address_i(ADA), .a_data_i({20'd0, DIA}), .a_data_o(a_word),
        .b_clk_i(CLKB), .b_ce_i(CEB), .b_we_i(WREB), .b_address_i(ADB), .b_data_i({20'd0, DIB}), .b_data_o(b_word)
    );
    assign DOA = a_word[15:0];
    assign DOB = b_word[15:0];
`ifdef VERILATOR
    initial begin
        if (READ_MODE0 != 0) $fatal(1, "DPB: READ_MODE0 is not modelled, only 0");
        if (READ_MODE1 != 0) $fatal(1, "DPB: READ_MODE1 is not modelled, only 0");
        if (BLK_SEL_0 != 0) $fatal(1, "DPB: BLK_SEL_0 is not modelled, only 0");
        if (BLK_SEL_1 != 0) $fatal(1, "DPB: BLK_SEL_1 is not modelled, only 0");
    end
    always @(*) begin
        if (RESETA || RESETB) $fatal(1, "DPB: resets are not modelled");
        if (BLKSELA != 0 || BLKSELB != 0) $fatal(1, "DPB: selects are not modelled");
    end
`endif
endmodule

// One port.
module SPX9 (
    input  wire CLK, CE, WRE, OCE, RESET,
    input  wire [13:0] AD,
    input  wire [2:0] BLKSEL,
    input  wire [35:0] DI,
    output wire [35:0] DO
);
    parameter BIT_WIDTH = 36, READ_MODE = 0, WRITE_MODE = 0, BLK_SEL = 0, RESET_MODE = "SYNC";
    `SLUICE_BLOCK_INIT
    wire [35:0] word;
    sluice_block #(.BYTE(9), .A_WIDTH(BIT_WIDTH), .B_WIDTH(BIT_WIDTH), .A_MODE(WRITE_MODE), .CONTENT(`SLUICE_BLOCK_CONTENT)) u_block (
        .a_clk_i(CLK), .a_ce_i(CE), .a_we_i(WRE), .a_address_i(AD), .a_data_i(DI), .a_data_o(word),
        .b_clk_i(1'b0), .b_ce_i(1'b0), .b_we_i(1'b0), .b_address_i(14'd0), .b_data_i(36'd0), .b_data_o()
    );
    assign DO = word[35:0];
`ifdef VERILATOR
    initial begin
        if (READ_MODE != 0) $fatal(1, "SPX9: READ_MODE is not modelled, only 0");
        if (BLK_SEL != 0) $fatal(1, "SPX9: BLK_SEL is not modelled, only 0");
    end
    always @(*) begin
        if (RESET) $fatal(1, "SPX9: resets are not modelled");
        if (BLKSEL != 0) $fatal(1, "SPX9: selects are not modelled");
    end
`endif
endmodule

// Port A writes, port B reads.
module SDPX9B (
    input  wire CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB,
    input  wire [13:0] ADA, ADB,
    input  wire [2:0] BLKSELA, BLKSELB,
    input  wire [35:0] DI,
    output wire [35:0] DO
);
    parameter BIT_WIDTH_0 = 36, BIT_WIDTH_1 = 36, READ_MODE = 0, BLK_SEL_0 = 0, BLK_SEL_1 = 0, RESET_MODE = "SYNC";
    `SLUICE_BLOCK_INIT
    wire [35:0] word;
    sluice_block #(.BYTE(9), .A_WIDTH(BIT_WIDTH_0), .B_WIDTH(BIT_WIDTH_1), .CONTENT(`SLUICE_BLOCK_CONTENT)) u_block (
        .a_clk_i(CLKA), .a_ce_i(CEA), .a_we_i(1'b1), .a_address_i(ADA), .a_data_i(DI), .a_data_o(),
        .b_clk_i(CLKB), .b_ce_i(CEB), .b_we_i(1'b0), .b_address_i(ADB), .b_data_i(36'd0), .b_data_o(word)
    );
    assign DO = word[35:0];
`ifdef VERILATOR
    initial begin
        if (READ_MODE != 0) $fatal(1, "SDPX9B: READ_MODE is not modelled, only 0");
        if (BLK_SEL_0 != 0) $fatal(1, "SDPX9B: BLK_SEL_0 is not modelled, only 0");
        if (BLK_SEL_1 != 0) $fatal(1, "SDPX9B: BLK_SEL_1 is not modelled, only 0");
    end
    always @(*) begin
        if (RESETA || RESETB) $fatal(1, "SDPX9B: resets are not modelled");
        if (BLKSELA != 0 || BLKSELB != 0) $fatal(1, "SDPX9B: selects are not modelled");
    end
`endif
endmodule

// Both ports read and write.
module DPX9B (
    input  wire CLKA, CEA, WREA, OCEA, RESETA, CLKB, CEB, WREB, OCEB, RESETB,
    input  wire [13:0] ADA, ADB,
    input  wire [2:0] BLKSELA, BLKSELB,
    input  wire [17:0] DIA, DIB,
    output wire [17:0] DOA, DOB
);
    parameter BIT_WIDTH_0 = 18, BIT_WIDTH_1 = 18, READ_MODE0 = 0, READ_MODE1 = 0, WRITE_MODE0 = 0, WRITE_MODE1 = 0, BLK_SEL_0 = 0,
              BLK_SEL_1 = 0, RESET_MODE = "SYNC";
    `SLUICE_BLOCK_INIT
    wire [35:0] a_word, b_word;
    sluice_block #(.BYTE(9), .A_WIDTH(BIT_WIDTH_0), .B_WIDTH(BIT_WIDTH_1), .A_MODE(WRITE_MODE0), .B_MODE(WRITE_MODE1),
                   .CONTENT(`SLUICE_BLOCK_CONTENT)) u_block (
        .a_clk_i(CLKA), .a_ce_i(CEA), .a_we_i(WREA), .a_address_i(ADA), .a_data_i({18'd0, DIA}), .a_data_o(a_word),
        .b_clk_i(CLKB), .b_ce_i(CEB), .b_we_i(WREB), .b_address_i(ADB), .b_data_i({18'd0, DIB}), .b_data_o(b_word)
    );
    assign DOA = a_word[17:0];
    assign DOB = b_word[17:0];
`ifdef VERILATOR
    initial begin
        if (READ_MODE0 != 0) $fatal(1, "DPX9B: READ_MODE0 is not modelled, only 0");
        if (READ_MODE1 != 0) $fatal(1, "DPX9B: READ_MODE1 is not modelled, only 0");
        if (BLK_SEL_0 != 0) $fatal(1, "DPX9B: BLK_SEL_0 is not modelled, only 0");
        if (BLK_SEL_1 != 0) $fatal(1, "DPX9B: BLK_SEL_1 is not modelled, only 0");
    end
    always @(*) begin
        if (RESETA || RESETB) $fatal(1, "DPX9B: resets are not modelled");
        if (BLKSELA != 0 || BLKSELB != 0) $fatal(1, "DPX9B: selects are not modelled");
    end
`endif
endmodule
