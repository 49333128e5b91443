/* Backfitting: each tree in turn is taken out and grown again against all the others (as terms of
 * an additive model are; Breiman and Friedman 1985). With values rounded as they are found, the
 * trees that come after one make up for its rounding. */
#include "base/progress.h"
#include "trainer/trees/ensemble.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 4, VALUE_SWEEPS = 2 };

/* The member's tree grown anew; it is out of the scores, and stays out. */
static void grow_again(struct ensemble *e, struct member *m, const struct grow_settings *settings)
{
    ptrdiff_t at = m->target < 0 ? 0 : m->target * e->train.rows;
    int target = m->target;
    ensemble_gradients(e);
    grower_set(e->grower, e->g + at, e->h + at, random_bits(&e->random));
    const struct grown_tree *tree =
        grower_run(e->grower, settings, NULL, 0, NULL, e->used, &e->random);
    member_free(m);
    *m = member_new(e, tree, target, false, true);
}

static void renew(struct ensemble *e, struct member *m, const struct grow_settings *settings,
                  bool grow, double step)
{
    member_apply(e, m, -1);
    member_note_cuts(e, m, -1);
    if (grow) grow_again(e, m, settings);
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    double *H = calloc(cells + 1, sizeof *H);
    memset(m->values, 0, cells * sizeof *m->values);
    member_fit(e, m, NEWTON_STEPS, step > 0 ? H : NULL);
    if (step > 0) member_round(e, m, H, step);
    member_note_cuts(e, m, 1);
    free(H);
}

/* Scores anew, so that rounding of float32 does not add up over the sweeps. */
static void restore_scores(struct ensemble *e)
{
    for (int k = 0; k < e->outputs; k++) {
        for (long i = 0; i < e->train.rows; i++)
            e->scores[k * e->train.rows + i] = (float)e->base[k];
        for (long i = 0; i < e->valid.rows; i++)
            e->valid_scores[k * e->valid.rows + i] = (float)e->base[k];
    }
    for (int i = 0; i < e->count; i++)
        member_apply(e, &e->members[i], 1);
}

void ensemble_regrow(struct ensemble *e, int sweeps, double step)
{
    struct grow_settings settings = ensemble_settings(e);
    int round = e->curve_count ? e->curve[e->curve_count - 1].round : 0;
    settings.rate = 1;
    if (sweeps < 1 || e->count < 1) return;
    progress_begin(step > 0 ? "growing anew, values rounded" : "growing anew",
                   (long)sweeps * e->count);
    for (int sweep = 0; sweep < sweeps; sweep++) {
        bool grow = step <= 0 || sweep < sweeps - VALUE_SWEEPS;
        for (int i = 0; i < e->count; i++) {
            renew(e, &e->members[i], &settings, grow, step);
            progress_update((long)sweep * e->count + i, NULL);
        }
        restore_scores(e);
        ensemble_record(e, ++round);
    }
    progress_end();
}
