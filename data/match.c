/* Two files with the same features and classes: see events_match() in events.h. */
#include "base/error.h"
#include "data/events.h"

#include <string.h>

/* Renumbers the classes of events by their names in the first file. */
static void follow_names(struct events *events, const struct events *first)
{
    int *number = arena_alloc(&events->arena, (size_t)events->classes, sizeof *number);
    for (int k = 0; k < events->classes; k++) {
        number[k] = 0;
        while (number[k] < first->classes &&
               strcmp(first->class_names[number[k]], events->class_names[k]) != 0)
            number[k]++;
        if (number[k] == first->classes)
            fail("%s: class '%s' is none of the classes of %s", events->path,
                 events->class_names[k], first->path);
    }
    for (long i = 0; i < events->count; i++)
        events->y[i] = (float)number[(int)events->y[i]];
}

void events_match(struct events *events, const struct events *first)
{
    if (events->features != first->features)
        fail("%s: %d features per event, but %d in %s", events->path, events->features,
             first->features, first->path);
    if (!events->y || !first->y) return;
    if (events->classes == 0 && first->classes > 0)
        fail("%s: the labels are no classes, but those of %s are", events->path, first->path);
    if (events->targets != first->targets)
        fail("%s: %d targets per event, but %d in %s", events->path, events->targets,
             first->targets, first->path);
    if (first->classes == 0) {
        /* Targets that happen to be small whole numbers. */
        events->classes = 0;
        events->class_names = NULL;
        return;
    }
    if (events->class_names && first->class_names)
        follow_names(events, first);
    else if (events->classes > first->classes)
        fail("%s: labels up to class %d, but %d classes in %s", events->path, events->classes - 1,
             first->classes, first->path);
    events->classes = first->classes;
    events->class_names = NULL;
    if (!first->class_names) return;
    events->class_names =
        arena_alloc(&events->arena, (size_t)first->classes, sizeof *events->class_names);
    for (int k = 0; k < first->classes; k++)
        events->class_names[k] = arena_strdup(&events->arena, first->class_names[k]);
}
