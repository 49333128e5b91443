/* TMVA's XML weight files of method BDT (ROOT). Inputs, cuts, responses and weights are float32,
 * sums double; an event goes to the node marked "r" when x >= cut (cType 1) or when not (cType 0).
 * Boosted by AdaBoost, bagging, ...: sum of boostWeight * type (or purity, or response) / sum of
 * boostWeight. By gradient: the sum of the responses, before TMVA's 2 / (1 + exp(-2 sum)) - 1 or,
 * with several classes, softmax; a regression adds the first boostWeight at the end. */
#include "model/import/import.h"

#include "base/error.h"

#include <expat.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 4000 }; /* of nested nodes */

struct tmva {
    const struct model_file *file;
    XML_Parser parser;
    struct arena arena;
    struct network *network;
    struct trees_builder builder;
    int features, classes, trees, named;
    char option[40]; /* name of the option whose text is being read */
    bool is_gradient, is_r2, uses_type, ignores_weights, is_regression, is_multiclass;
    double weight, weight_sum, first_weight; /* boostWeight of the present tree, of all, of one */
    /* The present tree. */
    struct linked_node *nodes;
    size_t node_capacity;
    double *values;
    bool *swaps; /* right is where x < cut */
    size_t value_capacity, swap_capacity;
    int node_count, depth, open[MAX_DEPTH];
};

_Noreturn static void fail_tmva(const struct tmva *t, const char *what)
{
    fail_at(t->file->path, (long)XML_GetCurrentLineNumber(t->parser), "%s", what);
}

_Noreturn static void fail_node(const struct tmva *t, int node, const char *what)
{
    fail_at(t->file->path, (long)XML_GetCurrentLineNumber(t->parser), "tree %d, node %d: %s",
            t->builder.tree_count, node, what);
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(attributes[0], name) == 0) return attributes[1];
    return NULL;
}

static double number_of(const struct tmva *t, const XML_Char **attributes, const char *name)
{
    const char *text = attribute(attributes, name);
    char *end;
    double value = text ? strtod(text, &end) : 0;
    if (!text || end == text || *end)
        fail_at(t->file->path, (long)XML_GetCurrentLineNumber(t->parser),
                "attribute %s is missing or no number", name);
    return value;
}

static int whole_of(const struct tmva *t, const XML_Char **attributes, const char *name, int least,
                    int most)
{
    double value = number_of(t, attributes, name);
    if (!(value >= least && value <= most) || value != floor(value))
        fail_at(t->file->path, (long)XML_GetCurrentLineNumber(t->parser),
                "attribute %s is %g, out of range", name, value);
    return (int)value;
}

/* A number that TMVA keeps as float32. */
static float single_of(const struct tmva *t, const XML_Char **attributes, const char *name)
{
    double value = number_of(t, attributes, name); /* which says what is wrong with it */
    return isnan(value) ? NAN : strtof(attribute(attributes, name), NULL);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static float purity_of(const struct tmva *t, const XML_Char **attributes)
{
    if (attribute(attributes, "purity")) return single_of(t, attributes, "purity");
    float signal = single_of(t, attributes, "nS"); /* older files */
    return signal / (signal + single_of(t, attributes, "nB"));
}

static double leaf_value(const struct tmva *t, const XML_Char **attributes)
{
    if (t->is_gradient) return (double)single_of(t, attributes, "res");
    double value = t->is_regression ? (double)single_of(t, attributes, "res")
                   : t->uses_type   ? number_of(t, attributes, "nType")
                                    : (double)purity_of(t, attributes);
    return t->weight * value;
}

/* Links the node to the one around it. */
static void link_node(struct tmva *t, const XML_Char **attributes)
{
    const char *place = attribute(attributes, "pos");
    int here = t->node_count;
    if (t->depth == 0) return;
    int parent = t->open[t->depth - 1];
    if (!place || (*place != 'l' && *place != 'r'))
        fail_node(t, here, "its place (pos) is neither l nor r");
    int *child = *place == 'l' ? &t->nodes[parent].left : &t->nodes[parent].right;
    if (t->nodes[parent].feature < 0) fail_node(t, here, "it stands below a leaf");
    if (*child >= 0) fail_node(t, here, "the node above it has two children at one side");
    *child = here;
}

static void begin_node(struct tmva *t, const XML_Char **attributes)
{
    int here = t->node_count;
    if (t->depth == MAX_DEPTH) fail_node(t, here, "the tree is too deep");
    if (here && !t->depth) fail_node(t, here, "a second root");
    size_t needed = (size_t)here + 1;
    t->nodes = array_grow(t->nodes, &t->node_capacity, needed, sizeof *t->nodes);
    t->values = array_grow(t->values, &t->value_capacity, needed, sizeof *t->values);
    t->swaps = array_grow(t->swaps, &t->swap_capacity, needed, sizeof *t->swaps);
    int feature = whole_of(t, attributes, "IVar", -1, 1 << 20);
    bool is_leaf = whole_of(t, attributes, "nType", -99, 99) != 0 || feature < 0;
    if (attribute(attributes, "NCoef") && number_of(t, attributes, "NCoef") != 0)
        fail_node(t, here, "cuts on a Fisher discriminant are not supported");
    t->nodes[here] = (struct linked_node){.feature = -1, .left = -1, .right = -1};
    if (is_leaf) {
        t->values[here] = leaf_value(t, attributes);
        if (!isfinite(t->values[here])) fail_node(t, here, "its value is not a finite number");
    } else {
        float cut = single_of(t, attributes, "Cut");
        if (isnan(cut)) fail_node(t, here, "its threshold is not a number");
        if (feature >= t->features)
            fail_node(t, here, "it asks for a feature that the model does not have");
        t->nodes[here].feature = feature;
        t->nodes[here].threshold = (double)nextafterf(cut, -INFINITY);
        t->nodes[here].missing_left = true; /* NaN >= cut is false */
    }
    link_node(t, attributes);
    t->open[t->depth++] = here;
    t->node_count++;
    t->swaps[here] = !is_leaf && whole_of(t, attributes, "cType", 0, 1) == 0;
}

static void end_node(struct tmva *t)
{
    int here = t->open[--t->depth];
    struct linked_node *node = &t->nodes[here];
    if (node->feature >= 0 && (node->left < 0 || node->right < 0))
        fail_node(t, here, "a child is missing");
    if (!t->swaps[here]) return;
    int left = node->left;
    node->left = node->right;
    node->right = left;
}

static void end_tree(struct tmva *t)
{
    if (!t->node_count) fail_tmva(t, "a tree without nodes");
    for (int i = 0; i < t->node_count; i++)
        t->nodes[i].values = &t->values[i];
    int tree = t->builder.tree_count, outputs = t->is_multiclass ? t->classes : 1;
    trees_add_linked(&t->builder, t->file->path, t->nodes, t->node_count, 0, 1, tree % outputs);
    if (tree == 0) t->first_weight = t->weight;
    t->weight_sum += t->weight;
    t->node_count = 0;
}

/* ---- elements -------------------------------------------------------------------------------- */

static void begin_setup(struct tmva *t, const XML_Char **attributes)
{
    const char *method = attribute(attributes, "Method");
    if (!method || strncmp(method, "BDT", 3) != 0)
        fail_at(t->file->path, (long)XML_GetCurrentLineNumber(t->parser),
                "method '%.40s' is not supported; BDT is", method ? method : "");
}

static void begin_variables(struct tmva *t, const XML_Char **attributes)
{
    t->features = whole_of(t, attributes, "NVar", 1, 1 << 20);
    t->network->feature_names =
        arena_alloc(&t->network->arena, (size_t)t->features, sizeof(char *));
}

static void begin_variable(struct tmva *t, const XML_Char **attributes)
{
    const char *label = attribute(attributes, "Label");
    if (t->named < t->features)
        t->network->feature_names[t->named++] =
            arena_strdup(&t->network->arena, label ? label : "");
}

static void begin_weights(struct tmva *t, const XML_Char **attributes)
{
    t->trees = whole_of(t, attributes, "NTrees", 1, 1 << 24);
    if (!t->features) fail_tmva(t, "the list of variables is missing");
    if (t->is_r2)
        fail_tmva(t, "regression by AdaBoost.R2 (a median of trees) is not supported; Grad is");
    if (t->is_multiclass && !t->is_gradient)
        fail_tmva(t, "several classes are supported with BoostType Grad alone");
    if (t->is_multiclass && t->classes < 2) fail_tmva(t, "the list of classes is missing");
}

static void begin_tree(struct tmva *t, const XML_Char **attributes)
{
    if (!t->trees) fail_tmva(t, "a tree outside of Weights");
    if (t->depth) fail_tmva(t, "a tree inside of a tree");
    t->weight = t->ignores_weights ? 1 : (double)single_of(t, attributes, "boostWeight");
    if (!isfinite(t->weight)) fail_tmva(t, "boostWeight is not a finite number");
}

static void read_info(struct tmva *t, const XML_Char **attributes)
{
    const char *name = attribute(attributes, "name"), *value = attribute(attributes, "value");
    if (!name || !value || strcmp(name, "AnalysisType") != 0) return;
    t->is_regression = strcmp(value, "Regression") == 0;
    t->is_multiclass = strcmp(value, "Multiclass") == 0;
}

static void XMLCALL begin_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct tmva *t = context;
    if (strcmp(name, "MethodSetup") == 0) begin_setup(t, attributes);
    if (strcmp(name, "Variables") == 0) begin_variables(t, attributes);
    if (strcmp(name, "Variable") == 0) begin_variable(t, attributes);
    if (strcmp(name, "Info") == 0) read_info(t, attributes);
    if (strcmp(name, "Classes") == 0) t->classes = whole_of(t, attributes, "NClass", 1, 1 << 16);
    if (strcmp(name, "Targets") == 0 && whole_of(t, attributes, "NTrgt", 0, 1 << 16) > 1)
        fail_tmva(t, "more than one target is not supported");
    if (strcmp(name, "Transformations") == 0 && whole_of(t, attributes, "NTransformations", 0, 99))
        fail_tmva(t, "transformed variables (VarTransform) are not supported; train without");
    if (strcmp(name, "Weights") == 0) begin_weights(t, attributes);
    if (strcmp(name, "BinaryTree") == 0) begin_tree(t, attributes);
    if (strcmp(name, "Node") == 0) begin_node(t, attributes);
    t->option[0] = 0;
    const char *option = attribute(attributes, "name");
    if (strcmp(name, "Option") == 0 && option && strlen(option) < sizeof t->option)
        strcpy(t->option, option);
}

static void XMLCALL end_element(void *context, const XML_Char *name)
{
    struct tmva *t = context;
    if (strcmp(name, "Node") == 0) end_node(t);
    if (strcmp(name, "BinaryTree") == 0) end_tree(t);
    t->option[0] = 0;
}

static void XMLCALL read_text(void *context, const XML_Char *text, int length)
{
    struct tmva *t = context;
    bool is_true = length == 4 && memcmp(text, "True", 4) == 0;
    if (strcmp(t->option, "BoostType") == 0) {
        t->is_gradient = length == 4 && memcmp(text, "Grad", 4) == 0;
        t->is_r2 = length == 10 && memcmp(text, "AdaBoostR2", 10) == 0;
    }
    if (strcmp(t->option, "UseYesNoLeaf") == 0) t->uses_type = is_true;
    if (strcmp(t->option, "UseWeightedTrees") == 0) t->ignores_weights = !is_true;
    if (strcmp(t->option, "DoPreselection") == 0 && is_true)
        fail_tmva(t, "cuts before the trees (DoPreselection) are not supported");
}

struct network *import_tmva(const struct model_file *file)
{
    struct tmva t = {.file = file, .parser = XML_ParserCreate(NULL), .network = network_new(NULL)};
    if (!t.parser) fail("out of memory");
    t.builder.arena = &t.network->arena;
    t.uses_type = true;
    XML_SetUserData(t.parser, &t);
    XML_SetElementHandler(t.parser, begin_element, end_element);
    XML_SetCharacterDataHandler(t.parser, read_text);
    if (file->length > 1 << 30 ||
        XML_Parse(t.parser, file->text, (int)file->length, XML_TRUE) != XML_STATUS_OK)
        fail_tmva(&t, XML_ErrorString(XML_GetErrorCode(t.parser)));
    XML_ParserFree(t.parser);
    t.parser = NULL;
    if (t.builder.tree_count == 0) fail_at(file->path, 0, "the file holds no trees of TMVA's BDT");
    if (t.builder.tree_count != t.trees)
        fail_at(file->path, 0, "there are %d trees where NTrees says %d", t.builder.tree_count,
                t.trees);
    if (t.named != t.features)
        fail_at(file->path, 0, "there are %d variables where NVar says %d", t.named, t.features);
    struct trees settings = {.arithmetic = TREES_MIXED, .base_last = true};
    if (!t.is_gradient) settings.divisor = t.weight_sum;
    if (!t.is_gradient && !(t.weight_sum > DBL_EPSILON))
        fail_at(file->path, 0, "the sum of all boostWeight is not positive");
    if (t.is_gradient && t.is_regression) {
        settings.base = arena_alloc(&t.network->arena, 1, sizeof *settings.base);
        settings.base[0] = t.first_weight;
    }
    import_finish(file, t.network, &t.builder, settings, t.features,
                  t.is_multiclass ? t.classes : 1, t.is_multiclass ? LAYER_SOFTMAX : LAYER_INPUT);
    free(t.nodes);
    free(t.values);
    free(t.swaps);
    arena_free(&t.arena);
    return t.network;
}
