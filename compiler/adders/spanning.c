/* Columns that are nearly another column: y[child] = +-2^shift * y[parent] + what differs.
 *
 * da4ml decomposes along a spanning tree of column differences; ours has depth one, a star forest,
 * so that a graph becomes one adder deeper at most: parents are whole columns. Parents are chosen
 * greedily by the digits they save, each child takes the parent it differs from least. */
#include "compiler/adders/internal.h"

#include <stdlib.h>
#include <string.h>

enum { SHIFTS = 3, COLUMNS_MOST = 1024 };
static const long work_most = 1L << 26; /* pairs of columns times rows */

struct stars {
    int rows, columns;
    int64_t *weights; /* [column][row] */
    int *digits;      /* [column] */
    int *gains;       /* [parent][child]: digits saved, less one for the adder; <= 0: none */
    struct star *best;
    bool *is_parent;
    int *gain; /* [child]: by its present parent */
};

static int column_digits(const struct stars *t, const int64_t *a, const int64_t *b, int64_t factor)
{
    int digits = 0;
    for (int i = 0; i < t->rows; i++)
        digits += digit_count(a[i] - factor * b[i]);
    return digits;
}

/* The nearest of the parent's multiples to the child: what they save. */
static int nearest(const struct stars *t, int parent, int child, struct star *star)
{
    const int64_t *a = t->weights + (size_t)child * (size_t)t->rows;
    const int64_t *b = t->weights + (size_t)parent * (size_t)t->rows;
    int least = t->digits[child];
    for (int shift = 0; shift < SHIFTS; shift++)
        for (int negative = 0; negative < 2; negative++) {
            int64_t factor = (int64_t)(negative ? -1 : 1) * ((int64_t)1 << shift);
            int digits = column_digits(t, a, b, factor);
            if (digits >= least) continue;
            least = digits;
            *star = (struct star){parent, shift, negative};
        }
    return t->digits[child] - least - 1;
}

/* What another parent would save in all: its children's gains, less its own as a child. */
static int gain_of(const struct stars *t, int parent)
{
    int gain = t->gain[parent] > 0 ? -t->gain[parent] : 0;
    const int *gains = t->gains + (size_t)parent * (size_t)t->columns;
    for (int j = 0; j < t->columns; j++) {
        if (j == parent || t->is_parent[j]) continue;
        int now = t->gain[j] > 0 ? t->gain[j] : 0;
        if (gains[j] > now) gain += gains[j] - now;
    }
    return gain;
}

static void choose(struct stars *t)
{
    for (;;) {
        int best = -1, most = 0;
        for (int p = 0; p < t->columns; p++) {
            int gain = t->is_parent[p] ? 0 : gain_of(t, p);
            if (gain <= most) continue;
            most = gain;
            best = p;
        }
        if (best < 0) return;
        t->is_parent[best] = true;
        t->gain[best] = 0;
        t->best[best].parent = -1;
        const int *gains = t->gains + (size_t)best * (size_t)t->columns;
        for (int j = 0; j < t->columns; j++)
            if (!t->is_parent[j] && gains[j] > t->gain[j]) {
                t->gain[j] = gains[j];
                t->best[j].parent = best;
            }
    }
}

static bool fits(int digits, int most_depth)
{
    return most_depth < 0 || most_depth >= 30 || (most_depth > 0 && digits < 1 << (most_depth - 1));
}

static void fill(struct stars *t, const struct adder_problem *problem, int most_depth)
{
    size_t rows = (size_t)t->rows, columns = (size_t)t->columns;
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < rows; i++)
            t->weights[j * rows + i] = problem->weights[i * columns + j];
        t->digits[j] = column_digits(t, t->weights + j * rows, t->weights + j * rows, 0);
        t->best[j].parent = -1;
    }
    for (int p = 0; p < t->columns; p++)
        for (int j = 0; j < t->columns; j++) {
            struct star unused;
            int gain = 0;
            if (p != j && fits(t->digits[p], most_depth)) gain = nearest(t, p, j, &unused);
            if (gain > 0 && !fits(t->digits[j] - gain, most_depth)) gain = 0;
            t->gains[(size_t)p * columns + (size_t)j] = gain;
        }
}

bool spanning_find(const struct adder_problem *problem, int most_depth, struct star *stars)
{
    int columns = problem->columns, rows = problem->rows;
    for (int j = 0; j < columns; j++)
        stars[j] = (struct star){.parent = -1};
    if (columns > COLUMNS_MOST || (long)rows * columns * columns > work_most) return false;
    struct arena arena = {0};
    size_t count = (size_t)columns + 1;
    struct stars t = {.rows = rows, .columns = columns, .best = stars};
    t.weights = arena_alloc(&arena, count * ((size_t)rows + 1), sizeof *t.weights);
    t.digits = arena_alloc(&arena, count, sizeof *t.digits);
    t.gains = arena_alloc(&arena, count * count, sizeof *t.gains);
    t.is_parent = arena_alloc(&arena, count, sizeof *t.is_parent);
    t.gain = arena_alloc(&arena, count, sizeof *t.gain);
    fill(&t, problem, most_depth);
    choose(&t);
    bool found = false;
    for (int j = 0; j < columns; j++) {
        if (stars[j].parent < 0) continue;
        nearest(&t, stars[j].parent, j, &stars[j]);
        found = true;
    }
    arena_free(&arena);
    return found;
}
