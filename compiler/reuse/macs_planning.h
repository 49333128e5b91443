/* Shared by the two ways to plan a layer on multipliers (macs.h): macs_plan.c, macs_step.c. */
#ifndef SLUICE_COMPILER_REUSE_MACS_PLANNING_H
#define SLUICE_COMPILER_REUSE_MACS_PLANNING_H

#include "compiler/reuse/macs.h"

/* 4-input LUTs that a multiplier is worth, so that a few LUTs are not bought with many of them. */
enum { MULTIPLIER_PRICE = 40 };

struct planning {
    struct reuse *r;
    const struct reuse_layer *layer;
    const struct reuse_tail *tail;
    struct mac_plan plan;
    int limit; /* of cycles */
    /* For each column its slots, those of one class after the other. */
    struct mac_slot **slots;
    int (*counts)[MAC_BANKS];
    int classes;
};

static inline const struct target *target_of(const struct planning *m)
{
    return m->r->options->target;
}
static inline int width_of(int64_t lo, int64_t hi)
{
    return format_of_interval(lo, hi, 0).width_bits;
}
static inline struct mac_slot slot_of(int first, int second)
{
    return (struct mac_slot){{(short)first, (short)second}};
}

/* A row and a weight that it has; sorted the largest first. */
struct mac_entry {
    int64_t weight;
    int row;
};
int mac_compare_entries(const void *a, const void *b);

/* Whether two products, w1 of the low part, fit one multiplier. */
bool mac_pair_fits(const struct planning *m, int64_t w1, int64_t w2);
/* False if some weight fits no multiplier, even alone. */
bool mac_weights_fit(const struct planning *m);
/* 4-input LUTs of a multiplier; of a choice among so many words. */
double mac_unit_price(const struct planning *m);
double mac_pick_price(int inputs, int bits);
/* When columns are handed on, when all is placed; false if that takes more than the limit. */
bool mac_plan_drain(struct planning *m);

/* macs_step.c: the cheapest plan in step; false if there is none. */
bool mac_choose_in_step(struct planning *m);

#endif
