/* From a network to a scheduled program: the pipeline of passes, and the files of a compile. */
#ifndef SLUICE_COMPILER_COMPILE_H
#define SLUICE_COMPILER_COMPILE_H

#include "compiler/program/program.h"
#include "compiler/target.h"
#include "model/network.h"

enum compile_output { COMPILE_LOGITS, COMPILE_SOFTMAX, COMPILE_ARGMAX, COMPILE_THRESHOLD };
enum compile_standardise { STANDARDISE_HOST, STANDARDISE_FABRIC };
/* What the schedule is for. LATENCY and BALANCED put as many operations between two register ranks
 * as the clock allows; AREA at most one level of adders, which is smallest on fabrics whose
 * flip-flop behind a LUT is free. */
enum compile_optimize { OPTIMIZE_BALANCED, OPTIMIZE_LATENCY, OPTIMIZE_AREA };

/* A layer that has a reuse factor of its own. */
struct layer_reuse {
    const char *layer;
    int factor;
};
/* The layer's factor in a list; 0: it has none of its own. */
int layer_reuse_find(const struct layer_reuse *list, int count, const char *layer);

/* What factors may be chosen within: the most of each, by estimate; below 0: any number. */
struct reuse_budget {
    double lut4, cells, dsp, bram;
    double latency_ns;
    int interval_cycles; /* from one event to the next */
};

struct compile_options {
    const struct target *target;
    double clock_mhz; /* asked clock; > 0, unless there are clocks_mhz */
    /* Clocks to choose from, rising: the one of fewest ns from input to output, the slower of
     * equals (it needs fewer registers). */
    const double *clocks_mhz;
    int clock_count;
    enum compile_output output;
    double threshold; /* COMPILE_THRESHOLD: decision bit = score >= threshold (raw score, before a
                         final sigmoid) */
    enum compile_standardise standardise;
    enum compile_optimize optimize;
    /* Reuse factor: cycles that an event may take in every dense layer, those with fewer products
     * at most one for each, or trees that take turns in an engine; 1: fully unrolled. Layers named
     * in layer_reuse have their own. */
    int reuse;
    /* The factors are chosen instead: those of least latency within the budget; of a layer in
     * layer_reuse at most its own. `reuse` is not read then. */
    bool reuse_auto;
    struct reuse_budget budget;
    const struct layer_reuse *layer_reuse;
    int layer_reuse_count;
    /* Layers that are loaded at run time: all dense layers, by their weights and biases, and
     * ensembles of trees, or those named. They need quantizers of what is loaded, whose formats say
     * what may be, and a reuse factor of at least 2. */
    bool all_loadable;
    unsigned protect; /* enum program_protect */
    /* Dense layers of a factor above 1 are on multipliers, with weights in memory, where that is
     * possible, and trees in tables; else in the form that costs least. */
    bool resource;
    const char *const *loadable_layers;
    int loadable_count;
    /* Of loadable trees: the shape that the tables have to have; NULL: what the trees ask for. */
    const struct load_trees *trees_shape;
    int part_dsps, part_rams; /* what the part has; -1: any number */
    bool has_player;          /* some of them are for the board's top (rtl/pattern_player.v) */
    const char *input_format; /* "fixed<8,4>" or NULL: the model's own input quantizer */
    int input_bits;           /* with calibration: width of each input, 0: not asked */
    int leaf_bits;            /* width of the values of trees that bring no format; 0: 8 */
    const double *calibrate;  /* raw events [calibrate_events][n_in] or NULL */
    long calibrate_events;
    /* Lower for a processor, not a fabric: trees as selections, no truth tables in place of
     * comparisons; see compile_for_processor(). */
    bool processor;
    const char *dump_after, *stop_after; /* names of passes, or NULL */
    const char *dump_folder;             /* where dumps go */
};
void compile_options_init(struct compile_options *options);

/* Names of the passes in order, NULL-terminated, for --help and docs. */
extern const char *const compile_passes[];

/* What a word of a loadable memory is made of, so that others' weights can be loaded. Rows that are
 * none: the column's bias; scale and offset of a normalisation behind the layer. */
enum load_row { LOAD_BIAS = -1, LOAD_SCALE = -2, LOAD_OFFSET = -3 };
struct load_cell {
    int row, column; /* of the layer's weights, or one of enum load_row; column -1: nothing, 0 */
    int shift;       /* the field holds the integer times 2^shift */
};
struct load_layout {
    const char *memory, *layer; /* names */
    int words, fields;
    int *low;                /* [fields] lowest bit in the word; what is left of the word is 0 */
    struct load_cell *cells; /* [words][fields] */
};
/* Multiples of 2^-fraction_bits. */
struct load_numbers {
    bool any; /* else there are none */
    int fraction_bits;
    int64_t lo, hi;
};
/* A layer that is loaded: what its numbers may be. */
struct load_layer {
    const char *name;
    int rows, columns;
    struct load_numbers weights, bias, scale, offset;
};
/* An ensemble whose tables are loaded. Slot e * cycles + t, iteration t of engine e, has room for a
 * tree of at most `depth` levels that adds to score targets[slot]; -1: to all, -2: for none. */
struct load_trees {
    const char *name;
    int cycles, engines, depth;
    int *targets;     /* [engines * cycles] */
    const char *file; /* in messages: whose trees are to fit; NULL: the network's own */
    enum compile_standardise standardise;
};
struct load_plan {
    struct arena arena;
    struct load_trees *trees; /* NULL: none */
    struct load_layer *layers;
    struct load_layout *layouts;
    int layer_count, layout_count;
    size_t layer_capacity, layout_capacity;
};
void load_plan_free(struct load_plan *plan);

struct compile_notes {
    bool softmax_left_out,
        sigmoid_left_out;       /* a final softmax (sigmoid) that the hardware does not compute */
    int standardise_adder_bits; /* cost of STANDARDISE_FABRIC */
    struct compile_layer
        *layers; /* dense layers and trees that were shared or could be; NULL without reuse */
    int layer_count;
    struct load_plan load;    /* of layers whose weights are loaded */
    char interval_layer[128]; /* whose loops set the interval; "" if it is 1 */
};

/* What became of a layer's reuse factor. */
struct compile_layer {
    char name[128];
    int factor;             /* asked for, at most its products */
    int cycles;             /* its longest loop; 1: unrolled */
    bool multiplies;        /* its form has multipliers and weights from memory */
    const char *form;       /* reuse_form_names[]; of trees "unrolled" or "walked" */
    long weights, products; /* all; those that are not zero; 0, 0 of trees */
    int trees, engines;     /* of trees: all; how many are walked at once */
    double cost; /* estimate, in 4-input LUTs, multipliers and memories at their prices */
};
void compile_notes_free(struct compile_notes *notes);

/* The layer whose elements are the hardware's scores: the output, or the layer before a final
 * softmax or sigmoid that is left out. What reference_eval() must be asked for. */
int compile_output_layer(const struct network *network, const struct compile_options *options);

/* Puts what the options ask for into the network itself (input quantizer), so that the network kept
 * in the build folder is the one that was compiled. Fails by name when a layer needs a quantizer
 * that is not there. */
void compile_prepare(struct network *network, const struct compile_options *options,
                     const char *file);
/* The scheduled, checked program. Ends with one line when the network cannot be compiled. */
struct program *compile_network(const struct network *network,
                                const struct compile_options *options, struct compile_notes *notes);

/* The same network as a processor or an HLS tool wants it, checked, not scheduled: matrices whole,
 * every neuron of a layer the same operations, trees as selections. Its outputs are those of
 * compile_network() with the same options. clock_mhz: the one of the scheduled program. */
struct program *compile_for_processor(const struct network *network,
                                      const struct compile_options *options, double clock_mhz);

/* That program with its matrices as adder graphs, for C that has a statement for each operation. */
struct program *compile_straight(const struct program *lowered);

/* Estimate of resources and clock for a scheduled program on a target, before synthesis. */
struct estimate {
    double cells, lut4, ff, carry, bram, dsp, fmax_mhz;
};
struct estimate estimate_program(const struct program *program, const struct target *target);
/* The same of some blocks; fmax_mhz is 0. Latency's valid bits are left out. */
struct estimate estimate_blocks(const struct program *program, int first, int end,
                                const struct target *target);
/* One number for comparing: cells, with multipliers and block memories at their prices. */
double estimate_cost(const struct estimate *estimate);

#endif
