/* Inside model/: an ONNX file as a graph that can be walked from its output to its input.
 *
 * Tensors are found by name; names of nodes and their order in the file mean nothing. Everything
 * here ends with one line that names the file, and the node where there is one, when the file is
 * not understood. Memory belongs to the graph's arena. */
#ifndef SLUICE_MODEL_ONNX_GRAPH_H
#define SLUICE_MODEL_ONNX_GRAPH_H

#include "base/arena.h"
#include "onnx.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSOR_MAX_RANK = 8 };

/* A constant, row-major, all element types as double (exact but for 64-bit integers over 2^53). */
struct tensor {
    int rank;
    int64_t dims[TENSOR_MAX_RANK];
    size_t count;
    const double *values;
};

struct graph_node {
    const Onnx__NodeProto *proto;
    const char *op;    /* operator, "" if the file names none */
    const char *label; /* node's name, or that of its first output when it has none */
    bool is_constant;  /* depends on no graph input */
};

struct graph_name; /* a tensor and what produces it */

struct graph {
    const char *file;
    struct arena arena;
    Onnx__ModelProto *model;
    const Onnx__GraphProto *proto;
    int node_count;
    struct graph_node *nodes;
    size_t name_count;
    struct graph_name *names;
    const char *input, *output;
    int input_size; /* elements per event */
    int input_rank; /* dimensions, that of the events included */
    int opset;      /* of the standard operators */
};

/* ---- onnx_classifier.c ---- The scores of a classifier as scikit-learn's converter writes it: two
 * outputs, labels and probabilities; the probabilities perhaps through ZipMap or, of two classes,
 * as 1 - p beside p. The tensor before all that; NULL if the graph is no such one. */
const char *classifier_output(const struct graph *graph);

/* Reads and indexes the file: one input, one output, no cycles, every tensor produced once. */
void graph_open(struct graph *graph, const char *path);
void graph_close(struct graph *graph);

_Noreturn void graph_fail(const struct graph *graph, const struct graph_node *node,
                          const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The node that produces a tensor; NULL for the graph's input and for initializers. */
const struct graph_node *graph_producer(const struct graph *graph, const char *tensor);
/* Whether a tensor is an initializer or depends on constants alone. */
bool graph_is_constant(const struct graph *graph, const char *tensor);
/* Whether the tensor is an initializer or a Constant node's output; *tensor is then filled.
 * `reader` is the node to name when the tensor's type or size is not supported. */
bool graph_tensor(struct graph *graph, const char *name, const struct graph_node *reader,
                  struct tensor *tensor);

/* Name of input i, "" where it is left out. */
const char *node_input(const struct graph_node *node, size_t i);
bool node_is(const struct graph_node *node, const char *op); /* false for NULL */
/* Attributes; `otherwise` when the node has none of that name. */
int64_t node_int(const struct graph_node *node, const char *name, int64_t otherwise);
/* Of a list of exactly one integer. */
int64_t node_first_int(const struct graph_node *node, const char *name, int64_t otherwise);
/* A list of floats; returns how many, 0 without the attribute. */
size_t node_floats(const struct graph_node *node, const char *name, const float **values);
double node_float(const struct graph_node *node, const char *name, double otherwise);
/* Copied into text, cut to size. */
void node_string(const struct graph_node *node, const char *name, const char *otherwise, char *text,
                 size_t size);
/* Lists; *count 0 (and NULL) when the node has none of that name. Numbers: those of attribute NAME,
 * or of the tensor in attribute NAME_as_tensor; *is_double says that they are no float32 numbers.
 */
const int64_t *node_ints(const struct graph_node *node, const char *name, size_t *count);
const double *node_numbers(struct graph *graph, const struct graph_node *node, const char *name,
                           size_t *count, bool *is_double);
size_t node_string_count(const struct graph_node *node, const char *name);
/* String i of the list, cut to size. */
void node_string_at(const struct graph_node *node, const char *name, size_t i, char *text,
                    size_t size);

/* The element of `tensor` that numpy's broadcasting gives element `index` of a tensor of that
 * shape; false from tensor_fits() when the shapes do not match. */
bool tensor_fits(const struct tensor *tensor, int rank, const int64_t *dims);
double tensor_at(const struct tensor *tensor, int rank, const int64_t *dims, size_t index);
struct tensor tensor_scalar(struct graph *graph, double value);

#endif
