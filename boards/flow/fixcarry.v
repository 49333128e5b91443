// nextpnr-ice40's router never ends on a carry cell whose two operands are the same net (nextpnr issues 179 and 1341): x + (x << k) has
// such a bit where both are sign-extended. With A = B the carry out is A whatever comes in, so the cell becomes a wire
// and a LUT. Applied between `synth_ice40 -run begin:map_ffs` and `-run map_ffs:`.
(* techmap_celltype = "$__ICE40_CARRY_WRAPPER" *)
module _fix_joined_carry (A, B, CI, I0, I3, CO, O);
    input  A, B, CI, I0, I3;
    output CO, O;
    parameter LUT      = 0;
    parameter I3_IS_CI = 0;

    parameter _TECHMAP_CONNMAP_A_ = 0;
    parameter _TECHMAP_CONNMAP_B_ = 0;
    wire _TECHMAP_FAIL_ = _TECHMAP_CONNMAP_A_ != _TECHMAP_CONNMAP_B_;

    assign CO = A;
    \$lut #(
        .WIDTH(4),
        .LUT(LUT)
    ) sum (
        .A({I3_IS_CI ? CI : I3, B, A, I0}),
        .Y(O)
    );
endmodule
