/* A job's parts in the terms of the modules that do the work. */
#ifndef SLUICE_CLI_JOB_USE_H
#define SLUICE_CLI_JOB_USE_H

#include "cli/job.h"
#include "cli/physics.h"
#include "compiler/compile.h"
#include "data/events.h"
#include "trainer/train.h"
#include "trainer/trees/trees.h"

/* The events of a job. Without a test file, test events are a part of the training file. */
struct job_events {
    struct arena arena;
    struct events *train, *test; /* may be the same */
    long *train_rows, *valid_rows, *test_rows;
    long train_count, valid_count, test_count;
};
struct job_events *job_read_events(struct job *job);
void job_free_events(struct job_events *events);

/* Raw features of the given rows as doubles, [count][features], in the arena. */
double *job_rows(struct arena *arena, const struct events *events, const long *rows, long count);

/* The training configuration; arrays live in the job's arena. `events` settles the default loss.
 * init: a float network to start from, as network_fold() gives it, or NULL; a job without layers
 * takes its. */
void job_train_config(struct job *job, const struct events *events, const struct network *init,
                      struct train_config *config);

/* Widths for all weights and all activations in place of the job's own; below 0: as they are. Ends
 * with a line at a layer that learns its widths. */
void job_set_widths(struct job *job, int weight_bits, int activation_bits);

/* What the job (NULL: defaults) asks of the physics; names of classes and features are those of the
 * network. Arrays live in the job's arena. */
void job_physics_options(struct job *job, const struct network *network,
                         struct physics_options *options);

/* Whether the job trains trees, and then their configuration. */
bool job_has_trees(const struct job *job);
void job_trees_config(struct job *job, const struct events *events, struct trees_config *config);

/* A list of numbers such as "1,2,1" at a key of a section, in the job's arena. */
double *job_numbers(struct job *job, const char *section, const char *key, const char *text,
                    int *count);

/* The value of a name in a table of names, or a line at the job's key that lists what there is. */
int job_find_name(const struct job *job, const char *section, int item, const char *key,
                  const char *value, const char *const *names, int count);

#endif
