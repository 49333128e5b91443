#!/bin/bash
# The model of the UP5K's multiplier against Yosys's own, signed and not, at the ends and at random.
. "$(dirname "$0")/lib.sh"
command -v yosys >/dev/null || { echo "skip Yosys is not there"; finish; }
products() { # CELLS A_SIGNED B_SIGNED
    {
        echo "read_verilog $1"
        echo "chparam -set TOPOUTPUT_SELECT 3 -set BOTOUTPUT_SELECT 3 -set A_SIGNED $2 -set B_SIGNED $3 SB_MAC16"
        echo "hierarchy -top SB_MAC16; proc; flatten; opt"
        for a in 0000 0001 7fff 8000 ffff 5a3c c0de; do
            for b in 0000 0001 7fff 8000 ffff 1234 b00b; do
                echo "eval -set A 16'h$a -set B 16'h$b -show O"
            done
        done
    } >products.ys
    yosys products.ys | sed -n 's/^Eval result: //p'
}
for signs in "0 0" "0 1" "1 0" "1 1"; do
    products "$top/sim/cells_ice40.v" $signs >ours
    products "+/ice40/cells_sim.v" $signs >theirs
    check "SB_MAC16, signs $signs: 49 products" sh -c "test \$(wc -l <ours) = 49 && cmp ours theirs"
done
finish
