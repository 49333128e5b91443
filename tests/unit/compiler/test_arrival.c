/* Times of bits: carry chains overlap, low bits are early, and nothing comes before what it is made
 * of. */
#include "compiler/schedule/arrival.h"
#include "compiler/schedule/schedule.h"
#include "random_program.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct target *some_target(void)
{
    struct compile_options options;
    compile_options_init(&options);
    return options.target;
}

static double latest(const struct program *p, const struct arrival *all, int value)
{
    return arrival_latest(p, value, &all[value]);
}

static void is_time(double is, double should)
{
    assert_true(fabs(is - should) < 1e-9);
}

static void chained_sums_carry_once(void **state)
{
    (void)state;
    const struct target *t = some_target();
    double start = t->route_ns + t->carry_base_ns, bit = t->carry_per_bit_ns;
    for (int width = 2; width <= 40; width += 19) {
        struct program *p = program_new("chained");
        program_begin_block(p, "sums", "test");
        struct format format = {width, width, false, ROUND_TRN, OVERFLOW_WRAP};
        int x[3];
        for (int i = 0; i < 3; i++)
            x[i] = program_add_input(p, (const char *const[]){"a", "b", "c"}[i], format, 1, 0);
        int sum = program_add2(p, OP_ADD, x[0], x[1], 0);
        int more = program_add2(p, OP_ADD, sum, x[2], 0);
        struct format low = {2, 2, false, ROUND_TRN, OVERFLOW_WRAP};
        int bits = program_add_slice(p, more, 0, low);
        program_add_output(p, "y", more);
        program_add_output(p, "z", bits);
        struct arena arena = {0};
        const struct arrival *all = arrivals_find(&arena, p, t, true);
        is_time(latest(p, all, sum), start + (width + 1) * bit);
        is_time(latest(p, all, more), 2 * start + (width + 3) * bit);
        is_time(latest(p, all, bits), 2 * start + 3 * bit);
        is_time(all[bits].bits[0], 2 * start + 2 * bit);
        arena_free(&arena);
        program_free(p);
    }
}

/* Of random programs: no value is later than its latest operand and its own delay, none earlier
 * than the registers, and an operand that comes later, whole or in one bit, makes nothing earlier.
 */
static void later_operands_make_later_values(void **state)
{
    (void)state;
    struct random r = random_init(77);
    const struct target *t = some_target();
    struct random_program_options options = random_narrow;
    options.no_matvec = true;
    long values = 0;
    for (int round = 0; round < 300; round++) {
        struct program *p = random_program(&r, options);
        struct arena arena = {0};
        const struct arrival *all = arrivals_find(&arena, p, t, true);
        for (int v = 0; v < p->op_count; v++) {
            const struct op *op = &p->ops[v];
            const struct arrival *operands[8];
            double last = ARRIVAL_NEVER;
            if (op->operand_count > 8 || op->code == OP_MATVEC || op->code == OP_RESULT) continue;
            for (int k = 0; k < op->operand_count; k++) {
                operands[k] = arrival_of_operand(p, all, v, k, true);
                if (operands[k])
                    last =
                        fmax(last, arrival_latest(p, p->operands[op->operands + k], operands[k]));
            }
            if (!op->operand_count || last < 0) continue;
            assert_true(latest(p, all, v) <= last + op_delay_ns(p, v, t) + 1e-9);
            for (int k = 0; k < op->operand_count; k++) {
                struct arrival delayed, out;
                if (!operands[k]) continue;
                delayed = *operands[k];
                const struct arrival *kept = operands[k];
                delayed.bits[random_between(
                    &r, 0, program_operand(p, op, k)->format.width_bits - 1)] += 1.5;
                operands[k] = &delayed;
                op_arrival(p, v, t, operands, &out);
                operands[k] = kept;
                for (int i = 0; i < op->format.width_bits; i++) {
                    assert_true(out.bits[i] >= all[v].bits[i] - 1e-9);
                    assert_true(out.bits[i] <=
                                fmax(all[v].bits[i] + 1.5, last + 1.5 + op_delay_ns(p, v, t)) +
                                    1e-9);
                }
                values++;
            }
        }
        arena_free(&arena);
        program_free(p);
    }
    assert_true(values > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chained_sums_carry_once),
        cmocka_unit_test(later_operands_make_later_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
