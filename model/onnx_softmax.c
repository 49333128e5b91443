/* The softmax of hardware as ONNX nodes, written and recognised:
 *
 *   x ─ ReduceMax ─ Sub(max, x) ─ difference ─┬─ Neg ─ Exp ─ exponential ─ ReduceSum ─ sum ─ Log ─
 * logarithm └─ Add(., logarithm) ─ exponent ─ Neg ─ Exp ─ probability
 *
 * where the names in small letters are quantizers with one format each. See network.h. */
#include "model/onnx_emit.h"
#include "model/onnx_pattern.h"

#include <string.h>

static const int64_t event_axis = 1; /* of [events, elements] */

/* ---- writing -------------------------------------------------------------------------------- */

struct softmax_writer {
    struct emitter *emitter;
    const struct layer *layer;
};

static const char *part(const struct softmax_writer *w, const char *what)
{
    return arena_printf(&w->emitter->arena, "%s/%s", w->layer->name, what);
}

static const char *node(const struct softmax_writer *w, const char *op, const char *what, int size,
                        const char *a, const char *b)
{
    return emit_node(w->emitter, op, part(w, what), shape_matrix(1, size),
                     (const char *const[5]){a, b});
}

static const char *quantize(const struct softmax_writer *w, const char *name, struct format format,
                            int size, const char *at)
{
    struct quantizer quant = {1, &format};
    return emit_quantizer(w->emitter, name, &quant, shape_matrix(1, size), at);
}

const char *emit_softmax(struct emitter *emitter, const struct layer *layer, const char *input)
{
    const struct softmax_formats *f = layer->softmax;
    struct softmax_writer writer = {emitter, layer}, *w = &writer;
    int n = layer->size;
    const char *at = node(w, "ReduceMax", "max", 1, input, NULL);
    emit_ints(emitter, "axes", &event_axis, 1);
    emit_int(emitter, "keepdims", 1);
    at = node(w, "Sub", "below_max", n, at, input);
    const char *difference = quantize(w, part(w, "difference"), f->difference, n, at);
    at = node(w, "Neg", "minus_difference", n, difference, NULL);
    at = node(w, "Exp", "exp_difference", n, at, NULL);
    at = quantize(w, part(w, "exponential"), f->exponential, n, at);
    const char *axes = emit_integers(emitter, part(w, "axes"), &event_axis, 1);
    at = node(w, "ReduceSum", "add", 1, at, axes);
    emit_int(emitter, "keepdims", 1);
    at = quantize(w, part(w, "sum"), f->sum, 1, at);
    at = node(w, "Log", "log_sum", 1, at, NULL);
    at = quantize(w, part(w, "logarithm"), f->logarithm, 1, at);
    at = node(w, "Add", "add_logarithm", n, difference, at);
    at = quantize(w, part(w, "exponent"), f->exponent, n, at);
    at = node(w, "Neg", "minus_exponent", n, at, NULL);
    at = node(w, "Exp", "exp_exponent", n, at, NULL);
    return quantize(w, layer->name, f->probability, n, at);
}

/* ---- recognising ---------------------------------------------------------------------------- */

/* Each step back takes the tensor it starts from, NULL if an earlier step did not match. */

static const char *before(const struct graph *graph, const char *at, const char *op)
{
    const struct graph_node *node = at ? graph_producer(graph, at) : NULL;
    return node_is(node, op) && node->proto->n_input > 0 ? node_input(node, 0) : NULL;
}

static const char *before_quant(struct graph *graph, const char *at, struct quant_match *match)
{
    return at && quant_match(graph, at, match) ? match->root : NULL;
}

/* A reduction over the elements of an event that keeps the dimension. The axes are an attribute,
 * or from operator set 13 (ReduceSum) and 18 on the second input. */
static const char *before_reduction(struct graph *graph, const char *at, const char *op)
{
    const struct graph_node *node = at ? graph_producer(graph, at) : NULL;
    if (!node_is(node, op) || !node_int(node, "keepdims", 1)) return NULL;
    double axis = (double)node_first_int(node, "axes", 0);
    struct tensor axes;
    if (node->proto->n_input == 2) {
        if (!graph_tensor(graph, node_input(node, 1), node, &axes) || axes.count != 1) return NULL;
        axis = axes.values[0];
    } else if (node->proto->n_input != 1) {
        return NULL;
    }
    return axis == (double)event_axis || axis == -1 ? node_input(node, 0) : NULL;
}

/* All quantizers on the way. */
struct matches {
#define X(name) struct quant_match name;
    SOFTMAX_FORMATS(X)
#undef X
};

/* The two operands of the addition: what the quantizer of the differences gives, and the
 * logarithm. */
static const char *match_terms(struct graph *graph, const char *difference, const char *logarithm,
                               struct matches *m)
{
    const char *at = before_quant(graph, logarithm, &m->logarithm);
    at = before_quant(graph, before(graph, at, "Log"), &m->sum);
    at = before_quant(graph, before_reduction(graph, at, "ReduceSum"), &m->exponential);
    at = before(graph, before(graph, at, "Exp"), "Neg");
    if (!at || strcmp(at, difference) != 0) return NULL;
    at = before_quant(graph, at, &m->difference);
    const struct graph_node *sub = at ? graph_producer(graph, at) : NULL;
    if (!node_is(sub, "Sub") || sub->proto->n_input != 2) return NULL;
    const char *x = node_input(sub, 1);
    at = before_reduction(graph, node_input(sub, 0), "ReduceMax");
    return at && strcmp(at, x) == 0 ? x : NULL;
}

/* One format for all elements; false if there are several. */
static bool single_format(struct graph *graph, const struct quant_match *match,
                          struct format *format)
{
    struct quantizer quant =
        quant_formats(graph, match, 2, (const int64_t[2]){1, 1}, &graph->arena);
    *format = quant.formats[0];
    return quant.count == 1;
}

bool softmax_match(struct graph *graph, const char *tensor, const char **root,
                   struct softmax_formats *formats)
{
    struct matches m;
    const struct graph_node *last = graph_producer(graph, tensor);
    if (!node_is(last, "Quant") && !node_is(last, "IntQuant") && !node_is(last, "Where"))
        return false;
    const char *at = before_quant(graph, tensor, &m.probability);
    at = before(graph, before(graph, at, "Exp"), "Neg");
    at = before_quant(graph, at, &m.exponent);
    const struct graph_node *add = at ? graph_producer(graph, at) : NULL;
    if (!node_is(add, "Add") || add->proto->n_input != 2) return false;
    const char *a = node_input(add, 0), *b = node_input(add, 1);
    *root = match_terms(graph, a, b, &m);
    if (!*root) *root = match_terms(graph, b, a, &m);
    if (!*root) return false;
    struct softmax_formats found;
#define X(name)                                                                                    \
    if (!single_format(graph, &m.name, &found.name)) return false;
    SOFTMAX_FORMATS(X)
#undef X
    if (formats) *formats = found;
    return true;
}
