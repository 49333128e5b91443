#!/bin/bash
# The model of the UP5K's multiplier against Yosys's own, signed and not, at the ends and at random; ECP5's and Gowin's
# combinational cells against Yosys's own, for all inputs. ECP5's memories and multipliers: gates_ecp5.sh.
. "$(dirname "$0")/lib.sh"
command -v yosys >/dev/null || { echo "skip Yosys is not there"; finish; }
products() { # CELLS A_SIGNED B_SIGNED
    {
        echo "read_verilog -defer $1"
        echo "hierarchy -top SB_MAC16 -chparam TOPOUTPUT_SELECT 3 -chparam BOTOUTPUT_SELECT 3 -chparam A_SIGNED $2 -chparam B_SIGNED $3"
        echo "proc; flatten; opt"
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

table() { # CELLS OUTPUTS
    local shown=""
    for output in $2; do shown="$shown -show $output"; done
    yosys -p "read_verilog -defer $1; read_verilog one.v; hierarchy -top one; proc; flatten; opt; eval -table $(tr ' ' , <<<"$inputs") $shown" |
        grep -E "^ +[01]'"
}
same_table() { # NAME CELL INPUTS OUTPUTS PARAMETERS
    local inputs=$3 ports="" pin bits
    for pin in $3 $4; do ports="$ports${ports:+, }.$pin($pin)"; done
    echo "module one(input $(sed 's/ /, /g' <<<"$3"), output $(sed 's/ /, /g' <<<"$4")); $2 $5 u_cell ($ports); endmodule" >one.v
    table "$top/sim/cells_$family.v" "$4" >ours
    table "+/$family/cells_sim.v" "$4" >theirs
    bits=$(wc -w <<<"$3")
    check "$1" sh -c "test \$(wc -l <ours) = $((1 << bits)) && cmp ours theirs"
}
family=ecp5
same_table LUT4 LUT4 "A B C D" Z "#(.INIT(16'h6ca5))"
same_table PFUMX PFUMX "ALUT BLUT C0" Z ""
same_table L6MUX21 L6MUX21 "D0 D1 SD" Z ""
for inject in NO YES; do
    for init in 9aac 6ca5 f00f; do
        same_table "CCU2C, $init, INJECT $inject" CCU2C "CIN A0 B0 C0 D0 A1 B1 C1 D1" "S0 S1 COUT" \
            "#(.INIT0(16'h$init), .INIT1(16'h96aa), .INJECT1_0(\"$inject\"), .INJECT1_1(\"NO\"))"
    done
done
family=gowin
same_table "LUT2 of Gowin" LUT2 "I0 I1" F "#(.INIT(4'h6))"
same_table "LUT3 of Gowin" LUT3 "I0 I1 I2" F "#(.INIT(8'h6c))"
same_table "LUT4 of Gowin" LUT4 "I0 I1 I2 I3" F "#(.INIT(16'h6ca5))"
for mode in 0 1 2; do same_table "ALU of Gowin, mode $mode" ALU "I0 I1 I3 CIN" "SUM COUT" "#(.ALU_MODE($mode))"; done
finish
