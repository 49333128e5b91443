// Registers on all ports of a network and no pins, for sizing out of context: its paths are then those between
// registers, which is what the clock is judged by. Costs IN_BITS + OUT_BITS + 4 flip-flops.
`default_nettype none

module register_shell #(
    parameter IN_BITS  = 8,
    parameter OUT_BITS = 8
) (
    input  wire                clk_i,
    input  wire                rst_i,
    input  wire                valid_i,
    input  wire [IN_BITS-1:0]  data_i,
    output wire                rst_o,
    output wire                valid_o,
    output wire [IN_BITS-1:0]  data_o,
    input  wire                answer_valid_i,
    input  wire [OUT_BITS-1:0] answer_data_i,
    input  wire                answer_error_i,
    output wire                answer_valid_o,
    output wire [OUT_BITS-1:0] answer_data_o,
    output wire                answer_error_o
);
    reg [IN_BITS+1:0]  in_q;
    reg [OUT_BITS+1:0] out_q;

    assign {rst_o, valid_o, data_o}                         = in_q;
    assign {answer_error_o, answer_valid_o, answer_data_o} = out_q;

    always @(posedge clk_i) in_q  <= {rst_i, valid_i, data_i};
    always @(posedge clk_i) out_q <= {answer_error_i, answer_valid_i, answer_data_i};
endmodule

`default_nettype wire
