/* CatBoost's JSON (save_model format="json"). Inputs and borders are float32 and a split holds when
 * x > border; values and sums are double precision: (sum over trees) * scale + bias. A symmetric
 * ("oblivious") tree has one split per level, and split i says bit i of the leaf's number. */
#include "model/import/import.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LEVELS = 16 };

struct catboost {
    const struct model_file *file;
    struct arena arena;
    int features, outputs, float_features;
    int *flat;         /* [float_features] where each stands among all features */
    bool *nan_is_more; /* [float_features] a missing value counts as above every border */
    struct trees_builder builder;
};

_Noreturn static void fail_node(const struct catboost *c, int node, const char *what)
{
    fail_at(c->file->path, 0, "tree %d, node %d: %s", c->builder.tree_count, node, what);
}

static void read_features(struct catboost *c, const cJSON *json)
{
    const cJSON *list = json_find(json, "features_info.float_features"), *item;
    const cJSON *categories = json_find(json, "features_info.categorical_features");
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) < 1)
        fail_at(c->file->path, 0, "features_info.float_features is missing");
    if (cJSON_IsArray(categories) && cJSON_GetArraySize(categories) > 0)
        fail_at(c->file->path, 0,
                "categorical features are not supported; encode them as numbers "
                "(one-hot)");
    c->float_features = cJSON_GetArraySize(list);
    size_t count = (size_t)c->float_features;
    c->flat = arena_alloc(&c->arena, count, sizeof *c->flat);
    c->nan_is_more = arena_alloc(&c->arena, count, sizeof *c->nan_is_more);
    int i = 0;
    cJSON_ArrayForEach(item, list)
    {
        double flat = json_number(item, "flat_feature_index", i);
        if (!(flat >= 0 && flat < 1 << 20) || flat != floor(flat))
            fail_at(c->file->path, 0, "float feature %d: flat_feature_index is %g", i, flat);
        c->flat[i] = (int)flat;
        c->nan_is_more[i] = strcmp(json_string(item, "nan_value_treatment", ""), "AsTrue") == 0;
        if (c->flat[i] >= c->features) c->features = c->flat[i] + 1;
        i++;
    }
}

static void name_features(struct catboost *c, struct network *network, const cJSON *json)
{
    const cJSON *item;
    int i = 0, named = 0;
    const char **names = arena_alloc(&network->arena, (size_t)c->features, sizeof *names);
    cJSON_ArrayForEach(item, json_find(json, "features_info.float_features"))
    {
        const char *name = json_string(item, "feature_id", "");
        names[c->flat[i++]] = arena_strdup(&network->arena, name);
        named += *name != 0;
    }
    for (int f = 0; f < c->features; f++)
        if (!names[f]) names[f] = "";
    if (named == c->features) network->feature_names = names;
}

/* ---- trees ----------------------------------------------------------------------------------- */

/* The node of a split: its yes side (x > border) is the right child. */
static struct linked_node read_split(const struct catboost *c, const cJSON *split, int node)
{
    double index = json_number(split, "float_feature_index", -1);
    double border = json_number(split, "border", NAN);
    const char *type = json_string(split, "split_type", "FloatFeature");
    if (strcmp(type, "FloatFeature") != 0) {
        char what[120];
        snprintf(what, sizeof what, "a split of type %.40s (categories) is not supported", type);
        fail_node(c, node, what);
    }
    if (!(index >= 0 && index < c->float_features) || index != floor(index))
        fail_node(c, node, "it asks for a feature that the model does not have");
    if (isnan(border)) fail_node(c, node, "its threshold is not a number");
    return (struct linked_node){.feature = c->flat[(int)index],
                                .threshold = (double)(float)border,
                                .missing_left = !c->nan_is_more[(int)index]};
}

static double *read_values(struct catboost *c, const cJSON *list, size_t *count)
{
    char what[60];
    snprintf(what, sizeof what, "tree %d: leaf values", c->builder.tree_count);
    struct number_list numbers = import_numbers(&c->arena, c->file->path, list, what);
    for (size_t i = 0; i < numbers.count; i++)
        if (!isfinite(numbers.values[i]))
            fail_at(c->file->path, 0, "%s: number %zu is not finite", what, i);
    *count = numbers.count;
    return numbers.values;
}

/* 2^levels - 1 splits as a heap, the last split of the list at its root, then the leaves. */
static void read_symmetric(struct catboost *c, const cJSON *tree)
{
    struct linked_node levels[MAX_LEVELS];
    const cJSON *splits = json_find(tree, "splits"), *split;
    int depth = 0;
    size_t count;
    cJSON_ArrayForEach(split, splits)
    {
        if (depth == MAX_LEVELS) fail_node(c, depth, "the tree is too deep");
        levels[depth] = read_split(c, split, depth);
        depth++;
    }
    const double *values = read_values(c, json_find(tree, "leaf_values"), &count);
    int inner = (1 << depth) - 1, leaves = 1 << depth;
    if (count != (size_t)leaves * (size_t)c->outputs)
        fail_at(c->file->path, 0, "tree %d has %zu leaf values for %d leaves of %d outputs",
                c->builder.tree_count, count, leaves, c->outputs);
    struct linked_node *nodes = arena_alloc(&c->arena, (size_t)(inner + leaves), sizeof *nodes);
    for (int i = 0; i < inner; i++) {
        int level = 0;
        while (i + 1 >= 2 << level)
            level++;
        nodes[i] = levels[depth - 1 - level];
        nodes[i].left = 2 * i + 1;
        nodes[i].right = 2 * i + 2;
    }
    for (int leaf = 0; leaf < leaves;
         leaf++) /* bit depth - 1 was asked first: places are numbers */
        nodes[inner + leaf] =
            (struct linked_node){.feature = -1, .values = values + (ptrdiff_t)leaf * c->outputs};
    trees_add_linked(&c->builder, c->file->path, nodes, inner + leaves, 0, c->outputs,
                     c->outputs > 1 ? -1 : 0);
}

static int count_nodes(const cJSON *node, int depth)
{
    const cJSON *left = json_find(node, "left"), *right = json_find(node, "right");
    if (!left && !right) return 1;
    return depth > 1000 ? 1 : 1 + count_nodes(left, depth + 1) + count_nodes(right, depth + 1);
}

static int read_nested(struct catboost *c, const cJSON *from, struct linked_node *nodes, int *count)
{
    int here = (*count)++;
    const cJSON *split = json_find(from, "split"), *value = json_find(from, "value");
    if (!split) {
        double single = cJSON_IsNumber(value) ? value->valuedouble : 0;
        size_t found = 1;
        double *values = arena_alloc(&c->arena, (size_t)c->outputs, sizeof *values);
        if (cJSON_IsNumber(value))
            values[0] = single;
        else
            values = read_values(c, value, &found);
        if (found != (size_t)c->outputs)
            fail_node(c, here, "the leaf has not as many values as the model has outputs");
        nodes[here] = (struct linked_node){.feature = -1, .values = values};
        return here;
    }
    struct linked_node node = read_split(c, split, here);
    if (!json_find(from, "left") || !json_find(from, "right"))
        fail_node(c, here, "a child is missing");
    node.left = read_nested(c, json_find(from, "left"), nodes, count);
    node.right = read_nested(c, json_find(from, "right"), nodes, count);
    nodes[here] = node;
    return here;
}

static void read_tree(struct catboost *c, const cJSON *tree)
{
    int room = count_nodes(tree, 0), count = 0;
    struct linked_node *nodes = arena_alloc(&c->arena, (size_t)room, sizeof *nodes);
    read_nested(c, tree, nodes, &count);
    trees_add_linked(&c->builder, c->file->path, nodes, count, 0, c->outputs,
                     c->outputs > 1 ? -1 : 0);
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct network *import_catboost(const struct model_file *file, const cJSON *json)
{
    struct catboost c = {.file = file};
    struct network *network = network_new("network");
    c.builder.arena = &network->arena;
    read_features(&c, json);
    name_features(&c, network, json);
    const cJSON *scale = cJSON_GetArrayItem(json_find(json, "scale_and_bias"), 0);
    struct number_list bias =
        import_numbers(&c.arena, file->path,
                       cJSON_GetArrayItem(json_find(json, "scale_and_bias"), 1), "scale_and_bias");
    c.outputs = (int)bias.count;
    if (c.outputs < 1) fail_at(file->path, 0, "scale_and_bias has no bias");
    if (!cJSON_IsNumber(scale) || scale->valuedouble != 1)
        fail_at(file->path, 0, "a scale other than 1 is not supported");
    const cJSON *tree, *symmetric = json_find(json, "oblivious_trees");
    cJSON_ArrayForEach(tree, symmetric) read_symmetric(&c, tree);
    if (!symmetric) cJSON_ArrayForEach(tree, json_find(json, "trees")) read_tree(&c, tree);
    if (!c.builder.tree_count) fail_at(file->path, 0, "the model holds no trees");
    double *base = arena_alloc(&network->arena, bias.count, sizeof *base);
    memcpy(base, bias.values, bias.count * sizeof *base);
    struct trees settings = {.arithmetic = TREES_MIXED, .base = base, .base_last = true};
    import_finish(file, network, &c.builder, settings, c.features, c.outputs, LAYER_INPUT);
    arena_free(&c.arena);
    return network;
}
