/* XGBoost models, JSON and UBJ, as its versions 1.0 to 3.x write them (document "Introduction to
 * Model IO" of XGBoost). Inputs and thresholds are float32 and an event goes left when x <
 * threshold; sums are float32, over the trees in their order. */
#include "model/import/import.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct xgboost {
    const struct model_file *file;
    struct arena arena;
    const cJSON *learner, *model; /* model: of the gradient booster */
    const cJSON *names;           /* of the features, or NULL */
    struct number_list drop;      /* DART: weight of each tree */
    int features, outputs, trees;
    int major, minor; /* version that wrote the file */
};

_Noreturn static void fail_tree(const struct xgboost *x, int tree, int node, const char *what)
{
    if (node < 0) fail_at(x->file->path, 0, "tree %d: %s", tree, what);
    fail_at(x->file->path, 0, "tree %d, node %d: %s", tree, node, what);
}

/* Numbers are written as texts ("5"), some as texts in brackets ("[3E-1,2E-1]"). */
static double number_at(const cJSON *json, const char *path, double otherwise)
{
    const char *text = json_string(json, path, NULL);
    return text ? strtod(text + (*text == '['), NULL) : json_number(json, path, otherwise);
}

static int count_at(const struct xgboost *x, const cJSON *json, const char *path, int least)
{
    double number = number_at(json, path, least);
    if (!(number >= least && number <= 1 << 24) || number != floor(number))
        fail_at(x->file->path, 0, "%s is %g, which is out of range", path, number);
    return (int)number;
}

static void read_shape(struct xgboost *x, const cJSON *json)
{
    const cJSON *parameters = json_find(x->learner, "learner_model_param");
    if (!parameters) fail_at(x->file->path, 0, "learner_model_param is missing");
    int classes = count_at(x, parameters, "num_class", 0);
    int targets = count_at(x, parameters, "num_target", 0);
    x->features = count_at(x, parameters, "num_feature", 1);
    x->outputs = classes > targets ? classes : targets > 1 ? targets : 1;
    x->major = (int)json_number(json, "version.0", 1);
    x->minor = (int)json_number(json, "version.1", 0);
    x->names = json_find(x->learner, "feature_names");
    if (x->names && cJSON_GetArraySize(x->names) != x->features) x->names = NULL;
}

static void read_booster(struct xgboost *x)
{
    const cJSON *booster = json_find(x->learner, "gradient_booster");
    const char *name = json_string(booster, "name", "");
    if (strcmp(name, "dart") == 0) {
        x->drop = import_numbers(&x->arena, x->file->path, json_find(booster, "weight_drop"),
                                 "weight_drop");
        booster = json_find(booster, "gbtree");
    } else if (strcmp(name, "gbtree") != 0) {
        fail_at(x->file->path, 0, "booster '%.30s' is not supported; gbtree and dart are", name);
    }
    x->model = json_find(booster, "model");
    const cJSON *trees = json_find(x->model, "trees");
    if (!cJSON_IsArray(trees)) fail_at(x->file->path, 0, "the list of trees is missing");
    x->trees = cJSON_GetArraySize(trees);
    if (x->trees < 1) fail_at(x->file->path, 0, "the model holds no trees");
    if (x->drop.values && x->drop.count != (size_t)x->trees)
        fail_at(x->file->path, 0, "weight_drop has %zu entries for %d trees", x->drop.count,
                x->trees);
}

/* ---- one tree -------------------------------------------------------------------------------- */

/* Its columns, an entry per node. */
struct columns {
    size_t nodes;
    const double *left, *right, *feature, *threshold, *missing;
    const double *values; /* per node, or (is_numbered) per leaf, whose number is in `right` */
    size_t value_count;
    bool is_numbered;
    int leaf_values; /* 1, or as many as outputs */
};

static const double *column(struct xgboost *x, const cJSON *tree, int number, const char *name,
                            size_t *count)
{
    char what[80];
    snprintf(what, sizeof what, "tree %d: %s", number, name);
    struct number_list list = import_numbers(&x->arena, x->file->path, json_find(tree, name), what);
    if (*count == 0) *count = list.count;
    if (list.count != *count)
        fail_at(x->file->path, 0, "%s has %zu entries, not %zu", what, list.count, *count);
    return list.values;
}

static void refuse_categories(const struct xgboost *x, const cJSON *tree, int number,
                              const struct columns *c)
{
    const cJSON *types = json_find(tree, "split_type"), *type;
    size_t i = 0;
    cJSON_ArrayForEach(type, types)
    {
        if (i < c->nodes && c->left[i] >= 0 && cJSON_IsNumber(type) && type->valuedouble != 0) {
            const cJSON *name = cJSON_GetArrayItem(x->names, (int)c->feature[i]);
            fail_at(x->file->path, 0,
                    "tree %d, node %zu: a categorical split, of feature %d%s%.60s, is not "
                    "supported; encode it as numbers (one-hot)",
                    number, i, (int)c->feature[i], name ? " " : "",
                    cJSON_IsString(name) ? name->valuestring : "");
        }
        i++;
    }
}

static struct columns read_columns(struct xgboost *x, const cJSON *tree, int number)
{
    struct columns c = {0};
    c.left = column(x, tree, number, "left_children", &c.nodes);
    c.right = column(x, tree, number, "right_children", &c.nodes);
    c.feature = column(x, tree, number, "split_indices", &c.nodes);
    c.threshold = column(x, tree, number, "split_conditions", &c.nodes);
    c.missing = column(x, tree, number, "default_left", &c.nodes);
    if (c.nodes == 0) fail_tree(x, number, -1, "it has no nodes");
    c.leaf_values = count_at(x, tree, "tree_param.size_leaf_vector", 0);
    if (c.leaf_values < 2) {
        c.leaf_values = 1;
        c.values = c.threshold;
    } else {
        if (c.leaf_values != x->outputs)
            fail_tree(x, number, -1, "its leaves have not as many values as the model has outputs");
        c.is_numbered = json_find(tree, "leaf_weights") != NULL; /* from 3.2 on */
        c.value_count = c.is_numbered ? 0 : c.nodes * (size_t)c.leaf_values;
        if (x->drop.values) fail_tree(x, number, -1, "vector leaves with DART are not supported");
        c.values = column(x, tree, number, c.is_numbered ? "leaf_weights" : "base_weights",
                          &c.value_count);
    }
    refuse_categories(x, tree, number, &c);
    return c;
}

static void check_number(const struct xgboost *x, int tree, size_t node, double value, bool is_leaf)
{
    if (isnan(value) || (is_leaf && isinf((float)value)))
        fail_tree(x, tree, (int)node,
                  is_leaf ? "the value of the leaf is not a finite number"
                          : "its threshold is not a number");
}

/* An index out of a column; -1 for what is none. */
static int index_of(double value)
{
    return value >= 0 && value < 1 << 30 && value == floor(value) ? (int)value : -1;
}

/* The values of leaf i. */
static const double *values_of(const struct xgboost *x, const struct columns *c, int tree, size_t i)
{
    size_t at = i;
    if (c->is_numbered) {
        double number = c->right[i];
        at = number >= 0 ? (size_t)number : c->value_count;
        if (at >= c->value_count / (size_t)c->leaf_values)
            fail_tree(x, tree, (int)i, "its leaf weights are not there");
    }
    return c->values + at * (size_t)c->leaf_values;
}

static void read_tree(struct xgboost *x, struct trees_builder *builder, const cJSON *tree,
                      int number, int group)
{
    struct arena scratch = {0};
    struct columns c = read_columns(x, tree, number);
    struct linked_node *nodes = arena_alloc(&scratch, c.nodes, sizeof *nodes);
    size_t per_leaf = (size_t)c.leaf_values;
    double *values = arena_alloc(&scratch, c.nodes * per_leaf, sizeof *values);
    for (size_t i = 0; i < c.nodes; i++) {
        nodes[i] = (struct linked_node){.feature = -1, .values = values + i * per_leaf};
        if (c.left[i] < 0) {
            float weight = x->drop.values ? (float)x->drop.values[number] : 1;
            const double *from = values_of(x, &c, number, i);
            for (size_t k = 0; k < per_leaf; k++) {
                check_number(x, number, i, from[k], true);
                values[i * per_leaf + k] = network_float32((double)(float)from[k] * (double)weight);
            }
            continue;
        }
        check_number(x, number, i, c.threshold[i], false);
        nodes[i].feature = index_of(c.feature[i]);
        if (nodes[i].feature < 0 || nodes[i].feature >= x->features)
            fail_tree(x, number, (int)i, "it asks for a feature that the model does not have");
        nodes[i].left = index_of(c.left[i]);
        nodes[i].right = index_of(c.right[i]);
        nodes[i].missing_left = c.missing[i] != 0;
        nodes[i].threshold = (double)nextafterf((float)c.threshold[i], -INFINITY);
    }
    trees_add_linked(builder, x->file->path, nodes, (int)c.nodes, 0, c.leaf_values,
                     c.leaf_values > 1 ? -1 : group);
    arena_free(&scratch);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_before(const struct xgboost *x, int major, int minor)
{
    return x->major < major || (x->major == major && x->minor < minor);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* The margin of base_score, in float32: the objective's inverse link. */
static double base_margin(const struct xgboost *x, const char *objective, double score)
{
#define COUNT(list) (sizeof list / sizeof list[0])
    static const char *const logits[] = {"binary:logistic", "reg:logistic"};
    static const char *const logs[] = {"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox",
                                       "survival:aft"};
    static const char *const plain[] = {"binary:logitraw",
                                        "binary:hinge",
                                        "multi:softmax",
                                        "multi:softprob",
                                        "rank:pairwise",
                                        "rank:ndcg",
                                        "rank:map",
                                        "reg:linear",
                                        "reg:squarederror",
                                        "reg:squaredlogerror",
                                        "reg:pseudohubererror",
                                        "reg:absoluteerror",
                                        "reg:quantileerror",
                                        "reg:expectileerror"};
    float base = (float)score;
    bool old_raw = is_before(x, 1, 3) && strcmp(objective, "binary:logitraw") == 0;
    if (old_raw || is_one_of(objective, logits, COUNT(logits))) {
        if (!(base > 0 && base < 1))
            fail_at(x->file->path, 0, "base_score is %g, not a probability", score);
        return (double)-logf(1.0f / base - 1.0f);
    }
    if (is_one_of(objective, logs, COUNT(logs))) {
        if (!(base > 0)) fail_at(x->file->path, 0, "base_score is %g, not positive", score);
        return (double)logf(base);
    }
    if (!is_one_of(objective, plain, COUNT(plain)))
        fail_at(x->file->path, 0,
                "objective '%.40s' is not known here, and so what its base_score means", objective);
    return (double)base;
#undef COUNT
}

static double *read_base(struct xgboost *x, struct network *network, const char *objective)
{
    double *base = arena_alloc(&network->arena, (size_t)x->outputs, sizeof *base);
    const cJSON *parameters = json_find(x->learner, "learner_model_param");
    const char *text = json_string(parameters, "base_score", NULL);
    double score = text ? 0 : json_number(parameters, "base_score", 0.5);
    int count = 0;
    if (text && *text == '[') text++;
    for (int k = 0; k < x->outputs; k++) {
        char *end;
        if (text && (k == 0 || *text == ',')) {
            double next = strtod(text + (k > 0), &end);
            if (end == text + (k > 0)) fail_at(x->file->path, 0, "base_score is not a number");
            score = next;
            text = end;
            count++;
        }
        base[k] = base_margin(x, objective, score);
    }
    if (count > 1 && count != x->outputs)
        fail_at(x->file->path, 0, "base_score has %d numbers for %d outputs", count, x->outputs);
    return base;
}

static void name_features(const struct xgboost *x, struct network *network)
{
    if (!x->names || x->features == 0) return;
    const cJSON *item;
    int i = 0;
    network->feature_names = arena_alloc(&network->arena, (size_t)x->features, sizeof(char *));
    cJSON_ArrayForEach(item, x->names) network->feature_names[i++] =
        arena_strdup(&network->arena, cJSON_IsString(item) ? item->valuestring : "");
}

struct network *import_xgboost(const struct model_file *file, const cJSON *json)
{
    struct xgboost x = {.file = file, .learner = json_find(json, "learner")};
    read_shape(&x, json);
    read_booster(&x);
    struct number_list groups =
        import_numbers(&x.arena, file->path, json_find(x.model, "tree_info"), "tree_info");
    if (groups.count != (size_t)x.trees)
        fail_at(file->path, 0, "tree_info has %zu entries for %d trees", groups.count, x.trees);
    struct network *network = network_new("network");
    struct trees_builder builder = {.arena = &network->arena};
    const cJSON *tree;
    int number = 0;
    cJSON_ArrayForEach(tree, json_find(x.model, "trees"))
    {
        int group = index_of(groups.values[number]);
        if (group < 0 || group >= x.outputs)
            fail_tree(&x, number, -1, "tree_info gives it a class that the model does not have");
        read_tree(&x, &builder, tree, number++, group);
    }
    const char *objective = json_string(x.learner, "objective.name", "");
    struct trees settings = {.arithmetic = TREES_FLOAT, .base = read_base(&x, network, objective)};
    /* Old predictors added the base behind the trees. */
    settings.base_last = is_before(&x, 1, x.drop.values ? 4 : 3);
    name_features(&x, network);
    bool softmax = strncmp(objective, "multi:", 6) == 0;
    bool sigmoid =
        strcmp(objective, "binary:logistic") == 0 || strcmp(objective, "reg:logistic") == 0;
    import_finish(file, network, &builder, settings, x.features, x.outputs,
                  softmax   ? LAYER_SOFTMAX
                  : sigmoid ? LAYER_SIGMOID
                            : LAYER_INPUT);
    arena_free(&x.arena);
    return network;
}
