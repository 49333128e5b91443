#!/bin/bash
# What the docs print from the code's tables is what the code prints today.
. "$(dirname "$0")/lib.sh"
check "job keys" sh -c "'$sluice' list keys | cmp - '$top/docs/reference/job-keys.md'"
check "supported table in the README" sh -c "'$top/tools/supported-table' '$sluice' >table && sed -n '/<!-- supported -->/,/<!-- end -->/p' '$top/README.md' | sed '1d;\$d' | cmp - table"
check "dependencies" sh -c "'$top/tools/dependency-table' | cmp - '$top/docs/reference/dependencies.md'"
check "register map: Verilog" sh -c "'$top/tools/register-map' verilog | cmp - '$top/rtl/registers.vh'"
check "register map: Verilog around the network" sh -c "'$top/tools/register-map' events | cmp - '$top/rtl/event_registers.vh'"
check "register map: C" sh -c "'$top/tools/register-map' c | cmp - '$top/runtime/registers.h'"
check "register map: page" sh -c "'$top/tools/register-map' docs | cmp - '$top/docs/reference/registers.md'"
check "every operation is in the program reference" sh -c "'$sluice' list operations --json | python3 -c '
import json,sys
doc=open(sys.argv[1]).read()
missing=[o[\"name\"] for o in json.load(sys.stdin)[\"operations\"] if \"\`%s\`\" % o[\"name\"] not in doc]
sys.exit(\"missing: %s\" % missing if missing else 0)' '$top/docs/reference/program.md'"
check "no dead links" python3 - "$top" <<'EOF'
import os, re, sys, subprocess
top = sys.argv[1]
files = subprocess.run(["git", "-C", top, "ls-files", "*.md"], capture_output=True, text=True).stdout.split()
dead = []
for f in files:
    for link in re.findall(r"\]\(([^)#\s]+)", open(os.path.join(top, f)).read()):
        if "://" not in link and not os.path.exists(os.path.join(top, os.path.dirname(f), link)): dead.append((f, link))
print(dead); sys.exit(bool(dead))
EOF
check "man page is made" sh -c "'$sluice' --manual | grep -q '^.SH VERBS'"
finish
