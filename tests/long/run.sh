#!/bin/bash
# The simulated board at length: 100,000 events, all of them different, in bursts at the crossing rate, compared on the chip, 2,000 of them read back;
# and a line that changes, loses and doubles 1 % of the bytes of both directions, through the host's own exchanges.
. "$(dirname "$0")/../e2e/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
jets_job a 1 8 "board: ulx3s-25f, clock_mhz: 40"
check "train and compile" sh -c "'$sluice' train a.yaml && '$sluice' compile a.yaml"
check "100,000 events" "$sluice" run a.yaml --events 100000 --distinct 100000 --stream 2000 --burst 100 --pause 60 --prescale 0=7,3=2 --threshold 0=0.5,3=1
check "none lost, doubled or different" python3 -c "
import json
r = json.load(open('build/a/run.json'))
assert r['passed'] and r['events'] == r['answers'] == 100000 and r['distinct'] == 100000 and r['streamed'] == 2000, r
assert not (r['lost'] or r['doubled'] or r['different'] or r['late'] or r['streamed_different'] or r['decisions_wrong']), r
assert 0 < r['accepted'] < 100000, r
print('%d exchanges, %.0f s' % (r['exchanges'], r['seconds']))"
cat last.log
check "a bad line" "$sluice" run a.yaml --events 20000 --distinct 1500 --stream 1000 --noise 0.01
check "every exchange ended right" python3 -c "
import json
r = json.load(open('build/a/run.json'))
assert r['passed'] and r['events'] == r['answers'] == 20000 and r['streamed'] == 1000 and r['frames_damaged'] > 100, r
print('%d exchanges, %d asked again, %d frames of the board damaged, %.0f s' % (r['exchanges'], r['asked_again'], r['frames_damaged'], r['seconds']))"
cat last.log
check "a line with 5 % of the bytes damaged" "$sluice" run a.yaml --events 2000 --distinct 100 --stream 50 --noise 0.05
finish
