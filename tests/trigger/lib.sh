# For tests/e2e/trigger_system.sh and tests/long/trigger_system.sh: shapes of the trigger system, and how its bench is compiled.
trigger=$top/tests/trigger
# IN_BITS OUT_BITS LATENCY INTERVAL CLASSES SCORE_BITS CLASS_NUMBER EVENT_LANES EVENT_ROWS ANSWER_LANES ANSWER_ROWS EVENTS RECORDS SPY_INPUTS
# LOAD_ADDRESS_BITS LOAD_DATA_BITS
names="IN_BITS OUT_BITS LATENCY_CYCLES INTERVAL_CYCLES CLASSES SCORE_BITS CLASS_NUMBER EVENT_LANES EVENT_ROWS ANSWER_LANES ANSWER_ROWS EVENTS RECORDS SPY_INPUTS LOAD_ADDRESS_BITS LOAD_DATA_BITS"
shape_every_cycle="24 20 3 1 2 10 0 1 1 1 1 256 64 1 6 20"
shape_three_cycles="100 60 17 3 5 12 0 2 2 1 2 128 64 1 5 40"
shape_class_number="40 3 9 2 5 3 1 2 1 1 1 64 32 1 1 0"
shape_wide="70 128 70 1 16 8 0 4 1 4 1 100 128 1 9 96"
shape_three_rows="90 90 12 3 9 10 0 1 3 1 3 64 32 0 5 64"
shape_apart="64 100 5 2 10 10 0 1 2 2 2 32 64 1 1 0"

build_model() { cc -std=c11 -O2 -Wall -Wextra -Werror -I"$trigger" -c -o model.o "$trigger/model.c"; }
# build_bench FOLDER RTL SHAPE [OPTIONS of Verilator]: FOLDER/Vtrigger_system from the Verilog of folder RTL.
build_bench() {
    local folder=$1 rtl=$2 values=$3 generics='' defines='' name
    shift 3
    for name in $names; do
        generics="$generics -G$name=${values%% *}" defines="$defines -D$name=${values%% *}"
        values=${values#* }
    done
    verilator -O3 --cc --exe --build -Wno-fatal -Wno-lint -Wno-style --x-initial unique -CFLAGS "-O1 -I$trigger -I$top/runtime $defines" -y "$rtl" -I"$rtl" \
        $generics --Mdir "$folder" --top-module trigger_system "$@" "$rtl/trigger_system.v" "$trigger/bench.cpp" "$PWD/model.o" >"$folder.log" 2>&1 || { tail -20 "$folder.log"; return 1; }
}
# check_faults NUMBER FILE FIELD PROGRAM...: each of the faults of FILE, whose names are in that field, must make the program fail that is
# called with its number.
check_faults() {
    local number=$1 file=$2 field=$3 fault name
    shift 3
    for fault in $(seq "$number"); do
        name=$(grep -v '^#' "$file" | sed -n "${fault}p" | awk -F ' ~ ' -v field="$field" '{print $field}')
        if "$@" "$fault" >/dev/null; then echo "not ok fault found: $name"; failures=$((failures + 1)); else echo "ok fault found: $name"; fi
    done
}
# Whichever of the shapes with faults sees it first.
any_shape() {
    local shape
    for shape in $faulty; do $shape/Vtrigger_system 25 1 "$1" || return 1; done
}
# bridge/Vbus_bridge from bus_bridge.v here.
build_bridge() {
    verilator -O3 --cc --exe --build -Wno-fatal -Wno-lint -Wno-style --x-initial unique -CFLAGS "-O1 -DFAULTS" --Mdir bridge --top-module bus_bridge \
        bus_bridge.v "$trigger/bridge_bench.cpp" >bridge.log 2>&1 || { tail -20 bridge.log; return 1; }
}
