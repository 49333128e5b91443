/* network_shrink(): the same outputs from fewer elements. */
#include "data/random.h"
#include "model/reference.h"
#include "model/shrink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 3, HIDDEN = 8, OUTPUTS = 2, EVENTS = 200, NETWORKS = 60 };

static int add_dense(struct network *n, struct random *random, int input, int size)
{
    int inputs = n->layers[input].size, at = network_add(n, LAYER_DENSE, "dense", input, size);
    struct layer *l = &n->layers[at];
    size_t count = (size_t)inputs * (size_t)size;
    l->weights = arena_alloc(&n->arena, count, sizeof(double));
    l->weight_quant.formats = arena_alloc(&n->arena, count, sizeof(struct format));
    l->weight_quant.count = (int)count;
    for (size_t i = 0; i < count; i++) {
        l->weights[i] = random_below(random, 3) ? 0 : random_normal(random);
        l->weight_quant.formats[i] = format_make(true, 5, 2);
    }
    if (random_below(random, 3) == 0) return at;
    l->bias = arena_alloc(&n->arena, (size_t)size, sizeof(double));
    for (int j = 0; j < size; j++)
        l->bias[j] = random_normal(random);
    l->bias_quant.count = random_below(random, 2) ? 1 : 0;
    l->bias_quant.formats = arena_alloc(&n->arena, 1, sizeof(struct format));
    l->bias_quant.formats[0] = format_make(true, 7, 3);
    return at;
}

static int add_activation(struct network *n, struct random *random, int input)
{
    static const enum layer_kind kinds[] = {LAYER_RELU, LAYER_LEAKY_RELU, LAYER_TANH, LAYER_SIGMOID,
                                            LAYER_SIGN};
    int size = n->layers[input].size;
    int at = network_add(n, kinds[random_below(random, 5)], "activation", input, size);
    n->layers[at].alpha = 0.25;
    at = network_add(n, LAYER_QUANT, "quant", at, size);
    n->layers[at].quant.count = size;
    n->layers[at].quant.formats = arena_alloc(&n->arena, (size_t)size, sizeof(struct format));
    for (int j = 0; j < size; j++)
        n->layers[at].quant.formats[j] = format_make(true, 2 + (int)random_below(random, 5), 2);
    return at;
}

static struct network *make_network(struct random *random)
{
    struct network *n = network_new("shrinks");
    int at = network_add(n, LAYER_INPUT, "x", -1, INPUTS);
    at = network_add(n, LAYER_QUANT, "q", at, INPUTS);
    n->layers[at].quant.count = 1;
    n->layers[at].quant.formats = arena_alloc(&n->arena, 1, sizeof(struct format));
    n->layers[at].quant.formats[0] = format_make(true, 6, 3);
    for (int k = 0; k < 2; k++)
        at = add_activation(n, random, add_dense(n, random, at, HIDDEN));
    add_dense(n, random, at, OUTPUTS);
    network_round_to_float32(n);
    network_check(n, "made-up");
    return n;
}

static void test_same_outputs(void **state)
{
    (void)state;
    struct random random = random_init(31);
    double *x = malloc(sizeof(double) * EVENTS * INPUTS);
    double *before = malloc(sizeof(double) * EVENTS * OUTPUTS);
    double *after = malloc(sizeof(double) * EVENTS * OUTPUTS);
    for (int i = 0; i < EVENTS * INPUTS; i++)
        x[i] = 2 * random_normal(&random);
    int removed = 0;
    for (int k = 0; k < NETWORKS; k++) {
        struct network *n = make_network(&random);
        reference_eval(n, REFERENCE_QUANTIZED, x, EVENTS, -1, before);
        removed += network_shrink(n);
        network_check(n, "shrunk");
        assert_int_equal(n->layers[0].size, INPUTS);
        assert_int_equal(network_output(n)->size, OUTPUTS);
        reference_eval(n, REFERENCE_QUANTIZED, x, EVENTS, -1, after);
        /* Constants that are no short numbers (of a sigmoid without its quantizer) do not occur. */
        assert_memory_equal(before, after, sizeof(double) * EVENTS * OUTPUTS);
        assert_int_equal(network_shrink(n), 0);
        network_free(n);
    }
    assert_true(removed > NETWORKS);
    free(x);
    free(before);
    free(after);
}

/* All weights of a layer zero: the outputs are constants, one element stays. */
static void test_nothing_left(void **state)
{
    (void)state;
    struct random random = random_init(5);
    struct network *n = make_network(&random);
    struct layer *last = &n->layers[n->layer_count - 1];
    for (int i = 0; i < HIDDEN * OUTPUTS; i++)
        last->weights[i] = 0;
    assert_true(network_shrink(n) >= 2 * (HIDDEN - 1));
    network_check(n, "shrunk");
    assert_int_equal(n->layers[last->input].size, 1);
    network_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_outputs),
                                       cmocka_unit_test(test_nothing_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
