/* Outputs of a converted scikit-learn classifier. See onnx_graph.h. */
#include "model/onnx_graph.h"

#include <string.h>

static bool is_label(const Onnx__ValueInfoProto *output)
{
    const Onnx__TypeProto *type = output->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return false;
    int32_t element = type->tensor_type->elem_type;
    return element == ONNX__TENSOR_PROTO__DATA_TYPE__INT64 ||
           element == ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
}

/* p, if the node is the concatenation of 1 - p and p; else NULL. */
static const char *two_classes(const struct graph *graph, const struct graph_node *node)
{
    if (!node_is(node, "Concat") || node->proto->n_input != 2) return NULL;
    const struct graph_node *first = graph_producer(graph, node_input(node, 0));
    const char *p = node_input(node, 1);
    bool complement = node_is(first, "Sub") && graph_is_constant(graph, node_input(first, 0)) &&
                      strcmp(node_input(first, 1), p) == 0;
    return complement ? p : NULL;
}

const char *classifier_output(const struct graph *graph)
{
    const Onnx__GraphProto *proto = graph->proto;
    if (proto->n_output != 2) return NULL;
    bool first = is_label(proto->output[0]), second = is_label(proto->output[1]);
    if (first == second) return NULL;
    const char *at = proto->output[first ? 1 : 0]->name;
    for (;;) {
        const struct graph_node *node = at ? graph_producer(graph, at) : NULL;
        const char *p = node ? two_classes(graph, node) : NULL;
        if (node_is(node, "ZipMap") || node_is(node, "Identity"))
            at = node_input(node, 0);
        else if (p)
            at = p;
        else
            return at && *at ? at : NULL;
    }
}
