/* What leaves the hardware: scores, the number of the largest one, or a decision bit. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <math.h>

static const struct layer *last_layer(const struct lowering *l)
{
    return &l->network->layers[l->chain.layers[l->chain.count - 1]];
}

/* A score and the number of the class it belongs to. */
struct contender {
    int score, index;
};

/* The winner; the lower index on a tie, since a's are all below b's. */
static struct contender play(struct program *p, struct contender a, struct contender b)
{
    int b_wins = program_add2(p, OP_LT, a.score, b.score, 0);
    int scores[3] = {b_wins, b.score, a.score}, indices[3] = {b_wins, b.index, a.index};
    struct contender winner;
    winner.score = program_add_op(p, OP_SELECT, scores, 3, 0);
    winner.index = program_add_op(p, OP_SELECT, indices, 3, 0);
    return winner;
}

static void lower_argmax(struct lowering *l, int count)
{
    struct program *p = l->program;
    program_begin_block(p, "decision", "argmax");
    struct contender *in_play = arena_alloc(&l->arena, (size_t)count, sizeof *in_play);
    for (int j = 0; j < count; j++)
        in_play[j] = (struct contender){l->values[j], program_add_const(p, j, 0)};
    for (; count > 1; count = (count + 1) / 2) {
        for (int j = 0; j < count / 2; j++)
            in_play[j] = play(p, in_play[2 * j], in_play[2 * j + 1]);
        if (count % 2) in_play[count / 2] = in_play[count - 1];
    }
    program_add_output(p, "class", in_play[0].index);
    p->output_kind = "argmax";
}

static void lower_threshold(struct lowering *l, int count)
{
    struct program *p = l->program;
    if (count != 1)
        fail("layer %s: a threshold needs one output, this network has %d; ask for argmax",
             last_layer(l)->name, count);
    program_begin_block(p, "decision", "threshold");
    const struct op *score = &p->ops[l->values[0]];
    /* The least stored integer that passes; one beyond the interval when none does. */
    double least = ceil(ldexp(l->options->threshold, op_fraction(score)));
    int64_t integer = least <= (double)score->lo  ? score->lo
                      : least > (double)score->hi ? score->hi + 1
                                                  : (int64_t)least;
    int limit = program_add_const(p, integer, op_fraction(score));
    program_add_output(p, "decision", program_add2(p, OP_LE, limit, l->values[0], 0));
    p->output_kind = "threshold";
    p->threshold = l->options->threshold;
}

void lower_outputs(struct lowering *l)
{
    const struct layer *last = last_layer(l);
    lowering_open_bits(l, last);
    const char **names = l->network->class_names;
    if (l->options->output == COMPILE_ARGMAX) {
        lower_argmax(l, last->size);
    } else if (l->options->output == COMPILE_THRESHOLD) {
        lower_threshold(l, last->size);
    } else {
        for (int j = 0; j < last->size; j++)
            program_add_output(l->program, names ? names[j] : arena_printf(&l->arena, "y%d", j),
                               l->values[j]);
        l->program->output_kind = l->options->output == COMPILE_SOFTMAX ? "softmax" : "logits";
    }
}
