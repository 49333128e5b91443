/* Ensembles of other libraries: the small models of tests/models/trees, made by
 * tests/python/make_tree_models.py, must give the margins that the library itself gives, bit for
 * bit; edited and damaged ones must be refused with one line. */
#include "model/import/import.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "data/events.h"
#include "model/reference.h"
#include "tests/unit/model/damage.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/models/trees/"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int trees_layer(const struct network *network)
{
    for (int i = network->layer_count - 1; i > 0; i--)
        if (network->layers[i].kind == LAYER_TREES) return i;
    fail_msg("no layer of trees");
    return 0;
}

/* The margins of the model in `file` for the events that its name stands for, against NAME.y.npy.
 */
static void expect_margins(const char *folder, const char *file, double tolerance)
{
    struct arena arena = {0};
    int stem = (int)(strrchr(file, '.') - file);
    const char *name = arena_printf(&arena, "%.*s", stem, file);
    const char *events = ends_with(name, "_missing") ? "x_missing.npy"
                         : ends_with(name, "_zero")  ? "x_missing0.npy"
                                                     : "x.npy";
    struct network *network = model_read(arena_printf(&arena, "%s%s", folder, file));
    int layer = trees_layer(network), outputs = network->layers[layer].size;
    long count, rows;
    int features = network->layers[0].size;
    bool *may_miss = arena_alloc(&arena, (size_t)features, sizeof *may_miss);
    memset(may_miss, true, (size_t)features);
    double *x = events_read_rows_missing(&arena, arena_printf(&arena, "%s%s", folder, events),
                                         features, may_miss, &count);
    double *expected =
        events_read_rows(&arena, arena_printf(&arena, "%s%s.y.npy", folder, name), outputs, &rows);
    double *y = arena_alloc(&arena, (size_t)count * (size_t)outputs, sizeof *y);
    assert_true(count == rows && count > 0);
    reference_eval(network, REFERENCE_FLOAT, x, count, layer, y);
    for (long i = 0; i < count * outputs; i++)
        if (!(fabs(y[i] - expected[i]) <= tolerance * (1 + fabs(expected[i]))))
            fail_msg("%s: margin %ld is %.17g instead of %.17g", file, i, y[i], expected[i]);
    network_free(network);
    arena_free(&arena);
}

/* Calls expect_margins() for every model of a folder; returns how many there are. */
static int expect_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *name = entry->d_name;
        /* skl2onnx and CatBoost round their numbers to float32 for ONNX. */
        bool rounded = ends_with(name, ".onnx");
        if (!rounded && !ends_with(name, ".json") && !ends_with(name, ".ubj") &&
            !ends_with(name, ".txt") && !ends_with(name, ".xml"))
            continue;
        expect_margins(folder, name, rounded ? 3e-6 : 0);
        count++;
    }
    closedir(dir);
    return count;
}

static void test_margins(void **state)
{
    (void)state;
    assert_int_equal(expect_folder(FOLDER), 62);
}

/* SLUICE_TREES_FOLDER: a folder that make_tree_models.py filled (tests/long/trees.sh). */
static void test_more_margins(void **state)
{
    (void)state;
    const char *folder = getenv("SLUICE_TREES_FOLDER");
    if (!folder) {
        print_message("skipped: SLUICE_TREES_FOLDER names no folder\n");
        skip();
    }
    int count = expect_folder(folder);
    print_message("%d models in %s\n", count, folder);
    assert_true(count > 0);
}

/* ---- others' models and predictions -----------------------------------------------------------
 */

#define ZOO "../shared/models/trees_leaves/testdata/"

/* Numbers of a text file, rows of `columns`; pairs "index:number" go to their column. */
static double *read_numbers(struct arena *arena, const char *path, int columns, int skip,
                            long *rows)
{
    size_t length;
    char *text = file_read(arena, path, &length), *rest = NULL;
    double *numbers = arena_alloc(arena, length, sizeof *numbers);
    *rows = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *word = NULL;
        int at = -skip;
        for (char *w = strtok_r(line, "\t ", &word); w; w = strtok_r(NULL, "\t ", &word), at++) {
            char *colon = strchr(w, ':');
            int column = colon ? atoi(w) : at;
            if (column < 0) continue;
            assert_true(column < columns);
            numbers[*rows * columns + column] = strtod(colon ? colon + 1 : w, NULL);
        }
        ++*rows;
    }
    return numbers;
}

/* skip: columns of labels in front of the features. */
static void expect_zoo(const char *model, const char *events, int skip, const char *predictions,
                       bool raw)
{
    struct arena arena = {0};
    struct network *network = model_read(arena_printf(&arena, ZOO "%s", model));
    int layer = trees_layer(network), outputs = network->layers[layer].size;
    long count, rows;
    double *x = read_numbers(&arena, arena_printf(&arena, ZOO "%s", events),
                             network->layers[0].size, skip, &count);
    double *expected =
        read_numbers(&arena, arena_printf(&arena, ZOO "%s", predictions), outputs, 0, &rows);
    double *y = arena_alloc(&arena, (size_t)count * (size_t)outputs, sizeof *y);
    assert_true(count == rows && count > 20);
    reference_eval(network, REFERENCE_FLOAT, x, count, raw ? layer : -1, y);
    for (long i = 0; i < count * outputs; i++)
        if (!(fabs(y[i] - expected[i]) <= (raw ? 0 : 1e-15)))
            fail_msg("%s: output %ld is %.17g instead of %.17g", model, i, y[i], expected[i]);
    network_free(network);
    arena_free(&arena);
}

static void test_zoo(void **state)
{
    (void)state;
    if (!file_exists(ZOO "lgmulticlass.model")) {
        print_message("skipped: %s is not there\n", ZOO);
        skip();
    }
    expect_zoo("lgmulticlass.model", "multiclass_test.tsv", 1,
               "lgmulticlass_true_raw_predictions.txt", true);
    expect_zoo("lgmulticlass.model", "multiclass_test.tsv", 1, "lgmulticlass_true_predictions.txt",
               false);
    expect_zoo("lg_dart_breast_cancer.model", "breast_cancer_test.tsv", 0,
               "lg_dart_breast_cancer_true_predictions.txt", false);
    /* Made by a LightGBM that left the link out for averages; 4.7 has it again. */
    expect_zoo("lg_rf_iris.model", "iris_test.libsvm", 1, "lg_rf_iris_true_predictions.txt", true);
    static const char *const categorical[] = {"lg_kddcup99.model",
                                              "genlin_fmtp_gamma_AvgClaimAmount.model"};
    for (int i = 0; i < 2; i++) {
        char path[200];
        snprintf(path, sizeof path, ZOO "%s", categorical[i]);
        const char *line = refusal(model_read, path);
        assert_non_null(strstr(line, "a categorical split, of feature"));
    }
}

/* ---- refusals -------------------------------------------------------------------------------- */

static char scratch[] = "/tmp/sluice_test_import_XXXXXX";

static int make_scratch(void **state)
{
    (void)state;
    int file = mkstemp(scratch);
    return file < 0 ? -1 : close(file);
}

static int remove_scratch(void **state)
{
    (void)state;
    return unlink(scratch);
}

struct edit {
    const char *file, *from, *to; /* of the file's text; the first place */
    const char *wanted;           /* in the line that refuses it, behind the file's name */
};

static const struct edit edits[] = {
    /* XGBoost */
    {"xgboost_3_2_binary.json", "\"left_children\":[1,3", "\"left_children\":[1,9",
     "tree 0, node 1: its child 9 is out of range, the tree has 5 nodes"},
    {"xgboost_3_2_binary.json", "\"left_children\":[1,3", "\"left_children\":[1,0",
     "tree 0, node 1: two ways lead to its child 0 (a cycle?)"},
    {"xgboost_3_2_binary.json", "\"split_indices\":[3,0", "\"split_indices\":[3,7",
     "tree 0, node 1: it asks for a feature that the model does not have"},
    {"xgboost_3_2_binary.json", "\"split_conditions\":[2.5514575E2", "\"split_conditions\":[NaN",
     "tree 0, node 0: its threshold is not a number"},
    {"xgboost_3_2_binary.json", "\"split_conditions\":[2.5514575E2", "\"split_conditions\":[\"x\"",
     "split_conditions: entry 0 is not a number"},
    {"xgboost_3_2_binary.json", "\"split_conditions\":[2.5514575E2,4.78115E-1,",
     "\"split_conditions\":[4.78115E-1,", "split_conditions"},
    {"xgboost_3_2_binary.json", ",-2.3477392E-1,6.6875106E-1],\"split_indices\"",
     ",1e99,6.6875106E-1],\"split_indices\"",
     "tree 0, node 3: the value of the leaf is not a finite number"},
    {"xgboost_3_2_binary.json", "\"split_type\":[0", "\"split_type\":[1",
     "tree 0, node 0: a categorical split"},
    {"xgboost_3_2_binary.json", "\"base_score\":\"[3E-1]\"", "\"base_score\":\"[x]\"",
     "base_score"},
    {"xgboost_3_2_binary.json", "binary:logistic", "rank:unheard",
     "objective 'rank:unheard' is not known here"},
    /* LightGBM */
    {"lightgbm_binary.txt", "left_child=1 2 -1", "left_child=1 7 -1",
     "tree 0, node 1: a child is out of range"},
    {"lightgbm_binary.txt", "left_child=1 2 -1", "left_child=1 0 -1",
     "tree 0, node 1: two ways lead to its child 0 (a cycle?)"},
    {"lightgbm_binary.txt", "left_child=1 2 -1", "left_child=1 2",
     "tree 0: left_child: 2 entries where 3 are wanted"},
    {"lightgbm_binary.txt", "split_feature=3 0 0", "split_feature=3 0 5",
     "tree 0, node 2: it asks for a feature that the model does not have"},
    {"lightgbm_binary.txt", "threshold=254.", "threshold=nan 254.",
     "tree 0: threshold: 4 entries where 3 are wanted"},
    {"lightgbm_binary.txt", "threshold=254.87831115722659", "threshold=nan",
     "tree 0, node 0: its threshold is not a number"},
    {"lightgbm_binary.txt", "leaf_value=0.295", "leaf_value=1e999 #",
     "tree 0: leaf_value: an entry is not a number"},
    {"lightgbm_binary.txt", "decision_type=2 2 2", "decision_type=2 3 2",
     "tree 0, node 1: a categorical split"},
    {"lightgbm_binary.txt", "is_linear=0", "is_linear=1", "linear"},
    {"lightgbm_binary.txt", "num_leaves=4", "num_leaves=-4", "num_leaves"},
    {"lightgbm_binary.txt", "max_feature_idx=4", "max_feature_idx=", "max_feature_idx"},
    /* CatBoost */
    {"catboost_binary.json", "\"float_feature_index\":3,\n              \"split_index\"",
     "\"float_feature_index\":8,\n              \"split_index\"",
     "tree 0, node 0: it asks for a feature that the model does not have"},
    {"catboost_binary.json", "\"split_type\":\"FloatFeature\"", "\"split_type\":\"OneHotFeature\"",
     "tree 0, node 0: a split of type OneHotFeature"},
    {"catboost_binary.json", "\"scale_and_bias\"", "\"scale\"", "scale_and_bias"},
    {"catboost_binary.json", "\"border\":253.98385620117188", "\"border\":null",
     "node 0: its threshold is not a number"},
    {"catboost_binary.json", "\"leaf_values\":\n          [", "\"leaf_values\":\n          [1,",
     "tree 0 has 5 leaf values for 4 leaves of 1 outputs"},
    /* conifer */
    {"conifer_binary.json", "\"n_features\": 5", "\"n_features\": 3",
     "tree 0, node 0: it asks for a feature that the model does not have"},
    {"conifer_binary.json", "\"norm\": 1", "\"norm\": \"x\"", "norm is not a number"},
    {"conifer_binary.json", "\"init_predict\": [\n    0.54", "\"init_predict\": [\n    1, 0.54",
     "init_predict has 2 numbers for 1 outputs"},
    /* TMVA */
    {"tmva_adaboost.xml", "IVar=\"3\"", "IVar=\"33\"",
     "tree 3, node 4: it asks for a feature that the model does not have"},
    {"tmva_adaboost.xml", "pos=\"l\"", "pos=\"r\"",
     "tree 0, node 4: the node above it has two children at one side"},
    {"tmva_adaboost.xml", "</BinaryTree>", "", "tree 0, node 7: a second root"},
    {"tmva_adaboost.xml", "NTrees=\"6\"", "NTrees=\"7\"", "there are 6 trees where NTrees says 7"},
    {"tmva_adaboost.xml", "Method=\"BDT::BDT\"", "Method=\"MLP::MLP\"",
     "method 'MLP::MLP' is not supported"},
    {"tmva_adaboost.xml", "NTransformations=\"0\"", "NTransformations=\"2\"",
     "transformed variables"},
    {"tmva_adaboost.xml", "NCoef=\"0\"", "NCoef=\"2\"", "Fisher"},
    {"tmva_adaboost.xml", "boostWeight=\"", "boostWeight=\"nan\" x=\"",
     "boostWeight is not a finite number"},
    {"tmva_adaboost.xml", ">AdaBoost<", ">AdaBoostR2<", "median"},
    {"tmva_adaboost.xml", "Cut=\"", "Cut=\"nan\" x=\"", "threshold is not a number"},
};

static void expect_refusal(const struct edit *edit)
{
    struct arena arena = {0};
    struct text text = {0};
    size_t length;
    char *bytes = file_read(&arena, arena_printf(&arena, FOLDER "%s", edit->file), &length);
    char *at = strstr(bytes, edit->from);
    if (!at) fail_msg("%s does not hold %s", edit->file, edit->from);
    text_add_bytes(&text, bytes, (size_t)(at - bytes));
    text_add(&text, edit->to);
    text_add(&text, at + strlen(edit->from));
    file_write(scratch, text_string(&text), strlen(text_string(&text)));
    const char *line = refusal(model_read, scratch);
    if (strncmp(line, scratch, strlen(scratch)) != 0 || !strstr(line, edit->wanted))
        fail_msg("%s with %s: '%s' instead of '%s'", edit->file, edit->to, line, edit->wanted);
    text_free(&text);
    arena_free(&arena);
}

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++)
        expect_refusal(&edits[i]);
}

static const char *const one_of_each[] = {
    FOLDER "xgboost_3_2_dart.json",      FOLDER "xgboost_3_2_vector.ubj",
    FOLDER "lightgbm_multi_missing.txt", FOLDER "catboost_leafwise_missing.json",
    FOLDER "catboost_binary.json",       FOLDER "conifer_binary.json",
    FOLDER "tmva_adaboost.xml",          FOLDER "sklearn_boosting.onnx"};
enum { ONE_OF_EACH = sizeof one_of_each / sizeof one_of_each[0] };

/* Cut anywhere, a file is refused with one line that names it. */
static void test_truncated_files(void **state)
{
    (void)state;
    for (int n = 0; n < ONE_OF_EACH; n++) {
        struct arena arena = {0};
        size_t length;
        char *bytes = file_read(&arena, one_of_each[n], &length);
        for (size_t cut = 0; cut + 1 < length; cut += 1 + cut / 30) {
            file_write(scratch, bytes, cut);
            const char *line = refusal(model_read, scratch);
            /* Lists of parameters end LightGBM's files, versions ONNX's: neither is needed. */
            bool tail =
                cut > length / 2 && (ends_with(one_of_each[n], ".txt") ||
                                     (ends_with(one_of_each[n], ".onnx") && cut > length - 60));
            if (!tail || *line) assert_memory_equal(line, scratch, strlen(scratch));
        }
        arena_free(&arena);
    }
}

static void test_damaged_files(void **state)
{
    (void)state;
    for (int n = 0; n < ONE_OF_EACH; n++)
        assert_true(refusals_of_damaged(model_read, one_of_each[n], scratch, 300, 5) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_more_margins),
        cmocka_unit_test(test_zoo),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_truncated_files),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
