/* Lowering: the walk along the chain of layers. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

struct chain chain_find(struct arena *arena, const struct network *network,
                        const struct compile_options *options, struct compile_notes *notes)
{
    struct chain chain = {0, arena_alloc(arena, (size_t)network->layer_count, sizeof(int))};
    for (int layer = network->layer_count - 1; layer >= 0; layer = network->layers[layer].input)
        chain.layers[chain.count++] = layer;
    for (int i = 0; i < chain.count / 2; i++) {
        int other = chain.layers[i];
        chain.layers[i] = chain.layers[chain.count - 1 - i];
        chain.layers[chain.count - 1 - i] = other;
    }
    if (options->output == COMPILE_SOFTMAX) return chain;
    const struct layer *last = &network->layers[chain.layers[chain.count - 1]];
    const struct layer *before = chain.count > 1 ? &network->layers[last->input] : last;
    if (last->kind == LAYER_QUANT && before->kind == LAYER_SOFTMAX) {
        chain.count--;
        last = before;
    }
    bool softmax = last->kind == LAYER_SOFTMAX;
    bool sigmoid = last->kind == LAYER_SIGMOID && last->size == 1;
    if (softmax || sigmoid) chain.count--;
    if (notes && softmax) notes->softmax_left_out = true;
    if (notes && sigmoid) notes->sigmoid_left_out = true;
    return chain;
}

int compile_output_layer(const struct network *network, const struct compile_options *options)
{
    struct arena arena = {0};
    struct chain chain = chain_find(&arena, network, options, NULL);
    int layer = chain.layers[chain.count - 1];
    arena_free(&arena);
    return layer;
}

void lowering_block(struct lowering *l, const struct layer *layer, bool own)
{
    if (!l->has_block || (own && !l->is_fresh))
        program_begin_block(l->program, layer->name, layer_kind_names[layer->kind]);
    l->has_block = true;
    l->is_fresh = false;
}

void lowering_check_exact(const struct layer *layer, const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    int64_t limit = (int64_t)1 << 53;
    if (op->lo < -limit || op->hi > limit)
        fail("layer %s: its exact sums need %d bits, more than the 53 that the double-precision "
             "reference can check; give it narrower weights or a quantizer before it",
             layer->name, op->format.width_bits);
}

/* Input ports from the first quantizer; a scaling between the raw input and it is the host's. They
 * stand in the block of the layer that follows. */
static void lower_inputs(struct lowering *l)
{
    const struct network *network = l->network;
    const struct layer *layer = lowering_layer(l, 1), *host = NULL;
    if (layer && layer->kind == LAYER_AFFINE) {
        host = layer;
        layer = lowering_layer(l, 2);
    }
    l->position = host ? 2 : 1;
    /* compile_prepare() saw to it */
    assert(layer && (layer->kind == LAYER_QUANT || (layer->kind == LAYER_BUCKETS && !host)));
    lowering_block(l, lowering_layer(l, 1) ? lowering_layer(l, 1) : layer, true);
    l->is_fresh = true;
    l->values = arena_alloc(&l->arena, (size_t)layer->size, sizeof(int));
    for (int i = 0; i < layer->size; i++) {
        double scale = 1, offset = 0;
        if (host) network_affine(host, i, true, &scale, &offset);
        const char *name =
            network->feature_names ? network->feature_names[i] : arena_printf(&l->arena, "x%d", i);
        l->values[i] =
            layer->kind == LAYER_BUCKETS
                ? program_add_buckets(l->program, name, layer->edges + layer->edge_first[i],
                                      layer_edge_count(layer, i))
                : program_add_input(l->program, name, quantizer_at(&layer->quant, i), scale,
                                    offset);
    }
}

static void lower_quant(struct lowering *l, const struct layer *layer)
{
    lowering_block(l, layer, false);
    for (int j = 0; j < layer->size; j++)
        l->values[j] =
            program_add_quantize(l->program, l->values[j], quantizer_at(&layer->quant, j));
}

_Noreturn static void fail_place(const struct layer *layer)
{
    fail("layer %s: %s is only supported right behind the input", layer->name,
         layer_kind_names[layer->kind]);
}

static void lower_layer(struct lowering *l, const struct layer *layer)
{
    if (layer->kind != LAYER_DENSE) lowering_open_bits(l, &l->network->layers[layer->input]);
    switch (layer->kind) {
    case LAYER_QUANT: lower_quant(l, layer); break;
    case LAYER_DENSE: lower_dense(l, layer); break;
    case LAYER_AFFINE:
    case LAYER_BATCHNORM: lower_affine(l, layer); break;
    case LAYER_RELU: lower_relu(l, layer); break;
    case LAYER_LEAKY_RELU: lower_leaky_relu(l, layer); break;
    case LAYER_SIGMOID:
    case LAYER_TANH: lower_function(l, layer); break;
    case LAYER_SIGN: lower_sign(l, layer); break;
    case LAYER_SOFTMAX: lower_softmax(l, layer); break;
    case LAYER_TREES: lower_trees(l, layer); break;
    case LAYER_TREE_DISTANCE: lower_tree_distance(l, layer); break;
    case LAYER_BUCKETS: fail_place(layer);
    case LAYER_INPUT:
    case LAYER_KIND_COUNT: assert(!"a layer that computes");
    }
}

struct program *lower_network(const struct network *network, const struct compile_options *options,
                              struct compile_notes *notes)
{
    struct lowering l = {.program = program_new(network->name),
                         .network = network,
                         .options = options,
                         .notes = notes};
    l.program->protect = options->protect;
    l.chain = chain_find(&l.arena, network, options, notes);
    lowering_check_loadable(&l);
    lower_inputs(&l);
    while (++l.position < l.chain.count)
        lower_layer(&l, lowering_layer(&l, 0));
    lower_outputs(&l);
    arena_free(&l.arena);
    return l.program;
}
