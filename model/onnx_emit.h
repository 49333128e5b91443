/* Inside model/: an ONNX graph being written, node by node. Memory belongs to the emitter's arena.
 */
#ifndef SLUICE_MODEL_ONNX_EMIT_H
#define SLUICE_MODEL_ONNX_EMIT_H

#include "model/network.h"
#include "onnx.pb-c.h"

/* A tensor's shape while writing: rank 0 to 3. */
struct shape {
    int rank;
    int64_t dims[3];
};
static inline struct shape shape_scalar(void)
{
    return (struct shape){0};
}
static inline struct shape shape_vector(int64_t n)
{
    return (struct shape){1, {n}};
}
static inline struct shape shape_matrix(int64_t rows, int64_t columns)
{
    return (struct shape){2, {rows, columns}};
}
static inline size_t shape_count(struct shape s)
{
    size_t count = 1;
    for (int d = 0; d < s.rank; d++)
        count *= (size_t)s.dims[d];
    return count;
}

struct emitter {
    const char *path; /* for messages */
    struct arena arena;
    Onnx__GraphProto graph;
    size_t node_capacity, initializer_capacity, value_capacity, attribute_capacity;
    /* Networks of trees are run by onnxruntime: activations [1, N] are declared [events, N], and
     * while `is_double` constants and tensors are of double precision. */
    bool is_batched, is_double, has_trees;
    const char *metadata[16][2];
    size_t metadata_count;
};

struct emitter *emit_begin(const char *path, const char *name);
/* A float32 initializer; returns its name. Values that float32 cannot hold are rounded. */
const char *emit_constant(struct emitter *emitter, const char *name, struct shape shape,
                          const double *values);
/* An initializer of 64-bit integers, such as a list of axes; returns its name. */
const char *emit_integers(struct emitter *emitter, const char *name, const int64_t *values,
                          int count);
/* A node with one output of that shape and as many inputs as are not NULL (at most 5); `bool`
 * output for Equal and LessOrEqual. Its output is named like the node with "/out" behind; returns
 * that name. */
const char *emit_node(struct emitter *emitter, const char *op, const char *name, struct shape shape,
                      const char *const inputs[5]);
/* Attributes of the node emitted last. */
void emit_int(struct emitter *emitter, const char *name, int64_t value);
void emit_float(struct emitter *emitter, const char *name, double value);
void emit_ints(struct emitter *emitter, const char *name, const int64_t *values, int count);
void emit_floats(struct emitter *emitter, const char *name, const double *values, int count);
void emit_string(struct emitter *emitter, const char *name, const char *value);
/* `count` strings, number i the one that text(context, i) gives. */
void emit_strings(struct emitter *emitter, const char *name, int count,
                  const char *(*text)(const void *context, int i), const void *context);
/* A key of the file's metadata; both texts are kept by the caller until emit_end(). */
void emit_metadata(struct emitter *emitter, const char *key, const char *value);
/* Declares the graph's input and output, packs the model and writes it; frees the emitter. */
void emit_end(struct emitter *emitter, const char *input, struct shape input_shape,
              const char *output, struct shape output_shape);

/* onnx_quantizer.c: the nodes of a quantizer over `input`, a tensor of that shape; is_constant: the
 * tensor is an initializer, not an activation [1, N]. Returns the name of the quantized tensor. */
const char *emit_quantizer(struct emitter *emitter, const char *name, const struct quantizer *quant,
                           struct shape shape, const char *input);
/* onnx_softmax.c: a softmax with the formats of hardware, as standard nodes and quantizers. */
const char *emit_softmax(struct emitter *emitter, const struct layer *layer, const char *input);

/* onnx_trees_write.c: what stands in networks of trees, as nodes that onnxruntime executes. */
const char *emit_buckets(struct emitter *emitter, const struct layer *layer, const char *input);
const char *emit_trees(struct emitter *emitter, const struct network *network,
                       const struct layer *layer, const char *input);
/* A quantizer of standard nodes alone; NULL when its modes need others (then emit_quantizer()). */
const char *emit_plain_quantizer(struct emitter *emitter, const struct layer *layer,
                                 const char *input);

#endif
