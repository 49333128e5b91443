#!/bin/bash
# Bad input ends in one line that names the file and the place, exit status 1, and leaves nothing behind.
# The lines themselves are golden: tests/golden/errors.txt; `make golden` rewrites it and prints the difference.
. "$(dirname "$0")/lib.sh"
golden=$top/tests/golden/errors.txt
: >said.txt
# bad NAME COMMAND...: one line, status 1; the line goes to said.txt.
bad() {
    local name=$1; shift
    refuse "$name" '^sluice: ' "$@"
    echo "$name: $(sed "s|$top|TOP|g; s|$work|WORK|g" last.err)" >>said.txt
}
model=$top/tests/models/plain.onnx
csv() { printf '%b' "$2" >"$1"; }

csv unknown.yaml 'name: x\ndata:\n  train: a.npz\ntrainig:\n  epochs: 3\n'
bad "unknown key" "$sluice" train unknown.yaml
csv type.yaml 'name: x\ntraining:\n  epochs: many\n'
bad "wrong type" "$sluice" train type.yaml
csv range.yaml 'name: x\ntraining:\n  batch: 64\n  epochs: -1\n'
bad "out of range" "$sluice" train range.yaml
csv syntax.yaml 'name: [x\n'
bad "not a text" "$sluice" train syntax.yaml
: >empty.yaml
bad "empty job" "$sluice" train empty.yaml
bad "no job" "$sluice" train none.yaml
csv name.yaml 'name: "a b"\n'
bad "bad name" "$sluice" train name.yaml
csv good.csv 'a,b,label\n1,2,0\n2,3,1\n4,5,0\n3,1,1\n5,2,0\n1,7,1\n2,2,0\n3,4,1\n5,5,0\n6,1,1\n'
job() { # the job's text from standard input, layers and all
    cat >job.yaml
}
job <<EOF
data: {train: good.csv}
layers:
  - {kind: dense, units: 4}
  - {kind: conv}
EOF
bad "unknown layer" "$sluice" train job.yaml
job <<EOF
data: {train: good.csv}
layers:
  - kind: dense
    units: 4
    weights: fixed<99,3>
EOF
bad "bad format" "$sluice" train job.yaml
job <<EOF
data: {train: good.csv}
training:
  optimizer: adamant
layers:
  - {kind: dense, units: 1}
EOF
bad "unknown optimizer" "$sluice" train job.yaml
job <<EOF
data: {train: good.csv}
layers:
  - {kind: dense, units: 7}
EOF
bad "outputs and classes differ" "$sluice" train job.yaml
job <<EOF
data: {train: good.csv}
EOF
bad "no layers" "$sluice" train job.yaml
job <<EOF
layers:
  - {kind: dense, units: 1}
EOF
bad "no data" "$sluice" train job.yaml
csv nan.csv 'a,b,label\n1,2,0\nnan,3,1\n'
bad "NaN" "$sluice" init nan.csv --out fresh.yaml
csv ragged.csv 'a,b,label\n1,2,0\n1,3\n'
bad "ragged CSV" "$sluice" init ragged.csv --out fresh.yaml
: >empty.csv
bad "empty CSV" "$sluice" init empty.csv --out fresh.yaml
head -c 1000 "$top/examples/jets/jets_hlf_test.npz" >cut.npz
bad "truncated NPZ" "$sluice" init cut.npz --out fresh.yaml
bad "no data file" "$sluice" init none.npz --out fresh.yaml
bad "folder as data" "$sluice" init . --out fresh.yaml
bad "unknown verb" "$sluice" verfy
bad "unknown flag" "$sluice" compile --bogus
bad "missing argument" "$sluice" compile
bad "missing --out" "$sluice" compile "$model"
bad "missing --board" "$sluice" compile "$model" --out d
bad "unknown board" "$sluice" compile "$model" --out d --board icebraker
bad "reuse" "$sluice" compile "$model" --out d --board hx8k-evn --reuse 9999
bad "strategy" "$sluice" compile "$model" --out d --board hx8k-evn --strategy fastest
bad "clock not a number" "$sluice" compile "$model" --out d --board hx8k-evn --clock-mhz fast
bad "clock too fast" "$sluice" compile "$model" --out d --board hx8k-evn --clock-mhz 2000
head -c 300 "$model" >cut.onnx
bad "truncated model" "$sluice" compile cut.onnx --out d --board hx8k-evn
head -c 300 /dev/zero >zero.onnx
bad "not a model" "$sluice" compile zero.onnx --out d --board hx8k-evn
bad "no model" "$sluice" compile none.onnx --out d --board hx8k-evn
bad "no build folder" "$sluice" verify none --events good.csv
mkdir hollow
bad "hollow build folder" "$sluice" emulate hollow --events good.csv --out y.npy
bad "nothing to report" "$sluice" report hollow
bad "no report" "$sluice" diff none.json none.json
bad "unknown list" "$sluice" list bords
csv broken.json '{"schema": 1,\n "x": }\n'
bad "broken JSON" "$sluice" diff broken.json broken.json
mkdir mangled && printf 'program x\ninput a : fixed<4,4\n' >mangled/program.sluice
bad "mangled program" "$sluice" emulate mangled --events good.csv --out y.npy
bad "run before compile" "$sluice" run hollow
bad "run: a word the spy does not know" "$sluice" run hollow --spy always
bad "run: seconds of nothing" "$sluice" run hollow --seconds 3
bad "run: noise on a real line" "$sluice" run hollow --board-port /dev/ttyUSB1 --noise 0.01
bad "run: a pause in no burst" "$sluice" run hollow --pause 3
check "nothing half-written" sh -c '! find . -name "*.tmp*" | grep -q . && test ! -e d && test ! -e y.npy'
if [ "${GOLDEN:-}" = write ] && [ "$failures" -eq 0 ]; then diff "$golden" said.txt; cp said.txt "$golden"; echo "ok golden written"
else check "the lines are as agreed" diff "$golden" said.txt; fi
finish
