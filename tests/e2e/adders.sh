#!/bin/bash
# sluice adders: a matrix from a file, its figures as JSON, its program; what is refused.
. "$(dirname "$0")/lib.sh"
# npy FILE DTYPE ROWS: a matrix without NumPy.
npy() {
    python3 - "$@" <<'END'
import struct, sys
name, kind, rows = sys.argv[1], sys.argv[2], eval(sys.argv[3])
head = "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }" % (kind, len(rows), len(rows[0]))
head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
code = {'<i4': 'i', '<f4': 'f'}[kind]
with open(name, 'wb') as f:
    f.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode())
    for row in rows: f.write(struct.pack('<%d%s' % (len(row), code), *row))
END
}
npy w.npy '<i4' '[[1, 1, 3], [1, 2, 0]]'
check "a small matrix" "$sluice" adders w.npy --input-format 'fixed<8,8>' --json --program p.sluice
cp last.log small.json
check "x0 + x1, x0 + 2 x1, 3 x0: an adder each" test "$(json small.json adders)" = 3
# 8-bit operands: 9 bits; 9 (10 wide, the lowest passes); x0 - 4 x0 taken from bit 2 up, or x0 + 2 x0 from bit 1 up.
check "their bits" test "$(json small.json adder_bits)" -le 27 -a "$(json small.json adder_bits)" -ge 26
check "their depth" test "$(json small.json depth)" = 1
check "the program is there" grep -q '^output y_2' p.sluice
check "the same bytes again" "$sluice" adders w.npy --input-format 'fixed<8,8>' --program q.sluice
check "equal programs" cmp p.sluice q.sluice
for target in ice40 ecp5 lut6; do
    check "target $target" "$sluice" adders w.npy --input-format 'fixed<8,8>' --target $target --depth minimum
done
# 24 one-bit inputs and weights of -1 and 1 are counted: four inputs at a time fit tables, which take fewer LUTs than adders.
npy ternary.npy '<i4' '[[1 - 2 * (i % 5 % 2)] for i in range(24)]'
check "one-bit inputs" "$sluice" adders ternary.npy --input-format 'ufixed<1,1>' --target ecp5 --json --program t.sluice
cp last.log ternary.json
check "tables" test "$(json ternary.json tables)" -ge 4 -a "$(json ternary.json table_luts)" -gt 0
check "fewer LUTs than adder bits" test "$(json ternary.json luts)" -lt "$(json ternary.json adder_bits)"
check "the program has the tables" test "$(grep -c '= table' t.sluice)" = "$(json ternary.json tables)"
refuse "no format" 'input-format' "$sluice" adders w.npy
refuse "bad format" 'input-format fixed<8: ' "$sluice" adders w.npy --input-format 'fixed<8'
refuse "bad depth" 'minimum, \+N or any' "$sluice" adders w.npy --input-format 'fixed<8,8>' --depth 3
refuse "bad target" 'must be ice40 .*, ecp5 or lut6' "$sluice" adders w.npy --input-format 'fixed<8,8>' --target tin
npy half.npy '<f4' '[[1, 0.5]]'
refuse "no integers" 'row 0, column 1 is 0.5, no integer' "$sluice" adders half.npy --input-format 'fixed<8,8>'
npy large.npy '<i4' '[[1000000, 1]]'
refuse "sums too large" '58 bits' "$sluice" adders large.npy --input-format 'fixed<40,40>'
refuse "beyond the formats" 'beyond 2\^99' "$sluice" adders w.npy --input-format 'fixed<8,100>'
refuse "negative effort" 'effort -1: must be 0 or more' "$sluice" adders w.npy --input-format 'fixed<8,8>' --effort -1
refuse "negative time" 'time-limit -1' "$sluice" adders w.npy --input-format 'fixed<8,8>' --time-limit -1
refuse "no finite time" 'finite' "$sluice" adders w.npy --input-format 'fixed<8,8>' --time-limit inf
refuse "no file" 'none.npy' "$sluice" adders none.npy --input-format 'fixed<8,8>'
finish
