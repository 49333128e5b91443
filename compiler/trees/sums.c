/* Sums of many narrow numbers. Full adders of LUTs take high columns of bits down to some number of
 * rows without holes, and carry chains add the rows up: on 4-input LUTs a full adder takes two LUTs
 * for a bit that goes, a chain of n bits n + 1 for n - 1. How many rows is cheapest is found by
 * trying. */
#include "compiler/trees/trees.h"

#include <stdlib.h>
#include <string.h>

static void put(struct bit_heap *h, int bit, int weight)
{
    const struct op *op = &h->lowering->program->ops[bit];
    if (op->hi == 0) return;
    int had = h->column_count;
    if (weight >= had) {
        h->column_count = weight + 1;
        h->columns = array_grow(h->columns, &h->column_capacity, (size_t)h->column_count,
                                sizeof *h->columns);
        memset(h->columns + had, 0, (size_t)(weight + 1 - had) * sizeof *h->columns);
    }
    struct bit_column *c = &h->columns[weight];
    c->bits = array_grow(c->bits, &c->capacity, (size_t)c->count + 1, sizeof *c->bits);
    c->bits[c->count++] = bit;
}

void heap_add(struct bit_heap *h, int bit, int weight)
{
    put(h, bit, weight);
    if (h->lowering->program->ops[bit].hi) h->most += (int64_t)1 << weight;
}

static int highest(const struct bit_heap *h)
{
    int height = 0;
    for (int w = 0; w < h->column_count; w++)
        if (h->columns[w].count > height) height = h->columns[w].count;
    return height;
}

static void heap_free(struct bit_heap *h)
{
    for (int w = 0; w < h->column_count; w++)
        free(h->columns[w].bits);
    free(h->columns);
}

/* ---- full adders ----------------------------------------------------------------------------- */

/* The oldest bits first: those behind the fewest LUTs. */
static int take(struct bit_column *c)
{
    int bit = c->bits[0];
    memmove(c->bits, c->bits + 1, (size_t)--c->count * sizeof *c->bits);
    return bit;
}

/* Three bits of a column to a bit of it and one of the next. */
static void add_three(struct bit_heap *h, int weight)
{
    struct program *p = h->lowering->program;
    struct bit_column *c = &h->columns[weight];
    int bits[3] = {take(c), take(c), take(c)};
    put(h, lower_lut(p, bits, 3, 0x96), weight);
    put(h, lower_lut(p, bits, 3, 0xe8), weight + 1);
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* A bit that stands twice in a column stands once in the next. */
static void join_equal_bits(struct bit_heap *h)
{
    for (int w = 0; w < h->column_count; w++) {
        struct bit_column *c = &h->columns[w];
        int kept = 0, count = c->count;
        int *bits = c->bits;
        if (count) qsort(bits, (size_t)count, sizeof *bits, compare_ints);
        c->count = 0;
        for (int i = 0; i < count; i++)
            if (i + 1 < count && bits[i] == bits[i + 1])
                put(h, bits[i++], w + 1);
            else
                bits[kept++] = bits[i];
        h->columns[w].count = kept;
    }
}

static void compress(struct bit_heap *h, int rows)
{
    for (int w = 0; w < h->column_count; w++)
        while (h->columns[w].count > rows && h->columns[w].count > 2)
            add_three(h, w);
}

/* LUTs of a chain with a result of so many bits. */
static int chain_luts(int bits)
{
    return bits < 4 ? bits : bits + 1;
}

/* What a sum takes with columns compressed to `rows`; heights has room for one column more than
 * there are. */
static int estimate(const int *heights, int columns, int rows, int *scratch)
{
    int luts = 0;
    memcpy(scratch, heights, (size_t)columns * sizeof *scratch);
    memset(scratch + columns, 0, 64 * sizeof *scratch);
    for (int w = 0; w < columns; w++)
        for (; scratch[w] > rows && scratch[w] > 2; luts += 2) {
            scratch[w] -= 2;
            scratch[w + 1]++;
            if (w + 1 == columns) columns++;
        }
    /* Row r is as long as the columns that are higher; it joins a longer one, of about a bit more.
     */
    for (int r = 1; r < rows; r++) {
        int low = -1, top = -1;
        for (int w = 0; w < columns; w++)
            if (scratch[w] > r) {
                if (low < 0) low = w;
                top = w;
            }
        if (low >= 0) luts += chain_luts(top - low + 3);
    }
    return luts;
}

static int cheapest_rows(const struct bit_heap *h)
{
    struct arena arena = {0};
    size_t room = (size_t)h->column_count + 65;
    int *heights = arena_alloc(&arena, room, sizeof *heights);
    int *scratch = arena_alloc(&arena, room, sizeof *scratch);
    for (int w = 0; w < h->column_count; w++)
        heights[w] = h->columns[w].count;
    int best = 2, least = estimate(heights, h->column_count, 2, scratch), most = highest(h);
    for (int rows = 3; rows <= most && rows <= 64; rows++) {
        int luts = estimate(heights, h->column_count, rows, scratch);
        if (luts >= least) continue;
        least = luts;
        best = rows;
    }
    arena_free(&arena);
    return best;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* A row of numbers to be added: bits low .. low + width - 1. */
struct row {
    int value, low, width;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->width != y->width) return x->width - y->width;
    return x->low != y->low ? x->low - y->low : x->value - y->value;
}

/* The bits of one row side by side, an unsigned number that begins at weight `low`. */
static struct row gather_row(struct bit_heap *h, int row)
{
    struct program *p = h->lowering->program;
    int bits[FORMAT_MAX_BITS], low = 0, top = 0;
    while (low < h->column_count && h->columns[low].count <= row)
        low++;
    for (int w = low; w < h->column_count; w++)
        if (h->columns[w].count > row) top = w + 1;
    for (int w = low; w < top; w++)
        bits[w - low] =
            h->columns[w].count > row ? h->columns[w].bits[row] : program_add_const(p, 0, 0);
    int value = top - low == 1 ? bits[0] : program_add_op(p, OP_CONCAT, bits, top - low, 0);
    return (struct row){value, low, top - low};
}

static struct row add_rows(struct program *p, struct row a, struct row b)
{
    if (b.low < a.low) {
        struct row other = a;
        a = b;
        b = other;
    }
    int sum = program_add2(p, OP_ADD, a.value, b.value, b.low - a.low);
    return (struct row){sum, a.low, p->ops[sum].format.width_bits};
}

/* The two narrowest rows first, until one is left. */
static struct row add_up(struct program *p, struct row *rows, int count)
{
    while (count > 1) {
        qsort(rows, (size_t)count, sizeof *rows, compare_rows);
        rows[0] = add_rows(p, rows[0], rows[1]);
        memmove(rows + 1, rows + 2, (size_t)(--count - 1) * sizeof *rows);
    }
    return rows[0];
}

int lower_field(struct program *p, int value, int low, struct format format)
{
    int width = p->ops[value].format.width_bits - low, fraction = format_fraction_bits(format);
    if (width <= 0) return program_add_const(p, 0, fraction);
    /* Bits above the value's own are zeros, so the number is none below 0. */
    if (width < format.width_bits) format = format_make(false, width, width - fraction);
    return program_add_slice(p, value, low, format);
}

int heap_sum(struct bit_heap *h, int64_t constant, int fraction)
{
    struct program *p = h->lowering->program;
    struct format format = format_of_interval(constant, constant + h->most, fraction);
    if (h->most == 0) {
        heap_free(h);
        return program_add_const(p, constant, fraction);
    }
    join_equal_bits(h);
    /* The constant's ones, modulo two to the result's width, last: they fill holes. */
    for (int w = 0; w < format.width_bits; w++)
        if (constant >> w & 1) put(h, program_add_const(p, 1, 0), w);
    compress(h, cheapest_rows(h));
    if (h->column_count > format.width_bits) h->column_count = format.width_bits;
    int count = highest(h);
    struct row *rows = arena_alloc(&h->lowering->arena, (size_t)count, sizeof *rows);
    for (int r = 0; r < count; r++)
        rows[r] = gather_row(h, r);
    struct row sum = add_up(p, rows, count);
    int parts[FORMAT_MAX_BITS], zeros = 0;
    for (; zeros < sum.low; zeros++)
        parts[zeros] = program_add_const(p, 0, 0);
    parts[zeros] = sum.value;
    int value = zeros ? program_add_op(p, OP_CONCAT, parts, zeros + 1, 0) : sum.value;
    heap_free(h);
    return lower_field(p, value, 0, format);
}
