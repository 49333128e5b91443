/* Sharing: pairs of terms that several sums have in common are added once.
 *
 * Greedy two-term common sub-expressions over all columns (Hartley 1996; Potkonjak et al. 1996): a
 * pattern is a pair of nodes, the shift between them and whether their signs differ. The pattern
 * that saves most adder bits becomes a node; counts are kept up to date term by term. Pairs of the
 * same node are patterns too, so the odd multiples of one input are shared the same way. A pair is
 * taken out of a column only while the column's tree stays within its depth. */
#include "compiler/optimize/adders.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

enum { DELTA_OFFSET = 1024 };

struct pattern {
    uint64_t key; /* + 1; 0: free slot */
    int count;
    int bits; /* adder bits that one occurrence costs */
    bool is_banned;
};

struct entry {
    long gain;
    uint64_t key;
};

struct sharing {
    struct adders *adders;
    struct pattern *patterns; /* open addressing */
    size_t pattern_count, pattern_slots;
    struct entry *heap; /* largest gain first, entries may be out of date */
    size_t heap_count, heap_capacity;
};

/* ---- patterns ---- */

/* The pattern of two terms of one column, whichever way they stand; *first is the one that the
 * shift counts from. */
static uint64_t pattern_key(struct term x, struct term y, struct term *first)
{
    if (y.node < x.node || (y.node == x.node && y.shift < x.shift)) {
        struct term other = x;
        x = y;
        y = other;
    }
    *first = x;
    int delta = y.shift - x.shift + DELTA_OFFSET;
    assert(delta >= 0 && delta < 2 * DELTA_OFFSET && y.node < 1 << 20);
    return (((uint64_t)x.node << 20 | (uint64_t)y.node) << 11 | (uint64_t)delta) << 1 |
           (x.negative != y.negative);
}

static void pattern_terms(uint64_t key, struct term *x, struct term *y)
{
    bool differ = key & 1;
    int delta = (int)(key >> 1 & 2047) - DELTA_OFFSET;
    *x = (struct term){(int)(key >> 32), 0, false};
    *y = (struct term){(int)(key >> 12 & 0xfffff), delta, differ};
}

static int pattern_bits(const struct adders *a, uint64_t key)
{
    struct term x, y;
    pattern_terms(key, &x, &y);
    int high_x = term_high(a, x), high_y = term_high(a, y);
    int low_x = term_low(a, x), low_y = term_low(a, y);
    int low = y.negative ? low_y : low_x > low_y ? low_x : low_y;
    int bits = (high_x > high_y ? high_x : high_y) + 1 - low;
    return bits > 0 ? bits : 0;
}

static struct pattern *find(struct sharing *s, uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    size_t mask = s->pattern_slots - 1, slot = (size_t)(hash >> 20) & mask;
    while (s->patterns[slot].key && s->patterns[slot].key != key + 1)
        slot = (slot + 1) & mask;
    return &s->patterns[slot];
}

static void grow_patterns(struct sharing *s)
{
    struct pattern *old = s->patterns;
    size_t slots = s->pattern_slots;
    s->pattern_slots = slots ? 2 * slots : 1024;
    s->patterns = calloc(s->pattern_slots, sizeof *s->patterns);
    if (!s->patterns) fail("out of memory");
    for (size_t i = 0; i < slots; i++)
        if (old[i].key) *find(s, old[i].key - 1) = old[i];
    free(old);
}

/* Adder bits saved when every occurrence but one goes; where subtraction costs double, the one
 * that stays costs that, while in the columns it would have been an addition. */
static long pattern_gain(const struct sharing *s, const struct pattern *p)
{
    bool subtracts = (p->key - 1) & 1;
    int cost = subtracts && !s->adders->target->carry_inverts_for_free ? 2 : 1;
    return (long)(p->count - cost) * p->bits;
}

/* ---- heap ---- */

static bool comes_before(struct entry a, struct entry b)
{
    return a.gain != b.gain ? a.gain > b.gain : a.key < b.key;
}

static void heap_push(struct sharing *s, struct entry entry)
{
    s->heap = array_grow(s->heap, &s->heap_capacity, s->heap_count + 1, sizeof *s->heap);
    size_t i = s->heap_count++;
    for (; i > 0 && comes_before(entry, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = entry;
}

static struct entry heap_pop(struct sharing *s)
{
    struct entry top = s->heap[0], last = s->heap[--s->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < s->heap_count; i = child) {
        if (child + 1 < s->heap_count && comes_before(s->heap[child + 1], s->heap[child])) child++;
        if (!comes_before(s->heap[child], last)) break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
    return top;
}

/* ---- counting ---- */

static void count_pair(struct sharing *s, struct term x, struct term y, int change)
{
    struct term first;
    uint64_t key = pattern_key(x, y, &first);
    if (2 * (s->pattern_count + 1) > s->pattern_slots) grow_patterns(s);
    struct pattern *pattern = find(s, key);
    if (!pattern->key) {
        pattern->key = key + 1;
        pattern->bits = pattern_bits(s->adders, key);
        s->pattern_count++;
    }
    pattern->count += change;
    long gain = pattern_gain(s, pattern);
    if (change > 0 && gain > 0 && !pattern->is_banned) heap_push(s, (struct entry){gain, key});
}

/* Pairs of `term` with all terms of the column but number `skip` (and itself, if it is there). */
static void count_term(struct sharing *s, const struct column *column, int term, int change)
{
    for (int i = 0; i < column->count; i++)
        if (i != term) count_pair(s, column->terms[term], column->terms[i], change);
}

static void remove_term(struct sharing *s, struct column *column, int term)
{
    count_term(s, column, term, -1);
    column->terms[term] = column->terms[--column->count];
}

/* ---- taking a pattern out ---- */

/* Sum of 2^depth over the terms: a tree of depth d holds them when this is at most 2^d. */
static uint64_t load(const struct adders *a, const struct column *column)
{
    uint64_t sum = 0;
    for (int i = 0; i < column->count; i++)
        sum += (uint64_t)1 << a->nodes[column->terms[i].node].depth;
    return sum;
}

/* Whether the column's tree stays within its depth with x and y replaced by their sum. */
static bool depth_allows(const struct adders *a, const struct column *column, int x, int y)
{
    int depth_x = a->nodes[column->terms[x].node].depth;
    int depth_y = a->nodes[column->terms[y].node].depth;
    int depth = (depth_x > depth_y ? depth_x : depth_y) + 1;
    uint64_t sum = load(a, column) - ((uint64_t)1 << depth_x) - ((uint64_t)1 << depth_y) +
                   ((uint64_t)1 << depth);
    return sum <= (uint64_t)1 << column->most_depth;
}

/* The terms of one occurrence of the pattern in the column, of lowest shift; false if none. */
static bool find_occurrence(const struct adders *a, const struct column *column, uint64_t key,
                            int *x, int *y)
{
    struct term left, right;
    pattern_terms(key, &left, &right);
    *x = -1;
    for (int i = 0; i < column->count; i++) {
        struct term t = column->terms[i];
        if (t.node != left.node || (*x >= 0 && column->terms[*x].shift < t.shift)) continue;
        for (int k = 0; k < column->count; k++) {
            struct term u = column->terms[k];
            if (u.node == right.node && u.shift == t.shift + right.shift && k != i &&
                (u.negative != t.negative) == right.negative && depth_allows(a, column, i, k)) {
                *x = i;
                *y = k;
                break;
            }
        }
    }
    return *x >= 0;
}

static int count_occurrences(const struct adders *a, uint64_t key)
{
    int count = 0, x, y;
    for (int j = 0; j < a->column_count; j++)
        count += find_occurrence(a, &a->columns[j], key, &x, &y);
    return count;
}

static void take_out(struct sharing *s, uint64_t key)
{
    struct adders *a = s->adders;
    struct term left, right;
    pattern_terms(key, &left, &right);
    struct term sum = adders_combine(a, left, right);
    for (int j = 0; j < a->column_count; j++) {
        struct column *column = &a->columns[j];
        for (int x, y; find_occurrence(a, column, key, &x, &y);) {
            struct term t = column->terms[x];
            struct term new = {sum.node, sum.shift + t.shift, sum.negative != t.negative};
            remove_term(s, column, x > y ? x : y);
            remove_term(s, column, x > y ? y : x);
            column_add(column, new);
            count_term(s, column, column->count - 1, 1);
        }
    }
}

void adders_share(struct adders *a)
{
    struct sharing s = {.adders = a};
    for (int j = 0; j < a->column_count; j++) {
        const struct column *column = &a->columns[j];
        for (int i = 0; i < column->count; i++)
            for (int k = 0; k < i; k++)
                count_pair(&s, column->terms[i], column->terms[k], 1);
    }
    while (s.heap_count > 0) {
        struct entry entry = heap_pop(&s);
        struct pattern *pattern = find(&s, entry.key);
        if (pattern->is_banned || pattern_gain(&s, pattern) != entry.gain) continue;
        if (count_occurrences(a, entry.key) < 2) {
            pattern->is_banned = true;
            continue;
        }
        take_out(&s, entry.key);
    }
    free(s.patterns);
    free(s.heap);
}
