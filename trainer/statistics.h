/* Errors and working points of trigger decisions, from scores and labels (or targets) alone.
 * Scores, classes and labels are as in trainer/metrics.h. Depends on base and data/random.h alone.
 */
#ifndef SLUICE_TRAINER_STATISTICS_H
#define SLUICE_TRAINER_STATISTICS_H

#include "base/arena.h"
#include "trainer/metrics.h"

#include <stdint.h>

/* ---- Errors -----------------------------------------------------------------------------------
 */

/* Standard errors of struct metrics' figures: their standard deviations over `replicas` bootstrap
 * samples, in each of which an event counts a Poisson(1) number of times (Hanley and MacGibbon
 * 2006). NAN where the figure is NAN in some sample. */
struct metrics_errors {
    double accuracy, balanced_accuracy, auc;
    double *auc_per_class; /* [classes] */
    double (*efficiency_per_class)[METRICS_RATES];
};
struct metrics_errors metrics_bootstrap(struct arena *arena, const double *scores, int classes,
                                        double threshold, const int *labels, long count,
                                        int replicas, uint64_t seed);

/* passed of total as a fraction, with the central interval of 68.27 % (Clopper and Pearson 1934).
 */
struct proportion {
    double value, low, high; /* NAN, 0, 1 when total is 0 */
};
struct proportion proportion_of(long passed, long total);

/* ---- Working points ---------------------------------------------------------------------------
 */

/* A trigger's working point: `score >= cut` of class k against all others. */
struct working_point {
    double cut;
    long signal_passed, signal_total, background_passed, background_total;
};
/* The lowest cut whose background efficiency on these events is at most `background`; INFINITY
 * where even the largest score is too much. */
struct working_point working_point_find(const double *scores, int classes, int k, const int *labels,
                                        long count, double background);
/* The same cut on other events. */
struct working_point working_point_apply(double cut, const double *scores, int classes, int k,
                                         const int *labels, long count);
/* Background efficiency at which `rate_khz` is left of input_rate_mhz of background when one in
 * `prescale` accepted events is kept; at most 1. */
double background_for_rate(double rate_khz, double input_rate_mhz, double prescale);

/* ---- Turn-on curves and resolution ------------------------------------------------------------
 */

/* Bins of equal numbers of the chosen events in a variable. */
struct bin {
    double low, high; /* of the variable */
    long total, passed;
    double bias, resolution; /* mean and standard deviation of prediction - target; NAN if empty */
    double bias_error, resolution_error; /* statistical: s / sqrt(n), s / sqrt(2 n) */
};
/* Efficiency of the cut on class k against a variable, over events of that class. */
struct bin *turn_on_curve(struct arena *arena, const double *variable, const double *scores,
                          int classes, int k, double cut, const int *labels, long count, int bins,
                          int *found);
/* Resolution and bias of a prediction in bins of the target. */
struct bin *resolution_in_bins(struct arena *arena, const double *target, const double *prediction,
                               long count, int bins, int *found);

#endif
