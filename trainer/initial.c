/* Weights of a network that is there already. See initial.h. */
#include "trainer/initial.h"

#include "base/error.h"
#include "trainer/settings.h"

static const struct layer *first_scaling(const struct network *n)
{
    return n->layers[1].kind == LAYER_AFFINE ? &n->layers[1] : NULL;
}

static enum train_layer_kind trained_kind(enum layer_kind kind)
{
    switch (kind) {
    case LAYER_DENSE: return TRAIN_DENSE;
    case LAYER_RELU: return TRAIN_RELU;
    case LAYER_LEAKY_RELU: return TRAIN_LEAKY_RELU;
    case LAYER_SIGMOID: return TRAIN_SIGMOID;
    case LAYER_TANH: return TRAIN_TANH;
    case LAYER_SOFTMAX: return TRAIN_SOFTMAX;
    default: return TRAIN_LAYER_COUNT;
    }
}

void train_config_layers(struct train_config *config, const struct network *n, struct arena *arena)
{
    const struct train_format learned = {.kind = TRAIN_FORMAT_LEARNED,
                                         .format = format_make(true, 8, 8)};
    config->layers = arena_alloc(arena, (size_t)n->layer_count, sizeof *config->layers);
    config->layer_count = 0;
    for (int l = first_scaling(n) ? 2 : 1; l < n->layer_count; l++) {
        const struct layer *from = &n->layers[l];
        struct train_layer_config *to = &config->layers[config->layer_count++];
        bool last = l == n->layer_count - 1;
        *to = (struct train_layer_config){.kind = trained_kind(from->kind),
                                          .name = from->name,
                                          .units = from->size,
                                          .alpha = from->alpha,
                                          .sparsity = -1};
        if (from->kind == LAYER_DENSE) to->weights = learned;
        bool inner = from->kind != LAYER_DENSE && from->kind != LAYER_SOFTMAX && !last;
        /* A table of a sigmoid or tanh takes a short argument. */
        bool table = l + 1 < n->layer_count - 1 && (n->layers[l + 1].kind == LAYER_SIGMOID ||
                                                    n->layers[l + 1].kind == LAYER_TANH);
        bool bare = from->kind == LAYER_DENSE && !last && n->layers[l + 1].kind == LAYER_DENSE;
        if (inner || table || bare) to->output = learned;
        if (from->kind == LAYER_SIGMOID && last) to->output.kind = TRAIN_FORMAT_NONE;
    }
    config->input = learned;
}

void initial_check(const struct train_config *config, const struct events *events)
{
    const struct network *n = config->init;
    if (!n) return;
    if (n->layers[0].size != events->features)
        fail("%s: it has %d features, the network that training starts from has %d inputs",
             events->path, events->features, n->layers[0].size);
    int l = 0;
    for (int i = 0; i < config->layer_count; i++) {
        if (config->layers[i].kind == TRAIN_BATCHNORM)
            fail("training: batch normalisation cannot be added to a network that is trained "
                 "already");
        if (config->layers[i].kind != TRAIN_DENSE) continue;
        while (l < n->layer_count && n->layers[l].kind != LAYER_DENSE)
            l++;
        char name[64];
        train_layer_name(config, i, name);
        if (l == n->layer_count || n->layers[l].size != config->layers[i].units ||
            config->layers[i].no_bias)
            fail("training: layer %s: the network that training starts from has %d neurons here%s",
                 name, l == n->layer_count ? 0 : n->layers[l].size,
                 config->layers[i].no_bias ? ", and biases" : "");
        l++;
    }
    for (; l < n->layer_count; l++)
        if (n->layers[l].kind == LAYER_DENSE)
            fail("training: the network that training starts from has more dense layers");
    if (config->epochs > 0)
        fail("training: a network to start from takes the place of the float phase: epochs is 0");
}

void initial_scaling(const struct train_config *config, int features, double *scale, double *offset)
{
    const struct layer *scaling = first_scaling(config->init);
    for (int j = 0; j < features; j++) {
        scale[j] = scaling ? scaling->scale[j] : 1;
        offset[j] = scaling ? scaling->offset[j] : 0;
    }
}

void initial_load(const struct train_config *config, struct nn *nn)
{
    const struct network *n = config->init;
    int l = 0;
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        while (n->layers[l].kind != LAYER_DENSE)
            l++;
        const struct layer *from = &n->layers[l++];
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++)
                nn->parameters[op->weights.first + (size_t)(k * op->columns + j)] =
                    (real)from->weights[k * op->outputs + j];
        for (int j = 0; op->bias.count && j < op->outputs; j++)
            nn->parameters[op->bias.first + (size_t)j] = (real)(from->bias ? from->bias[j] : 0);
    }
    nn_prepare(nn);
}
