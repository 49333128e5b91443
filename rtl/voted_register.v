// A register in three copies (triple modular redundancy): value_o is what at least two of them hold, bit by bit, and what
// they all take at each edge is next_i. So an upset of one copy never reaches value_o, and with next_i made of value_o
// where the register holds its value, the copy is right again a cycle later. upset_o is high while a copy differs.
// Latency 1, every cycle. No reset: give the reset value on next_i. Two upsets of one bit in one cycle are too many.
`default_nettype none

module voted_register #(
    parameter             WIDTH       = 1,
    parameter             INITIALISED = 0, // starts as INITIAL after configuration
    parameter [WIDTH-1:0] INITIAL     = 0
) (
    input  wire             clk_i,
    input  wire [WIDTH-1:0] next_i,
    output wire [WIDTH-1:0] value_o,
    output wire             upset_o
);
    wire [WIDTH-1:0] a, b, c;

    voted_copy #(.WIDTH(WIDTH), .INITIALISED(INITIALISED), .INITIAL(INITIAL)) u_a (
        .clk_i(clk_i), .next_i(next_i), .value_o(a)
    );
    voted_copy #(.WIDTH(WIDTH), .INITIALISED(INITIALISED), .INITIAL(INITIAL)) u_b (
        .clk_i(clk_i), .next_i(next_i), .value_o(b)
    );
    voted_copy #(.WIDTH(WIDTH), .INITIALISED(INITIALISED), .INITIAL(INITIAL)) u_c (
        .clk_i(clk_i), .next_i(next_i), .value_o(c)
    );

    majority #(.WIDTH(WIDTH)) u_majority (
        .a_i(a), .b_i(b), .c_i(c), .value_o(value_o), .upset_o(upset_o)
    );
endmodule

`default_nettype wire
