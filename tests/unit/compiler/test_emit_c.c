/* Generated C: compiled with every warning an error and with the undefined-behaviour sanitizer, it
 * gives the interpreter's integers for programs that hold every operation and every quantizer mode.
 */
#include "random_program.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "compiler/emit/emit.h"
#include "compiler/optimize/optimize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PROGRAMS = 24, EVENTS = 400 };

static char folder[64];

static const struct emit_header header = {"0.1", "0123456789abcdef0123456789abcdef",
                                          "--board none */ \\", ""};

/* A main() that evaluates events of N inputs read from a file and writes the outputs: binary int64.
 */
static void write_driver(const char *path, const char *headers, int programs)
{
    struct text text = {0};
    text_add(&text, "#include <stdio.h>\n#include <stdlib.h>\n#include <inttypes.h>\n");
    for (int i = 0; i < programs; i++)
        text_add(&text, "#include \"%s/random_%d.h\"\n", headers, i);
    text_add(&text, "int main(int argc, char **argv)\n{\n    int64_t x[64], y[64];\n"
                    "    int which = argc > 1 ? atoi(argv[1]) : 0;\n");
    for (int i = 0; i < programs; i++)
        text_add(&text,
                 "    while (which == %d && fread(x, 8, random_%d_INPUTS, stdin) == "
                 "random_%d_INPUTS) {\n"
                 "        random_%d_in in[64];\n        random_%d_out out[64];\n"
                 "        for (int i = 0; i < random_%d_INPUTS; i++) in[i] = (random_%d_in)x[i];\n"
                 "        random_%d_eval(in, out);\n"
                 "        for (int i = 0; i < random_%d_OUTPUTS; i++) y[i] = out[i];\n"
                 "        fwrite(y, 8, random_%d_OUTPUTS, stdout);\n    }\n",
                 i, i, i, i, i, i, i, i, i, i);
    text_add(&text, "    return 0;\n}\n");
    file_write(path, text.bytes, text.length);
    text_free(&text);
}

static void run(const char *format, ...)
{
    char command[2000];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    int status = system(command);
    if (status) fail_msg("status %d of: %s", status, command);
}

static struct program *make_program(struct random *random, int i)
{
    struct program *p = random_program(random, i % 2 ? random_wide : random_narrow);
    p->name = arena_printf(&p->arena, "random_%d", i);
    return p;
}

static void compare(struct random *random, const struct program *p, const char *driver, int which)
{
    struct arena arena = {0};
    size_t ins = (size_t)(EVENTS * p->input_count), outs = (size_t)(EVENTS * p->output_count),
           length;
    int64_t *inputs = arena_alloc(&arena, ins, 8), *expected = arena_alloc(&arena, outs, 8);
    random_inputs(random, p, EVENTS, inputs);
    program_eval(p, inputs, EVENTS, expected);
    file_write(file_join(&arena, folder, "in"), inputs, ins * 8);
    run("%s/%s %d < %s/in > %s/out", folder, driver, which, folder, folder);
    const char *found = file_read(&arena, file_join(&arena, folder, "out"), &length);
    assert_int_equal(length, outs * 8);
    for (size_t i = 0; i < outs; i++) {
        int64_t n;
        memcpy(&n, found + i * 8, 8);
        if (n != expected[i])
            fail_msg("program %d event %zu output %zu: C gives %lld, the interpreter %lld", which,
                     i / (size_t)p->output_count, i % (size_t)p->output_count, (long long)n,
                     (long long)expected[i]);
    }
    arena_free(&arena);
}

/* The programs as loops, and FOLDER/NAME_driver. */
static void build_rolled(const char *name, enum emit_c_form form, struct program *const *programs,
                         int count)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (int i = 0; i < count; i++)
        emit_c_form(programs[i], &header, form, path);
    snprintf(path, sizeof path, "%s/%s_driver.c", folder, name);
    write_driver(path, name, count);
    run("cc -std=c99 -O1 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-type-limits "
        "-fsanitize=undefined -fno-sanitize-recover=all -I%s -o %s/%s_driver %s/%s_driver.c "
        "%s/%s/*.c",
        folder, folder, name, folder, name, folder, name);
}

/* A matrix over the inputs or the values before: small weights, some zero, a bias. */
static int add_random_matrix(struct random *random, struct program *p, const int *x, int rows,
                             int *results, int weight_bits)
{
    enum { MOST = 24 };
    int64_t weights[MOST * MOST], bias[MOST];
    int columns = 3 + (int)random_below(random, 14);
    for (int i = 0; i < rows * columns; i++)
        weights[i] = random_below(random, 3) ? (int64_t)random_below(random, 1u << weight_bits) -
                                                   (1 << (weight_bits - 1))
                                             : 0;
    for (int i = 0; i < columns; i++)
        bias[i] = (int64_t)random_below(random, 200) - 100;
    struct matrix matrix = {.name = "w",
                            .rows = rows,
                            .columns = columns,
                            .integers = weights,
                            .fraction_bits = 3,
                            .bias = random_below(random, 4) ? bias : NULL,
                            .bias_fraction_bits = 5};
    program_add_matvec(p, x, rows, &matrix, results);
    return columns;
}

/* Two dense layers with what a layer may do to its neurons, formats by neuron or by layer. */
static struct program *layered_program(struct random *random, int number)
{
    int x[24], y[24], rows = 5 + (int)random_below(random, 8);
    bool own_formats = number % 2, wide = number % 5 == 4;
    struct program *p = program_new("layers");
    p->name = arena_printf(&p->arena, "random_%d", number);
    for (int i = 0; i < rows; i++)
        x[i] = program_add_input(p, "x", format_make(true, wide ? 24 : 7, 4), 1, 0);
    for (int layer = 0; layer < 2; layer++) {
        program_begin_block(p, layer ? "second" : "first", "dense");
        int columns = add_random_matrix(random, p, x, rows, y, wide ? 20 : 5);
        for (int j = 0; j < columns; j++) {
            struct format f = format_make(layer == 1, 6, 3);
            f.rounding = (enum rounding)(number % ROUNDING_COUNT);
            f.overflow = (enum overflow)(number / 3 % OVERFLOW_COUNT);
            if (own_formats) f.integer_bits += (int)random_below(random, 3);
            int zero = program_add_const(p, 0, 0), v = program_add2(p, OP_MAX, y[j], zero, 0);
            if (number % 3 == 0) v = program_add2(p, OP_ADD, v, y[j], -2);
            x[j] = program_add_quantize(p, v, f);
        }
        if (number % 4 == 1) /* one of them reads its neighbour */
            x[1] = program_add2(p, OP_MIN, x[0], x[1], 0);
        rows = columns;
    }
    for (int j = 0; j < rows; j++)
        program_add_output(p, "y", x[number % 7 == 2 ? rows - 1 - j : j]);
    return p;
}

static void test_rolled_layers(void **state)
{
    (void)state;
    struct program *programs[PROGRAMS];
    struct random random = random_init(11);
    struct arena arena = {0};
    for (int i = 0; i < PROGRAMS; i++) {
        struct program *p = layered_program(&random, i);
        program_check(p, "test");
        programs[i] = optimize_lanes(p, NULL);
        program_check(programs[i], "lanes");
        program_free(p);
    }
    build_rolled("layers", EMIT_C_LOOPS, programs, PROGRAMS);
    build_rolled("digits", EMIT_C_DIGITS, programs, PROGRAMS);
    for (int i = 0; i < PROGRAMS; i++) {
        size_t length;
        const char *text =
            file_read(&arena, arena_printf(&arena, "%s/layers/random_%d.c", folder, i), &length);
        assert_non_null(strstr(text, "weights_1[")); /* both matrices are loops */
        compare(&random, programs[i], "layers_driver", i);
        compare(&random, programs[i], "digits_driver", i);
        program_free(programs[i]);
    }
    arena_free(&arena);
}

static void test_generated_c(void **state)
{
    (void)state;
    long count[OP_COUNT] = {0}, modes[ROUNDING_COUNT][OVERFLOW_COUNT] = {{0}};
    struct program *programs[PROGRAMS];
    struct random random = random_init(3);
    char path[128];
    for (int i = 0; i < PROGRAMS; i++) {
        struct program *p = programs[i] = make_program(&random, i);
        emit_c(p, &header, folder);
        for (int value = 0; value < p->op_count; value++) {
            count[p->ops[value].code]++;
            if (p->ops[value].code == OP_QUANTIZE)
                modes[p->ops[value].format.rounding][p->ops[value].format.overflow]++;
        }
    }
    for (int code = 0; code < OP_INDEX; code++)
        assert_true(count[code] > 0);
    for (int i = 0; i < ROUNDING_COUNT * OVERFLOW_COUNT; i++)
        assert_true(modes[i % ROUNDING_COUNT][i / ROUNDING_COUNT] > 0);
    snprintf(path, sizeof path, "%s/driver.c", folder);
    write_driver(path, "c", PROGRAMS);
    run("cc -std=c99 -O1 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -ffreestanding -c "
        "-o %s/freestanding.o "
        "%s/c/random_1.c",
        folder, folder);
    run("cc -std=c99 -O1 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-type-limits "
        "-fsanitize=undefined "
        "-fno-sanitize-recover=all -I%s -o %s/driver %s/driver.c %s/c/*.c",
        folder, folder, folder, folder);
    build_rolled("rolled", EMIT_C_LOOPS, programs, PROGRAMS);
    for (int i = 0; i < PROGRAMS; i++) {
        compare(&random, programs[i], "driver", i);
        compare(&random, programs[i], "rolled_driver", i);
        program_free(programs[i]);
    }
}

/* Every rounding and overflow mode on every integer of an input: ties of both signs, ends and
 * beyond them; and up-shifts. */
static void test_quantizers(void **state)
{
    (void)state;
    enum { MODES = ROUNDING_COUNT * OVERFLOW_COUNT, LOW = -256, INPUTS = 512 };
    struct program *p = program_new("modes");
    int a = program_add_input(p, "a", format_make(true, 9, 5), 1, 0), outputs = 0;
    for (int i = 0; i < 2 * MODES + 2 * OVERFLOW_COUNT; i++) {
        bool up = i >= 2 * MODES;
        struct format f = i % 2 ? format_make(false, 4, 3) : format_make(true, 5, 3);
        if (up) f.integer_bits = f.width_bits - 7; /* up by three */
        f.rounding = (enum rounding)(i / 2 % ROUNDING_COUNT);
        f.overflow = (enum overflow)(up ? (i - 2 * MODES) / 2 : i / 2 / ROUNDING_COUNT);
        program_add_output(p, "y", program_add_quantize(p, a, f));
        outputs++;
    }
    assert_int_equal(outputs, 64);
    program_check(p, "test");
    emit_c(p, &header, folder);
    struct arena arena = {0};
    int64_t *in = arena_alloc(&arena, INPUTS, 8), *expected = arena_alloc(&arena, INPUTS * 64, 8);
    for (int i = 0; i < INPUTS; i++)
        in[i] = LOW + i;
    program_eval(p, in, INPUTS, expected);
    const char *text =
        "#include <stdio.h>\n#include \"c/modes.h\"\nint main(void)\n{\n    modes_out out[64];\n"
        "    for (modes_in n = -256; n < 256; n++) {\n        modes_eval(&n, out);\n"
        "        for (int i = 0; i < 64; i++) {\n            int64_t wide = out[i];\n"
        "            fwrite(&wide, 8, 1, stdout);\n        }\n    }\n"
        "    return 0;\n}\n";
    file_write(file_join(&arena, folder, "modes_main.c"), text, strlen(text));
    run("cc -std=c99 -Wall -Wextra -Werror -fsanitize=undefined -fno-sanitize-recover=all -I%s -o "
        "%s/modes "
        "%s/modes_main.c %s/c/modes.c && %s/modes > %s/out",
        folder, folder, folder, folder, folder, folder);
    size_t length;
    const char *found = file_read(&arena, file_join(&arena, folder, "out"), &length);
    assert_int_equal(length, INPUTS * 64 * 8);
    assert_memory_equal(found, expected, length);
    arena_free(&arena);
    program_free(p);
}

/* The sum of a matvec whose partial sums leave 64 bits, as far as the result itself does not. */
static struct program *big_program(void)
{
    struct program *p = program_new("big");
    int64_t weights[] = {(int64_t)1 << 61, -((int64_t)1 << 61) + 1, (int64_t)1 << 61,
                         -((int64_t)1 << 61)};
    struct matrix matrix = {.name = "w", .rows = 4, .columns = 1, .integers = weights};
    int operands[4], result;
    /* Constants in all but name: their intervals are single integers, so the sum's interval is
     * small. */
    for (int i = 0; i < 4; i++) {
        int x = program_add_input(p, "x", format_make(false, 1, 1), 1, 0);
        int either = program_add2(p, OP_OR, x, program_add_const(p, 1, 0), 0);
        operands[i] = program_add2(p, OP_ADD, either, program_add_const(p, 2, 0), 0);
    }
    program_add_matvec(p, operands, 4, &matrix, &result);
    program_add_output(p, "y", result);
    return p;
}

static void test_partial_sums(void **state)
{
    (void)state;
    struct program *p = big_program();
    int64_t in[4] = {0, 1, 0, 1}, out;
    program_check(p, "test");
    program_eval(p, in, 1, &out);
    assert_int_equal(out, 3);
    emit_c(p, &header, folder);
    char path[128];
    snprintf(path, sizeof path, "%s/big_main.c", folder);
    const char *text = "#include \"c/big.h\"\nint main(void)\n{\n    big_in in[4] = {0, 1, 0, "
                       "1};\n    big_out out[1];\n"
                       "    big_eval(in, out);\n    return out[0] != 3;\n}\n";
    file_write(path, text, strlen(text));
    run("cc -std=c99 -Wall -Wextra -Werror -fsanitize=undefined -fno-sanitize-recover=all -I%s -o "
        "%s/big %s/big_main.c "
        "%s/c/big.c && %s/big",
        folder, folder, folder, folder, folder);
    program_free(p);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sluice-emit-c-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    run("rm -r %s", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated_c), cmocka_unit_test(test_rolled_layers),
        cmocka_unit_test(test_quantizers), cmocka_unit_test(test_partial_sums)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
