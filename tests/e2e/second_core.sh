#!/bin/bash
# The same system with the same firmware on PyPI's picorv32 in our core's place: what core_system.sh asks is answered alike,
# at half the rate of the line: the bench waits 15,000 bits for an answer, and this core takes 1.6 times the cycles.
here=$(cd "$(dirname "$0")" && pwd); top=$(cd "$here/../.." && pwd)
peer=$("$top/build/venv-peers/bin/python" -c 'import pythondata_cpu_picorv32 as p; print(p.data_file("picorv32.v"))' 2>/dev/null)
[ -e "$peer" ] || { echo "skip picorv32 is not there (PyPI's pythondata-cpu-picorv32 in build/venv-peers: make picorv32)"; exit 0; }
DIVIDER=8 CORE="$top/tests/picorv32/rv32i.v $peer" exec "$here/core_system.sh"
