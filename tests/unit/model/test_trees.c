/* Ensembles of trees: what they compute, what the check refuses, files written and read back. */
#include "../fixture.h"

#include "model/onnx.h"
#include "model/reference.h"
#include "tree_cases.h"

enum { EVENTS = 500 };
static double x[EVENTS * TREE_FEATURES];

/* The leaf that an event ends in, written down without regard to the reference. */
static const struct tree_node *leaf_of(const struct trees *trees, int tree, const double *event)
{
    int at = trees->first[tree];
    while (trees->nodes[at].feature >= 0) {
        const struct tree_node *n = &trees->nodes[at];
        double v = event[n->feature];
        if (trees->arithmetic != TREES_DOUBLE) v = (double)(float)v;
        bool zero = trees->zero_is_missing && trees->zero_is_missing[n->feature] &&
                    fabs(v) <= (double)1e-35f;
        at = (isnan(v) || zero ? n->missing_left : !(v > n->threshold)) ? n->left : n->right;
    }
    return &trees->nodes[at];
}

/* The float network of the cases without a quantizer or buckets in front. */
static void test_float_sums(void **state)
{
    (void)state;
    for (int number = 0; number < TREE_CASES; number += 5) {
        struct network *network = case_trees(number);
        const struct layer *layer = &network->layers[1];
        const struct trees *trees = layer->trees;
        double y[8 * EVENTS];
        case_tree_events(number, x, EVENTS);
        reference_eval(network, REFERENCE_FLOAT, x, EVENTS, 1, y);
        for (int e = 0; e < EVENTS; e++)
            for (int k = 0; k < layer->size; k++) {
                double sum = 0, base = trees->base ? trees->base[k] : 0;
                float sum32 = trees->base_last ? 0 : (float)base;
                if (!trees->base_last) sum = base;
                for (int t = 0; t < trees->tree_count; t++) {
                    const double *values =
                        trees->values + leaf_of(trees, t, x + e * TREE_FEATURES)->leaf;
                    if (trees->target[t] >= 0 && trees->target[t] != k) continue;
                    double value = values[trees->target[t] < 0 ? k : 0];
                    sum += value;
                    sum32 = (float)((double)sum32 + value);
                }
                if (trees->base_last) sum += base;
                if (trees->base_last) sum32 = (float)((double)sum32 + base);
                sum = sum * trees->factor / trees->divisor;
                sum32 = (float)((double)sum32 * trees->factor / trees->divisor);
                double expected = trees->arithmetic == TREES_FLOAT ? (double)sum32 : sum;
                assert_true(y[e * layer->size + k] == expected);
            }
        network_free(network);
    }
}

/* A distance by hand: |x - c| of the leaf, summed over features and trees. */
static void test_distance(void **state)
{
    (void)state;
    int number = 40; /* number % 11 == 7, nothing in front */
    struct network *network = case_trees(number);
    const struct trees *trees = network->layers[1].trees;
    assert_int_equal(network->layers[1].kind, LAYER_TREE_DISTANCE);
    double y[EVENTS];
    case_tree_events(number, x, EVENTS);
    reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, -1, y);
    for (int e = 0; e < EVENTS; e++) {
        const double *event = x + e * TREE_FEATURES;
        double sum = 0;
        for (int t = 0; t < trees->tree_count; t++) {
            int leaf = leaf_of(trees, t, event)->leaf;
            for (int i = 0; i < TREE_FEATURES; i++) {
                struct format f = network->layers[1].weight_quant.formats[0];
                sum += fabs(event[i] - format_quantize(f, trees->values[leaf + i]));
            }
        }
        assert_true(fabs(y[e] - sum) <= 1e-12 * sum);
    }
    network_free(network);
}

static void test_buckets(void **state)
{
    (void)state;
    struct network *network = network_new("buckets");
    network_add(network, LAYER_INPUT, "x", -1, 2);
    struct layer *layer = &network->layers[network_add(network, LAYER_BUCKETS, "b", 0, 2)];
    static int first[] = {0, 3, 5};
    static double edges[] = {-INFINITY, 0, 1.5, -2, 7};
    layer->edge_first = first;
    layer->edges = edges;
    const double events[] = {NAN, -2, -1e300, -3, 0, 6.9, 1.5, 7, 2, 8},
                 expected[] = {0, 1, 1, 0, 2, 1, 3, 2, 3, 2};
    double y[10];
    reference_eval(network, REFERENCE_FLOAT, events, 5, -1, y);
    for (int i = 0; i < 10; i++)
        assert_true(y[i] == expected[i]);
    network_free(network);
}

/* Files written and read back: the same bytes, the same numbers in both modes. */
static void test_files_come_back(void **state)
{
    (void)state;
    static double before[8 * EVENTS], after[8 * EVENTS];
    const char *path = file_join(&test_arena, test_folder, "trees.onnx");
    const char *again = file_join(&test_arena, test_folder, "again.onnx");
    for (int number = 0; number < TREE_CASES; number++) {
        struct network *network = case_trees(number);
        onnx_write(path, network);
        struct network *back = onnx_read(path);
        onnx_write(again, back);
        size_t length, other;
        const char *a = file_read(&test_arena, path, &length);
        const char *b = file_read(&test_arena, again, &other);
        assert_int_equal(length, other);
        assert_memory_equal(a, b, length);
        assert_int_equal(network->layer_count, back->layer_count);
        case_tree_events(number, x, EVENTS);
        size_t outputs = (size_t)network_output(network)->size;
        for (int mode = REFERENCE_QUANTIZED; mode <= REFERENCE_FLOAT; mode++) {
            reference_eval(network, (enum reference_mode)mode, x, EVENTS, -1, before);
            reference_eval(back, (enum reference_mode)mode, x, EVENTS, -1, after);
            assert_memory_equal(before, after, EVENTS * outputs * sizeof *before);
        }
        network_free(back);
        network_free(network);
    }
}

static void test_copies(void **state)
{
    (void)state;
    static double before[8 * EVENTS], after[8 * EVENTS];
    for (int number = 0; number < TREE_CASES; number++) {
        struct network *network = case_trees(number), *copy = network_copy(network);
        case_tree_events(number, x, EVENTS);
        size_t outputs = (size_t)network_output(network)->size;
        reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, -1, before);
        network_free(network);
        reference_eval(copy, REFERENCE_QUANTIZED, x, EVENTS, -1, after);
        assert_memory_equal(before, after, EVENTS * outputs * sizeof *before);
        network_free(copy);
    }
}

/* Nodes that are no tree. */
static void add(const struct linked_node *nodes, int count, int root)
{
    struct trees_builder builder = {.arena = &test_arena};
    trees_add_linked(&builder, "m.json", nodes, count, root, 1, 0);
    trees_finish(&builder);
}

static void test_no_trees(void **state)
{
    (void)state;
    const double value = 1;
    struct linked_node leaf = {.feature = -1, .values = &value};
    struct linked_node nodes[3] = {{.feature = 0, .left = 1, .right = 2}, leaf, leaf};
    add(nodes, 3, 0);
    EXPECT_FAIL(add(nodes, 3, 3), "m.json: tree 0 has no root");
    nodes[0].right = 3;
    EXPECT_FAIL(add(nodes, 3, 0), "m.json: tree 0, node 0: its child 3 is out of range");
    nodes[0].right = -1;
    EXPECT_FAIL(add(nodes, 3, 0), "its child -1 is out of range");
    nodes[0].right = 0;
    EXPECT_FAIL(add(nodes, 3, 0), "tree 0, node 0: two ways lead to its child 0 (a cycle?)");
    nodes[0].right = 1;
    EXPECT_FAIL(add(nodes, 3, 0), "two ways lead to its child 1");
    nodes[0].right = 2;
    nodes[0].threshold = NAN;
    EXPECT_FAIL(add(nodes, 3, 0), "tree 0, node 0: its threshold is not a number");
}

static void change(int number, int what)
{
    struct network *network = case_trees(number);
    struct trees *trees = network->layers[1].trees;
    struct tree_node *root = trees->nodes + trees->first[0];
    if (what == 0) root->feature = TREE_FEATURES;
    if (what == 1) root->left = root->right;
    if (what == 2) root->right = 0;
    if (what == 3) root->threshold = NAN;
    if (what == 4) trees->values[0] = INFINITY;
    if (what == 5) trees->target[0] = 9;
    if (what == 6) trees->base[0] = NAN;
    if (what == 7) trees->divisor = 0;
    network_check(network, "m.onnx");
    network_free(network);
}

static void test_check(void **state)
{
    (void)state;
    change(10, 8);
    EXPECT_FAIL(change(10, 0), "m.onnx: layer forest: tree 0, node 0: it asks for feature 5 of 5");
    EXPECT_FAIL(change(10, 1), "tree 0, node 1: no way leads to it");
    EXPECT_FAIL(change(10, 2), "a child is out of range or not behind it");
    EXPECT_FAIL(change(10, 3), "its threshold is not a number");
    EXPECT_FAIL(change(10, 4), "the value of the leaf is not a finite number");
    EXPECT_FAIL(change(10, 5), "tree 0 adds to output 9 of 3");
    EXPECT_FAIL(change(10, 6), "base[0] is not a finite number");
    EXPECT_FAIL(change(10, 7), "its sum is multiplied by");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float_sums), cmocka_unit_test(test_distance),
        cmocka_unit_test(test_buckets),    cmocka_unit_test(test_files_come_back),
        cmocka_unit_test(test_copies),     cmocka_unit_test(test_no_trees),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
