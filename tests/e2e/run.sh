#!/bin/bash
# sluice run: events through the simulated board, compared on the chip and on the host; thresholds, spy, images loaded over the
# line, a bad line, wrong ports, other programs on the line.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
build=${BUILD:-$top/build}
check "the firmware is there" make -s -C "$top" firmware
job() { jets_job "$1" "$2" "$3" "board: ulx3s-25f, clock_mhz: 40$4" "budget: {events_per_crossing: 0.04}"; } # NAME SEED UNITS TARGET-KEYS
job a 1 4 ""
job b 7 4 ""
job c 1 8 ", reuse: 32, weights: loadable"
job d 7 8 ""
for n in a b c d; do check "train and compile $n" sh -c "'$sluice' train $n.yaml && '$sluice' compile $n.yaml"; done

check "3,000 events in bursts, 300 read back" "$sluice" run a.yaml --events 3000 --distinct 512 --stream 300 --burst 64 --pause 20
check "run.json says so" python3 -c "
import json
r = json.load(open('build/a/run.json'))
assert r['passed'] and r['events'] == r['answers'] == 3000 and r['streamed'] == 300 and r['distinct'] == 512, r
assert not (r['lost'] or r['doubled'] or r['different'] or r['late'] or r['streamed_different'] or r['decisions_wrong']), r
assert r['board']['self_check'] and r['board']['firmware_crc'] and r['board']['self_check_wrong'] == 0, r"
check "scores that were read back are counted" test "$(tail -n +2 build/a/run_scores.csv | awk -F, '{ n += $4 } END { print n }')" = 1500
check "thresholds, prescales, the spy" sh -c "'$sluice' run a.yaml --events 2000 --distinct 256 --threshold 0=0.25,q=-0.5 --prescale q=3 --spy accept >spy.log"
check "accepted events are what scores and prescales ask for" python3 -c "
import json
r = json.load(open('build/a/run.json'))
c = r['classes']
assert c[0]['threshold'] == 0.25 and c[1]['prescale'] == 3 and [x['accepts'] for x in c] == [True, True, False, False, False]
assert 0 < r['accepted'] <= c[0]['passes'] + c[1]['passes'] // 3 and r['decisions_wrong'] == 0, r"
check "the spy caught accepted events" grep -q "spy: event .* accepted" spy.log
check "watching" sh -c "'$sluice' run a.yaml --watch --seconds 3 --json >watch.json"
check "what was watched was compared" python3 -c "
import json
r = json.load(open('watch.json'))
assert r['passed'] and r['events'] > 10000 and r['streamed'] >= 12 and 39e6 < r['events_per_s'] < 41e6, r"

check "the spy, capture after capture" "$sluice" run a.yaml --watch --spy accept --captures 12 --threshold 0=0.25 --seconds 60
check "each told by the board, computed again and written" python3 -c "
import csv, json
r = json.load(open('build/a/run.json'))
# A notice is sent once: one whose bytes a busy machine breaks off is lost, and the host finds the spy frozen by itself.
assert r['passed'] and r['captures'] == 12 and r['captures_told'] >= 9 and r['streamed'] >= 12 and r['streamed_different'] == 0, r
rows = list(csv.DictReader(open('build/a/spy.csv')))
assert len(rows) == r['streamed'] and {int(x['capture']) for x in rows} == set(range(1, 13)), len(rows)
for x in rows:
    assert x['agrees'] == '1' and (x['accepted'] == '1') == (float(x['score:g']) >= 0.25) and x['score:t'] == x['computed:t'], x
    assert 0 <= float(x['input:multiplicity']) < 300, x
assert any(x['accepted'] == '1' for x in rows)"
check "the spy on demand, on a bad line" "$sluice" run a.yaml --watch --spy now --captures 4 --noise 0.01 --seconds 60
check "as many" test "$(json build/a/run.json captures)" = 4
check "a spy that waits in vain" sh -c "'$sluice' run a.yaml --watch --spy mismatch --captures 1 --seconds 2 && test $(wc -l <build/a/spy.csv) -gt 0"

# Images over the line, for the weights of another training.
check "image" "$sluice" image d.yaml --for build/c --out d.img
check "the network that was built" "$sluice" run c.yaml --events 500 --distinct 256 --stream 50
cp build/c/run_scores.csv built.csv
check "the image, loaded and swapped" "$sluice" run c.yaml --events 500 --distinct 256 --stream 50 --image d.img
check "the image's answers are others" sh -c "! cmp -s built.csv build/c/run_scores.csv"

# A line that damages 1 % of the bytes of both directions.
check "a bad line" "$sluice" run a.yaml --events 500 --distinct 64 --stream 32 --noise 0.01
check "frames were damaged and asked again" python3 -c "
import json
r = json.load(open('build/a/run.json'))
assert r['passed'] and r['frames_damaged'] > 0 and r['asked_again'] > 0, r"

# Other programs on the line of a board that is served.
port=$((20000 + $$ % 20000))
"$sluice" run a.yaml --serve --tcp $port >served.log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q '^/dev' served.log && break; sleep 0.1; done
terminal=$(grep -m1 '^/dev' served.log)
check "a program on the pseudo-terminal" "$sluice" run build/a --board-port "$terminal" --baud 1e6 --events 500 --distinct 128
check "a program on the TCP port" "$sluice" run build/a --board-port tcp:$port --baud 1e6 --events 500 --distinct 128
refuse "another network's folder" "the board holds a on ulx3s-25f" "$sluice" run build/b --board-port "$terminal" --baud 1e6
cat >shell.py <<'EOF2'
import os, select, sys, time
line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
def say(text):
    os.write(line, text.encode())
    heard, end = "", time.time() + 20
    while time.time() < end and not heard.endswith("> "):
        if select.select([line], [], [], 0.2)[0]: heard += os.read(line, 4096).decode("latin1")
    return heard
assert "a on ulx3s-25f" in say("ix\x7fd\r"), "id"
assert "threshold CLASS VALUE" in say("help\r")
assert "try help" in say("threshold 17 5\r") and "try help" in say("prescale 5 1\r"), "no such class"
assert "try help" in say("thresholds 1 2\r") and "try help" in say("threshold 1\r") and "try help" in say("\x01play\rnothing\r")
say("threshold 0 0\r")
say("play 1000\r")
before = say("counts\r")
assert "mismatches 0\r" in before and "class 4" in before, before
assert "wrong 0" in say("selfcheck\r")
say("spy 1 2\r")
assert "accepted" in say("play 1000\r") + say("\r"), "spy"
say("play\r")
rates = dict(r.rsplit(" ", 1) for r in say("rates\r").split("\r\n") if " " in r.strip())
assert 35e6 < int(rates["events"]) < 45e6, rates
say("stop\r")
EOF2
check "a human's commands" python3 shell.py "$terminal"
cat >busy.py <<'EOF2'
import struct, sys
sys.path.insert(0, sys.argv[2])
from monitor_line import EVENTS, Line
line = Line(sys.argv[1])
line.ask(1)
line.write(EVENTS + 0x80, *[0x80000000] * 5)
line.write(EVENTS + 0xC0, *[1] * 5)
line.write(EVENTS + 0x40, 31)
line.write(EVENTS + 0x34, 1, 3)
line.write(EVENTS + 0x1C, 255, 0, 0, 0, 0, 0)
line.write(EVENTS + 0x14, 4 | 1)
records, stride = line.read(EVENTS + 4)[0] >> 16, line.read(EVENTS + 8)[0] >> 16 & 0xFF
assert line.ask(7, b"\x01") == (0x87, b"")
for turn in range(20):
    line.write(EVENTS + 0x14, 8)  # the spy freezes some events later, before this is answered
    # Two requests on their way all the time: the notice comes between their answers.
    waiting = [line.send_read(EVENTS + 0x100, 8), line.send_read(EVENTS + 0x100, 8)]
    for _ in range(6):
        number, kind, words = line.hear()
        assert number == waiting.pop(0) and kind == 0x82 and len(words) == 32
        waiting.append(line.send_read(EVENTS + 0x100, 8))
    for number in waiting: assert line.hear()[0] == number
    assert line.frozen == turn + 1, (line.frozen, turn)
    place = ((line.read(EVENTS + 0x3C)[0] & 0xFFFF) - 4) % records
    assert line.read(0x83000000 + 4 * place * stride)[0] >> 31 == 1, place  # the record that froze it
line.write(EVENTS + 0x14, 2)
EOF2
check "every freeze is told, while the core is busy with requests" timeout 60 python3 busy.py "$terminal" "$top/tests/python"
python=$build/venv-serial/bin/python
python3 -c 'import serial' 2>/dev/null && python=python3
[ "$python" = python3 ] || [ -x "$python" ] && "$python" -c 'import serial' 2>/dev/null ||
    { python3 -m venv "$build/venv-serial" && "$build/venv-serial/bin/pip" install -q pyserial==3.5; } >venv.log 2>&1
if "$python" -c 'import serial' 2>/dev/null; then
    check "the example in Python on the pseudo-terminal" "$python" "$top/examples/run/board.py" "$terminal"
    check "the example in Python on the TCP port" "$python" "$top/examples/run/board.py" socket://127.0.0.1:$port
else
    echo "skip the example in Python: pyserial is not there (Debian package python3-serial)"
fi
kill -INT $server
wait $server 2>/dev/null

check "the report has it" sh -c "'$sluice' report build/a >/dev/null 2>&1; grep -q 'a on ulx3s-25f' build/a/report.txt && grep -q 'Events on the board' build/a/report.html"

# A chip that answers wrongly is found.
cp -r build/a build/wrong
sed -i '0,/+/s// - /' build/wrong/rtl/a_dense2.v
refuse "a chip that answers wrongly" "self-check|different" "$sluice" run build/wrong --events 500 --distinct 256 --quiet
check "and run.json says so" test "$(json build/wrong/run.json passed)" = False
refuse "and the report" "on the simulated board: " "$sluice" report build/wrong

refuse "no such port" "cannot open" "$sluice" run a.yaml --board-port /dev/no-board --baud 1e6
refuse "not a serial port" "not a serial port" "$sluice" run a.yaml --board-port /dev/null --baud 1e6
refuse "a board whose rate is not known" "build.json is not there" "$sluice" run a.yaml --board-port /dev/null
finish
