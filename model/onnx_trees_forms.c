/* The standard nodes around ensembles that onnx_trees_write.c writes: quantizers, buckets, zeros
 * that are missing. */
#include "base/error.h"
#include "model/onnx_trees_reader.h"

#include <math.h>
#include <string.h>

/* ---- walking the forms ----------------------------------------------------------------------- */

const char *onnx_before(struct graph *graph, const char *at, const char *op,
                        const struct graph_node **node)
{
    *node = at ? graph_producer(graph, at) : NULL;
    return node_is(*node, op) && (*node)->proto->n_input ? node_input(*node, 0) : NULL;
}

/* The same for an operator of a computed and a constant operand (on either side). */
static const char *before_constant(struct graph *graph, const char *at, const char *op,
                                   struct tensor *constant)
{
    const struct graph_node *node = at ? graph_producer(graph, at) : NULL;
    if (!node_is(node, op) || node->proto->n_input != 2) return NULL;
    for (size_t i = 0; i < 2; i++)
        if (graph_tensor(graph, node_input(node, i), node, constant))
            return node_input(node, 1 - i);
    return NULL;
}

double onnx_element(const struct tensor *t, size_t i)
{
    return t->values[t->count == 1 ? 0 : i < t->count ? i : t->count - 1];
}

/* ---- quantizers of standard nodes ------------------------------------------------------------ */

struct plain_quantizer {
    struct tensor inverse, half, least, most, step;
    bool rounds;
};

static const char *match_plain(struct graph *graph, const char *tensor, struct plain_quantizer *q)
{
    const struct graph_node *floor_node;
    const char *at = before_constant(graph, tensor, "Mul", &q->step);
    at = before_constant(graph, at, "Min", &q->most);
    at = before_constant(graph, at, "Max", &q->least);
    at = onnx_before(graph, at, "Floor", &floor_node);
    if (!at) return NULL;
    const char *rounded = before_constant(graph, at, "Add", &q->half);
    q->rounds = rounded && q->half.count == 1 && q->half.values[0] == 0.5;
    if (q->rounds) at = rounded;
    return before_constant(graph, at, "Mul", &q->inverse);
}

bool onnx_is_plain(struct graph *graph, const char *tensor, const char **root)
{
    struct plain_quantizer q;
    const char *found = match_plain(graph, tensor, &q);
    if (found) *root = found;
    return found != NULL;
}

static struct format plain_format(struct reader *reader, const struct graph_node *node,
                                  const struct plain_quantizer *q, size_t i)
{
    double step = onnx_element(&q->step, i), lo = onnx_element(&q->least, i);
    double hi = onnx_element(&q->most, i);
    int exponent, bits;
    bool fits =
        step > 0 && frexp(step, &exponent) == 0.5 && onnx_element(&q->inverse, i) * step == 1;
    bool is_signed = lo < 0, symmetric = is_signed && lo == -hi;
    double top = is_signed ? (symmetric ? hi + 1 : -lo) : hi + 1;
    fits = fits && top >= 1 && frexp(top, &bits) == 0.5 && (is_signed || lo == 0) &&
           hi == top - 1 && bits <= 50;
    if (!fits)
        graph_fail(&reader->graph, node,
                   "the nodes before it resemble a quantizer, but of no fixed-point format");
    int width = bits - 1 + is_signed;
    struct format format = format_make(is_signed, width < 1 ? 1 : width, 0);
    format.integer_bits = format.width_bits + exponent - 1;
    format.rounding = q->rounds ? ROUND_RND : ROUND_TRN;
    format.overflow = symmetric ? OVERFLOW_SAT_SYM : OVERFLOW_SAT;
    return format;
}

void onnx_build_plain(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct plain_quantizer q;
    int size = reader_last(reader)->size;
    (void)data;
    match_plain(&reader->graph, node->proto->output[0], &q);
    const struct tensor *all[] = {&q.inverse, &q.least, &q.most, &q.step};
    const int64_t dims[2] = {1, size};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!tensor_fits(all[i], 2, dims))
            graph_fail(&reader->graph, node, "the shape of a constant does not fit %d elements",
                       size);
    struct layer *layer = reader_add(reader, LAYER_QUANT, node, size);
    struct quantizer *quant = &layer->quant;
    bool symmetric = false, equal = true;
    quant->formats = arena_alloc(&reader->network->arena, (size_t)size, sizeof *quant->formats);
    for (int i = 0; i < size; i++) {
        quant->formats[i] = plain_format(reader, node, &q, (size_t)i);
        symmetric = symmetric || quant->formats[i].overflow == OVERFLOW_SAT_SYM;
        equal = equal && format_same_bits(quant->formats[i], quant->formats[0]);
    }
    for (int i = 0; i < size; i++) /* an unsigned format does not show whether it is symmetric */
        quant->formats[i].overflow = symmetric ? OVERFLOW_SAT_SYM : OVERFLOW_SAT;
    quant->count = equal ? 1 : size;
}

/* ---- buckets --------------------------------------------------------------------------------- */

static const char *match_buckets(struct graph *graph, const char *tensor, struct tensor *edges)
{
    const struct graph_node *node;
    const char *at = onnx_before(graph, tensor, "ReduceSum", &node);
    if (!at || node_int(node, "keepdims", 1) != 0) return NULL;
    at = onnx_before(graph, at, "Cast", &node);
    at = before_constant(graph, at, "LessOrEqual", edges);
    return onnx_before(graph, at, "Unsqueeze", &node);
}

bool onnx_is_buckets(struct graph *graph, const char *tensor, const char **root)
{
    struct tensor edges;
    const char *found = match_buckets(graph, tensor, &edges);
    if (found) *root = found;
    return found != NULL;
}

void onnx_build_buckets(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct tensor edges;
    int size = reader_last(reader)->size;
    (void)data;
    match_buckets(&reader->graph, node->proto->output[0], &edges);
    size_t widest = edges.count / (size_t)size;
    if (edges.rank != 3 || edges.dims[1] != size)
        graph_fail(&reader->graph, node, "its edges are not those of %d elements", size);
    struct arena *arena = &reader->network->arena;
    struct layer *layer = reader_add(reader, LAYER_BUCKETS, node, size);
    layer->edge_first = arena_alloc(arena, (size_t)size + 1, sizeof *layer->edge_first);
    layer->edges = arena_alloc(arena, edges.count, sizeof *layer->edges);
    int count = 0;
    for (size_t j = 0; j < (size_t)size; j++) {
        for (size_t i = 0; i < widest && edges.values[j * widest + i] != INFINITY; i++)
            layer->edges[count++] = edges.values[j * widest + i];
        layer->edge_first[j + 1] = count;
    }
}

/* ---- zeros that are missing ------------------------------------------------------------------ */

const char *onnx_match_zeros(struct graph *graph, const char *tensor, struct tensor *limits)
{
    const struct graph_node *where = graph_producer(graph, tensor), *node;
    struct tensor missing;
    if (!node_is(where, "Where") || where->proto->n_input != 3) return NULL;
    const char *at = before_constant(graph, node_input(where, 0), "LessOrEqual", limits);
    at = onnx_before(graph, at, "Abs", &node);
    if (!at || strcmp(at, node_input(where, 2)) != 0) return NULL;
    if (!graph_tensor(graph, node_input(where, 1), where, &missing)) return NULL;
    return missing.count == 1 && isnan(missing.values[0]) ? at : NULL;
}

bool onnx_is_zeros(struct graph *graph, const char *tensor, const char **root)
{
    struct tensor limits;
    const char *found = onnx_match_zeros(graph, tensor, &limits);
    if (found) *root = found;
    return found != NULL;
}

/* It is a property of the trees behind it: see find_zeros(). */
void onnx_build_zeros(struct reader *reader, const struct graph_node *node, size_t data)
{
    (void)reader, (void)node, (void)data;
}
