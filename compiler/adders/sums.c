/* What is left of each column after sharing: its digits are added up, cheapest pair first.
 *
 * The greedy choice resembles Huffman's: narrow sums of neighbouring weights first, so that wide
 * ones are few. Under a depth limit a pair is allowed while a tree can still hold the rest (Kraft's
 * inequality over 2^depth).
 *
 * Every term knows its cheapest partner; adding a pair up looks at all others once, in loops over
 * arrays that the compiler turns into vectors (this file is compiled with -O3). */
#include "compiler/adders/internal.h"

#include "base/error.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    DISTURBANCE = 128, /* of scores: half a bit, at most */
    VECTOR =
        16 /* arrays are looked at in steps of so many; places behind the last term are EMPTY */
};
enum {
    EMPTY = -1,
    LOST = -2,
    NO_PAIR = (1 << 15) - 1
}; /* depth of no term; score of a pair that is none */

static int whole_vectors(int count)
{
    return (count + VECTOR - 1) / VECTOR * VECTOR;
}

void sums_free(struct pool *pool)
{
    free(pool->terms);
    free(pool->ints);
    free(pool->los);
    free(pool->his);
    *pool = (struct pool){0};
}

static void make_room(struct pool *pool)
{
    if ((size_t)pool->count < pool->capacity) return;
    size_t old = pool->capacity, capacity = 2 * old + 64;
    pool->terms = realloc(pool->terms, capacity * sizeof *pool->terms);
    int32_t *ints = malloc(POOL_ARRAYS * capacity * sizeof *ints);
    pool->los = realloc(pool->los, capacity * sizeof *pool->los);
    pool->his = realloc(pool->his, capacity * sizeof *pool->his);
    if (!pool->terms || !ints || !pool->los || !pool->his) fail("out of memory");
    for (size_t k = 0; k < POOL_ARRAYS && old; k++)
        memcpy(ints + k * capacity, pool->ints + k * old, old * sizeof *ints);
    free(pool->ints);
    pool->ints = ints;
    pool->capacity = capacity;
    for (size_t i = old; i < capacity; i++) {
        ints[POOL_DEPTH * capacity + i] = EMPTY;
        ints[POOL_SCORE * capacity + i] = NO_PAIR;
        pool->los[i] = pool->his[i] = 0;
    }
    for (size_t k = 0; k < POOL_ARRAYS; k++)
        for (size_t i = old; i < capacity && k != POOL_DEPTH && k != POOL_SCORE; i++)
            ints[k * capacity + i] = 0;
}

static int32_t *array_of(const struct pool *pool, enum pool_array which)
{
    return pool->ints + (size_t)which * pool->capacity;
}

/* Writes term number i. */
static void put(struct pool *pool, int i, struct pool_term t)
{
    uint64_t key = (uint64_t)t.term.node << 20 ^ (uint64_t)t.term.shift;
    pool->terms[i] = t;
    pool->los[i] = (float)t.lo;
    pool->his[i] = (float)t.hi;
    array_of(pool, POOL_LOW)[i] = t.low;
    array_of(pool, POOL_TOP)[i] = t.top;
    array_of(pool, POOL_DEPTH)[i] = t.depth;
    array_of(pool, POOL_NEGATIVE)[i] = t.term.negative;
    array_of(pool, POOL_POSITIVE)[i] = t.lo >= 0;
    array_of(pool, POOL_NOISE)[i] = pool->seed ? (int32_t)(mix64(key ^ pool->seed) >> 40) : 0;
    array_of(pool, POOL_PARTNER)[i] = -1;
    array_of(pool, POOL_SCORE)[i] = NO_PAIR;
}

static void pool_add(struct pool *pool, struct pool_term t)
{
    make_room(pool);
    put(pool, pool->count++, t);
    pool->positives += !t.term.negative;
    pool->load += depth_load(t.depth);
}

static struct pool_term term_of(const struct sharing *s, struct term term)
{
    const struct adder_node *node = &s->list.nodes[term.node];
    const int64_t most = (int64_t)1 << 61;
    int64_t factor = (int64_t)1 << term.shift, limit = most >> term.shift;
    return (struct pool_term){.term = term,
                              .lo = node->lo < -limit ? -most : node->lo * factor,
                              .hi = node->hi > limit ? most : node->hi * factor,
                              .low = node->low + term.shift,
                              .top = top_bit(node->lo, node->hi) + term.shift,
                              .depth = node->depth};
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
            pool_add(pool, term_of(pool->s, (struct term){node, shift + 1, negative}));
            c -= 2;
            digit = 1;
        }
        c -= digit;
        pool_add(pool, term_of(pool->s, (struct term){node, shift, negative != (digit < 0)}));
    }
}

/* Depths that a partner of a term may have: 2^(deeper of both + 1) has to fit instead of the two.
 */
static void allowed_depths(const struct pool *pool, int depth, int *least, int *most)
{
    *least = 0;
    *most = INT_MAX;
    if (!pool->s->is_limited) return;
    uint64_t slack = pool->most_load - pool->load, own = depth_load(depth);
    for (*least = depth; *least > 0 && own - depth_load(*least - 1) <= slack;)
        --*least;
    for (*most = depth; *most < 40 && depth_load(*most + 1) - own <= slack;)
        ++*most;
}

/* floor(log2(x)) of x >= 1, -127 for less. */
static inline int32_t exponent_of(float x)
{
    int32_t bits;
    x = x < 1 ? 0 : x;
    memcpy(&bits, &x, sizeof bits);
    return (bits >> 23) - 127;
}

/* A term against all others. */
struct scorer {
    const int32_t *lows, *tops, *depths, *negatives, *positives, *noises;
    const float *los, *his;
    int32_t low, top, depth, negative, positive, noise, mask, handicap, least, most;
    float lo, hi;
};

static struct scorer scorer_of(const struct pool *pool, int x)
{
    struct scorer s = {.lows = array_of(pool, POOL_LOW),
                       .tops = array_of(pool, POOL_TOP),
                       .depths = array_of(pool, POOL_DEPTH),
                       .negatives = array_of(pool, POOL_NEGATIVE),
                       .positives = array_of(pool, POOL_POSITIVE),
                       .noises = array_of(pool, POOL_NOISE),
                       .los = pool->los,
                       .his = pool->his,
                       .mask = pool->seed ? DISTURBANCE - 1 : 0,
                       .handicap = pool->s->difference_handicap,
                       .lo = pool->los[x],
                       .hi = pool->his[x]};
    s.low = s.lows[x];
    s.top = s.tops[x];
    s.depth = s.depths[x];
    s.negative = s.negatives[x];
    s.positive = s.positives[x];
    s.noise = s.noises[x];
    allowed_depths(pool, s.depth, &s.least, &s.most);
    return s;
}

/* Adder bits and, nearly as much, the width of the wider operand, which every later sum of it pays
 * for (the weights 4 and 3 were found by trial on random matrices); then depth. Below 2^15 for sums
 * of up to 63 bits; NO_PAIR: not allowed. */
static inline int32_t score_of(const struct scorer x, int j)
{
    int32_t low = x.lows[j], top = x.tops[j],
            deeper = x.depths[j] > x.depth ? x.depths[j] : x.depth;
    int32_t lower = low < x.low ? low : x.low, upper = low < x.low ? x.low : low;
    int32_t high = top > x.top ? top : x.top, differ = x.negatives[j] ^ x.negative;
    int32_t apart = ((x.low < low) & (x.top < low) & x.positive) |
                    ((low < x.low) & (top < x.low) & x.positives[j]);
    /* The minuend is the one that reaches lower or, at equal lows, the positive one. */
    int32_t swap = (low < x.low) | ((low == x.low) & x.negative);
    float sum_lo = x.los[j] + x.lo, sum_hi = x.his[j] + x.hi;
    float less_lo = swap ? x.los[j] - x.hi : x.lo - x.his[j];
    float less_hi = swap ? x.his[j] - x.lo : x.hi - x.los[j];
    float lo = differ ? less_lo : sum_lo, hi = differ ? less_hi : sum_hi;
    float below = -1 - lo, magnitude = hi > below ? hi : below;
    int32_t bits = exponent_of(magnitude) + (lo < 0) - upper + 1 + (differ ? x.handicap : 0);
    bits = (bits < 0) | (apart & !differ) ? 0 : bits;
    int32_t score = (4 * bits + 3 * (high - lower)) * 64 + (deeper < 63 ? deeper : 63) +
                    ((x.noise ^ x.noises[j]) & x.mask);
    return (x.depths[j] >= x.least) & (x.depths[j] <= x.most) ? score : NO_PAIR;
}

/* The place of the least of whole vectors, the first of equals. */
static int find_least(const int32_t *restrict values, int count, int32_t *value)
{
    int32_t least = INT_MAX, place = INT_MAX;
    count = whole_vectors(count);
    for (int i = 0; i < count; i++)
        least = values[i] < least ? values[i] : least;
    for (int i = 0; i < count; i++) {
        int32_t here = values[i] == least ? i : INT_MAX;
        place = here < place ? here : place;
    }
    *value = least;
    return place;
}

/* Scores of x with all terms. */
static void score_all(const struct pool *pool, int x)
{
    const struct scorer scorer = scorer_of(pool, x);
    int32_t *restrict work = array_of(pool, POOL_WORK);
    const int count = whole_vectors(pool->count);
    for (int j = 0; j < count; j++)
        work[j] = score_of(scorer, j);
    work[x] = NO_PAIR;
}

static void set_partner(struct pool *pool, int x, int partner, int32_t score)
{
    array_of(pool, POOL_PARTNER)[x] = score < NO_PAIR ? partner : -1;
    array_of(pool, POOL_SCORE)[x] = score;
}

static void find_partner(struct pool *pool, int x)
{
    const int count = whole_vectors(pool->count);
    if (count > 1 << 16) { /* a place and a score do not fit one integer */
        score_all(pool, x);
        int32_t score;
        int partner = find_least(array_of(pool, POOL_WORK), pool->count, &score);
        set_partner(pool, x, partner, score);
        return;
    }
    const struct scorer scorer = scorer_of(pool, x);
    int32_t least = INT_MAX, *depth = &array_of(pool, POOL_DEPTH)[x];
    *depth = EMPTY; /* not itself */
    for (int j = 0; j < count; j++) {
        int32_t key = score_of(scorer, j) * (1 << 16) + j;
        least = key < least ? key : least;
    }
    *depth = scorer.depth;
    set_partner(pool, x, least & 0xffff, least >> 16);
}

static bool fits_depth(const struct pool *pool, int i, int k)
{
    if (!pool->s->is_limited) return true;
    const int32_t *depths = array_of(pool, POOL_DEPTH);
    int deeper = depths[i] > depths[k] ? depths[i] : depths[k];
    return pool->load - depth_load(depths[i]) - depth_load(depths[k]) + depth_load(deeper + 1) <=
           pool->most_load;
}

/* One of the cheapest pair; under a depth limit the choices of before may have become too deep. */
static int find_cheapest(struct pool *pool)
{
    for (;;) {
        int32_t score;
        int i = find_least(array_of(pool, POOL_SCORE), pool->count, &score);
        assert(array_of(pool, POOL_PARTNER)[i] >= 0); /* a tree holds what is left */
        if (fits_depth(pool, i, array_of(pool, POOL_PARTNER)[i])) return i;
        find_partner(pool, i);
    }
}

/* Takes out terms i and k and puts their sum in: in place of one of them, the last term in that of
 * the other. */
static void replace_pair(struct pool *pool, int i, int k, struct pool_term sum)
{
    int to = i < k ? i : k, hole = i < k ? k : i, last = pool->count - 1;
    int32_t *restrict partners = array_of(pool, POOL_PARTNER);
    int32_t *restrict scores = array_of(pool, POOL_SCORE);
    pool->load -= depth_load(pool->terms[i].depth) + depth_load(pool->terms[k].depth);
    pool->load += depth_load(sum.depth);
    pool->positives +=
        !sum.term.negative - !pool->terms[i].term.negative - !pool->terms[k].term.negative;
    int partner = partners[last], score = scores[last];
    put(pool, hole, pool->terms[last]);
    partners[hole] = partner;
    scores[hole] = score;
    put(pool, to, sum);
    pool->count--;
    array_of(pool, POOL_DEPTH)[last] = EMPTY;
    scores[last] = NO_PAIR;
    int32_t *restrict work = array_of(pool, POOL_WORK);
    score_all(pool, to);
    const int count = whole_vectors(pool->count);
    for (int j = 0; j < count; j++) {
        int32_t known = partners[j] == last ? hole : partners[j];
        int32_t lost = (partners[j] == i) | (partners[j] == k), better = work[j] < scores[j];
        partners[j] = lost ? LOST : better ? to : known;
        scores[j] = lost ? NO_PAIR : better ? work[j] : scores[j];
    }
    int32_t least;
    int nearest = find_least(work, pool->count, &least);
    set_partner(pool, to, nearest, least);
    for (int j = 0; j < pool->count; j++)
        if (partners[j] == LOST) find_partner(pool, j);
}

static struct term reduce(struct pool *pool)
{
    for (int i = 0; i < pool->count; i++)
        find_partner(pool, i);
    while (pool->count > 1) {
        int i = find_cheapest(pool), k = array_of(pool, POOL_PARTNER)[i];
        struct term x = pool->terms[i].term, y = pool->terms[k].term;
        /* A positive term is kept to the end, so that the sum is positive. */
        bool positive = pool->positives == 1 && x.negative != y.negative;
        replace_pair(pool, i, k, term_of(pool->s, nodes_add(&pool->s->list, x, y, positive)));
    }
    return pool->terms[0].term;
}

static void fill(struct pool *pool, int column, int nodes)
{
    struct sharing *s = pool->s;
    for (int i = 0; i < pool->count; i++) {
        array_of(pool, POOL_DEPTH)[i] = EMPTY;
        array_of(pool, POOL_SCORE)[i] = NO_PAIR;
    }
    pool->count = pool->positives = 0;
    pool->load = 0;
    pool->most_load = s->most_load[column];
    for (int i = 0; i < nodes; i++) {
        int64_t c = sharing_row(s, i)[column];
        if (c) pool_add_digits(pool, i, c);
    }
}

struct adder_output sums_add(struct pool *pool, int column, int nodes, long *price)
{
    struct sharing *s = pool->s;
    fill(pool, column, nodes);
    int first = s->list.count;
    *price = 0;
    if (!pool->count) return (struct adder_output){-1, 0, false};
    struct term sum = reduce(pool);
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
