/* Inside compiler/trees/: ensembles walked in tables (walk.c), and what the tables hold
 * (walk_tables.c). */
#ifndef SLUICE_COMPILER_TREES_WALK_H
#define SLUICE_COMPILER_TREES_WALK_H

#include "compiler/trees/trees.h"

/* A slot is one engine's iteration: it has room for one tree. */
enum { WALK_EVERY = -1, WALK_NONE = -2 }; /* targets: all scores; no tree ever */

enum { WALK_MOST_DEPTH = 14 };

struct walker {
    struct ensemble *m;
    bool is_loadable;
    int features, depth;
    int trip, engines; /* slot e * trip + t is iteration t of engine e */
    int *trees;        /* [slots] -1: none */
    int *targets;      /* [slots] score that a tree there adds to, or WALK_EVERY, WALK_NONE */
    struct format limit_format;
    int feature_bits;
    int *integers; /* [features] inputs as whole numbers */
    int *is_zero;  /* [features] a bit where 0 stands for a missing value, else a constant */
    bool has_missing;
};

static inline int walk_bits(int64_t most)
{
    int bits = 0;
    while (most >> bits)
        bits++;
    return bits;
}

/* Whether 0 stands for a missing value. */
bool walk_may_miss(const struct walker *w, int feature);
/* Bits of a node's word: limit, feature, and where missing values go if there are any. */
int walk_word_bits(const struct walker *w);

/* Factor and depth: of the ensemble at that factor, or as the options' shape has them. Puts the
 * trees into slots; ends with one line if they do not fit. */
void walk_place(struct walker *w, int factor);

/* Words of one level of an engine's trees, [trip << level], in the arena; of the last level, depth,
 * the numbers of the nodes that paths end in. Path bit i is the answer at level i, 1 for yes; the
 * iteration's number stands above. */
int64_t *walk_level(const struct walker *w, int engine, int level);

/* What an engine's leaves add to score k of trees that add to every score; k < 0: of the others,
 * each to its own. Known trees count from their least leaf, which goes to constant[]; loadable
 * values are as they are. */
struct walk_leaves {
    int64_t *values; /* [trip << depth], in the arena */
    int64_t most;    /* greatest of known ones */
};
/* nodes: the last level's; sums [outputs] get the most that known trees add. */
struct walk_leaves walk_leaves(const struct walker *w, int engine, const int64_t *nodes, int k,
                               int64_t *sums, int64_t *constant);

#endif
