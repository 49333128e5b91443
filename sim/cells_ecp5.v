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

// 16 words of 4 bits in the LUTs of two slices: written at the clock edge, read at once. Networks invert neither clock
// nor enable.
module TRELLIS_DPR16X4 (
    input  wire [3:0] DI,
    input  wire [3:0] WAD,
    input  wire       WRE,
    input  wire       WCK,
    input  wire [3:0] RAD,
    output wire [3:0] DO
);
    parameter WCKMUX = "WCK";
    parameter WREMUX = "WRE";
    parameter [63:0] INITVAL = 64'd0;
`ifdef VERILATOR
    initial begin
        if (WCKMUX != "WCK") $fatal(1, "TRELLIS_DPR16X4: WCKMUX \"%0s\" is not modelled, only \"WCK\"", WCKMUX);
        if (WREMUX != "WRE") $fatal(1, "TRELLIS_DPR16X4: WREMUX \"%0s\" is not modelled, only \"WRE\"", WREMUX);
    end
`endif
    reg [63:0] words = INITVAL;
    always @(posedge WCK) if (WRE) words[4 * WAD +: 4] <= DI;
    assign DO = words[4 * RAD +: 4];
endmodule

// The multiplier as networks use it: 18 x 18 bits, each factor signed or not, no registers, factors from A and B
// themselves. Pins for cascades and clocks are there to be left open or at 0. Any other way is refused in simulation.
module MULT18X18D (
    input wire
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0, B17, B16, B15, B14,
        B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0, C17, C16, C15, C14, C13, C12, C11, C10,
        C9, C8, C7, C6, C5, C4, C3, C2, C1, C0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CLK1, CLK2, CLK3,
        CE0, CE1, CE2, CE3, RST0, RST1, RST2, RST3, SRIA17, SRIA16, SRIA15, SRIA14, SRIA13, SRIA12, SRIA11,
        SRIA10, SRIA9, SRIA8, SRIA7, SRIA6, SRIA5, SRIA4, SRIA3, SRIA2, SRIA1, SRIA0, SRIB17, SRIB16, SRIB15,
        SRIB14, SRIB13, SRIB12, SRIB11, SRIB10, SRIB9, SRIB8, SRIB7, SRIB6, SRIB5, SRIB4, SRIB3, SRIB2,
        SRIB1, SRIB0,
    output wire
        SROA17, SROA16, SROA15, SROA14, SROA13, SROA12, SROA11, SROA10, SROA9, SROA8, SROA7, SROA6, SROA5,
        SROA4, SROA3, SROA2, SROA1, SROA0, SROB17, SROB16, SROB15, SROB14, SROB13, SROB12, SROB11, SROB10,
        SROB9, SROB8, SROB7, SROB6, SROB5, SROB4, SROB3, SROB2, SROB1, SROB0, ROA17, ROA16, ROA15, ROA14,
        ROA13, ROA12, ROA11, ROA10, ROA9, ROA8, ROA7, ROA6, ROA5, ROA4, ROA3, ROA2, ROA1, ROA0, ROB17, ROB16,
        ROB15, ROB14, ROB13, ROB12, ROB11, ROB10, ROB9, ROB8, ROB7, ROB6, ROB5, ROB4, ROB3, ROB2, ROB1, ROB0,
        ROC17, ROC16, ROC15, ROC14, ROC13, ROC12, ROC11, ROC10, ROC9, ROC8, ROC7, ROC6, ROC5, ROC4, ROC3,
        ROC2, ROC1, ROC0, P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20,
        P19, P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0, SIGNEDP
);
    parameter REG_INPUTA_CLK = "NONE", REG_INPUTB_CLK = "NONE", REG_INPUTC_CLK = "NONE", REG_PIPELINE_CLK = "NONE",
              REG_OUTPUT_CLK = "NONE", MULT_BYPASS = "DISABLED";
`ifdef VERILATOR
    initial begin
        if (REG_INPUTA_CLK != "NONE") $fatal(1, "MULT18X18D: REG_INPUTA_CLK: registers are not modelled");
        if (REG_INPUTB_CLK != "NONE") $fatal(1, "MULT18X18D: REG_INPUTB_CLK: registers are not modelled");
        if (REG_INPUTC_CLK != "NONE") $fatal(1, "MULT18X18D: REG_INPUTC_CLK: registers are not modelled");
        if (REG_PIPELINE_CLK != "NONE") $fatal(1, "MULT18X18D: REG_PIPELINE_CLK: registers are not modelled");
        if (REG_OUTPUT_CLK != "NONE") $fatal(1, "MULT18X18D: REG_OUTPUT_CLK: registers are not modelled");
        if (MULT_BYPASS != "DISABLED") $fatal(1, "MULT18X18D: MULT_BYPASS is not modelled");
    end
    always @(*) begin
        if (SOURCEA) $fatal(1, "MULT18X18D: SOURCEA: factors from a neighbour are not modelled");
        if (SOURCEB) $fatal(1, "MULT18X18D: SOURCEB: factors from a neighbour are not modelled");
    end
`endif
    wire [17:0] a_bits = {
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0
    };
    wire [17:0] b_bits = {
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0
    };
    wire signed [18:0] a = {SIGNEDA && A17, a_bits}, b = {SIGNEDB && B17, b_bits};
    wire signed [37:0] product = a * b;
    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16,
        P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
    } = product[35:0];
    assign {
        SROA17, SROA16, SROA15, SROA14, SROA13, SROA12, SROA11, SROA10, SROA9, SROA8, SROA7, SROA6, SROA5,
        SROA4, SROA3, SROA2, SROA1, SROA0, SROB17, SROB16, SROB15, SROB14, SROB13, SROB12, SROB11, SROB10,
        SROB9, SROB8, SROB7, SROB6, SROB5, SROB4, SROB3, SROB2, SROB1, SROB0, ROA17, ROA16, ROA15, ROA14,
        ROA13, ROA12, ROA11, ROA10, ROA9, ROA8, ROA7, ROA6, ROA5, ROA4, ROA3, ROA2, ROA1, ROA0, ROB17, ROB16,
        ROB15, ROB14, ROB13, ROB12, ROB11, ROB10, ROB9, ROB8, ROB7, ROB6, ROB5, ROB4, ROB3, ROB2, ROB1, ROB0,
        ROC17, ROC16, ROC15, ROC14, ROC13, ROC12, ROC11, ROC10, ROC9, ROC8, ROC7, ROC6, ROC5, ROC4, ROC3,
        ROC2, ROC1, ROC0, SIGNEDP
    } = 91'd0;
endmodule

// Which bits of a 36-bit row of block memory a port of WIDTH bits sees. A row is four bytes of 9 bits; ports of less
// than 9 bits leave the ninth alone. Bits 4 and 3 of the address choose the byte, those below a part of it. A port of
// 18 or 36 bits takes the address bits that it has no use for as byte enables.
module sluice_block_port (
    input  wire [13:0] address_i,
    output wire [ 5:0] shift_o,
    output wire [35:0] mask_o
);
    parameter WIDTH = 18;
    wire [5:0] byte_shift = 9 * address_i[4:3];
    wire [3:0] enables = WIDTH == 36 ? address_i[3:0] : WIDTH == 18 ? address_i[1:0] : 4'b0001;
    wire [8:0] ones = WIDTH >= 9 ? 9'h1ff : (1 << WIDTH) - 1;
    assign shift_o = WIDTH == 36 ? 6'd0 : WIDTH == 18 ? 18 * address_i[4] :
                     WIDTH == 9 ? byte_shift : byte_shift + (address_i[2:0] & (8 - WIDTH));
    assign mask_o = {ones & {9{enables[3]}}, ones & {9{enables[2]}}, ones & {9{enables[1]}}, ones & {9{enables[0]}}}
                    << shift_o;
endmodule

// A block memory of 512 rows of 36 bits. Ports are 1 to 18 bits wide; or port A writes 36 bits, the upper half from port
// B's data pins; or port B reads 36 bits, the lower half on port A's. As in networks only port A writes, without
// output registers, resets or inverted clocks; all else is refused in simulation. Bits that port B reads while port A
// writes them are not defined: the model answers them inverted, so that who relies on them is noticed.
module DP16KD (
    input wire
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3,
        DIA2, DIA1, DIA0, ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1,
        ADA0, WEA, CEA, OCEA, CLKA, RSTA, CSA2, CSA1, CSA0, DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11,
        DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0, ADB13, ADB12, ADB11, ADB10, ADB9,
        ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0, WEB, CEB, OCEB, CLKB, RSTB, CSB2, CSB1, CSB0,
    output wire
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3,
        DOA2, DOA1, DOA0, DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6,
        DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB", REGMODE_A = "NOREG", REGMODE_B = "NOREG", WRITEMODE_A = "NORMAL",
              WRITEMODE_B = "NORMAL", CSDECODE_A = "0b000", CSDECODE_B = "0b000", RESETMODE = "SYNC",
              ASYNC_RESET_RELEASE = "SYNC", GSR = "ENABLED", WID = 0;
    parameter [319:0]
        INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0, INITVAL_05 = 0,
        INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0,
        INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0,
        INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0,
        INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0,
        INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0,
        INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0, INITVAL_28 = 0, INITVAL_29 = 0,
        INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0,
        INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0,
        INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
        INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;
    localparam A_KEEPS = WRITEMODE_A == "NORMAL"; // what port A read last stays on its pins while it writes
`ifdef VERILATOR
    initial begin
        if (DATA_WIDTH_A != 1 && DATA_WIDTH_A != 2 && DATA_WIDTH_A != 4 && DATA_WIDTH_A != 9 && DATA_WIDTH_A != 18 &&
            DATA_WIDTH_A != 36) $fatal(1, "DP16KD: DATA_WIDTH_A %0d is not a width of a port", DATA_WIDTH_A);
        if (DATA_WIDTH_B != 1 && DATA_WIDTH_B != 2 && DATA_WIDTH_B != 4 && DATA_WIDTH_B != 9 && DATA_WIDTH_B != 18 &&
            DATA_WIDTH_B != 36) $fatal(1, "DP16KD: DATA_WIDTH_B %0d is not a width of a port", DATA_WIDTH_B);
        if (CLKAMUX != "CLKA") $fatal(1, "DP16KD: CLKAMUX \"%0s\" is not modelled, only \"CLKA\"", CLKAMUX);
        if (CLKBMUX != "CLKB") $fatal(1, "DP16KD: CLKBMUX \"%0s\" is not modelled, only \"CLKB\"", CLKBMUX);
        if (REGMODE_A != "NOREG") $fatal(1, "DP16KD: REGMODE_A \"%0s\" is not modelled, only \"NOREG\"", REGMODE_A);
        if (REGMODE_B != "NOREG") $fatal(1, "DP16KD: REGMODE_B \"%0s\" is not modelled, only \"NOREG\"", REGMODE_B);
        if (CSDECODE_A != "0b000") $fatal(1, "DP16KD: CSDECODE_A \"%0s\" is not modelled, only \"0b000\"", CSDECODE_A);
        if (CSDECODE_B != "0b000") $fatal(1, "DP16KD: CSDECODE_B \"%0s\" is not modelled, only \"0b000\"", CSDECODE_B);
        if (WRITEMODE_A != "NORMAL" && WRITEMODE_A != "READBEFOREWRITE")
            $fatal(1, "DP16KD: WRITEMODE_A \"%0s\" is not modelled", WRITEMODE_A);
        if (DATA_WIDTH_A == 36 && WRITEMODE_A != "NORMAL")
            $fatal(1, "DP16KD: DATA_WIDTH_A 36 with WRITEMODE_A \"%0s\" is not modelled", WRITEMODE_A);
    end
`endif
    wire [13:0] a_address = {
        ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0
    };
    wire [13:0] b_address = {
        ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0
    };
    wire [35:0] a_data = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3,
        DIB2, DIB1, DIB0, DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6,
        DIA5, DIA4, DIA3, DIA2, DIA1, DIA0
    };
    wire [5:0] a_shift, b_shift;
    wire [35:0] a_mask, b_mask;
    sluice_block_port #(.WIDTH(DATA_WIDTH_A)) u_a (.address_i(a_address), .shift_o(a_shift), .mask_o(a_mask));
    sluice_block_port #(.WIDTH(DATA_WIDTH_B)) u_b (.address_i(b_address), .shift_o(b_shift), .mask_o(b_mask));

    reg [35:0] rows [0:511];
    wire [20479:0] init = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };
    integer i;
    initial begin
        for (i = 0; i < 512; i = i + 1) rows[i] = {init[40 * i + 20 +: 18], init[40 * i +: 18]};
    end
    reg [35:0] a_word = 36'd0, b_word = 36'd0;
    wire a_writes = CEA && WEA;
    wire [35:0] a_row = rows[a_address[13:5]], b_row = rows[b_address[13:5]];
    wire [35:0] torn = a_writes && a_address[13:5] == b_address[13:5] ? a_mask : 36'd0;
    always @(posedge CLKA) begin
        if (a_writes) rows[a_address[13:5]] <= (a_row & ~a_mask) | ((a_data << a_shift) & a_mask);
        if (CEA && !(WEA && A_KEEPS)) a_word <= a_row >> a_shift;
    end
    always @(posedge CLKB) if (CEB) b_word <= (b_row ^ torn) >> b_shift;
    assign {
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3,
        DOA2, DOA1, DOA0
    } = DATA_WIDTH_B == 36 ? b_word[17:0] : a_word[17:0];
    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3,
        DOB2, DOB1, DOB0
    } = DATA_WIDTH_B == 36 ? b_word[35:18] : b_word[17:0];
`ifdef VERILATOR
    always @(*) begin
        if (WEB) $fatal(1, "DP16KD: WEB: only port A may write");
        if (RSTA || RSTB) $fatal(1, "DP16KD: RSTA, RSTB: resets are not modelled");
        if (CSA2 || CSA1 || CSA0 || CSB2 || CSB1 || CSB0) $fatal(1, "DP16KD: CSA, CSB: selects are not modelled");
    end
`endif
endmodule

`default_nettype wire
