// Models of the iCE40 cells that Yosys maps networks to, for simulating a netlist in Verilator. Combinational cells
// as one expression, flip-flops as one clocked block; initial values are those of the part: 0.

`default_nettype none

module SB_LUT4 (
    output wire O,
    input  wire I0,
    input  wire I1,
    input  wire I2,
    input  wire I3
);
    parameter [15:0] LUT_INIT = 16'd0;
    assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule

module SB_CARRY (
    output wire CO,
    input  wire I0,
    input  wire I1,
    input  wire CI
);
    assign CO = (I0 & I1) | ((I0 | I1) & CI);
endmodule

// Flip-flops: E enable, SR/R synchronous or asynchronous reset, SS/S set, N falling edge.
`define CELL_FF(name, edge, ports, change)      \
    module name (                               \
        output reg Q,                           \
        input wire C,                           \
        ports                                   \
        input wire D                            \
    );                                          \
        initial Q = 1'b0;                       \
        always @(edge C) change                 \
    endmodule
`define CELL_FF_ASYNC(name, edge, ports, event, change) \
    module name (                                       \
        output reg Q,                                   \
        input wire C,                                   \
        ports                                           \
        input wire D                                    \
    );                                                  \
        initial Q = 1'b0;                               \
        always @(edge C or posedge event) change        \
    endmodule
`define PORT_E input wire E,
`define PORT_R input wire R,
`define PORT_S input wire S,

`CELL_FF(SB_DFF, posedge, , Q <= D;)
`CELL_FF(SB_DFFN, negedge, , Q <= D;)
`CELL_FF(SB_DFFE, posedge, `PORT_E, if (E) Q <= D;)
`CELL_FF(SB_DFFNE, negedge, `PORT_E, if (E) Q <= D;)
`CELL_FF(SB_DFFSR, posedge, `PORT_R, if (R) Q <= 1'b0; else Q <= D;)
`CELL_FF(SB_DFFSS, posedge, `PORT_S, if (S) Q <= 1'b1; else Q <= D;)
`CELL_FF(SB_DFFNSR, negedge, `PORT_R, if (R) Q <= 1'b0; else Q <= D;)
`CELL_FF(SB_DFFNSS, negedge, `PORT_S, if (S) Q <= 1'b1; else Q <= D;)
`CELL_FF(SB_DFFESR, posedge, `PORT_E `PORT_R, if (E) begin if (R) Q <= 1'b0; else Q <= D; end)
`CELL_FF(SB_DFFESS, posedge, `PORT_E `PORT_S, if (E) begin if (S) Q <= 1'b1; else Q <= D; end)
`CELL_FF(SB_DFFNESR, negedge, `PORT_E `PORT_R, if (E) begin if (R) Q <= 1'b0; else Q <= D; end)
`CELL_FF(SB_DFFNESS, negedge, `PORT_E `PORT_S, if (E) begin if (S) Q <= 1'b1; else Q <= D; end)
`CELL_FF_ASYNC(SB_DFFR, posedge, `PORT_R, R, if (R) Q <= 1'b0; else Q <= D;)
`CELL_FF_ASYNC(SB_DFFS, posedge, `PORT_S, S, if (S) Q <= 1'b1; else Q <= D;)
`CELL_FF_ASYNC(SB_DFFER, posedge, `PORT_E `PORT_R, R, if (R) Q <= 1'b0; else if (E) Q <= D;)
`CELL_FF_ASYNC(SB_DFFES, posedge, `PORT_E `PORT_S, S, if (S) Q <= 1'b1; else if (E) Q <= D;)

// A buffer onto a global net: yosys puts it before clocks and enables.
module SB_GB (
    input  wire USER_SIGNAL_TO_GLOBAL_BUFFER,
    output wire GLOBAL_BUFFER_OUTPUT
);
    assign GLOBAL_BUFFER_OUTPUT = USER_SIGNAL_TO_GLOBAL_BUFFER;
endmodule

// A block memory of 256 words of 16 bits. In mode m a port sees 256 << m words of 16 >> m bits: bit k of a word is one
// of the 2^m bits from 2^m * k on, chosen by the address bits from 8 on, and stands on data line 2^m * k + 2^(m-1) - 1
// (k in mode 0). In mode 0 a MASK bit keeps the old bit. Yosys adds the inverted clocks' variants only for designs
// that use both edges.
module SB_RAM40_4K (
    output wire [15:0] RDATA,
    input  wire        RCLK,
    input  wire        RCLKE,
    input  wire        RE,
    input  wire [10:0] RADDR,
    input  wire        WCLK,
    input  wire        WCLKE,
    input  wire        WE,
    input  wire [10:0] WADDR,
    input  wire [15:0] MASK,
    input  wire [15:0] WDATA
);
    parameter WRITE_MODE = 0;
    parameter READ_MODE = 0;
    parameter [255:0] INIT_0 = 256'd0, INIT_1 = 256'd0, INIT_2 = 256'd0, INIT_3 = 256'd0, INIT_4 = 256'd0,
                      INIT_5 = 256'd0, INIT_6 = 256'd0, INIT_7 = 256'd0, INIT_8 = 256'd0, INIT_9 = 256'd0,
                      INIT_A = 256'd0, INIT_B = 256'd0, INIT_C = 256'd0, INIT_D = 256'd0, INIT_E = 256'd0,
                      INIT_F = 256'd0;
    reg [15:0] words [0:255];
    wire [4095:0] init = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8, INIT_7, INIT_6, INIT_5,
                          INIT_4, INIT_3, INIT_2, INIT_1, INIT_0};
    integer i;
    initial begin
        for (i = 0; i < 256; i = i + 1) words[i] = init[16 * i +: 16];
    end
    wire [15:0] keep, data;
    reg [15:0] word = 16'd0;
    reg [2:0] part = 3'd0;
    genvar g;
    generate
        for (g = 0; g < 16; g = g + 1) begin : g_bits
            localparam WRITE_LINE = WRITE_MODE == 0 ? g : (g >> WRITE_MODE << WRITE_MODE) + (1 << WRITE_MODE) / 2 - 1;
            localparam READ_FIRST = g >> READ_MODE << READ_MODE;
            localparam READ_LINE = READ_MODE == 0 ? g : READ_FIRST + (1 << READ_MODE) / 2 - 1;
            localparam WRITE_PART = g - (g >> WRITE_MODE << WRITE_MODE);
            assign data[g] = WDATA[WRITE_LINE];
            assign keep[g] = WRITE_MODE == 0 ? MASK[g] : (WADDR[10:8] & ((1 << WRITE_MODE) - 1)) != WRITE_PART;
            assign RDATA[g] = g == READ_LINE && word[READ_FIRST + (part & ((1 << READ_MODE) - 1))];
        end
    endgenerate
    always @(posedge RCLK)
        if (RCLKE && RE) begin
            word <= words[RADDR[7:0]];
            part <= RADDR[10:8];
        end
    always @(posedge WCLK) if (WCLKE && WE) words[WADDR[7:0]] <= (words[WADDR[7:0]] & keep) | (data & ~keep);
endmodule

// The UP5K's multiplier, in the one way that networks use it (boards/flow/mac16.v): 16 x 16 bits, each factor signed or
// not, no registers, the whole product put out. Any other way is refused in simulation.
module SB_MAC16 (
    input  wire        CLK,
    input  wire        CE,
    input  wire [15:0] C,
    input  wire [15:0] A,
    input  wire [15:0] B,
    input  wire [15:0] D,
    input  wire        AHOLD,
    input  wire        BHOLD,
    input  wire        CHOLD,
    input  wire        DHOLD,
    input  wire        IRSTTOP,
    input  wire        IRSTBOT,
    input  wire        ORSTTOP,
    input  wire        ORSTBOT,
    input  wire        OLOADTOP,
    input  wire        OLOADBOT,
    input  wire        ADDSUBTOP,
    input  wire        ADDSUBBOT,
    input  wire        OHOLDTOP,
    input  wire        OHOLDBOT,
    input  wire        CI,
    input  wire        ACCUMCI,
    input  wire        SIGNEXTIN,
    output wire [31:0] O,
    output wire        CO,
    output wire        ACCUMCO,
    output wire        SIGNEXTOUT
);
    parameter [0:0] NEG_TRIGGER = 0, C_REG = 0, A_REG = 0, B_REG = 0, D_REG = 0, TOP_8x8_MULT_REG = 0,
                    BOT_8x8_MULT_REG = 0, PIPELINE_16x16_MULT_REG1 = 0, PIPELINE_16x16_MULT_REG2 = 0;
    parameter [1:0] TOPOUTPUT_SELECT = 0, BOTOUTPUT_SELECT = 0, TOPADDSUB_LOWERINPUT = 0, TOPADDSUB_CARRYSELECT = 0,
                    BOTADDSUB_LOWERINPUT = 0, BOTADDSUB_CARRYSELECT = 0;
    parameter [0:0] TOPADDSUB_UPPERINPUT = 0, BOTADDSUB_UPPERINPUT = 0, MODE_8x8 = 0, A_SIGNED = 0, B_SIGNED = 0;
    localparam SUPPORTED = TOPOUTPUT_SELECT == 2'b11 && BOTOUTPUT_SELECT == 2'b11 && !MODE_8x8 && !C_REG && !A_REG &&
                           !B_REG && !D_REG && !TOP_8x8_MULT_REG && !BOT_8x8_MULT_REG && !PIPELINE_16x16_MULT_REG1 &&
                           !PIPELINE_16x16_MULT_REG2;
`ifdef VERILATOR
    initial if (!SUPPORTED) $fatal(1, "SB_MAC16: only 16 x 16 bits without registers are modelled");
`endif
    wire signed [16:0] a = {A_SIGNED && A[15], A}, b = {B_SIGNED && B[15], B};
    wire signed [33:0] product = a * b;
    assign O = product[31:0];
    assign CO = 1'b0;
    assign ACCUMCO = 1'b0;
    assign SIGNEXTOUT = 1'b0;
endmodule

`default_nettype wire
