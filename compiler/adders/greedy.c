/* Sharing: the two-term pattern that saves most becomes a node, again and again.
 *
 * A pattern is u +- v * 2^delta; it occurs in a column where the column's coefficients of u and v
 * have fitting digits. All patterns of a node with the earlier ones are found once, when the node
 * is new; a heap holds them by the gain last known. Gains only shrink, so the top is counted anew
 * and either taken or put back. */
#include "compiler/adders/internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DELTA_LIMIT = 64 };

struct pattern {
    int u, v; /* u < v, or u = v and delta > 0 */
    short delta;
    bool differ; /* in sign */
    short bits;
    int count;   /* occurrences, at most */
    short price; /* of the node, in bits for each bit */
    float weight;
};

struct entry {
    float gain;
    int pattern;
};

struct run {
    struct sharing *s;
    const struct greed *greed;
    struct pattern *patterns;
    struct entry *heap;
    int pattern_count, heap_count;
    size_t pattern_capacity, heap_capacity;
    int64_t *u, *v; /* [columns]: coefficients while occurrences are counted */
    uint64_t *load; /* [columns] */
    int counts[2 * DELTA_LIMIT + 1][2];
};

/* ---- heap ---- */

static bool comes_before(struct entry a, struct entry b)
{
    return a.gain != b.gain ? a.gain > b.gain : a.pattern < b.pattern;
}

static void sift_up(struct run *r, int i, struct entry entry)
{
    for (; i > 0 && comes_before(entry, r->heap[(i - 1) / 2]); i = (i - 1) / 2)
        r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = entry;
}

static void heap_push(struct run *r, struct entry entry)
{
    size_t count = (size_t)r->heap_count + 1;
    r->heap = array_grow(r->heap, &r->heap_capacity, count, sizeof *r->heap);
    sift_up(r, r->heap_count++, entry);
}

static void sift_down(struct run *r, struct entry entry)
{
    int i = 0;
    for (int child; (child = 2 * i + 1) < r->heap_count; i = child) {
        if (child + 1 < r->heap_count && comes_before(r->heap[child + 1], r->heap[child])) child++;
        if (!comes_before(r->heap[child], entry)) break;
        r->heap[i] = r->heap[child];
    }
    r->heap[i] = entry;
}

static void heap_drop(struct run *r)
{
    struct entry last = r->heap[--r->heap_count];
    if (r->heap_count) sift_down(r, last);
}

/* ---- patterns ---- */

/* Bits that the occurrences cost where they are, as additions: a column that adds up like signs
 * first has few differences. Less what the shared node costs. */
static float gain_of(const struct pattern *p)
{
    return (float)(p->count - p->price) * p->weight;
}

static void add_pattern(struct run *r, int u, int v, int delta, bool differ, int count)
{
    int low = delta < 0 ? -delta : 0;
    int bits = nodes_guess(&r->s->list, (struct term){u, low, false},
                           (struct term){v, delta + low, differ});
    float weight = powf((float)bits + 0.01f, (float)r->greed->width_power);
    if (r->greed->noise > 0) {
        uint64_t key = ((uint64_t)u << 40) ^ ((uint64_t)v << 16) ^ (uint64_t)(delta * 2 + differ);
        uint64_t random = mix64(key ^ mix64(r->greed->seed));
        weight *= 1 + (float)(r->greed->noise * (double)(random >> 40) * 0x1p-24);
    }
    size_t needed = (size_t)r->pattern_count + 1;
    r->patterns = array_grow(r->patterns, &r->pattern_capacity, needed, sizeof *r->patterns);
    struct pattern *p = &r->patterns[r->pattern_count];
    *p = (struct pattern){.u = u,
                          .v = v,
                          .delta = (short)delta,
                          .differ = differ,
                          .bits = (short)bits,
                          .count = count,
                          .price = (short)(differ ? r->s->list.price : 1),
                          .weight = weight};
    heap_push(r, (struct entry){gain_of(p), r->pattern_count++});
}

static int count_common(const uint64_t *a, const uint64_t *b, int words)
{
    int count = 0;
    for (int w = 0; w < words; w++)
        count += __builtin_popcountll(a[w] & b[w]);
    return count;
}

/* Patterns of the nodes u <= v that may occur twice. */
static void pair_nodes(struct run *r, int u, int v)
{
    const struct sharing *s = r->s;
    size_t words = (size_t)s->words;
    struct slot_range range_u = s->ranges[u], range_v = s->ranges[v];
    int least = DELTA_LIMIT, most = -DELTA_LIMIT;
    for (int i = range_u.first; i < range_u.first + range_u.count; i++)
        for (int k = range_v.first; k < range_v.first + range_v.count; k++) {
            int delta = s->slots[k].shift - s->slots[i].shift;
            if (u == v && delta <= 0) continue;
            int count = count_common(s->slot_columns + (size_t)i * words,
                                     s->slot_columns + (size_t)k * words, s->words);
            if (!count) continue;
            r->counts[delta + DELTA_LIMIT][s->slots[i].negative != s->slots[k].negative] += count;
            least = delta < least ? delta : least;
            most = delta > most ? delta : most;
        }
    for (int delta = least; delta <= most; delta++)
        for (int differ = 0; differ < 2; differ++) {
            int *count = &r->counts[delta + DELTA_LIMIT][differ];
            if (*count > 1) add_pattern(r, u, v, delta, differ, *count);
            *count = 0;
        }
}

static void pair_all(struct run *r, int v)
{
    const struct sharing *s = r->s;
    size_t words = (size_t)s->words;
    const uint64_t *columns = s->node_columns + (size_t)v * words;
    if (!s->ranges[v].count) return;
    for (int u = 0; u <= v; u++)
        if (count_common(columns, s->node_columns + (size_t)u * words, s->words))
            pair_nodes(r, u, v);
}

/* ---- occurrences ---- */

static int quick_count(const struct run *r, const struct pattern *p)
{
    const struct sharing *s = r->s;
    size_t words = (size_t)s->words;
    struct slot_range range_u = s->ranges[p->u], range_v = s->ranges[p->v];
    int count = 0;
    for (int i = range_u.first; i < range_u.first + range_u.count; i++)
        for (int k = range_v.first; k < range_v.first + range_v.count; k++)
            if (s->slots[k].shift - s->slots[i].shift == p->delta &&
                (s->slots[i].negative != s->slots[k].negative) == p->differ)
                count += count_common(s->slot_columns + (size_t)i * words,
                                      s->slot_columns + (size_t)k * words, s->words);
    return count;
}

/* Takes one occurrence out of column j of u[], v[] (one array if u = v) if it is still there. */
static bool take(struct run *r, const struct pattern *p, int j, struct slot at,
                 uint64_t depth_change, bool limited)
{
    int64_t digit_u = (int64_t)1 << at.shift, digit_v = digit_u * 1;
    digit_v = (int64_t)1 << (at.shift + p->delta);
    if (at.negative) digit_u = -digit_u;
    if (at.negative != p->differ) digit_v = -digit_v;
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
    struct slot_range range_u = s->ranges[p->u], range_v = s->ranges[p->v];
    int count = 0;
    for (int i = range_u.first; i < range_u.first + range_u.count; i++)
        for (int k = range_v.first; k < range_v.first + range_v.count; k++) {
            struct slot at = s->slots[i], other = s->slots[k];
            if (other.shift - at.shift != p->delta || (at.negative != other.negative) != p->differ)
                continue;
            for (size_t w = 0; w < words; w++) {
                uint64_t both =
                    s->slot_columns[(size_t)i * words + w] & s->slot_columns[(size_t)k * words + w];
                for (; both; both &= both - 1) {
                    int j = (int)(w * 64) + __builtin_ctzll(both);
                    if (!take(r, p, j, at, change, limited)) continue;
                    count++;
                    if (!new) continue;
                    int64_t digit = (int64_t)1 << at.shift;
                    new[j] += at.negative ? -digit : digit;
                }
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
            if (!count_common(columns, s->node_columns + (size_t)u * words, s->words)) continue;
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
    if (!r->u || !r->v || !r->load) abort();
    if (is_new) pair_new(r, is_new);
    for (int v = 0; v < s->list.count && !is_new; v++)
        pair_all(r, v);
    while (r->heap_count) {
        struct entry top = r->heap[0];
        struct pattern *p = &r->patterns[top.pattern];
        int known = p->count, count = quick_count(r, p);
        if (count < p->count) p->count = count;
        if (p->count == known) p->count = take_all(r, p, NULL);
        if (p->count <= p->price)
            heap_drop(r);
        else if (p->count < known)
            sift_down(r, (struct entry){gain_of(p), top.pattern});
        else {
            struct pattern taken = *p;
            heap_drop(r);
            take_out(r, taken);
        }
    }
    free(r->patterns);
    free(r->heap);
    free(r->u);
    free(r->v);
    free(r->load);
    free(r);
}
