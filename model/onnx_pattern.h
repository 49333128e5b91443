/* Inside model/: quantizers as they stand in an ONNX graph, and constants that pass through them.
 *
 * A quantizer is a Quant node with, around it, the standard nodes that say what Quant cannot
 * (docs/reference/model-file.md). Its data flows
 *
 *   root -> [Add half] -> [Quant wide -> Mod -> Add -> Mod -> Sub] -> [Max ...] [Min] -> Quant
 *                         [Quant wide]                  ... and then Where(Equal(..), .., 0)
 */
#ifndef SLUICE_MODEL_ONNX_PATTERN_H
#define SLUICE_MODEL_ONNX_PATTERN_H

#include "model/network.h"
#include "model/onnx_graph.h"

/* What a matched quantizer says; tensors with count 0 are not there. */
struct quant_match {
    const struct graph_node *node; /* the last node: Quant or Where */
    const char *root;              /* the tensor that is quantized */
    enum rounding rounding;
    bool is_wrap, is_sat_zero, is_signed, is_narrow;
    struct tensor scale, bits;
    struct tensor half;                  /* RND, RND_MIN_INF: what was added before rounding */
    struct tensor low, high, mirror;     /* clamps before the Quant; a further Max marks SAT_SYM */
    struct tensor modulus, plus, minus;  /* WRAP */
    struct tensor wide_scale, wide_bits; /* WRAP, SAT_ZERO: the rounding Quant before */
};

/* Whether the tensor comes out of a quantizer (a Quant, or a Where of the form above). A Quant that
 * no format can say ends the program. */
bool quant_match(struct graph *graph, const char *tensor, struct quant_match *match);
/* The formats of the elements of a tensor of that shape, one if all are equal; in `arena`. */
struct quantizer quant_formats(struct graph *graph, const struct quant_match *match, int rank,
                               const int64_t *dims, struct arena *arena);

/* The scale of a BipolarQuant, all above 0. */
struct tensor bipolar_scale(struct graph *graph, const struct graph_node *node);

/* Whether the tensor comes out of the nodes that emit_softmax() writes; formats may be NULL.
 * onnx_softmax.c */
bool softmax_match(struct graph *graph, const char *tensor, const char **root,
                   struct softmax_formats *formats);

/* A constant operand: its latent values and the formats it passes through (none, one or one each).
 */
struct constant {
    struct tensor latent;
    struct quantizer quant; /* formats in the graph's arena */
};
/* Follows Quant, BipolarQuant, Identity and Transpose (of two dimensions) back to the constant. */
struct constant constant_read(struct graph *graph, const struct graph_node *reader,
                              const char *tensor);
/* The same with the quantizer applied. */
struct tensor constant_value(struct graph *graph, const struct graph_node *reader,
                             const char *tensor);
/* [a][b] to [b][a]; `node` is named when it has not two dimensions. */
void constant_transpose(struct graph *graph, const struct graph_node *node,
                        struct constant *constant);

#endif
