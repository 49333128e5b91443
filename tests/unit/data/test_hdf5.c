/* HDF5 files: groups, types, compressed sets, texts, and what is refused. */
#include "tests/unit/data/fixture.h"

#include <hdf5.h>

static const float x[6] = {1, 2, 3, 4, 5, 6};

static hid_t create(const char *name)
{
    hid_t file = H5Fcreate(path_of(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

/* A set of up to two dimensions (columns 0: one); values NULL leaves it unwritten. */
static void add(hid_t file, const char *name, hid_t stored, hid_t given, hsize_t rows,
                hsize_t columns, const void *values)
{
    const hsize_t shape[2] = {rows, columns};
    hid_t space = H5Screate_simple(columns ? 2 : 1, shape, NULL);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t set = H5Dcreate2(file, name, stored, space, links, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0);
    if (values) assert_true(H5Dwrite(set, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set), H5Pclose(links), H5Sclose(space);
}

static void add_x(hid_t file, const char *name)
{
    add(file, name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 3, 2, x);
}

static void groups_and_names(void **state)
{
    (void)state;
    hid_t file = create("g.h5");
    const int labels[3] = {1, 0, 2};
    const char *const names[2] = {"pt", "\xce\xb7"};
    hid_t variable = H5Tcopy(H5T_C_S1), fixed = H5Tcopy(H5T_C_S1);
    H5Tset_size(variable, H5T_VARIABLE);
    H5Tset_size(fixed, 3);
    add_x(file, "jets/features");
    add(file, "jets/truth", H5T_STD_I16BE, H5T_NATIVE_INT, 3, 0, labels);
    add(file, "feature_names", variable, variable, 2, 0, names);
    add(file, "class_names", fixed, fixed, 3, 0, "g\0\0qq\0tau");
    H5Tclose(variable), H5Tclose(fixed), H5Fclose(file);
    struct data_source source = {.path = path_of("g.h5"), .labels = "jets/truth"};
    for (int named = 0; named < 2; named++) {
        source.features = named ? "/jets/features" : NULL;
        struct events *events = events_read(&source, false);
        assert_floats(events->x, x, 6);
        assert_floats(events->y, (const float[]){1, 0, 2}, 3);
        assert_string_equal(events->feature_names[1], "\xce\xb7");
        assert_string_equal(events->class_names[0], "g");
        assert_string_equal(events->class_names[2], "tau");
        events_free(events);
    }
    source.features = "jets/other";
    EXPECT_FAIL(events_read(&source, false), "g.h5: no array 'jets/other' for the features; there "
                                             "are: class_names (3 text), feature_names (2 text), "
                                             "jets/features (3 x 2 float32), jets/truth (3 int16)");
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float first;
    } cases[] = {{"f8", 1.5f}, {"f4", 1.5f}, {"i1", -2}, {"u8", 7}, {"i8", -2}, {"bool", 1}};
    hid_t file = create("t.h5");
    const double real[2] = {1.5, 2};
    const long whole[2] = {-2, 3};
    const unsigned char bytes[2] = {7, 1};
    hid_t boolean = H5Tenum_create(H5T_STD_I8LE);
    signed char off = 0, on = 1;
    const signed char switches[2] = {1, 0};
    H5Tenum_insert(boolean, "FALSE", &off);
    H5Tenum_insert(boolean, "TRUE", &on);
    add(file, "f8", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, 2, 1, real);
    add(file, "f4", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, 2, 1, real);
    add(file, "i1", H5T_STD_I8LE, H5T_NATIVE_LONG, 2, 1, whole);
    add(file, "i8", H5T_STD_I64BE, H5T_NATIVE_LONG, 2, 1, whole);
    add(file, "u8", H5T_STD_U64LE, H5T_NATIVE_UCHAR, 2, 1, bytes);
    add(file, "bool", boolean, boolean, 2, 1, switches);
    H5Tclose(boolean), H5Fclose(file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct data_source source = {.path = path_of("t.h5"), .features = cases[i].name};
        struct events *events = events_read(&source, false);
        if (events->x[0] != cases[i].first) fail_msg("%s: %g", cases[i].name, (double)events->x[0]);
        events_free(events);
    }
}

static void expect_refusal(const char *features, const char *part)
{
    const struct data_source source = {.path = path_of("bad.h5"), .features = features};
    EXPECT_FAIL(events_read(&source, false), part);
}

static void refusals(void **state)
{
    (void)state;
    H5Fclose(create("none.h5"));
    EXPECT_FAIL(read_path(path_of("none.h5")), "none.h5: holds no array");
    hid_t file = create("bad.h5");
    hid_t record = H5Tcreate(H5T_COMPOUND, 4);
    H5Tinsert(record, "a", 0, H5T_NATIVE_FLOAT);
    add_x(file, "x");
    add(file, "record", record, record, 3, 0, x);
    add(file, "unwritten", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 3, 2, NULL);
    add(file, "empty", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 0, 2, NULL);
    add(file, "nan", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 1, 2, (const float[]){1, NAN});
    H5Tclose(record), H5Fclose(file);
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"record", "bad.h5: array 'record': its type is a record; plain numbers are wanted"},
        {"unwritten", "bad.h5: array 'unwritten': nothing was ever written to it"},
        {"empty", "bad.h5: array 'empty': is empty (0 x 2 float32)"},
        {"nan", "bad.h5: array 'nan', row 0 (counted from 0): column 1 is missing, NaN or"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cases[i].name, cases[i].part);
    size_t length;
    const char *bytes = file_read(&test_arena, path_of("bad.h5"), &length);
    EXPECT_FAIL(read_path(put("cut.h5", bytes, length / 2)),
                "cut.h5: damaged or truncated HDF5 file");
    long count;
    EXPECT_FAIL(events_read_rows(&test_arena, path_of("bad.h5"), 3, &count),
                "array 'x': 2 values per event; 3 are wanted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_and_names), cmocka_unit_test(types),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
