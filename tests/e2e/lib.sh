# Shared by the end-to-end tests: `sluice` is the built command, $work a fresh folder removed at the end.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sluice=${SLUICE:-$top/build/sluice}
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX")
trap '[ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# check NAME COMMAND...: ok when the command succeeds.
check() {
    local name=$1; shift
    if "$@" >"$work/last.log" 2>&1; then echo "ok $name"
    else echo "not ok $name"; sed 's/^/    /' "$work/last.log" | tail -5; failures=$((failures + 1)); fi
}
# refuse NAME PATTERN COMMAND...: ok when the command exits with status 1 and exactly one line on stderr that matches.
refuse() {
    local name=$1 pattern=$2; shift 2
    "$@" >"$work/last.out" 2>"$work/last.err"; local status=$?
    if [ $status -eq 1 ] && [ "$(wc -l <"$work/last.err")" -eq 1 ] && grep -qE -- "$pattern" "$work/last.err"; then echo "ok $name"
    else echo "not ok $name (status $status)"; sed 's/^/    /' "$work/last.err" | tail -3; failures=$((failures + 1)); fi
}
json() { python3 -c 'import json,sys
v=json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."): v=v[int(k)] if isinstance(v,list) else v[k]
print(v)' "$1" "$2"; }
# jets_job NAME SEED UNITS TARGET [LINE...]: NAME.yaml, a small network for the jets, trained in seconds.
jets_job() {
    local name=$1 seed=$2 units=$3 target=$4
    shift 4
    cat >"$name.yaml" <<EOT
name: $name
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
output: logits
input: {format: 5}
layers:
  - {kind: dense, units: $units, weights: 4}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {seed: $seed, epochs: 2, quantized_epochs: 2, batch: 256, learning_rate: 0.01}
target: {$target}
EOT
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$name.yaml"
}
# says FILE EXPRESSION: of the run in a run.json, and of r, its recheck.
says() {
    python3 -c "import json, sys
run = json.load(open('$1')); r = run['recheck']
assert $2, r"
}
# serve JOB: a simulated board of a job or build folder, its line on $terminal, until `stop`.
serve() {
    "$sluice" run "$1" --serve >served.log 2>&1 &
    server=$!
    for _ in $(seq 300); do grep -q '^/dev' served.log && break; sleep 0.1; done
    terminal=$(grep -m1 '^/dev' served.log)
}
stop() { kill -INT $server; wait $server 2>/dev/null; }
finish() { [ "$failures" -eq 0 ]; exit $?; }
