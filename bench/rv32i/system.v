// A core and 8 KiB of memory that answers a cycle after it is asked: for size, speed and cycles, ours and (with PICORV32)
// the peer's in its smallest form. A store from 0x10000 on is the result.
`default_nettype none

module system (
    input  wire        clk_i,
    input  wire        rst_i,
    output reg         done_o,
    output reg  [31:0] result_o
);
    wire        valid;
    wire [31:0] address, wdata;
    wire [3:0]  wstrb;
    reg         ready_q;
    reg  [31:0] rdata_q;
    (* ram_style = "block" *) reg [31:0] memory[0:2047];
    initial $readmemh("program.hex", memory);

    wire ask = valid & ~ready_q;
    always @(posedge clk_i) ready_q <= ask & ~rst_i;
    always @(posedge clk_i) begin
        if (~ready_q & wstrb[0] & ~address[16]) memory[address[12:2]][7:0]   <= wdata[7:0];
        if (~ready_q & wstrb[1] & ~address[16]) memory[address[12:2]][15:8]  <= wdata[15:8];
        if (~ready_q & wstrb[2] & ~address[16]) memory[address[12:2]][23:16] <= wdata[23:16];
        if (~ready_q & wstrb[3] & ~address[16]) memory[address[12:2]][31:24] <= wdata[31:24];
        if (ask & wstrb == 4'd0) rdata_q <= memory[address[12:2]];
    end
    always @(posedge clk_i) begin
        if (ask & wstrb != 4'd0 & address[16]) result_o <= wdata;
        done_o <= ~rst_i & (done_o | (ask & wstrb != 4'd0 & address[16]));
    end

    core core (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .valid_o(valid),
        .address_o(address),
        .wdata_o(wdata),
        .wstrb_o(wstrb),
        .ready_i(ready_q),
        .rdata_i(rdata_q),
        .irq_i(2'b00)
    );
endmodule

// The same with few pins, for a package that has few.
module pins (
    input  wire clk_i,
    input  wire rst_i,
    output reg  done_o,
    output reg  parity_o
);
    wire        done;
    wire [31:0] result;
    always @(posedge clk_i) {done_o, parity_o} <= {done, ^result};
    system system (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .done_o(done),
        .result_o(result)
    );
endmodule

module core (
    input  wire        clk_i,
    input  wire        rst_i,
    output wire        valid_o,
    output wire [31:0] address_o,
    output wire [31:0] wdata_o,
    output wire [3:0]  wstrb_o,
    input  wire        ready_i,
    input  wire [31:0] rdata_i,
    input  wire [1:0]  irq_i
);
`ifdef MULDIV
    localparam HAS_M = 1;
`else
    localparam HAS_M = 0;
`endif
`ifdef COUNTERS
    localparam HAS_COUNTERS = 1;
`else
    localparam HAS_COUNTERS = 0;
`endif
`ifdef PICORV32
    picorv32 #(
        .ENABLE_COUNTERS(0),
        .ENABLE_COUNTERS64(0),
        .CATCH_MISALIGN(`PICORV32),
        .CATCH_ILLINSN(`PICORV32),
        .ENABLE_IRQ(`PICORV32),
        .ENABLE_MUL(HAS_M),
        .ENABLE_DIV(HAS_M)
    ) cpu (
        .clk(clk_i),
        .resetn(~rst_i),
        .mem_valid(valid_o),
        .mem_ready(ready_i),
        .mem_addr(address_o),
        .mem_wdata(wdata_o),
        .mem_wstrb(wstrb_o),
        .mem_rdata(rdata_i),
        .pcpi_wr(1'b0),
        .pcpi_rd(32'd0),
        .pcpi_wait(1'b0),
        .pcpi_ready(1'b0),
        .irq({30'd0, irq_i & {2{1'b`PICORV32}}})
    );
`else
    rv32i #(
        .MULDIV(HAS_M),
        .COUNTERS(HAS_COUNTERS)
    ) cpu (
        .clk_i(clk_i),
        .rst_i(rst_i),
        .bus_valid_o(valid_o),
        .bus_addr_o(address_o),
        .bus_wdata_o(wdata_o),
        .bus_wstrb_o(wstrb_o),
        .bus_ready_i(ready_i),
        .bus_rdata_i(rdata_i),
        .timer_irq_i(irq_i[0]),
        .external_irq_i(irq_i[1])
    );
`endif
endmodule

`default_nettype wire
