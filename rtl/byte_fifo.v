// A FIFO of 2^BITS bytes in one clock domain. data_o is the oldest byte while valid_o is high, from two cycles after it was given;
// take_i (only with valid_o) takes it. give_i is ignored while full_o is high. Reset empties it.
`default_nettype none

module byte_fifo #(
    parameter BITS = 5
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       give_i,
    input  wire [7:0] data_i,
    output wire       full_o,
    output wire       valid_o,
    output wire [7:0] data_o,
    input  wire       take_i
);
    reg [7:0]    memory[0:(1<<BITS)-1];
    reg [BITS:0] write_q, read_q;  // the top bits tell full from empty
    reg [7:0]    data_q;
    reg          valid_q;

    wire stored = write_q != read_q;
    wire fetch  = stored & (~valid_q | take_i);
    wire write  = give_i & ~full_o;

    assign full_o  = write_q == {~read_q[BITS], read_q[BITS-1:0]};
    assign valid_o = valid_q;
    assign data_o  = data_q;

    // A word is never written and read in the same cycle: saying so saves a bypass in synthesis.
    wire meet = write & (write_q[BITS-1:0] == read_q[BITS-1:0]);
    always @(posedge clk_i) if (write) memory[write_q[BITS-1:0]] <= data_i;
    always @(posedge clk_i) if (fetch) data_q <= meet ? 8'bx : memory[read_q[BITS-1:0]];
    always @(posedge clk_i)
        if (rst_i) begin
            write_q <= {BITS+1{1'b0}};
            read_q  <= {BITS+1{1'b0}};
            valid_q <= 1'b0;
        end else begin
            if (write) write_q <= write_q + 1'b1;
            if (fetch) read_q  <= read_q + 1'b1;
            valid_q <= fetch | (valid_q & ~take_i);
        end
endmodule

`default_nettype wire
