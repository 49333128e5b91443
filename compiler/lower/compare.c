/* Comparisons with constants as truth tables of at most four inputs: on LUTs of that size smaller
 * than a carry chain, and shared where limits agree in their lower bits. */
#include "compiler/lower/lower.h"

int lower_bit(struct program *p, int x, int bit)
{
    if (p->ops[x].format.width_bits == 1 && p->ops[x].lo == 0) return x;
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
        carried = program_add_lut(p, inputs, count, table);
        low = high;
    }
    return carried;
}
