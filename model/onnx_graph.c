/* An ONNX file as a graph: unpacking, names, order, attributes. See onnx_graph.h. */
#include "model/onnx_graph.h"

#include "base/error.h"
#include "base/file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUT_SIZE = 1 << 20 };

/* What produces a tensor: a node, or an initializer (node NULL). */
struct graph_name {
    const char *name;
    struct graph_node *node;
    const Onnx__TensorProto *initializer;
};

static const char *text_of(const char *text)
{
    return text ? text : "";
}

_Noreturn void graph_fail(const struct graph *graph, const struct graph_node *node,
                          const char *format, ...)
{
    char what[800];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (!node) fail_at(graph->file, 0, "%s", what);
    fail_at(graph->file, 0, "node %.100s (%.60s): %s", node->label, node->op, what);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct graph_name *)a)->name, ((const struct graph_name *)b)->name);
}

static const struct graph_name *find_name(const struct graph *graph, const char *name)
{
    struct graph_name key = {.name = name};
    return bsearch(&key, graph->names, graph->name_count, sizeof key, compare_names);
}

const struct graph_node *graph_producer(const struct graph *graph, const char *tensor)
{
    const struct graph_name *found = find_name(graph, tensor);
    return found ? found->node : NULL;
}

bool graph_is_constant(const struct graph *graph, const char *tensor)
{
    const struct graph_name *found = find_name(graph, tensor);
    return found && (found->initializer || found->node->is_constant);
}

const char *node_input(const struct graph_node *node, size_t i)
{
    return i < node->proto->n_input ? text_of(node->proto->input[i]) : "";
}

bool node_is(const struct graph_node *node, const char *op)
{
    return node && strcmp(node->op, op) == 0;
}

static const Onnx__AttributeProto *attribute(const struct graph_node *node, const char *name)
{
    for (size_t i = 0; i < node->proto->n_attribute; i++)
        if (strcmp(text_of(node->proto->attribute[i]->name), name) == 0)
            return node->proto->attribute[i];
    return NULL;
}

int64_t node_int(const struct graph_node *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    return found && found->has_i ? found->i : otherwise;
}

size_t node_floats(const struct graph_node *node, const char *name, const float **values)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    *values = found ? found->floats : NULL;
    return found ? found->n_floats : 0;
}

int64_t node_first_int(const struct graph_node *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    return found && found->n_ints == 1 ? found->ints[0] : otherwise;
}

double node_float(const struct graph_node *node, const char *name, double otherwise)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    return found && found->has_f ? (double)found->f : otherwise;
}

void node_string(const struct graph_node *node, const char *name, const char *otherwise, char *text,
                 size_t size)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    if (found && found->has_s)
        snprintf(text, size, "%.*s", (int)(found->s.len > 1000 ? 1000 : found->s.len),
                 (const char *)found->s.data);
    else
        snprintf(text, size, "%s", otherwise);
}

const int64_t *node_ints(const struct graph_node *node, const char *name, size_t *count)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    *count = found ? found->n_ints : 0;
    return *count ? found->ints : NULL;
}

size_t node_string_count(const struct graph_node *node, const char *name)
{
    const Onnx__AttributeProto *found = attribute(node, name);
    return found ? found->n_strings : 0;
}

void node_string_at(const struct graph_node *node, const char *name, size_t i, char *text,
                    size_t size)
{
    const ProtobufCBinaryData *string = &attribute(node, name)->strings[i];
    snprintf(text, size, "%.*s", (int)(string->len > 1000 ? 1000 : string->len),
             (const char *)string->data);
}

/* ---- constants ------------------------------------------------------------------------------ */

static double raw_element(int32_t type, const uint8_t *at)
{
    union {
        float f;
        double d;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        int32_t i32;
        int64_t i64;
    } u;
    memset(&u, 0, sizeof u);
#define CASE(name, member)                                                                         \
    case ONNX__TENSOR_PROTO__DATA_TYPE__##name:                                                    \
        memcpy(&u.member, at, sizeof u.member);                                                    \
        return (double)u.member;
    switch (type) {
        CASE(FLOAT, f)
        CASE(DOUBLE, d)
        CASE(INT8, i8)
        CASE(UINT16, u16)
        CASE(INT16, i16)
        CASE(INT32, i32)
        CASE(INT64, i64)
    default: return (double)*at; /* UINT8 and BOOL */
    }
#undef CASE
}

/* Bytes of an element in raw_data; 0: type not supported. */
static size_t element_size(int32_t type)
{
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return 8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return 4;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT16: return 2;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL: return 1;
    default: return 0;
    }
}

/* Number of elements stored in the type's own list, and the value of one. */
static size_t listed_count(const Onnx__TensorProto *proto)
{
    switch (proto->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return proto->n_float_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return proto->n_double_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return proto->n_int64_data;
    default: return proto->n_int32_data;
    }
}

static double listed_element(const Onnx__TensorProto *proto, size_t i)
{
    switch (proto->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return (double)proto->float_data[i];
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return proto->double_data[i];
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return (double)proto->int64_data[i];
    default: return (double)proto->int32_data[i];
    }
}

static void decode_tensor(struct graph *graph, const Onnx__TensorProto *proto, const char *name,
                          const struct graph_node *reader, struct tensor *tensor)
{
    int32_t type = proto->has_data_type ? proto->data_type : 0;
    size_t bytes = element_size(type), count = 1;
    if (proto->has_data_location &&
        proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        graph_fail(graph, reader,
                   "tensor %.80s is stored in another file; save the model in one file", name);
    if (!bytes)
        graph_fail(graph, reader, "tensor %.80s has element type %d, which is not supported", name,
                   type);
    if (proto->n_dims > TENSOR_MAX_RANK)
        graph_fail(graph, reader, "tensor %.80s has %zu dimensions", name, proto->n_dims);
    size_t stored = proto->has_raw_data ? proto->raw_data.len / bytes : listed_count(proto);
    for (size_t d = 0; d < proto->n_dims; d++) {
        int64_t dim = proto->dims[d];
        if (dim < 1 || (uint64_t)dim > stored || (count *= (size_t)dim) > stored)
            graph_fail(graph, reader, "tensor %.80s does not hold the %s its shape asks for", name,
                       dim < 1 ? "elements" : "number of elements");
        tensor->dims[d] = dim;
    }
    if (count != stored || (proto->has_raw_data && proto->raw_data.len % bytes))
        graph_fail(graph, reader, "tensor %.80s holds %zu elements but its shape has %zu", name,
                   stored, count);
    double *values = arena_alloc(&graph->arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = proto->has_raw_data ? raw_element(type, proto->raw_data.data + i * bytes)
                                        : listed_element(proto, i);
    tensor->rank = (int)proto->n_dims;
    tensor->count = count;
    tensor->values = values;
}

struct tensor tensor_scalar(struct graph *graph, double value)
{
    double *values = arena_alloc(&graph->arena, 1, sizeof *values);
    *values = value;
    return (struct tensor){.count = 1, .values = values};
}

const double *node_numbers(struct graph *graph, const struct graph_node *node, const char *name,
                           size_t *count, bool *is_double)
{
    char longer[80];
    const Onnx__AttributeProto *found = attribute(node, name);
    snprintf(longer, sizeof longer, "%s_as_tensor", name);
    const Onnx__AttributeProto *as_tensor = attribute(node, longer);
    *count = 0;
    *is_double = false;
    if (as_tensor && as_tensor->t) {
        struct tensor tensor;
        decode_tensor(graph, as_tensor->t, longer, node, &tensor);
        *count = tensor.count;
        *is_double = as_tensor->t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
        return tensor.values;
    }
    if (!found || !found->n_floats) return NULL;
    double *values = arena_alloc(&graph->arena, found->n_floats, sizeof *values);
    for (size_t i = 0; i < found->n_floats; i++)
        values[i] = (double)found->floats[i];
    *count = found->n_floats;
    return values;
}

/* The forms a Constant node's value may take. */
static void constant_node(struct graph *graph, const struct graph_node *node, struct tensor *tensor)
{
    const Onnx__AttributeProto *value = attribute(node, "value");
    const Onnx__AttributeProto *floats = attribute(node, "value_floats");
    const Onnx__AttributeProto *ints = attribute(node, "value_ints");
    if (value && value->t) {
        decode_tensor(graph, value->t, node->label, node, tensor);
    } else if (attribute(node, "value_float")) {
        *tensor = tensor_scalar(graph, node_float(node, "value_float", 0));
    } else if (attribute(node, "value_int")) {
        *tensor = tensor_scalar(graph, (double)node_int(node, "value_int", 0));
    } else if ((floats && floats->n_floats) || (ints && ints->n_ints)) {
        size_t count = floats ? floats->n_floats : ints->n_ints;
        double *values = arena_alloc(&graph->arena, count, sizeof *values);
        for (size_t i = 0; i < count; i++)
            values[i] = floats ? (double)floats->floats[i] : (double)ints->ints[i];
        *tensor =
            (struct tensor){.rank = 1, .dims = {(int64_t)count}, .count = count, .values = values};
    } else {
        graph_fail(graph, node, "its value is of a kind that is not supported");
    }
}

bool graph_tensor(struct graph *graph, const char *name, const struct graph_node *reader,
                  struct tensor *tensor)
{
    const struct graph_name *found = find_name(graph, name);
    *tensor = (struct tensor){0};
    if (!found) return false;
    if (found->initializer) {
        decode_tensor(graph, found->initializer, name, reader, tensor);
        return true;
    }
    if (!node_is(found->node, "Constant")) return false;
    constant_node(graph, found->node, tensor);
    return true;
}

bool tensor_fits(const struct tensor *tensor, int rank, const int64_t *dims)
{
    for (int d = 0; d < tensor->rank; d++) {
        int64_t own = tensor->dims[tensor->rank - 1 - d];
        int64_t wanted = d < rank ? dims[rank - 1 - d] : 1;
        if (own != 1 && own != wanted) return false;
    }
    return true;
}

double tensor_at(const struct tensor *tensor, int rank, const int64_t *dims, size_t index)
{
    if (tensor->count == 1) return tensor->values[0];
    size_t own = 0, stride = 1;
    for (int d = 0; d < rank && d < tensor->rank; d++) {
        size_t wanted = (size_t)dims[rank - 1 - d],
               has = (size_t)tensor->dims[tensor->rank - 1 - d];
        if (has != 1) own += index % wanted * stride;
        index /= wanted;
        stride *= has;
    }
    return tensor->values[own];
}

/* ---- opening -------------------------------------------------------------------------------- */

static void add_nodes(struct graph *graph)
{
    const Onnx__GraphProto *proto = graph->proto;
    if (proto->n_node > 1 << 20) graph_fail(graph, NULL, "the graph has %zu nodes", proto->n_node);
    graph->node_count = (int)proto->n_node;
    graph->nodes = arena_alloc(&graph->arena, proto->n_node, sizeof *graph->nodes);
    for (size_t i = 0; i < proto->n_node; i++) {
        struct graph_node *node = &graph->nodes[i];
        node->proto = proto->node[i];
        node->op = text_of(proto->node[i]->op_type);
        node->label = text_of(proto->node[i]->name);
        if (!*node->label && node->proto->n_output) node->label = text_of(node->proto->output[0]);
    }
}

static void add_names(struct graph *graph)
{
    const Onnx__GraphProto *proto = graph->proto;
    size_t most = proto->n_initializer;
    for (size_t i = 0; i < proto->n_node; i++)
        most += proto->node[i]->n_output;
    graph->names = arena_alloc(&graph->arena, most, sizeof *graph->names);
    for (size_t i = 0; i < proto->n_initializer; i++)
        graph->names[graph->name_count++] = (struct graph_name){
            .name = text_of(proto->initializer[i]->name), .initializer = proto->initializer[i]};
    for (int i = 0; i < graph->node_count; i++)
        for (size_t k = 0; k < graph->nodes[i].proto->n_output; k++)
            if (*text_of(graph->nodes[i].proto->output[k]))
                graph->names[graph->name_count++] = (struct graph_name){
                    .name = graph->nodes[i].proto->output[k], .node = &graph->nodes[i]};
    qsort(graph->names, graph->name_count, sizeof *graph->names, compare_names);
    for (size_t i = 1; i < graph->name_count; i++)
        if (strcmp(graph->names[i - 1].name, graph->names[i].name) == 0)
            graph_fail(graph, NULL, "tensor %.100s is defined twice", graph->names[i].name);
}

/* The one input that is no initializer, and its elements per event. */
static void find_input(struct graph *graph)
{
    const Onnx__ValueInfoProto *input = NULL;
    for (size_t i = 0; i < graph->proto->n_input; i++) {
        const Onnx__ValueInfoProto *candidate = graph->proto->input[i];
        const struct graph_name *known = find_name(graph, text_of(candidate->name));
        if (known && known->initializer) continue;
        if (known) graph_fail(graph, NULL, "tensor %.100s is defined twice", candidate->name);
        if (input)
            graph_fail(graph, NULL,
                       "the graph has more than one input (%.60s, %.60s); one is supported",
                       text_of(input->name), text_of(candidate->name));
        input = candidate;
    }
    if (!input || !*text_of(input->name)) graph_fail(graph, NULL, "the graph has no input");
    graph->input = input->name;
    const Onnx__TypeProto *type = input->type;
    const Onnx__TensorShapeProto *shape =
        type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type->shape
                                                                        : NULL;
    if (!shape || shape->n_dim < 1)
        graph_fail(graph, NULL, "the shape of input %.100s is not given", graph->input);
    int64_t size = 1;
    for (size_t d = shape->n_dim > 1 ? 1 : 0; d < shape->n_dim; d++) {
        const Onnx__TensorShapeProto__Dimension *dim = shape->dim[d];
        int64_t value = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                            ? dim->dim_value
                            : 0;
        if (value < 1 || value > MAX_INPUT_SIZE || (size *= value) > MAX_INPUT_SIZE)
            graph_fail(graph, NULL,
                       "input %.100s: dimension %zu of its shape is unknown, empty or too large",
                       graph->input, d);
    }
    graph->input_size = (int)size;
    graph->input_rank = shape->n_dim > 2 ? 3 : (int)shape->n_dim;
}

/* Orders the nodes (Kahn's algorithm) to find cycles and missing tensors, and marks on the way
 * those that depend on constants alone. */
static void check_order(struct graph *graph)
{
    size_t count = (size_t)graph->node_count, edge_count = 0, ready_count = 0;
    for (size_t i = 0; i < count; i++)
        edge_count += graph->nodes[i].proto->n_input;
    size_t *waiting = arena_alloc(&graph->arena, count, sizeof *waiting);
    size_t *first = arena_alloc(&graph->arena, count + 1, sizeof *first);
    size_t *readers = arena_alloc(&graph->arena, edge_count, sizeof *readers);
    size_t *ready = arena_alloc(&graph->arena, count, sizeof *ready);
    for (int pass = 0; pass < 2;
         pass++) { /* first count the readers of each node, then list them */
        for (size_t i = 0; i < count; i++) {
            struct graph_node *node = &graph->nodes[i];
            if (pass == 0) node->is_constant = true;
            for (size_t k = 0; k < node->proto->n_input; k++) {
                const char *name = node_input(node, k);
                const struct graph_name *source = find_name(graph, name);
                if (!source && *name && strcmp(name, graph->input) != 0)
                    graph_fail(graph, node, "reads tensor %.100s, which nothing defines", name);
                if (!source && *name) node->is_constant = false;
                if (!source || !source->node) continue;
                size_t from = (size_t)(source->node - graph->nodes);
                if (pass == 0)
                    first[from + 1]++, waiting[i]++;
                else
                    readers[first[from]++] = i;
            }
        }
        for (size_t i = 0; pass == 0 && i < count; i++)
            first[i + 1] += first[i];
    }
    for (size_t i = 0; i < count; i++)
        if (!waiting[i]) ready[ready_count++] = i;
    for (size_t done = 0; done < ready_count; done++) {
        size_t from = ready[done];
        for (size_t e = from ? first[from - 1] : 0; e < first[from]; e++) {
            if (!graph->nodes[from].is_constant) graph->nodes[readers[e]].is_constant = false;
            if (--waiting[readers[e]] == 0) ready[ready_count++] = readers[e];
        }
    }
    for (size_t i = 0; i < count; i++)
        if (waiting[i])
            graph_fail(graph, &graph->nodes[i], "the graph has a cycle through this node");
}

void graph_open(struct graph *graph, const char *path)
{
    *graph = (struct graph){.file = path};
    size_t length;
    char *bytes = file_read(&graph->arena, path, &length);
    if (length == 0) graph_fail(graph, NULL, "the file is empty; an ONNX model was expected");
    graph->model = onnx__model_proto__unpack(NULL, length, (const uint8_t *)bytes);
    if (!graph->model) graph_fail(graph, NULL, "not an ONNX model, or a damaged or truncated one");
    graph->proto = graph->model->graph;
    if (!graph->proto || graph->proto->n_node == 0)
        graph_fail(graph, NULL, "not an ONNX model, or a truncated one: it holds no graph");
    graph->opset = 1;
    for (size_t i = 0; i < graph->model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = graph->model->opset_import[i];
        const char *domain = text_of(set->domain);
        if ((!*domain || strcmp(domain, "ai.onnx") == 0) && set->has_version)
            graph->opset = set->version > 1 && set->version < 1000 ? (int)set->version : 1;
    }
    add_nodes(graph);
    add_names(graph);
    find_input(graph);
    check_order(graph);
    graph->output = classifier_output(graph);
    if (graph->output) return;
    if (graph->proto->n_output != 1 || !*text_of(graph->proto->output[0]->name))
        graph_fail(graph, NULL, "the graph has %zu outputs; one is supported",
                   graph->proto->n_output);
    graph->output = graph->proto->output[0]->name;
}

void graph_close(struct graph *graph)
{
    onnx__model_proto__free_unpacked(graph->model, NULL);
    arena_free(&graph->arena);
}
