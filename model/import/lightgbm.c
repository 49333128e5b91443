/* LightGBM's text models (versions v2 to v4). Inputs, thresholds and sums are double precision; an
 * event goes left when x <= threshold. Per split, `decision_type` says in bits: 0 categorical, 1
 * missing goes left, 2-3 what is missing: nothing (then NaN counts as 0), zero or NaN. */
#include "model/import/import.h"

#include "base/error.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum missing_type { MISSING_NONE, MISSING_ZERO, MISSING_NAN };

struct lightgbm {
    const struct model_file *file;
    struct arena arena;
    const char *at; /* start of the present line */
    long line;
    int tree; /* -1: in the header */
    int features, per_iteration;
    bool averages;
    const char *objective;
    char *zero_is_missing; /* per feature: 0 not seen, 1 no, 2 yes */
};

_Noreturn static void fail_line(const struct lightgbm *l, const char *what, const char *key)
{
    if (l->tree < 0) fail_at(l->file->path, l->line, "%s: %s", key, what);
    fail_at(l->file->path, l->line, "tree %d: %s: %s", l->tree, key, what);
}

_Noreturn static void fail_node(const struct lightgbm *l, int node, const char *what)
{
    fail_at(l->file->path, l->line, "tree %d, node %d: %s", l->tree, node, what);
}

/* The present line's value if it is `key=value`, in the arena; NULL if it is another. */
static char *value_of(struct lightgbm *l, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(l->at, key, length) != 0 || l->at[length] != '=') return NULL;
    const char *from = l->at + length + 1;
    size_t count = strcspn(from, "\r\n");
    char *value = arena_alloc(&l->arena, count + 1, 1);
    memcpy(value, from, count);
    return value;
}

static bool next_line(struct lightgbm *l)
{
    l->at += strcspn(l->at, "\n");
    if (!*l->at) return false;
    l->at++;
    l->line++;
    return *l->at != 0;
}

static bool is_blank(const struct lightgbm *l)
{
    return *l->at == '\n' || *l->at == '\r';
}

static int whole(const struct lightgbm *l, const char *text, const char *key, long least, long most)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < least || number > most)
        fail_line(l, "a whole number in range is wanted", key);
    return (int)number;
}

/* ---- one tree -------------------------------------------------------------------------------- */

#define TREE_COLUMNS(X)                                                                            \
    X(split_feature, splits)                                                                       \
    X(threshold, splits)                                                                           \
    X(decision_type, splits) X(left_child, splits) X(right_child, splits) X(leaf_value, leaves)

struct columns {
    int leaves, splits, categories;
    bool is_linear;
#define X(name, count) double *name;
    TREE_COLUMNS(X)
#undef X
};

static double *read_column(struct lightgbm *l, const char *text, const char *key, int count)
{
    double *values = arena_alloc(&l->arena, (size_t)count + 1, sizeof *values);
    int found = 0;
    for (char *end;; found++) {
        while (*text == ' ')
            text++;
        if (!*text) break;
        double value = strtod(text, &end);
        if (end == text || (*end && *end != ' ')) fail_line(l, "an entry is not a number", key);
        if (found < count) values[found] = value;
        text = end;
    }
    if (found != count) {
        char what[80];
        snprintf(what, sizeof what, "%d entries where %d are wanted", found, count);
        fail_line(l, what, key);
    }
    return values;
}

/* Lines up to the next blank one. */
static struct columns read_columns(struct lightgbm *l)
{
    struct columns c = {0};
    const char *value;
    for (; !is_blank(l);) {
        if ((value = value_of(l, "num_leaves"))) {
            c.leaves = whole(l, value, "num_leaves", 1, 1 << 24);
            c.splits = c.leaves - 1;
        }
        if ((value = value_of(l, "num_cat"))) c.categories = whole(l, value, "num_cat", 0, 1 << 24);
        if ((value = value_of(l, "is_linear"))) c.is_linear = whole(l, value, "is_linear", 0, 1);
#define X(name, count)                                                                             \
    if (c.leaves && (value = value_of(l, #name))) c.name = read_column(l, value, #name, c.count);
        TREE_COLUMNS(X)
#undef X
        if (!next_line(l)) break;
    }
    if (!c.leaves) fail_line(l, "is missing", "num_leaves");
#define X(name, count)                                                                             \
    if (c.count && !c.name) fail_line(l, "is missing", #name);
    TREE_COLUMNS(X)
#undef X
    if (c.is_linear) fail_line(l, "trees with linear leaves are not supported", "is_linear");
    return c;
}

/* A child: splits count from 0, leaves from -1 downwards. */
static int child_of(const struct lightgbm *l, const struct columns *c, int node, double number)
{
    int child =
        number >= 0 ? (int)fmin(number, 1 << 30) : c->splits + (int)fmin(-1 - number, 1 << 30);
    if (number != floor(number) || child >= c->splits + c->leaves ||
        (number >= 0 && number >= c->splits))
        fail_node(l, node, "a child is out of range");
    return child;
}

static void note_missing(struct lightgbm *l, int node, int feature, bool zero)
{
    char *known = &l->zero_is_missing[feature];
    if (*known && *known != 1 + zero)
        fail_node(l, node,
                  "missing values of its feature are zero here and something else elsewhere; that "
                  "is not supported");
    *known = (char)(1 + zero);
}

static struct linked_node read_split(struct lightgbm *l, const struct columns *c, int i)
{
    int type = (int)fmin(fmax(c->decision_type[i], 0), 255);
    enum missing_type missing = (enum missing_type)(type >> 2 & 3);
    struct linked_node node = {.threshold = c->threshold[i]};
    if (!(c->split_feature[i] >= 0 && c->split_feature[i] < l->features))
        fail_node(l, i, "it asks for a feature that the model does not have");
    node.feature = (int)c->split_feature[i];
    if (type & 1) {
        char what[120];
        snprintf(what, sizeof what,
                 "a categorical split, of feature %d, is not supported; encode it as numbers "
                 "(one-hot)",
                 node.feature);
        fail_node(l, i, what);
    }
    if (isnan(node.threshold)) fail_node(l, i, "its threshold is not a number");
    node.left = child_of(l, c, i, c->left_child[i]);
    node.right = child_of(l, c, i, c->right_child[i]);
    node.missing_left = missing == MISSING_NONE ? 0 <= node.threshold : (type & 2) != 0;
    note_missing(l, i, node.feature, missing == MISSING_ZERO);
    return node;
}

static void read_tree(struct lightgbm *l, struct trees_builder *builder)
{
    struct columns c = read_columns(l);
    struct arena scratch = {0};
    int count = c.splits + c.leaves;
    struct linked_node *nodes = arena_alloc(&scratch, (size_t)count, sizeof *nodes);
    for (int i = 0; i < c.splits; i++)
        nodes[i] = read_split(l, &c, i);
    for (int i = 0; i < c.leaves; i++) {
        if (!isfinite(c.leaf_value[i]))
            fail_node(l, c.splits + i, "the value of the leaf is not a finite number");
        nodes[c.splits + i] = (struct linked_node){.feature = -1, .values = &c.leaf_value[i]};
    }
    trees_add_linked(builder, l->file->path, nodes, count, 0, 1, l->tree % l->per_iteration);
    arena_free(&scratch);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void name_features(struct lightgbm *l, struct network *network, char *text)
{
    const char **names = arena_alloc(&network->arena, (size_t)l->features, sizeof *names);
    int found = 0;
    for (char *name = strtok(text, " "); name; name = strtok(NULL, " "), found++)
        if (found < l->features) names[found] = arena_strdup(&network->arena, name);
    if (found == l->features) network->feature_names = names;
}

/* Lines up to the first tree. */
static void read_header(struct lightgbm *l, struct network *network)
{
    char *value, *names = NULL;
    l->objective = "";
    do {
        if ((value = value_of(l, "max_feature_idx")))
            l->features = whole(l, value, "max_feature_idx", 0, 1 << 20) + 1;
        if ((value = value_of(l, "num_tree_per_iteration")))
            l->per_iteration = whole(l, value, "num_tree_per_iteration", 1, 1 << 16);
        if ((value = value_of(l, "objective"))) l->objective = value;
        if ((value = value_of(l, "feature_names"))) names = value;
        if (strncmp(l->at, "average_output", 14) == 0) l->averages = true;
        if (strncmp(l->at, "Tree=", 5) == 0) break;
    } while (next_line(l));
    if (!l->features) fail_line(l, "is missing", "max_feature_idx");
    if (!l->per_iteration) fail_line(l, "is missing", "num_tree_per_iteration");
    if (names) name_features(l, network, names);
}

static enum layer_kind behind(const struct lightgbm *l)
{
    double slope = 1;
    const char *sigmoid = strstr(l->objective, "sigmoid:");
    if (sigmoid) slope = strtod(sigmoid + strlen("sigmoid:"), NULL);
    if (strncmp(l->objective, "multiclass ", 11) == 0) return LAYER_SOFTMAX;
    if (slope == 1 && l->per_iteration == 1 &&
        (strncmp(l->objective, "binary", 6) == 0 ||
         strncmp(l->objective, "cross_entropy", 13) == 0))
        return LAYER_SIGMOID;
    return LAYER_INPUT;
}

struct network *import_lightgbm(const struct model_file *file)
{
    struct lightgbm l = {.file = file, .at = file->text, .line = 1, .tree = -1};
    struct network *network = network_new("network");
    struct trees_builder builder = {.arena = &network->arena};
    if (strlen(file->text) != file->length)
        fail_at(file->path, 0, "a NUL byte in a text model; the file is damaged");
    read_header(&l, network);
    l.zero_is_missing = arena_alloc(&l.arena, (size_t)l.features, 1);
    const char *value;
    bool more = *l.at != 0, ended = false;
    while (more && !ended) {
        if ((value = value_of(&l, "Tree"))) {
            l.tree++;
            if (whole(&l, value, "Tree", 0, 1 << 24) != l.tree)
                fail_line(&l, "it is not the next tree's number", "Tree");
            read_tree(&l, &builder);
        }
        ended = strncmp(l.at, "end of trees", 12) == 0;
        more = *l.at && next_line(&l);
    }
    if (l.tree < 0) fail_line(&l, "there is none", "Tree");
    if (!ended) fail_line(&l, "the file is truncated: 'end of trees' does not come", "Tree");
    int trees = l.tree + 1;
    if (trees % l.per_iteration) fail_line(&l, "the last iteration lacks trees", "Tree");
    struct trees settings = {.arithmetic = TREES_DOUBLE};
    if (l.averages) settings.divisor = trees / l.per_iteration;
    for (int i = 0; i < l.features; i++) {
        if (l.zero_is_missing[i] != 2) continue;
        if (!settings.zero_is_missing)
            settings.zero_is_missing =
                arena_alloc(&network->arena, (size_t)l.features, sizeof *settings.zero_is_missing);
        settings.zero_is_missing[i] = true;
    }
    import_finish(file, network, &builder, settings, l.features, l.per_iteration, behind(&l));
    arena_free(&l.arena);
    return network;
}
