/* Building the protobuf messages of a model file. See onnx_emit.h. */
#include "model/onnx_emit.h"

#include "base/error.h"
#include "base/file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 8, OPSET = 13, QONNX_OPSET = 1, TREES_OPSET = 3 };
enum { FLOAT_BYTES = 4, DOUBLE_BYTES = 8, INT64_BYTES = 8 };

static char *own(struct emitter *emitter, const char *text)
{
    return arena_strdup(&emitter->arena, text);
}

/* A list of message pointers with room for one more; doubled when full. */
static void *room(struct emitter *emitter, void *list, size_t count, size_t *capacity)
{
    if (count < *capacity) return list;
    *capacity = *capacity ? 2 * *capacity : 64;
    void *grown = arena_alloc(&emitter->arena, *capacity, sizeof(void *));
    if (count) memcpy(grown, list, count * sizeof(void *));
    return grown;
}

struct emitter *emit_begin(const char *path, const char *name)
{
    struct emitter *emitter = calloc(1, sizeof *emitter);
    if (!emitter) fail("out of memory (a model file)");
    emitter->path = path;
    onnx__graph_proto__init(&emitter->graph);
    emitter->graph.name = own(emitter, name);
    return emitter;
}

/* The type that real numbers have here. */
static int32_t real_type(const struct emitter *emitter)
{
    return emitter->is_double ? ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE
                              : ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
}

/* of_events: its first dimension, if it is 1, is that of the events. */
static Onnx__ValueInfoProto *make_value(struct emitter *emitter, const char *name, int32_t type,
                                        struct shape shape, bool of_events)
{
    struct arena *arena = &emitter->arena;
    Onnx__ValueInfoProto *value = arena_alloc(arena, 1, sizeof *value);
    onnx__value_info_proto__init(value);
    value->name = own(emitter, name);
    value->type = arena_alloc(arena, 1, sizeof *value->type);
    onnx__type_proto__init(value->type);
    Onnx__TypeProto__Tensor *tensor = arena_alloc(arena, 1, sizeof *tensor);
    onnx__type_proto__tensor__init(tensor);
    value->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    value->type->tensor_type = tensor;
    tensor->has_elem_type = 1;
    tensor->elem_type = type;
    tensor->shape = arena_alloc(arena, 1, sizeof *tensor->shape);
    onnx__tensor_shape_proto__init(tensor->shape);
    tensor->shape->n_dim = (size_t)shape.rank;
    tensor->shape->dim = arena_alloc(arena, 3, sizeof *tensor->shape->dim);
    for (int d = 0; d < shape.rank; d++) {
        Onnx__TensorShapeProto__Dimension *dim = arena_alloc(arena, 1, sizeof *dim);
        onnx__tensor_shape_proto__dimension__init(dim);
        dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        dim->dim_value = shape.dims[d];
        if (d == 0 && of_events && emitter->is_batched && shape.dims[0] == 1) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = own(emitter, "events");
        }
        tensor->shape->dim[d] = dim;
    }
    return value;
}

/* Type and shape of a tensor: qonnx runs a model node by node and wants them for every tensor. */
static void declare(struct emitter *emitter, const char *name, int32_t type, struct shape shape,
                    bool of_events)
{
    Onnx__GraphProto *graph = &emitter->graph;
    graph->value_info =
        room(emitter, graph->value_info, graph->n_value_info, &emitter->value_capacity);
    graph->value_info[graph->n_value_info++] = make_value(emitter, name, type, shape, of_events);
}

/* Numbers as the little-endian bytes of raw_data, whatever the machine's order is. */
static void put_bytes(uint8_t *bytes, uint64_t bits, int count)
{
    for (int b = 0; b < count; b++)
        bytes[b] = (uint8_t)(bits >> 8 * b);
}

static void put_real(uint8_t *bytes, double value, bool is_double)
{
    float rounded = (float)value;
    uint32_t bits;
    uint64_t long_bits;
    memcpy(&bits, &rounded, sizeof bits);
    memcpy(&long_bits, &value, sizeof long_bits);
    put_bytes(bytes, is_double ? long_bits : bits, is_double ? DOUBLE_BYTES : FLOAT_BYTES);
}

/* An initializer whose `bytes` of little-endian data the caller fills in. */
static Onnx__TensorProto *add_initializer(struct emitter *emitter, const char *name, int32_t type,
                                          struct shape shape, size_t bytes)
{
    Onnx__GraphProto *graph = &emitter->graph;
    Onnx__TensorProto *tensor = arena_alloc(&emitter->arena, 1, sizeof *tensor);
    onnx__tensor_proto__init(tensor);
    tensor->name = own(emitter, name);
    tensor->has_data_type = 1;
    tensor->data_type = type;
    tensor->n_dims = (size_t)shape.rank;
    tensor->dims = arena_alloc(&emitter->arena, 3, sizeof *tensor->dims);
    memcpy(tensor->dims, shape.dims, sizeof shape.dims);
    tensor->has_raw_data = 1;
    tensor->raw_data.len = bytes;
    tensor->raw_data.data = arena_alloc(&emitter->arena, bytes, 1);
    graph->initializer =
        room(emitter, graph->initializer, graph->n_initializer, &emitter->initializer_capacity);
    graph->initializer[graph->n_initializer++] = tensor;
    declare(emitter, tensor->name, type, shape, false);
    return tensor;
}

const char *emit_constant(struct emitter *emitter, const char *name, struct shape shape,
                          const double *values)
{
    size_t count = shape_count(shape), bytes = emitter->is_double ? DOUBLE_BYTES : FLOAT_BYTES;
    Onnx__TensorProto *tensor =
        add_initializer(emitter, name, real_type(emitter), shape, count * bytes);
    for (size_t i = 0; i < count; i++)
        put_real(tensor->raw_data.data + i * bytes, values[i], emitter->is_double);
    return tensor->name;
}

const char *emit_integers(struct emitter *emitter, const char *name, const int64_t *values,
                          int count)
{
    Onnx__TensorProto *tensor = add_initializer(emitter, name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                                                shape_vector(count), (size_t)count * INT64_BYTES);
    for (int i = 0; i < count; i++)
        put_bytes(tensor->raw_data.data + i * INT64_BYTES, (uint64_t)values[i], INT64_BYTES);
    return tensor->name;
}

const char *emit_node(struct emitter *emitter, const char *op, const char *name, struct shape shape,
                      const char *const inputs[5])
{
    Onnx__GraphProto *graph = &emitter->graph;
    Onnx__NodeProto *node = arena_alloc(&emitter->arena, 1, sizeof *node);
    onnx__node_proto__init(node);
    node->op_type = own(emitter, op);
    node->name = own(emitter, name);
    if (strcmp(op, "Quant") == 0 || strcmp(op, "BipolarQuant") == 0)
        node->domain = own(emitter, "qonnx.custom_op.general");
    if (strncmp(op, "TreeEnsemble", 12) == 0) {
        node->domain = own(emitter, "ai.onnx.ml");
        emitter->has_trees = true;
    }
    node->input = arena_alloc(&emitter->arena, 5, sizeof *node->input);
    while (node->n_input < 5 && inputs[node->n_input]) {
        node->input[node->n_input] = own(emitter, inputs[node->n_input]);
        node->n_input++;
    }
    node->output = arena_alloc(&emitter->arena, 1, sizeof *node->output);
    node->n_output = 1;
    node->output[0] = arena_printf(&emitter->arena, "%s/out", name);
    emitter->attribute_capacity = 0;
    graph->node = room(emitter, graph->node, graph->n_node, &emitter->node_capacity);
    graph->node[graph->n_node++] = node;
    bool is_bool = strcmp(op, "Equal") == 0 || strcmp(op, "LessOrEqual") == 0;
    declare(emitter, node->output[0],
            is_bool ? ONNX__TENSOR_PROTO__DATA_TYPE__BOOL : real_type(emitter), shape, true);
    return node->output[0];
}

static Onnx__AttributeProto *add_attribute(struct emitter *emitter, const char *name,
                                           Onnx__AttributeProto__AttributeType type)
{
    Onnx__NodeProto *node = emitter->graph.node[emitter->graph.n_node - 1];
    Onnx__AttributeProto *attribute = arena_alloc(&emitter->arena, 1, sizeof *attribute);
    node->attribute =
        room(emitter, node->attribute, node->n_attribute, &emitter->attribute_capacity);
    onnx__attribute_proto__init(attribute);
    attribute->name = own(emitter, name);
    attribute->has_type = 1;
    attribute->type = type;
    node->attribute[node->n_attribute++] = attribute;
    return attribute;
}

void emit_int(struct emitter *emitter, const char *name, int64_t value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(emitter, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    attribute->has_i = 1;
    attribute->i = value;
}

void emit_ints(struct emitter *emitter, const char *name, const int64_t *values, int count)
{
    Onnx__AttributeProto *attribute =
        add_attribute(emitter, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    attribute->n_ints = (size_t)count;
    attribute->ints = arena_alloc(&emitter->arena, (size_t)count, sizeof *values);
    memcpy(attribute->ints, values, (size_t)count * sizeof *values);
}

void emit_float(struct emitter *emitter, const char *name, double value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(emitter, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    attribute->has_f = 1;
    attribute->f = (float)value;
}

void emit_floats(struct emitter *emitter, const char *name, const double *values, int count)
{
    Onnx__AttributeProto *attribute =
        add_attribute(emitter, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
    attribute->n_floats = (size_t)count;
    attribute->floats = arena_alloc(&emitter->arena, (size_t)count, sizeof *attribute->floats);
    for (int i = 0; i < count; i++)
        attribute->floats[i] = (float)values[i];
}

void emit_strings(struct emitter *emitter, const char *name, int count,
                  const char *(*text)(const void *context, int i), const void *context)
{
    Onnx__AttributeProto *attribute =
        add_attribute(emitter, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS);
    attribute->n_strings = (size_t)count;
    attribute->strings = arena_alloc(&emitter->arena, (size_t)count, sizeof *attribute->strings);
    for (int i = 0; i < count; i++) {
        const char *string = text(context, i);
        attribute->strings[i].len = strlen(string);
        attribute->strings[i].data = (uint8_t *)(uintptr_t)string;
    }
}

void emit_metadata(struct emitter *emitter, const char *key, const char *value)
{
    assert(emitter->metadata_count < sizeof emitter->metadata / sizeof emitter->metadata[0]);
    emitter->metadata[emitter->metadata_count][0] = key;
    emitter->metadata[emitter->metadata_count++][1] = value;
}

void emit_string(struct emitter *emitter, const char *name, const char *value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(emitter, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    attribute->has_s = 1;
    attribute->s.len = strlen(value);
    attribute->s.data = (uint8_t *)own(emitter, value);
}

static void write_model(struct emitter *emitter, const Onnx__ModelProto *model)
{
    size_t bytes = onnx__model_proto__get_packed_size(model);
    uint8_t *packed = arena_alloc(&emitter->arena, bytes, 1);
    size_t written = onnx__model_proto__pack(model, packed);
    assert(written == bytes);
    file_write(emitter->path, packed, written);
}

static void add_metadata(struct emitter *emitter, Onnx__ModelProto *model)
{
    size_t count = emitter->metadata_count;
    Onnx__StringStringEntryProto *entries = arena_alloc(&emitter->arena, count, sizeof *entries);
    model->metadata_props = arena_alloc(&emitter->arena, count, sizeof *model->metadata_props);
    for (size_t i = 0; i < count; i++) {
        onnx__string_string_entry_proto__init(&entries[i]);
        entries[i].key = own(emitter, emitter->metadata[i][0]);
        entries[i].value = own(emitter, emitter->metadata[i][1]);
        model->metadata_props[model->n_metadata_props++] = &entries[i];
    }
}

static void add_operator_sets(struct emitter *emitter, Onnx__ModelProto *model)
{
    static const struct {
        const char *domain;
        int version;
    } known[] = {
        {"", OPSET}, {"qonnx.custom_op.general", QONNX_OPSET}, {"ai.onnx.ml", TREES_OPSET}};
    size_t count = emitter->has_trees ? 3 : 2;
    Onnx__OperatorSetIdProto *sets = arena_alloc(&emitter->arena, count, sizeof *sets);
    model->opset_import = arena_alloc(&emitter->arena, count, sizeof *model->opset_import);
    for (size_t i = 0; i < count; i++) {
        onnx__operator_set_id_proto__init(&sets[i]);
        sets[i].domain = own(emitter, known[i].domain);
        sets[i].has_version = 1;
        sets[i].version = known[i].version;
        model->opset_import[model->n_opset_import++] = &sets[i];
    }
}

void emit_end(struct emitter *emitter, const char *input, struct shape input_shape,
              const char *output, struct shape output_shape)
{
    Onnx__GraphProto *graph = &emitter->graph;
    Onnx__ModelProto model;
    Onnx__ValueInfoProto *in =
        make_value(emitter, input, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, input_shape, true);
    Onnx__ValueInfoProto *out =
        make_value(emitter, output, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, output_shape, true);
    /* an output is declared once, as the graph's output; it is the value declared last */
    assert(strcmp(graph->value_info[graph->n_value_info - 1]->name, output) == 0);
    graph->n_value_info--;
    graph->n_input = graph->n_output = 1;
    graph->input = &in;
    graph->output = &out;
    onnx__model_proto__init(&model);
    model.has_ir_version = 1;
    model.ir_version = IR_VERSION;
    model.producer_name = own(emitter, "sluice");
    add_operator_sets(emitter, &model);
    model.graph = graph;
    add_metadata(emitter, &model);
    write_model(emitter, &model);
    arena_free(&emitter->arena);
    free(emitter);
}
