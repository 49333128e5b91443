/* Metrics of a classifier, from scores and labels alone.
 *
 * scores are [n][classes] doubles, larger meaning more likely; with
 * classes = 1 the single score decides between class 0 and class 1 at `threshold`, and every table
 * below has two classes, class 1 being the signal. Labels are class numbers. Depends on base alone,
 * so that reports and verification use it on any score matrix. */
#ifndef SLUICE_TRAINER_METRICS_H
#define SLUICE_TRAINER_METRICS_H

#include "base/arena.h"

enum { METRICS_RATES = 3 };
extern const double metrics_background_rates[METRICS_RATES]; /* 0.1, 0.01, 0.001 */

struct metrics_class {
    long count;       /* events with this label */
    long predicted;   /* events decided for it */
    double auc;       /* one against the rest, ties count half; NAN when either side is empty */
    double precision; /* right / predicted; NAN when nothing is predicted */
    double recall;    /* right / count; NAN when count is 0 */
    double f1;        /* 2 right / (count + predicted); NAN when both are 0 */
    /* Largest signal efficiency whose background efficiency is at most metrics_background_rates[i],
     * by a cut `score >= c`; background is every other class. */
    double efficiency[METRICS_RATES];
};

struct metrics {
    long count;  /* events; 0: no metrics */
    int classes; /* at least 2 */
    double accuracy;
    double balanced_accuracy; /* mean recall of the classes that have events */
    double auc;               /* mean over the classes that have one */
    long *confusion;          /* [label][decision], classes x classes */
    struct metrics_class *per_class;
};

/* The decision: index of the largest score, the lowest index on a tie; classes = 1: score >
 * threshold. */
int metrics_decide(const double *scores, int classes, double threshold);

/* The probabilities that logits stand for, in place. A cut on one class means something on these
 * alone: the logits of an event are known up to a number that all of them share. */
void metrics_softmax(double *scores, int classes, long count);

/* Everything at once. Labels outside 0..classes-1 and NaN scores are our own mistakes (assert). */
struct metrics metrics_eval(struct arena *arena, const double *scores, int classes,
                            double threshold, const int *labels, long count);

/* The ROC curve of class k against the rest: corner points from (0, 0) to (1, 1), by falling cut;
 * points with equal score are one step, points inside a straight stretch are left out. */
struct roc_point {
    double background, signal; /* efficiencies of the cut */
    double cut;                /* score >= cut; INFINITY at the first point */
};
struct roc_point *metrics_roc(struct arena *arena, const double *scores, int classes, int k,
                              const int *labels, long count, int *points);

#endif
