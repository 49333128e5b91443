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

// 4 Kbit of block memory: 256 words of 16 bits, or narrower ones (modes 1 to 3: 8, 4, 2 bits) that take every 2nd, 4th or 8th bit
// of a word, chosen by the upper bits of the address. MASK is low where a bit is written.
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
    parameter READ_MODE  = 0;
    parameter [255:0] INIT_0 = 0, INIT_1 = 0, INIT_2 = 0, INIT_3 = 0, INIT_4 = 0, INIT_5 = 0, INIT_6 = 0, INIT_7 = 0, INIT_8 = 0,
                      INIT_9 = 0, INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0, INIT_E = 0, INIT_F = 0;
    localparam [4095:0] CONTENT = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8, INIT_7, INIT_6, INIT_5, INIT_4,
                                   INIT_3, INIT_2, INIT_1, INIT_0};
    localparam WRITE_STEP = 1 << WRITE_MODE, READ_STEP = 1 << READ_MODE;  // bits of a word per bit of the port

    reg [15:0] memory[0:255];
    reg [15:0] read_q;
    reg [10:0] address_q;
    integer    word;
    initial for (word = 0; word < 256; word = word + 1) memory[word] = CONTENT[16 * word +: 16];

    // Where the ports' bits lie: in the middle of their groups (modes 2 and 3), at their start (mode 1).
    wire [2:0] write_part = WADDR[10:8], read_part = address_q[10:8];
    genvar b;
    generate
        for (b = 0; b < 16; b = b + 1) begin : bits
            wire mine = write_part == b % WRITE_STEP;
            always @(posedge WCLK)
                if (WE && WCLKE && (WRITE_MODE == 0 ? ~MASK[b] : mine))
                    memory[WADDR[7:0]][b] <= WDATA[b - b % WRITE_STEP + (WRITE_STEP - 1) / 2];
            assign RDATA[b] = b % READ_STEP == (READ_STEP - 1) / 2 && read_q[b - b % READ_STEP + (READ_MODE == 0 ? 0 : {29'd0, read_part})];
        end
    endgenerate
    always @(posedge RCLK)
        if (RE && RCLKE) begin
            read_q    <= memory[RADDR[7:0]];
            address_q <= RADDR;
        end
endmodule

// A buffer onto a global net: yosys puts it before clocks and enables.
module SB_GB (
    input  wire USER_SIGNAL_TO_GLOBAL_BUFFER,
    output wire GLOBAL_BUFFER_OUTPUT
);
    assign GLOBAL_BUFFER_OUTPUT = USER_SIGNAL_TO_GLOBAL_BUFFER;
endmodule

`default_nettype wire
