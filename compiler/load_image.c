/* From a trained network to the words that its weights are, by the layout of load.json. */
#include "compiler/load_image.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "compiler/lower/dyadic.h"
#include "compiler/trees/image.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- load.json ---- */

static void read_layout(struct load_plan *plan, const cJSON *memory)
{
    const cJSON *low = json_find(memory, "fields_low"), *cells = json_find(memory, "cells"), *word;
    if (!cJSON_IsArray(low) || !cJSON_IsArray(cells)) return;
    plan->layouts = array_grow(plan->layouts, &plan->layout_capacity,
                               (size_t)plan->layout_count + 1, sizeof *plan->layouts);
    struct load_layout *layout = &plan->layouts[plan->layout_count++];
    *layout =
        (struct load_layout){.memory = arena_strdup(&plan->arena, json_string(memory, "name", "")),
                             .layer = arena_strdup(&plan->arena, json_string(memory, "layer", "")),
                             .words = cJSON_GetArraySize(cells),
                             .fields = cJSON_GetArraySize(low)};
    size_t fields = (size_t)layout->fields, i = 0;
    layout->low = arena_alloc(&plan->arena, fields, sizeof *layout->low);
    layout->cells =
        arena_alloc(&plan->arena, (size_t)layout->words * fields, sizeof *layout->cells);
    for (size_t k = 0; k < fields; k++)
        layout->low[k] = cJSON_GetArrayItem(low, (int)k)->valueint;
    cJSON_ArrayForEach(word, cells)
    {
        const cJSON *number = word->child;
        for (size_t k = 0; k < fields && number; k++, i++) {
            int parts[3] = {-1, -1, 0};
            for (int part = 0; part < 3 && number; part++, number = number->next)
                parts[part] = number->valueint;
            layout->cells[i] = (struct load_cell){parts[0], parts[1], parts[2]};
        }
    }
}

static struct load_numbers read_numbers(const cJSON *layer, const char *name)
{
    const cJSON *numbers = json_find(layer, name);
    if (!cJSON_IsObject(numbers)) return (struct load_numbers){0};
    return (struct load_numbers){true, (int)json_number(numbers, "fraction_bits", 0),
                                 (int64_t)json_number(numbers, "least", 0),
                                 (int64_t)json_number(numbers, "most", 0)};
}

static void read_layer(struct load_plan *plan, const cJSON *layer)
{
    plan->layers = array_grow(plan->layers, &plan->layer_capacity, (size_t)plan->layer_count + 1,
                              sizeof *plan->layers);
    plan->layers[plan->layer_count++] =
        (struct load_layer){.name = arena_strdup(&plan->arena, json_string(layer, "name", "")),
                            .rows = (int)json_number(layer, "rows", 0),
                            .columns = (int)json_number(layer, "columns", 0),
                            .weights = read_numbers(layer, "weights"),
                            .bias = read_numbers(layer, "bias"),
                            .scale = read_numbers(layer, "scale"),
                            .offset = read_numbers(layer, "offset")};
}

static void read_trees(struct load_plan *plan, const cJSON *object)
{
    const cJSON *targets = json_find(object, "targets"), *target;
    if (!cJSON_IsArray(targets)) return;
    int cycles = (int)json_number(object, "cycles", 0), count = 0;
    int engines = (int)json_number(object, "engines", 0);
    bool in_fabric = cJSON_IsTrue(json_find(object, "standardise_in_fabric"));
    plan->trees = arena_alloc(&plan->arena, 1, sizeof *plan->trees);
    *plan->trees =
        (struct load_trees){.name = arena_strdup(&plan->arena, json_string(object, "name", "")),
                            .cycles = cycles,
                            .engines = engines,
                            .depth = (int)json_number(object, "depth", 0),
                            .standardise = in_fabric ? STANDARDISE_FABRIC : STANDARDISE_HOST};
    plan->trees->targets = arena_alloc(&plan->arena, (size_t)cJSON_GetArraySize(targets) + 1,
                                       sizeof *plan->trees->targets);
    cJSON_ArrayForEach(target, targets) plan->trees->targets[count++] = target->valueint;
    if (count != cycles * engines)
        fail("load.json: trees: targets of %d slots, not %d", count, cycles * engines);
}

void load_plan_read(struct load_plan *plan, const char *folder, char id[17])
{
    *plan = (struct load_plan){0};
    const char *path = file_join(&plan->arena, folder, "load.json");
    if (!file_exists(path))
        fail("%s: nothing in this network can be loaded; compile it with --weights loadable",
             folder);
    cJSON *json = json_read(path), *item;
    cJSON_ArrayForEach(item, json_find(json, "layers")) read_layer(plan, item);
    cJSON_ArrayForEach(item, json_find(json, "memories")) read_layout(plan, item);
    read_trees(plan, json_find(json, "trees"));
    snprintf(id, 17, "%s", json_string(json, "id", ""));
    cJSON_Delete(json);
}

/* ---- whether a network is the same but for weights that are loaded ---- */

struct filling {
    const struct load_plan *plan;
    const struct network *compiled, *network;
    const char *file;
};

static const struct load_layer *find_layer(const struct load_plan *plan, const char *name)
{
    for (int i = 0; i < plan->layer_count; i++)
        if (!strcmp(plan->layers[i].name, name)) return &plan->layers[i];
    return NULL;
}

static bool same_quantizer(const struct quantizer *a, const struct quantizer *b, int size)
{
    if (!a->count || !b->count) return a->count == b->count;
    for (int i = 0; i < size; i++)
        if (!format_equal(quantizer_at(a, i), quantizer_at(b, i))) return false;
    return true;
}

static bool same_numbers(const double *a, const double *b, size_t count)
{
    if (!a || !b) return a == b;
    return !memcmp(a, b, count * sizeof *a);
}

static double weight_of(const struct layer *layer, size_t i)
{
    return quantizer_apply(&layer->weight_quant, (int)i, layer->weights[i]);
}

static double bias_of(const struct layer *layer, int j)
{
    return layer->bias ? quantizer_apply(&layer->bias_quant, j, layer->bias[j]) : 0;
}

/* Constants of a dense layer that is not loaded. */
static bool same_dense(const struct filling *f, const struct layer *a, const struct layer *b)
{
    size_t count = (size_t)f->compiled->layers[a->input].size * (size_t)a->size;
    for (size_t i = 0; i < count; i++)
        if (weight_of(a, i) != weight_of(b, i)) return false;
    for (int j = 0; j < a->size; j++)
        if (bias_of(a, j) != bias_of(b, j)) return false;
    return true;
}

static bool same_constants(const struct filling *f, const struct layer *a, const struct layer *b)
{
    size_t size = (size_t)a->size;
    double x[2], y[2];
    switch (a->kind) {
    case LAYER_QUANT: return same_quantizer(&a->quant, &b->quant, a->size);
    case LAYER_DENSE: return find_layer(f->plan, a->name) || same_dense(f, a, b);
    case LAYER_AFFINE:
    case LAYER_BATCHNORM:
        if (find_layer(f->plan, f->compiled->layers[a->input].name)) return true;
        for (int j = 0; j < a->size; j++) {
            network_affine(a, j, true, &x[0], &x[1]);
            network_affine(b, j, true, &y[0], &y[1]);
            if (!same_numbers(x, y, 2)) return false;
        }
        return true;
    case LAYER_LEAKY_RELU: return same_numbers(&a->alpha, &b->alpha, 1);
    case LAYER_BUCKETS: return same_numbers(a->edges, b->edges, (size_t)a->edge_first[size]);
    case LAYER_TREES: return f->plan->trees && !strcmp(f->plan->trees->name, a->name);
    case LAYER_TREE_DISTANCE: return false;
    default: return true;
    }
}

static bool is_scaling(const struct layer *layer)
{
    return layer->kind == LAYER_AFFINE || layer->kind == LAYER_BATCHNORM;
}

static void check_alike(const struct filling *f)
{
    const struct network *a = f->compiled, *b = f->network;
    if (a->layer_count != b->layer_count)
        fail("%s: has %d layers, the compiled network %d; an image needs a network of the same "
             "shape",
             f->file, b->layer_count - 1, a->layer_count - 1);
    for (int i = 0; i < a->layer_count; i++) {
        const struct layer *x = &a->layers[i], *y = &b->layers[i];
        bool both_scale = is_scaling(x) && is_scaling(y); /* prepared to one or the other */
        if ((x->kind != y->kind && !both_scale) || x->size != y->size || x->input != y->input)
            fail(
                "%s: layer %s is %s of %d, in the compiled network (%s) %s of %d; an image needs a "
                "network of the same shape",
                f->file, y->name, layer_kind_names[y->kind], y->size, x->name,
                layer_kind_names[x->kind], x->size);
        if (!same_constants(f, x, y))
            fail("%s: layer %s (%s) differs from the compiled network's%s; only weights and biases "
                 "of loadable layers may",
                 f->file, y->name, layer_kind_names[y->kind],
                 y->kind == LAYER_QUANT ? " in its formats" : "");
    }
}

/* ---- contents ---- */

/* A number as an integer that may be loaded. */
static int64_t integer_of(const struct filling *f, const char *layer, const char *what,
                          const struct load_numbers *may, double x)
{
    int64_t integer;
    if (!dyadic_on_grid(dyadic_of(x), may->fraction_bits, &integer) || integer < may->lo ||
        integer > may->hi)
        fail("%s: layer %s: the %s %.9g is none that may be loaded: multiples of 2^%d from %" PRId64
             " to %" PRId64 " of them",
             f->file, layer, what, x, -may->fraction_bits, may->lo, may->hi);
    return integer;
}

/* The scaling behind a layer that is loaded with it: its constants are rounded to what may be
 * loaded. */
static double scaling_of(const struct filling *f, const struct layer *layer, int column,
                         enum load_row row, const struct load_numbers *may)
{
    const struct network *n = f->network;
    double scale = 1, offset = 0;
    for (int i = 1; i < n->layer_count; i++)
        if (&n->layers[n->layers[i].input] == layer && is_scaling(&n->layers[i]))
            network_affine(&n->layers[i], column, true, &scale, &offset);
    return ldexp(rint(ldexp(row == LOAD_SCALE ? scale : offset, may->fraction_bits)),
                 -may->fraction_bits);
}

static int64_t cell_integer(const struct filling *f, const struct load_layer *l,
                            const struct layer *layer, struct load_cell cell)
{
    size_t at = (size_t)cell.row * (size_t)layer->size + (size_t)cell.column;
    if (cell.column < 0) return 0;
    switch (cell.row) {
    case LOAD_BIAS: return integer_of(f, l->name, "bias", &l->bias, bias_of(layer, cell.column));
    case LOAD_SCALE:
        return integer_of(f, l->name, "scale behind it", &l->scale,
                          scaling_of(f, layer, cell.column, LOAD_SCALE, &l->scale));
    case LOAD_OFFSET:
        return integer_of(f, l->name, "offset behind it", &l->offset,
                          scaling_of(f, layer, cell.column, LOAD_OFFSET, &l->offset));
    default:
        return integer_of(f, l->name, "weight", &l->weights, weight_of(layer, at)) *
               ((int64_t)1 << cell.shift);
    }
}

static const struct layer *layer_named(const struct filling *f, const char *name)
{
    for (int i = 0; i < f->compiled->layer_count; i++)
        if (!strcmp(f->compiled->layers[i].name, name)) return &f->network->layers[i];
    return NULL;
}

static void fill_memory(const struct filling *f, struct program *p, int memory,
                        const struct load_layout *layout)
{
    const struct memory *m = &p->memories[memory];
    const struct load_layer *l = find_layer(f->plan, layout->layer);
    const struct layer *layer = layer_named(f, layout->layer);
    struct arena arena = {0};
    if (!l || !layer || layout->words != m->entries)
        fail("load.json does not fit program.sluice (memory %s); compile again", m->name);
    int64_t *contents = arena_alloc(&arena, (size_t)m->entries, sizeof *contents);
    for (int i = 0; i < layout->words; i++) {
        uint64_t word = 0;
        const struct load_cell *cells = layout->cells + (size_t)i * (size_t)layout->fields;
        for (int k = 0; k < layout->fields; k++) {
            int64_t integer = cell_integer(f, l, layer, cells[k]);
            int end = k + 1 < layout->fields ? layout->low[k + 1] : m->format.width_bits;
            if (layout->fields == 1) contents[i] = integer;
            word |= ((uint64_t)integer & (((uint64_t)1 << (end - layout->low[k])) - 1))
                    << layout->low[k];
        }
        if (layout->fields > 1) contents[i] = (int64_t)word;
    }
    program_set_contents(p, memory, contents);
    arena_free(&arena);
}

/* Weights that no word holds, of inputs that are always 0 or columns that nothing reads, are
 * checked as well. */
static void check_weights(const struct filling *f)
{
    for (int n = 0; n < f->plan->layer_count; n++) {
        const struct load_layer *l = &f->plan->layers[n];
        const struct layer *layer = layer_named(f, l->name);
        if (!layer) continue;
        for (size_t i = 0; i < (size_t)l->rows * (size_t)l->columns; i++)
            integer_of(f, l->name, "weight", &l->weights, weight_of(layer, i));
        for (int j = 0; j < l->columns; j++) {
            double bias = bias_of(layer, j);
            if (bias != 0 && !l->bias.any)
                fail("%s: layer %s has biases, the compiled network none", f->file, l->name);
            if (l->bias.any) integer_of(f, l->name, "bias", &l->bias, bias);
        }
    }
}

void load_image_fill(struct program *program, const struct load_plan *plan,
                     const struct network *compiled, const struct network *network,
                     const char *file)
{
    struct filling f = {plan, compiled, network, file};
    if (!plan->trees || !trees_are_raw(network)) check_alike(&f);
    check_weights(&f);
    if (plan->trees) trees_image(program, plan->trees, compiled, network, file);
    for (int m = 0; m < program->memory_count; m++)
        for (int i = 0; i < plan->layout_count && program->memories[m].contents; i++)
            if (!strcmp(plan->layouts[i].memory, program->memories[m].name))
                fill_memory(&f, program, m, &plan->layouts[i]);
}
