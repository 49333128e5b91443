// A tick every INTERVAL_CYCLES, the first DELAY_CYCLES after the end of reset, and the number of the event it belongs
// to: 0, 1, ... 2^ADDRESS_BITS - 1, 0, ... . Both are registered and stand in the same cycle.
// Ranges: DELAY_CYCLES from 0, INTERVAL_CYCLES from 1, both below 2^16. Reset restarts the sequence.
`default_nettype none

module event_ticker #(
    parameter ADDRESS_BITS    = 8,
    parameter DELAY_CYCLES    = 0,
    parameter INTERVAL_CYCLES = 1
) (
    input  wire                    clk_i,
    input  wire                    rst_i,
    output wire                    tick_o,
    output wire [ADDRESS_BITS-1:0] index_o
);
    // Bits of a counter that runs from cycles - 1 down to -1, whose sign then says that the time has come: one level
    // of logic, where a comparison with zero would be several.
    function integer counter_bits(input integer cycles);
        integer bits;
        begin
            bits = 1;
            while ((1 << (bits - 1)) < cycles) bits = bits + 1;
            counter_bits = bits;
        end
    endfunction

    localparam BITS = counter_bits(DELAY_CYCLES > INTERVAL_CYCLES ? DELAY_CYCLES : INTERVAL_CYCLES);
    localparam [31:0] FIRST = DELAY_CYCLES - 1;
    localparam [31:0] AGAIN = INTERVAL_CYCLES - 2;

    reg [BITS-1:0]         left_q;
    reg                    tick_q;
    reg [ADDRESS_BITS-1:0] index_q;

    assign tick_o  = tick_q;
    assign index_o = index_q;

    wire due = left_q[BITS-1];

    always @(posedge clk_i)
        if (rst_i) begin
            left_q <= FIRST[BITS-1:0];
            tick_q <= 1'b0;
        end else begin
            left_q <= due ? AGAIN[BITS-1:0] : left_q - 1'b1;
            tick_q <= due;
        end

    always @(posedge clk_i)
        if (rst_i)
            index_q <= {ADDRESS_BITS{1'b0}};
        else if (tick_q)
            index_q <= index_q + 1'b1;
endmodule

`default_nettype wire
