/* Masks by magnitude and by neuron. See prune.h. */
#include "trainer/nn/prune.h"

#include "base/error.h"
#include "trainer/settings.h"

#include <stdlib.h>

#define R(x) ((real)(x))

struct candidate {
    real magnitude;
    int op;
    size_t index;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->magnitude != y->magnitude) return x->magnitude < y->magnitude ? -1 : 1;
    if (x->op != y->op) return x->op < y->op ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

bool prune_is_stepwise(const struct train_config *config)
{
    return config->prune_method != PRUNE_GRADUAL && prune_wanted(config);
}

double prune_step_sparsity(const struct train_config *config, double target, int step)
{
    return 1 - pow(1 - target, (double)step / config->prune_steps);
}

double prune_end(const struct train_config *config)
{
    return config->prune_end_epoch > 0 ? config->prune_end_epoch : config->quantized_epochs / 2.0;
}

double prune_progress(const struct train_config *config, double epoch)
{
    double begin = config->prune_begin_epoch, end = prune_end(config);
    if (epoch >= end) return 1;
    if (epoch <= begin) return 0;
    double left = 1 - (epoch - begin) / (end - begin);
    return 1 - left * left * left;
}

bool prune_wanted(const struct train_config *config)
{
    for (int i = 0; i < config->layer_count; i++)
        if (config->layers[i].kind == TRAIN_DENSE && train_layer_sparsity(config, i) > 0)
            return true;
    return false;
}

/* Every weight of the dense operation, pruned ones with magnitude 0, behind `list`. */
static size_t list_weights(const struct nn *nn, int i, struct candidate *list)
{
    const struct nn_op *op = &nn->ops[i];
    size_t count = 0;
    for (int k = 0; k < op->inputs; k++)
        for (int j = 0; j < op->outputs; j++) {
            size_t index = (size_t)k * (size_t)op->columns + (size_t)j;
            real w = nn->parameters[op->weights.first + index];
            list[count++] = (struct candidate){w < 0 ? -w : w, i, index};
        }
    return count;
}

static void prune_smallest(struct nn *nn, struct candidate *list, size_t count, double sparsity)
{
    size_t wanted = (size_t)floor(sparsity * (double)count + 1e-9);
    qsort(list, count, sizeof *list, compare_candidates);
    for (size_t c = 0; c < wanted; c++) {
        struct nn_op *op = &nn->ops[list[c].op];
        op->kept[list[c].index] = 0;
        nn->parameters[op->weights.first + list[c].index] = 0;
    }
}

/* Every dense operation gets a mask. */
static void open_masks(struct nn *nn, struct nn_op *op)
{
    if (op->kept) return;
    op->kept = arena_alloc(&nn->arena, op->weights.count, 1);
    memset(op->kept, 1, op->weights.count);
}

void nn_prune(const struct train_config *config, struct nn *nn, double progress, int step)
{
    size_t total = 0, listed = 0;
    for (int i = 0; i < nn->op_count; i++)
        total += nn->ops[i].weights.count;
    struct candidate *list = malloc((total + 1) * sizeof *list);
    if (!list) fail("out of memory");
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        double sparsity = train_layer_sparsity(config, op->layer);
        if (sparsity <= 0) continue;
        open_masks(nn, op);
        double wanted = step ? prune_step_sparsity(config, sparsity, step) : sparsity * progress;
        listed += list_weights(nn, i, list + listed);
        if (config->prune_scope == PRUNE_LAYER) {
            prune_smallest(nn, list, listed, wanted);
            listed = 0;
        }
    }
    if (config->prune_scope == PRUNE_GLOBAL)
        prune_smallest(nn, list, listed,
                       step ? prune_step_sparsity(config, config->sparsity, step)
                            : config->sparsity * progress);
    free(list);
    nn_prepare(nn);
}

double nn_sparsity(const struct nn *nn)
{
    size_t zeros = 0, total = 0;
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        total += (size_t)op->inputs * (size_t)op->outputs;
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++)
                zeros += op->used_weights[(ptrdiff_t)k * op->columns + j] == 0;
    }
    return (double)zeros / (double)total;
}

/* ---- Neurons ----------------------------------------------------------------------------------
 */

/* A hidden neuron: column `neuron` of the dense operation that makes it, row of the one that reads
 * it. */
struct group {
    struct nn_op *maker, *reader;
    int neuron;
    double norm;
};

/* The dense operation behind `at`; NULL: none, or something in between mixes the elements. */
static struct nn_op *next_dense(const struct nn *nn, int at)
{
    for (int i = at + 1; i < nn->op_count; i++) {
        if (nn->ops[i].kind == OP_DENSE) return &nn->ops[i];
        if (nn->ops[i].kind == OP_SOFTMAX) return NULL;
    }
    return NULL;
}

static double square_of_column(const struct nn *nn, const struct nn_op *op, int j)
{
    const real *w = nn->parameters + op->weights.first;
    double sum = 0;
    for (int i = 0; i < op->inputs; i++)
        sum +=
            (double)w[(ptrdiff_t)i * op->columns + j] * (double)w[(ptrdiff_t)i * op->columns + j];
    return sum;
}

static double square_of_row(const struct nn *nn, const struct nn_op *op, int i)
{
    const real *w = nn->parameters + op->weights.first + (size_t)i * (size_t)op->columns;
    double sum = 0;
    for (int j = 0; j < op->outputs; j++)
        sum += (double)w[j] * (double)w[j];
    return sum;
}

static int list_groups(const struct nn *nn, bool product, struct group *groups)
{
    int count = 0;
    for (int i = 0; i < nn->op_count; i++) {
        if (nn->ops[i].kind != OP_DENSE) continue;
        struct nn_op *reader = next_dense(nn, i);
        for (int j = 0; reader && j < nn->ops[i].outputs; j++) {
            double in = square_of_column(nn, &nn->ops[i], j), out = square_of_row(nn, reader, j);
            groups[count++] = (struct group){&nn->ops[i], reader, j,
                                             product ? sqrt(in) * sqrt(out) : sqrt(in + out)};
        }
    }
    return count;
}

static struct group *new_groups(const struct nn *nn)
{
    size_t neurons = 0;
    for (int i = 0; i < nn->op_count; i++)
        neurons += (size_t)nn->ops[i].outputs;
    struct group *groups = malloc((neurons + 1) * sizeof *groups);
    if (!groups) fail("out of memory");
    return groups;
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->norm != y->norm) return x->norm < y->norm ? -1 : 1;
    if (x->maker != y->maker) return x->maker < y->maker ? -1 : 1;
    return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

static void remove_group(struct nn *nn, const struct group *g)
{
    struct nn_op *maker = g->maker, *reader = g->reader;
    for (int i = 0; i < maker->inputs; i++) {
        size_t at = (size_t)i * (size_t)maker->columns + (size_t)g->neuron;
        maker->kept[at] = 0;
        nn->parameters[maker->weights.first + at] = 0;
    }
    for (int j = 0; j < reader->columns; j++) {
        size_t at = (size_t)g->neuron * (size_t)reader->columns + (size_t)j;
        reader->kept[at] = 0;
        nn->parameters[reader->weights.first + at] = 0;
    }
}

static double pruned_part(const struct nn *nn)
{
    size_t zeros = 0, total = 0;
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        total += (size_t)op->inputs * (size_t)op->outputs;
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++)
                zeros += !op->kept[(ptrdiff_t)k * op->columns + j];
    }
    return (double)zeros / (double)total;
}

void nn_prune_neurons(const struct train_config *config, struct nn *nn, double sparsity)
{
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].kind == OP_DENSE) open_masks(nn, &nn->ops[i]);
    struct group *groups = new_groups(nn);
    int count = list_groups(nn, config->prune_method == PRUNE_NEURON, groups), next = 0;
    qsort(groups, (size_t)count, sizeof *groups, compare_groups);
    /* The last neuron of a layer stays. */
    for (; next < count && pruned_part(nn) < sparsity; next++) {
        int left = 0;
        for (int k = next; k < count; k++)
            left += groups[k].maker == groups[next].maker && groups[k].norm > 0;
        if (left > 1 || groups[next].norm == 0) remove_group(nn, &groups[next]);
    }
    free(groups);
    nn_prepare(nn);
}

void prune_add_penalty(const struct nn *nn, double strength, real *gradient)
{
    struct group *groups = new_groups(nn);
    int count = list_groups(nn, false, groups);
    for (int k = 0; k < count; k++) {
        const struct nn_op *maker = groups[k].maker, *reader = groups[k].reader;
        if (groups[k].norm < 1e-12) continue;
        const real factor = R(strength / groups[k].norm);
        for (int i = 0; i < maker->inputs; i++) {
            size_t at = maker->weights.first + (size_t)i * (size_t)maker->columns +
                        (size_t)groups[k].neuron;
            gradient[at] += factor * nn->parameters[at];
        }
        for (int j = 0; j < reader->outputs; j++) {
            size_t at = reader->weights.first + (size_t)groups[k].neuron * (size_t)reader->columns +
                        (size_t)j;
            gradient[at] += factor * nn->parameters[at];
        }
    }
    free(groups);
}
