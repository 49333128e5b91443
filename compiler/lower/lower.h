/* From the prepared network to the first program: every layer's meaning, exactly, in operations.
 * One block per dense layer (its normalisation, activation and quantizer are in it, under the
 * dense layer's name), one for the decision, one for any layer that comes before a dense one.
 *
 * Requires: a network that compile_prepare() has been over. Gives: input, const, matvec, result,
 * quantize, max, lt, le, select, shift and table operations; nothing is shared or optimised yet,
 * but constants of an affine layer are already shortened where no result can tell. */
#ifndef SLUICE_COMPILER_LOWER_H
#define SLUICE_COMPILER_LOWER_H

#include "compiler/compile.h"
#include "compiler/lower/dyadic.h"

#include <stdio.h>

struct program *lower_network(const struct network *network, const struct compile_options *options,
                              struct compile_notes *notes);

/* ---- between the files of compiler/lower/ ---- */

/* The needed layers form a chain, since each reads one other. */
struct chain {
    int count;
    int *layers; /* indices from the input to the last layer that the hardware computes */
};
/* The chain up to the output; a final softmax (with its quantizer), or the sigmoid of a one-output
 * network, is left out as the options say, with a note (notes may be NULL). */
struct chain chain_find(struct arena *arena, const struct network *network,
                        const struct compile_options *options, struct compile_notes *notes);

struct lowering {
    struct program *program;
    const struct network *network;
    const struct compile_options *options;
    struct compile_notes *notes;
    struct arena arena;
    struct chain chain;
    int position;    /* of the present layer in the chain */
    bool has_block;  /* a block has been begun */
    bool is_fresh;   /* it holds nothing but the inputs yet */
    int *values;     /* of the layer before, then of the present one: [layer size] */
    bool is_bipolar; /* the values are bits b that stand for 2 b - 1: behind a sign */
    /* What a dense layer leaves for the affine layer behind it, by element: the element's real
     * value is values[j] + bias[j], negated when negated[j]. NULL: nothing. */
    struct dyadic *left_bias;
    bool *left_negated;
    /* What the last layer left out of all its scores, for a decision that does not need it: they
     * are the values plus this integer (of the values' fraction bits). */
    int64_t left_out;
};
/* Whether the present layer's values are scores that only a decision reads. */
static inline bool lowering_decides(const struct lowering *l)
{
    return l->position == l->chain.count - 1 &&
           (l->options->output == COMPILE_ARGMAX || l->options->output == COMPILE_THRESHOLD);
}

static inline const struct layer *lowering_layer(const struct lowering *l, int ahead)
{
    int position = l->position + ahead;
    return position < l->chain.count ? &l->network->layers[l->chain.layers[position]] : NULL;
}
/* ---- loadable.c ---- */

/* Whether the options ask for loadable weights in this layer. */
bool layer_is_loadable(const struct compile_options *options, const struct layer *layer);
/* A step of compile_prepare(): constants of a normalisation behind such a layer become ones of 16
 * bits, with one to spare for others'. */
void loadable_round(struct network *network, struct layer *layer);
/* The normalisation: results[j] of l->values[j]. */
void lowering_load_affine(struct lowering *l, const struct layer *layer, int *results);
/* Ends with one line if the options name layers that are not there, or layers that cannot be
 * loaded. */
void lowering_check_loadable(const struct lowering *l);
/* Declares what may be loaded, from the layer's quantizers, and states the matrix's integers so. */
void lowering_declare(struct lowering *l, const struct layer *layer, struct matrix *matrix);
/* The grid (its fraction bits, returned) and the integers on it that hold all values of a
 * quantizer's formats. */
int lowering_hull(const struct layer *layer, const struct quantizer *quant, int64_t *lo,
                  int64_t *hi);
/* What both banks of a loadable memory are made of. */
enum memory_kind lowering_memory_kind(const struct target *target, int words, int bits);

/* Begins a block for the layer unless one is open that it may share. */
void lowering_block(struct lowering *l, const struct layer *layer, bool own);
/* Ends the program when the double-precision reference could not be exact for a value: the sum
 * needs more than 53 bits. */
void lowering_check_exact(const struct layer *layer, const struct program *p, int value);

/* Each lowers the present layer: reads and replaces l->values. */
void lower_dense(struct lowering *l, const struct layer *layer);
void lower_affine(struct lowering *l, const struct layer *layer);
void lower_relu(struct lowering *l, const struct layer *layer);
void lower_leaky_relu(struct lowering *l, const struct layer *layer);
void lower_function(struct lowering *l, const struct layer *layer); /* sigmoid, tanh, with quant */
void lower_softmax(struct lowering *l, const struct layer *layer);
void lower_trees(struct lowering *l, const struct layer *layer);
void lower_tree_distance(struct lowering *l, const struct layer *layer);
/* Scores to what the options ask for, and the output ports. */
void lower_outputs(struct lowering *l);

/* ---- threshold.c ---- */

void lower_sign(struct lowering *l, const struct layer *layer);
/* The bit (value * scale + offset >= 0). */
int lower_sign_of(struct lowering *l, int value, struct dyadic scale, struct dyadic offset,
                  const struct layer *layer);
/* Replaces *value by the quantized value * scale + offset (then max(., 0) if relu), as comparisons
 * with thresholds; false when sums are fewer. */
bool lower_levels(struct lowering *l, int *value, struct dyadic scale, struct dyadic offset,
                  bool relu, struct format format);
/* Behind a sign: values of their own for what does not take its bits. layer: the sign or one of its
 * size. */
void lowering_open_bits(struct lowering *l, const struct layer *layer);

/* a * scale + offset as a 1 x 1 matvec, or less when it is less. */
int lower_scale(struct lowering *l, int value, struct dyadic scale, struct dyadic offset,
                const struct layer *layer);

/* ---- compare.c ---- */

/* A truth table of `count` (1..6) bits as program_add_lut() has it, or what it comes to: inverters
 * in front of it are taken in, inputs that it does not depend on left out. */
int lower_lut(struct program *p, const int *inputs, int count, uint64_t table);
/* Bit number `bit` of a value, as one unsigned bit. */
int lower_bit(struct program *p, int x, int bit);
/* Whether the stored integer of x is at most `limit`, as one bit. */
int lower_at_most(struct program *p, int x, int64_t limit);

/* ---- softmax.c ---- */

/* For COMPILE_SOFTMAX, the last step of compile_prepare(): appends a softmax unless the network
 * ends in one, and gives it the formats of hardware, chosen from the number of classes and the
 * resolution of the scores. (How far the scores reach only bounds the tables.) */
void softmax_prepare(struct network *network, const struct compile_options *options,
                     const char *file);

/* ---- trees_prepare.c ---- */

/* A step of compile_prepare(): gives ensembles that do not say them the formats of their values. */
void trees_prepare(struct network *network, const struct compile_options *options);

/* ---- trees_quantize.c ---- */

/* Fills the quantizer that stands between layer `behind` and an ensemble, from the ensemble's
 * thresholds and the range of the calibration events: a format per feature (--input-bits), or its
 * buckets between thresholds (--input-format thresholds), and says what it chose. False: the
 * options give a format, nothing is done. */
bool trees_quantize(struct network *network, int behind, struct layer *quantizer,
                    struct layer *trees_layer, const struct compile_options *options,
                    const char *file);

/* ---- shorten.c ---- */

/* x = n * 2^-fraction_bits for n in [lo, hi], then scale * x + offset, then max(., 0) if relu, then
 * the format. Replaces scale and offset by the pair of fewest signed digits that gives the same
 * result for every n; false (and nothing changed) when there is none shorter, or the format's
 * overflow does not saturate. */
bool affine_shorten(int64_t lo, int64_t hi, int fraction_bits, bool relu, struct format format,
                    struct dyadic *scale, struct dyadic *offset);

#endif
