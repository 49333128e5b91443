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

`default_nettype wire
