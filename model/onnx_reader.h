/* Inside model/: the network that grows while an ONNX graph is read, and what onnx_trees_read.c
 * adds to the operators of onnx_read.c. */
#ifndef SLUICE_MODEL_ONNX_READER_H
#define SLUICE_MODEL_ONNX_READER_H

#include "model/network.h"
#include "model/onnx_graph.h"

struct reader {
    struct graph graph;
    struct network *network;
    int layer;                  /* the last one so far */
    bool has_scale, has_offset; /* what of the last layer, an AFFINE, was given */
};

struct layer *reader_last(struct reader *reader);
struct layer *reader_add(struct reader *reader, enum layer_kind kind, const struct graph_node *node,
                         int size);

/* Adds the layers that a node stands for; data is the operand that the graph computes. */
typedef void reader_build(struct reader *reader, const struct graph_node *node, size_t data);

/* Several nodes that are one layer: whether the tensor comes out of them, and the tensor that goes
 * in. */
struct onnx_pattern {
    bool (*match)(struct graph *graph, const char *tensor, const char **root);
    reader_build *build;
};
enum { ONNX_TREE_PATTERNS = 4 };
extern const struct onnx_pattern onnx_tree_patterns[ONNX_TREE_PATTERNS];

reader_build onnx_build_trees;  /* TreeEnsembleRegressor, TreeEnsembleClassifier, TreeEnsemble */
reader_build onnx_build_zipmap; /* ZipMap: names of classes */

#endif
