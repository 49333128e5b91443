/* Labels of every form, the data card, and real files where they are there. */
#include "tests/unit/data/fixture.h"

static const float x[4] = {1, 2, 3, 4};

/* Events whose four labels are the given array of shape SHAPE. */
static struct events *read_labels(const char *descr, const char *shape, const void *labels,
                                  size_t count, bool allow_nan)
{
    const struct member members[] = {{"x.npy", make_npy(1, "<f4", false, "(4, 1)", x, sizeof x)},
                                     {"y.npy", make_npy(1, descr, false, shape, labels, count)},
                                     {NULL, {NULL, 0}}};
    const struct data_source source = {.path = put_zip("l.npz", members, false)};
    return events_read(&source, allow_nan);
}

static void check_labels(struct events *events, int classes, int targets, const float *y)
{
    assert_int_equal(events->classes, classes);
    assert_int_equal(events->targets, targets);
    assert_floats(events->y, y, 4 * (size_t)targets);
    events_free(events);
}

static void class_numbers(void **state)
{
    (void)state;
    check_labels(read_labels("|u1", "(4,)", "\0\2\1\2", 4, false), 3, 1,
                 (const float[]){0, 2, 1, 2});
    check_labels(read_labels("|i1", "(4, 1)", "\0\1\1\0", 4, false), 2, 1,
                 (const float[]){0, 1, 1, 0});
    const float whole[] = {0, 1, 4, 1}, part[] = {0, 1, 0.5f, 1}, large[] = {0, 1, 1000, 1};
    check_labels(read_labels("<f4", "(4,)", whole, 16, false), 5, 1, whole);
    check_labels(read_labels("<f4", "(4,)", part, 16, false), 0, 1, part);
    check_labels(read_labels("<f4", "(4,)", large, 16, false), 0, 1, large);
    check_labels(read_labels("|b1", "(4,)", "\0\1\1\0", 4, false), 2, 1,
                 (const float[]){0, 1, 1, 0});
}

static void signs_are_two_classes(void **state)
{
    (void)state;
    struct events *events = read_labels("|i1", "(4,)", "\1\xff\xff\1", 4, false);
    assert_string_equal(events->class_names[0], "-1");
    check_labels(events, 2, 1, (const float[]){1, 0, 0, 1});
    /* A single sign is a regression target, or class 1. */
    check_labels(read_labels("|i1", "(4,)", "\xff\xff\xff\xff", 4, false), 0, 1,
                 (const float[]){-1, -1, -1, -1});
}

static void one_hot_rows_are_classes(void **state)
{
    (void)state;
    check_labels(read_labels("|u1", "(4, 3)", "\0\1\0\1\0\0\0\0\1\0\1\0", 12, false), 3, 1,
                 (const float[]){1, 0, 2, 1});
    /* Two ones in a row: targets. */
    const float targets[] = {0, 1, 1, 1, 1, 0, 1, 0};
    check_labels(read_labels("<f4", "(4, 2)", targets, sizeof targets, false), 0, 2, targets);
}

static void texts_are_classes_in_sorted_order(void **state)
{
    (void)state;
    static const char texts[8] = {'t', 0, 'g', 'g', 't', 0, 'a', 0};
    struct events *events = read_labels("|S2", "(4,)", texts, sizeof texts, false);
    assert_string_equal(events->class_names[0], "a");
    assert_string_equal(events->class_names[1], "gg");
    assert_string_equal(events->class_names[2], "t");
    check_labels(events, 3, 1, (const float[]){2, 1, 2, 0});
}

static void refused_labels(void **state)
{
    (void)state;
    const float missing[] = {0, 1, NAN, 1};
    EXPECT_FAIL(read_labels("<f4", "(4,)", missing, 16, false),
                "l.npz: array 'y', row 2 (counted from 0): the label is missing, NaN or infinite");
    struct events *events = read_labels("<f4", "(4,)", missing, 16, true);
    assert_int_equal(events->classes, 0);
    assert_true(isnan(events->y[2]));
    events_free(events);
    EXPECT_FAIL(read_labels("|u1", "(3,)", "\0\1\2", 3, false), "array 'y': 3 labels for 4 events");
    EXPECT_FAIL(read_labels("|u1", "()", "\0", 1, false), "array 'y': 0 labels for 4 events");
    EXPECT_FAIL(read_labels("|u1", "(4, 0)", "", 0, false), "labels of shape 4 x 0 uint8");
    EXPECT_FAIL(read_labels("|S1", "(4, 2)", "abcdefgh", 8, false), "labels of shape 4 x 2 text");
    EXPECT_FAIL(read_labels("|S1", "(4,)", "a\0bc", 4, false), "row 1 (counted from 0): the label "
                                                               "is empty");
    const struct member members[] = {
        {"x.npy", make_npy(1, "<f4", false, "(4, 1)", x, sizeof x)},
        {"y.npy", make_npy(1, "|u1", false, "(4,)", "\0\1\2\0", 4)},
        {"class_names.npy", make_npy(1, "|S1", false, "(2,)", "ab", 2)},
        {NULL, {NULL, 0}}};
    EXPECT_FAIL(read_path(put_zip("names.npz", members, false)),
                "array 'class_names': 2 names for 3 classes");
}

/* A few classes may be without events where max_events cuts a sorted file. */
static void classes_are_those_of_the_whole_file(void **state)
{
    (void)state;
    const struct member members[] = {{"x.npy", make_npy(1, "<f4", false, "(4, 1)", x, sizeof x)},
                                     {"y.npy", make_npy(1, "|u1", false, "(4,)", "\0\0\1\2", 4)},
                                     {NULL, {NULL, 0}}};
    const struct data_source source = {.path = put_zip("m.npz", members, false), .max_events = 2};
    struct events *events = events_read(&source, false);
    assert_int_equal(events->count, 2);
    assert_int_equal(events->classes, 3);
    events_free(events);
}

static void test_sets_follow_the_training_set(void **state)
{
    (void)state;
    struct events *first = read_path(put_text("1.csv", "a,y\n1,g\n2,q\n3,t\n"));
    struct events *second = read_path(put_text("2.csv", "a,y\n1,t\n2,q\n"));
    assert_floats(second->y, (const float[]){1, 0}, 2);
    events_match(second, first);
    assert_floats(second->y, (const float[]){2, 1}, 2);
    assert_int_equal(second->classes, 3);
    assert_string_equal(second->class_names[0], "g");
    events_free(second);
    second = read_path(put_text("3.csv", "a,y\n1,1\n2,0\n"));
    events_match(second, first); /* numbers are taken as they are */
    assert_int_equal(second->classes, 3);
    assert_floats(second->y, (const float[]){1, 0}, 2);
    events_free(second);
    second = read_path(put_text("4.csv", "a,y\n1,w\n2,q\n"));
    EXPECT_FAIL((events_match(second, first), 0), "4.csv: class 'w' is none of the classes of");
    events_free(second);
    second = read_path(put_text("5.csv", "a,b,y\n1,2,g\n"));
    EXPECT_FAIL((events_match(second, first), 0), "5.csv: 2 features per event, but 1 in");
    events_free(second);
    second = read_path(put_text("6.csv", "a,y\n1,2.5\n"));
    EXPECT_FAIL((events_match(second, first), 0), "6.csv: the labels are no classes, but those of");
    events_free(second);
    second = read_path(put_text("7.csv", "a,y\n1,5\n"));
    EXPECT_FAIL((events_match(second, first), 0), "7.csv: labels up to class 5, but 3 classes in");
    events_free(second);
    events_free(first);
}

static void data_card(void **state)
{
    (void)state;
    const char *path = put_text("card.csv", "a,b,y\n1,5,u\n2,nan,v\n3,7,u\n4,9,u\n");
    const struct data_source source = {.path = path};
    struct events *events = events_read(&source, true);
    events->path = "card.csv"; /* the folder's name is never the same */
    FILE *stream = fopen(path_of("card.txt"), "w");
    events_print_card(events, stream);
    fclose(stream);
    size_t length;
    assert_string_equal(
        file_read(&test_arena, path_of("card.txt"), &length),
        "card.csv\n"
        "  events   4\n"
        "  features 2\n"
        "  classes  2\n"
        "    u                           3   75.0 %\n"
        "    v                           1   25.0 %\n"
        "  NaN      1\n"
        "  feature                       min          max         mean    deviation       NaN\n"
        "  a                               1            4          2.5      1.11803         0\n"
        "  b                               5            9            7      1.63299         1\n");
    events_free(events);
}

static void real_files(void **state)
{
    (void)state;
    static const struct {
        const char *path, *features, *labels_path;
        long count;
        int columns, classes;
        float first;
    } cases[] = {{"jsc/jsc_hlf_500.npz", "x_physical", NULL, 500, 16, 5, -2.3441396f},
                 {"pythia_jets/jets_hlf_test.npz", NULL, NULL, 20000, 16, 5, -3.5605469f},
                 {"pythia_jets/jets_particles_test.npz", NULL, NULL, 20000, 48, 5, 493},
                 {"magic/magic_15000.npz", NULL, NULL, 15000, 10, 2, 29.4732f},
                 {"higgs/higgs_10000.npz", NULL, NULL, 10000, 28, 2, 0.869f},
                 {"cms_jets/hbb_tracks_1400.npz", "fj_sdmass_pt", NULL, 1400, 2, 6, 2.687428f},
                 {"mnist/t10k-images-idx3-ubyte.gz", NULL, "mnist/t10k-labels-idx1-ubyte.gz", 10000,
                  784, 10, 0}};
    if (!file_exists("../shared/data")) {
        print_message("skipped: ../shared/data is not there\n");
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_source source = {.features = cases[i].features};
        source.path = file_join(&test_arena, "../shared/data", cases[i].path);
        if (cases[i].labels_path)
            source.labels_path = file_join(&test_arena, "../shared/data", cases[i].labels_path);
        struct events *events = events_read(&source, false);
        assert_int_equal(events->count, cases[i].count);
        assert_int_equal(events->features, cases[i].columns);
        assert_int_equal(events->classes, cases[i].classes);
        assert_true(events->x[0] == cases[i].first);
        events_free(events);
    }
    EXPECT_FAIL(read_path("../shared/data/trackml/hitgraphs_80.npz"),
                "50874 labels for 50227 events");
    EXPECT_FAIL(read_path("../shared/data/emtf/tb_data/event_1.txt"),
                "event_1.txt:7: 15 fields where the first row has 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(class_numbers),
                                       cmocka_unit_test(signs_are_two_classes),
                                       cmocka_unit_test(one_hot_rows_are_classes),
                                       cmocka_unit_test(texts_are_classes_in_sorted_order),
                                       cmocka_unit_test(refused_labels),
                                       cmocka_unit_test(classes_are_those_of_the_whole_file),
                                       cmocka_unit_test(test_sets_follow_the_training_set),
                                       cmocka_unit_test(data_card),
                                       cmocka_unit_test(real_files)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
