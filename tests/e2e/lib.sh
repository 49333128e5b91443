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
    if [ $status -eq 1 ] && [ "$(wc -l <"$work/last.err")" -eq 1 ] && grep -qE "$pattern" "$work/last.err"; then echo "ok $name"
    else echo "not ok $name (status $status)"; sed 's/^/    /' "$work/last.err" | tail -3; failures=$((failures + 1)); fi
}
json() { python3 -c 'import json,sys
v=json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."): v=v[int(k)] if isinstance(v,list) else v[k]
print(v)' "$1" "$2"; }
finish() { [ "$failures" -eq 0 ]; exit $?; }
