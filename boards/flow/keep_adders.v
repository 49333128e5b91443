// Additions one by one: Yosys's alumacc would join chained ones without a register between them to
// one sum of three or more operands, compressed in LUTs before the carry chain; on 4-input LUTs that
// costs two LUTs a bit where another carry chain costs one. As $alu cells it leaves them alone.
(* techmap_celltype = "$add $sub" *)
module keep_adders (A, B, Y);
    parameter _TECHMAP_CELLTYPE_ = "";
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    input [A_WIDTH-1:0] A;
    input [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    localparam SUBTRACTS = _TECHMAP_CELLTYPE_ == "$sub";
    wire [Y_WIDTH-1:0] propagate, carry;
    \$alu #(
        .A_SIGNED(A_SIGNED),
        .B_SIGNED(B_SIGNED),
        .A_WIDTH(A_WIDTH),
        .B_WIDTH(B_WIDTH),
        .Y_WIDTH(Y_WIDTH)
    ) _TECHMAP_REPLACE_ (
        .A(A),
        .B(B),
        .CI(SUBTRACTS),
        .BI(SUBTRACTS),
        .X(propagate),
        .Y(Y),
        .CO(carry)
    );
endmodule
