/* Attribution: known shares of small programs, sums that equal the totals, paths and neurons. */
#include "base/error.h"
#include "compiler/estimate/attribute.h"
#include "compiler/estimate/critical.h"
#include "compiler/estimate/neurons.h"
#include "compiler/schedule/schedule.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct program *schedule(struct program *p, double clock_mhz)
{
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = clock_mhz;
    struct program *scheduled = schedule_program(p, &options);
    program_free(p);
    return scheduled;
}

/* The program's inputs: four of 8 bits. */
static struct program *begin(int *x)
{
    struct program *p = program_new("small");
    program_begin_block(p, "sums", "dense");
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        x[i] = program_add_input(p, names[i], format_make(true, 8, 8), 1, 0);
    return p;
}

static int64_t bits(const struct program *p, int value)
{
    return (int64_t)op_adder_bits(p, value) * ATTRIBUTE_UNITS;
}

static int64_t adder_units(const struct cost *cost)
{
    return cost->units[COST_ADDER_BITS];
}

static const struct weight_cost *find_weight(const struct attribution *to, int neuron, int argument)
{
    for (int i = 0; i < to->weight_count; i++)
        if (to->weights[i].neuron == neuron && to->weights[i].argument == argument)
            return &to->weights[i];
    return NULL;
}

/* y = a + b, z = (a + b) + c, w = (a + b) - d: the adder of a + b serves three neurons, one of
 * which it is. */
static void a_shared_adder_is_divided(void **state)
{
    (void)state;
    int x[4];
    struct program *p = begin(x);
    int y = program_add2(p, OP_ADD, x[0], x[1], 0), z = program_add2(p, OP_ADD, y, x[2], 0),
        w = program_add2(p, OP_SUB, y, x[3], 0);
    program_add_output(p, "w", w);
    program_add_output(p, "y", y);
    program_add_output(p, "z", z);
    p = schedule(p, 20);
    assert_int_equal(op_adder_bits(p, y), 9);
    struct attribution *to = attribute_costs(p, &target_generic);
    assert_int_equal(to->neuron_count, 3);
    assert_int_equal(to->neurons[0].value, y);
    assert_int_equal(to->neurons[1].value, z);
    assert_int_equal(to->neurons[2].value, w);
    int64_t third = bits(p, y) / 3;
    assert_int_equal(adder_units(&to->neurons[0].cost), third);
    assert_int_equal(adder_units(&to->neurons[1].cost), third + bits(p, z));
    assert_int_equal(adder_units(&to->neurons[2].cost), third + bits(p, w));
    assert_int_equal(to->neurons[0].own_adder_bits, 0);
    assert_int_equal(to->neurons[1].own_adder_bits, bits(p, z));
    assert_int_equal(to->sharers[y], 3);
    assert_int_equal(to->neuron_of[y], 0);
    assert_int_equal(to->neuron_of[z], 1);
    /* z: a and b have a sixth of the shared adder each and a third of its own */
    const struct weight_cost *a = find_weight(to, 1, x[0]), *c = find_weight(to, 1, x[2]);
    assert_int_equal(a->share, third / 2 + bits(p, z) / 3);
    assert_int_equal(c->share, bits(p, z) / 3);
    /* without c, z is y; without a, the shared adder is still there for y */
    assert_int_equal(c->saved, op_adder_bits(p, z));
    assert_int_equal(a->saved, 0);
    assert_null(find_weight(to, 1, x[3]));
    assert_null(find_weight(to, 1, -1));
    attribution_free(to);
    program_free(p);
}

/* A chain of one neuron alone: everything is its own; a constant is an argument like the others. */
static void constants_are_an_argument(void **state)
{
    (void)state;
    int x[4];
    struct program *p = begin(x);
    int s = program_add2(p, OP_ADD, x[0], program_add_const(p, 5, 0), 0);
    int y = program_add2(p, OP_ADD, s, x[1], 1);
    program_add_output(p, "y", y);
    p = schedule(p, 20);
    struct attribution *to = attribute_costs(p, &target_generic);
    assert_int_equal(to->neuron_count, 1);
    assert_int_equal(to->neurons[0].own_adder_bits, bits(p, s) + bits(p, y));
    const struct weight_cost *bias = find_weight(to, 0, -1), *b = find_weight(to, 0, x[1]);
    assert_int_equal(bias->share, bits(p, s) / 2 + bits(p, y) / 3);
    assert_int_equal(bias->saved, op_adder_bits(p, s));
    assert_int_equal(b->saved, op_adder_bits(p, y));
    attribution_free(to);
    program_free(p);
}

/* 17 sharers do not divide the units: the first have one more, and nothing is lost. */
static void remainders_go_to_the_first(void **state)
{
    (void)state;
    enum { SHARERS = 17 };
    int x[4], values[SHARERS];
    struct program *p = begin(x);
    int shared = program_add2(p, OP_ADD, x[0], x[1], 0);
    for (int i = 0; i < SHARERS; i++) {
        values[i] = program_add2(p, OP_ADD, shared, x[2], i);
        program_add_output(p, "y", values[i]);
    }
    p = schedule(p, 20);
    struct attribution *to = attribute_costs(p, &target_generic);
    assert_int_equal(to->neuron_count, SHARERS);
    int64_t sum = 0, least = bits(p, shared) / SHARERS, rest = bits(p, shared) % SHARERS;
    assert_true(rest > 0);
    for (int i = 0; i < SHARERS; i++) {
        int64_t share = adder_units(&to->neurons[i].cost) - bits(p, values[i]);
        assert_int_equal(share, least + (i < rest));
        sum += share;
    }
    assert_int_equal(sum, bits(p, shared));
    attribution_free(to);
    program_free(p);
}

/* 3 a: both operands are the same term, and its adder goes once. */
static void a_term_saves_an_adder_once(void **state)
{
    (void)state;
    int x[4];
    struct program *p = begin(x);
    int triple = program_add2(p, OP_ADD, x[0], x[0], 1);
    int y = program_add2(p, OP_ADD, triple, x[1], 0);
    program_add_output(p, "y", y);
    p = schedule(p, 20);
    struct attribution *to = attribute_costs(p, &target_generic);
    assert_int_equal(find_weight(to, 0, x[0])->saved,
                     op_adder_bits(p, triple) + op_adder_bits(p, y));
    assert_int_equal(find_weight(to, 0, x[1])->saved, op_adder_bits(p, y));
    assert_int_equal(find_weight(to, 0, x[0])->share, bits(p, triple) + bits(p, y) / 2);
    attribution_free(to);
    program_free(p);
}

/* What no output depends on costs no neuron anything. */
static void unused_values_are_nobodys(void **state)
{
    (void)state;
    int x[4];
    struct program *p = begin(x);
    int y = program_add2(p, OP_ADD, x[0], x[1], 0);
    int dead = program_add2(p, OP_SUB, x[2], x[3], 0);
    program_begin_block(p, "next", "dense");
    int z = program_add2(p, OP_ADD, y, x[2], 0);
    int dead_too = program_add2(p, OP_ADD, dead, y, 0);
    program_add_output(p, "z", z);
    p = schedule(p, 20);
    struct attribution *to = attribute_costs(p, &target_generic);
    assert_int_equal(adder_units(&to->unused), bits(p, dead) + bits(p, dead_too));
    assert_int_equal(adder_units(&to->blocks[0]), bits(p, y));
    assert_int_equal(adder_units(&to->blocks[1]), bits(p, z));
    assert_int_equal(to->neuron_of[dead], -1);
    assert_int_equal(to->sharers[dead], 0);
    assert_int_equal(to->neuron_count, 3); /* x[2], which the next block reads too, y and z */
    assert_int_equal(to->neurons[0].value, x[2]);
    assert_int_equal(adder_units(&to->neurons[0].cost), 0);
    attribution_free(to);
    program_free(p);
}

/* ---- any network ---- */

/* NULL: refused, for its sums are too wide or too slow, which is fine; the caller counts. */
static struct program *compile(struct network **network, uint64_t seed, double clock_mhz,
                               struct compile_options *options)
{
    struct error_trap trap;
    struct program *volatile p = NULL;
    *network = random_network(seed, 0);
    compile_options_init(options);
    options->clock_mhz = clock_mhz;
    compile_prepare(*network, options, "random");
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) p = compile_network(*network, options, NULL);
    error_set_trap(NULL);
    if (!p && !strstr(trap.message, "exact sums need") &&
        !strstr(trap.message, "ask for at most") && !strstr(trap.message, "exact products need") &&
        !strstr(trap.message, "more than 63"))
        fail_msg("%s", trap.message);
    return p;
}

static void add(struct cost *sum, const struct cost *cost)
{
    for (int k = 0; k < COST_KINDS; k++)
        sum->units[k] += cost->units[k];
}

static void check_sums(const struct program *p)
{
    struct attribution *to = attribute_costs(p, &target_generic);
    struct cost all = to->unused, neurons = to->unused, block[64] = {0};
    assert_true(p->block_count <= 64);
    add(&all, &to->control);
    add(&neurons, &to->control);
    for (int b = 0; b < p->block_count; b++)
        add(&all, &to->blocks[b]);
    int at = 0;
    for (int i = 0; i < to->neuron_count; i++) {
        int64_t weights = 0;
        add(&neurons, &to->neurons[i].cost);
        add(&block[to->neurons[i].block], &to->neurons[i].cost);
        for (; at < to->weight_count && to->weights[at].neuron == i; at++)
            weights += to->weights[at].share;
        assert_int_equal(weights, adder_units(&to->neurons[i].cost));
        assert_true(to->neurons[i].own_adder_bits <= adder_units(&to->neurons[i].cost));
    }
    assert_int_equal(at, to->weight_count);
    assert_memory_equal(&all, &to->total, sizeof all);
    assert_memory_equal(&neurons, &to->total, sizeof neurons);
    assert_memory_equal(block, to->blocks, (size_t)p->block_count * sizeof *block);
    struct program_counts counts = program_count(p, 0, p->op_count);
    struct estimate e = estimate_program(p, &target_generic);
    assert_int_equal(adder_units(&to->total), (int64_t)counts.adder_bits * ATTRIBUTE_UNITS);
    assert_int_equal(to->total.units[COST_REGISTER_BITS],
                     (int64_t)counts.register_bits * ATTRIBUTE_UNITS);
    assert_true(fabs(cost_value(&to->total, COST_LUT4) - e.lut4) < 1e-3);
    assert_true(fabs(cost_value(&to->total, COST_CELLS) - e.cells) < 1e-3);
    attribution_free(to);
}

static void parts_add_up_to_the_whole(void **state)
{
    (void)state;
    int compiled = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct network *network;
        struct compile_options options;
        struct program *p = compile(&network, seed, seed % 2 ? 40 : 10, &options);
        if (p) check_sums(p);
        compiled += p != NULL;
        program_free(p);
        network_free(network);
    }
    assert_true(compiled >= 30);
}

/* The path is one, operand by operand but for wires, and as long as the stage's longest. */
static void check_path(struct arena *arena, const struct program *p, bool whole)
{
    const struct arrival *arrivals = arrivals_find(arena, p, &target_generic, whole);
    int last = critical_last(p, arrivals, -1);
    struct logic_path path = critical_path(arena, p, &target_generic, arrivals, whole, last);
    double sum = 0;
    for (int i = 0; i < path.count; i++) {
        sum += path.ns[i];
        assert_true(path.ns[i] <= op_delay_ns(p, path.values[i], &target_generic) + 1e-9);
        if (i == 0) continue;
        assert_true(path.values[i] > path.values[i - 1]);
        if (!whole)
            assert_int_equal(p->ops[path.values[i]].stage, p->ops[path.values[i - 1]].stage);
    }
    assert_true(fabs(sum - path.total_ns) < 1e-9);
    double longest = stage_delay_ns(p, &target_generic);
    if (whole)
        assert_true(path.total_ns >= longest - 1e-9);
    else
        assert_true(fabs(path.total_ns - longest) < 1e-9);
}

static void paths_are_the_longest(void **state)
{
    (void)state;
    int compiled = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct network *network;
        struct compile_options options;
        struct arena arena = {0};
        struct program *p = compile(&network, seed, 30, &options);
        if (p) check_path(&arena, p, false);
        if (p) check_path(&arena, p, true);
        compiled += p != NULL;
        arena_free(&arena);
        program_free(p);
        network_free(network);
    }
    assert_true(compiled >= 20);
}

/* Output k carries element k of the last layer, or one of a lower number that is always equal;
 * those that are always equal are one value. Returns how many are their own. */
static int check_outputs(const struct program *p, const struct network *network, int last)
{
    struct arena arena = {0};
    size_t count = (size_t)p->op_count + 1;
    int found = 0;
    bool *candidates = arena_alloc(&arena, count, sizeof *candidates);
    int *elements = arena_alloc(&arena, count, sizeof *elements);
    int *layers = arena_alloc(&arena, count, sizeof *layers);
    for (int i = 0; i < p->output_count; i++)
        candidates[p->outputs[i].value] = true;
    neurons_find(p, network, candidates, elements, layers);
    for (int i = 0; i < p->output_count; i++) {
        int value = p->outputs[i].value;
        const struct op *op = &p->ops[value];
        if (op->lo == op->hi || layers[value] != last) continue; /* a value that many have */
        assert_in_range(elements[value], 0, i);
        found += elements[value] == i;
    }
    arena_free(&arena);
    return found;
}

static void outputs_are_the_last_layers_elements(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct network *network;
        struct compile_options options;
        struct program *p = compile(&network, seed, 30, &options);
        if (p) found += check_outputs(p, network, compile_output_layer(network, &options));
        program_free(p);
        network_free(network);
    }
    assert_true(found >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_adder_is_divided),
        cmocka_unit_test(constants_are_an_argument),
        cmocka_unit_test(remainders_go_to_the_first),
        cmocka_unit_test(a_term_saves_an_adder_once),
        cmocka_unit_test(unused_values_are_nobodys),
        cmocka_unit_test(parts_add_up_to_the_whole),
        cmocka_unit_test(paths_are_the_longest),
        cmocka_unit_test(outputs_are_the_last_layers_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
