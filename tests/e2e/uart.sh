#!/bin/bash
# The UART on lines that are slower and faster than its divider says: measured, it follows; given, it must not.
. "$(dirname "$0")/lib.sh"
command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
for kind in given measured; do
    measure=$([ $kind = measured ] && echo 1 || echo 0)
    check "the bench compiles, $kind" verilator -O3 --cc --exe --build -Wno-fatal --Mdir $kind -y "$top/rtl" -GDIVIDER=20 -GMEASURE=$measure \
        --top-module uart "$top/rtl/uart.v" "$top/tests/flow/uart_bench.cpp"
    check "lines of 15 to 25 cycles a bit, $kind" $kind/Vuart $kind
done
finish
