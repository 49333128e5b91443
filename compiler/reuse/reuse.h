/* Reuse factors: a layer's hardware shared by several cycles of one event.
 *
 * A layer of reuse factor N takes up to N cycles per event. Its block of straight-line code becomes
 * loops, in the form that costs least:
 *
 * - unrolled: straight-line code, an event a cycle.
 * - digits: the inputs come in digits of few bits, one a cycle, through one adder graph that is so
 *   much narrower; the partial sums are added up at the end (distributed arithmetic with an adder
 *   graph: Peled and Liu, "A new hardware realization of digital filters" (1974)).
 * - digits in turn: the same, and columns take turns in few copies of what stands behind the sums.
 * - digit serial: every value is a stream of digits, through the adders as well (serial.h).
 * - multipliers: weights from a ROM times inputs from memories, accumulated (macs.h).
 * - multipliers in step: the same, all with the same inputs in the same cycle.
 *
 * All forms are exact: the passes and printers behind this one see a program like any other. */
#ifndef SLUICE_COMPILER_REUSE_H
#define SLUICE_COMPILER_REUSE_H

#include "compiler/compile.h"

enum reuse_form {
    REUSE_UNROLLED,
    REUSE_DIGITS,
    REUSE_DIGITS_IN_TURN,
    REUSE_SERIAL,
    REUSE_MULTIPLIERS,
    REUSE_MULTIPLIERS_IN_STEP,
    REUSE_FORM_COUNT
};
extern const char *const reuse_form_names[];
/* Whether a form has multipliers, and weights from memory. */
static inline bool reuse_multiplies(enum reuse_form form)
{
    return form == REUSE_MULTIPLIERS || form == REUSE_MULTIPLIERS_IN_STEP;
}

/* A layer and what is made of it. */
struct reuse_choice {
    char layer[128];
    int rows, columns;
    long products;    /* with weights that are not zero */
    int factor;       /* most cycles of its loops, >= 1 */
    bool is_loadable; /* no form but multipliers will do, and the factor is at least 2 */
    enum reuse_form form;
};

/* The layers of a program that can be shared, in order, all unrolled; at most as many as there are
 * blocks. Returns their number. */
int reuse_find_layers(const struct program *program, const struct compile_options *options,
                      struct reuse_choice *choices);
/* Makes loops of the layers as their choices say; a form that a layer cannot have becomes another,
 * which the choice says then (also where that leaves a loadable matrix in the program, which no
 * later pass takes). What is loaded is noted in `load`, may be NULL. */
struct program *reuse_program(const struct program *old, const struct compile_options *options,
                              struct reuse_choice *choices, struct load_plan *load);

/* The layer that a block was made of: its name without what the pass puts behind it. */
const char *reuse_layer_name(struct arena *arena, const struct block *block);
bool reuse_is_of_layer(const struct block *block, const char *layer);

/* ---- choose.c ---- */

/* The last loadable layer that is not on multipliers, as it has to be; -1: none. */
int reuse_find_impossible(const struct reuse_choice *choices, int count);

/* What a layer, or the whole program, would take in the end, by estimate. */
struct reuse_share {
    double lut4, cells, dsp, bram;
    double cost;        /* cells, with multipliers and memories at their prices */
    int latency_cycles; /* of a layer: from the last cycle of what is before it to its own */
};
struct reuse_cost {
    struct reuse_share all;
    struct reuse_share *layers; /* [count], named as in choices */
    int interval_cycles;
};
/* Finishes a program behind the reuse pass and estimates it; takes the program. False: it cannot be
 * scheduled. */
typedef bool reuse_cost_function(void *data, struct program *program,
                                 const struct reuse_choice *choices, int count,
                                 struct reuse_cost *cost);

/* The factors that the options ask for, checked: sets choices[].factor; ends with one line about
 * one that a layer cannot have. */
void reuse_set_factors(const struct compile_options *options, struct reuse_choice *choices,
                       int count);
/* Whether the part has the multipliers and memories that it would take. */
bool reuse_fits_part(const struct compile_options *options, const struct reuse_cost *cost);
/* Whether a form can be another one at `most` cycles than at fewer: digits are not narrower than a
 * bit. */
bool reuse_form_is_worth(enum reuse_form form, int most);

/* The cheapest forms within the factors. What a factor allows, larger factors allow too. */
void reuse_choose(const struct program *program, const struct compile_options *options,
                  reuse_cost_function *cost, void *data, struct reuse_choice *choices, int count);

/* ---- budget.c ---- */

/* Factors and forms of least latency within options->budget; ends with one line where there are
 * none, which says what is nearest and which layer is to blame. */
void reuse_choose_within(const struct program *program, const struct compile_options *options,
                         reuse_cost_function *cost, void *data, struct reuse_choice *choices,
                         int count);

#endif
