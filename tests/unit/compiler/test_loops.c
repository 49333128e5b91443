/* Loops: their meaning, written down here a second time, against the interpreter, the unrolled
 * program, the C that is printed and the machine code; text form and passes on the way; what the
 * checker and the schedule refuse. What the Verilog computes is judged in tests/unit/sim. */
#include "compiler/compile.h"
#include "compiler/emit/emit.h"
#include "compiler/native.h"
#include "compiler/optimize/optimize.h"
#include "compiler/schedule/schedule.h"
#include "random_loops.h"

#include "base/error.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/compiler/run.h"

#ifndef SEEDS
#define SEEDS 150
#endif
enum { EVENTS = 60, C_SEEDS = 6 };

static const char folder[] = "build/tests/loops";

/* ---- the meaning of a loop, one event at a time ---- */

struct machine {
    const struct program *p;
    int64_t *values;    /* of the iteration at hand */
    int64_t *next;      /* of states */
    int64_t **memories; /* entries */
    const int64_t *inputs;
};

static int64_t aligned(const struct machine *m, int value, int fraction)
{
    return m->values[value] * ((int64_t)1 << (fraction - op_fraction(&m->p->ops[value])));
}

/* The operations that random_loops() makes. */
static int64_t eval_op(struct machine *m, int value, int iteration)
{
    const struct program *p = m->p;
    const struct op *op = &p->ops[value];
    const int *o = p->operands + op->operands;
    int fraction[2] = {op->operand_count > 0 ? op_fraction(&p->ops[o[0]]) : 0,
                       op->operand_count > 1 ? op_fraction(&p->ops[o[1]]) : 0};
    int finest = fraction[0] > fraction[1] ? fraction[0] : fraction[1], F = op_fraction(op);
    switch (op->code) {
    case OP_INPUT: return m->inputs[op->immediate];
    case OP_CONST: return op->immediate;
    case OP_ADD: return aligned(m, o[0], F) + aligned(m, o[1], F);
    case OP_SUB: return aligned(m, o[0], F) - aligned(m, o[1], F);
    case OP_NEG: return -m->values[o[0]];
    case OP_MUL: return m->values[o[0]] * m->values[o[1]];
    case OP_QUANTIZE: return program_quantize_integer(m->values[o[0]], fraction[0], op->format);
    case OP_LT: return aligned(m, o[0], finest) < aligned(m, o[1], finest);
    case OP_LE: return aligned(m, o[0], finest) <= aligned(m, o[1], finest);
    case OP_MIN:
    case OP_MAX: {
        int64_t a = aligned(m, o[0], F), b = aligned(m, o[1], F);
        return (op->code == OP_MIN) == (a < b) ? a : b;
    }
    case OP_SELECT: return aligned(m, m->values[o[0]] ? o[1] : o[2], F);
    case OP_TABLE:
        return p->tables[op->immediate].entries[m->values[o[0]] - p->tables[op->immediate].first];
    case OP_CONCAT: {
        int64_t whole = 0, offset = 1;
        for (int i = 0; i < op->operand_count; i++) {
            whole += m->values[o[i]] * offset;
            offset <<= p->ops[o[i]].format.width_bits;
        }
        return whole;
    }
    case OP_SLICE:
        return (m->values[o[0]] >> op->immediate) & (((int64_t)1 << op->format.width_bits) - 1);
    case OP_ADC: return m->values[o[0]] + m->values[o[1]] + m->values[o[2]];
    case OP_PICK: return aligned(m, o[1 + m->values[o[0]]], F);
    case OP_INDEX: return iteration;
    case OP_STATE: return iteration ? m->next[value] : m->values[o[0]];
    case OP_UPDATE: return m->values[o[1]];
    case OP_LOAD:
        if (op->operand_count > 1 && !m->values[o[1]]) return 0;
        return m->memories[op->immediate][m->values[o[0]]];
    case OP_STORE:
        if (m->values[o[2]]) m->memories[op->immediate][m->values[o[0]]] = m->values[o[1]];
        return m->values[o[1]];
    default: fail_msg("%s is not made by random_loops()", op_rows[op->code].name); return 0;
    }
}

static void eval_event(struct machine *m)
{
    const struct program *p = m->p;
    for (int b = 0; b < p->block_count; b++)
        for (int i = 0; i < p->blocks[b].trip; i++) {
            for (int v = p->blocks[b].first; v < p->blocks[b].end; v++) {
                m->values[v] = eval_op(m, v, i);
                assert_true(m->values[v] >= p->ops[v].lo && m->values[v] <= p->ops[v].hi);
            }
            for (int v = p->blocks[b].first; v < p->blocks[b].end; v++)
                if (p->ops[v].code == OP_UPDATE)
                    m->next[p->operands[p->ops[v].operands]] = m->values[v];
        }
}

static void make_inputs(struct random *random, const struct program *p, int64_t *inputs)
{
    for (int i = 0; i < EVENTS * p->input_count; i++) {
        const struct op *op = &p->ops[p->inputs[i % p->input_count].value];
        inputs[i] = op->lo + (int64_t)random_below(random, (uint64_t)(op->hi - op->lo) + 1);
    }
}

/* Outputs by the meaning above, and the values of the last event. */
static struct machine eval_all(struct arena *arena, const struct program *p, const int64_t *inputs,
                               int64_t *outputs)
{
    struct machine m = {.p = p};
    m.values = arena_alloc(arena, (size_t)p->op_count, sizeof *m.values);
    m.next = arena_alloc(arena, (size_t)p->op_count, sizeof *m.next);
    m.memories = arena_alloc(arena, (size_t)p->memory_count + 1, sizeof *m.memories);
    for (int i = 0; i < p->memory_count; i++) {
        const struct memory *memory = &p->memories[i];
        m.memories[i] = arena_alloc(arena, (size_t)memory->entries, sizeof(int64_t));
        if (memory->contents)
            memcpy(m.memories[i], memory->contents, (size_t)memory->entries * sizeof(int64_t));
    }
    for (int e = 0; e < EVENTS; e++) {
        m.inputs = inputs + e * p->input_count;
        eval_event(&m);
        for (int i = 0; i < p->output_count; i++)
            outputs[e * p->output_count + i] = m.values[p->outputs[i].value];
    }
    return m;
}

static void compare(const struct program *p, const int64_t *inputs, const int64_t *expected,
                    const char *what, uint64_t seed)
{
    size_t count = (size_t)(EVENTS * p->output_count);
    int64_t *outputs = calloc(count, sizeof *outputs);
    assert_non_null(outputs);
    program_eval(p, inputs, EVENTS, outputs);
    for (size_t i = 0; i < count; i++)
        if (outputs[i] != expected[i])
            fail_msg("seed %llu, %s: output %zu is %lld, not %lld", (unsigned long long)seed, what,
                     i, (long long)outputs[i], (long long)expected[i]);
    free(outputs);
}

static struct program *scheduled(const struct program *p, uint64_t seed)
{
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 1 + (double)(seed % 12) * 0.7;
    struct program *result = schedule_program(p, &options);
    program_check(result, "schedule");
    return result;
}

static void test_meaning(void **state)
{
    (void)state;
    long loops = 0, kinds[MEMORY_KIND_COUNT] = {0}, codes[OP_COUNT] = {0}, buffered = 0, folded = 0,
         loadable = 0;
    file_make_folder(folder);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct arena arena = {0};
        struct random random = random_init(seed);
        struct program *p = seed % 2 ? random_loops(&random) : random_loadable_loops(&random);
        program_check(p, "random_loops");
        int64_t *inputs = arena_alloc(&arena, (size_t)(EVENTS * p->input_count), 8);
        int64_t *expected = arena_alloc(&arena, (size_t)(EVENTS * p->output_count), 8);
        int64_t *trace = arena_alloc(&arena, (size_t)p->op_count, 8);
        make_inputs(&random, p, inputs);
        struct machine m = eval_all(&arena, p, inputs, expected);
        compare(p, inputs, expected, "the interpreter", seed);
        program_eval_trace(p, m.inputs, trace);
        assert_memory_equal(trace, m.values, (size_t)p->op_count * sizeof *trace);
        struct program *less = optimize_dead(p, &target_generic);
        program_check(less, "dead");
        struct program *at = scheduled(less, seed);
        compare(at, inputs, expected, "without dead code, scheduled", seed);
        struct program *again = scheduled(at, seed + 5); /* as a build does that misses its clock */
        compare(again, inputs, expected, "scheduled again", seed);
        const char *file = file_join(&arena, folder, "program.sluice");
        program_write(at, file);
        struct program *read = program_read(file);
        compare(read, inputs, expected, "read back", seed);
        struct program *flat = program_unroll(at, NULL);
        program_check(flat, "unroll");
        assert_false(program_has_loops(flat));
        compare(flat, inputs, expected, "unrolled", seed);
        loops += program_has_loops(at);
        for (int v = 0; v < at->op_count; v++)
            codes[at->ops[v].code]++;
        for (int i = 0; i < at->memory_count; i++) {
            kinds[at->memories[i].kind]++;
            loadable += at->memories[i].contents != NULL;
            buffered += at->memories[i].slots > at->memories[i].entries;
            folded += at->memories[i].slots < at->memories[i].entries;
        }
        struct program *all[] = {p, less, at, again, read, flat};
        for (int i = 0; i < 6; i++)
            program_free(all[i]);
        arena_free(&arena);
    }
    /* Else the test says little. */
    assert_true(loops > SEEDS / 2 && buffered > SEEDS / 20 && folded > SEEDS / 20 &&
                loadable > SEEDS / 2);
    for (int kind = 0; kind < MEMORY_KIND_COUNT; kind++)
        assert_true(kinds[kind] > SEEDS / 10);
    for (int code = OP_PICK; code <= OP_STORE; code++)
        assert_true(codes[code] > SEEDS / 10);
}

static const char driver[] = "#include \"loops.h\"\n#include <stdio.h>\n"
                             "int main(void)\n{\n"
                             "    int64_t x[loops_INPUTS], y[loops_OUTPUTS];\n"
                             "    loops_in in[loops_INPUTS];\n    loops_out out[loops_OUTPUTS];\n"
                             "    while (fread(x, sizeof x, 1, stdin) == 1) {\n"
                             "        for (int i = 0; i < loops_INPUTS; i++)\n"
                             "            in[i] = (loops_in)x[i];\n"
                             "        loops_eval(in, out);\n"
                             "        for (int i = 0; i < loops_OUTPUTS; i++)\n"
                             "            y[i] = out[i];\n"
                             "        fwrite(y, sizeof y, 1, stdout);\n"
                             "    }\n"
                             "    return 0;\n}\n";

static void test_generated_c(void **state)
{
    (void)state;
    static const struct emit_header header = {"0.1", "00", "--reuse 4", ""};
    for (uint64_t seed = 1; seed <= C_SEEDS; seed++) {
        struct arena arena = {0};
        struct random random = random_init(seed);
        struct program *p = seed % 2 ? random_loops(&random) : random_loadable_loops(&random);
        int64_t *inputs = arena_alloc(&arena, (size_t)(EVENTS * p->input_count), 8);
        size_t bytes = (size_t)(EVENTS * p->output_count) * 8, length;
        int64_t *expected = arena_alloc(&arena, bytes, 1);
        make_inputs(&random, p, inputs);
        program_eval(p, inputs, EVENTS, expected);
        emit_c(p, &header, folder);
        file_write(file_join(&arena, folder, "in"), inputs, (size_t)(EVENTS * p->input_count) * 8);
        file_write(file_join(&arena, folder, "driver.c"), driver, strlen(driver));
        run("cc -std=c99 -O1 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror "
            "-fsanitize=undefined -fno-sanitize-recover=all -I%s/c -o %s/driver %s/driver.c "
            "%s/c/loops.c && %s/driver < %s/in > %s/out",
            folder, folder, folder, folder, folder, folder, folder);
        const char *found = file_read(&arena, file_join(&arena, folder, "out"), &length);
        assert_int_equal(length, bytes);
        assert_memory_equal(found, expected, bytes);
        struct native *native =
            native_open(p, file_join(&arena, folder, "cache"), EVENTS, NATIVE_COMPILED);
        assert_true(native_is_compiled(native));
        int64_t *outputs = arena_alloc(&arena, bytes, 1);
        native_eval(native, inputs, EVENTS, outputs);
        assert_memory_equal(outputs, expected, bytes);
        native_close(native);
        program_free(p);
        arena_free(&arena);
    }
}

/* sum over i of rom[i] * x[i], kept in a memory, scaled in a second loop that overlaps with it. */
static struct program *dot_product(int *mac, int *scaled)
{
    static const int64_t rom[] = {3, -5, 7, 1};
    struct program *p = program_new("dot");
    int x[5], i4, j4;
    program_begin_block(p, "in", "input");
    for (int i = 0; i < 4; i++)
        x[i + 1] = program_add_input(p, i ? "x" : "y", format_make(true, 4, 4), 1, 0);
    int memory = program_add_memory(p, "h", 4, -128, 127, 0, NULL);
    program_begin_loop(p, "mac", "dense", 4);
    i4 = x[0] = program_add_index(p);
    int product = program_add2(p, OP_MUL, program_add_op(p, OP_PICK, x, 5, 0),
                               program_add_table(p, i4, "rom", rom, format_make(true, 4, 4)), 0);
    int sum = program_add_state(p, program_add_const(p, 0, 0), -123, 118);
    *mac = program_add2(p, OP_ADD, sum, product, 0);
    program_narrow(p, *mac, -123, 118); /* what the products add up to, exactly */
    program_add_update(p, sum, *mac);
    program_add_store(p, memory, i4, *mac, program_add_const(p, 1, 0));
    program_begin_loop(p, "scale", "dense", 4);
    j4 = program_add_index(p);
    int loaded = program_add_load(p, memory, j4);
    *scaled = program_add2(p, OP_ADD, loaded, loaded, 2);
    program_add_output(p, "z", *scaled);
    return p;
}

static void test_schedule(void **state)
{
    (void)state;
    int mac, scaled;
    char reason[400];
    struct program *p = dot_product(&mac, &scaled);
    program_check(p, "dot");
    struct compile_options options;
    compile_options_init(&options);
    struct program *s = schedule_program(p, &options);
    program_check(s, "schedule");
    assert_int_equal(s->interval_cycles, 4);
    /* The second loop follows the first at the distance of one entry, not of a whole loop. */
    assert_int_equal(s->ops[scaled].stage - s->ops[mac].stage, 1);
    assert_int_equal(s->latency_cycles, s->ops[scaled].stage + 4);
    assert_int_equal(value_end(s, mac), s->ops[mac].stage + 3);
    assert_int_equal(s->memories[0].slots, 1);
    s->ops[mac + 1].stage++; /* the update */
    assert_string_equal(program_verify(s, reason, sizeof reason),
                        "%11 (update): stage 4, its state's is 3");
    s->ops[mac + 1].stage--;
    for (int v = scaled - 2; v <= scaled; v++)
        s->ops[v].stage--;
    s->latency_cycles--;
    assert_string_equal(program_verify(s, reason, sizeof reason),
                        "%15 (load h): it reads before the entry is written");
    for (int v = scaled - 2; v <= scaled; v++)
        s->ops[v].stage += 2;
    s->latency_cycles += 2;
    assert_string_equal(program_verify(s, reason, sizeof reason),
                        "%15 (load h): its slot is written again before it reads");
    s->memories[0].slots = 2;
    assert_null(program_verify(s, reason, sizeof reason));
    for (int v = scaled - 2; v <= scaled; v++)
        s->ops[v].stage += 20;
    s->latency_cycles += 20;
    s->memories[0].slots = 4;
    assert_string_equal(program_verify(s, reason, sizeof reason),
                        "%15 (load h): the next event writes its slot before it reads");
    s->memories[0].slots = 32; /* eight buffers of four */
    assert_null(program_verify(s, reason, sizeof reason));
    program_free(s);
    program_free(p);
}

/* A product inside a recurrence cannot make 500 MHz, and the message says where. */
static void test_slow_recurrence(void **state)
{
    (void)state;
    static struct error_trap trap;
    static struct program *p;
    p = program_new("slow");
    program_begin_block(p, "in", "input");
    int x = program_add_input(p, "x", format_make(true, 20, 20), 1, 0);
    program_begin_loop(p, "power", "dense", 3);
    int power = program_add_state(p, x, -524288, 524287);
    struct format same = format_make(true, 20, 20);
    int product = program_add2(p, OP_MUL, power, x, 0);
    program_add_update(p, power, program_add_quantize(p, product, same));
    program_add_output(p, "y", power);
    program_check(p, "slow");
    static struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 60;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        schedule_program(p, &options);
        fail_msg("scheduled");
    }
    error_set_trap(NULL);
    assert_non_null(strstr(trap.message, "block power: "));
    assert_non_null(strstr(trap.message, "60 MHz"));
    program_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_generated_c),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_slow_recurrence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
