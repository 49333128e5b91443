#!/bin/bash
# sluice run as a user meets it: wrong numbers and files, ports that are somebody else's, a board that goes or is loaded anew in the middle,
# Ctrl-C, a full disk. Each ends in one line and leaves nothing half written.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
jets_job a 1 4 "board: ulx3s-25f, clock_mhz: 40" "budget: {events_per_crossing: 0.04}"
check "train and compile" sh -c "'$sluice' train a.yaml && '$sluice' compile a.yaml"
python3 - <<'EOF2'
import struct
def npy(path, rows, columns, number):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }" % (rows, columns)
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack("<d", number) * (rows * columns))
npy("empty.npy", 0, 16, 0)
npy("narrow.npy", 5, 3, 0)
npy("broad.npy", 5, 17, 0)
npy("nan.npy", 5, 16, float("nan"))
npy("far.npy", 5, 16, 1e300)
EOF2

# ---- what is wrong before there is a board: no board is made for it
wrong() { # NAME PATTERN OPTIONS of run
    local name=$1 pattern=$2
    shift 2
    refuse "$name" "$pattern" "$sluice" run a.yaml "$@"
    [ ! -e build/a/run ] || { echo "not ok $name: a board was made"; failures=$((failures + 1)); }
}
wrong "no events" "--events 0: from 1 to 1000000000000" --events 0
wrong "fewer than none" "--events -5: from 1" --events -5
wrong "more than there are" "--events 99999999999999999999: from 1" --events 99999999999999999999
wrong "no such file" "none.npy: cannot read: No such file" --events none.npy
wrong "a file without events" "empty.npy: is empty" --events empty.npy
wrong "events that are too short" "narrow.npy: 3 values per event; 16 are wanted" --events narrow.npy
wrong "events that are too long" "broad.npy: 17 values per event; 16 are wanted" --events broad.npy
wrong "events with NaN" "nan.npy, row 0 .*: column 0 is missing, NaN or infinite" --events nan.npy
wrong "a file that is none" "a.yaml:2: 2 fields where the first row has 1" --events a.yaml
wrong "fewer different ones than one" "--distinct 0: at least 1" --distinct 0
wrong "less than nothing read back" "--stream -3: must be 0 or more" --stream -3
wrong "a gap beyond the register" "at most 65535" --gap 65536
wrong "a pause without bursts" "--pause: goes with --burst" --pause 5
wrong "a rate of 0" "--baud 0: above 0" --baud 0 --board-port /dev/null
wrong "a rate below 0" "--baud -1: above 0" --baud -1 --board-port /dev/null
wrong "a rate beyond all ports" "--baud 1e\\+12: above 0, at most 1e\\+08" --baud 1e12 --board-port /dev/null
wrong "noise beyond sense" "--noise 0.5: from 0 to 0.2" --noise 0.5
wrong "seconds below 0" "--seconds -1: at least 0" --watch --seconds -1
wrong "seconds of nothing" "--seconds: goes with --watch" --seconds 1
wrong "another word for the spy" "--spy often: it is accept, mismatch, late or now" --spy often
wrong "captures of nothing" "--captures: goes with --watch --spy" --captures 3
wrong "no such image" "none.img: cannot read|nothing in this network can be loaded" --watch --swap none.img
wrong "a fall-back of another kind" "'maybe' is not known; auto, on or off" --fallback maybe
refuse "no job" "none.yaml: cannot read" "$sluice" run none.yaml
refuse "no folder" "build/none: no such build folder" "$sluice" run build/none
refuse "a job with a wrong key" "a_wrong.yaml:[0-9]+: .*colour" sh -c "{ cat a.yaml; echo 'colour: red'; } >a_wrong.yaml; '$sluice' run a_wrong.yaml"
mkdir build/empty
refuse "a network that is not compiled" "run .sluice compile. first" "$sluice" run build/empty
cp -r build/a build/cut
head -c 700 build/a/program.sluice >build/cut/program.sluice
refuse "half a program" "build/cut/program.sluice" "$sluice" run build/cut --quiet

# ---- what only the board can tell
run="--events 300 --distinct 256 --quiet"
refuse "a threshold beyond the scores" "--threshold g=1000: outside what the board's [0-9]+ bits hold" "$sluice" run a.yaml $run --threshold g=1000
refuse "a threshold of no class" "there is no class 'x'; they are 0 to 4, the first is g" "$sluice" run a.yaml $run --threshold x=1
refuse "a threshold of nothing" "it is CLASS=NUMBER, with commas between them" "$sluice" run a.yaml $run --threshold g=1,
refuse "a threshold that is no number" "it is CLASS=NUMBER" "$sluice" run a.yaml $run --threshold g=nan
refuse "a prescale beyond its register" "--prescale g=65536: a whole number from 0 to 65535" "$sluice" run a.yaml $run --prescale g=65536
refuse "half a prescale" "--prescale g=0.5: a whole number" "$sluice" run a.yaml $run --prescale g=0.5
refuse "a gap below the interval" "--gap 0: the network takes an event every" "$sluice" run a.yaml $run --gap 0
check "prescales of 0" "$sluice" run a.yaml $run --prescale g=0,q=0,w=0,z=0,t=0
check "accept nothing" python3 -c "
import json
r = json.load(open('build/a/run.json'))
assert r['passed'] and r['accepted'] == 0 and all(c['passes'] > 0 for c in r['classes']), r"
check "events beyond the inputs' range are played as its ends" "$sluice" run a.yaml --events far.npy --quiet
check "fewer events than are to be read back" "$sluice" run a.yaml --events 3 --stream 100 --quiet
check "three were" python3 -c "
import json
r = json.load(open('build/a/run.json'))
assert r['passed'] and r['events'] == r['streamed'] == r['distinct'] == 3, r"

# ---- Ctrl-C, and a full disk
left() { find build/a -newer a.yaml \( -name run.json -o -name '*.tmp*' -o -name '*.new' \); }
for signal in INT TERM; do
    rm -f build/a/run.json
    "$sluice" run a.yaml --events 100000000 --distinct 256 --stream 0 --quiet >/dev/null 2>last.err &
    one=$!
    sleep $([ $signal = INT ] && echo 3 || echo 0.3)
    kill -$signal $one
    wait $one
    status=$?
    check "$signal: the usual status and one line" test $status -gt 128 -a "$(cat last.err)" = "sluice: interrupted"
    check "$signal: nothing is left" test -z "$(left)"
    check "$signal: no board goes on" sh -c "! ps -eo args | grep -v grep | grep -q '$PWD/build/a/run/simulation/board'"
done
check "the next run is right" "$sluice" run a.yaml $run
"$sluice" run a.yaml --watch >watch.log 2>&1 &
one=$!
for _ in $(seq 300); do grep -q '^watching' watch.log && break; sleep 0.1; done
kill -INT $one
check "Ctrl-C ends the watching, with its result" wait $one
check "which is whole" python3 -c "import json; r = json.load(open('build/a/run.json')); assert r['passed'] and r['events'] > 1000, r"
rm -f build/a/run.json
check "a full disk" sh -c "trap '' XFSZ; ulimit -f 0; '$sluice' run a.yaml $run --fallback off 2>&1 | cat >/dev/null; test ! -e build/a/run.json"
refuse "is told in one line" "cannot write|too large|does not" bash -c "exec 3>&2; { trap '' XFSZ; ulimit -f 0; '$sluice' run a.yaml $run --fallback off 2>&1 >/dev/null; echo \$?; } | { read -r line; read -r status; echo \"\$line\" >&3; exit \$status; }"
check "nothing is left of it" test -z "$(left)"
mkdir build/a/run.json
refuse "a result that is a folder" "build/a/run.json: is a folder" "$sluice" run a.yaml $run
rmdir build/a/run.json

# ---- two programs at one board, a board that goes
cp -r build/a build/again
port=$((20000 + $$ % 20000))
serve() { # FOLDER PORT, then $served and $terminal
    "$sluice" run build/$1 --serve --tcp $2 >served.log 2>&1 &
    served=$!
    for _ in $(seq 300); do grep -q '^/dev' served.log && break; sleep 0.1; done
    terminal=$(grep -m1 '^/dev' served.log)
}
wait_for_lock() { for _ in $(seq 100); do grep -q " $1 " /proc/locks && break; sleep 0.1; done; } # of that process
serve a $port
first=$served
on="--board-port $terminal --baud 1e6"
"$sluice" run build/again $on --watch --seconds 4 --quiet &
one=$!
wait_for_lock $one
refuse "a port that another program has" "another program has locked it; one at a time" "$sluice" run build/a $on $run
check "which goes on" wait $one
"$sluice" run build/again --board-port tcp:$port --baud 1e6 --watch --seconds 4 --quiet &
one=$!
sleep 1
refuse "a connection that another program has" "tcp:$port: the other end has closed the connection, as it does where it has one already" "$sluice" run build/a --board-port tcp:$port --baud 1e6 $run
check "which goes on too" wait $one
refuse "a port of the TCP interface that nobody serves" "cannot connect to 127.0.0.1: Connection refused" "$sluice" run build/a --board-port tcp:$((port + 2)) --baud 1e6
refuse "recheck without a fall-back" "no software fall-back to recheck with" sh -c "'$sluice' run build/again $run --fallback off --recheck 3"

# A board that is loaded anew: the line goes from one simulated board to another of the same network.
serve again $((port + 1))
cat >relay.py <<'EOF2'
import select, signal, socket, sys
here, *boards = [int(n) for n in sys.argv[1:]]
listener = socket.create_server(("127.0.0.1", here))
print("ready", flush=True)
host, _ = listener.accept()
board = socket.create_connection(("127.0.0.1", boards.pop(0)))
def change(*unused):
    global board
    board.close()
    board = socket.create_connection(("127.0.0.1", boards.pop(0)))
signal.signal(signal.SIGUSR1, change)
while True:
    for source in select.select([host, board], [], [], 0.05)[0]:
        data = source.recv(4096)
        if not data: sys.exit()
        (board if source is host else host).sendall(data)
EOF2
replace() { # OPTIONS of run: the board is another one 2 s later
    python3 relay.py $((port + 3)) $port $((port + 1)) >relay.log &
    local relay=$!
    for _ in $(seq 50); do grep -q ready relay.log && break; sleep 0.1; done
    "$sluice" run build/a --board-port tcp:$((port + 3)) --baud 1e6 --quiet "$@" &
    local one=$!
    sleep 2
    kill -USR1 $relay
    wait $one
    local status=$?
    kill $relay 2>/dev/null # it may have ended with its host
    return $status
}
refuse "a board that is loaded anew while it is watched" "the board was loaded anew during the run, or another program used it" replace --watch --seconds 5
refuse "and while events are played" "the board was loaded anew during the run, or another program used it" replace --events 400000 --distinct 256 --stream 0
check "run.json says so" test "$(json build/a/run.json passed)" = False
"$sluice" run build/a $on --watch --quiet 2>gone.err &
one=$!
wait_for_lock $one
sleep 1
kill -INT $first
wait $one
status=$?
check "a board that goes" test $status = 1 -a "$(wc -l <gone.err)" = 1
check "says so" grep -q "the board has gone" gone.err
kill -INT $served
wait $served 2>/dev/null
finish
