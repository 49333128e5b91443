// Counts cycles with count_i high, from reset on; stays at its largest value. Registered: one cycle later.
`default_nettype none

module upset_counter #(
    parameter WIDTH = 8
) (
    input  wire             clk_i,
    input  wire             rst_i,
    input  wire             count_i,
    output wire [WIDTH-1:0] count_o
);
    reg [WIDTH-1:0] count_q;

    always @(posedge clk_i)
        if (rst_i) count_q <= {WIDTH{1'b0}};
        else if (count_i && !(&count_q)) count_q <= count_q + 1'b1;
    assign count_o = count_q;
endmodule

`default_nettype wire
