// One of the three copies of a voted register (voted_register.v). A module of its own, which keeps its hierarchy: synthesis
// would merge registers that take the same value.
`default_nettype none

(* keep_hierarchy *)
module voted_copy #(
    parameter             WIDTH       = 1,
    parameter             INITIALISED = 0, // starts as INITIAL
    parameter [WIDTH-1:0] INITIAL     = 0
) (
    input  wire             clk_i,
    input  wire [WIDTH-1:0] next_i,
    output wire [WIDTH-1:0] value_o
);
    reg [WIDTH-1:0] value_q;

    always @(posedge clk_i) value_q <= next_i;
    assign value_o = value_q;

    generate
        if (INITIALISED != 0) begin : start
            initial value_q = INITIAL;
        end
    endgenerate
endmodule

`default_nettype wire
