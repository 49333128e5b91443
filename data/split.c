/* Seeded, stratified splits: see events_split() in events.h. */
#include "base/error.h"
#include "data/events.h"
#include "data/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct place {
    double key; /* how far through its class the event stands, 0..1 */
    long order; /* in the shuffled order, so that equal keys are random */
    long row;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->key != right->key) return left->key < right->key ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

static void shuffle(struct random *random, long *rows, long count)
{
    for (long i = count - 1; i > 0; i--) {
        long other = (long)random_below(random, (uint64_t)i + 1);
        long kept = rows[i];
        rows[i] = rows[other];
        rows[other] = kept;
    }
}

/* Reorders shuffled rows so that each prefix holds each class in its share, to within one. */
static void stratify(const struct events *events, long *rows)
{
    struct arena scratch = {0};
    size_t classes = (size_t)events->classes;
    long *size = arena_alloc(&scratch, classes, sizeof *size);
    long *seen = arena_alloc(&scratch, classes, sizeof *seen);
    struct place *places = arena_alloc(&scratch, (size_t)events->count, sizeof *places);
    for (long i = 0; i < events->count; i++)
        size[(size_t)events->y[i]]++;
    for (long i = 0; i < events->count; i++) {
        size_t class = (size_t)events->y[rows[i]];
        double key = ((double)seen[class]++ + 0.5) / (double)size[class];
        places[i] = (struct place){key, i, rows[i]};
    }
    qsort(places, (size_t)events->count, sizeof *places, compare_places);
    for (long i = 0; i < events->count; i++)
        rows[i] = places[i].row;
    arena_free(&scratch);
}

struct split events_split(struct arena *arena, const struct events *events, const double *fractions,
                          int parts, uint64_t seed)
{
    struct split split = {.rows = arena_alloc(arena, (size_t)events->count, sizeof(long))};
    assert(parts >= 1 && parts <= 3);
    struct random random = random_init(seed);
    for (long i = 0; i < events->count; i++)
        split.rows[i] = i;
    shuffle(&random, split.rows, events->count);
    if (events->y && events->classes > 1) stratify(events, split.rows);
    double sum = 0;
    for (int p = 0; p < parts; p++) {
        if (!(fractions[p] >= 0)) fail("%s: a part of a split cannot be negative", events->path);
        sum += fractions[p];
        if (sum > 1 + 1e-9) fail("%s: the parts of a split are more than the whole", events->path);
        long end = lround(sum * (double)events->count);
        split.start[p + 1] = end < events->count ? end : events->count;
        /* Stratified order is not random within a part. */
        shuffle(&random, split.rows + split.start[p], split.start[p + 1] - split.start[p]);
    }
    return split;
}
