/* What is left of each column after sharing: its digits are added up, cheapest pair first.
 *
 * The greedy choice resembles Huffman's: narrow sums of neighbouring weights first, so that wide
 * ones are few. Under a depth limit a pair is allowed while a tree can still hold the rest (Kraft's
 * inequality over 2^depth). */
#include "compiler/adders/internal.h"

#include <limits.h>
#include <stdlib.h>

/* A term of the pool, shifted, and its cheapest partner among those before it. */
struct pool_term {
    struct term term;
    int64_t lo, hi; /* of node * 2^shift, not negated */
    int low, top, depth;
    int partner, score; /* partner -1: unknown; GONE: the term was added to another */
};

enum { GONE = -2, DISTURBANCE = 128 }; /* of scores: half a bit, at most */

static void pool_add(struct pool *pool, struct term term)
{
    const struct adder_node *node = &pool->s->list.nodes[term.node];
    const int64_t most = (int64_t)1 << 61;
    int64_t factor = (int64_t)1 << term.shift, limit = most >> term.shift;
    pool->terms =
        array_grow(pool->terms, &pool->capacity, (size_t)pool->count + 1, sizeof *pool->terms);
    pool->terms[pool->count++] =
        (struct pool_term){.term = term,
                           .lo = node->lo < -limit ? -most : node->lo * factor,
                           .hi = node->hi > limit ? most : node->hi * factor,
                           .low = node->low + term.shift,
                           .top = top_bit(node->lo, node->hi) + term.shift,
                           .depth = node->depth,
                           .partner = -1,
                           .score = INT_MAX};
    pool->positives += !term.negative;
    pool->load += depth_load(node->depth);
    pool->left++;
}

/* The canonical digits of a coefficient, but 0++ for +0- in a positive one (2 + 1 = 4 - 1): as many
 * digits, and no difference. */
static void pool_add_digits(struct pool *pool, int node, int64_t c)
{
    bool negative = c < 0;
    if (negative) c = -c;
    for (int shift = 0; c; shift++, c /= 2) {
        if (!(c & 1)) continue;
        int digit = (c & 3) == 1 ? 1 : -1;
        if (digit < 0 && digit_count(c - 3) == digit_count(c) - 2) {
            pool_add(pool, (struct term){node, shift + 1, negative});
            c -= 2;
            digit = 1;
        }
        c -= digit;
        pool_add(pool, (struct term){node, shift, negative != (digit < 0)});
    }
}

static bool fits_depth(const struct pool *pool, const struct pool_term *x,
                       const struct pool_term *y)
{
    if (!pool->s->is_limited) return true;
    uint64_t sum = depth_load((x->depth > y->depth ? x->depth : y->depth) + 1);
    return pool->load - depth_load(x->depth) - depth_load(y->depth) + sum <= pool->most_load;
}

/* Adder bits and, nearly as much, the width of the result, which every later sum of it pays for
 * (the weights 4 and 3 were found by trial on random matrices); then depth. */
static int score_of(const struct pool *pool, const struct pool_term *x, const struct pool_term *y)
{
    int bits, low = x->low < y->low ? x->low : y->low, high = x->low < y->low ? y->low : x->low;
    int top = x->top > y->top ? x->top : y->top;
    if (x->term.negative == y->term.negative) {
        const struct pool_term *below = x->low < y->low ? x : y, *above = x->low < y->low ? y : x;
        bits = top_bit(x->lo + y->lo, x->hi + y->hi) - high + 1;
        if (below->top < above->low && below->lo >= 0) bits = 0;
    } else {
        const struct pool_term *a = x->low < y->low ? x : y, *b = x->low < y->low ? y : x;
        if (x->low == y->low && !y->term.negative) {
            a = y;
            b = x;
        }
        bits = (top_bit(a->lo - b->hi, a->hi - b->lo) - high + 1) + pool->s->difference_handicap;
    }
    int depth = x->depth > y->depth ? x->depth : y->depth;
    int score = (4 * (bits > 0 ? bits : 0) + 3 * (top - low)) * 64 + (depth < 63 ? depth : 63);
    if (!pool->seed) return score;
    uint64_t key = (uint64_t)x->term.node << 40 ^ (uint64_t)y->term.node << 16 ^
                   (uint64_t)x->term.shift << 8 ^ (uint64_t)y->term.shift;
    return score + (int)(mix64(key ^ pool->seed) % DISTURBANCE);
}

static void find_partner(struct pool *pool, int i)
{
    struct pool_term *x = &pool->terms[i];
    x->partner = -1;
    x->score = INT_MAX;
    for (int k = 0; k < i; k++) {
        const struct pool_term *y = &pool->terms[k];
        if (y->partner == GONE) continue;
        int score = score_of(pool, x, y);
        if (score >= x->score || !fits_depth(pool, x, y)) continue;
        x->score = score;
        x->partner = k;
    }
}

static void pool_remove(struct pool *pool, int i)
{
    struct pool_term *x = &pool->terms[i];
    pool->positives -= !x->term.negative;
    pool->load -= depth_load(x->depth);
    pool->left--;
    x->partner = GONE;
}

/* The cheapest pair; under a depth limit the choices of before may have become too deep. */
static int find_cheapest(struct pool *pool)
{
    int best = -1;
    for (int i = 1; i < pool->count; i++) {
        struct pool_term *x = &pool->terms[i];
        if (x->partner == GONE) continue;
        const struct pool_term *y = x->partner >= 0 ? &pool->terms[x->partner] : NULL;
        if (!y || y->partner == GONE || !fits_depth(pool, x, y)) find_partner(pool, i);
        if (x->partner >= 0 && (best < 0 || x->score < pool->terms[best].score)) best = i;
    }
    return best;
}

static struct term reduce(struct pool *pool)
{
    while (pool->left > 1) {
        int i = find_cheapest(pool), k = pool->terms[i].partner;
        struct term x = pool->terms[i].term, y = pool->terms[k].term;
        /* A positive term is kept to the end, so that the sum is positive. */
        bool positive = pool->positives == 1 && x.negative != y.negative;
        pool_remove(pool, i);
        pool_remove(pool, k);
        pool_add(pool, nodes_add(&pool->s->list, x, y, positive));
    }
    return pool->terms[pool->count - 1].term;
}

struct adder_output sums_add(struct pool *pool, int column, int nodes, long *price)
{
    struct sharing *s = pool->s;
    pool->count = pool->left = pool->positives = 0;
    pool->load = 0;
    pool->most_load = s->most_load[column];
    for (int i = 0; i < nodes; i++) {
        int64_t c = sharing_row(s, i)[column];
        if (c) pool_add_digits(pool, i, c);
    }
    int first = s->list.count;
    struct term sum = pool->count ? reduce(pool) : (struct term){-1, 0, false};
    *price = 0;
    for (int i = first; i < s->list.count; i++) {
        /* The subtrahend that only this sum reads can be made complemented, for nothing. */
        const struct adder_node *node = &s->list.nodes[i];
        *price += node->b >= first ? node->bits : nodes_price_of(&s->list, i);
    }
    if (sum.negative) {
        const struct adder_node *node = &s->list.nodes[sum.node];
        *price += top_bit(-node->hi, -node->lo) + 1 - node->low;
    }
    return (struct adder_output){sum.node, sum.shift, sum.negative};
}

struct adder_output sums_best(struct pool *pool, int column, int nodes, int tries)
{
    int count = pool->s->list.count;
    uint64_t best = pool->seed = 0;
    long least, price;
    sums_add(pool, column, nodes, &least);
    for (int i = 1; i <= tries; i++) {
        pool->s->list.count = count;
        pool->seed = mix64((uint64_t)i);
        sums_add(pool, column, nodes, &price);
        if (price >= least) continue;
        least = price;
        best = pool->seed;
    }
    pool->s->list.count = count;
    pool->seed = best;
    return sums_add(pool, column, nodes, &price);
}

long sums_price(struct pool *pool, int column)
{
    int count = pool->s->list.count;
    long price;
    sums_add(pool, column, count, &price);
    pool->s->list.count = count;
    return price;
}
