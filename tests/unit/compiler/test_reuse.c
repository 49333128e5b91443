/* Reuse factors: every form of every layer of random networks gives, event by event, what the
 * straight-line program gives; no loop is longer than the factor; the choice between forms; the
 * factors that are refused. What the Verilog computes is judged in tests/unit/sim. */
#include "base/error.h"
#include "compiler/compile.h"
#include "compiler/estimate/attribute.h"
#include "compiler/optimize/optimize.h"
#include "compiler/reuse/reuse.h"
#include "compiler/schedule/schedule.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 80, MOST_LAYERS = 8 };
#ifndef SEEDS
#define SEEDS 80
#endif

/* With multipliers and memories, without any, with multipliers that take signed factors only. */
static const struct target *target_for(uint64_t seed)
{
    static struct target targets[3];
    for (int i = 0; i < 3; i++)
        targets[i] = target_generic;
    targets[0].ram_bits = targets[1].ram_bits = 4096;
    targets[0].ram_width_max = targets[1].ram_width_max = 16;
    targets[0].ram_price_lut4 = 8;
    targets[1].ram_price_lut4 = 40;
    targets[0].ram_clk_to_q_ns = targets[1].ram_clk_to_q_ns = 2;
    targets[0].dsp_a_bits = targets[0].dsp_b_bits = 18;
    targets[0].dsp_mixes_signs = targets[0].has_lut_ram = true;
    targets[1].dsp_a_bits = targets[1].dsp_b_bits = 16;
    targets[0].dsp_ns = targets[1].dsp_ns = 4;
    return &targets[seed % 3];
}

/* The random network's program before the reuse pass; NULL if it is refused. */
static struct program *simplified(uint64_t seed, struct compile_options *options)
{
    struct error_trap trap;
    struct program *volatile p = NULL;
    compile_options_init(options);
    options->target = target_for(seed);
    options->clock_mhz = 20;
    options->stop_after = "simplify";
    options->optimize = (enum compile_optimize)(seed / 3 % 3);
    struct network *n = random_network(seed, 0);
    compile_prepare(n, options, "random");
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) p = compile_network(n, options, NULL);
    error_set_trap(NULL);
    network_free(n);
    return p;
}

static void random_inputs(const struct program *p, uint64_t seed, int64_t *in)
{
    struct random r = random_init(seed);
    for (int e = 0; e < EVENTS; e++)
        for (int i = 0; i < p->input_count; i++) {
            const struct op *x = &p->ops[p->inputs[i].value];
            int64_t span = x->hi - x->lo + 1;
            in[e * p->input_count + i] = chance(&r, 0.2) ? x->lo
                                         : chance(&r, 0.2)
                                             ? x->hi
                                             : x->lo + (int64_t)random_below(&r, (uint64_t)span);
        }
}

static void compare(const struct program *p, const struct program *with, uint64_t seed,
                    const char *what)
{
    int64_t *in = malloc((size_t)(EVENTS * p->input_count + 1) * sizeof *in);
    int64_t *want = malloc((size_t)(EVENTS * p->output_count) * sizeof *want);
    int64_t *got = malloc((size_t)(EVENTS * p->output_count) * sizeof *got);
    assert_int_equal(p->input_count, with->input_count);
    assert_int_equal(p->output_count, with->output_count);
    random_inputs(p, seed + 1, in);
    program_eval(p, in, EVENTS, want);
    program_eval(with, in, EVENTS, got);
    for (int i = 0; i < EVENTS * p->output_count; i++) {
        int j = i % p->output_count;
        if (ldexp((double)want[i], -op_fraction(&p->ops[p->outputs[j].value])) !=
            ldexp((double)got[i], -op_fraction(&with->ops[with->outputs[j].value])))
            fail_msg("seed %llu, %s: event %d output %d: %lld, not %lld", (unsigned long long)seed,
                     what, i / p->output_count, j, (long long)got[i], (long long)want[i]);
    }
    free(in), free(want), free(got);
}

static int longest_loop(const struct program *p)
{
    int longest = 1;
    for (int b = 0; b < p->block_count; b++)
        if (p->blocks[b].trip > longest) longest = p->blocks[b].trip;
    return longest;
}

/* What a loop's iterations hand on, in states and memories, is paid for by what reads it. */
static void check_payers(const struct program *p, const struct target *target, const char *what)
{
    struct attribution *to = attribute_costs(p, target);
    for (int k = 0; k < COST_KINDS; k++)
        if (to->unused.units[k]) fail_msg("%s: some of cost %d is nobody's", what, k);
    attribution_free(to);
}

/* All passes behind, to the schedule, where the clock allows. */
static void check_finished(const struct program *p, struct program *with,
                           const struct compile_options *options, uint64_t seed, const char *what)
{
    char where[120];
    typedef struct program *pass(const struct program *, const struct target *);
    static pass *const passes[] = {optimize_adder_graph, optimize_number,    optimize_trim,
                                   optimize_simplify,    optimize_constants, optimize_simplify,
                                   optimize_tables,      optimize_dead};
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        struct program *next = passes[i](with, options->target);
        program_free(with);
        with = next;
        program_check(with, "behind reuse");
        snprintf(where, sizeof where, "%s, pass %d behind", what, (int)i);
        compare(p, with, seed, where);
    }
    struct compile_options slow = *options;
    slow.clock_mhz = 4;
    struct program *scheduled = schedule_program(with, &slow);
    program_check(scheduled, "schedule");
    compare(p, scheduled, seed, what);
    check_payers(scheduled, options->target, what);
    program_free(scheduled);
    program_free(with);
}

static int check_choice(const struct program *p, const struct compile_options *options,
                        struct reuse_choice *choices, int count, uint64_t seed, int form)
{
    char what[80];
    int most = 1;
    for (int i = 0; i < count; i++)
        if (choices[i].factor > most) most = choices[i].factor;
    snprintf(what, sizeof what, "form %d, at most %d cycles", form, most);
    struct program *with = reuse_program(p, options, choices, NULL);
    program_check(with, "reuse");
    assert_true(longest_loop(with) <= most);
    compare(p, with, seed, what);
    bool has_loops = program_has_loops(with);
    check_finished(p, with, options, seed, what);
    return has_loops;
}

/* Uniform forms at several factors, and a mix of them. */
static int check_seed(uint64_t seed)
{
    static const int factors[] = {2, 3, 5, 8, 100};
    struct compile_options options;
    struct reuse_choice choices[MOST_LAYERS];
    struct random r = random_init(seed + 5);
    struct program *p = simplified(seed, &options);
    int loops = 0;
    if (!p) return 0;
    int count = reuse_find_layers(p, &options, choices);
    assert_true(count <= MOST_LAYERS);
    for (int f = 0; f < 5 && count; f++) {
        for (int form = REUSE_DIGITS; form <= REUSE_FORM_COUNT; form++) {
            for (int i = 0; i < count; i++) {
                long products = (long)choices[i].rows * choices[i].columns;
                choices[i].factor = products < factors[f] ? (int)products : factors[f];
                choices[i].form = (enum reuse_form)(
                    form < REUSE_FORM_COUNT ? form : pick(&r, 0, REUSE_FORM_COUNT - 1));
            }
            loops += check_choice(p, &options, choices, count, seed, form);
        }
    }
    program_free(p);
    return loops;
}

/* All the way to the schedule, in the forms that are chosen. Returns whether there are loops. */
static bool check_compiled(uint64_t seed)
{
    struct compile_options options;
    struct error_trap trap;
    struct program *p = simplified(seed, &options), *volatile with = NULL;
    if (!p) return false;
    options.stop_after = NULL;
    options.reuse = 2 + (int)(seed % 9);
    struct network *n = random_network(seed, 0);
    compile_prepare(n, &options, "random");
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) with = compile_network(n, &options, NULL);
    error_set_trap(NULL);
    if (!with && !strstr(trap.message, " works") && !strstr(trap.message, "neither a dense layer"))
        fail_msg("seed %llu: %s", (unsigned long long)seed, trap.message);
    bool has_loops = with && program_has_loops(with);
    if (with) {
        assert_true(with->interval_cycles <= options.reuse);
        assert_int_equal(with->interval_cycles, longest_loop(with));
        compare(p, with, seed, "compiled");
    }
    program_free(with);
    program_free(p);
    network_free(n);
    return has_loops;
}

static void compiled_networks_are_exact(void **state)
{
    (void)state;
    int loops = 0;
    for (int seed = 1; seed <= SEEDS; seed++)
        loops += check_compiled((uint64_t)seed);
    assert_true(loops > 0);
}

static void forms_are_exact(void **state)
{
    (void)state;
    int loops = 0;
    for (int seed = 1; seed <= SEEDS; seed++)
        loops += check_seed((uint64_t)seed);
    assert_true(loops > SEEDS * 10);
}

/* ---- the choice ---- */

/* A dense layer of weights that are no powers of two, some of them zero, and a quantizer. */
static struct network *dense_network(int rows, int columns, double pruned)
{
    struct random random = random_init(7), *r = &random;
    struct network *n = network_new("plain");
    int last = network_add(n, LAYER_INPUT, "x", -1, rows);
    last = network_add(n, LAYER_QUANT, "xq", last, rows);
    n->layers[last].quant = (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
    n->layers[last].quant.formats[0] = format_make(true, 8, 4);
    last = network_add(n, LAYER_DENSE, "fc", last, columns);
    n->layers[last].weights = random_numbers(r, n, rows * columns, 1, pruned);
    n->layers[last].weight_quant =
        (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
    n->layers[last].weight_quant.formats[0] = format_make(true, 6, 2);
    last = network_add(n, LAYER_QUANT, "yq", last, columns);
    n->layers[last].quant = (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
    n->layers[last].quant.formats[0] = format_make(false, 6, 3);
    return n;
}

static struct program *compile_reuse(struct network *n, const struct target *target, int reuse,
                                     struct compile_notes *notes)
{
    struct compile_options options;
    compile_options_init(&options);
    options.target = target;
    options.clock_mhz = 40;
    options.reuse = reuse;
    compile_prepare(n, &options, "plain");
    return compile_network(n, &options, notes);
}

static void larger_factors_never_cost_more(void **state)
{
    (void)state;
    for (int t = 0; t < 3; t++) {
        double before = 1e9;
        for (int reuse = 1; reuse <= 64; reuse *= 2) {
            struct network *n = dense_network(12, 10, 0.3);
            struct compile_notes notes;
            struct program *p = compile_reuse(n, target_for((uint64_t)t), reuse, &notes);
            struct estimate e = estimate_program(p, target_for((uint64_t)t));
            assert_true(p->interval_cycles <= reuse);
            assert_true(estimate_cost(&e) <= before * 1.001 + p->latency_cycles);
            before = estimate_cost(&e);
            assert_int_equal(notes.layer_count, reuse > 1);
            if (reuse > 1) assert_int_equal(notes.layers[0].cycles, p->interval_cycles);
            compile_notes_free(&notes);
            program_free(p);
            network_free(n);
        }
    }
}

/* Zero weights are no products: at one multiplier, three quarters of them save as many cycles. */
static void pruning_shortens(void **state)
{
    (void)state;
    int cycles[2];
    for (int k = 0; k < 2; k++) {
        struct network *n = dense_network(12, 10, k ? 0.8 : 0);
        struct compile_options options;
        struct reuse_choice choices[MOST_LAYERS];
        compile_options_init(&options);
        options.target = target_for(1);
        options.stop_after = "simplify";
        compile_prepare(n, &options, "plain");
        struct program *p = compile_network(n, &options, NULL);
        assert_int_equal(reuse_find_layers(p, &options, choices), 1);
        choices[0].factor = 120;
        choices[0].form = REUSE_MULTIPLIERS;
        struct program *with = reuse_program(p, &options, choices, NULL);
        assert_int_equal(choices[0].form, REUSE_MULTIPLIERS);
        cycles[k] = longest_loop(with);
        assert_true(choices[0].products <= cycles[k] * 2);
        program_free(with);
        program_free(p);
        network_free(n);
    }
    assert_true(cycles[1] <= 0.4 * cycles[0]);
}

static void check_refused(int reuse, const char *layer, int factor, const char *message)
{
    struct network *n = dense_network(4, 3, 0);
    struct compile_options options;
    struct layer_reuse own = {layer, factor};
    struct error_trap trap;
    compile_options_init(&options);
    options.reuse = reuse;
    options.layer_reuse = &own;
    options.layer_reuse_count = layer != NULL;
    compile_prepare(n, &options, "plain");
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        compile_network(n, &options, NULL);
        fail_msg("not refused: %s", message);
    }
    error_set_trap(NULL);
    assert_string_equal(trap.message, message);
    network_free(n);
}

static void impossible_factors_are_refused(void **state)
{
    (void)state;
    check_refused(13, NULL, 0,
                  "reuse 13: the largest layer, fc, has 4 x 3 products; at most 12 works");
    check_refused(
        1, "fc", 13,
        "layer fc: reuse 13: it has 4 x 3 products; factors from 1 to 12 work, the nearest "
        "is 12");
    check_refused(1, "fd", 2,
                  "reuse of layer fd: there is no dense layer of that name; there are fc");
}

/* ---- factors from a budget ---- */

/* A stand-in for the estimate that knows nothing of programs: a layer of N products takes
 * N / factor LUT4 and as many cycles as its factor; digits cost twice. */
static void price(const struct reuse_choice *choice, struct reuse_share *share)
{
    int factor = choice->form == REUSE_UNROLLED ? 1 : choice->factor;
    double twice = choice->form == REUSE_DIGITS ? 2 : 1;
    share->lut4 = share->cells = share->cost = twice * choice->rows * choice->columns / factor;
    share->latency_cycles = factor;
}

struct watched {
    const struct reuse_budget *budget;
    int least_cycles; /* of what was estimated and meets the budget; 0: none does */
};

static bool watch_cost(void *data, struct program *p, const struct reuse_choice *choices, int count,
                       struct reuse_cost *cost)
{
    struct watched *w = data;
    for (int i = 0; i < count; i++) {
        struct reuse_share *share = &cost->layers[i];
        price(&choices[i], share);
        cost->all.lut4 += share->lut4;
        cost->all.cells += share->cells;
        cost->all.cost += share->cost;
        cost->all.latency_cycles += share->latency_cycles;
        if (share->latency_cycles > cost->interval_cycles)
            cost->interval_cycles = share->latency_cycles;
    }
    program_free(p);
    int cycles = cost->all.latency_cycles;
    if (cost->all.lut4 <= w->budget->lut4 && cost->interval_cycles <= w->budget->interval_cycles &&
        (!w->least_cycles || cycles < w->least_cycles))
        w->least_cycles = cycles;
    return true;
}

/* 1: chosen, and within the budget; 0: refused, as nothing that was estimated met it. */
static int check_budget(const struct program *p, struct compile_options *options, int count,
                        struct reuse_choice *choices)
{
    struct watched w = {.budget = &options->budget};
    struct error_trap trap;
    volatile bool has_failed = true;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        reuse_choose_within(p, options, watch_cost, &w, choices, count);
        has_failed = false;
    }
    error_set_trap(NULL);
    if (has_failed) {
        assert_int_equal(w.least_cycles, 0);
        assert_non_null(strstr(trap.message, "reuse auto: no factors meet the budget"));
        assert_non_null(strstr(trap.message, "it can be met with"));
        return 0;
    }
    struct reuse_share all = {0};
    for (int i = 0; i < count; i++) {
        struct reuse_share share;
        price(&choices[i], &share);
        all.lut4 += share.lut4;
        all.latency_cycles += share.latency_cycles;
        assert_true(share.latency_cycles <= options->budget.interval_cycles);
    }
    assert_true(all.lut4 <= options->budget.lut4);
    assert_int_equal(all.latency_cycles, w.least_cycles);
    return 1;
}

static void a_budget_chooses_the_fastest(void **unused)
{
    (void)unused;
    static const double parts[] = {1, 0.4, 0.15};
    int chosen = 0, refused = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct compile_options options;
        struct program *p = simplified(seed, &options);
        if (!p) continue;
        struct reuse_choice found[MOST_LAYERS], choices[MOST_LAYERS];
        int count = reuse_find_layers(p, &options, found);
        double products = 0;
        for (int i = 0; i < count; i++)
            products += (double)found[i].rows * found[i].columns;
        for (int k = 0; k < 3 && count; k++) {
            memcpy(choices, found, sizeof found);
            options.budget = (struct reuse_budget){parts[k] * products, -1, -1, -1, -1, 5};
            int is_chosen = check_budget(p, &options, count, choices);
            chosen += is_chosen;
            refused += !is_chosen;
            if (k == 0) /* everything fits unrolled */
                for (int i = 0; i < count; i++)
                    assert_int_equal(choices[i].factor, 1);
        }
        program_free(p);
    }
    assert_true(chosen > 30);
    assert_true(refused > 5);
}

int main(int argc, char **argv)
{
    if (argc > 1) { /* by hand: FIRST-SEED [COUNT] */
        for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1); i++)
            printf("%ld: %d %d\n", atol(argv[1]) + i, check_seed((uint64_t)(atol(argv[1]) + i)),
                   check_compiled((uint64_t)(atol(argv[1]) + i)));
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_exact),
        cmocka_unit_test(compiled_networks_are_exact),
        cmocka_unit_test(larger_factors_never_cost_more),
        cmocka_unit_test(pruning_shortens),
        cmocka_unit_test(impossible_factors_are_refused),
        cmocka_unit_test(a_budget_chooses_the_fastest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
