/* Between the files of the roller (roll.h). */
#ifndef SLUICE_COMPILER_ROLL_INTERNAL_H
#define SLUICE_COMPILER_ROLL_INTERNAL_H

#include "compiler/emit/roll.h"
#include "compiler/emit/roll_text.h"

enum { ROLL_LEAST_LANES = 3, ROLL_IN = -1 /* the root of lanes of inputs */ };

struct group {
    int root;        /* a matvec, or ROLL_IN */
    const char *key; /* what members have in common */
    int block;
    int *values, *lanes; /* by lane */
    int count;
    size_t value_capacity, lane_capacity;
    int level, loop;
    bool is_root, needs_array;
    int array;
};

/* best = 0; for i in 1 .. count - 1: best = score[best] < score[i] ? i : best */
struct argmax {
    int value; /* the last selection of a number; -1: there is none */
    int *scores, count;
};

struct rolling {
    struct roll *roll;
    const struct program *p;
    struct arena arena;
    struct expression *texts; /* [op_count] */
    bool *alone;              /* [op_count] in no group */
    bool *is_dense;           /* [op_count] matvecs that become loops */
    /* [op_count] of dense matvecs: the result whose sum a value is, itself or the one that it only
     * shows at a finer fraction; -1 */
    int *result;
    bool *is_wide;      /* [op_count] of dense matvecs: sums need 64 bits */
    int *lane, *member; /* [op_count]; member: the group, -1 */
    int *level;         /* [op_count] of what stands alone, and of dense matvecs */
    struct group *groups;
    int group_count;
    size_t group_capacity;
    struct argmax argmax;
    bool *consumed;     /* [op_count] part of the argmax, but not its value */
    const char **names; /* [op_count] how a value is read outside of its loop */
};

/* ---- roll_groups.c ---- */
bool roll_is_dense_result(const struct rolling *r, int value);
/* Whether a value has a statement of its own, or is a result of a matrix that is a loop. */
bool roll_has_statement(const struct rolling *r, int value);
/* Whether a result's sums stay inside 63 bits whatever the order; *narrow becomes false unless
 * inside 32. */
bool roll_sums_fit(const struct program *p, const struct op *result, int fraction, bool *narrow);
/* Matrices that become loops, groups, which groups are one loop, and which need an array. */
void roll_find_matrices(struct rolling *r);
void roll_find_groups(struct rolling *r);
void roll_find_loops(struct rolling *r);
void roll_find_arrays(struct rolling *r);
void roll_forget_groups(struct rolling *r);

/* ---- roll_argmax.c ---- */
void roll_find_argmax(struct rolling *r);
/* For the levels: what the argmax reads. */
struct expression roll_argmax_reads(struct rolling *r);
void roll_add_argmax(struct rolling *r, int value);

/* ---- roll.c ---- */
struct roll_step *roll_add_step(struct rolling *r, enum roll_kind kind, int block);
void roll_add_statement(struct rolling *r, struct roll_step *step, struct roll_statement s);
const char *roll_value_name(const struct rolling *r, int value);

#endif
