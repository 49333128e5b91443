/* See job_threshold.h. */
#include "cli/job_threshold.h"

#include "base/error.h"
#include "base/progress.h"
#include "cli/job_use.h"
#include "model/reference.h"

#include <math.h>
#include <stdlib.h>

static int compare_falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Rows of background events among the given ones. */
static long choose_background(const struct job *job, const struct events *events, const long *rows,
                              long count, long *chosen)
{
    int background = *job->trees->background < 0 ? 0 : *job->trees->background;
    long kept = 0;
    for (long i = 0; i < count; i++)
        if (!events->classes || (int)events->y[rows[i]] == background) chosen[kept++] = rows[i];
    return kept;
}

/* Scores fall; `pass` of them may reach the threshold. */
static double between(const double *scores, long count, long pass)
{
    double stopped = scores[pass < count ? pass : count - 1]; /* the highest that must not */
    long above = pass;
    while (above > 0 && scores[above - 1] <= stopped)
        above--;
    return above > 0 ? (stopped + scores[above - 1]) / 2 : stopped + fabs(stopped) * 1e-6 + 1e-12;
}

double job_threshold(struct job *job, const struct network *network,
                     const struct compile_options *options)
{
    struct arena arena = {0};
    double fraction = *job->background_fraction;
    if (options->output != COMPILE_THRESHOLD)
        job_fail(job, NULL, 0, "background_fraction",
                 "background_fraction: goes with output: "
                 "threshold");
    struct job_events *e = job_read_events(job);
    bool valid = e->valid_count > 0;
    const long *from = valid ? e->valid_rows : e->train_rows;
    long available = valid ? e->valid_count : e->train_count;
    long *rows = arena_alloc(&arena, (size_t)available + 1, sizeof *rows);
    long count = choose_background(job, e->train, from, available, rows);
    if (count < 1)
        job_fail(job, NULL, 0, "background_fraction",
                 "background_fraction: there are no "
                 "background events (class 0)");
    if (network->layers[0].size != e->train->features)
        fail("%s: %d features, the model has %d", e->train->path, e->train->features,
             network->layers[0].size);
    int layer = compile_output_layer(network, options);
    double *scores =
        arena_alloc(&arena, (size_t)count * (size_t)network->layers[layer].size, sizeof *scores);
    reference_eval(network, REFERENCE_QUANTIZED, job_rows(&arena, e->train, rows, count), count,
                   layer, scores);
    qsort(scores, (size_t)count, sizeof *scores, compare_falling);
    double threshold = between(scores, count, (long)floor(fraction * (double)count));
    long pass = 0;
    while (pass < count && scores[pass] >= threshold)
        pass++;
    info("threshold %.6g: %.3g %% of %ld background events %s pass", threshold,
         100 * (double)pass / (double)count, count,
         valid ? "of the validation" : "of the training");
    job_free_events(e);
    arena_free(&arena);
    return threshold;
}
