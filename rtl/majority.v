// What at least two of three copies hold, bit by bit. upset_o is high while one differs. Combinational.
`default_nettype none

module majority #(
    parameter WIDTH = 1
) (
    input  wire [WIDTH-1:0] a_i,
    input  wire [WIDTH-1:0] b_i,
    input  wire [WIDTH-1:0] c_i,
    output wire [WIDTH-1:0] value_o,
    output wire             upset_o
);
    assign value_o = (a_i & b_i) | (a_i & c_i) | (b_i & c_i);
    assign upset_o = |((a_i ^ b_i) | (a_i ^ c_i));
endmodule

`default_nettype wire
