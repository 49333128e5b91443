// A multiplication of a network with loops on the UP5K's SB_MAC16, as 16 x 16 bits without registers. (The compiler
// leaves it no more multiplications than the part has such cells; Yosys 0.23's own -dsp can crash.)
(* techmap_celltype = "$mul" *)
module mac16_mul (A, B, Y);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    input [A_WIDTH-1:0] A;
    input [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    wire _TECHMAP_FAIL_ = A_WIDTH > 16 || B_WIDTH > 16 || Y_WIDTH > 32;
    wire [15:0] a, b;
    wire [31:0] product;
    generate
        if (A_SIGNED) assign a = $signed(A);
        else assign a = A;
        if (B_SIGNED) assign b = $signed(B);
        else assign b = B;
    endgenerate
    SB_MAC16 #(
        .TOPOUTPUT_SELECT(2'b11),
        .BOTOUTPUT_SELECT(2'b11),
        .A_SIGNED(A_SIGNED),
        .B_SIGNED(B_SIGNED)
    ) _TECHMAP_REPLACE_ (
        .CLK(1'b0),
        .CE(1'b0),
        .A(a),
        .B(b),
        .C(16'd0),
        .D(16'd0),
        .AHOLD(1'b0),
        .BHOLD(1'b0),
        .CHOLD(1'b0),
        .DHOLD(1'b0),
        .IRSTTOP(1'b0),
        .IRSTBOT(1'b0),
        .ORSTTOP(1'b0),
        .ORSTBOT(1'b0),
        .OLOADTOP(1'b0),
        .OLOADBOT(1'b0),
        .ADDSUBTOP(1'b0),
        .ADDSUBBOT(1'b0),
        .OHOLDTOP(1'b0),
        .OHOLDBOT(1'b0),
        .CI(1'b0),
        .ACCUMCI(1'b0),
        .SIGNEXTIN(1'b0),
        .O(product)
    );
    assign Y = product;
endmodule
