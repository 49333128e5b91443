/* Training time and accuracy of boosted trees: trees TRAIN.npz TEST.npz.
 *
 * For each of the sizes below, with one thread and with two: seconds by the clock and of processor
 * time from the events in memory to the ensemble, the cutting of features into bins included, and
 * its accuracy on the test events. */
#include "trainer/trees/trees.h"
#include "base/error.h"
#include "base/progress.h"
#include "model/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIES = 3 };

static double accuracy(const struct network *network, const struct events *test)
{
    struct arena arena = {0};
    size_t features = (size_t)test->features, classes = (size_t)test->classes;
    double *x = arena_alloc(&arena, (size_t)test->count * features, sizeof *x);
    double *y = arena_alloc(&arena, (size_t)test->count * classes, sizeof *y);
    for (size_t i = 0; i < (size_t)test->count * features; i++)
        x[i] = (double)test->x[i];
    reference_eval(network, REFERENCE_FLOAT, x, test->count, -1, y);
    long right = 0;
    for (long e = 0; e < test->count; e++) {
        const double *scores = y + (size_t)e * classes;
        int best = 0;
        for (int k = 1; k < test->classes; k++)
            if (scores[k] > scores[best]) best = k;
        right += best == (int)test->y[e];
    }
    arena_free(&arena);
    return (double)right / (double)test->count;
}

static void measure(const struct events *train, const struct events *test, int depth, int rounds,
                    int threads)
{
    struct trees_config config;
    trees_config_init(&config);
    config.loss = TREES_LOSS_CATEGORICAL_CROSS_ENTROPY;
    config.rounds = rounds;
    config.depth = depth;
    config.quantize = false;
    config.threads = threads;
    long *rows = calloc((size_t)train->count, sizeof *rows);
    if (!rows) fail("out of memory");
    for (long i = 0; i < train->count; i++)
        rows[i] = i;
    double best = 1e30, least = 1e30, right = 0;
    for (int i = 0; i < TRIES; i++) {
        double start = clock_seconds();
        clock_t ticks = clock();
        struct trees_result *result = trees_train(&config, train, rows, train->count, NULL, 0);
        double seconds = clock_seconds() - start;
        double processor = (double)(clock() - ticks) / CLOCKS_PER_SEC;
        if (seconds < best) best = seconds;
        if (processor < least) least = processor;
        right = accuracy(result->float_network, test);
        trees_result_free(result);
    }
    free(rows);
    printf("%d %d %d %.4f %.4f %.4f\n", depth, rounds, threads, best, least, right);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 3) fail("usage: trees TRAIN.npz TEST.npz");
    error_set_quiet(true);
    struct events *train = events_read(&(struct data_source){.path = argv[1]}, false);
    struct events *test = events_read(&(struct data_source){.path = argv[2]}, false);
    events_match(test, train);
    for (int threads = 1; threads <= 2; threads++) {
        measure(train, test, 3, 10, threads);
        measure(train, test, 6, 100, threads);
    }
    events_free(train);
    events_free(test);
    return 0;
}
