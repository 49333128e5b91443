/* Rows and removals of stepwise pruning: see steps.h. */
#include "trainer/steps.h"

#include "base/error.h"
#include "trainer/nn/prune.h"
#include "trainer/nn/widths.h"
#include "trainer/removal.h"

bool steps_wanted(const struct session *s)
{
    return s->at.quantized && prune_is_stepwise(s->config);
}

void steps_allocate(struct session *s)
{
    size_t rows = (size_t)s->config->prune_steps + 1;
    s->prune_rows = arena_alloc(&s->arena, rows, sizeof *s->prune_rows);
    s->rewind = arena_alloc(&s->arena, s->nn->parameter_count, sizeof *s->rewind);
}

int steps_between_epochs(const struct train_config *c)
{
    return c->prune_method == PRUNE_OPTIMAL_BRAIN ? 0 : c->prune_steps;
}

int steps_epoch(const struct train_config *c, int step)
{
    if (steps_between_epochs(c) == 0) return step ? c->quantized_epochs : 0;
    return (int)((long)c->quantized_epochs * step / (c->prune_steps + 1));
}

static void count_weights(const struct nn *nn, struct train_prune_step *row)
{
    long total = 0;
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        total += (long)op->inputs * op->outputs;
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++) {
                double w = (double)op->used_weights[(ptrdiff_t)k * op->columns + j];
                row->nonzero += w != 0;
                row->digits += weight_digits_of((int64_t)ldexp(w, WIDTHS_MOST_FRACTION));
            }
    }
    row->sparsity = 1 - (double)row->nonzero / (double)total;
}

static void add_row(struct session *s)
{
    const struct train_config *c = s->config;
    /* Training may have given weights digits again. */
    if (c->prune_method == PRUNE_COMPILER && s->at.prune_step > 0)
        removal_run(s, prune_step_sparsity(c, c->sparsity, (int)s->at.prune_step));
    struct train_prune_step *row = &s->prune_rows[s->at.prune_row_count++];
    *row = (struct train_prune_step){.step = (int)s->at.prune_step,
                                     .adder_bits = (double)NAN,
                                     .lut4 = (double)NAN,
                                     .loss = (double)NAN,
                                     .accuracy = (double)NAN};
    count_weights(s->nn, row);
    if (s->valid_count > 0) {
        struct loss_sum sum = nn_evaluate(s->nn, &s->valid, NULL);
        row->loss = sum.weight > 0 ? sum.loss / sum.weight : 0;
        if (s->classes) row->accuracy = (double)sum.right / (double)s->valid_count;
    }
    if (!s->config->compile) return;
    struct network *network = export_quantized(s, s->nn);
    struct compiled_cost cost = compile_cost(network, s->config->compile, false);
    network_free(network);
    row->adder_bits = cost.total.adder_bits;
    row->lut4 = cost.total.lut4;
}

/* What is left goes back to where it was early in the training. */
static void rewind_weights(struct session *s)
{
    struct nn *nn = s->nn;
    memcpy(nn->parameters, s->rewind, nn->parameter_count * sizeof(real));
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        for (size_t k = 0; op->kept && k < op->weights.count; k++)
            if (!op->kept[k]) nn->parameters[op->weights.first + k] = 0;
    }
    nn_prepare(nn);
}

static void restart_optimizer(struct session *s)
{
    s->optimizer.step = 0;
    for (int i = 0; i < optimizer_states(s->config->optimizer); i++)
        memset(s->optimizer.state[i], 0, s->nn->trainable * sizeof(real));
}

static void remove_part(struct session *s)
{
    const struct train_config *c = s->config;
    int step = (int)++s->at.prune_step;
    double sparsity = prune_step_sparsity(c, c->sparsity, step);
    switch (c->prune_method) {
    case PRUNE_GROUP_LASSO:
    case PRUNE_NEURON: nn_prune_neurons(c, s->nn, sparsity); break;
    case PRUNE_OPTIMAL_BRAIN: nn_prune_brain(c, s->nn, &s->train, sparsity); break;
    case PRUNE_COMPILER: removal_run(s, sparsity); break;
    default: nn_prune(c, s->nn, 1, step); break;
    }
    if (c->prune_method == PRUNE_LOTTERY) rewind_weights(s);
}

void steps_begin_epoch(struct session *s)
{
    if (!steps_wanted(s)) return;
    const struct train_config *c = s->config;
    if (s->at.step > 0) return; /* resumed inside an epoch */
    if (s->at.prune_step == 0 && s->at.epoch == c->rewind_epoch)
        memcpy(s->rewind, s->nn->parameters, s->nn->parameter_count * sizeof(real));
    while (s->at.prune_step < steps_between_epochs(c) &&
           s->at.epoch >= steps_epoch(c, (int)s->at.prune_step + 1)) {
        add_row(s);
        remove_part(s);
        restart_optimizer(s);
    }
}

void steps_finish(struct session *s)
{
    while (s->at.prune_step < s->config->prune_steps) {
        add_row(s);
        remove_part(s);
    }
    add_row(s);
}
