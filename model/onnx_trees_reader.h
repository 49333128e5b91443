/* Inside model/: what the files share that read ensembles of trees from ONNX. */
#ifndef SLUICE_MODEL_ONNX_TREES_READER_H
#define SLUICE_MODEL_ONNX_TREES_READER_H

#include "model/onnx_reader.h"

/* ---- the standard nodes around ensembles (onnx_trees_forms.c) ---- */

/* The tensor before a node of that operator; NULL if the tensor comes from something else. */
const char *onnx_before(struct graph *graph, const char *at, const char *op,
                        const struct graph_node **node);
/* Element i of a tensor that may hold one number for all. */
double onnx_element(const struct tensor *t, size_t i);

/* Patterns: see struct onnx_pattern. */
bool onnx_is_plain(struct graph *graph, const char *tensor, const char **root);
bool onnx_is_buckets(struct graph *graph, const char *tensor, const char **root);
bool onnx_is_zeros(struct graph *graph, const char *tensor, const char **root);
reader_build onnx_build_plain, onnx_build_buckets, onnx_build_zeros;
/* What goes into Where(Abs(x) <= limits, NaN, x); NULL if the tensor is not that. */
const char *onnx_match_zeros(struct graph *graph, const char *tensor, struct tensor *limits);

/* ---- the operators' attributes (onnx_ensemble.c) ---- */

/* The attributes of an ensemble's node, checked against one another. */
struct ensemble {
    struct reader *reader;
    const struct graph_node *node;
    size_t nodes, weights;
    const int64_t *tree, *number, *feature, *left, *right, *missing;
    const int64_t *weight_tree, *weight_node, *weight_target;
    const double *threshold, *weight, *base;
    size_t base_count;
    bool is_double;
    int targets;
};
struct ensemble ensemble_read(struct reader *reader, const struct graph_node *node);
/* Originals that stand beside a node of ours; NULL if there are none. */
const double *ensemble_latent(const struct ensemble *m, const char *what, size_t count);
/* CatBoost gives each of two classes a score, one the negative of the other: leaves the second. */
void ensemble_drop_mirror(struct ensemble *m);
/* How many outputs the ensemble has. */
int ensemble_targets(const struct ensemble *m);
/* Its trees; distance_inputs > 0: of that many inputs, whose leaves are centres. */
struct trees *ensemble_trees(struct ensemble *m, int distance_inputs);

#endif
