/* Sharing: the two-term pattern that saves most becomes a node, again and again.
 *
 * A pattern is u +- v * 2^delta; it occurs in a column where the column's coefficients of u and v
 * have fitting digits. All patterns of a node with the earlier ones are found once, when the node
 * is new; a heap holds them by the gain last known. Gains only shrink, so the top is counted anew
 * and either taken or put back. */
#include "compiler/adders/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS = 512, MIDDLE = COUNTS / 2, BUCKETS = 1 << 13 };

struct pattern {
    int u, v;     /* u < v, or u = v and delta > 0 */
    int count;    /* occurrences, at most */
    float weight; /* of one */
    short delta;
    bool differ;         /* in sign */
    unsigned char price; /* of the node, in bits for each bit */
};

struct run {
    struct sharing *s;
    const struct greed *greed;
    struct pattern *patterns;
    int pattern_count;
    size_t pattern_capacity, next_capacity;
    int *nexts;     /* [patterns] the next one in its bucket, -1 */
    int *buckets;   /* [BUCKETS]: first pattern of about that gain, -1 */
    int *tails;     /* [BUCKETS]: the last one, if there is one */
    int top;        /* no bucket above it has patterns */
    int64_t *u, *v; /* [columns]: coefficients while occurrences are counted */
    uint64_t *load; /* [columns] */
    /* Of the pair of nodes that is looked at: occurrences by distance, the slots of v less those of
     * u, counted from the middle; apart for positive and negative digits of u. */
    uint64_t counts[2][COUNTS];
};

/* ---- the queue: patterns of about equal gain in one bucket ---- */

/* Bits that the occurrences cost where they are, as additions: a column that adds up like signs
 * first has few differences. Less what the shared node costs. */
static int bucket_of(const struct pattern *p)
{
    float gain = (float)(p->count - p->price) * p->weight;
    return gain < BUCKETS - 1 ? (int)gain : BUCKETS - 1;
}

static void push(struct run *r, int pattern)
{
    struct pattern *p = &r->patterns[pattern];
    int bucket = bucket_of(p);
    bool is_empty = r->buckets[bucket] < 0;
    if (r->greed->oldest_first && !is_empty) {
        r->nexts[r->tails[bucket]] = pattern;
        r->nexts[pattern] = -1;
    } else {
        r->nexts[pattern] = r->buckets[bucket];
        r->buckets[bucket] = pattern;
    }
    if (r->greed->oldest_first || is_empty) r->tails[bucket] = pattern;
    if (bucket > r->top) r->top = bucket;
}

/* -1: none left. */
static int pop(struct run *r)
{
    while (r->top >= 0 && r->buckets[r->top] < 0)
        r->top--;
    if (r->top < 0) return -1;
    int pattern = r->buckets[r->top];
    int next = r->nexts[pattern];
    if (next >= 0) __builtin_prefetch(&r->patterns[next]); /* the list jumps about */
    r->buckets[r->top] = next;
    return pattern;
}

/* ---- patterns ---- */

static void add_pattern(struct run *r, int u, int v, int delta, bool differ, int count)
{
    int low = delta < 0 ? -delta : 0;
    int bits = nodes_guess(&r->s->list, (struct term){u, low, false},
                           (struct term){v, delta + low, differ});
    float weight = (float)bits + 0.01f;
    if (r->greed->noise > 0) {
        uint64_t key = ((uint64_t)u << 40) ^ ((uint64_t)v << 16) ^ (uint64_t)(delta * 2 + differ);
        uint64_t random = mix64(key ^ mix64(r->greed->seed));
        weight *= 1 + (float)(r->greed->noise * (double)(random >> 40) * 0x1p-24);
    }
    size_t needed = (size_t)r->pattern_count + 1;
    r->patterns = array_grow(r->patterns, &r->pattern_capacity, needed, sizeof *r->patterns);
    r->nexts = array_grow(r->nexts, &r->next_capacity, needed, sizeof *r->nexts);
    struct pattern *p = &r->patterns[r->pattern_count];
    *p = (struct pattern){.u = u,
                          .v = v,
                          .count = count,
                          .weight = weight,
                          .delta = (short)delta,
                          .differ = differ,
                          .price = (unsigned char)(differ ? r->s->list.price : 1)};
    if (count > p->price) push(r, r->pattern_count++);
}

static int count_common(const uint64_t *a, const uint64_t *b, int words)
{
    int count = 0;
    for (int w = 0; w < words; w++)
        count += __builtin_popcountll(a[w] & b[w]);
    return count;
}

static bool has_common(const uint64_t *a, const uint64_t *b, int words)
{
    for (int w = 0; w < words; w++)
        if (a[w] & b[w]) return true;
    return false;
}

/* counts[k] += columns that are in the set and in slot k. */
static void count_slots(uint64_t *restrict counts, const uint64_t *restrict slots,
                        const uint64_t *set, int slot_count, int words)
{
    if (words == 1) {
        const uint64_t only = *set;
        for (int k = 0; k < slot_count; k++)
            counts[k] += (uint64_t)__builtin_popcountll(only & slots[k]);
        return;
    }
    for (int k = 0; k < slot_count; k++)
        counts[k] += (uint64_t)count_common(set, slots + (size_t)k * (size_t)words, words);
}

/* Patterns of the nodes u <= v that may occur twice. Slots alternate between positive and negative
 * digits; two of them, one of u and one of v, whose numbers differ by 2 * delta have like signs if
 * the one of u is positive, and numbers that differ by one more unlike ones; a negative one of u is
 * counted from its positive neighbour, and turns that round. */
static void pair_nodes(struct run *r, int u, int v)
{
    const struct sharing *s = r->s;
    struct slot_range range_u = s->ranges[u], range_v = s->ranges[v];
    int offset = range_v.low - range_u.low, slots_v = 2 * range_v.positions;
    const uint64_t *columns = s->node_columns + (size_t)v * (size_t)s->words;
    int first = -1, last = 0; /* slots of u that have a column of v */
    for (int i = 0; i < 2 * range_u.positions; i++) {
        const uint64_t *set = sharing_slot(s, range_u.first + i);
        if (!has_common(set, columns, s->words)) continue;
        first = first < 0 ? i & ~1 : first;
        last = i & ~1;
        count_slots(r->counts[i & 1] + MIDDLE - (i & ~1), sharing_slot(s, range_v.first), set,
                    slots_v, s->words);
    }
    for (int k = -last; first >= 0 && k < slots_v - first; k++) {
        uint64_t *plus = &r->counts[0][MIDDLE + k], *minus = &r->counts[1][MIDDLE + (k ^ 1)];
        int count = (int)(*plus + *minus), delta = offset + (k - (k & 1)) / 2;
        *plus = *minus = 0;
        if (count > 1 && (u != v || delta > 0)) add_pattern(r, u, v, delta, k & 1, count);
    }
}

static void pair_all(struct run *r, int v)
{
    const struct sharing *s = r->s;
    size_t words = (size_t)s->words;
    const uint64_t *columns = s->node_columns + (size_t)v * words;
    if (!s->ranges[v].positions) return;
    for (int u = 0; u <= v; u++)
        if (has_common(columns, s->node_columns + (size_t)u * words, s->words)) pair_nodes(r, u, v);
}

/* ---- occurrences ---- */

/* Slots of u that have a partner in v: those of v are `partner` further, or one more or less where
 * signs differ. */
struct slot_pairs {
    int first, end, partner;
};

static struct slot_pairs find_pairs(const struct run *r, const struct pattern *p)
{
    struct slot_range u = r->s->ranges[p->u], v = r->s->ranges[p->v];
    int low = v.low - p->delta, high = low + v.positions; /* positions in u */
    int first = low > u.low ? low - u.low : 0;
    int end = high < u.low + u.positions ? high - u.low : u.positions;
    return (struct slot_pairs){u.first + 2 * first, u.first + 2 * (end > first ? end : first),
                               v.first - u.first + 2 * (u.low - low)};
}

static int partner_of(const struct slot_pairs *pairs, int slot, int first, bool differ)
{
    return slot + pairs->partner + (differ ? ((slot - first) & 1 ? -1 : 1) : 0);
}

static int quick_count(const struct run *r, const struct pattern *p)
{
    const struct sharing *s = r->s;
    struct slot_pairs pairs = find_pairs(r, p);
    int count = 0;
    for (int i = pairs.first; i < pairs.end; i++)
        count +=
            count_common(sharing_slot(s, i),
                         sharing_slot(s, partner_of(&pairs, i, pairs.first, p->differ)), s->words);
    return count;
}

/* Takes one occurrence out of column j of u[], v[] (one array if u = v) if it is still there. */
static bool take(struct run *r, const struct pattern *p, int j, int shift, bool negative,
                 uint64_t depth_change, bool limited)
{
    int64_t digit_u = (int64_t)1 << shift, digit_v = (int64_t)1 << (shift + p->delta);
    if (negative) digit_u = -digit_u;
    if (negative != p->differ) digit_v = -digit_v;
    if (limited && r->load[j] + depth_change > r->s->most_load[j]) return false;
    if (p->u == p->v) {
        int64_t c = r->u[j];
        if (digit_count(c - digit_u - digit_v) != digit_count(c) - 2) return false;
        r->u[j] = c - digit_u - digit_v;
    } else {
        int64_t c = r->u[j], d = r->v[j];
        if (digit_count(c - digit_u) >= digit_count(c) ||
            digit_count(d - digit_v) >= digit_count(d))
            return false;
        r->u[j] = c - digit_u;
        r->v[j] = d - digit_v;
    }
    if (limited) r->load[j] += depth_change;
    return true;
}

/* All disjoint occurrences, from the lowest digits up; new[column] gets the sum of the digits of u
 * that were taken, unless it is NULL. Leaves what remains in r->u, r->v. */
static int take_all(struct run *r, const struct pattern *p, int64_t *new)
{
    const struct sharing *s = r->s;
    size_t words = (size_t)s->words, bytes = (size_t)s->columns * sizeof(int64_t);
    const struct adder_node *u = &s->list.nodes[p->u], *v = &s->list.nodes[p->v];
    bool limited = s->is_limited;
    uint64_t change = depth_load((u->depth > v->depth ? u->depth : v->depth) + 1) -
                      depth_load(u->depth) - depth_load(v->depth);
    memcpy(r->u, sharing_row(s, p->u), bytes);
    memcpy(r->v, sharing_row(s, p->v), bytes);
    if (limited) memcpy(r->load, s->load, bytes);
    struct slot_range range = s->ranges[p->u];
    struct slot_pairs pairs = find_pairs(r, p);
    int count = 0;
    for (int i = pairs.first; i < pairs.end; i++) {
        const uint64_t *at = sharing_slot(s, i);
        const uint64_t *partner = sharing_slot(s, partner_of(&pairs, i, pairs.first, p->differ));
        int shift = range.low + (i - range.first) / 2;
        bool negative = (i - range.first) & 1;
        int64_t digit = (int64_t)(negative ? -1 : 1) * ((int64_t)1 << shift);
        for (size_t w = 0; w < words; w++)
            for (uint64_t both = at[w] & partner[w]; both; both &= both - 1) {
                int j = (int)(w * 64) + __builtin_ctzll(both);
                if (!take(r, p, j, shift, negative, change, limited)) continue;
                count++;
                if (new) new[j] += digit;
            }
    }
    return count;
}

/* The pattern becomes a node. */
static void take_out(struct run *r, struct pattern p)
{
    struct sharing *s = r->s;
    int low = p.delta < 0 ? -p.delta : 0;
    struct term sum = nodes_add(&s->list, (struct term){p.u, low, false},
                                (struct term){p.v, p.delta + low, p.differ}, false);
    int64_t *row = sharing_add_row(s);
    take_all(r, &p, row);
    for (int j = 0; j < s->columns; j++) {
        if (!row[j]) continue;
        /* sum = u * 2^low +- ..., a digit of u at shift k stands for sum * 2^(k - low). */
        int shift = low - sum.shift;
        row[j] = shift >= 0 ? row[j] / ((int64_t)1 << shift) : row[j] * ((int64_t)1 << -shift);
        if (sum.negative) row[j] = -row[j];
        sharing_set(s, p.u, j, r->u[j]);
        if (p.u != p.v) sharing_set(s, p.v, j, r->v[j]);
    }
    sharing_index(s, sum.node);
    pair_all(r, sum.node);
}

/* Patterns of the nodes that are new with all others. */
static void pair_new(struct run *r, const bool *is_new)
{
    const struct sharing *s = r->s;
    size_t words = (size_t)s->words;
    for (int v = 0; v < s->list.count; v++) {
        if (!is_new[v]) continue;
        const uint64_t *columns = s->node_columns + (size_t)v * words;
        for (int u = 0; u < s->list.count; u++) {
            if (u > v && is_new[u]) continue;
            if (!has_common(columns, s->node_columns + (size_t)u * words, s->words)) continue;
            pair_nodes(r, u < v ? u : v, u < v ? v : u);
        }
    }
}

void sharing_run(struct sharing *s, const struct greed *greed, const bool *is_new)
{
    size_t columns = (size_t)s->columns + 1;
    struct run *r = calloc(1, sizeof *r);
    if (!r) abort();
    *r = (struct run){.s = s, .greed = greed};
    r->u = calloc(columns, sizeof *r->u);
    r->v = calloc(columns, sizeof *r->v);
    r->load = calloc(columns, sizeof *r->load);
    r->buckets = malloc(BUCKETS * sizeof *r->buckets);
    r->tails = malloc(BUCKETS * sizeof *r->tails);
    if (!r->u || !r->v || !r->load || !r->buckets || !r->tails) abort();
    memset(r->buckets, 0xff, BUCKETS * sizeof *r->buckets);
    r->top = -1;
    if (is_new) pair_new(r, is_new);
    for (int v = 0; v < s->list.count && !is_new; v++)
        pair_all(r, v);
    for (int pattern; (pattern = pop(r)) >= 0;) {
        struct pattern *p = &r->patterns[pattern];
        int known = bucket_of(p), count = quick_count(r, p);
        if (count < p->count) p->count = count;
        if (p->count > p->price && bucket_of(p) == known) p->count = take_all(r, p, NULL);
        if (p->count <= p->price) continue;
        if (bucket_of(p) < known)
            push(r, pattern);
        else
            take_out(r, *p);
    }
    free(r->patterns);
    free(r->nexts);
    free(r->buckets);
    free(r->tails);
    free(r->u);
    free(r->v);
    free(r->load);
    free(r);
}
