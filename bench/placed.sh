#!/bin/bash
# Placed networks beside the peers' figures for the same work, as a table; asserts nothing.
#   bench/placed.sh build/sluice jets    a network of `sluice train` on the iCE40 HX8K, at several clocks (make demo first)
#   bench/placed.sh build/sluice tagger  the zoo's jet tagger on the ECP5-85F (../shared; 40 minutes and more)
set -u
sluice=$(realpath "$1") case=$2
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# of DIR KEY...: values of its report
of() { python3 -c 'import json,sys
r=json.load(open(sys.argv[1]+"/report.json"))
for key in sys.argv[2:]:
    v=r
    for k in key.split("."): v=v[k]
    print(round(v,1) if isinstance(v,float) else v, end=" ")' "$@"; }
ratio() { python3 -c 'import sys; print("%.2f" % (float(sys.argv[1]) / float(sys.argv[2])))' "$@"; }
build_flags=()
# place MODEL BOARD MHZ FLAGS...: compiled and placed in $work/MHZ, pins free
place() {
    local model=$1 board=$2 mhz=$3; shift 3
    "$sluice" compile "$model" --board "$board" --clock-mhz "$mhz" --out "$work/$mhz" --quiet "$@" &&
        "$sluice" build "$work/$mhz" --pins-free --quiet "${build_flags[@]}" >"$work/$mhz.log" 2>&1
    "$sluice" report "$work/$mhz" >/dev/null 2>&1 && [ "$(of "$work/$mhz" resources.source)" = "placed " ] || { tail -1 "$work/$mhz.log"; return 1; }
}

if [ "$case" = jets ]; then
    model=build/jets/train/model.onnx
    [ -e $model ] || { echo "placed: run make demo first: not measured"; exit 0; }
    printf '%-26s %8s %8s %8s %8s %8s %8s\n' "iCE40 HX8K, pins free" cells bits "a bit" MHz cycles ns
    for mhz in 40 60 80 120; do
        place $model hx8k-evn $mhz || continue
        read -r cells bits fmax cycles ns <<<"$(of "$work/$mhz" resources.cells program.adder_bits timing.fmax_mhz timing.latency_cycles timing.latency_ns)"
        printf '%-26s %8s %8s %8s %8s %8s %8s\n' "the example at $mhz MHz" "$cells" "$bits" "$(ratio "$cells" "$bits")" "$fmax" "$cycles" "$ns"
    done
    echo "peer (alkaid's Verilog through the same tools, measured earlier): 1.9 to 2.5 cells a bit"
else
    model=../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx
    [ -e $model ] || { echo "placed: the zoo's tagger is not there (../shared): not measured"; exit 0; }
    build_flags=(--time-limit 10800 --seeds 1 --retries 0) # the router alone needs more than a tool's usual limit
    place $model ulx3s-85f "${TAGGER_MHZ:-40}" --input-format 'fixed<8,4>' || exit 1
    read -r lut ff bits fmax cycles ns <<<"$(of "$work/${TAGGER_MHZ:-40}" resources.lut4 resources.ff program.adder_bits timing.fmax_mhz timing.latency_cycles timing.latency_ns)"
    printf '%-34s %10s %10s %8s\n' "zoo's tagger, ECP5-85F, pins free" ours "alkaid 0.8" ratio
    printf '%-34s %10s %10s %8s\n' LUT4 "$lut" 34800 "$(ratio "$lut" 34800)" FF "$ff" 24000 "$(ratio "$ff" 24000)" \
        "latency, ns" "$ns" 376 "$(ratio "$ns" 376)" "clock reached, MHz" "$fmax" 58 "$(ratio "$fmax" 58)" cycles "$cycles" 22 "$(ratio "$cycles" 22)"
fi
