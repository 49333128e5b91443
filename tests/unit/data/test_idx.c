/* IDX files, plain and gzipped, with labels in a file of their own. */
#include "tests/unit/data/fixture.h"

static const char images[] = "\0\0\x08\3\0\0\0\3\0\0\0\2\0\0\0\2\0\1\2\3\4\5\6\7\x80\xfe\xff\x0b";
static const char digits[] = "\0\0\x08\1\0\0\0\3\4\0\2";

static void images_are_flattened(void **state)
{
    (void)state;
    const float wanted[] = {0, 1, 2, 3, 4, 5, 6, 7, 128, 254, 255, 11};
    const char *files[2][2] = {
        {put("i", images, sizeof images - 1), put("l", digits, 11)},
        {put_gz("i.gz", images, sizeof images - 1), put_gz("l.gz", digits, 11)}};
    for (int gzipped = 0; gzipped < 2; gzipped++) {
        const struct data_source source = {.path = files[gzipped][0],
                                           .labels_path = files[gzipped][1]};
        struct events *events = events_read(&source, false);
        assert_int_equal(events->count, 3);
        assert_int_equal(events->features, 4);
        assert_floats(events->x, wanted, 12);
        assert_floats(events->y, (const float[]){4, 0, 2}, 3);
        assert_int_equal(events->classes, 5);
        events_free(events);
    }
    struct events *events = read_path(files[0][0]);
    assert_null(events->y);
    events_free(events);
}

static void wider_types_are_big_endian(void **state)
{
    (void)state;
    static const char shorts[] = "\0\0\x0b\1\0\0\0\2\xff\xfe\1\0";
    struct events *events = read_path(put("s", shorts, sizeof shorts - 1));
    assert_floats(events->x, (const float[]){-2, 256}, 2);
    assert_int_equal(events->features, 1);
    events_free(events);
    static const char floats[] = "\0\0\x0d\2\0\0\0\1\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0";
    events = read_path(put("f", floats, sizeof floats - 1));
    assert_floats(events->x, (const float[]){1.5f, -2}, 2);
    events_free(events);
}

static void refusals(void **state)
{
    (void)state;
    EXPECT_FAIL(read_path(put("cut", images, sizeof images - 2)), "cut: it is truncated: 12 bytes");
    EXPECT_FAIL(read_path(put("long", images, sizeof images)), "long: data beyond its end");
    EXPECT_FAIL(read_path(put("head", images, 9)), "head: it is truncated within its IDX head");
    EXPECT_FAIL(read_path(put("nodims", "\0\0\x08\0", 4)), "nodims: its IDX head is malformed");
    EXPECT_FAIL(read_path(put("empty", "\0\0\x08\1\0\0\0\0", 8)), "empty: is empty (0 uint8)");
    EXPECT_FAIL(read_path(put("type", "\0\0\x07\1\0\0\0\1\1", 9)), "type: unknown kind of file");
    struct data_source source = {.path = put("i", images, sizeof images - 1),
                                 .labels_path = put("l", "\0\0\x08\1\0\0\0\2\1\0", 10)};
    EXPECT_FAIL(events_read(&source, false), "l: 2 labels for 3 events");
    source.labels_path = NULL;
    source.labels = "y";
    EXPECT_FAIL(events_read(&source, false), "so no labels 'y'; give their file");
    source.labels_path = path_of("absent");
    EXPECT_FAIL(events_read(&source, false), "absent: cannot read");
    /* A gzip whose end is missing. */
    size_t length;
    const char *packed = file_read(&test_arena, put_gz("i.gz", images, sizeof images - 1), &length);
    EXPECT_FAIL(read_path(put("cut.gz", packed, length - 4)), "cut.gz: damaged or truncated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(images_are_flattened),
                                       cmocka_unit_test(wider_types_are_big_endian),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
