// A register that is one of three that vote (voted_register.v) with PROTECT 1, else a plain one. It takes next_i at every
// edge, so next_i has to be value_o where it stays as it is. With INITIALISED 1 it starts as 0 by configuration. upset_o is
// high while one of three copies differs. Latency 1, every cycle; no reset of its own.
`default_nettype none

module guarded_register #(
    parameter WIDTH       = 1,
    parameter PROTECT     = 0,
    parameter INITIALISED = 0
) (
    input  wire             clk_i,
    input  wire [WIDTH-1:0] next_i,
    output wire [WIDTH-1:0] value_o,
    output wire             upset_o
);
    generate
        if (PROTECT != 0) begin : voted
            voted_register #(.WIDTH(WIDTH), .INITIALISED(INITIALISED)) register (
                .clk_i(clk_i), .next_i(next_i), .value_o(value_o), .upset_o(upset_o)
            );
        end else begin : plain
            reg [WIDTH-1:0] value_q;
            always @(posedge clk_i) value_q <= next_i;
            assign value_o = value_q;
            assign upset_o = 1'b0;
            if (INITIALISED != 0) begin : start
                initial value_q = {WIDTH{1'b0}};
            end
        end
    endgenerate
endmodule

`default_nettype wire
