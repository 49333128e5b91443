// Additions one by one: Yosys's alumacc would join chained ones without a register between them to
// one sum of three or more operands, compressed in LUTs before the carry chain; on 4-input LUTs
// that costs two LUTs a bit where another carry chain costs one. As $alu cells it leaves them alone.
// Lowest bits 1 and 1 of a sum, or 0 and 1 of a difference, are a carry that comes in
// (compiler/emit/verilog_op.c): the chain then begins with it at the next bit.
(* techmap_celltype = "$add $sub" *)
module keep_adders (A, B, Y);
    parameter _TECHMAP_CELLTYPE_ = "";
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    parameter _TECHMAP_CONSTMSK_A_ = 0;
    parameter _TECHMAP_CONSTVAL_A_ = 0;
    parameter _TECHMAP_CONSTMSK_B_ = 0;
    parameter _TECHMAP_CONSTVAL_B_ = 0;
    input [A_WIDTH-1:0] A;
    input [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    localparam SUBTRACTS = _TECHMAP_CELLTYPE_ == "$sub";
    localparam CONSTANT = _TECHMAP_CONSTMSK_A_ & _TECHMAP_CONSTMSK_B_ & 1;
    localparam CARRIES = A_WIDTH > 1 && B_WIDTH > 1 && Y_WIDTH > 1 && CONSTANT &&
                         (_TECHMAP_CONSTVAL_A_ & 1) == !SUBTRACTS &&
                         (_TECHMAP_CONSTVAL_B_ & 1) == 1;
    wire [Y_WIDTH-CARRIES-1:0] sum, propagate, carry;
    \$alu #(
        .A_SIGNED(A_SIGNED),
        .B_SIGNED(B_SIGNED),
        .A_WIDTH(A_WIDTH - CARRIES),
        .B_WIDTH(B_WIDTH - CARRIES),
        .Y_WIDTH(Y_WIDTH - CARRIES)
    ) _TECHMAP_REPLACE_ (
        .A(A[A_WIDTH-1:CARRIES]),
        .B(B[B_WIDTH-1:CARRIES]),
        .CI(SUBTRACTS != CARRIES),
        .BI(SUBTRACTS),
        .X(propagate),
        .Y(sum),
        .CO(carry)
    );
    generate
        if (CARRIES) assign Y = {sum, SUBTRACTS};
        else assign Y = sum;
    endgenerate
endmodule
