// A register that takes data_i when put_i is high and keeps what it holds otherwise; INITIAL by configuration, no reset. With VOTED 1 it
// is in three copies that vote (rtl/voted_register.v), and upset_o is high while one of them differs; else that is low.
`default_nettype none

module kept_register #(
    parameter             WIDTH   = 1,
    parameter             VOTED   = 0,
    parameter [WIDTH-1:0] INITIAL = {WIDTH{1'b0}}
) (
    input  wire             clk_i,
    input  wire             put_i,
    input  wire [WIDTH-1:0] data_i,
    output wire [WIDTH-1:0] value_o,
    output wire             upset_o
);
    generate
        if (VOTED != 0) begin : g_voted
            wire [WIDTH-1:0] next = put_i ? data_i : value_o;
            voted_register #(
                .WIDTH(WIDTH),
                .INITIALISED(1),
                .INITIAL(INITIAL)
            ) register (
                .clk_i(clk_i),
                .next_i(next),
                .value_o(value_o),
                .upset_o(upset_o)
            );
        end else begin : g_one
            reg [WIDTH-1:0] value_q = INITIAL;
            assign value_o = value_q;
            assign upset_o = 1'b0;
            always @(posedge clk_i) if (put_i) value_q <= data_i;
        end
    endgenerate
endmodule

`default_nettype wire
