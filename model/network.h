/* The network graph: what a model file says, before any lowering.
 *
 * Layers stand in topological order in one array; a layer's inputs are indices of earlier layers.
 * Layer 0 is the only INPUT: raw physical values. Each layer maps a vector of input elements to a
 * vector of `size` elements, per event. A Quant node of a model file is a layer of its own (QUANT),
 * so "the float network" is the same graph with quantizers taken as identity and latent weights
 * taken as they are. All memory belongs to the network's arena. */
#ifndef SLUICE_MODEL_NETWORK_H
#define SLUICE_MODEL_NETWORK_H

#include "base/arena.h"
#include "model/format.h"
#include "model/trees.h"

/* X(enum suffix, name, meaning). The one table of layers; docs and `sluice list layers` print it.
 */
#define LAYER_TABLE(X)                                                                             \
    X(INPUT, "input", "raw physical values of one event")                                          \
    X(QUANT, "quant", "each element rounded and limited to a fixed-point format")                  \
    X(AFFINE, "affine", "y[j] = scale[j] * x[j] + offset[j]; standardisation is one")              \
    X(DENSE, "dense", "y[j] = sum_i x[i] * w[i][j] + b[j]")                                        \
    X(BATCHNORM, "batchnorm", "y[j] = gamma[j] (x[j] - mean[j]) / sqrt(var[j] + eps) + beta[j]")   \
    X(RELU, "relu", "max(x, 0)")                                                                   \
    X(LEAKY_RELU, "leaky_relu", "x if x >= 0, else alpha * x")                                     \
    X(SIGMOID, "sigmoid", "1 / (1 + exp(-x))")                                                     \
    X(TANH, "tanh", "hyperbolic tangent")                                                          \
    X(SIGN, "sign", "1 if x >= 0, else -1")                                                        \
    X(SOFTMAX, "softmax", "exp(x[j]) / sum_k exp(x[k])")                                           \
    X(BUCKETS, "buckets", "number of the element's edges that are not above it: its bucket")       \
    X(TREES, "trees", "y[k] = base[k] + sum over decision trees of the value of the leaf reached") \
    X(TREE_DISTANCE, "tree_distance",                                                              \
      "sum over decision trees of the distance sum_i |x[i] - c[i]| to the centre c of the leaf")

#define X(id, name, text) LAYER_##id,
enum layer_kind { LAYER_TABLE(X) LAYER_KIND_COUNT };
#undef X
extern const char *const layer_kind_names[LAYER_KIND_COUNT],
    *const layer_kind_texts[LAYER_KIND_COUNT];

/* Formats of a tensor's elements: none (count 0), one for all (count 1), or one per element. The
 * formats of one quantizer share their rounding and overflow modes (a model file says them once).
 */
struct quantizer {
    int count;
    struct format *formats;
};
static inline struct format quantizer_at(const struct quantizer *q, int element)
{
    return q->formats[q->count == 1 ? 0 : element];
}
/* What an element's value becomes: itself where there is no quantizer. */
static inline double quantizer_apply(const struct quantizer *q, int element, double value)
{
    return q->count ? format_quantize(quantizer_at(q, element), value) : value;
}

/* How hardware computes a softmax: in logarithms, so that nothing is multiplied or divided. With
 *   d[j] = difference(max_k x[k] - x[j])        s = sum(sum_j exponential(exp(-d[j])))
 *   l = logarithm(log(s))                       p[j] = probability(exp(-exponent(d[j] + l)))
 * where difference() ... rounds to the format of that name. The formats are unsigned; 1 is among
 * the values of `exponential` and of `sum`, which saturates, so that s >= 1. */
#define SOFTMAX_FORMATS(X)                                                                         \
    X(difference) X(exponential) X(sum) X(logarithm) X(exponent) X(probability)
#define X(name) struct format name;
struct softmax_formats {
    SOFTMAX_FORMATS(X)
};
#undef X

struct layer {
    enum layer_kind kind;
    const char *name;       /* unique, [A-Za-z_][A-Za-z0-9_]* */
    int input;              /* index of the layer it reads; -1 for INPUT */
    int size;               /* output elements */
    struct quantizer quant; /* QUANT: of the elements */
    /* DENSE: latent (unquantized) weights [n_in][n_out] row-major, bias [n_out] or NULL, and
     * their quantizers (count 0: used as they are). A pruned weight is exactly 0. */
    double *weights, *bias;
    struct quantizer weight_quant, bias_quant;
    /* AFFINE: scale, offset [size]. */
    double *scale, *offset;
    /* BATCHNORM: gamma, beta, mean, variance [size], epsilon. */
    double *gamma, *beta, *mean, *variance, epsilon;
    double alpha; /* LEAKY_RELU: slope below zero */
    /* BUCKETS: rising edges of element j, edges[edge_first[j]] .. edges[edge_first[j + 1] - 1]. A
     * first edge of -infinity leaves bucket 0 to missing values (NaN). Edges are no quantizer: the
     * float network has them too. */
    int *edge_first;
    double *edges;
    /* TREES, TREE_DISTANCE. Formats of values and base in the quantized network (after the
     * divisor): weight_quant, one for all values of leaves or one per tree; bias_quant. */
    struct trees *trees;
    /* SOFTMAX: as hardware computes it; NULL: the real function, which hardware does not. The float
     * network has the real function either way. */
    struct softmax_formats *softmax;
};

struct network {
    struct arena arena;
    const char *name;
    int layer_count, layer_capacity;
    struct layer *layers;
    const char **feature_names; /* [layers[0].size] or NULL */
    const char **class_names;   /* [output size] or NULL */
};

/* x rounded to float32, what a model file stores. Through memory on purpose: GCC 12 at -O2 drops
 * (double)(float) when it puts two neighbouring conversions into one vector. */
static inline double network_float32(double x)
{
    volatile float rounded = (float)x;
    return (double)rounded;
}

/* An empty network; name may be NULL ("network"). */
struct network *network_new(const char *name);
/* Adds a layer behind the others and returns its index. The name is copied, made a valid and unique
 * identifier; arrays are the caller's to allocate in network->arena. */
int network_add(struct network *network, enum layer_kind kind, const char *name, int input,
                int size);
static inline bool layer_is_trees(const struct layer *layer)
{
    return layer->kind == LAYER_TREES || layer->kind == LAYER_TREE_DISTANCE;
}
static inline struct trees_shape layer_trees_shape(const struct network *n, const struct layer *l)
{
    return (struct trees_shape){n->layers[l->input].size, l->size, l->kind == LAYER_TREE_DISTANCE};
}
static inline int layer_edge_count(const struct layer *layer, int element)
{
    return layer->edge_first[element + 1] - layer->edge_first[element];
}
static inline const struct layer *network_output(const struct network *n)
{
    return &n->layers[n->layer_count - 1];
}
/* Shapes, order, finite parameters, names; fails with the layer's name. `file` names the model in
 * the message. */
void network_check(const struct network *network, const char *file);
/* The batch normalisation or affine layer as y = scale * x + offset. For the quantized network the
 * coefficients are rounded to float32, so that both the reference and the compiler see the same
 * 24-bit constants (exact: false gives full double precision, for the float network). */
void network_affine(const struct layer *layer, int element, bool to_float32, double *scale,
                    double *offset);
/* Rounds every parameter (weights, bias, scale, offset, gamma, ..., alpha, epsilon) to float32,
 * which is what a model file stores. The trainer calls it before it compares or writes, so that a
 * network and its file are the same. */
void network_round_to_float32(struct network *network);
/* A deep copy, in an arena of its own. */
struct network *network_copy(const struct network *network);
/* NULL is fine. */
void network_free(struct network *network);

#endif
