// Four pins around a network of any width, for sizing on parts that cannot be placed without pins: a shift register feeds
// valid_o/data_o, another takes each answer and shifts it out. All of the network's ports are registered here and none
// is constant, so that nothing of the network is optimised away and its paths are those between registers.
// Costs IN_BITS + 1 and OUT_BITS + 1 logic cells. No reset.
`default_nettype none

module shift_shell #(
    parameter IN_BITS  = 8,
    parameter OUT_BITS = 8
) (
    input  wire                clk_i,
    input  wire                serial_i,
    output wire                serial_o,
    output wire                valid_o,
    output wire [IN_BITS-1:0]  data_o,
    input  wire                valid_i,
    input  wire [OUT_BITS-1:0] data_i,
    input  wire                error_i
);
    reg [IN_BITS:0]  in_q;
    reg [OUT_BITS:0] out_q;

    assign {valid_o, data_o} = in_q;
    assign serial_o          = out_q[0];

    always @(posedge clk_i) in_q  <= {in_q[IN_BITS-1:0], serial_i};
    always @(posedge clk_i) out_q <= valid_i ? {error_i, data_i} : {in_q[IN_BITS], out_q[OUT_BITS:1]};
endmodule

`default_nettype wire
