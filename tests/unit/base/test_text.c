/* Arenas and growable strings. */
#include "tests/unit/base/fixture.h"

#include "base/text.h"

#include <limits.h>

static void arena_memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t bytes = 0; bytes < 300000; bytes = bytes * 3 + 1) {
        unsigned char *memory = arena_alloc(&arena, bytes, 1);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, bytes);
    }
    arena_free(&arena);
    assert_null(arena.chunks);
}

static void arena_blocks_do_not_overlap(void **state)
{
    (void)state;
    struct arena arena = {0};
    unsigned char *blocks[100];
    for (int i = 0; i < 100; i++)
        memset(blocks[i] = arena_alloc(&arena, 1000, 1), i, 1000);
    for (int i = 0; i < 100; i++)
        for (int k = 0; k < 1000; k++)
            assert_int_equal(blocks[i][k], i);
    arena_free(&arena);
}

static void arena_refuses_impossible_sizes(void **state)
{
    (void)state;
    EXPECT_FAIL(arena_alloc(&test_arena, SIZE_MAX / 2, 8), "out of memory");
    EXPECT_FAIL(arena_alloc(&test_arena, (size_t)1 << 62, 1), "out of memory");
}

static void arena_texts(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_string_equal(arena_strdup(&arena, "abc"), "abc");
    assert_string_equal(arena_printf(&arena, "%d-%s", 17, "x"), "17-x");
    assert_string_equal(arena_printf(&arena, "%s", ""), "");
    arena_free(&arena);
}

static void text_grows(void **state)
{
    (void)state;
    struct text text = {0};
    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 1000; i++)
        text_add(&text, "%03d,", i);
    text_add_bytes(&text, "end", 3);
    assert_int_equal(text.length, 4003);
    assert_memory_equal(text_string(&text) + 4 * 777, "777,778,", 8);
    assert_string_equal(text_string(&text) + 4000, "end");
    text_free(&text);
    assert_int_equal(text.length, 0);
}

/* The conversions that text_add() makes itself, and those that it leaves to the C library. */
static void text_conversions(void **state)
{
    (void)state;
    struct text text = {0};
    text_add(&text, "%d %d %d|%ld %ld|%lx", 0, -7, INT_MIN, LONG_MAX, LONG_MIN, ULONG_MAX);
    assert_string_equal(text_string(&text), "0 -7 -2147483648|9223372036854775807 "
                                            "-9223372036854775808|ffffffffffffffff");
    text_free(&text);
    text_add(&text, "%s%c%%%s", "a", 'b', "");
    assert_string_equal(text_string(&text), "ab%");
    text_add(&text, "%s %5d %s %zu %.3f", "x", 42, "y", (size_t)9, 0.5);
    assert_string_equal(text_string(&text), "ab%x    42 y 9 0.500");
    text_free(&text);
}

static void array_grow_keeps_elements(void **state)
{
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 5000; i++) {
        array = array_grow(array, &capacity, i + 1, sizeof *array);
        array[i] = (int)i;
    }
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(array[i], i);
    free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
                                       cmocka_unit_test(arena_blocks_do_not_overlap),
                                       cmocka_unit_test(arena_refuses_impossible_sizes),
                                       cmocka_unit_test(arena_texts),
                                       cmocka_unit_test(text_grows),
                                       cmocka_unit_test(text_conversions),
                                       cmocka_unit_test(array_grow_keeps_elements)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
