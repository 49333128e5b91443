/* The estimate with the factors of boards/targets/ against the designs that were built: on those it
 * was not fitted on, its median error is at most what the docs state; the table is what it says. */
#include "base/file.h"
#include "boards/board.h"
#include "compiler/estimate/estimate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_COLUMNS = 48, MOST_ROWS = 1000 };

/* A table of plain values, split in place. */
struct csv {
    struct arena arena;
    int columns, rows;
    char *names[MOST_COLUMNS];
    char *cells[MOST_ROWS][MOST_COLUMNS];
};

static int split(char *line, char **cells)
{
    int count = 0;
    for (char *at = line; at && count < MOST_COLUMNS; count++) {
        cells[count] = at;
        at = strchr(at, ',');
        if (at) *at++ = 0;
    }
    return count;
}

static struct csv *read_table(const char *name)
{
    struct csv *t = calloc(1, sizeof *t);
    assert_non_null(t);
    size_t length;
    const char *folder = file_join(&t->arena, board_home(), "boards/estimator");
    char *line = file_read(&t->arena, file_join(&t->arena, folder, name), &length);
    for (int row = -1; line && *line; row++) {
        char *end = strchr(line, '\n');
        if (end) *end++ = 0;
        assert_true(row < MOST_ROWS);
        int count = split(line, row < 0 ? t->names : t->cells[row]);
        if (row < 0) t->columns = count;
        assert_int_equal(count, t->columns);
        t->rows = row + 1;
        line = end;
    }
    return t;
}

static void free_table(struct csv *t)
{
    arena_free(&t->arena);
    free(t);
}

static const char *cell(const struct csv *t, int row, const char *name)
{
    for (int i = 0; i < t->columns; i++)
        if (!strcmp(t->names[i], name)) return t->cells[row][i];
    fail_msg("no column %s", name);
    return "";
}

static double number(const struct csv *t, int row, const char *name)
{
    return strtod(cell(t, row, name), NULL);
}

static int find_row(const struct csv *t, const char *design)
{
    for (int i = 0; i < t->rows; i++)
        if (!strcmp(cell(t, i, "design"), design)) return i;
    fail_msg("no features of %s", design);
    return -1;
}

static struct estimate estimate_row(const struct csv *features, int row,
                                    const struct target *target)
{
    struct estimate_parts parts = {.register_bits = number(features, row, "register_bits"),
                                   .memory_bits = number(features, row, "memory_bits"),
                                   .state_bits = number(features, row, "state_bits"),
                                   .packed_bits = number(features, row, "packed_bits"),
                                   .valid_bits = number(features, row, "valid_bits"),
                                   .bram = number(features, row, "estimate_bram"),
                                   .dsp = number(features, row, "estimate_dsp")};
    for (int k = 0; k < LUT_CLASS_COUNT; k++) {
        char name[32];
        snprintf(name, sizeof name, "lut_%s", lut_class_names[k]);
        parts.luts[k] = number(features, row, name);
    }
    return estimate_of_parts(&parts, number(features, row, "path_ns"), target);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return (values[count / 2] + values[(count - 1) / 2]) / 2;
}

/* Median errors in percent over the held-out designs of a family, NULL: all. */
static int measure(const struct csv *designs, const struct csv *features, const char *family,
                   double *lut4, double *fmax_mhz)
{
    double errors[2][MOST_ROWS];
    int count = 0;
    for (int i = 0; i < designs->rows; i++) {
        if (strcmp(cell(designs, i, "side"), "held out")) continue;
        if (family && strcmp(cell(designs, i, "family"), family)) continue;
        struct board_target target;
        board_target_find(&target, cell(designs, i, "target"));
        struct estimate e =
            estimate_row(features, find_row(features, cell(designs, i, "design")), &target.model);
        errors[0][count] = 100 * fabs(e.lut4 / number(designs, i, "lut4") - 1);
        errors[1][count++] = 100 * fabs(e.fmax_mhz / number(designs, i, "fmax_mhz") - 1);
    }
    assert_true(count > 0);
    *lut4 = median(errors[0], count);
    *fmax_mhz = median(errors[1], count);
    return count;
}

static void test_errors(void **state)
{
    (void)state;
    static const char *const families[] = {NULL, "dense", "reuse", "trees", "functions"};
    struct csv *designs = read_table("designs.csv"), *features = read_table("features.csv");
    for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
        double lut4, fmax_mhz;
        int count = measure(designs, features, families[k], &lut4, &fmax_mhz);
        print_message("%s: %d designs, LUT4 %.1f %%, clock %.1f %%\n",
                      families[k] ? families[k] : "all", count, lut4, fmax_mhz);
        assert_true(lut4 <= 10);
        assert_true(fmax_mhz <= 15);
    }
    free_table(designs);
    free_table(features);
}

/* As many designs and sizes as stated, and no network on both sides. */
static void test_table(void **state)
{
    (void)state;
    struct csv *t = read_table("designs.csv");
    double least = INFINITY, most = 0;
    for (int i = 0; i < t->rows; i++) {
        least = fmin(least, number(t, i, "lut4"));
        most = fmax(most, number(t, i, "lut4"));
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(cell(t, i, "design"), cell(t, j, "design"));
            if (!strcmp(cell(t, i, "network"), cell(t, j, "network")))
                assert_string_equal(cell(t, i, "side"), cell(t, j, "side"));
        }
    }
    assert_true(t->rows >= 60);
    assert_true(most >= 90 * least);
    free_table(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors), cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
