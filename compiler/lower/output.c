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

/* Whether a score is above a constant on its grid. Scores of trees end in a format of their own, so
 * that their bits can be read; others keep a comparison that the passes see through. */
static int is_above(struct lowering *l, int score, int64_t limit)
{
    struct program *p = l->program;
    int fraction = op_fraction(&p->ops[score]);
    if (last_layer(l)->kind != LAYER_TREES || l->options->processor)
        return program_add2(p, OP_LT, program_add_const(p, limit, fraction), score, 0);
    int not_above = lower_at_most(p, score, limit);
    return lower_lut(p, &not_above, 1, 1);
}

/* Whether a < b. */
static int is_below(struct lowering *l, int a, int b)
{
    struct program *p = l->program;
    const struct op *x = &p->ops[a], *y = &p->ops[b];
    bool constant = x->code == OP_CONST && op_fraction(x) == op_fraction(y);
    return constant ? is_above(l, b, x->lo) : program_add2(p, OP_LT, a, b, 0);
}

/* The winner; the lower index on a tie, since a's are all below b's. */
static struct contender play(struct lowering *l, struct contender a, struct contender b)
{
    struct program *p = l->program;
    int b_wins = is_below(l, a.score, b.score);
    int scores[3] = {b_wins, b.score, a.score}, indices[3] = {b_wins, b.index, a.index};
    struct contender winner;
    winner.score = program_add_op(p, OP_SELECT, scores, 3, 0);
    winner.index = program_add_op(p, OP_SELECT, indices, 3, 0);
    return winner;
}

/* Everyone against everyone at once: a comparison and two truth tables deep. Up to so many
 * contenders that costs little more than a tournament, which is three times as deep. */
enum { ROUND_ROBIN = 5 };

static int round_robin(struct lowering *l, int count)
{
    struct program *p = l->program;
    int wins[ROUND_ROBIN][ROUND_ROBIN] = {0}, best[ROUND_ROBIN], bits[3], bit_count = 0;
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
            wins[i][j] = is_below(l, l->values[i], l->values[j]);
    for (int j = 0; j < count; j++) { /* ahead of all before it, behind none after it */
        int games[ROUND_ROBIN - 1], n = 0;
        unsigned ahead = 0;
        for (int i = 0; i < j; i++) {
            ahead |= 1U << n;
            games[n++] = wins[i][j];
        }
        for (int k = j + 1; k < count; k++)
            games[n++] = wins[j][k];
        best[j] = lower_lut(p, games, n, (uint64_t)1 << ahead);
    }
    for (int bit = 0; 1 << bit < count; bit++) {
        int any[ROUND_ROBIN], n = 0;
        for (int j = 0; j < count; j++)
            if (j >> bit & 1) any[n++] = best[j];
        bits[bit_count++] = n == 1 ? any[0] : lower_lut(p, any, n, (1U << (1 << n)) - 2);
    }
    return bit_count == 1 ? bits[0] : program_add_op(p, OP_CONCAT, bits, bit_count, 0);
}

static int tournament(struct lowering *l, int count)
{
    struct program *p = l->program;
    struct contender *in_play = arena_alloc(&l->arena, (size_t)count, sizeof *in_play);
    for (int j = 0; j < count; j++)
        in_play[j] = (struct contender){l->values[j], program_add_const(p, j, 0)};
    struct contender first = in_play[0];
    if (l->options->processor) { /* one after the other, which a loop can do */
        for (int j = 1; j < count; j++)
            first = play(l, first, in_play[j]);
        return first.index;
    }
    /* A score that never changes plays last: it is cheap to compare with. */
    bool last = count > 1 && p->ops[first.score].code == OP_CONST;
    in_play += last;
    count -= last;
    for (; count > 1; count = (count + 1) / 2) {
        for (int j = 0; j < count / 2; j++)
            in_play[j] = play(l, in_play[2 * j], in_play[2 * j + 1]);
        if (count % 2) in_play[count / 2] = in_play[count - 1];
    }
    if (last) in_play[0] = play(l, first, in_play[0]);
    return in_play[0].index;
}

static void lower_argmax(struct lowering *l, int count)
{
    bool at_once = count > 1 && count <= ROUND_ROBIN && l->options->optimize != OPTIMIZE_AREA &&
                   !l->options->processor;
    program_begin_block(l->program, "decision", "argmax");
    program_add_output(l->program, "class", at_once ? round_robin(l, count) : tournament(l, count));
    l->program->output_kind = "argmax";
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
    double least = ceil(ldexp(l->options->threshold, op_fraction(score)) - (double)l->left_out);
    int64_t integer = least <= (double)score->lo  ? score->lo
                      : least > (double)score->hi ? score->hi + 1
                                                  : (int64_t)least;
    program_add_output(p, "decision", is_above(l, l->values[0], integer - 1));
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
