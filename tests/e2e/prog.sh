#!/bin/bash
# make prog: the command of the board's file on the bitstream of the build folder; what is missing ends in one line.
. "$(dirname "$0")/lib.sh"
mkdir -p bin folder/build
prog() { make -s --no-print-directory -C "$top" prog BOARD="$1" DIR="$2"; }
# Refused with exactly one line of ours (make adds its own).
refuse_prog() { # NAME PATTERN BOARD DIR
    if prog "$3" "$4" >last.out 2>last.err; then echo "not ok $1"; failures=$((failures + 1)); return; fi
    if [ "$(grep -c '^prog:' last.err)" = 1 ] && grep -qE "^prog: $2" last.err; then echo "ok $1"
    else echo "not ok $1"; sed 's/^/    /' last.err; failures=$((failures + 1)); fi
}
refuse_prog "an unknown board" 'there is no board "zedboard"; known: .*, ulx3s-85f' zedboard "$work/folder"
refuse_prog "nothing built" '.*build.json is not there; build first' icebreaker "$work/folder"
printf '{\n\t"schema":\t1,\n\t"board":\t"hx8k-evn",\n\t"bitstream":\tnull\n}\n' >folder/build.json
refuse_prog "another board's build" '.*was built for hx8k-evn, not for icebreaker' icebreaker "$work/folder"
refuse_prog "no bitstream" '.*holds no bitstream' hx8k-evn "$work/folder"
sed -i 's|null|"build/net.bin"|' folder/build.json
refuse_prog "a bitstream that is gone" '.*holds no bitstream' hx8k-evn "$work/folder"
echo bits >folder/build/net.bin
for tool in make sh sed head dirname cat grep nproc cut awk python3 env; do ln -s "$(command -v $tool)" bin/$tool; done
(PATH=$work/bin prog hx8k-evn "$work/folder") >last.out 2>last.err
check "a program that is missing" grep -q 'prog: iceprog, which loads hx8k-evn, is not there; it comes from Debian package fpga-icestorm' last.err
printf '#!/bin/sh\necho "$PWD $*" >>%s/called\nexit ${FAIL:-0}\n' "$work" >bin/iceprog
chmod +x bin/iceprog
export PATH=$work/bin:$PATH
check "the bitstream is loaded" prog hx8k-evn "$work/folder"
check "by the board's command" grep -qx "$work/folder build/net.bin" called
check "the build's board, when none is named" prog "" "$work/folder"
check "twice in all" test "$(wc -l <called)" = 2
FAIL=3 refuse_prog "a board that is not there" 'iceprog failed' hx8k-evn "$work/folder"
sed -i 's/hx8k-evn/upduino3/' folder/build.json
prog upduino3 "$work/folder" >/dev/null
check "options of the command" grep -qx "$work/folder -d i:0x0403:0x6014 build/net.bin" called
for board in "$top"/boards/*.json; do
    check "$(basename "$board") says how it is loaded" grep -qE '"program": "[A-Za-z]+ .*\{bitstream\}"' "$board"
done
finish
