/* The data card: see events_print_card() in events.h. */
#include "base/arena.h"
#include "data/events.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_ROWS = 64 /* features listed one by one; images are summed up */ };

struct range {
    double low, high, mean, deviation;
    long count, nan_count;
};

/* Range of `count` values, `step` apart; NaN and infinite ones are counted only. */
static struct range find_range(const float *values, size_t count, size_t step)
{
    struct range range = {.low = INFINITY, .high = -INFINITY};
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double value = values[i * step];
        if (!isfinite(value)) {
            range.nan_count++;
            continue;
        }
        if (value < range.low) range.low = value;
        if (value > range.high) range.high = value;
        /* Welford's update. */
        double distance = value - range.mean;
        range.mean += distance / (double)++range.count;
        squares += distance * (value - range.mean);
    }
    if (range.count) range.deviation = sqrt(squares / (double)range.count);
    return range;
}

static void print_range(FILE *stream, const char *name, struct range range)
{
    fprintf(stream, "  %-20s", name);
    if (range.count)
        fprintf(stream, " %12.6g %12.6g %12.6g %12.6g", range.low, range.high, range.mean,
                range.deviation);
    else
        fprintf(stream, " %12s %12s %12s %12s", "-", "-", "-", "-");
    fprintf(stream, " %9ld\n", range.nan_count);
}

static void print_classes(const struct events *events, FILE *stream)
{
    struct arena scratch = {0};
    long *counts = arena_alloc(&scratch, (size_t)events->classes, sizeof *counts);
    for (long i = 0; i < events->count; i++)
        counts[(size_t)events->y[i]]++;
    fprintf(stream, "  classes  %d\n", events->classes);
    for (int k = 0; k < events->classes; k++) {
        char number[16];
        snprintf(number, sizeof number, "%d", k);
        fprintf(stream, "    %-18s %10ld  %5.1f %%\n",
                events->class_names ? events->class_names[k] : number, counts[k],
                100.0 * (double)counts[k] / (double)events->count);
    }
    arena_free(&scratch);
}

void events_print_card(const struct events *events, FILE *stream)
{
    size_t count = (size_t)events->count, features = (size_t)events->features;
    fprintf(stream, "%s\n  events   %ld\n  features %d\n", events->path, events->count,
            events->features);
    if (events->classes > 0) print_classes(events, stream);
    if (!events->y) fprintf(stream, "  labels   none\n");
    fprintf(stream, "  NaN      %ld\n", events->nan_count);
    fprintf(stream, "  %-20s %12s %12s %12s %12s %9s\n", "feature", "min", "max", "mean",
            "deviation", "NaN");
    for (size_t f = 0; f < features && features <= MAX_ROWS; f++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", f);
        print_range(stream, events->feature_names ? events->feature_names[f] : number,
                    find_range(events->x + f, count, features));
    }
    if (features > MAX_ROWS)
        print_range(stream, "all together", find_range(events->x, count * features, 1));
    for (size_t t = 0; t < (size_t)events->targets && events->classes == 0 && t < MAX_ROWS; t++) {
        char name[32];
        snprintf(name, sizeof name, "target %zu", t);
        print_range(stream, name, find_range(events->y + t, count, (size_t)events->targets));
    }
    if (events->weight) print_range(stream, "weight", find_range(events->weight, count, 1));
}
