/* What the tests of data/ share: a temporary folder, small files made byte by byte, and calls that
 * must end with one line. */
#ifndef SLUICE_TESTS_UNIT_DATA_FIXTURE_H
#define SLUICE_TESTS_UNIT_DATA_FIXTURE_H

#include "tests/unit/fixture.h"

#include "data/events.h"

#include <math.h>
#include <zip.h>
#include <zlib.h>

UNUSED static const char *put(const char *name, const void *bytes, size_t count)
{
    const char *path = path_of(name);
    file_write(path, bytes, count);
    return path;
}

UNUSED static const char *put_gz(const char *name, const void *bytes, size_t count)
{
    const char *path = path_of(name);
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    if (count) assert_int_equal(gzwrite(file, bytes, (unsigned)count), (int)count);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

struct blob {
    char *bytes;
    size_t count;
};

/* An NPY file: head "{'descr': DESCR, 'fortran_order': ..., 'shape': SHAPE, }" and data. */
UNUSED static struct blob make_npy(int version, const char *descr, bool fortran, const char *shape,
                                   const void *data, size_t count)
{
    char head[256];
    int length =
        snprintf(head, sizeof head, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr,
                 fortran ? "True" : "False", shape);
    size_t start = version == 1 ? 10 : 12;
    struct blob blob = {NULL, start + (size_t)length + count};
    blob.bytes = arena_alloc(&test_arena, blob.count, 1);
    memcpy(blob.bytes, "\x93NUMPY", 6);
    blob.bytes[6] = (char)version;
    blob.bytes[8] = (char)length;
    memcpy(blob.bytes + start, head, (size_t)length);
    if (count) memcpy(blob.bytes + start + length, data, count);
    return blob;
}

struct member {
    const char *name; /* NULL ends the list */
    struct blob blob;
};

/* A zip of the members, deflated or stored. */
UNUSED static const char *put_zip(const char *name, const struct member *members, bool deflated)
{
    const char *path = path_of(name);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    for (; members->name; members++) {
        zip_source_t *source = zip_source_buffer(zip, members->blob.bytes, members->blob.count, 0);
        zip_int64_t index = zip_file_add(zip, members->name, source, ZIP_FL_OVERWRITE);
        assert_true(index >= 0);
        zip_set_file_compression(zip, (zip_uint64_t)index, deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                                 0);
        zip_file_set_mtime(zip, (zip_uint64_t)index, 0, 0);
    }
    assert_int_equal(zip_close(zip), 0);
    return path;
}

UNUSED static struct events *read_path(const char *path)
{
    const struct data_source source = {.path = path};
    return events_read(&source, false);
}

UNUSED static void assert_floats(const float *values, const float *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] != wanted[i])
            fail_msg("value %zu is %g, wanted %g", i, (double)values[i], (double)wanted[i]);
}

#endif
