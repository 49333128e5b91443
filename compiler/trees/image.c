/* Another ensemble's contents for loadable tables: the compiled network is lowered again with the
 * other's trees in place of its own, in the shape that the tables have. */
#include "compiler/trees/image.h"

#include "base/error.h"
#include "compiler/lower/lower.h"

#include <math.h>
#include <string.h>

static int find_trees(const struct network *network)
{
    for (int i = 1; i < network->layer_count; i++)
        if (network->layers[i].kind == LAYER_TREES) return i;
    return -1;
}

bool trees_are_raw(const struct network *network)
{
    int trees = find_trees(network);
    return trees > 0 && network->layers[network->layers[trees].input].kind == LAYER_INPUT;
}

struct adoption {
    struct arena arena;
    const struct load_trees *shape;
    const struct layer *own, *other; /* the compiled network's trees and those to be loaded */
    const char *file;
};

/* The value as it is loaded; `what` names it. */
static double adopt_value(const struct adoption *a, const struct quantizer *declared,
                          const struct quantizer *quant, int number, double value, const char *what,
                          int at)
{
    double x = value * a->other->trees->factor / a->other->trees->divisor, y;
    struct format format = declared->formats[0];
    char text[FORMAT_TEXT_BYTES];
    x = quantizer_apply(quant, number, x);
    y = format_quantize(format, x);
    format_print(format, text);
    /* Raw values are rounded, but never cut off. */
    if (quant->count ? y != x : fabs(y - x) > format_step(format))
        fail("%s: layer %s: the %s %d has %.9g, which is none that may be loaded: %s", a->file,
             a->other->name, what, at, x, text);
    return y;
}

static const double *adopt_values(struct adoption *a)
{
    const struct trees *trees = a->other->trees;
    double *values = arena_alloc(&a->arena, (size_t)trees->value_count + 1, sizeof *values);
    int outputs = a->other->size;
    for (int t = 0; t < trees->tree_count; t++)
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++) {
            const struct tree_node *n = &trees->nodes[i];
            int count = trees->target[t] < 0 ? outputs : 1;
            for (int k = 0; n->feature < 0 && k < count; k++)
                values[n->leaf + k] = adopt_value(a, &a->own->weight_quant, &a->other->weight_quant,
                                                  t, trees->values[n->leaf + k], "leaf of tree", t);
        }
    return values;
}

static const double *adopt_base(struct adoption *a)
{
    const double *base = a->other->trees->base;
    double *adopted = arena_alloc(&a->arena, (size_t)a->own->size, sizeof *adopted);
    if (!a->own->trees->base) {
        for (int k = 0; base && k < a->own->size; k++)
            if (base[k] != 0)
                fail("%s: layer %s has a base of %g, the compiled network none", a->file,
                     a->other->name, base[k]);
        return NULL;
    }
    for (int k = 0; base && k < a->own->size; k++)
        adopted[k] = adopt_value(a, &a->own->bias_quant, &a->other->bias_quant, k, base[k],
                                 "base of score", k);
    return adopted;
}

static void check_missing(const struct adoption *a, int features)
{
    const bool *own = a->own->trees->zero_is_missing, *other = a->other->trees->zero_is_missing;
    for (int f = 0; f < features; f++)
        if ((own && own[f]) != (other && other[f]))
            fail("%s: layer %s: feature %d %s, in the compiled network it %s", a->file,
                 a->other->name, f, other && other[f] ? "may be missing" : "is never missing",
                 own && own[f] ? "may be" : "is not");
}

/* Raw trees need the quantizer, and nothing else, in front of them. */
static void check_front(const struct adoption *a, const struct network *compiled)
{
    const struct layer *front = &compiled->layers[a->own->input];
    if (front->kind != LAYER_QUANT || compiled->layers[front->input].kind != LAYER_INPUT)
        fail("%s: its trees ask for raw features, the compiled network's inputs are %s; compile "
             "that with --input-bits or --input-format fixed<...>",
             a->file, front->kind == LAYER_BUCKETS ? "numbers of thresholds" : "scaled");
    const struct trees *trees = a->other->trees;
    int outside = 0, all = 0;
    for (int i = 0; i < trees_node_count(trees); i++) {
        const struct tree_node *n = &trees->nodes[i];
        if (n->feature < 0 || !isfinite(n->threshold)) continue;
        struct format format = quantizer_at(&front->quant, n->feature);
        double step = format_step(format);
        all++;
        outside += n->threshold < (double)format_min(format) * step ||
                   n->threshold >= (double)format_max(format) * step;
    }
    if (outside)
        info("%s: %d of %d thresholds are outside the formats of their features: such a question "
             "always has the same answer",
             a->file, outside, all);
}

static void take_contents(struct program *program, const struct program *from,
                          const struct load_trees *shape)
{
    size_t length = strlen(shape->name);
    for (int m = 0; m < program->memory_count; m++) {
        const struct memory *memory = &program->memories[m];
        if (!memory->contents || strncmp(memory->name, shape->name, length) != 0 ||
            memory->name[length] != '.')
            continue;
        int k = 0;
        while (k < from->memory_count && strcmp(from->memories[k].name, memory->name) != 0)
            k++;
        if (k == from->memory_count || from->memories[k].entries != memory->entries)
            fail("load.json does not fit program.sluice (memory %s); compile again", memory->name);
        program_set_contents(program, m, from->memories[k].contents);
    }
}

void trees_image(struct program *program, const struct load_trees *shape,
                 const struct network *compiled, const struct network *network, const char *file)
{
    int own = find_trees(compiled), other = find_trees(network);
    if (own < 0 || strcmp(compiled->layers[own].name, shape->name) != 0)
        fail("load.json does not fit model.onnx: there is no ensemble %s; compile again",
             shape->name);
    if (other < 0) fail("%s: there is no ensemble of trees in it", file);
    struct adoption a = {.shape = shape,
                         .own = &compiled->layers[own],
                         .other = &network->layers[other],
                         .file = file};
    int features = compiled->layers[a.own->input].size;
    if (network->layers[a.other->input].size != features || a.other->size != a.own->size)
        fail("%s: has %d features and %d scores, the compiled network %d and %d", file,
             network->layers[a.other->input].size, a.other->size, features, a.own->size);
    if (trees_are_raw(network)) check_front(&a, compiled);
    check_missing(&a, features);
    struct load_trees wanted = *shape;
    wanted.file = file;
    struct trees trees = *a.other->trees;
    trees.values = (double *)adopt_values(&a);
    trees.base = (double *)adopt_base(&a);
    trees.factor = trees.divisor = 1;
    struct network merged = *compiled;
    size_t layers = (size_t)compiled->layer_count;
    merged.layers = arena_alloc(&a.arena, layers, sizeof *merged.layers);
    memcpy(merged.layers, compiled->layers, layers * sizeof *merged.layers);
    merged.layers[own].trees = &trees;
    struct compile_options options;
    compile_options_init(&options);
    options.reuse = 2; /* the shape says the rest */
    options.all_loadable = true;
    options.trees_shape = &wanted;
    options.standardise = shape->standardise;
    struct program *lowered = lower_network(&merged, &options, NULL);
    take_contents(program, lowered, shape);
    program_free(lowered);
    arena_free(&a.arena);
}
