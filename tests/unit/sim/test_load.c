/* Loadable memories in Verilog: other contents loaded while events go on, swapped between events;
 * and that the bench notices what is wrong. */
#include "base/error.h"
#include "compiler/optimize/optimize.h"
#include "tests/unit/sim/load_programs.h"

enum { RANDOM_LOOPS = 3 };

static void test_trees(void **state)
{
    (void)state;
    static const enum memory_kind kinds[] = {MEMORY_REGISTERS, MEMORY_BLOCK};
    for (int i = 0; i < 2; i++) {
        struct program *p = walked_tree(kinds[i], 0);
        struct verify_result result;
        assert_int_equal(p->interval_cycles, 1);
        expect_right(p, "tree", &result);
        assert_true(result.presentations >= 5 * result.events);
        program_free(p);
    }
}

static void test_loops(void **state)
{
    (void)state;
    struct program *p = two_sums(0);
    struct verify_result result;
    assert_int_equal(p->interval_cycles, 4);
    expect_right(p, "sums", &result);
    program_free(p);
    int loadable = 0;
    for (uint64_t seed = 40; seed < 40 + RANDOM_LOOPS; seed++) {
        struct random random = random_init(seed);
        struct program *made = random_loadable_loops(&random);
        p = scheduled(optimize_dead(made, &target_generic), 2 + (double)(seed % 5));
        expect_right(p, "random_loads", &result);
        loadable += program_has_loadables(p);
        program_free(made);
        program_free(p);
    }
    assert_true(loadable > 1);
}

/* A loadable memory that no output depends on has no port, and verification looks for none. */
static void test_unread(void **state)
{
    (void)state;
    struct program *p = program_new("unread");
    struct verify_result result;
    program_begin_block(p, "in", "input");
    int x = program_add_input(p, "x", format_make(true, 4, 4), 2, 0);
    int memory = program_add_memory(p, "spare", 4, -8, 7, 0, (const int64_t[]){1, 2, 3, 4});
    program_add_load(p, memory, program_add_slice(p, x, 0, format_make(false, 2, 2)));
    program_add_output(p, "y", program_add2(p, OP_ADD, x, x, 1));
    p = scheduled(p, 100);
    assert_true(program_has_loadables(p));
    assert_false(emit_has_load_port(p));
    expect_right(p, "unread", &result);
    program_free(p);
}

/* One mistake after the other in the Verilog of two_sums(): each is seen, and said. */
static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *file, *from, *to, *fault;
    } mistakes[] = {
        /* a swap in the middle of an event's loop */
        {"rtl/sums.v", "turns = swap_q && wait_q == 2'd0", "turns = swap_q", "value"},
        {"rtl/sums.v", "if (at_4) bank_h1 <= bank_q", "bank_h1 <= bank_q", "value"},
        {"rtl/sums_second.v", "bank_q <= bank_i", "bank_q <= 1'b0", "value"},
        /* a word that is lost, one that comes while the old bank drains */
        {"rtl/sums.v", "load_we_q <= load_valid_i && load_ready_o",
         "load_we_q <= load_valid_i && load_ready_o && load_addr_i != 4'd2", "value"},
        {"rtl/sums.v", "load_we_q <= load_valid_i && load_ready_o", "load_we_q <= load_valid_i",
         "value"},
        /* the wrong bank's name; a swap that never comes */
        {"rtl/sums.v", "assign bank_o = ", "assign bank_o = bank ^ ", "bank"},
        {"rtl/sums.v", "if (swap_q) swap_q <= !turns", "if (1'b1) swap_q <= 1'b0", "ready"},
    };
    struct program *p = two_sums(0);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct verify_request request = make_request(make_folder(p, "mistake"));
        struct verify_result result;
        request.crossing_interval_cycles = p->interval_cycles;
        break_file(request.folder, mistakes[i].file, mistakes[i].from, mistakes[i].to);
        verify_run(&request, &result);
        if (result.passed) fail_msg("%s: %s passes", mistakes[i].file, mistakes[i].to);
        assert_string_equal(result.first.fault, mistakes[i].fault);
        assert_int_equal(strncmp(result.first.phase, "loading", 7), 0);
    }
    program_free(p);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
