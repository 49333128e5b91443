/* Protection against upsets: the protected Verilog is right, and what flips of its state come to.
 */
#include "sim/faults.h"

#include "base/error.h"
#include "compiler/optimize/optimize.h"
#include "tests/unit/sim/load_programs.h"

enum { FLIPS = 1500, ALL = PROTECT_TMR | PROTECT_ECC };

/* ---- protected networks are right, to the cycle, and count nothing ---- */

static void test_right(void **state)
{
    (void)state;
    static const enum memory_kind kinds[] = {MEMORY_REGISTERS, MEMORY_BLOCK};
    struct verify_result result;
    for (unsigned protect = 1; protect <= ALL; protect++) {
        struct program *p = two_sums(protect), *plain = two_sums(0);
        expect_right(p, "sums", &result);
        if (protect >= PROTECT_ECC) assert_int_equal(p->correction_cycles, 2);
        assert_int_equal(p->interval_cycles, plain->interval_cycles);
        assert_int_equal(p->latency_cycles > plain->latency_cycles, protect >= PROTECT_ECC);
        program_free(p);
        program_free(plain);
    }
    for (int i = 0; i < 2; i++) {
        struct program *p = walked_tree(kinds[i], ALL);
        expect_right(p, "tree", &result);
        program_free(p);
    }
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 22; seed++) { /* loops without memories to load */
        struct random random = random_init(seed);
        struct program *made = random_loops(&random);
        made->protect = PROTECT_TMR;
        struct program *p = scheduled(made, 2 + (double)(seed % 5));
        struct verify_result result;
        expect_right(p, "random", &result);
        program_free(p);
    }
    for (uint64_t seed = 40; seed < 43; seed++) {
        struct random random = random_init(seed);
        struct program *made = random_loadable_loops(&random);
        made->protect = ALL;
        struct program *p = scheduled(optimize_dead(made, &target_generic), 2 + (double)(seed % 5));
        assert_int_equal(p->correction_cycles, 1);
        struct verify_result result;
        expect_right(p, "random", &result);
        program_free(made);
        program_free(p);
    }
}

/* ---- flips ---- */

static void flip(const char *folder, int bits, struct faults_result *result)
{
    struct faults_request request = {.folder = folder, .flips = FLIPS, .bits = bits, .seed = 3};
    faults_run(&request, result);
    long flips = 0;
    for (int k = 0; k < EMIT_STATE_KINDS; k++) {
        const struct faults_kind *kind = &result->kinds[k];
        long sum = 0;
        for (int i = 0; i < FAULT_CLASSES; i++)
            sum += kind->classes[i];
        assert_int_equal(sum, kind->flips);
        assert_int_equal(kind->flips > 0, kind->state_bits > 0);
        flips += sum;
    }
    assert_int_equal(flips, FLIPS);
}

static long count(const struct faults_result *result, enum emit_state state, enum fault_class class)
{
    return result->kinds[state].classes[class];
}

/* Without protection, flips of control and weights go unseen, and a few are detected. */
static void test_unprotected(void **state)
{
    (void)state;
    struct program *p = two_sums(0);
    struct faults_result r, again;
    const char *folder = make_folder(p, "flips");
    flip(folder, 1, &r);
    assert_true(count(&r, EMIT_STATE_CONTROL, FAULT_SILENT) > 0);
    assert_true(count(&r, EMIT_STATE_CONTROL, FAULT_DETECTED) > 0);
    assert_true(count(&r, EMIT_STATE_WEIGHTS, FAULT_SILENT) > 0);
    assert_true(count(&r, EMIT_STATE_DATA, FAULT_SILENT) > 0);
    assert_true(faults_share(&r, FAULT_CORRECTED) == 0);
    assert_int_equal(r.kinds[EMIT_STATE_COUNTERS].state_bits, 0);
    /* two banks of four weights of 4 bits and of one bias of 6, twice */
    assert_int_equal(r.kinds[EMIT_STATE_WEIGHTS].state_bits, 2 * 2 * (4 * 4 + 6));
    flip(folder, 1, &again);
    assert_memory_equal(r.kinds, again.kinds, sizeof r.kinds);
    program_free(p);
}

static void test_tmr(void **state)
{
    (void)state;
    struct program *p = two_sums(PROTECT_TMR);
    struct faults_result r;
    flip(make_folder(p, "flips_tmr"), 1, &r);
    assert_int_equal(count(&r, EMIT_STATE_CONTROL, FAULT_CORRECTED),
                     r.kinds[EMIT_STATE_CONTROL].flips);
    assert_true(count(&r, EMIT_STATE_WEIGHTS, FAULT_SILENT) > 0);
    program_free(p);
}

/* A voter that believes one copy: flips of that copy get through, and the campaign shows it. */
static void test_broken_voter(void **state)
{
    (void)state;
    struct program *p = two_sums(PROTECT_TMR);
    struct faults_result r;
    const char *folder = make_folder(p, "flips_broken");
    break_file(folder, "rtl/majority.v", "(a_i & b_i) | (a_i & c_i) | (b_i & c_i)", "a_i");
    flip(folder, 1, &r);
    assert_true(count(&r, EMIT_STATE_CONTROL, FAULT_SILENT) > 0);
    program_free(p);
}

static void test_ecc(void **state)
{
    (void)state;
    struct program *p = two_sums(PROTECT_ECC);
    struct faults_result r;
    const char *folder = make_folder(p, "flips_ecc");
    flip(folder, 1, &r);
    const struct faults_kind *weights = &r.kinds[EMIT_STATE_WEIGHTS];
    assert_int_equal(weights->classes[FAULT_SILENT] + weights->classes[FAULT_DETECTED], 0);
    assert_true(weights->classes[FAULT_CORRECTED] > weights->flips / 2);
    assert_true(count(&r, EMIT_STATE_CONTROL, FAULT_SILENT) > 0);
    /* Two bits of a word: never corrected into something else. */
    flip(folder, 2, &r);
    assert_int_equal(weights->classes[FAULT_SILENT] + weights->classes[FAULT_CORRECTED], 0);
    assert_true(weights->classes[FAULT_DETECTED] > weights->flips / 2);
    program_free(p);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),        cmocka_unit_test(test_random),
        cmocka_unit_test(test_unprotected),  cmocka_unit_test(test_tmr),
        cmocka_unit_test(test_broken_voter), cmocka_unit_test(test_ecc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
