/* NPY and NPZ: types, orders, versions, choice of arrays, names, and what is refused. */
#include "tests/unit/data/fixture.h"

static struct events *read_npy(int version, const char *descr, bool fortran, const char *shape,
                               const void *data, size_t count)
{
    struct blob blob = make_npy(version, descr, fortran, shape, data, count);
    return read_path(put("a.npy", blob.bytes, blob.count));
}

/* A 2 x 1 array of raw bytes must read as the two values. */
static void check_type(const char *descr, const void *bytes, size_t count, float first,
                       float second)
{
    struct events *events = read_npy(1, descr, false, "(2, 1)", bytes, count);
    if (events->x[0] != first || events->x[1] != second)
        fail_msg("%s: %g %g, wanted %g %g", descr, (double)events->x[0], (double)events->x[1],
                 (double)first, (double)second);
    assert_int_equal(events->count, 2);
    assert_int_equal(events->features, 1);
    events_free(events);
}

static void all_types_in_both_byte_orders(void **state)
{
    (void)state;
    check_type("|i1", "\x80\x7f", 2, -128, 127);
    check_type("|u1", "\x80\x7f", 2, 128, 127);
    check_type("|b1", "\0\1", 2, 0, 1);
    check_type("<i2", "\xfe\xff\x01\x02", 4, -2, 513);
    check_type(">i2", "\xff\xfe\x02\x01", 4, -2, 513);
    check_type("<u2", "\xfe\xff\x01\x02", 4, 65534, 513);
    check_type(">u2", "\xff\xfe\x02\x01", 4, 65534, 513);
    check_type("<i4", "\xfe\xff\xff\xff\x01\x00\x01\x00", 8, -2, 65537);
    check_type(">i4", "\xff\xff\xff\xfe\x00\x01\x00\x01", 8, -2, 65537);
    check_type("<u4", "\x00\x00\x00\x80\x01\x00\x01\x00", 8, 2147483648.0f, 65537);
    check_type("<i8", "\xfe\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0\0\0\0\0", 16, -2, 1);
    check_type(">i8", "\xff\xff\xff\xff\xff\xff\xff\xfe\0\0\0\0\0\0\0\1", 16, -2, 1);
    check_type("<u8", "\0\0\0\0\0\0\0\x80\1\0\0\0\0\0\0\0", 16, 9223372036854775808.0f, 1);
    check_type("<f4", "\x00\x00\xc0\x3f\x00\x00\x00\xc0", 8, 1.5f, -2);
    check_type(">f4", "\x3f\xc0\x00\x00\xc0\x00\x00\x00", 8, 1.5f, -2);
    check_type("<f8", "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\0\xc0", 16, 1.5f, -2);
    check_type(">f8", "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16, 1.5f, -2);
    /* Half precision: normal, subnormal, largest. */
    check_type("<f2", "\x00\x3e\x00\xc0", 4, 1.5f, -2);
    check_type(">f2", "\x00\x01\x7b\xff", 4, 0x1p-24f, 65504);
    check_type("<f2", "\xff\x03\x00\x80", 4, 1023 * 0x1p-24f, 0);
}

static void all_versions(void **state)
{
    (void)state;
    const float values[2] = {3, 4};
    for (int version = 1; version <= 3; version++) {
        struct events *events = read_npy(version, "<f4", false, "(1, 2)", values, sizeof values);
        assert_int_equal(events->features, 2);
        assert_floats(events->x, values, 2);
        events_free(events);
    }
}

static void fortran_order_and_more_dimensions(void **state)
{
    (void)state;
    /* The array a[i][j][k] = 100 i + 10 j + k of shape 2 x 3 x 2, first index fastest. */
    int16_t stored[12];
    float wanted[12];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 2; k++) {
                stored[i + 2 * (j + 3 * k)] = (int16_t)(100 * i + 10 * j + k);
                wanted[(i * 3 + j) * 2 + k] = (float)(100 * i + 10 * j + k);
            }
    struct events *events = read_npy(1, "<i2", true, "(2, 3, 2)", stored, sizeof stored);
    assert_int_equal(events->count, 2);
    assert_int_equal(events->features, 6);
    assert_floats(events->x, wanted, 12);
    events_free(events);
    events = read_npy(1, "<i2", false, "(2, 3, 2)", stored, sizeof stored);
    for (size_t i = 0; i < 12; i++)
        assert_true(events->x[i] == (float)stored[i]);
    events_free(events);
    /* Longer than a block of the conversion. */
    enum { ROWS = 3000 };
    static float long_stored[2 * ROWS];
    for (int i = 0; i < ROWS; i++)
        long_stored[i] = (float)i, long_stored[ROWS + i] = (float)-i;
    events = read_npy(1, "<f4", true, "(3000, 2)", long_stored, sizeof long_stored);
    for (int i = 0; i < ROWS; i++)
        assert_true(events->x[2 * i] == (float)i && events->x[2 * i + 1] == (float)-i);
    events_free(events);
}

static void malformed_npy(void **state)
{
    (void)state;
    static const char data[64] = {0};
    EXPECT_FAIL(read_npy(1, "<f4", false, "(4, 4)", data, 63), "a.npy: it is truncated: 64 bytes");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(4, 3)", data, 64), "data beyond its end: 48 bytes");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(4, -3)", data, 48), "its NPY head is malformed");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(4, 3", data, 48), "its NPY head is malformed");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(1,1,1,1,1,1,1,1,1)", data, 4), "head is malformed");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(99999999999999999999, 2)", data, 8), "malformed");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(4611686018427387904, 4)", data, 8), "too large");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(0, 4611686018427387904, 4)", data, 0), "too large");
    EXPECT_FAIL(read_npy(4, "<f4", false, "(1, 1)", data, 4), "not an NPY file of version 1 to 3");
    EXPECT_FAIL(read_npy(1, "|O", false, "(1, 1)", data, 4), "holds Python objects");
    EXPECT_FAIL(read_npy(1, "<c8", false, "(1, 1)", data, 8), "its type '<c8' is not read");
    EXPECT_FAIL(read_npy(1, "<f16", false, "(1, 1)", data, 16), "its type '<f16' is not read");
    EXPECT_FAIL(read_npy(1, "<U2", false, "(2, 1)", data, 16), "holds text; features are numbers");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(0, 3)", data, 0), "is empty (0 x 3 float32)");
    EXPECT_FAIL(read_npy(1, "<f4", false, "(3, 0)", data, 0), "is empty");
    EXPECT_FAIL(read_npy(1, "<f4", false, "()", data, 4), "is empty (a single float32)");
    const char head[] = "\x93NUMPY\1\0\x40\0{'descr': [('a', '<f4')], 'fortran_order': False, "
                        "'shape': (1,)}    ";
    EXPECT_FAIL(read_path(put("r.npy", head, sizeof head - 1)), "its type is a record");
}

static void not_finite_values_name_their_place(void **state)
{
    (void)state;
    float values[6] = {1, 2, 3, 4, NAN, 6};
    EXPECT_FAIL(read_npy(1, "<f4", false, "(2, 3)", values, sizeof values),
                "a.npy, row 1 (counted from 0): column 1 is missing, NaN or infinite");
    values[4] = INFINITY;
    EXPECT_FAIL(read_npy(1, "<f4", false, "(2, 3)", values, sizeof values), "row 1");
    struct blob blob = make_npy(1, "<f4", false, "(2, 3)", values, sizeof values);
    const struct data_source source = {.path = put("nan.npy", blob.bytes, blob.count)};
    struct events *events = events_read(&source, true);
    assert_int_equal(events->nan_count, 1);
    events_free(events);
    const double large = 1e300;
    EXPECT_FAIL(read_npy(1, "<f8", false, "(1, 1)", &large, sizeof large), "column 0 is missing");
}

static const float x[6] = {1, 2, 3, 4, 5, 6};

static struct member member_x(const char *name)
{
    return (struct member){name, make_npy(1, "<f4", false, "(3, 2)", x, sizeof x)};
}

static struct member member_y(const char *name)
{
    return (struct member){name, make_npy(1, "|u1", false, "(3,)", "\2\0\2", 3)};
}

static void npz_with_names(void **state)
{
    (void)state;
    static const uint32_t wide[4] = {'a', 0, 0x3b7, 0x1f600};
    const struct member members[] = {
        member_y("y.npy"),
        {"feature_names.npy", make_npy(1, "<U2", false, "(2,)", wide, sizeof wide)},
        {"class_names.npy", make_npy(1, "|S2", false, "(3,)", "g\0qqt\0", 6)},
        member_x("x.npy"),
        {"notes.txt", {"not an array", 12}},
        {NULL, {NULL, 0}}};
    for (int deflated = 0; deflated < 2; deflated++) {
        struct events *events = read_path(put_zip("a.npz", members, deflated));
        assert_int_equal(events->count, 3);
        assert_floats(events->x, x, 6);
        assert_floats(events->y, (const float[]){2, 0, 2}, 3);
        assert_int_equal(events->classes, 3);
        assert_int_equal(events->targets, 1);
        assert_string_equal(events->class_names[1], "qq");
        assert_string_equal(events->class_names[2], "t");
        assert_string_equal(events->feature_names[0], "a");
        assert_string_equal(events->feature_names[1], "\xce\xb7\xf0\x9f\x98\x80");
        events_free(events);
    }
}

static void npz_arrays_by_name(void **state)
{
    (void)state;
    const struct member members[] = {
        member_x("tracks.npy"),
        member_y("truth.npy"),
        {"w.npy", make_npy(1, "<f8", false, "(3,)", (const double[]){1, 0, 2.5}, 24)},
        {NULL, {NULL, 0}}};
    const char *path = put_zip("b.npz", members, true);
    /* The only table is the features; "truth" is no usual name. */
    struct events *events = read_path(path);
    assert_floats(events->x, x, 6);
    assert_null(events->y);
    assert_int_equal(events->targets, 0);
    events_free(events);
    const struct data_source source = {
        .path = path, .features = "tracks", .labels = "truth", .weights = "w", .max_events = 2};
    events = events_read(&source, false);
    assert_int_equal(events->count, 2);
    assert_int_equal(events->classes, 3);
    assert_floats(events->weight, (const float[]){1, 0}, 2);
    events_free(events);
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .features = "q"}, false),
                "b.npz: no array 'q' for the features; there are: tracks (3 x 2 float32), truth (3 "
                "uint8), w (3 float64)");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .labels = "q"}, false),
                "no array 'q' for the labels");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .weights = "q"}, false),
                "no array 'q' for the weights");
}

static void npz_refusals(void **state)
{
    (void)state;
    const struct member two[] = {member_x("a.npy"), member_x("b.npy"), {NULL, {NULL, 0}}};
    EXPECT_FAIL(read_path(put_zip("two.npz", two, true)), "which array holds the features?");
    const struct member none[] = {{"a.txt", {"text", 4}}, {NULL, {NULL, 0}}};
    EXPECT_FAIL(read_path(put_zip("none.npz", none, true)), "none.npz: holds no array");
    const struct member odd[] = {member_x("x.npy"),
                                 {"y.npy", make_npy(1, "|u1", false, "(2,)", "\1\0", 2)},
                                 {NULL, {NULL, 0}}};
    EXPECT_FAIL(read_path(put_zip("odd.npz", odd, true)), "array 'y': 2 labels for 3 events");
    const struct member objects[] = {member_x("x.npy"),
                                     {"y.npy", make_npy(1, "|O", false, "(3,)", "abc", 3)},
                                     {NULL, {NULL, 0}}};
    EXPECT_FAIL(read_path(put_zip("o.npz", objects, true)),
                "o.npz: array 'y': it holds Python objects; save it as plain numbers");
    const struct member negative[] = {
        member_x("x.npy"),
        {"w.npy", make_npy(1, "<f4", false, "(3,)", (const float[]){1, -1, 1}, 12)},
        {"v.npy", make_npy(1, "<f4", false, "(2,)", x, 8)},
        {NULL, {NULL, 0}}};
    struct data_source source = {.path = put_zip("n.npz", negative, true), .weights = "w"};
    EXPECT_FAIL(events_read(&source, false), "array 'w', row 1 (counted from 0): the weight is");
    source.weights = "v";
    EXPECT_FAIL(events_read(&source, false), "weights of shape 2 float32 for 3 events");
}

static void written_npy_reads_back(void **state)
{
    (void)state;
    const double values[6] = {0.1, -2, 1e300, 4, 5, 1.0 / 3};
    npy_write_double(path_of("w.npy"), values, 2, 3);
    long count;
    const double *read = events_read_rows(&test_arena, path_of("w.npy"), 3, &count);
    assert_int_equal(count, 2);
    assert_memory_equal(read, values, sizeof values);
    size_t length;
    const char *bytes = file_read(&test_arena, path_of("w.npy"), &length);
    assert_int_equal(length, 128 + sizeof values);
    assert_int_equal(bytes[127], '\n');
    npy_write_double(path_of("none.npy"), NULL, 0, 3);
    EXPECT_FAIL(read_path(path_of("none.npy")), "is empty (0 x 3 float64)");
}

static void rows(void **state)
{
    (void)state;
    const double values[6] = {1, 2, 3, 4, 5, 6};
    long count;
    npy_write_double(path_of("r.npy"), values, 2, 3);
    EXPECT_FAIL(events_read_rows(&test_arena, path_of("r.npy"), 4, &count),
                "r.npy: 3 values per event; 4 are wanted");
    assert_non_null(events_read_rows(&test_arena, path_of("r.npy"), 0, &count));
    struct blob line = make_npy(1, "<f8", false, "(6,)", values, sizeof values);
    const char *path = put("line.npy", line.bytes, line.count);
    events_read_rows(&test_arena, path, 0, &count);
    assert_int_equal(count, 6);
    events_read_rows(&test_arena, path, 6, &count);
    assert_int_equal(count, 1);
    const double bad[2] = {1, NAN};
    npy_write_double(path_of("bad.npy"), bad, 2, 1);
    EXPECT_FAIL(events_read_rows(&test_arena, path_of("bad.npy"), 1, &count), "bad.npy, row 1");
    const struct member members[] = {member_x("x.npy"), member_y("y.npy"), {NULL, {NULL, 0}}};
    const double *read = events_read_rows(&test_arena, put_zip("r.npz", members, true), 2, &count);
    assert_int_equal(count, 3);
    assert_true(read[5] == 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_types_in_both_byte_orders),
                                       cmocka_unit_test(all_versions),
                                       cmocka_unit_test(fortran_order_and_more_dimensions),
                                       cmocka_unit_test(malformed_npy),
                                       cmocka_unit_test(not_finite_values_name_their_place),
                                       cmocka_unit_test(npz_with_names),
                                       cmocka_unit_test(npz_arrays_by_name),
                                       cmocka_unit_test(npz_refusals),
                                       cmocka_unit_test(written_npy_reads_back),
                                       cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
