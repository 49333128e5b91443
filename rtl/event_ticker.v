// A tick every INTERVAL_CYCLES, the first DELAY_CYCLES after the end of reset, and the number of the event it belongs
// to: 0, 1, ... 2^ADDRESS_BITS - 1, 0, ... . Both are registered and stand in the same cycle.
// Ranges: both 16 bits, INTERVAL_CYCLES at least 1. Reset restarts the sequence.
`default_nettype none

module event_ticker #(
    parameter        ADDRESS_BITS    = 8,
    parameter [15:0] DELAY_CYCLES    = 16'd0,
    parameter [15:0] INTERVAL_CYCLES = 16'd1
) (
    input  wire                    clk_i,
    input  wire                    rst_i,
    output wire                    tick_o,
    output wire [ADDRESS_BITS-1:0] index_o
);
    reg [15:0]             left_q;
    reg                    tick_q;
    reg [ADDRESS_BITS-1:0] index_q;

    assign tick_o  = tick_q;
    assign index_o = index_q;

    wire due = left_q == 16'd0;

    always @(posedge clk_i)
        if (rst_i) begin
            left_q <= DELAY_CYCLES;
            tick_q <= 1'b0;
        end else begin
            left_q <= (due ? INTERVAL_CYCLES : left_q) - 16'd1;
            tick_q <= due;
        end

    always @(posedge clk_i)
        if (rst_i)
            index_q <= {ADDRESS_BITS{1'b0}};
        else if (tick_q)
            index_q <= index_q + 1'b1;
endmodule

`default_nettype wire
