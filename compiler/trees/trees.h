/* Inside compiler/: ensembles of trees lowered for fabrics of 4-input LUTs.
 *
 * An ensemble becomes
 *   - conditions x <= limit, one per distinct pair of feature and limit in the whole ensemble, made
 *     of truth tables that share their lower bits;
 *   - terms, what a tree adds to an output, as unsigned numbers: decision diagrams over the
 *     conditions, equal parts shared in the whole ensemble, comparisons that the way to them has
 *     decided left out;
 *   - sums of the terms' bits, in compressor trees or adders, with all constants in one.
 *
 * Everything is an operation of the program.
 */
#ifndef SLUICE_COMPILER_TREES_TREES_H
#define SLUICE_COMPILER_TREES_TREES_H

#include "compiler/lower/lower.h"

/* ---- conditions.c ---- */

/* Whether feature `feature` is at most `limit` (a stored integer); a value of 0 that stands for a
 * missing one goes where `zero` says. */
enum zero_side { ZERO_ORDINARY, ZERO_LEFT, ZERO_RIGHT };
struct condition {
    int feature;
    int64_t limit;
    enum zero_side zero;
    int value; /* in the program; -1: not made yet */
};
struct conditions {
    struct lowering *lowering;
    struct condition *all;
    int count;
    size_t capacity;
    int *slots; /* hash table of numbers + 1 */
    size_t slot_count;
};
int condition_find(struct conditions *c, int feature, int64_t limit, enum zero_side zero);
/* Its value in the program: one bit. */
int condition_value(struct conditions *c, int condition);
void conditions_free(struct conditions *c);

/* ---- diagram.c ---- */

/* Decision diagrams over conditions: node 0 .. count - 1, equal nodes once. */
struct diagram_node {
    int condition; /* -1: a leaf */
    int yes, no;   /* nodes; yes: the condition holds, left in the tree */
    int64_t integer;
};
struct diagram {
    struct diagram_node *nodes;
    int count;
    size_t capacity;
    int *slots;
    size_t slot_count;
    /* Of walks over what lies below a node: a node is part of walk number stamp[node]. */
    int *stamp, *mapped, walk;
    size_t stamp_capacity, mapped_capacity;
};
/* The greatest stored integer of the input that is not above the threshold; one below the input's
 * range if all of them are. */
int64_t tree_limit(const struct op *input, double threshold);
int diagram_leaf(struct diagram *d, int64_t integer);
int diagram_node(struct diagram *d, int condition, int yes, int no);
void diagram_free(struct diagram *d);

/* What of an ensemble one output needs of one tree: leaf values as integers. */
struct tree_view {
    const struct trees *trees;
    int tree;
    const int64_t *integers; /* of trees->values */
    int offset;              /* of the wanted value within a leaf's */
};
/* The tree as a diagram, without comparisons that the way to them decides. */
int diagram_of_tree(struct diagram *d, struct conditions *c, struct tree_view view);
/* The same function with every leaf n replaced by (n - base) >> shift, if bit < 0, else by bit
 * `bit` of that. */
int diagram_map(struct diagram *d, int node, int64_t base, int shift, int bit);
/* Least and greatest leaf, and the most factors of two that all differences from the least share.
 */
struct diagram_range {
    int64_t lo, hi;
    int shift;
};
struct diagram_range diagram_range(struct diagram *d, int node);
/* The conditions that the function depends on, rising, at most `most`; returns how many, most + 1
 * if there are more. */
int diagram_support(const struct diagram *d, int node, int *conditions, int most);

/* ---- forms.c ---- */

struct forms {
    struct lowering *lowering;
    struct conditions *conditions;
    struct diagram *diagram;
    int *values; /* of diagram nodes that are in the program already, [capacity]; -1 */
    int capacity;
};
/* A diagram of leaves 0 and 1 as one bit of the program. */
int form_bit(struct forms *f, int node);
/* A diagram of unsigned leaves as a number: multiplexers over constants. */
int form_number(struct forms *f, int node);
/* 4-input LUTs that form_bit() takes, what is there already left out. */
int form_cost(struct forms *f, int node);
void forms_free(struct forms *f);

/* ---- onehot.c ---- */

/* A tree by its leaves: for each a bit that says whether the event ends there, and each bit of a
 * value the or of some of them. Smaller than multiplexers where many bits are wanted of deep
 * trees. */
struct one_hot {
    struct forms *forms;
    int root, leaves; /* of the tree as a diagram, its leaves numbered from 0 */
    int *bits;        /* [leaves] in the program; -1: not made yet */
};
/* Takes the tree apart; leaf integers become numbers, their values [leaves] in the arena. */
struct one_hot one_hot_new(struct forms *forms, struct tree_view view, int **leaf_nodes);
/* 4-input LUTs of all leaves' bits, and of a value bit that `ones` of the leaves have. */
int one_hot_cost(const struct one_hot *o);
int one_hot_or_cost(const struct one_hot *o, int ones);
/* The bit that is 1 in the leaves marked so. */
int one_hot_bit(struct one_hot *o, const bool *ones);

/* ---- select.c ---- */

/* A diagram as selections between constants of that fraction, for processors. */
int tree_as_selections(const struct diagram *d, const struct conditions *c, int node, int fraction);

/* ---- sums.c ---- */

/* Bits to be added up, by weight. */
struct bit_heap {
    struct lowering *lowering;
    struct bit_column {
        int *bits;
        int count;
        size_t capacity;
    } * columns;
    int column_count;
    size_t column_capacity;
    int64_t most; /* greatest sum of the bits */
};
void heap_add(struct bit_heap *heap, int bit, int weight);
/* The sum of all bits and the constant, as a signed or unsigned number with `fraction` fraction
 * bits; frees the heap. */
int heap_sum(struct bit_heap *heap, int64_t constant, int fraction);
/* An unsigned value's bits from `low` on as a number of that format, zeros where it has none. */
int lower_field(struct program *p, int value, int low, struct format format);

/* ---- lower.c ---- */

struct ensemble {
    struct lowering *l;
    const struct layer *layer;
    const struct trees *trees;
    int64_t *integers; /* of trees->values, at `fraction` */
    int fraction;
    /* Of loadable tables: what a leaf's value and the base may be, integers of that fraction. */
    int64_t leaf_lo, leaf_hi, base_lo, base_hi;
    struct conditions conditions;
    struct diagram diagram;
    struct forms forms;
};
/* A decision does not see what all scores have in common: where it is all that leaves the chip, the
 * least constant is taken off them, so that the sums are short and unsigned, and word is left of
 * it. A score that does not vary takes part in that only when it is the only one. */
void ensemble_leave_out(struct ensemble *m, const bool *varies, int64_t *constant);

/* ---- walk.c ---- */

/* The layer with trees taken in turn, each engine `factor` at most; constant [outputs]. */
void walk_lower(struct ensemble *m, int factor, int64_t *constant);

#endif
