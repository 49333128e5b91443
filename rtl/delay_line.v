// A bit CYCLES cycles later. Up to 64 cycles in flip-flops, beyond in a ring of block memory. CYCLES 1 to 65535. Reset, of at
// least CYCLES cycles where it is a ring, empties it.
`default_nettype none

module delay_line #(
    parameter CYCLES = 4
) (
    input  wire clk_i,
    input  wire rst_i,
    input  wire data_i,
    output wire data_o
);
    generate
        if (CYCLES <= 64) begin : g_shift
            reg [CYCLES-1:0] line_q;
            assign data_o = line_q[CYCLES-1];
            if (CYCLES == 1) begin : g_one
                always @(posedge clk_i) line_q <= ~rst_i & data_i;
            end else begin : g_more
                always @(posedge clk_i) line_q <= rst_i ? {CYCLES{1'b0}} : {line_q[CYCLES-2:0], data_i};
            end
        end else begin : g_ring
            // Read at the place after the one that is written, which is the oldest.
            localparam BITS = $clog2(CYCLES);
            localparam [31:0] END = CYCLES - 1;
            localparam [BITS-1:0] LAST = END[BITS-1:0];
            (* ram_style = "block" *) reg ring[0:CYCLES-1];
            reg [BITS-1:0] write_q = {BITS{1'b0}}, read_q = {{BITS-1{1'b0}}, 1'b1};
            reg            data_q;
            assign data_o = data_q;
            integer i;
            initial for (i = 0; i < CYCLES; i = i + 1) ring[i] = 1'b0;
            always @(posedge clk_i) ring[write_q] <= ~rst_i & data_i;
            always @(posedge clk_i) data_q <= ring[read_q];
            always @(posedge clk_i) write_q <= read_q;
            always @(posedge clk_i) read_q <= read_q == LAST ? {BITS{1'b0}} : read_q + 1'b1;
        end
    endgenerate
endmodule

`default_nettype wire
