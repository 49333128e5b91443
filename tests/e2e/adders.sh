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
refuse "no format" 'input-format' "$sluice" adders w.npy
refuse "bad format" 'fixed' "$sluice" adders w.npy --input-format 'fixed<8'
refuse "bad depth" 'minimum, \+N or any' "$sluice" adders w.npy --input-format 'fixed<8,8>' --depth 3
refuse "bad target" 'target' "$sluice" adders w.npy --input-format 'fixed<8,8>' --target tin
npy half.npy '<f4' '[[1, 0.5]]'
refuse "no integers" 'row 0, column 1 is 0.5' "$sluice" adders half.npy --input-format 'fixed<8,8>'
npy large.npy '<i4' '[[1000000, 1]]'
refuse "sums too large" '58 bits' "$sluice" adders large.npy --input-format 'fixed<40,40>'
refuse "no file" 'none.npy' "$sluice" adders none.npy --input-format 'fixed<8,8>'
finish
