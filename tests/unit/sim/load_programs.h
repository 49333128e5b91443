/* Programs with loadable memories, for tests of their Verilog. */
#ifndef SLUICE_TESTS_LOAD_PROGRAMS_H
#define SLUICE_TESTS_LOAD_PROGRAMS_H

#include "compiler/schedule/schedule.h"
#include "tests/unit/compiler/random_loops.h"
#include "tests/unit/sim/verify_folder.h"

enum { DEPTH = 3 };

static struct program *scheduled(struct program *made, double clock_mhz)
{
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = clock_mhz;
    struct program *p = schedule_program(made, &options);
    program_check(p, "schedule");
    program_free(made);
    return p;
}

/* A tree whose nodes and leaves are loadable, an event a cycle: each level's address is data. */
static struct program *walked_tree(enum memory_kind kind, unsigned protect)
{
    struct program *p = program_new("tree");
    p->protect = protect;
    struct random random = random_init(5);
    int pick[5], address = -1;
    program_begin_block(p, "tree", "trees");
    for (int i = 0; i < 4; i++)
        pick[i + 1] = program_add_input(p, "x", format_make(true, 6, 6), 10, 0);
    address = program_add_const(p, 0, 0);
    for (int level = 0; level <= DEPTH; level++) {
        int64_t words[1 << DEPTH];
        for (int i = 0; i < 1 << level; i++)
            words[i] = (int64_t)random_below(&random, 256) - (level == DEPTH ? 128 : 0);
        int memory = program_add_memory(p, "level", 1 << level, level == DEPTH ? -128 : 0,
                                        level == DEPTH ? 127 : 255, 0, words);
        p->memories[memory].kind = kind;
        int word = program_add_load(p, memory, address);
        if (level == DEPTH) {
            program_add_output(p, "score", word);
            break;
        }
        pick[0] = program_add_slice(p, word, 0, format_make(false, 2, 2));
        int limit = program_add_slice(p, word, 2, format_make(true, 6, 6));
        int right = program_add2(p, OP_LT, limit, program_add_op(p, OP_PICK, pick, 5, 0), 0);
        address = level ? program_add_op(p, OP_CONCAT, (int[]){right, address}, 2, 0) : right;
    }
    program_check(p, "tree");
    return scheduled(p, 100);
}

/* Sums of a ROM's weights times the inputs, and a bias, both loadable; then the same again. */
static struct program *two_sums(unsigned protect)
{
    struct program *p = program_new("sums");
    p->protect = protect;
    int x[5], sums[2];
    program_begin_block(p, "in", "input");
    for (int i = 0; i < 4; i++)
        x[i + 1] = program_add_input(p, "x", format_make(true, 4, 4), 2, 0);
    for (int k = 0; k < 2; k++) {
        static const int64_t weights[] = {3, -5, 7, 1}, bias[] = {17};
        int w = program_add_memory(p, "weights", 4, -8, 7, 0, weights);
        int b = program_add_memory(p, "bias", 1, -32, 31, 0, bias);
        p->memories[w].kind = k ? MEMORY_BLOCK : MEMORY_DISTRIBUTED;
        program_begin_loop(p, k ? "second" : "first", "dense", 4);
        x[0] = program_add_index(p);
        int product = program_add2(p, OP_MUL, program_add_op(p, OP_PICK, x, 5, 0),
                                   program_add_load(p, w, x[0]), 0);
        int sum = program_add_state(p, program_add_const(p, 0, 0), -256, 255);
        int next = program_add_quantize(p, program_add2(p, OP_ADD, sum, product, 0),
                                        format_make(true, 9, 9));
        program_add_update(p, sum, next);
        program_begin_block(p, k ? "end" : "middle", "dense");
        sums[k] =
            program_add2(p, OP_ADD, next, program_add_load(p, b, program_add_const(p, 0, 0)), 0);
        for (int i = 1; i <= 4 && !k; i++)
            x[i] = program_add_quantize(p, program_add2(p, OP_ADD, sums[0], x[i], 3),
                                        format_make(true, 4, 6));
    }
    program_add_output(p, "first", sums[0]);
    program_add_output(p, "second", sums[1]);
    program_check(p, "sums");
    return scheduled(p, 100);
}

static void expect_right(const struct program *p, const char *name, struct verify_result *result)
{
    struct verify_request request = make_request(make_folder(p, name));
    request.crossing_interval_cycles = p->interval_cycles + 2;
    verify_run(&request, result);
    assert_string_equal(result->reason, "");
    assert_int_equal(result->latency_cycles_measured, p->latency_cycles);
}

#endif
