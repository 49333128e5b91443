#!/bin/bash
# sluice run for answers of every kind: a decision bit, the number of a class beyond those that can be accepted, missing inputs, scores of 32
# bits in long records; each with a fault that must be found, in the fabric or in what decides; scores that are too wide are refused.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
python3 - <<'EOF2'
import math, random
random.seed(5)
files = {name: open(name + ".csv", "w") for name in ("lacking", "two", "many", "none")}
for name, file in files.items():
    if name != "none": print("a,b,c,y", file=file)
for i in range(3000):
    a, b, c = (random.uniform(-3, 3) for _ in range(3))
    y = math.sin(a) * b + c
    print("%s,%.5f,%.5f,%.5f" % ("nan" if random.random() < 0.1 else "%.5f" % a, b, c, y), file=files["lacking"])
    print("%.5f,%.5f,%.5f,%d" % (a, b, c, y > 0), file=files["two"])
    print("%.5f,%.5f,%.5f,%d" % (a, b, c, (y + 6) * 2 % 20), file=files["many"])
    if i < 100: print("nan,%.5f,%.5f" % (b, c), file=files["none"])
EOF2
job() { # NAME DATA LINE...
    local name=$1 data=$2
    shift 2
    printf '%s\n' "name: $name" "data: {train: $data.csv, labels: y$([ "$data" = lacking ] && echo ', missing: true')}" \
        "training: {epochs: 2, quantized_epochs: 2, batch: 256, learning_rate: 0.01}" "target: {board: ulx3s-25f, clock_mhz: 40, control: core}" "$@" >"$name.yaml"
    check "train and compile $name" sh -c "'$sluice' train $name.yaml && '$sluice' compile $name.yaml"
}
says() { # NAME EXPRESSION of r, scores
    python3 -c "
import csv, json
r = json.load(open('build/$1/run.json'))
scores = [(x['output'], float(x['low']), int(x['count'])) for x in csv.DictReader(open('build/$1/run_scores.csv'))]
assert $2, r"
}
whole="r['passed'] and r['recheck']['records'] >= 16 and r['recheck']['different'] == r['recheck']['skipped'] == 0"
run="--events 256 --distinct 256 --stream 256 --quiet"
# faulty NAME FILE FROM TO: NAME_faulty.yaml and its folder, that replaced in a line of its Verilog.
faulty() {
    cp -r "build/$1" "build/$1_faulty"
    sed "s/^name: .*/&_faulty/" "$1.yaml" >"$1_faulty.yaml"
    grep -qF "$3" "build/$1/rtl/$2" || { echo "not ok $2 has no $3"; failures=$((failures + 1)); }
    python3 -c "import sys; p, a, b = sys.argv[1:]; s = open(p).read(); open(p, 'w').write(s.replace(a, b, 1))" "build/$1_faulty/rtl/$2" "$3" "$4"
}
# home FROM TO: $faulty_home, whose rtl/decision.v has that replaced.
faulty_home=$work/home
home() {
    rm -rf home && mkdir home && cp -r "$top/rtl" home/
    for folder in boards runtime sim build; do ln -s "$top/$folder" home/; done
    grep -qF "$1" home/rtl/decision.v || { echo "not ok decision.v has no $1"; failures=$((failures + 1)); }
    python3 -c "import sys; p, a, b = sys.argv[1:]; s = open(p).read(); open(p, 'w').write(s.replace(a, b, 1))" home/rtl/decision.v "$1" "$2"
}

# ---- a decision bit
job bit two "output: threshold" "threshold: 0.1" "input: {format: 5}" "layers: [{kind: dense, units: 6, weights: 4}, {kind: relu, format: 4}, {kind: dense, units: 1, weights: 4}]"
check "a decision bit: what it decides for is accepted" "$sluice" run bit.yaml $run
check "as many as were decided for" says bit "$whole and 0 < r['accepted'] < 256 and r['accepted'] == sum(n for _, low, n in scores if low == 1)"
check "a threshold of 0: all" "$sluice" run bit.yaml $run --threshold decision=0
check "all were" says bit "$whole and r['accepted'] == 256"
check "a threshold between is 1" "$sluice" run bit.yaml $run --threshold decision=0.5
check "it was" says bit "$whole and 0 < r['accepted'] < 256 and r['classes'][0]['threshold'] == 1"
refuse "no such threshold" "decision=2: outside what the board's 2 bits hold, -2 to 1" "$sluice" run bit.yaml $run --threshold decision=2
faulty bit bit_net.v "data_o = {" "data_o = ~{"
refuse "the other bit" "self-check found 256 of 256 events wrong" "$sluice" run bit_faulty.yaml $run
home "{1'b0, less, 1'b1}" "{1'b0, less, 1'b0}"
refuse "a bit at its threshold that does not pass" "passes and accepts are [0-9]+ off" env SLUICE_HOME="$faulty_home" "$sluice" run bit.yaml $run

# ---- missing inputs; the fabric's field is wider than the soft core's program needs
job lack lacking "input: {format: 5, edges: quantile}" "trees: {method: boosting, rounds: 8, depth: 3, leaf_bits: 5}"
check "missing inputs" "$sluice" run lack.yaml $run
check "the core recomputed them" says lack "$whole"
check "all of them missing" "$sluice" run lack.yaml --events none.csv --stream 100 --recheck 100 --quiet
check "the core recomputed those too" says lack "r['passed'] and r['events'] == 100 and r['recheck']['records'] > 50 and r['recheck']['skipped'] == 0"
check "all of them missing, captured by the spy" "$sluice" run lack.yaml --events none.csv --watch --spy now --captures 2 --seconds 60 --quiet
check "spy.csv has them as NaN, the others as numbers" python3 -c "
import csv, math
rows = list(csv.DictReader(open('build/lack/spy.csv')))
assert len(rows) >= 2 and all(x['input:a'] == 'nan' and not math.isnan(float(x['input:b'])) and x['agrees'] == '1' for x in rows), rows"
faulty lack lack.v "in_a = data_i[4:0]" "in_a = data_i[4:0] == 5'd0 ? 5'd31 : data_i[4:0]"
refuse "what is missing goes the way of the largest" "self-check found [0-9]+ of 256|different" "$sluice" run lack_faulty.yaml --events none.csv --stream 100 --quiet
check "and the core says so" says lack_faulty "r['streamed_different'] > 0 and \"which the board's core computes too\" in r['reason'] or r['recheck']['different'] > 0"

# ---- the number of a class, some beyond the 16 that can be accepted
job number many "output: argmax" "input: {format: 5}" "layers: [{kind: dense, units: 20, weights: 4}]"
check "the number of a class" "$sluice" run number.yaml $run
check "those beyond are answered and not accepted" says number "$whole and len(r['classes']) == 16 and r['accepted'] == sum(n for _, low, n in scores if low < 16) and sum(n for _, low, n in scores if low >= 16) > 0 and all(c['passes'] == sum(n for _, low, n in scores if low == k) for k, c in enumerate(r['classes']))"
check "the build says which" sh -c "'$sluice' run number.yaml --events 10 --stream 10 --distinct 10 --fallback off 2>&1 | grep -q 'classes 0 to 15 can be accepted'"
refuse "no such class" "there is no class '16'; they are 0 to 15" "$sluice" run number.yaml $run --prescale 16=2
refuse "a threshold of it" "answers with the number of a class, not with scores" "$sluice" run number.yaml $run --threshold 3=1
home "scores_i == number[SCORE_BITS-1:0]" "scores_i[3:0] == number[3:0]"
refuse "a class beyond that passes as another" "passes and accepts are [0-9]+ off" env SLUICE_HOME="$faulty_home" "$sluice" run number.yaml $run

# ---- 20 scores of up to 32 bits; the core computes in 64
job broad many "input: {format: 'fixed<20,3>'}" "layers: [{kind: dense, units: 4, weights: 'fixed<14,2>', format: 'fixed<20,4>'}, {kind: dense, units: 20, weights: 'fixed<14,2>'}]" "budget: {events_per_crossing: 0.1}"
check "the widest has 32 bits" python3 -c "
import json
fields = json.load(open('build/broad/interface.json'))['output']['fields']
assert max(f['width'] for f in fields) == 32, fields"
check "long answers" "$sluice" run broad.yaml $run
check "every word of them" says broad "$whole and len(r['classes']) == 16"
check "a threshold of 32 bits" "$sluice" run broad.yaml $run --threshold y0=-0.123456789,y15=0.987654321 --spy accept
check "passes are counted by it" says broad "r['passed'] and all(0 < r['classes'][k]['passes'] < 256 for k in (0, 15))"
check "the build says how many have one" sh -c "'$sluice' run broad.yaml --events 10 --stream 10 --distinct 10 --fallback off 2>&1 | grep -q 'the first 16 of 20 outputs have a threshold'"
# At an event each cycle its answers do not fit; what becomes of the fall-back is then not the question.
for choice in auto on; do
    refuse "$choice: where control core does not fit" "control core does not fit on ulx3s-25f: with 60 bits of an event and [0-9]+ of an answer" "$sluice" build build/broad --control core --fallback $choice
done
last=$(grep -A1 'assign data_o = {' build/broad/rtl/broad.v | tail -1 | tr -d ' ,')
faulty broad broad.v "$last," "$last ^ (valid_o & (&in_a[1:0]) ? 1'b1 << 30 : 1'b0),"
refuse "a bit of the last word, in some events" "self-check found [0-9]+ of 256" "$sluice" run broad_faulty.yaml $run
check "the read-back names the score" says broad_faulty "0 < r['streamed_different'] < 256 and 'y19 is' in r['reason'] + r['recheck']['first']  or r['recheck']['different'] > 0"

# ---- scores that are too wide
job wide many "input: {format: 'fixed<20,3>'}" "layers: [{kind: dense, units: 4, weights: 'fixed<16,2>', format: 'fixed<20,4>'}, {kind: dense, units: 20, weights: 'fixed<16,2>'}]"
for verb in build run; do
    refuse "$verb: wider scores" "score [0-9]+ has 3[3-9] bits, with a sign; thresholds are for 32 at most: give the last layer a narrower format, or build with control player" "$sluice" $verb wide.yaml
done
finish
