/* Backfitting: each tree in turn is taken out and grown again against all the others (as terms of
 * an additive model are; Breiman and Friedman 1985). With values rounded as they are found, the
 * trees that come after one make up for its rounding. */
#include "base/error.h"
#include "base/progress.h"
#include "trainer/trees/ensemble.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 4, VALUE_SWEEPS = 2, AIMED_SWEEPS = 2 };

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

/* Rounding keeps the order of a tree's values, and so what is monotone; finding them anew does not.
 */
static void round_only(struct ensemble *e, struct member *m, double step)
{
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    double *H = calloc(cells + 1, sizeof *H);
    if (!H) fail("out of memory");
    member_fit(e, m, 0, H);
    member_round(e, m, H, step);
    free(H);
}

/* Rounds the values to the step if there is one. */
static void renew(struct ensemble *e, struct member *m, const struct grow_settings *settings,
                  bool grow, double step)
{
    member_apply(e, m, -1);
    member_note_cuts(e, m, -1);
    if (grow) grow_again(e, m, settings);
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    double *H = calloc(cells + 1, sizeof *H);
    if (!H) fail("out of memory");
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

/* ---- the best so far ------------------------------------------------------------------------- */

struct best {
    struct member *members; /* copies, without leaf_of */
    int count;
    double loss; /* validation loss; without validation events training loss */
};

static void best_free(struct best *best)
{
    for (int i = 0; i < best->count; i++)
        member_free(&best->members[i]);
    free(best->members);
}

/* The ensemble as it is, if it is better. */
static void best_note(struct best *best, const struct ensemble *e)
{
    const struct trees_round *now = &e->curve[e->curve_count - 1];
    double loss = e->valid.rows ? now->validation_loss : now->loss;
    if (best->members && !(loss < best->loss)) return;
    best_free(best);
    *best = (struct best){calloc((size_t)e->count + 1, sizeof *best->members), e->count, loss};
    if (!best->members) fail("out of memory");
    for (int i = 0; i < e->count; i++)
        best->members[i] = member_copy(e, &e->members[i]);
}

/* Back to the best, which is used up. */
static void best_restore(struct best *best, struct ensemble *e)
{
    for (int i = 0; i < e->count; i++) {
        member_note_cuts(e, &e->members[i], -1);
        member_free(&e->members[i]);
        e->members[i] = best->members[i];
        member_find_leaves(e, &e->members[i]);
        member_note_cuts(e, &e->members[i], 1);
    }
    free(best->members);
    restore_scores(e);
}

/* ---- sweeps ---------------------------------------------------------------------------------- */

struct sweeping {
    struct grow_settings settings;
    struct best best;
    int done, round;
};

static void sweep(struct ensemble *e, struct sweeping *s, bool grow, double step)
{
    for (int i = 0; i < e->count; i++) {
        renew(e, &e->members[i], &s->settings, grow, step);
        progress_update((long)s->done * e->count + i, NULL);
    }
    s->done++;
    restore_scores(e);
    ensemble_record(e, ++s->round);
}

static struct sweeping begin(const struct ensemble *e)
{
    struct sweeping s = {.settings = ensemble_settings(e)};
    s.settings.rate = 1;
    s.round = e->curve_count ? e->curve[e->curve_count - 1].round : 0;
    return s;
}

void ensemble_regrow(struct ensemble *e, int sweeps)
{
    if (sweeps < 1 || e->count < 1) return;
    struct sweeping s = begin(e);
    progress_begin("growing anew", (long)sweeps * e->count);
    best_note(&s.best, e);
    for (int i = 0; i < sweeps; i++) {
        sweep(e, &s, true, 0);
        best_note(&s.best, e);
    }
    best_restore(&s.best, e);
    progress_end();
}

/* The present scores become what to come near to: by the loss's second derivatives, or, where it
 * has none, by the events' weights. */
static void aim_at_scores(struct ensemble *e)
{
    size_t count = (size_t)e->outputs * (size_t)e->train.rows;
    e->aim = malloc((count + 1) * sizeof *e->aim);
    e->aim_weight = malloc((count + 1) * sizeof *e->aim_weight);
    if (!e->aim || !e->aim_weight) fail("out of memory");
    loss_gradients(&e->data, e->pool, e->scores, e->g, e->h);
    memcpy(e->aim, e->scores, count * sizeof *e->aim);
    memcpy(e->aim_weight, e->h, count * sizeof *e->aim_weight);
}

static void forget_aim(struct ensemble *e)
{
    free(e->aim);
    free(e->aim_weight);
    e->aim = e->aim_weight = NULL;
}

void ensemble_round(struct ensemble *e, int sweeps, double step)
{
    if (e->count < 1) return;
    struct sweeping s = begin(e);
    progress_begin("rounding values", (long)(AIMED_SWEEPS + sweeps) * e->count);
    aim_at_scores(e);
    struct best start = {0};
    if (e->config->monotone) {
        for (int i = 0; i < e->count; i++)
            round_only(e, &e->members[i], step);
        ensemble_record(e, s.round + 1);
        forget_aim(e);
        progress_end();
        return;
    }
    best_note(&start, e);
    for (int i = 0; i < AIMED_SWEEPS; i++) {
        sweep(e, &s, false, step);
        best_note(&s.best, e);
    }
    forget_aim(e);
    best_restore(&start, e);
    for (int i = 0; i < sweeps; i++) {
        sweep(e, &s, i < sweeps - VALUE_SWEEPS, step);
        best_note(&s.best, e);
    }
    best_restore(&s.best, e);
    progress_end();
}
