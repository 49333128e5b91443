/* Files that appear whole or not at all, messages of one line, hashes. */
#include "tests/unit/base/fixture.h"

static void written_is_read(void **state)
{
    (void)state;
    char bytes[100000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    file_write(path_of("a"), bytes, sizeof bytes);
    size_t length;
    char *read = file_read(&test_arena, path_of("a"), &length);
    assert_int_equal(length, sizeof bytes);
    assert_memory_equal(read, bytes, length);
    assert_int_equal(read[length], 0);
    file_copy(path_of("a"), path_of("b"));
    read = file_read(&test_arena, path_of("b"), &length);
    assert_memory_equal(read, bytes, sizeof bytes);
    file_write(path_of("empty"), "", 0);
    assert_string_equal(file_read(&test_arena, path_of("empty"), &length), "");
    assert_int_equal(length, 0);
}

static void unreadable_files_are_named(void **state)
{
    (void)state;
    size_t length;
    EXPECT_FAIL(file_read(&test_arena, path_of("none"), &length),
                "/none: cannot read: No such file or directory");
    EXPECT_FAIL(file_read(&test_arena, test_folder, &length), "is a folder; give a file");
    EXPECT_FAIL(out_open(path_of("no/folder")), "no/folder: cannot write: No such file");
    EXPECT_FAIL(out_open(test_folder), "is a folder");
}

static void uncommitted_output_leaves_the_old_file(void **state)
{
    (void)state;
    const char *path = put_text("kept", "old");
    int before = count_files();
    struct out_file *out = out_open(path);
    fputs("new", out_stream(out));
    out_abandon(out);
    assert_string_equal(get_text(path), "old");
    assert_int_equal(count_files(), before);
    out = out_open(path);
    fputs("new", out_stream(out));
    fflush(out_stream(out));
    assert_int_equal(count_files(), before + 1);
    EXPECT_FAIL(((fail)("stop"), 0), "stop");
    assert_string_equal(get_text(path), "old");
    assert_int_equal(count_files(), before);
    out = out_open(path);
    fputs("new", out_stream(out));
    out_commit(out);
    assert_string_equal(get_text(path), "new");
    assert_int_equal(count_files(), before);
}

static void failed_writes_are_seen(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    /* A full disk, by way of a device: the stream is moved there before it is written. */
    int before = count_files();
    struct out_file *out = out_open(path_of("full"));
    assert_non_null(freopen("/dev/full", "wb", out_stream(out)));
    fputs("text", out_stream(out));
    EXPECT_FAIL((out_commit(out), 0), "full: cannot write: No space left on device");
    assert_int_equal(count_files(), before);
}

static void folders(void **state)
{
    (void)state;
    file_make_folder(path_of("p/q/r"));
    file_make_folder(path_of("p/q/r"));
    file_make_folder(path_of("p/q/s/"));
    assert_true(file_exists(path_of("p/q/r")));
    assert_true(file_exists(path_of("p/q/s")));
    put_text("p/file", "x");
    EXPECT_FAIL((file_make_folder(path_of("p/file")), 0), "p/file: not a folder");
    EXPECT_FAIL((file_make_folder(path_of("p/file/q")), 0), "cannot make folder");
    assert_string_equal(file_folder(&test_arena, "a/b/c"), "a/b");
    assert_string_equal(file_folder(&test_arena, "c"), ".");
    assert_string_equal(file_folder(&test_arena, "/c"), "/");
    assert_string_equal(file_name("a/b/c.v"), "c.v");
    assert_string_equal(file_join(&test_arena, "a", "b"), "a/b");
    assert_string_equal(file_join(&test_arena, "a", "/b"), "/b");
}

static void messages_are_one_line(void **state)
{
    (void)state;
    EXPECT_FAIL(((fail)("two\nlines\x1b[31m"), 0), "two lines [31m");
    EXPECT_FAIL((fail_at("job.yaml", 12, "no key '%s'", "x"), 0), "job.yaml:12: no key 'x'");
    EXPECT_FAIL((fail_at("job.yaml", 0, "is empty"), 0), "job.yaml: is empty");
    char path[2000];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    EXPECT_FAIL((fail_at(path, 3, "what"), 0), "pppp");
    assert_int_equal(strlen(trap.message), sizeof trap.message - 1);
}

static void hashes_follow_the_specification(void **state)
{
    (void)state;
    /* From the FNV specification's test vectors for 128-bit FNV-1a. */
    char text[33];
    struct hash hash = hash_init();
    hash_print(hash, text);
    assert_string_equal(text, "6c62272e07bb014262b821756295c58d");
    hash_add(&hash, "a", 1);
    hash_print(hash, text);
    assert_string_equal(text, "d228cb696f1a8caf78912b704e4a8964");
    struct hash whole = hash_init(), file = hash_init();
    hash_add(&whole, "foobar", 6);
    hash_print(whole, text);
    assert_string_equal(text, "343e1662793c64bf6f0d3597ba446f18");
    hash_add_file(&file, put_text("foobar", "foobar"));
    assert_true(file.high == whole.high && file.low == whole.low);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(written_is_read),
                                       cmocka_unit_test(unreadable_files_are_named),
                                       cmocka_unit_test(uncommitted_output_leaves_the_old_file),
                                       cmocka_unit_test(failed_writes_are_seen),
                                       cmocka_unit_test(folders),
                                       cmocka_unit_test(messages_are_one_line),
                                       cmocka_unit_test(hashes_follow_the_specification)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
