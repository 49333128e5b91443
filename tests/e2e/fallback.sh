#!/bin/bash
# The software fall-back: the core recomputes what the fabric answered, by the network's own C, on request and live; it finds
# a fabric that answers wrongly, follows weights that are loaded, and says where it cannot be.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
job() { jets_job "$1" "$2" 8 "board: ulx3s-25f, clock_mhz: 40, control: core$3" "budget: {events_per_crossing: 0.04}"; } # NAME SEED TARGET-KEYS
job a 1 ", fallback: on"
job c 1 ", reuse: 32, weights: loadable"
job d 7 ""
for n in a c d; do check "train and compile $n" sh -c "'$sluice' train $n.yaml && '$sluice' compile $n.yaml"; done

check "40 records recomputed" "$sluice" run a.yaml --events 500 --distinct 256 --recheck 40
check "all of them alike" says build/a/run.json "run['passed'] and r['there'] and r['records'] == 40 and r['different'] == r['skipped'] == 0 and r['cycles'] > 100"
check "rechecked live while events are played" sh -c "'$sluice' run a.yaml --watch --seconds 2 --json --quiet >watch.json"
check "more than were asked for" says watch.json "run['passed'] and r['core_records'] > r['records'] + 5 and r['core_different'] == 0"
check "the report has it" sh -c "'$sluice' report build/a >/dev/null 2>&1; grep -q 'recomputed by the core' build/a/report.txt && grep -q 'recomputed by the core' build/a/report.html"
check "none, if none is wanted" "$sluice" run a.yaml --events 300 --distinct 256 --recheck 0
check "then nothing was recomputed" says build/a/run.json "r['there'] and r['records'] == 0"

check "a network called network" sh -c "'$sluice' compile build/a/model.onnx --board ulx3s-25f --clock-mhz 40 --name network --out build/network && '$sluice' run build/network --events 300 --distinct 256"
check "the core has it" says build/network/run.json "r['records'] == 16"

# Weights of another training, which the core takes as the fabric does.
check "image" "$sluice" image d.yaml --for build/c --out d.img
check "loadable weights" "$sluice" run c.yaml --events 300 --distinct 256 --recheck 10 --image d.img
check "the core follows the load" says build/c/run.json "r['records'] == 10 and r['different'] == 0 and not r['stale']"

# A core that computes another network than the fabric: only the recheck can tell.
cp -r build/a build/other
python3 - <<'EOF2'
import re
path = "build/other/lowered.sluice"
text = open(path).read()
rows = re.findall(r"= input (\d+) +: (\S+) ", text)
one, two = next((a, b) for i, (a, f) in enumerate(rows) for b, g in rows[i + 1:] if f == g)
text = re.sub(r"= input (%s|%s)( +):" % (one, two), lambda m: "= input %s%s:" % (two if m[1] == one else one, m[2]), text)
open(path, "w").write(text)
EOF2
refuse "another network in the core" "of 16 records that the core recomputed 1?[0-9] are different, .* the core computes" "$sluice" run build/other --events 300 --distinct 256 --quiet
check "and run.json says so" says build/other/run.json "not run['passed'] and r['different'] > 0 and run['different'] == 0"

# A fabric that answers wrongly.
cp -r build/a build/wrong
sed -i '0,/+/s// - /' build/wrong/rtl/a_dense2.v
refuse "a fabric that answers wrongly" "self-check" "$sluice" run build/wrong --events 300 --distinct 256 --quiet
check "the recheck finds it" says build/wrong/run.json "r['different'] > 0 and 'the core computes' in r['first']"

export PYTHONPATH=$top/tests/python
serve build/a
cat >right.py <<'EOF2'
from fallback_line import *
strides = read(STRIDES, 1)[0]
event_words, answer_words, inputs, outputs = strides & 255, strides >> 8 & 255, 3, 2
for e in range(0, 40, 3):
    event, expected = read(0x81000000 + 4 * e * event_words, inputs), read(0x82000000 + 4 * e * answer_words, outputs)
    answer = ask(EVALUATE, 0, *event)
    assert answer[0] > 100 and answer[1:] == expected, (e, answer, expected)
event, expected = read(0x81000000, inputs), read(0x82000000, outputs)
assert ask(EVALUATE, 0, *event[:2]) == [] and ask(EVALUATE, 2, *event[2:])[1:] == expected, "in two pieces"
assert ask(EVALUATE, 2, *event[2:])[1:] == expected, "the last piece again"
assert ask(EVALUATE, 4, 0) == -5 and ask(EVALUATE, 0, *event, 0) == -2 and ask(EVALUATE, 0) == -2, "refused"
assert state() & 0xf0 == 0x50, state()  # there, live, not stale
write(CONTROL, 1 << 3)
assert ask(RECHECK, 0) == -6 and ask(RECHECK) == -2, "the spy is not frozen"
before = ask(COUNTS)[8]
say("play\r")
time.sleep(0.5)
assert ask(COUNTS)[8] == before, "somebody else's spy is left alone"
write(CONTROL, 1 << 4)
result = ask(RECHECK, 2)
assert result[0] == 0 and result[1] > 100 and result[3] == 0xffffffff, result
assert ask(RECHECK, 60000) == -6, "no such record"
ask(LIVE, tail=b"\x01")
wait_for(lambda: ask(COUNTS)[8] > before + 5)
heard = numbers(say("recheck 4\r"))
assert int(heard["rechecked"]) >= before + 9 and heard["different"] == "0" and int(heard["cycles"]) > 100, heard
say("live 0\r")
assert not state() & 0x40 and "recheck [N]" in say("help\r")
say("stop\r")
wait_for(lambda: read(0x80000008, 1)[0] & 3 == 1)  # the LED of success
EOF2
check "events that the core computes, records on request, the live mode, a human's commands" python3 right.py "$terminal"
stop

serve build/other
cat >other.py <<'EOF2'
from fallback_line import *
assert state() & 4, "the self-check passes"
say("play\r")
wait_for(lambda: ask(COUNTS)[9] > 0)
counts = ask(COUNTS)
assert counts[14] != counts[15], counts
wait_for(lambda: read(0x80000008, 1)[0] & 3 == 2)
assert "first event" in say("recheck 0\r")
EOF2
check "a difference that the live mode alone can find is on the LEDs" python3 other.py "$terminal"
stop

serve build/c
cat >stale.py <<'EOF2'
from fallback_line import *
say("play\r")
wait_for(lambda: ask(COUNTS)[8] > 2)
def load(seed):
    numbers = random.Random(seed)
    words, crc = [numbers.randrange(1 << 24) for _ in range(int(sys.argv[2]))], 0
    for place in range(0, len(words), 50):
        assert ask(5, place, *words[place:place + 50]) == []
    assert ask(6, len(words), zlib.crc32(struct.pack("<%dI" % len(words), *words))) == []
def recheck():
    write(CONTROL, 1 << 3)
    time.sleep(0.3)
    write(CONTROL, 1 << 4)
    return ask(RECHECK, 0)
load(1)
write(CONTROL, 1 << 4)
assert ask(RECHECK, 0) == -7, "a record from before the swap"
assert recheck()[0] == 0, "one image"
say("stop\r")
before = ask(COUNTS)[8]
for seed in range(2, 5): load(seed)
ask(LIVE, tail=b"\x01")
say("play\r")
assert recheck()[0] == 0, "three images while nothing was played"
load(5)
ask(LIVE, tail=b"\x01")
wait_for(lambda: ask(COUNTS)[8] > before + 3)
assert ask(COUNTS)[9] == 0 and not state() & 0x20, ask(COUNTS)
write(0x80010044, 0)
write(0x80010048, 1)  # past the requests for loading
write(CONTROL, 1 << 5)
wait_for(lambda: state() & 0x20)
assert recheck() == -7 and ask(EVALUATE, 0, 0, 0, 0) == -7, "weights that the core did not see"
assert ask(COUNTS)[9] == 0, "nothing is compared wrongly"
EOF2
words=$(python3 -c "import json; print(max(m['base'] + m['words'] for m in json.load(open('build/c/load.json'))['memories']))")
check "loads while events are played and not; weights that the core does not know are not compared" python3 stale.py "$terminal" $words
stop

# Where it cannot be.
cp -r build/a build/small
sed -i 's/"ulx3s-25f"/"hx8k-evn"/; s/\("clock_mhz":[^0-9]*\)40/\1120/' build/small/interface.json
refuse "a part without the memory" "fallback on: .*hx8k-evn has" "$sluice" build build/small --control core --fallback on
refuse "no compiler" "fallback on: riscv64-unknown-elf-gcc is not there .Debian package gcc-riscv64-unknown-elf" env PATH=/nowhere "$sluice" build build/a --control core --fallback on
refuse "no such choice" "'perhaps' is not known; auto, on or off" "$sluice" build build/a --control core --fallback perhaps
check "without it" "$sluice" run build/a --events 300 --distinct 256 --fallback off
check "nothing is recomputed" says build/a/run.json "not r['there']"
refuse "nor can it be" "no software fall-back to recheck with" "$sluice" run build/a --events 300 --distinct 256 --fallback off --recheck 5 --quiet
finish
