/* Loadable memories of a program: addresses, other contents, what the checker refuses, the C that
 * is printed. The Verilog is in tests/unit/sim/test_load.c. */
#include "compiler/compile.h"
#include "compiler/emit/emit.h"
#include "compiler/schedule/schedule.h"
#include "random_loops.h"

#include "base/file.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/compiler/run.h"

enum { SEEDS = 8, EVENTS = 50 };
static const char folder[] = "build/tests/load";

/* y = small[x] + large[3 - x] of the lowest bits, and a memory that nothing reads between the two.
 */
static struct program *two_tables(void)
{
    static const int64_t small[] = {5, -6}, unread[] = {1}, large[] = {0, 100, 200, 300, 255};
    struct program *p = program_new("tables");
    program_begin_block(p, "sum", "dense");
    int x = program_add_input(p, "x", format_make(false, 2, 2), 1, 0);
    int least = program_add_slice(p, x, 0, format_make(false, 1, 1));
    int other = program_add2(p, OP_SUB, program_add_const(p, 3, 0), x, 0);
    int first = program_add_load(p, program_add_memory(p, "small", 2, -8, 7, 1, small), least);
    program_add_memory(p, "unread", 1, 0, 1, 0, unread);
    int second = program_add_load(p, program_add_memory(p, "large", 5, 0, 511, 1, large), other);
    program_add_output(p, "y", program_add2(p, OP_ADD, first, second, 0));
    program_check(p, "two_tables");
    return p;
}

static void test_addresses(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct program *p = two_tables();
    struct load_map map = program_load_map(p, &arena);
    assert_int_equal(map.count, 3);
    assert_int_equal(map.ranges[0].base, 0); /* 2 words */
    assert_int_equal(map.ranges[1].base, 2); /* 1 */
    assert_int_equal(map.ranges[2].base, 8); /* 5, room for 8 */
    assert_int_equal(map.ranges[2].memory, 2);
    assert_int_equal(map.address_bits, 4);
    assert_int_equal(map.data_bits, 9);
    assert_int_equal(load_port_word(&p->memories[0], -6), 10);
    assert_int_equal(load_port_word(&p->memories[2], 300), 300);
    assert_int_equal(memory_words(&p->memories[2]), 10);
    program_free(p);
    arena_free(&arena);
}

static void test_map_file(void **state)
{
    (void)state;
    struct program *p = two_tables();
    emit_load_map(p, NULL, folder);
    cJSON *json = json_read("build/tests/load/load.json");
    const cJSON *memory = cJSON_GetArrayItem(json_find(json, "memories"), 2);
    assert_int_equal(json_number(json, "address_bits", 0), 4);
    assert_string_equal(json_string(memory, "name", ""), "large");
    assert_string_equal(json_string(memory, "block", ""), "sum");
    assert_string_equal(json_string(memory, "format", ""), "ufixed<9,8>");
    assert_int_equal(json_number(memory, "base", 0), 8);
    assert_int_equal(json_number(memory, "words", 0), 5);
    cJSON_Delete(json);
    p->memory_count = 0; /* nothing to be loaded: no file */
    emit_load_map(p, NULL, folder);
    assert_false(file_exists("build/tests/load/load.json"));
    program_free(p);
}

static void test_contents(void **state)
{
    (void)state;
    static const int64_t x[] = {0, 1, 2, 3}, other[] = {-8, 7};
    int64_t y[4];
    struct program *p = two_tables(), *q = two_tables();
    program_eval(p, x, 4, y);
    assert_memory_equal(y, ((int64_t[]){305, 194, 105, -6}), sizeof y);
    assert_int_equal(p->ops[p->outputs[0].value].lo,
                     -8); /* of what may be loaded, not of today's */
    assert_int_equal(p->ops[p->outputs[0].value].hi, 518);
    program_set_contents(q, 0, other);
    program_check(q, "other contents");
    program_eval(q, x, 4, y);
    assert_memory_equal(y, ((int64_t[]){292, 207, 92, 7}), sizeof y);
    struct program *flat = program_unroll(p, NULL); /* without memories: today's contents */
    program_check(flat, "unroll");
    assert_int_equal(flat->memory_count, 0);
    program_eval(flat, x, 4, y);
    assert_memory_equal(y, ((int64_t[]){305, 194, 105, -6}), sizeof y);
    program_free(flat);
    program_free(p);
    program_free(q);
}

static void test_checker(void **state)
{
    (void)state;
    char reason[400];
    struct compile_options options;
    struct program *p = two_tables();
    p->memories[0].contents[1] = 8;
    assert_string_equal(program_verify(p, reason, sizeof reason),
                        "memory small: entry 1 holds 8, outside [-8, 7]");
    p->memories[0].contents[1] = 0;
    p->memories[0].slots = 4;
    assert_string_equal(program_verify(p, reason, sizeof reason),
                        "memory small is loadable: it has 4 slots in registers, not 2");
    p->memories[0].slots = 2;
    p->memories[0].kind = MEMORY_BLOCK;
    compile_options_init(&options);
    struct program *s = schedule_program(p, &options);
    const char *wrong = program_verify(s, reason, sizeof reason);
    if (wrong) fail_msg("%s", wrong);
    for (int v = 0; v < s->op_count; v++) /* a cycle early */
        if (s->ops[v].code == OP_LOAD && s->ops[v].immediate == 2) s->ops[v].stage = 0;
    assert_non_null(strstr(program_verify(s, reason, sizeof reason), "stage 0"));
    program_free(s);
    program_free(p);
}

/* Starts from the compiled contents, takes words until address 0xffffffff, then events. */
static const char driver[] =
    "#include \"loops.h\"\n#include <stdio.h>\n"
    "int main(void)\n{\n"
    "    static struct loops_memories memories;\n"
    "    uint64_t word[2];\n    int64_t x[loops_INPUTS], y[2][loops_OUTPUTS];\n"
    "    loops_in in[loops_INPUTS];\n    loops_out out[2][loops_OUTPUTS];\n"
    "    memories = loops_initial;\n"
    "    while (fread(word, sizeof word, 1, stdin) == 1 && word[0] != 0xffffffff)\n"
    "        if (loops_load(&memories, (uint32_t)word[0], word[1]) != 0) return 2;\n"
    "    if (loops_load(&memories, (uint32_t)word[0], word[1]) != -1) return 3;\n"
    "    while (fread(x, sizeof x, 1, stdin) == 1) {\n"
    "        for (int i = 0; i < loops_INPUTS; i++) in[i] = (loops_in)x[i];\n"
    "        loops_eval_with(&memories, in, out[0]);\n"
    "        loops_eval(in, out[1]);\n"
    "        for (int i = 0; i < 2 * loops_OUTPUTS; i++)\n"
    "            y[i / loops_OUTPUTS][i % loops_OUTPUTS] = out[i / loops_OUTPUTS][i % "
    "loops_OUTPUTS];\n"
    "        fwrite(y, sizeof y, 1, stdout);\n"
    "    }\n    return 0;\n}\n";

/* Random contents for all that is loadable, and the words that load them. */
static long other_contents(struct random *random, struct program *p, uint64_t (*words)[2])
{
    struct arena arena = {0};
    struct load_map map = program_load_map(p, &arena);
    long count = 0;
    for (int i = 0; i < map.count; i++) {
        int m = map.ranges[i].memory;
        const struct memory *memory = &p->memories[m];
        int64_t contents[64];
        for (int k = 0; k < memory->entries; k++) {
            contents[k] = loop_between(random, (int)memory->lo, (int)memory->hi);
            words[count][0] = map.ranges[i].base + (uint32_t)k;
            words[count++][1] = load_port_word(memory, contents[k]) | (uint64_t)1 << 40;
        }
        program_set_contents(p, m, contents);
    }
    words[count][0] = 0xffffffff;
    arena_free(&arena);
    return count;
}

static void test_generated_c(void **state)
{
    (void)state;
    static const struct emit_header header = {"0.1", "00", "--reuse 4", ""};
    int loadable = 0, differ = 0;
    file_make_folder(folder);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct arena arena = {0};
        struct random random = random_init(seed);
        struct program *p = random_loadable_loops(&random);
        if (!program_has_loadables(p)) {
            program_free(p);
            continue;
        }
        loadable++;
        uint64_t(*words)[2] = arena_alloc(&arena, 2048, sizeof *words);
        size_t row = (size_t)p->output_count * 8, length;
        int64_t *inputs = arena_alloc(&arena, (size_t)(EVENTS * p->input_count), 8);
        int64_t *first = arena_alloc(&arena, EVENTS * row, 1);
        int64_t *second = arena_alloc(&arena, EVENTS * row, 1);
        for (int i = 0; i < EVENTS * p->input_count; i++) {
            const struct op *op = &p->ops[p->inputs[i % p->input_count].value];
            inputs[i] = loop_between(&random, (int)op->lo, (int)op->hi);
        }
        emit_c(p, &header, folder);
        program_eval(p, inputs, EVENTS, first);
        long count = other_contents(&random, p, words);
        program_eval(p, inputs, EVENTS, second);
        struct out_file *out = out_open(file_join(&arena, folder, "in"));
        fwrite(words, sizeof *words, (size_t)count + 1, out_stream(out));
        fwrite(inputs, 8, (size_t)(EVENTS * p->input_count), out_stream(out));
        out_commit(out);
        file_write(file_join(&arena, folder, "driver.c"), driver, strlen(driver));
        run("cc -std=c11 -O1 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror "
            "-fsanitize=undefined -fno-sanitize-recover=all -I%s/c -o %s/driver %s/driver.c "
            "%s/c/loops.c && %s/driver < %s/in > %s/out",
            folder, folder, folder, folder, folder, folder, folder);
        const char *found = file_read(&arena, file_join(&arena, folder, "out"), &length);
        assert_int_equal(length, 2 * EVENTS * row);
        for (size_t e = 0; e < EVENTS; e++) {
            const int64_t *at = first + e * (size_t)p->output_count;
            assert_memory_equal(found + (2 * e) * row, second + e * (size_t)p->output_count, row);
            assert_memory_equal(found + (2 * e + 1) * row, at, row);
            differ += memcmp(at, second + e * (size_t)p->output_count, row) != 0;
        }
        program_free(p);
        arena_free(&arena);
    }
    assert_true(loadable > SEEDS / 2 && differ > EVENTS); /* else the test says little */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),   cmocka_unit_test(test_map_file),
        cmocka_unit_test(test_contents),    cmocka_unit_test(test_checker),
        cmocka_unit_test(test_generated_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
