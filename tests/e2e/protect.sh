#!/bin/bash
# Protection against upsets: from the flag to the netlist, and a campaign that shows what it is worth.
. "$(dirname "$0")/lib.sh"
jets_job tagger 1 8 "board: hx8k-evn, clock_mhz: 48, reuse: 64, weights: loadable, seeds: 1" "budget: {events_per_crossing: 0.015}" \
    "verify: {test_events: 100, random_events: 50, gate_level_events: 50}"
check "train" "$sluice" train tagger.yaml
state() { # KIND CLASS: the number in faults.json
    python3 -c "
import json, sys
kinds = json.load(open('build/tagger/faults.json'))['kinds']
print({k['kind']: k for k in kinds}[sys.argv[1]][sys.argv[2]])" "$1" "$2"
}
check "compile, plain" "$sluice" compile tagger.yaml
check "no counters" sh -c '! grep -q upsets_o build/tagger/rtl/tagger*.v && ! grep -q protect build/tagger/program.sluice build/tagger/interface.json'
check "flips, plain" "$sluice" verify tagger.yaml --faults 1500
check "control and weights fail in silence" test "$(state control silent)" -gt 0 -a "$(state weights silent)" -gt 0 -a "$(state control detected)" -gt 0
check "nothing is corrected" test "$(json build/tagger/faults.json shares.corrected)" = 0

check "compile, protected" "$sluice" compile tagger.yaml --protect tmr+ecc
check "the program says so" grep -q '^protect tmr ecc [12]$' build/tagger/program.sluice
check "interface.json names the counters" test "$(json build/tagger/interface.json protect.counters)" = "['upsets_o', 'corrected_words_o', 'uncorrectable_words_o']"
check "lint" sh -c 'cd build/tagger/rtl && verilator --lint-only -Wall --top-module tagger $(cat files.f)'
check "flips, protected" "$sluice" verify tagger.yaml --faults 1500
check "all upsets of control corrected" test "$(state control corrected)" = "$(state control flips)"
check "none of weights wrong" test "$(state weights silent)" = 0 -a "$(state weights detected)" = 0 -a "$(state weights corrected)" -gt 0
cp build/tagger/faults.json first.json
check "again, the same" sh -c "'$sluice' verify tagger.yaml --faults 1500 && python3 -c \"
import json
a, b = json.load(open('first.json')), json.load(open('build/tagger/faults.json'))
assert a.pop('seconds') and b.pop('seconds') and a == b\""
check "verify without flips leaves no old figures" sh -c "'$sluice' verify tagger.yaml && ! test -e build/tagger/faults.json"
check "build, pins free" "$sluice" build tagger.yaml --pins-free
check "the netlist is right, and counts nothing" test "$(json build/tagger/build.json gate_level.mismatches)" = 0
check "three flip-flops of each voted bit are in the netlist" python3 -c "
import json, re
cells = nets = {}
for module in json.load(open('build/tagger/build/network.json'))['modules'].values():
    if len(module['cells']) > len(cells): cells, nets = module['cells'], module['netnames']
flops = {c['connections']['Q'][0] for c in cells.values() if c['type'].startswith('SB_DFF')}
voted = [n[:-len('.u_a.value_q')] for n in nets if n.endswith('.u_a.value_q')]
copies = [b for n in voted for x in 'abc' for b in nets['%s.u_%s.value_q' % (n, x)]['bits']]
assert len(voted) > 30 and len(set(copies)) == len(copies) and set(copies) <= flops, (len(voted), len(copies))"
check "flips of the netlist" "$sluice" verify tagger.yaml --faults 1000 --gates
check "control and weights are guarded there, too" test "$(state control corrected)" = "$(state control flips)" -a "$(state weights silent)" = 0 -a "$(state weights corrected)" -gt 0
check "a board's top holds it, too" "$sluice" build tagger.yaml

# One kind alone, from the job; the wrapper has the counter as well.
sed 's/weights: loadable/weights: loadable, protect: ecc/; s/^name: tagger/name: words/' tagger.yaml >words.yaml
sed -i "s|^output|model: build/tagger/train/model.onnx\noutput|" words.yaml
check "job key" sh -c "'$sluice' compile words.yaml && grep -q '^protect ecc' build/words/program.sluice && ! grep -q voted_register build/words/rtl/*.v"
model=build/tagger/train/model.onnx
to="--board hx8k-evn --clock-mhz 48 --out d"
check "wrapper" sh -c "'$sluice' compile $model $to --name w --wrapper axi-stream --protect tmr && cd d/rtl && verilator --lint-only -Wall --top-module w_axis \$(cat axis.f) && grep -q 'output wire \[7:0\] upsets_o' w_axis.v"
rm -rf d
refuse "gates of no flips" '\-\-gates: it says which bits --faults flips' "$sluice" verify tagger.yaml --gates
refuse "unknown word" "protect 'hamming': give none, tmr, ecc or tmr\+ecc$" "$sluice" compile $model $to --protect hamming
refuse "nothing to correct" 'protect ecc: nothing is loadable' "$sluice" compile $model $to --protect ecc
check "nothing left behind" sh -c '! test -e d'
finish
