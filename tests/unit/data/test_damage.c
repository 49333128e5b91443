/* Truncated and corrupted files of every kind: each must be read or end with one line that names
 * the file, and truncated ones must never be read. The sanitizer build is where this counts. */
#include "tests/unit/data/fixture.h"

#include <hdf5.h>

enum { EVERYWHERE = 6000 };

static const float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint8_t y[4] = {0, 1, 2, 1};

/* True if the file was read; a failure must name it. */
static bool survives(const char *path, const char *labels_path)
{
    const struct data_source source = {.path = path, .labels_path = labels_path};
    struct events *volatile events = NULL;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) events = events_read(&source, false);
    error_set_trap(NULL);
    if (!events) {
        if (!strstr(trap.message, path) && !strstr(trap.message, "out of memory"))
            fail_msg("the message does not name the file: %s", trap.message);
        return false;
    }
    assert_true(events->count > 0 && events->features > 0);
    events_free(events);
    return true;
}

/* At about `places` places of the file. */
static void damage(const char *path, size_t places, bool truncated_is_damage)
{
    size_t count, stride;
    char *bytes = file_read(&test_arena, path, &count);
    const char *damaged = path_of("damaged");
    assert_true(survives(path, NULL));
    stride = count > places ? count / places : 1;
    for (size_t length = 0; length < count; length += stride) {
        file_write(damaged, bytes, length);
        if (survives(damaged, NULL) && truncated_is_damage)
            fail_msg("%s: read although cut to %zu of %zu bytes", path, length, count);
    }
    static const unsigned char flips[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < count; i += stride)
        for (size_t k = 0; k < sizeof flips; k++) {
            bytes[i] = (char)(bytes[i] ^ flips[k]);
            file_write(damaged, bytes, count);
            survives(damaged, NULL);
            bytes[i] = (char)(bytes[i] ^ flips[k]);
        }
}

static const char *put_npz(const char *name, bool deflated)
{
    const struct member members[] = {
        {"x.npy", make_npy(1, "<f4", false, "(4, 3)", x, sizeof x)},
        {"y.npy", make_npy(1, "|u1", false, "(4,)", y, sizeof y)},
        {"class_names.npy", make_npy(1, "|S2", false, "(3,)", "a\0b\0c", 6)},
        {NULL, {NULL, 0}}};
    return put_zip(name, members, deflated);
}

static void damaged_npy(void **state)
{
    (void)state;
    struct blob blob = make_npy(1, "<f4", false, "(4, 3)", x, sizeof x);
    damage(put("a.npy", blob.bytes, blob.count), EVERYWHERE, true);
}

static void damaged_npz_stored(void **state)
{
    (void)state;
    damage(put_npz("stored.npz", false), EVERYWHERE, true);
}

static void damaged_npz_deflated(void **state)
{
    (void)state;
    damage(put_npz("deflated.npz", true), EVERYWHERE, true);
}

static void damaged_csv(void **state)
{
    (void)state;
    /* A shorter text is often a good one. */
    damage(put_text("a.csv", "a,b,label\n1,2,\"x\"\"1\"\n3,4e5,y\r\n5,6,x\n"), EVERYWHERE, false);
}

static void damaged_idx(void **state)
{
    (void)state;
    static const char idx[] = "\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh";
    damage(put("a.idx", idx, sizeof idx - 1), EVERYWHERE, true);
}

static void damaged_gz(void **state)
{
    (void)state;
    static const char idx[] = "\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh";
    damage(put_gz("a.gz", idx, sizeof idx - 1), EVERYWHERE, true);
}

static void damaged_hdf5(void **state)
{
    (void)state;
    const char *path = path_of("a.h5");
    const hsize_t shape[2] = {4, 3}, chunk[2] = {2, 3};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(2, shape, NULL), line = H5Screate_simple(1, shape, NULL);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 2, chunk);
    H5Pset_deflate(list, 6);
    hid_t features = H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    hid_t labels = H5Dcreate2(file, "y", H5T_STD_U8LE, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(features, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    assert_true(H5Dwrite(labels, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, y) >= 0);
    H5Dclose(features), H5Dclose(labels), H5Sclose(space), H5Sclose(line), H5Pclose(list);
    assert_true(H5Fclose(file) >= 0);
    /* Each reading is two processes, so only at some; SLUICE_TEST_PLACES=6000 tries all. */
    const char *places = getenv("SLUICE_TEST_PLACES");
    damage(path, places ? strtoul(places, NULL, 10) : 40, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_npy),          cmocka_unit_test(damaged_npz_stored),
        cmocka_unit_test(damaged_npz_deflated), cmocka_unit_test(damaged_csv),
        cmocka_unit_test(damaged_idx),          cmocka_unit_test(damaged_gz),
        cmocka_unit_test(damaged_hdf5)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
