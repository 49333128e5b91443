/* The schedule: paths fit the period, the latency is the least, the registers are the fewest, and
 * the maximum flow behind that is one. */
#include "base/error.h"
#include "compiler/schedule/maxflow.h"
#include "compiler/schedule/schedule.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- maximum flow against all cuts ---- */

enum { NODES = 8 };

static void flow_equals_the_smallest_cut(void **state)
{
    (void)state;
    struct random r = random_init(21);
    struct maxflow *flow = maxflow_new(NODES);
    for (int round = 0; round < 400; round++) {
        long capacity[NODES][NODES] = {{0}};
        maxflow_clear(flow);
        for (int i = pick(&r, 5, 30); i > 0; i--) {
            int from = pick(&r, 0, NODES - 1), to = pick(&r, 0, NODES - 1), much = pick(&r, 1, 9);
            if (from == to) continue;
            capacity[from][to] += much;
            maxflow_add(flow, from, to, much);
        }
        long smallest = 1 << 30, got = maxflow_run(flow, 0, NODES - 1), ours = 0;
        for (int set = 0; set < 1 << NODES; set++) {
            long cut = 0;
            if (!(set & 1) || set >> (NODES - 1)) continue;
            for (int i = 0; i < NODES; i++)
                for (int k = 0; k < NODES; k++)
                    if ((set >> i & 1) && !(set >> k & 1)) cut += capacity[i][k];
            if (cut < smallest) smallest = cut;
        }
        for (int i = 0; i < NODES; i++)
            for (int k = 0; k < NODES; k++)
                if (maxflow_is_source_side(flow, i) && !maxflow_is_source_side(flow, k))
                    ours += capacity[i][k];
        assert_int_equal(got, smallest);
        assert_int_equal(ours, smallest);
    }
    maxflow_free(flow);
}

/* ---- registers against all schedules ---- */

/* Random sums, differences and choices over few inputs. */
static struct program *random_sums(struct random *r, int ops)
{
    struct program *p = program_new("sums");
    program_begin_block(p, "sums", "test");
    int inputs = pick(r, 1, 3);
    for (int i = 0; i < inputs; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", i);
        program_add_input(p, name, format_make(chance(r, 0.5), pick(r, 2, 10), 4), 1, 0);
    }
    for (int i = 0; i < ops; i++) {
        int a = pick(r, 0, p->op_count - 1), b = pick(r, 0, p->op_count - 1);
        if (chance(r, 0.15))
            program_add_quantize(p, a, format_make(false, pick(r, 2, 5), 4));
        else
            program_add2(p, chance(r, 0.3) ? OP_SUB : OP_ADD, a, b, pick(r, 0, 3));
    }
    program_add_output(p, "y", p->op_count - 1);
    if (chance(r, 0.5)) program_add_output(p, "z", pick(r, inputs, p->op_count - 1));
    return p;
}

static long register_bits(struct program *p, const int *stages, int latency)
{
    for (int i = 0; i < p->op_count; i++)
        p->ops[i].stage = stages[i];
    p->latency_cycles = latency;
    return program_count(p, 0, p->op_count).register_bits;
}

/* Cost as registers.c states it: eight for a register bit that stands alone, one for any. */
static long cost(struct program *p, const int *stages, int latency)
{
    long total = register_bits(p, stages, latency);
    for (int v = 0; v < p->op_count; v++) {
        int last = -1, logic = op_adder_bits(p, v), width = p->ops[v].format.width_bits;
        if (logic > width) logic = width;
        if (p->ops[v].code == OP_QUANTIZE) logic = width;
        for (int i = 0; i < p->op_count; i++)
            for (int k = 0; k < p->ops[i].operand_count; k++)
                if (p->operands[p->ops[i].operands + k] == v && stages[i] > last) last = stages[i];
        for (int i = 0; i < p->output_count; i++)
            if (p->outputs[i].value == v) last = latency;
        int held = last > stages[v] ? last - stages[v] : 0;
        total += 8L * held * (width - logic) + (held > 1 ? 8L * (held - 1) * logic : 0);
    }
    return total;
}

/* The least cost over every assignment of stages that keeps each operation's path of one period: an
 * operation takes a stage of its own. */
static long least_cost(struct program *p, int *stages, int value, int latency)
{
    if (value == p->op_count) return cost(p, stages, latency);
    const struct op *op = &p->ops[value];
    long least = 1L << 40;
    int earliest = 0;
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k];
        bool waits = p->ops[a].code != OP_INPUT;
        if (stages[a] + waits > earliest) earliest = stages[a] + waits;
    }
    int latest = op->code == OP_INPUT ? 0 : latency - 1;
    for (int s = earliest; s <= latest; s++) {
        stages[value] = s;
        long c = least_cost(p, stages, value + 1, latency);
        if (c < least) least = c;
    }
    return least;
}

static void registers_are_the_fewest_of_all_schedules(void **state)
{
    (void)state;
    struct random r = random_init(8);
    for (int round = 0; round < 150; round++) {
        struct program *p = random_sums(&r, pick(&r, 3, 6));
        struct precedence list[64];
        size_t count = 0;
        int stages[16] = {0}, latency = 1, any[16];
        for (int v = 0; v < p->op_count; v++)
            for (int k = 0; k < p->ops[v].operand_count; k++) {
                int a = p->operands[p->ops[v].operands + k], waits = p->ops[a].code != OP_INPUT;
                list[count++] = (struct precedence){a, v, waits};
                if (stages[a] + waits > stages[v]) stages[v] = stages[a] + waits;
                if (stages[v] + 1 > latency) latency = stages[v] + 1;
            }
        latency += pick(&r, 0, 1);
        schedule_fewest_registers(p, list, count, latency, stages);
        for (size_t i = 0; i < count; i++)
            assert_true(stages[list[i].to] >= stages[list[i].from] + list[i].distance);
        long got = cost(p, stages, latency);
        assert_int_equal(got, least_cost(p, any, 0, latency));
        p->latency_cycles = 0;
        program_free(p);
    }
}

/* ---- the whole schedule ---- */

static double longest_path(const struct program *p, const struct target *t)
{
    return stage_delay_ns(p, t) + t->clk_to_q_ns + t->setup_ns;
}

static void paths_fit_the_period_and_latency_falls_with_the_clock(void **state)
{
    (void)state;
    struct random r = random_init(9);
    struct compile_options options;
    compile_options_init(&options);
    for (int round = 0; round < 100; round++) {
        struct program *p = random_sums(&r, pick(&r, 1, 40));
        int latency[3], i = 0;
        for (double clock = 64; clock > 10; clock /= 2, i++) {
            options.clock_mhz = clock;
            options.optimize = OPTIMIZE_LATENCY;
            struct program *scheduled = schedule_program(p, &options);
            program_check(scheduled, "schedule");
            assert_true(longest_path(scheduled, options.target) <= 1000 / clock + 1e-6);
            latency[i] = scheduled->latency_cycles;
            options.optimize = OPTIMIZE_AREA;
            struct program *small = schedule_program(p, &options);
            assert_true(small->latency_cycles >= latency[i]);
            program_free(small);
            program_free(scheduled);
        }
        assert_true(latency[0] >= latency[1] && latency[1] >= latency[2]);
        program_free(p);
    }
}

static void a_slow_operation_names_the_clock_it_allows(void **state)
{
    (void)state;
    struct program *p = program_new("slow");
    program_begin_block(p, "wide", "test");
    int x = program_add_input(p, "x", format_make(true, 60, 4), 1, 0);
    program_add_output(p, "y", program_add2(p, OP_ADD, x, x, 1));
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 120;
    struct error_trap trap;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        schedule_program(p, &options);
        assert_true(!"it fits");
    }
    error_set_trap(NULL);
    const char *at = strstr(trap.message, "ask for at most ");
    assert_non_null(at);
    assert_non_null(strstr(trap.message, "block wide: one add of"));
    options.clock_mhz = atof(at + strlen("ask for at most "));
    assert_true(options.clock_mhz > 50);
    struct program *scheduled = schedule_program(p, &options);
    struct estimate estimate = estimate_program(scheduled, options.target);
    assert_true(estimate.fmax_mhz >= options.clock_mhz);
    assert_true(estimate.cells >= 60 && estimate.ff >= 62 && estimate.carry >= 60);
    program_free(scheduled);
    program_free(p);
}

/* Where the clock leaves no time for a whole max, it becomes a comparison and a choice in two
 * stages of the same interval. */
static void a_slow_maximum_is_split(void **state)
{
    (void)state;
    struct program *p = program_new("max");
    program_begin_block(p, "max", "test");
    int x = program_add_input(p, "x", format_make(true, 24, 24), 1, 0);
    int y = program_add_input(p, "y", format_make(false, 12, 12), 1, 0);
    program_add_output(p, "most", program_add2(p, OP_MAX, x, y, 0));
    program_add_output(p, "least", program_add2(p, OP_MIN, x, y, 0));
    struct compile_options options;
    compile_options_init(&options);
    const struct target *t = options.target;
    double most = op_delay_ns(p, 2, t) + t->clk_to_q_ns + t->setup_ns;
    for (int slow = 0; slow < 2; slow++) {
        options.clock_mhz = 1000 / (most + (slow ? -0.1 : 0.1));
        struct program *scheduled = schedule_program(p, &options);
        program_check(scheduled, "split");
        int splits = 0;
        for (int v = 0; v < scheduled->op_count; v++)
            splits += scheduled->ops[v].code == OP_SELECT;
        assert_int_equal(splits, slow ? 2 : 0);
        assert_int_equal(scheduled->latency_cycles, slow ? 2 : 1);
        for (int i = 0; i < 2; i++) {
            const struct op *is = &scheduled->ops[scheduled->outputs[i].value];
            const struct op *was = &p->ops[p->outputs[i].value];
            assert_true(is->lo == was->lo && is->hi == was->hi);
            for (int64_t n = 0; n < 400; n++) {
                int64_t in[2] = {(n % 20) * 838861 - 8388608, (n / 20) * 215}, out[2];
                program_eval(scheduled, in, 1, out);
                int64_t should = (in[0] > in[1]) == (i == 0) ? in[0] : in[1];
                assert_true(out[i] == should);
            }
        }
        program_free(scheduled);
    }
    program_free(p);
}

/* A quantizer that rounds and limits, in two stages where the clock leaves no time for both: the
 * same integers for every integer, in every mode. */
static void a_slow_quantizer_is_split(void **state)
{
    (void)state;
    static const enum rounding roundings[] = {ROUND_RND, ROUND_RND_CONV};
    static const enum overflow overflows[] = {OVERFLOW_SAT, OVERFLOW_SAT_SYM};
    for (int mode = 0; mode < 4; mode++) {
        struct program *p = program_new("quantizer");
        program_begin_block(p, "quantizer", "test");
        int x = program_add_input(p, "x", format_make(true, 12, 6), 1, 0);
        struct format format = format_make(mode % 2, 7, 4);
        format.rounding = roundings[mode / 2], format.overflow = overflows[mode % 2];
        program_add_output(p, "y", program_add_quantize(p, x, format));
        struct compile_options options;
        compile_options_init(&options);
        const struct target *t = options.target;
        options.clock_mhz = 1000 / (op_delay_ns(p, 1, t) + t->clk_to_q_ns + t->setup_ns - 0.1);
        struct program *scheduled = schedule_program(p, &options);
        program_check(scheduled, "split");
        assert_int_equal(scheduled->latency_cycles, 2);
        for (int64_t n = -2048; n < 2048; n++) {
            int64_t was, is;
            program_eval(p, &n, 1, &was);
            program_eval(scheduled, &n, 1, &is);
            assert_true(was == is);
        }
        program_free(scheduled);
        program_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_quantizer_is_split),
        cmocka_unit_test(flow_equals_the_smallest_cut),
        cmocka_unit_test(registers_are_the_fewest_of_all_schedules),
        cmocka_unit_test(paths_fit_the_period_and_latency_falls_with_the_clock),
        cmocka_unit_test(a_slow_maximum_is_split),
        cmocka_unit_test(a_slow_operation_names_the_clock_it_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
