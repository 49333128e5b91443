#!/bin/bash
# Weights and trees that are loaded over the line of a simulated board, and swapped in while events go on: before the swap every answer is
# the old weights', after it the new ones'. Words wider than 32 bits, which go in parts. What is damaged is refused. Faults are found.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
job() { # NAME SEED TARGET-KEYS
    jets_job "$1" "$2" 8 "$3" "budget: {events_per_crossing: 0.02}"
    check "train and compile $1" sh -c "'$sluice' train $1.yaml && '$sluice' compile $1.yaml"
}
# swapped FOLDER TIMES: what run.json must say of swaps.
swapped() {
    check "$1: old answers, then new ones, all of them counted" python3 -c "
import json
r = json.load(open('$1/run.json'))
s, w = r['swap'], r['weights']
assert r['passed'] and s['swaps'] == $2 and {s['bank_before'], s['bank_after']} == {0, 1} and w['bank'] == s['bank_after'], r
assert 0 < s['stored_differing'] <= s['stored'] and s['records_old'] > 0 and s['records_new'] > 0, s
assert s['mismatches'] > 100 and 0 < s['event'] < r['events'] and r['different'] == 0 and r['streamed'] > 0, r
assert w['image'] and w['words'] > 0 and int(w['crc'], 16), w"
}
job a 1 "board: ulx3s-25f, clock_mhz: 40, reuse: 32, weights: loadable"
job b 7 "board: ulx3s-25f, clock_mhz: 40"
check "an image" "$sluice" image build/b --for build/a --out b.img
check "ULX3S: swapped while events go on" "$sluice" run a.yaml --watch --seconds 2 --swap b.img
swapped build/a 1
check "on from one image to another" sh -c "'$sluice' image build/a --for build/a --out a.img && '$sluice' run a.yaml --watch --seconds 3 --image b.img --swap a.img --swap-after 0.5 --swaps 3"
swapped build/a 3

# Trees, with words of 33 bits.
models=$top/tests/models/trees
check "trees" "$sluice" compile "$models/xgboost_3_2_binary.json" --input-format 'fixed<30,10>' --calibrate "$models/x.npy" --leaf-bits 12 \
    --board ulx3s-25f --clock-mhz 40 --reuse 4 --weights loadable --out trees
check "their words have 33 bits" test "$(json trees/load.json data_bits)" = 33
check "the image of other trees" "$sluice" image "$models/catboost_binary.json" --for trees --out trees.img
check "trees as built" "$sluice" run trees --events 500 --distinct 256 --stream 50
cp trees/run_scores.csv built.csv
check "the other trees, loaded before" "$sluice" run trees --events 500 --distinct 256 --stream 50 --image trees.img
check "have other answers" sh -c "! cmp -s built.csv trees/run_scores.csv"
check "trees, swapped while events go on" "$sluice" run trees --watch --seconds 2 --swap trees.img
swapped trees 1
check "trees on HX8K" "$sluice" compile "$models/xgboost_3_2_binary.json" --input-bits 8 --calibrate "$models/x.npy" --leaf-bits 12 \
    --board hx8k-evn --clock-mhz 48 --reuse 4 --weights loadable --out ice40
check "their image" "$sluice" image "$models/catboost_binary.json" --for ice40 --out ice40.img
check "HX8K: swapped while events go on" "$sluice" run ice40 --watch --seconds 2 --swap ice40.img
swapped ice40 1

# What is wrong is refused: by the host, that reads the file ...
cp b.img damaged.img && printf x | dd of=damaged.img bs=1 seek=50 conv=notrunc 2>/dev/null
head -c 200 b.img >short.img
refuse "a damaged image" 'damaged.img: damaged: its CRC is wrong' "$sluice" run a.yaml --watch --seconds 2 --swap damaged.img
refuse "a part of an image" 'short.img: damaged' "$sluice" run a.yaml --watch --seconds 2 --swap short.img
refuse "another network's image" 'trees.img: made for another network' "$sluice" run a.yaml --watch --seconds 2 --swap trees.img
refuse "no time for it" 'the swap comes after --seconds are over' "$sluice" run a.yaml --watch --seconds 2 --swap b.img --swap-after 2
# ... and by the board, which plays on with the weights it has.
"$sluice" run a.yaml --serve >served.log 2>&1 &
server=$!
for _ in $(seq 900); do grep -q '^/dev' served.log && break; sleep 0.1; done
cat >refused.py <<'EOF2'
import struct, sys, time, zlib
sys.path.insert(0, sys.argv[3])
from monitor_line import EVENTS, Line
line = Line(sys.argv[1])
ask, read, write = line.ask, line.read, line.write
image = open(sys.argv[2], "rb").read()
def counts(): return read(EVENTS + 0x100, 3)
def load(words, number=None, crc=None):
    for at in range(0, len(words), 50):
        assert ask(5, struct.pack("<%dI" % (1 + len(words[at:at + 50])), at, *words[at:at + 50])) == (0x85, b"")
    right = zlib.crc32(struct.pack("<%dI" % len(words), *words))
    return ask(6, struct.pack("<II", len(words) if number is None else number, right if crc is None else crc))
ask(1)
words, at = [], 32
while at < len(image) - 4:
    base, count = struct.unpack_from("<II", image, at)
    words += [0] * (base - len(words)) + list(struct.unpack_from("<%dI" % count, image, at + 8))
    at += 8 + 4 * count
write(EVENTS + 0x1C, 255, 0, 0, 0, 0, 0)
write(EVENTS + 0x14, 1)
before, bank = counts(), read(EVENTS + 0x18)[0] & 0x40
for refused in (load(words, crc=1), load(words[:-1], number=len(words)), load(words, number=len(words) - 1), ask(6, struct.pack("<II", 0, 0))):
    assert refused == (0xFF, b"\x05"), refused
time.sleep(1)
after = counts()
assert after[0] > before[0] + 1000 and after[2] == before[2], (before, after)
assert read(EVENTS + 0x18)[0] & 0x40 == bank, "the bank in use is another"
assert load(words) == (0x86, b"")
time.sleep(1)
assert counts()[2] > after[2] + 100, "the whole image is not in use"
write(EVENTS + 0x14, 2)
EOF2
check "the board refuses what is not whole, and plays on" timeout 60 python3 refused.py "$(grep -m1 '^/dev' served.log)" b.img "$top/tests/python"
kill -INT $server
wait $server 2>/dev/null

# Hardware that swaps in the middle of an event, loads into the bank that is in use, or does not swap all of it.
fault() { # NAME SED-EXPRESSION PATTERN
    rm -rf build/faulty && cp -r build/a build/faulty
    sed -i "$2" build/faulty/rtl/a.v
    if cmp -s build/a/rtl/a.v build/faulty/rtl/a.v; then echo "not ok $1: nothing to change"; failures=$((failures + 1)); fi
    refuse "found: $1" "$3" "$sluice" run build/faulty --watch --seconds 2 --swap b.img --swaps 40 --quiet
}
# Where in an event it swaps is chance, and only in some places the answer is another.
fault "a swap in mid-event" 's/turns = swap_q && wait_q == [^;]*;/turns = swap_q;/' 'the swap to b.img: event [0-9]+ has an answer of neither'
fault "words go to the bank in use" 's/{!bank_q, load_addr_q/{bank_q, load_addr_q/' 'the swap to b.img: [0-9]+ answers were wrong before the swap'
fault "the second layer stays" "s/bank_h1 <= bank_q/bank_h1 <= 1'd0/" 'the swap to b.img: .*'
finish
