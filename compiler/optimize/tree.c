/* Sums of many terms as trees of adders.
 *
 * The two terms that are ready first are added, again and again, which gives the least depth
 * (Huffman's construction with max + 1 for the weight); among equally early ones those of the
 * lowest bits, so that neighbours in weight meet and widths stay small. Where a subtraction costs
 * more than an addition, the negative terms are first added up among themselves and subtracted
 * once. */
#include "compiler/optimize/adders.h"

#include <assert.h>

/* Whether x is to be added before y. */
static bool is_earlier(const struct adders *a, struct term x, struct term y)
{
    int depth_x = a->nodes[x.node].depth, depth_y = a->nodes[y.node].depth;
    if (depth_x != depth_y) return depth_x < depth_y;
    int low_x = term_low(a, x), low_y = term_low(a, y);
    if (low_x != low_y) return low_x < low_y;
    int high_x = term_high(a, x), high_y = term_high(a, y);
    return high_x != high_y ? high_x < high_y : x.node < y.node;
}

static struct term take_earliest(const struct adders *a, struct term *pool, int *count)
{
    int earliest = 0;
    for (int i = 1; i < *count; i++)
        if (is_earlier(a, pool[i], pool[earliest])) earliest = i;
    struct term term = pool[earliest];
    pool[earliest] = pool[--*count];
    return term;
}

/* Adds up pool[0..count) into one term. */
static struct term reduce(struct adders *a, struct term *pool, int count)
{
    while (count > 1) {
        struct term x = take_earliest(a, pool, &count);
        struct term y = take_earliest(a, pool, &count);
        pool[count++] = adders_combine(a, x, y);
    }
    return pool[0];
}

/* Negative terms to the front; returns how many. */
static int negatives_first(struct term *terms, int count)
{
    int negatives = 0;
    for (int i = 0; i < count; i++) {
        if (!terms[i].negative) continue;
        struct term other = terms[negatives];
        terms[negatives++] = terms[i];
        terms[i] = other;
    }
    return negatives;
}

int adders_sum(struct adders *a, struct column *column)
{
    struct term *terms = column->terms;
    int count = column->count;
    if (count == 0) return program_add_const(a->program, 0, 0);
    int negatives = negatives_first(terms, count);
    if (!a->target->carry_inverts_for_free && negatives > 1) {
        terms[negatives - 1] = reduce(a, terms, negatives);
        terms += negatives - 1;
        count -= negatives - 1;
    }
    struct term sum = reduce(a, terms, count);
    int value = a->nodes[sum.node].value;
    if (sum.shift) value = program_add_op(a->program, OP_SHIFT, &value, 1, sum.shift);
    if (sum.negative) value = program_add_op(a->program, OP_NEG, &value, 1, 0);
    return value;
}
