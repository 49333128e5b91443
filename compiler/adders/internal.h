/* Adder graphs between their files: nodes.c (nodes and their cost), digits (here), index.c and
 * greedy.c (sharing), sums.c (what is left of each column), search.c (the order of all that). */
#ifndef SLUICE_COMPILER_ADDERS_INTERNAL_H
#define SLUICE_COMPILER_ADDERS_INTERNAL_H

#include "compiler/adders/adders.h"

/* A growing list of nodes with their linear forms over the inputs. */
struct node_list {
    struct adder_node *nodes;
    int64_t *forms; /* [node][width]: a coefficient for each row */
    int count, width;
    size_t node_capacity, form_capacity;
    const int64_t *input_lo, *input_hi; /* [rows] in units of 2^unit */
    int reach_bits; /* a sum of all inputs with factors below 2^n is below 2^(n + reach_bits) */
    int price;      /* of a subtractor's bit */
};

/* node * 2^shift, negated if so. */
struct term {
    int node, shift;
    bool negative;
};

/* A sum of two terms without its form: enough to know what it costs. */
struct combination {
    struct term x, y; /* of a difference: x the minuend */
    bool subtracts, negative;
    int shift; /* of both, taken out */
    int low, bits, depth;
};

/* ---- nodes.c ---- */
void nodes_init(struct node_list *list, int rows, const int64_t *input_lo, const int64_t *input_hi,
                int price);
void nodes_free(struct node_list *list);
int nodes_add_input(struct node_list *list, int row, int low);
/* A node whose form is given, such as another column's sum. */
int nodes_add_form(struct node_list *list, const int64_t *form, int low, int depth);
/* Of a difference the one with the higher lowest bit is the subtrahend (its low bits are free), so
 * the result may come negated; with `positive` it never does if x or y is positive. */
struct term nodes_add(struct node_list *list, struct term x, struct term y, bool positive);
/* Bits of the pattern by the sum of the operands' intervals: quick, sometimes one too many. */
int nodes_guess(const struct node_list *list, struct term x, struct term y);
int nodes_bits(const struct node_list *list, const struct adder_node *node);
/* What a node costs: its bits, those of a difference at their price. */
static inline int nodes_price_of(const struct node_list *list, int node)
{
    const struct adder_node *n = &list->nodes[node];
    return n->kind == ADDER_DIFFERENCE ? n->bits * list->price : n->bits;
}
/* Total price of the nodes [first, count). */
long nodes_total(const struct node_list *list, int first);

/* Position of the top bit of integers of [lo, hi], sign bit included. */
static inline int top_bit(int64_t lo, int64_t hi)
{
    uint64_t magnitude = lo < 0 ? (uint64_t)(-(lo + 1)) : 0;
    if (hi > 0) magnitude |= (uint64_t)hi;
    int bits = magnitude ? 64 - __builtin_clzll(magnitude) : 0;
    return lo < 0 ? bits : bits ? bits - 1 : 0;
}

/* Non-zero digits of the shortest signed-digit forms of c, |c| < 2^61 (Reitwiesner, 1960). */
static inline int digit_count(int64_t c)
{
    uint64_t x = c < 0 ? (uint64_t)-c : (uint64_t)c;
    return __builtin_popcountll(x ^ (3 * x));
}

/* ---- index.c: the columns while they are being shared ---- */

/* For each digit +-2^k that some coefficient of the node has in a shortest form, the set of columns
 * in which it has it: set number first + 2 * (k - low) + (1 if negative), k < low + positions. */
struct slot_range {
    int first, low, positions;
};

struct change {
    int node, column;
    int64_t coefficient;
};

/* Column j is the sum over nodes of coefficient[node][j] * node. */
struct sharing {
    struct node_list list;
    int columns, words;    /* words of 64 columns */
    int64_t *coefficients; /* [node][columns] */
    size_t coefficient_capacity;
    uint64_t *slots; /* [slot][words]: sets of columns */
    int slot_count;
    size_t slot_capacity;
    struct slot_range *ranges; /* [node] */
    uint64_t *node_columns;    /* [node][words]: coefficient not 0 */
    size_t range_capacity, node_word_capacity;
    uint64_t *load; /* [columns]: sum over digits of 2^depth of the node; a tree of depth d holds
                       2^d */
    uint64_t *most_load; /* [columns], if the depth is limited */
    bool is_limited;
    int difference_handicap; /* bits by which a column's sum avoids subtractions */
    struct change *changes;  /* what sharing_set() overwrote, while keeps_changes */
    int change_count;
    size_t change_capacity;
    bool keeps_changes;
};

void sharing_init(struct sharing *s, int rows, int columns, const int64_t *input_lo,
                  const int64_t *input_hi, int price);
void sharing_free(struct sharing *s);
/* Room for the coefficients of the list's newest node, all 0. */
int64_t *sharing_add_row(struct sharing *s);
/* Slots and loads from the coefficients of node n; called once for each node, in order. */
void sharing_index(struct sharing *s, int node);
/* Slots of node n anew, when its coefficients have got digits that they had not. */
void sharing_index_again(struct sharing *s, int node);
/* Changes a coefficient. Slots lose digits, but get none. */
void sharing_set(struct sharing *s, int node, int column, int64_t coefficient);
/* Takes back a change that sharing_set() noted; slots get their digits back. */
void sharing_restore(struct sharing *s, struct change change);
/* Depths that are told apart; a limit of more is none. */
enum { DEPTH_LOADS = 40 };
/* Node depth d holds 2^d of a column's load. */
static inline uint64_t depth_load(int depth)
{
    return (uint64_t)1 << (depth < DEPTH_LOADS ? depth : DEPTH_LOADS);
}

static inline int64_t *sharing_row(const struct sharing *s, int node)
{
    return s->coefficients + (size_t)node * (size_t)s->columns;
}
static inline uint64_t *sharing_slot(const struct sharing *s, int slot)
{
    return s->slots + (size_t)slot * (size_t)s->words;
}
/* Whether c has a shortest form with the digit +-2^shift. */
static inline bool has_digit(int64_t c, int shift, bool negative)
{
    int64_t digit = (int64_t)1 << shift;
    return digit_count(negative ? c + digit : c - digit) < digit_count(c);
}

/* ---- spanning.c ---- */

/* y[column] = +-2^shift * y[parent] + the rest; parent -1: the rest is all. Parents have none. */
struct star {
    int parent, shift;
    bool negative;
};
/* stars [columns]; most_depth of the graph or ADDER_DEPTH_ANY. False if no column has a parent. */
bool spanning_find(const struct adder_problem *problem, int most_depth, struct star *stars);

/* ---- greedy.c ---- */

struct greed {
    uint64_t seed;
    double noise;      /* gains, (occurrences - 1) * bits, are multiplied by up to 1 + noise */
    bool oldest_first; /* of patterns of equal gain; else the newest */
};
/* Shares patterns among the columns until none occurs twice. With is_new (flags of the nodes) only
 * patterns with such a node, or one made meanwhile, are looked at. */
void sharing_run(struct sharing *s, const struct greed *greed, const bool *is_new);

/* ---- sums.c ---- */

/* What is left of a column while it is added up. */
struct pool_term {
    struct term term;
    int64_t lo, hi; /* of node * 2^shift, not negated; saturated at +-2^61 */
    int low, top, depth;
};
/* The same, and each term's cheapest partner, as arrays of int32_t. */
enum pool_array {
    POOL_LOW,
    POOL_TOP,
    POOL_DEPTH,
    POOL_NEGATIVE,
    POOL_POSITIVE, /* never below 0 */
    POOL_NOISE,
    POOL_PARTNER, /* -1: none is allowed */
    POOL_SCORE,
    POOL_WORK,
    POOL_ARRAYS
};
struct pool {
    struct sharing *s;
    struct pool_term *terms;
    int32_t *ints;        /* [POOL_ARRAYS][capacity] */
    float *los, *his;     /* [capacity] rounded */
    int count, positives; /* terms, those not negated */
    size_t capacity;
    uint64_t load, most_load;
    uint64_t seed; /* 0, or of a little disturbance of what looks cheapest */
};
void sums_free(struct pool *pool);
/* Adds up what is left of a column: appends nodes, returns the output; *price gets what they cost.
 * `nodes`: how many nodes are shared ones. The pool is only memory that calls share. */
struct adder_output sums_add(struct pool *pool, int column, int nodes, long *price);
/* The cheapest of several tries. */
struct adder_output sums_best(struct pool *pool, int column, int nodes, int tries);
/* The price alone; leaves the nodes as they were. */
long sums_price(struct pool *pool, int column);

/* ---- search.c ---- */
/* Price of shared nodes and sums as they are; nodes before `inputs` are given. */
long search_price(struct sharing *s, int inputs);
/* Local search on shared columns. */
void search_improve(struct sharing *s, int inputs, double effort, uint64_t seed, double end);

/* ---- graph.c ---- */
/* The finished graph from shared nodes and columns, sums added. stands_for[n - rows] is the column
 * that the given node n >= rows stands for. */
struct adder_graph *graph_make(struct sharing *s, const struct adder_problem *problem, int unit,
                               const int *stands_for, int inputs, int tries);

/* ---- solve.c ---- */
double adder_seconds(void); /* of the clock on the wall, for time limits */

/* ---- random numbers: splitmix64 ---- */
static inline uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

#endif
