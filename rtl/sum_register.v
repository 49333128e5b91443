// A register that takes data_i + ADDEND when put_i is high, INITIAL when take_initial_i is high too, and keeps what it holds otherwise; INITIAL
// by configuration, no reset. What it gives is that with the bits of INITIAL turned over.
//
// A module of its own, which keeps its hierarchy: synthesis would share the sum with other registers, and each would take a cell beside that of
// the sum (iCE40). Turned over because iCE40's flip-flops start as 0.
`default_nettype none

(* keep_hierarchy *)
module sum_register #(
    parameter             WIDTH   = 1,
    parameter [WIDTH-1:0] ADDEND  = {WIDTH{1'b0}},
    parameter [WIDTH-1:0] INITIAL = {WIDTH{1'b0}}
) (
    input  wire             clk_i,
    input  wire             put_i,
    input  wire             take_initial_i,
    input  wire [WIDTH-1:0] data_i,
    output wire [WIDTH-1:0] turned_o
);
    reg  [WIDTH-1:0] turned_q = {WIDTH{1'b0}};
    wire [WIDTH-1:0] sum      = data_i + ADDEND;
    assign turned_o = turned_q;
    always @(posedge clk_i) if (put_i) turned_q <= take_initial_i ? {WIDTH{1'b0}} : sum ^ INITIAL;
endmodule

`default_nettype wire
