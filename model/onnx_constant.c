/* Constant operands of an ONNX graph: weights and biases with the quantizers they pass through. See
 * onnx_pattern.h. */
#include "model/onnx_pattern.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

void constant_transpose(struct graph *graph, const struct graph_node *node,
                        struct constant *constant)
{
    struct tensor *tensor = &constant->latent;
    if (tensor->rank != 2)
        graph_fail(graph, node, "a constant of %d dimensions is transposed; 2 are supported",
                   tensor->rank);
    size_t rows = (size_t)tensor->dims[0], columns = (size_t)tensor->dims[1];
    double *values = arena_alloc(&graph->arena, tensor->count, sizeof *values);
    bool has_formats = constant->quant.count > 1;
    struct format *formats = has_formats
                                 ? arena_alloc(&graph->arena, tensor->count, sizeof *formats)
                                 : constant->quant.formats;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            values[c * rows + r] = tensor->values[r * columns + c];
            if (has_formats) formats[c * rows + r] = constant->quant.formats[r * columns + c];
        }
    tensor->values = values;
    tensor->dims[0] = (int64_t)columns;
    tensor->dims[1] = (int64_t)rows;
    constant->quant.formats = formats;
}

/* Latent values replaced by quantized ones. */
static void apply_quantizer(struct graph *graph, struct constant *constant)
{
    struct tensor *tensor = &constant->latent;
    if (!constant->quant.count) return;
    double *values = arena_alloc(&graph->arena, tensor->count, sizeof *values);
    for (size_t i = 0; i < tensor->count; i++)
        values[i] = format_quantize(quantizer_at(&constant->quant, (int)i), tensor->values[i]);
    tensor->values = values;
    constant->quant = (struct quantizer){0};
}

/* What a model file stores is float32; a file with doubles is rounded here. */
static void leaf(struct graph *graph, const struct graph_node *reader, const char *name,
                 struct tensor *tensor)
{
    double *values = arena_alloc(&graph->arena, tensor->count, sizeof *values);
    for (size_t i = 0; i < tensor->count; i++) {
        values[i] = network_float32(tensor->values[i]);
        if (!(values[i] - values[i] == 0))
            graph_fail(graph, reader, "element %zu of tensor %.80s is not a finite number", i,
                       name);
    }
    tensor->values = values;
}

/* scale or -scale, exactly: no format is left over. */
static void make_bipolar(struct graph *graph, const struct graph_node *node,
                         struct constant *constant)
{
    struct tensor scale = bipolar_scale(graph, node), *tensor = &constant->latent;
    if (!tensor_fits(&scale, tensor->rank, tensor->dims))
        graph_fail(graph, node, "the shape of its scale does not match its input");
    apply_quantizer(graph, constant);
    double *values = arena_alloc(&graph->arena, tensor->count, sizeof *values);
    for (size_t i = 0; i < tensor->count; i++)
        values[i] = network_float32(tensor_at(&scale, tensor->rank, tensor->dims, i)) *
                    (tensor->values[i] >= 0 ? 1 : -1);
    tensor->values = values;
}

static struct constant read_at(struct graph *graph, const struct graph_node *reader,
                               const char *name, int depth)
{
    struct constant constant = {0};
    struct quant_match match;
    const struct graph_node *node = graph_producer(graph, name);
    if (graph_tensor(graph, name, reader, &constant.latent)) {
        leaf(graph, reader, name, &constant.latent);
    } else if (depth > MAX_DEPTH) {
        graph_fail(graph, reader, "its constant %.80s is computed through more than %d nodes", name,
                   MAX_DEPTH);
    } else if (node_is(node, "Identity")) {
        constant = read_at(graph, reader, node_input(node, 0), depth + 1);
    } else if (node_is(node, "Transpose")) {
        constant = read_at(graph, reader, node_input(node, 0), depth + 1);
        constant_transpose(graph, node, &constant);
    } else if (node_is(node, "BipolarQuant")) {
        constant = read_at(graph, reader, node_input(node, 0), depth + 1);
        make_bipolar(graph, node, &constant);
    } else if (quant_match(graph, name, &match)) {
        constant = read_at(graph, reader, match.root, depth + 1);
        apply_quantizer(graph, &constant);
        constant.quant =
            quant_formats(graph, &match, constant.latent.rank, constant.latent.dims, &graph->arena);
    } else {
        graph_fail(graph, node, "this operator is not supported between a constant and node %.80s",
                   reader->label);
    }
    return constant;
}

struct constant constant_read(struct graph *graph, const struct graph_node *reader,
                              const char *tensor)
{
    return read_at(graph, reader, tensor, 0);
}

struct tensor constant_value(struct graph *graph, const struct graph_node *reader,
                             const char *tensor)
{
    struct constant constant = read_at(graph, reader, tensor, 0);
    apply_quantizer(graph, &constant);
    return constant.latent;
}
