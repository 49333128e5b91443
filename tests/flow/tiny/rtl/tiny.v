// A network of two neurons, written by hand, for tests of the flow: four signed 6-bit inputs, two signed 10-bit outputs,
//   y0 = max(0, 3 x0 - 2 x1 + x2 + 5),  y1 = x0 + 4 x1 - x2 + 2 x3
// Latency 3 cycles, an event a cycle. Reset clears the valid bits.
`default_nettype none

module tiny (
    input  wire        clk_i,
    input  wire        rst_i,
    input  wire        valid_i,
    input  wire [23:0] data_i,
    output wire        valid_o,
    output wire [19:0] data_o,
    output wire        error_o
);
    wire signed [9:0] x0 = {{4{data_i[5]}}, data_i[5:0]};
    wire signed [9:0] x1 = {{4{data_i[11]}}, data_i[11:6]};
    wire signed [9:0] x2 = {{4{data_i[17]}}, data_i[17:12]};
    wire signed [9:0] x3 = {{4{data_i[23]}}, data_i[23:18]};

    reg signed [9:0] a_q, b_q, c_q, d_q, p_q, r_q, y0_q, y1_q;
    reg        [2:0] valid_q;

    assign valid_o = valid_q[2];
    assign data_o  = {y1_q, y0_q};
    assign error_o = 1'b0;

    always @(posedge clk_i) begin
        a_q <= x0 + (x0 <<< 1);
        b_q <= x2 - (x1 <<< 1);
        c_q <= x0 + (x1 <<< 2);
        d_q <= (x3 <<< 1) - x2;
    end
    always @(posedge clk_i) begin
        p_q <= a_q + b_q + 10'sd5;
        r_q <= c_q + d_q;
    end
    always @(posedge clk_i) begin
        y0_q <= p_q[9] ? 10'sd0 : p_q;
        y1_q <= r_q;
    end
    always @(posedge clk_i)
        if (rst_i) valid_q <= 3'b000;
        else       valid_q <= {valid_q[1:0], valid_i};
endmodule

`default_nettype wire
