/* Comparisons with constants as truth tables of at most four inputs: on LUTs of that size smaller
 * than a carry chain, and shared where limits agree in their lower bits. */
#include "compiler/lower/lower.h"

static uint64_t all_ones(int count)
{
    return count == 6 ? UINT64_MAX : ((uint64_t)1 << (1 << count)) - 1;
}

/* Where input `i` is 1, in the order of a table's bits. */
static uint64_t ones_of(int i)
{
    static const uint64_t masks[6] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                      0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
    return masks[i];
}

/* The table with input i left out, as if it were 0 (or inverted where it is 1). */
static uint64_t without_input(uint64_t table, int i, int count)
{
    uint64_t narrow = 0;
    for (int n = 0; n < 1 << (count - 1); n++) {
        int from = (n >> i << (i + 1)) | (n & ((1 << i) - 1));
        narrow |= (table >> from & 1) << n;
    }
    return narrow;
}

int lower_lut(struct program *p, const int *inputs, int count, uint64_t table)
{
    int kept[6];
    for (int i = 0; i < count; i++) {
        kept[i] = inputs[i];
        const struct op *op = &p->ops[kept[i]];
        if (op->code != OP_LUT || op->operand_count != 1 || op->immediate != 1) continue;
        kept[i] = p->operands[op->operands];
        uint64_t high = table & ones_of(i), low = table & ~ones_of(i);
        table = high >> (1 << i) | low << (1 << i);
    }
    for (int i = count - 1; i >= 0; i--) {
        uint64_t high = (table & ones_of(i)) >> (1 << i), low = table & ~ones_of(i);
        if (((high ^ low) & all_ones(count)) || count == 1) continue;
        table = without_input(table, i, count);
        for (int k = i; k + 1 < count; k++)
            kept[k] = kept[k + 1];
        count--;
    }
    if (count == 1 && (table == 0 || table == 3)) return program_add_const(p, table == 3, 0);
    if (count == 1 && table == 2) return kept[0];
    return program_add_lut(p, kept, count, table);
}

int lower_bit(struct program *p, int x, int bit)
{
    const struct op *op = &p->ops[x];
    if (op->format.width_bits == 1 && op->lo == 0 && op_fraction(op) == 0) return x;
    return program_add_slice(p, x, bit, format_make(false, 1, 1));
}

/* Bits [low, high) of x compared with those of the limit: less 0, equal 1, greater 2; the top bit
 * of a signed number counts the other way round. */
static int compare_chunk(int chunk, int64_t limit, int low, int high, bool is_signed_top)
{
    int size = high - low, mask = (1 << size) - 1;
    int x = chunk & mask, k = (int)(limit >> low) & mask;
    if (is_signed_top) {
        x ^= 1 << (size - 1);
        k ^= 1 << (size - 1);
    }
    return x < k ? 0 : x == k ? 1 : 2;
}

/* Trailing ones of the limit do not matter; the lowest four bits that do go into one table, three
 * more at a time join its result. Tables of the low bits stand where others' limits can share them.
 */
int lower_at_most(struct program *p, int x, int64_t limit)
{
    const struct op op = p->ops[x];
    int width = op.format.width_bits, low = 0, carried = -1;
    if (limit < op.lo || limit >= op.hi) return program_add_const(p, limit >= op.hi, 0);
    while (low < width - 1 && limit >> low & 1)
        low++;
    while (low < width) {
        int room = carried < 0 ? 4 : 3, high = low + room;
        if (carried < 0 && width - low > 4) high = low < 4 ? 4 : 4 + (low - 4) / 3 * 3 + 3;
        if (high > width) high = width;
        int inputs[4], count = 0;
        if (carried >= 0) inputs[count++] = carried;
        for (int bit = low; bit < high; bit++)
            inputs[count++] = lower_bit(p, x, bit);
        uint64_t table = 0;
        for (int n = 0; n < 1 << count; n++) {
            int chunk = carried >= 0 ? n >> 1 : n;
            int order =
                compare_chunk(chunk, limit, low, high, op.format.is_signed && high == width);
            bool below = carried < 0 || (n & 1);
            if (order == 0 || (order == 1 && below)) table |= (uint64_t)1 << n;
        }
        carried = lower_lut(p, inputs, count, table);
        low = high;
    }
    return carried;
}
