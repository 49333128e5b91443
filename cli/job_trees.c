/* From a job's keys to the configuration of an ensemble of trees. */
#include "cli/job_use.h"

#include <string.h>

bool job_has_trees(const struct job *job)
{
    return job->trees->method != NULL;
}

static enum trees_loss default_loss(const struct events *events)
{
    if (events->classes == 0) return TREES_LOSS_SQUARED_ERROR;
    return events->classes == 2 ? TREES_LOSS_BINARY_CROSS_ENTROPY
                                : TREES_LOSS_CATEGORICAL_CROSS_ENTROPY;
}

static void fill_monotone(struct job *job, const struct events *events, struct trees_config *c)
{
    const char *text = job->trees->monotone;
    int count;
    if (!text) return;
    const double *numbers = job_numbers(job, "trees", "monotone", text, &count);
    if (count != events->features)
        job_fail(job, "trees", 0, "monotone", "monotone has %d numbers for %d features", count,
                 events->features);
    signed char *directions = arena_alloc(&job->arena, (size_t)count, sizeof *directions);
    for (int f = 0; f < count; f++) {
        if (numbers[f] != 0 && numbers[f] != 1 && numbers[f] != -1)
            job_fail(job, "trees", 0, "monotone", "'%s' is not a list of -1, 0 and 1", text);
        directions[f] = (signed char)numbers[f];
    }
    c->monotone = directions;
}

static void fill_class_weights(struct job *job, struct trees_config *c)
{
    const char *text = job->training->class_weights;
    if (!text) return;
    c->class_weights_balanced = strcmp(text, "balanced") == 0;
    if (c->class_weights_balanced) return;
    c->class_weights = job_numbers(job, "training", "class_weights", text, &c->class_weight_count);
}

static void fill_input(const struct job *job, struct trees_config *c)
{
    static const char *const places[] = {"host", "fabric", "none"};
    bool host = job_find_name(job, NULL, 0, "standardise", job->standardise, places, 3) == 0;
    struct train_format format;
    char reason[160] = "";
    if (!train_format_parse(job->input->format, &format, reason, sizeof reason) ||
        format.kind != TRAIN_FORMAT_BITS)
        job_fail(job, "input", 0, "format", "trees take a width alone, such as 6%s%s",
                 *reason ? ": " : "", reason);
    c->scaling = host ? TREES_SCALING_HOST : TREES_SCALING_NONE;
    c->bits = format.format.width_bits;
    c->edges = (enum trees_edges)job_find_name(job, "input", 0, "edges", job->input->edges,
                                               trees_edges_names, TREES_EDGES_COUNT);
    c->clip = *job->input->clip;
}

void job_trees_config(struct job *job, const struct events *events, struct trees_config *c)
{
    const struct job_trees *t = job->trees;
    trees_config_init(c);
    c->name = job->name;
    if (job->layers_count)
        job_fail(job, NULL, 0, "layers", "the job has layers and trees; leave one of them out");
#define NAME(key, names, count)                                                                    \
    job_find_name(job, "trees", 0, #key, t->key, trees_##names##_names, count)
    c->method = (enum trees_method)NAME(method, method, TREES_METHOD_COUNT);
    c->growth = (enum trees_growth)NAME(growth, growth, TREES_GROWTH_COUNT);
    c->outputs = (enum trees_outputs)NAME(outputs, outputs, TREES_OUTPUTS_COUNT);
    c->loss = t->loss ? (enum trees_loss)NAME(loss, loss, TREES_LOSS_COUNT) : default_loss(events);
#undef NAME
#define SAME(member) c->member = *t->member;
    SAME(quantile)
    SAME(rounds)
    SAME(depth)
    SAME(leaves)
    SAME(learning_rate)
    SAME(row_fraction)
    SAME(feature_fraction)
    SAME(l1)
    SAME(l2)
    SAME(min_gain)
    SAME(min_child_weight)
    SAME(pruning)
    SAME(patience)
    SAME(min_delta)
    SAME(background)
    SAME(threshold_penalty)
    SAME(lut_price)
    SAME(leaf_bits)
    SAME(leaf_step)
    SAME(sweeps)
    SAME(quantized_sweeps)
#undef SAME
    fill_monotone(job, events, c);
    fill_class_weights(job, c);
    fill_input(job, c);
    c->seed = (uint64_t)*job->training->seed;
    c->threads = *job->training->threads;
}
