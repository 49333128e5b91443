#!/bin/bash
# The software fall-back on an iCE40 UP5K: an image that the host loads into the core's SPRAM, checked by the board, which recomputes what the fabric
# answered, on request and live, finds a fabric that answers wrongly, and never runs an image that is not whole or of another network.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
jets_job a 1 8 "board: icebreaker, clock_mhz: 40, control: core" "budget: {events_per_crossing: 0.04}"
check "train and compile" sh -c "'$sluice' train a.yaml && '$sluice' compile a.yaml"

check "40 records recomputed" sh -c "'$sluice' run a.yaml --events 500 --distinct 256 --recheck 40 2>run.log"
check "the image was loaded for it" grep -q "software fall-back loaded: $(stat -c %s build/a/run/board/fallback.bin) bytes" run.log
cp build/a/run/board/fallback.bin whole.bin
check "all of them alike" says build/a/run.json "run['passed'] and r['there'] and r['records'] == 40 and r['different'] == r['skipped'] == 0 and r['cycles'] > 100"
check "rechecked live while events are played" sh -c "'$sluice' run a.yaml --watch --seconds 5 --json --quiet >watch.json"
check "more than were asked for" says watch.json "run['passed'] and r['core_records'] > r['records'] and r['core_different'] == 0"
check "over a line that damages 1 % of its bytes, the image too" sh -c "'$sluice' run a.yaml --events 300 --distinct 16 --stream 16 --noise 0.01 2>run.log && grep -q 'fall-back loaded' run.log"
check "all alike there too" says build/a/run.json "run['passed'] and run['asked_again'] > 0 and r['records'] == 16 and r['different'] == 0"
check "none, if none is wanted" sh -c "'$sluice' run a.yaml --events 300 --distinct 64 --recheck 0 2>run.log && ! grep -q 'fall-back loaded' run.log"
check "then there is none" says build/a/run.json "run['passed'] and not r['there']"
refuse "where it cannot be rechecked" "no software fall-back to recheck with" "$sluice" run a.yaml --events 300 --distinct 64 --fallback off --recheck 5 --quiet

# A fabric that answers wrongly.
cp -r build/a build/wrong
sed 's/^name: a/name: wrong/' a.yaml >wrong.yaml
sed -i '0,/+/s// - /' build/wrong/rtl/a_dense2.v
refuse "a fabric that answers wrongly" "self-check" "$sluice" run wrong.yaml --events 300 --distinct 64 --quiet
check "the recheck finds it" says build/wrong/run.json "r['different'] > 0 and 'the core computes' in r['first']"

# One board that stays on, as real ones do: `there` is a run on it, with the image that a build leaves.
mkdir build/a/build
cp whole.bin build/a/build/fallback.bin
serve a.yaml
there() { "$sluice" run a.yaml --board-port "$terminal" --baud 4e6 --events 300 --distinct 64 "$@"; }
export PYTHONPATH=$top/tests/python
cat >loader.py <<'EOF2'
from fallback_line import *
START, SPRAM, LOADER, FALLBACK, WATCHDOG = 11, 0x40000000, 128, 16, 8
image = open(sys.argv[2], "rb").read()
def crc(image): return zlib.crc32(image)
def load(image, start=0):
    for at in range(start, len(image), 4 * 59):
        assert line.ask(3, struct.pack("<I", SPRAM + at) + image[at:at + 4 * 59])[0] == 0x83
def start(image): return ask(START, len(image) // 4, crc(image))
def is_boot(): return state() & (LOADER | FALLBACK) == LOADER
def changed(image, at, byte): return image[:at] + bytes([byte]) + image[at + 1:]
EOF2
cat >damaged.py <<'EOF2'
from loader import *
assert is_boot() and state() & 4, "the firmware that boots plays and checks without it"
assert ask(EVALUATE, 0, 0, 0, 0) == ask(RECHECK, 0) == -1, "and cannot recompute"
assert start(image) == -5, "an SPRAM as it is after configuration"
half = len(image) // 8 * 4
load(image[:half])
assert start(image) == -5, "half an image"
load(changed(image, half + 2, image[half + 2] ^ 4), half)
assert start(image) == -5, "a bit of it is wrong"
other = changed(image, 4, image[4] ^ 1)
load(other)
assert start(other) == -9, "of another network"
assert ask(START, 0xffffffff, 0) == ask(START, 17, 0) == -5 and ask(START) == -2
assert ask(3, SPRAM + 0xfc00, 0) == ask(3, 0, 0) == -3, "the data of the firmware that boots, and its code"
assert is_boot(), state()
EOF2
check "what is not whole, or not of this network, is not run" python3 damaged.py "$terminal" whole.bin
check "a run mends it" sh -c "$(declare -f there); sluice='$sluice' terminal='$terminal' there 2>run.log && grep -q 'fall-back loaded' run.log"
check "and rechecks" says build/a/run.json "run['passed'] and r['records'] == 16 and r['different'] == 0"
cat >live.py <<'EOF2'
from loader import *
assert state() & (LOADER | FALLBACK | 0x40) == LOADER | FALLBACK | 0x40, "it runs, live"
say("play\r")
before = ask(COUNTS)[8]
wait_for(lambda: ask(COUNTS)[8] > before + 2, 60)
assert start(image) == [] and ask(COUNTS)[8] > before + 2, "what runs is not started again"
assert ask(3, SPRAM, 0) == -3 and ask(3, SPRAM + 64, 0) == -3, "nor written over"
say("stop\r")
wait_for(lambda: read(0x80000008, 1)[0] & 3 == 1)  # the LED of success
EOF2
check "it goes on without the host" python3 live.py "$terminal" whole.bin
check "the next run finds it there" sh -c "$(declare -f there); sluice='$sluice' terminal='$terminal' there 2>run.log && ! grep -q 'fall-back loaded' run.log"
spoil() { python3 -c "
bytes = bytearray(open('whole.bin', 'rb').read())
bytes[$1] ^= 1
open('build/a/build/fallback.bin', 'wb').write(bytes)"; }
spoil 2000
refuse "a file that is damaged" "fallback.bin: the software fall-back is damaged; build it again" there --quiet
spoil 4 # its network
refuse "another network's" "refuses to start the image in its SPRAM: the image is of another network" there --quiet
cp whole.bin build/a/build/fallback.bin
check "the right one again" there
check "rechecks again" says build/a/run.json "run['passed'] and r['records'] == 16 and r['different'] == 0"

# An image that is whole, and hangs: from its start it goes round. The watchdog's reset is back in the firmware that boots.
cat >hang.py <<'EOF2'
from loader import *
assert ask(START, 0, 0) == [] and is_boot(), "back"
hangs = image[:64] + struct.pack("<I", 0x6f) + image[68:]
load(hangs)
line.send(START, struct.pack("<II", len(hangs) // 4, crc(hangs)))
assert line.hear()[1] == 0x80 | START
wait = time.time()
while not select.select([line.file], [], [], 0.5)[0]:
    assert time.time() < wait + 120, "it hangs for ever"
    line.send(COUNTS)
counts = line.hear()[2]
assert struct.unpack("<8I", counts)[5] & (LOADER | FALLBACK | WATCHDOG) == LOADER | WATCHDOG
EOF2
check "the watchdog ends an image that hangs" python3 hang.py "$terminal" whole.bin
check "a run after it" there
check "loads the image anew" says build/a/run.json "run['passed'] and run['board']['watchdog_reset'] and r['records'] == 16"
# The core falls back in the midst of a run: somebody else on the line sends it there.
cat >back.py <<'EOF2'
from loader import *
time.sleep(3)
line.send(START, struct.pack("<II", 0, 0))
time.sleep(1)
EOF2
python3 back.py "$terminal" whole.bin >back.log 2>&1 &
refuse "a run whose core has lost it says so" "takes its core back to the firmware that boots|the watchdog reset the board's core" there --watch --seconds 8 --quiet
stop
finish
