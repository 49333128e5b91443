// Carry chains of ECP5 that start and end for free. A chain's first carry has to come from half a
// CCU2C in front of it; nextpnr puts a whole one there, and another behind it where the last carry
// has a net. Here the first half of the chain itself makes that carry:
// - of an even width the carry of bit 0, whose sum becomes a LUT of its own,
// - of an odd width the carry that comes in.
// Either way W + 1 LUTs. That half's LUT is 0, so its carry is what the LUT2 of A and B says,
// INIT[3:0], whatever CIN is; carry_ends.c then takes that CIN and the last COUT off.
// Applied in front of Yosys's own map, which makes adders of up to 4 bits from LUTs; here up to 3.
(* techmap_celltype = "$alu" *)
module ecp5_adders (A, B, CI, BI, X, Y, CO);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    parameter _TECHMAP_CONSTMSK_CI_ = 1'b0;
    parameter _TECHMAP_CONSTVAL_CI_ = 1'bx;
    parameter _TECHMAP_CONSTMSK_BI_ = 1'b0;
    parameter _TECHMAP_CONSTVAL_BI_ = 1'bx;

    (* force_downto *) input [A_WIDTH-1:0] A;
    (* force_downto *) input [B_WIDTH-1:0] B;
    input CI, BI;
    (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

    wire _TECHMAP_FAIL_ = Y_WIDTH < 4 || !_TECHMAP_CONSTMSK_CI_ || !_TECHMAP_CONSTMSK_BI_;

    localparam CARRY = _TECHMAP_CONSTVAL_CI_ === 1'b1;  // that comes in
    localparam INVERTS = _TECHMAP_CONSTVAL_BI_ === 1'b1;
    localparam FIRST = Y_WIDTH % 2;  // half of bit 0
    localparam CELLS = (Y_WIDTH + FIRST) / 2 + 1;  // the last one for CO; goes if that is not read
    // Sum bit by bit: LUT A ^ B ^ C where D is 1, LUT2 A.
    localparam [15:0] SUM = 16'h96AA;
    localparam [3:0] START = FIRST ? (CARRY ? 4'b1111 : 4'b0000)
                             : INVERTS ? (CARRY ? 4'b1011 : 4'b0010)
                                       : (CARRY ? 4'b1110 : 4'b1000);

    (* force_downto *) wire [Y_WIDTH-1:0] a, b;
    \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
    \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));

    (* force_downto *) wire [2*CELLS-1:0] half_a = a << FIRST, half_b = b << FIRST, half_y;
    (* force_downto *) wire [2*CELLS-1:0] inverts = {Y_WIDTH{INVERTS[0]}} << FIRST;
    (* force_downto *) wire [CELLS:0] carry;
    assign carry[0] = 1'b0;

    genvar i;
    generate
        for (i = 0; i < CELLS; i = i + 1) begin : cell_
            CCU2C #(
                .INIT0(i == 0 ? {12'd0, START} : SUM),
                .INIT1(SUM),
                .INJECT1_0("NO"),
                .INJECT1_1("NO")
            ) pair (
                .CIN(carry[i]),
                .A0(half_a[2*i]),
                .B0(half_b[2*i]),
                .C0(i == 0 ? 1'b0 : inverts[2*i]),
                .D0(1'b1),
                .A1(half_a[2*i+1]),
                .B1(half_b[2*i+1]),
                .C1(inverts[2*i+1]),
                .D1(1'b1),
                .S0(half_y[2*i]),
                .S1(half_y[2*i+1]),
                .COUT(carry[i+1])
            );
        end
        for (i = 0; i < Y_WIDTH; i = i + 1) begin : bit_
            if (i == 0 && FIRST == 0)
                assign Y[0] = a[0] ^ b[0] ^ INVERTS[0] ^ CARRY[0];
            else
                assign Y[i] = half_y[i + FIRST];
            assign X[i] = a[i] ^ b[i] ^ INVERTS[0];
            if (i == Y_WIDTH - 1)
                assign CO[i] = half_y[Y_WIDTH + FIRST];
            else
                assign CO[i] = Y[i + 1] ^ X[i + 1];
        end
    endgenerate
endmodule
