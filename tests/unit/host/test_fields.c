/* Packed vectors as the core reads and writes them against the compiler's emit_pack(). */
#include "compiler/emit/emit.h"
#include "data/random.h"
#include "runtime/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { FIELDS_MAX = 40, ROUNDS = 300, WIDTH_MAX = 48 };

/* Inputs of random formats; their integers, random and at the ends. */
static struct program *random_ports(struct random *random, int64_t *integers)
{
    struct program *p = program_new("ports");
    program_begin_block(p, "ports", "dense");
    int count = 1 + (int)random_below(random, FIELDS_MAX);
    for (int i = 0; i < count; i++) {
        bool is_signed = random_below(random, 2);
        int width = 1 + (int)random_below(random, WIDTH_MAX);
        int value = program_add_input(p, "x", format_make(is_signed, width, width), 1, 0);
        const struct op *op = &p->ops[value];
        uint64_t choice = random_below(random, 4);
        integers[i] = choice == 0 ? op->lo
                      : choice == 1
                          ? op->hi
                          : op->lo + (int64_t)random_below(random, (uint64_t)(op->hi - op->lo) + 1);
    }
    return p;
}

static void check(const struct program *p, const int64_t *integers)
{
    uint8_t bytes[FIELDS_MAX * WIDTH_MAX / 8 + 8] = {0};
    uint32_t words[sizeof bytes / 4] = {0}, again[sizeof bytes / 4] = {0};
    emit_pack(p, false, integers, bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        words[i / 4] |= (uint32_t)bytes[i] << 8 * (i % 4);
    unsigned at = 0;
    for (int i = 0; i < p->input_count; i++) {
        struct format format = p->ops[p->inputs[i].value].format;
        unsigned width = (unsigned)format.width_bits;
        assert_true(field_wide(words, at, width, format.is_signed) == integers[i]);
        if (width < 32 || (width == 32 && format.is_signed)) {
            assert_true(field_narrow(words, at, width, format.is_signed) == integers[i]);
            field_put_narrow(again, at, width, (int32_t)integers[i]);
        } else {
            field_put_wide(again, at, width, integers[i]);
        }
        at += width;
    }
    assert_memory_equal(again, words, sizeof words);
}

static void test_fields_are_packed_as_the_ports(void **state)
{
    (void)state;
    struct random random = random_init(7);
    int64_t integers[FIELDS_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        struct program *p = random_ports(&random, integers);
        check(p, integers);
        program_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields_are_packed_as_the_ports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
