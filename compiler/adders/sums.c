/* What is left of each column after sharing: its digits are added up, cheapest pair first.
 *
 * The greedy choice resembles Huffman's: narrow sums of neighbouring weights first, so that wide
 * ones are few. Under a depth limit a pair is allowed while a tree can still hold the rest (Kraft's
 * inequality over 2^depth). */
#include "compiler/adders/internal.h"

#include <limits.h>
#include <stdlib.h>

/* A term of the pool and its cheapest partner among those before it. */
struct slot_term {
    struct term term;
    int partner, score;
};

struct pool {
    struct sharing *s;
    struct slot_term *terms;
    int count, positives;
    size_t capacity;
    uint64_t load;
};

static void pool_add(struct pool *pool, struct term term)
{
    pool->terms =
        array_grow(pool->terms, &pool->capacity, (size_t)pool->count + 1, sizeof *pool->terms);
    pool->terms[pool->count++] = (struct slot_term){term, -1, INT_MAX};
    pool->positives += !term.negative;
    pool->load += depth_load(pool->s->list.nodes[term.node].depth);
}

/* The canonical digits of a coefficient. */
static void pool_add_digits(struct pool *pool, int node, int64_t c)
{
    for (int shift = 0; c; shift++, c /= 2) {
        if (!(c & 1)) continue;
        int digit = (c & 3) == 1 ? 1 : -1;
        c -= digit;
        pool_add(pool, (struct term){node, shift, digit < 0});
    }
}

static int width_of(const struct sharing *s, struct term x, struct term y)
{
    const struct adder_node *a = &s->list.nodes[x.node], *b = &s->list.nodes[y.node];
    int low_a = a->low + x.shift, low_b = b->low + y.shift;
    int top_a = top_bit(a->lo, a->hi) + x.shift, top_b = top_bit(b->lo, b->hi) + y.shift;
    return (top_a > top_b ? top_a : top_b) - (low_a < low_b ? low_a : low_b);
}

static bool fits_depth(const struct pool *pool, struct term x, struct term y)
{
    int limit = pool->s->most_depth;
    if (limit < 0 || limit >= 40) return true;
    int depth_x = pool->s->list.nodes[x.node].depth, depth_y = pool->s->list.nodes[y.node].depth;
    uint64_t sum = depth_load((depth_x > depth_y ? depth_x : depth_y) + 1);
    return pool->load - depth_load(depth_x) - depth_load(depth_y) + sum <= (uint64_t)1 << limit;
}

static int score_of(const struct pool *pool, struct term x, struct term y)
{
    const struct sharing *s = pool->s;
    int bits = nodes_guess(&s->list, x, y);
    if (x.negative != y.negative) bits *= s->list.price;
    int depth_x = s->list.nodes[x.node].depth, depth_y = s->list.nodes[y.node].depth;
    int depth = depth_x > depth_y ? depth_x : depth_y;
    return (4 * bits + 3 * width_of(s, x, y)) * 64 + (depth < 63 ? depth : 63);
}

static void find_partner(struct pool *pool, int i)
{
    struct slot_term *x = &pool->terms[i];
    x->partner = -1;
    x->score = INT_MAX;
    for (int k = 0; k < i; k++) {
        int score = score_of(pool, x->term, pool->terms[k].term);
        if (score >= x->score || !fits_depth(pool, x->term, pool->terms[k].term)) continue;
        x->score = score;
        x->partner = k;
    }
}

static void pool_remove(struct pool *pool, int i)
{
    struct term term = pool->terms[i].term;
    pool->positives -= !term.negative;
    pool->load -= depth_load(pool->s->list.nodes[term.node].depth);
    int last = --pool->count;
    pool->terms[i] = pool->terms[last];
    for (int k = i; k < pool->count; k++)
        if (k == i || pool->terms[k].partner == i) pool->terms[k].partner = -1;
}

/* The cheapest pair; under a depth limit the choices of before may have become too deep. */
static int find_cheapest(struct pool *pool)
{
    int best = -1;
    for (int i = 1; i < pool->count; i++) {
        struct slot_term *x = &pool->terms[i];
        if (x->partner < 0 || x->partner >= i ||
            !fits_depth(pool, x->term, pool->terms[x->partner].term))
            find_partner(pool, i);
        if (x->partner >= 0 && (best < 0 || x->score < pool->terms[best].score)) best = i;
    }
    return best;
}

static struct term reduce(struct pool *pool)
{
    while (pool->count > 1) {
        int i = find_cheapest(pool), k = pool->terms[i].partner;
        struct term x = pool->terms[i].term, y = pool->terms[k].term;
        /* A positive term is kept to the end, so that the sum is positive. */
        bool positive = pool->positives == 1 && x.negative != y.negative;
        pool_remove(pool, i);
        pool_remove(pool, k);
        pool_add(pool, nodes_add(&pool->s->list, x, y, positive));
    }
    return pool->terms[0].term;
}

long sums_run(struct sharing *s, const int64_t *bias, struct adder_output *outputs)
{
    struct pool pool = {.s = s};
    int count = s->list.count, constants = 0;
    long price = 0;
    for (int j = 0; j < s->columns; j++) {
        int first = s->list.count;
        pool.count = pool.positives = 0;
        pool.load = 0;
        for (int i = 0; i < count; i++) {
            int64_t c = sharing_row(s, i)[j];
            if (c) pool_add_digits(&pool, i, c);
        }
        if (bias && bias[j])
            pool_add(&pool, (struct term){nodes_add_constant(&s->list, bias[j]), 0, false});
        struct term sum = pool.count ? reduce(&pool) : (struct term){-1, 0, false};
        if (outputs) outputs[j] = (struct adder_output){sum.node, sum.shift, sum.negative};
        price += nodes_total(&s->list, first);
        if (sum.negative)
            price += top_bit(s->list.nodes[sum.node].lo, s->list.nodes[sum.node].hi) + 2 -
                     s->list.nodes[sum.node].low;
        if (!outputs) s->list.count = count;
    }
    (void)constants;
    free(pool.terms);
    return price;
}
