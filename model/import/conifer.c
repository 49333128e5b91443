/* conifer's own JSON (what its models save beside a project). Computed as its Python back end does:
 * double precision, (sum over trees + init_predict) * norm. */
#include "model/import/import.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct conifer {
    const struct model_file *file;
    struct arena arena;
    int features, outputs;
    bool strict; /* an event goes left when x < threshold, not <= */
};

static int count_at(const struct conifer *c, const cJSON *json, const char *key, int least)
{
    double number = json_number(json, key, NAN);
    if (!(number >= least && number <= 1 << 20) || number != floor(number))
        fail_at(c->file->path, 0, "%s is missing or out of range", key);
    return (int)number;
}

_Noreturn static void fail_node(const struct conifer *c, int tree, int node, const char *what)
{
    fail_at(c->file->path, 0, "tree %d, node %d: %s", tree, node, what);
}

static struct number_list column(struct conifer *c, const cJSON *tree, int number, const char *key,
                                 size_t count)
{
    char what[80];
    snprintf(what, sizeof what, "tree %d: %s", number, key);
    struct number_list list =
        import_numbers(&c->arena, c->file->path, cJSON_GetObjectItem(tree, key), what);
    if (count && list.count != count)
        fail_at(c->file->path, 0, "%s has %zu entries, not %zu", what, list.count, count);
    return list;
}

/* A split along several features has a weight for each. */
static void refuse_oblique(const struct conifer *c, const cJSON *tree, int number, int node,
                           int feature)
{
    const cJSON *weights = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "weight"), node), *weight;
    int i = 0;
    cJSON_ArrayForEach(weight, weights)
    {
        if (weight->valuedouble != (i == feature ? 1 : 0))
            fail_node(c, number, node,
                      "oblique splits (weights of several features) are not "
                      "supported");
        i++;
    }
}

static int index_of(double value)
{
    return value >= 0 && value < 1 << 30 && value == floor(value) ? (int)value : -1;
}

static void read_tree(struct conifer *c, struct trees_builder *builder, const cJSON *tree,
                      int target)
{
    int number = builder->tree_count;
    struct number_list feature = column(c, tree, number, "feature", 0);
    size_t count = feature.count;
    if (!count) fail_at(c->file->path, 0, "tree %d has no nodes", number);
    const double *threshold = column(c, tree, number, "threshold", count).values;
    const double *value = column(c, tree, number, "value", count).values;
    const double *left = column(c, tree, number, "children_left", count).values;
    const double *right = column(c, tree, number, "children_right", count).values;
    struct linked_node *nodes = arena_alloc(&c->arena, count, sizeof *nodes);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = (struct linked_node){.feature = -1, .values = &value[i]};
        if (feature.values[i] < 0) {
            if (!isfinite(value[i])) fail_node(c, number, (int)i, "its value is no number");
            continue;
        }
        nodes[i].feature = index_of(feature.values[i]);
        if (nodes[i].feature < 0 || nodes[i].feature >= c->features)
            fail_node(c, number, (int)i, "it asks for a feature that the model does not have");
        refuse_oblique(c, tree, number, (int)i, nodes[i].feature);
        nodes[i].left = index_of(left[i]);
        nodes[i].right = index_of(right[i]);
        nodes[i].threshold = c->strict ? nextafter(threshold[i], -INFINITY) : threshold[i];
    }
    trees_add_linked(builder, c->file->path, nodes, (int)count, 0, 1, target);
}

static double *read_base(struct conifer *c, struct network *network, const cJSON *json)
{
    double *base = arena_alloc(&network->arena, (size_t)c->outputs, sizeof *base);
    struct number_list list = import_numbers(
        &c->arena, c->file->path, cJSON_GetObjectItem(json, "init_predict"), "init_predict");
    if (list.count != 1 && list.count != (size_t)c->outputs)
        fail_at(c->file->path, 0, "init_predict has %zu numbers for %d outputs", list.count,
                c->outputs);
    for (int k = 0; k < c->outputs; k++)
        base[k] = list.values[list.count == 1 ? 0 : k];
    return base;
}

struct network *import_conifer(const struct model_file *file, const cJSON *json)
{
    struct conifer c = {.file = file};
    struct network *network = network_new("network");
    struct trees_builder builder = {.arena = &network->arena};
    int classes = count_at(&c, json, "n_classes", 1);
    c.features = count_at(&c, json, "n_features", 1);
    c.outputs = classes == 2 ? 1 : classes;
    const char *convention = json_string(json, "splitting_convention", "<=");
    c.strict = strcmp(convention, "<") == 0;
    if (!c.strict && strcmp(convention, "<=") != 0)
        fail_at(file->path, 0, "splitting_convention '%.20s' is neither < nor <=", convention);
    const cJSON *trees = json_find(json, "trees"), *group, *tree;
    int iteration = 0;
    cJSON_ArrayForEach(group, trees)
    {
        if (!cJSON_IsArray(group) || cJSON_GetArraySize(group) != c.outputs)
            fail_at(file->path, 0, "entry %d of trees has not one tree for each of %d outputs",
                    iteration, c.outputs);
        int target = 0;
        cJSON_ArrayForEach(tree, group) read_tree(&c, &builder, tree, target++);
        iteration++;
    }
    if (!builder.tree_count) fail_at(file->path, 0, "the model holds no trees");
    const cJSON *norm = json_find(json, "norm");
    if (norm && !cJSON_IsNumber(norm)) fail_at(file->path, 0, "norm is not a number");
    struct trees settings = {.arithmetic = TREES_DOUBLE,
                             .base = read_base(&c, network, json),
                             .base_last = true,
                             .factor = json_number(json, "norm", 1)};
    import_finish(file, network, &builder, settings, c.features, c.outputs, LAYER_INPUT);
    arena_free(&c.arena);
    return network;
}
