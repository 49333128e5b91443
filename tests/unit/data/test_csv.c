/* CSV files. */
#include "tests/unit/data/fixture.h"

static struct events *read_csv(const char *text)
{
    return read_path(put_text("a.csv", text));
}

static void header_and_last_column(void **state)
{
    (void)state;
    struct events *events = read_csv("pt,eta,target\n1,2,0\n3,4.5,1\n-5e-1,6,1\n");
    assert_int_equal(events->count, 3);
    assert_int_equal(events->features, 2);
    assert_floats(events->x, (const float[]){1, 2, 3, 4.5f, -0.5f, 6}, 6);
    assert_floats(events->y, (const float[]){0, 1, 1}, 3);
    assert_int_equal(events->classes, 2);
    assert_string_equal(events->feature_names[1], "eta");
    assert_null(events->class_names);
    events_free(events);
}

static void label_column_by_usual_name(void **state)
{
    (void)state;
    struct events *events = read_csv("label,a,b\n1,2,3\n0,5,6\n");
    assert_floats(events->x, (const float[]){2, 3, 5, 6}, 4);
    assert_floats(events->y, (const float[]){1, 0}, 2);
    events_free(events);
}

/* Not every file that begins with PK is a zip. */
static void header_that_looks_like_a_zip(void **state)
{
    (void)state;
    struct events *events = read_csv("PK,label\n1,0\n3,1\n");
    assert_string_equal(events->feature_names[0], "PK");
    events_free(events);
}

static void no_header(void **state)
{
    (void)state;
    struct events *events = read_csv("1,2,g\n3,4,h\n5,6,g\n");
    assert_int_equal(events->count, 3);
    assert_null(events->feature_names);
    assert_int_equal(events->classes, 2);
    assert_string_equal(events->class_names[0], "g");
    assert_string_equal(events->class_names[1], "h");
    assert_floats(events->y, (const float[]){0, 1, 0}, 3);
    events_free(events);
    const struct data_source source = {.path = path_of("a.csv"), .features = "1", .labels = "0"};
    events = events_read(&source, false);
    assert_floats(events->x, (const float[]){2, 4, 6}, 3);
    assert_floats(events->y, (const float[]){1, 3, 5}, 3);
    events_free(events);
}

/* Names that are numbers, and one that is not. */
static void header_of_numbers(void **state)
{
    (void)state;
    struct events *events = read_csv("0,1,label\n1.5,2,0\n3,4,1\n");
    assert_int_equal(events->count, 2);
    assert_string_equal(events->feature_names[1], "1");
    events_free(events);
}

static void separators_quotes_and_blanks(void **state)
{
    (void)state;
    struct events *events = read_csv("\xef\xbb\xbf# comment\n\n\"a;\"\"x\"\"\" ; b;c\r\n"
                                     " 1 ;\"2\"; \"one; or\nmore\" \r\n\r\n3;4;two\r\n");
    assert_int_equal(events->count, 2);
    assert_string_equal(events->feature_names[0], "a;\"x\"");
    assert_string_equal(events->feature_names[1], "b");
    assert_string_equal(events->class_names[0], "one; or\nmore");
    assert_floats(events->x, (const float[]){1, 2, 3, 4}, 4);
    events_free(events);
    events = read_csv("a\tb\tc\n1\t2\t0\n3\t4\t1"); /* no newline at the end */
    assert_floats(events->x, (const float[]){1, 2, 3, 4}, 4);
    assert_floats(events->y, (const float[]){0, 1}, 2);
    events_free(events);
}

static void columns_by_name(void **state)
{
    (void)state;
    struct data_source source = {.path = put_text("b.csv", "a,b,c,w,k\n1,2,3,0.5,x\n4,5,6,1,y\n"),
                                 .features = "c, a",
                                 .labels = "k",
                                 .weights = "w"};
    struct events *events = events_read(&source, false);
    assert_floats(events->x, (const float[]){3, 1, 6, 4}, 4);
    assert_floats(events->weight, (const float[]){0.5f, 1}, 2);
    assert_string_equal(events->feature_names[0], "c");
    events_free(events);
    source.features = NULL;
    source.max_events = 1;
    events = events_read(&source, false);
    assert_int_equal(events->count, 1);
    assert_int_equal(events->features, 3);
    assert_int_equal(events->classes, 2);
    events_free(events);
    source = (struct data_source){.path = source.path, .features = "a", .labels = "b,c"};
    events = events_read(&source, false);
    assert_int_equal(events->targets, 2);
    assert_floats(events->y, (const float[]){2, 3, 5, 6}, 4);
    events_free(events);
    source = (struct data_source){.path = source.path, .labels = "none", .features = "a,b"};
    events = events_read(&source, false);
    assert_null(events->y);
    events_free(events);
}

static void gzipped(void **state)
{
    (void)state;
    static const char text[] = "a,y\n1,0\n2,1\n";
    struct events *events = read_path(put_gz("c.csv.gz", text, sizeof text - 1));
    assert_floats(events->x, (const float[]){1, 2}, 2);
    events_free(events);
}

static void errors_name_line_and_column(void **state)
{
    (void)state;
    EXPECT_FAIL(read_csv("a,b,y\n1,2,0\n\n3,oops,1\n"),
                "a.csv:4: column 'b': 'oops' is not a number");
    EXPECT_FAIL(read_csv("1,2,0\n3,1.2.3,1\n"), "a.csv:2: column 1: '1.2.3' is not a number");
    EXPECT_FAIL(read_csv("a,b,y\n1,2,0\n3,,1\n"),
                "a.csv:3: column 'b' is missing, NaN or infinite");
    EXPECT_FAIL(read_csv("a,b,y\n1,nan,0\n"), "a.csv:2: column 'b' is missing, NaN");
    EXPECT_FAIL(read_csv("a,b,y\n1,2,0\n1,2,\n"), "a.csv:3: the label is missing");
    EXPECT_FAIL(read_csv("a,b,y\n1,2,u\n1,2,\n"), "the label is empty");
    EXPECT_FAIL(read_csv("a,b,y\n1,2,0\n1,2\n"), "a.csv:3: 2 fields where the first row has 3");
    EXPECT_FAIL(read_csv("a,b,y\n1,\"2,0\n1,2,3\n"), "a.csv:2: a quoted field is never closed");
    EXPECT_FAIL(read_csv("a,b,y\n1,\"2\"5,0\n"), "a.csv:2: text after a closing quote");
    EXPECT_FAIL(read_csv("a,b,y\n"), "a.csv: holds a header but no rows");
    EXPECT_FAIL(read_csv("# only\n\n \n"), "a.csv: holds no rows");
    EXPECT_FAIL(read_csv(""), "a.csv: is empty");
    EXPECT_FAIL(read_path(path_of("absent.csv")), "absent.csv: cannot read: No such file");
    EXPECT_FAIL(read_path(test_folder), "is a folder; give a file");
    const char *path = put_text("d.csv", "a,b,y\n1,2,0\n");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .features = "a,q"}, false),
                "d.csv: no feature column 'q'; there are: a, b, y");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .labels = "q"}, false),
                "no label column 'q'");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .features = "a,a"}, false),
                "feature column 'a' is named twice");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .features = "a,y"}, false),
                "column 'y' is a feature and a label or weight at once");
    EXPECT_FAIL(events_read(&(struct data_source){.path = path, .weights = "q"}, false),
                "no weight column 'q'");
    char zeros[9000];
    memset(zeros, '1', sizeof zeros);
    zeros[5000] = '\n';
    zeros[6000] = 0;
    EXPECT_FAIL(read_path(put("nul.csv", zeros, sizeof zeros)), "nul.csv:2: holds a NUL byte");
    EXPECT_FAIL(read_path(put("binary", "\1\2\0\3", 4)), "binary: unknown kind of file");
}

static void rows_with_and_without_label(void **state)
{
    (void)state;
    long count;
    const char *path = put_text("e.csv", "a,label,b\n1,7,2\n3,7,4\n");
    const double *rows = events_read_rows(&test_arena, path, 3, &count);
    assert_int_equal(count, 2);
    assert_true(rows[1] == 7);
    rows = events_read_rows(&test_arena, path, 2, &count);
    assert_true(rows[0] == 1 && rows[1] == 2 && rows[2] == 3 && rows[3] == 4);
    EXPECT_FAIL(events_read_rows(&test_arena, path, 5, &count), "3 values per event; 5 are wanted");
    rows = events_read_rows(&test_arena, put_text("f.csv", "0.1\n0.2\n"), 1, &count);
    assert_true(rows[0] == 0.1 && rows[1] == 0.2);
    /* A text label does not matter to who wants the features alone. */
    path = put_text("g.csv", "a,b,kind\n1,2,x\n3,4,y\n");
    rows = events_read_rows(&test_arena, path, 2, &count);
    assert_true(rows[3] == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(header_and_last_column),
                                       cmocka_unit_test(label_column_by_usual_name),
                                       cmocka_unit_test(header_that_looks_like_a_zip),
                                       cmocka_unit_test(no_header),
                                       cmocka_unit_test(header_of_numbers),
                                       cmocka_unit_test(separators_quotes_and_blanks),
                                       cmocka_unit_test(columns_by_name),
                                       cmocka_unit_test(gzipped),
                                       cmocka_unit_test(errors_name_line_and_column),
                                       cmocka_unit_test(rows_with_and_without_label)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
