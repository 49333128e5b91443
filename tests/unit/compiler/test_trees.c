/* Ensembles of trees compiled: random ones, with every front and output, against the
 * double-precision reference, event by event, exactly; and what their programs look like. */
#include "../fixture.h"

#include "../model/tree_cases.h"
#include "compiler/compile.h"
#include "compiler/trees/image.h"
#include "model/reference.h"

#include <math.h>

enum { EVENTS = 2000 };
static double x[EVENTS * TREE_FEATURES], expected[EVENTS * 8], got[EVENTS * 8];
static int64_t in[EVENTS * TREE_FEATURES], out[EVENTS * 8];

static struct compile_options options_for(int number)
{
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 40;
    if (number % 5 == FRONT_NONE) options.input_format = "fixed<7,3>";
    return options;
}

/* The decision that the reference's scores mean. */
static double decide(const double *scores, int outputs, const struct compile_options *options)
{
    int best = 0;
    if (options->output == COMPILE_THRESHOLD) return scores[0] >= options->threshold;
    for (int k = 1; k < outputs; k++)
        if (scores[k] > scores[best]) best = k;
    return best;
}

/* Returns whether the program has loops. */
static bool expect_equal(int number, struct compile_options *options)
{
    struct network *network = case_trees(number);
    compile_prepare(network, options, "case");
    struct program *p = compile_network(network, options, NULL);
    int last = compile_output_layer(network, options), outputs = network->layers[last].size;
    case_tree_events(number, x, EVENTS);
    reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, last, expected);
    program_quantize_inputs(p, x, EVENTS, in);
    program_eval(p, in, EVENTS, out);
    program_scale_outputs(p, out, EVENTS, got);
    for (int e = 0; e < EVENTS; e++) {
        const double *scores = expected + e * outputs;
        if (options->output == COMPILE_LOGITS)
            assert_memory_equal(got + e * outputs, scores, (size_t)outputs * sizeof *scores);
        else
            assert_true(got[e] == decide(scores, outputs, options));
    }
    bool loops = program_has_loops(p);
    program_free(p);
    network_free(network);
    return loops;
}

static void test_scores(void **state)
{
    (void)state;
    for (int number = 0; number < TREE_CASES; number++) {
        struct compile_options options = options_for(number);
        expect_equal(number, &options);
    }
}

static void test_decisions(void **state)
{
    (void)state;
    for (int number = 0; number < TREE_CASES; number++) {
        struct compile_options options = options_for(number);
        bool distance = number % 11 == 7 && number % 5 < FRONT_BUCKETS;
        bool single = distance || number % 4 == 0;
        options.output = single ? COMPILE_THRESHOLD : COMPILE_ARGMAX;
        for (options.threshold = -1; options.threshold <= 2; options.threshold += 0.75)
            expect_equal(number, &options);
    }
}

/* The same on a fabric whose subtractions cost inverters, at a clock that needs many stages. */
static void test_other_fabric(void **state)
{
    (void)state;
    struct target target = target_generic;
    target.carry_inverts_for_free = !target.carry_inverts_for_free;
    for (int number = 0; number < TREE_CASES; number++) {
        struct compile_options options = options_for(number);
        options.target = &target;
        options.clock_mhz = 120;
        expect_equal(number, &options);
    }
}

static int count_trees(int number)
{
    struct network *network = case_trees(number);
    int count = 0;
    for (int i = 0; i < network->layer_count; i++)
        if (network->layers[i].kind == LAYER_TREES) count = network->layers[i].trees->tree_count;
    network_free(network);
    return count;
}

static struct target target_with_memories(void)
{
    struct target target = target_generic;
    target.ram_bits = 4096;
    target.ram_width_max = 16;
    return target;
}

static int count_blocks(const struct program *p)
{
    int count = 0;
    for (int i = 0; i < p->table_count; i++)
        count += p->tables[i].in_block;
    return count;
}

/* The same with trees taken in turn, by one engine and by several, with block memories and without
 * them. */
static void test_reuse(void **state)
{
    (void)state;
    static const int factors[] = {2, 3, 5, 100};
    struct target target = target_with_memories();
    int walked = 0;
    for (int number = 0; number < TREE_CASES; number++) {
        struct compile_options options = options_for(number);
        int most = count_trees(number), factor = factors[number % 4];
        if (most < 2) continue; /* nothing to take in turn */
        options.reuse = factor < most ? factor : most;
        options.resource = true;
        if (number % 2) options.target = &target;
        walked += expect_equal(number, &options);
        if (number % 4 == 0) continue;
        options.output = COMPILE_ARGMAX;
        walked += expect_equal(number, &options);
    }
    assert_true(walked > TREE_CASES);
    struct compile_options options = options_for(5); /* of 46 trees */
    struct network *network = case_trees(5);
    for (int i = 0; i < network->layer_count; i++) /* so small that they come to nothing */
        if (network->layers[i].kind == LAYER_TREES) network->layers[i].trees->divisor = 1;
    options.reuse = 46;
    options.resource = true;
    options.target = &target;
    compile_prepare(network, &options, "case");
    struct program *p = compile_network(network, &options, NULL);
    assert_int_equal(p->interval_cycles, 46);
    assert_true(count_blocks(p) > 2);
    program_free(p);
    network_free(network);
}

/* Another ensemble of the same shape and formats: other features, limits, values and ways of
 * missing ones, subtrees that change places. */
static struct network *case_retrained(int number)
{
    struct network *network = case_trees(number);
    struct random random = random_init(6000 + (uint64_t)number);
    for (int l = 0; l < network->layer_count; l++) {
        struct trees *trees = network->layers[l].trees;
        if (!trees) continue;
        for (int i = 0; i < trees_node_count(trees); i++) {
            struct tree_node *n = &trees->nodes[i];
            int left = n->left;
            if (n->feature < 0) continue;
            n->feature = (int)random_below(&random, TREE_FEATURES);
            n->threshold = case_threshold(&random, (enum tree_front)(number % 5));
            n->missing_left = random_below(&random, 2);
            n->left = n->right;
            n->right = left;
        }
        for (int i = 0; i < trees->value_count; i++)
            trees->values[i] = network_float32(random_normal(&random));
        for (int k = 0; trees->base && k < network->layers[l].size; k++)
            trees->base[k] = random_normal(&random);
    }
    return network;
}

/* The program computes what the network's reference does. */
static void expect_program(const struct program *p, const struct network *network, int number,
                           const struct compile_options *options)
{
    int last = compile_output_layer(network, options), outputs = network->layers[last].size;
    case_tree_events(number, x, EVENTS);
    reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, last, expected);
    program_quantize_inputs(p, x, EVENTS, in);
    program_eval(p, in, EVENTS, out);
    program_scale_outputs(p, out, EVENTS, got);
    assert_memory_equal(got, expected, (size_t)(EVENTS * outputs) * sizeof *got);
}

static bool same_contents(const struct program *a, const struct program *b)
{
    bool same = a->memory_count == b->memory_count;
    for (int m = 0; same && m < a->memory_count; m++) {
        const struct memory *one = &a->memories[m], *two = &b->memories[m];
        same = one->entries == two->entries &&
               !memcmp(one->contents, two->contents, (size_t)one->entries * sizeof *one->contents);
    }
    return same;
}

/* Tables that are loaded: the ensemble's own contents, then another's. */
static void test_loadable(void **state)
{
    (void)state;
    static const int factors[] = {2, 3, 5, 100};
    struct target target = target_with_memories();
    int loaded = 0;
    for (int number = 0; number < TREE_CASES; number++) {
        struct compile_options options = options_for(number);
        struct compile_notes notes;
        int most = count_trees(number);
        if (most < 2) continue;
        struct network *network = case_trees(number), *other = case_retrained(number);
        options.reuse = factors[number % 4] < most ? factors[number % 4] : most;
        options.all_loadable = true;
        if (number % 2) options.target = &target;
        compile_prepare(network, &options, "case");
        compile_prepare(other, &options, "other");
        for (int l = 0; l < network->layer_count; l++) { /* of imported ones they may differ */
            other->layers[l].weight_quant = network->layers[l].weight_quant;
            other->layers[l].bias_quant = network->layers[l].bias_quant;
        }
        struct program *p = compile_network(network, &options, &notes);
        assert_true(program_has_loadables(p));
        expect_program(p, network, number, &options);
        trees_image(p, notes.load.trees, network, other, "other");
        program_check(p, "image");
        expect_program(p, other, number, &options);
        struct program *whole = compile_network(other, &options, NULL);
        loaded += same_contents(p, whole); /* or its trees are not so deep */
        program_free(whole);
        program_free(p);
        compile_notes_free(&notes);
        network_free(network);
        network_free(other);
    }
    assert_true(loaded > 5);
}

/* Where logic is smaller, a factor changes nothing. */
static void test_reuse_by_cost(void **state)
{
    (void)state;
    for (int number = 0; number < TREE_CASES; number++) {
        struct compile_options options = options_for(number);
        if (count_trees(number) < 2) continue;
        options.reuse = 2;
        bool small = expect_equal(number, &options);
        if (number != 5) assert_false(small); /* 6 trees at most, but 46 there */
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char trees[] = "reuse 47: layer forest has 46 trees; factors from 1 to 46 work";
    struct compile_options options = options_for(5);
    struct layer_reuse one = {"forest", 47}, other = {"tree", 2};
    struct network *network = case_trees(5);
    compile_prepare(network, &options, "case");
    options.reuse = 47;
    EXPECT_FAIL(compile_network(network, &options, NULL), trees);
    options.reuse = 1;
    options.layer_reuse = &one;
    options.layer_reuse_count = 1;
    EXPECT_FAIL(compile_network(network, &options, NULL), trees);
    options.layer_reuse = &other;
    EXPECT_FAIL(compile_network(network, &options, NULL),
                "reuse of layer tree: the only layer to share is forest");
    network_free(network);
}

static int count_ops(const struct program *p, enum op_code code)
{
    int count = 0;
    for (int v = 0; v < p->op_count; v++)
        count += p->ops[v].code == code;
    return count;
}

/* Trees given by hand over two features of four bits. */
static struct program *compile_by_hand(const struct linked_node *const *trees, const int *counts,
                                       int tree_count)
{
    struct network *network = network_new("hand");
    int at = network_add(network, LAYER_INPUT, "x", -1, 2);
    at = network_add(network, LAYER_QUANT, "q", at, 2);
    struct format format = format_make(false, 4, 4);
    network->layers[at].quant = (struct quantizer){1, &format};
    at = network_add(network, LAYER_TREES, "trees", at, 1);
    struct trees_builder builder = {.arena = &network->arena};
    for (int t = 0; t < tree_count; t++)
        trees_add_linked(&builder, "hand", trees[t], counts[t], 0, 1, 0);
    network->layers[at].trees = trees_finish(&builder);
    network->layers[at].weight_quant = (struct quantizer){1, &format};
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 40;
    compile_prepare(network, &options, "hand");
    struct program *p = compile_network(network, &options, NULL);
    network_free(network);
    return p;
}

/* A comparison that the way to it decides, one that cannot fail, and a tree that is there twice:
 * all that is left is one truth table. */
static void test_what_goes_without_saying(void **state)
{
    (void)state;
    static const double one = 1, two = 2, three = 3;
    const struct linked_node tree[] = {
        {.feature = 0, .left = 1, .right = 4, .threshold = 7.5},
        {.feature = 0, .left = 2, .right = 3, .threshold = 11}, /* decided: x <= 7 */
        {.feature = -1, .values = &one},
        {.feature = -1, .values = &three},
        {.feature = 1, .left = 5, .right = 6, .threshold = 15}, /* always */
        {.feature = -1, .values = &two},
        {.feature = -1, .values = &three},
    };
    const struct linked_node *trees[] = {tree, tree};
    struct program *p = compile_by_hand(trees, (int[]){7, 7}, 2);
    assert_int_equal(count_ops(p, OP_LUT), 0);
    assert_int_equal(count_ops(p, OP_ADD), 1); /* of the constant */
    int64_t y[2];
    program_eval(p, (int64_t[]){7, 15, 8, 0}, 2, y);
    assert_int_equal(y[0], 2);
    assert_int_equal(y[1], 4);
    program_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_other_fabric),  cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_reuse_by_cost), cmocka_unit_test(test_loadable),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_what_goes_without_saying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
