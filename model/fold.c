/* Folding scalings into dense layers. See fold.h. */
#include "model/fold.h"

#include "base/error.h"

#include <string.h>

/* A scaling that has been read but is in no layer yet: y = scale x + offset. */
struct fold {
    const struct network *from;
    struct network *to;
    const char *file;
    double *scale, *offset; /* NULL: none */
    int at;                 /* last layer of `to` */
    bool any_dense;
};

bool network_is_float(const struct network *n)
{
    for (int l = 0; l < n->layer_count; l++)
        if (n->layers[l].kind == LAYER_QUANT || n->layers[l].kind == LAYER_SIGN ||
            layer_is_trees(&n->layers[l]) || n->layers[l].weight_quant.count ||
            n->layers[l].bias_quant.count)
            return false;
    return true;
}

static _Noreturn void refuse(const struct fold *f, const struct layer *layer, const char *why)
{
    fail_at(f->file, 0, "layer %s (%s): %s", layer->name, layer_kind_names[layer->kind], why);
}

static struct layer *last(struct fold *f)
{
    return &f->to->layers[f->at];
}

static void add_scaling(struct fold *f, const struct layer *layer)
{
    size_t size = (size_t)layer->size;
    struct layer *dense = last(f);
    if (dense->kind == LAYER_DENSE) { /* right behind it: into its weights */
        int inputs = f->to->layers[dense->input].size;
        if (!dense->bias) dense->bias = arena_alloc(&f->to->arena, size, sizeof(double));
        for (int j = 0; j < layer->size; j++) {
            double s, o;
            network_affine(layer, j, false, &s, &o);
            for (int i = 0; i < inputs; i++)
                dense->weights[i * layer->size + j] *= s;
            dense->bias[j] = dense->bias[j] * s + o;
        }
        return;
    }
    double *scale = arena_alloc(&f->to->arena, size, sizeof *scale);
    double *offset = arena_alloc(&f->to->arena, size, sizeof *offset);
    for (int j = 0; j < layer->size; j++) {
        double s, o;
        network_affine(layer, j, false, &s, &o);
        scale[j] = s * (f->scale ? f->scale[j] : 1);
        offset[j] = s * (f->offset ? f->offset[j] : 0) + o;
    }
    f->scale = scale;
    f->offset = offset;
}

/* What was read so far as a layer of its own, right behind the input. */
static void put_scaling(struct fold *f)
{
    if (!f->scale) return;
    int size = f->from->layers[0].size;
    f->at = network_add(f->to, LAYER_AFFINE, "standardise", f->at, size);
    last(f)->scale = f->scale;
    last(f)->offset = f->offset;
    f->scale = f->offset = NULL;
}

static void add_dense(struct fold *f, const struct layer *layer)
{
    if (!f->any_dense) put_scaling(f);
    f->any_dense = true;
    int inputs = last(f)->size;
    size_t count = (size_t)inputs * (size_t)layer->size;
    f->at = network_add(f->to, LAYER_DENSE, layer->name, f->at, layer->size);
    struct layer *to = last(f);
    to->weights = arena_alloc(&f->to->arena, count, sizeof(double));
    memcpy(to->weights, layer->weights, count * sizeof(double));
    to->bias = arena_alloc(&f->to->arena, (size_t)layer->size, sizeof(double));
    if (layer->bias) memcpy(to->bias, layer->bias, (size_t)layer->size * sizeof(double));
    for (int i = 0; f->scale && i < inputs; i++)
        for (int j = 0; j < layer->size; j++) {
            double *w = &to->weights[i * layer->size + j];
            to->bias[j] += *w * f->offset[i];
            *w *= f->scale[i];
        }
    f->scale = f->offset = NULL;
}

static void add_other(struct fold *f, const struct layer *layer, bool is_last)
{
    if (f->scale)
        refuse(f, layer,
               "the scaling in front of it is behind no dense layer it could be folded into");
    if (last(f)->kind != LAYER_DENSE)
        refuse(f, layer, "there is no dense layer right in front of it");
    if (layer->kind == LAYER_SOFTMAX && !is_last) refuse(f, layer, "it is not the last layer");
    f->at = network_add(f->to, layer->kind, layer->name, f->at, layer->size);
    last(f)->alpha = layer->alpha;
}

static void copy_names(struct network *to, const struct network *from)
{
    int sizes[2] = {from->layers[0].size, network_output(from)->size};
    const char **const names[2] = {from->feature_names, from->class_names};
    const char ***const copies[2] = {&to->feature_names, &to->class_names};
    for (int k = 0; k < 2; k++) {
        if (!names[k]) continue;
        *copies[k] = arena_alloc(&to->arena, (size_t)sizes[k], sizeof(char *));
        for (int i = 0; i < sizes[k]; i++)
            (*copies[k])[i] = arena_strdup(&to->arena, names[k][i]);
    }
}

struct network *network_fold(const struct network *network, const char *file)
{
    struct fold f = {.from = network, .to = network_new(network->name), .file = file};
    if (!network_is_float(network))
        fail_at(file, 0, "the model is quantized already; a float one is wanted");
    f.at = network_add(f.to, LAYER_INPUT, network->layers[0].name, -1, network->layers[0].size);
    for (int l = 1; l < network->layer_count; l++) {
        const struct layer *layer = &network->layers[l];
        if (layer->kind == LAYER_AFFINE || layer->kind == LAYER_BATCHNORM)
            add_scaling(&f, layer);
        else if (layer->kind == LAYER_DENSE)
            add_dense(&f, layer);
        else
            add_other(&f, layer, l == network->layer_count - 1);
    }
    if (f.scale || !f.any_dense)
        refuse(&f, network_output(network), "the network does not end in a dense layer");
    copy_names(f.to, network);
    network_round_to_float32(f.to);
    network_check(f.to, file);
    return f.to;
}
