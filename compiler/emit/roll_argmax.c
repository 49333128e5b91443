/* The number of the largest score, where the program selects it one comparison after the other. */
#include "compiler/emit/roll_internal.h"

#include <string.h>

/* Whether an op is "select(a < b, ..)", and its comparison. */
static const struct op *comparison_of(const struct program *p, const struct op *op)
{
    const struct op *lt = op->code == OP_SELECT ? program_operand(p, op, 0) : op;
    return lt->code == OP_LT ? lt : NULL;
}

/* The chain that ends in a selection of a number: scores from the last to the first; 0: it is none.
 */
static int walk_argmax(const struct program *p, int value, int *scores, bool *consumed)
{
    int count = 0, best = -1; /* the score of the winner so far */
    while (p->ops[value].code == OP_SELECT) {
        const int *operands = p->operands + p->ops[value].operands;
        const struct op *lt = comparison_of(p, &p->ops[value]), *number = &p->ops[operands[1]];
        if (!lt || number->code != OP_CONST || op_fraction(number)) return 0;
        int before = p->operands[lt->operands], score = p->operands[lt->operands + 1];
        if (number->lo != p->ops[value].hi) return 0; /* numbers fall towards the first */
        if (best >= 0) { /* the winner is selected by the same comparison */
            const int *winner = p->operands + p->ops[best].operands;
            if (p->ops[best].code != OP_SELECT || winner[0] != operands[0] || winner[1] != score ||
                winner[2] != before)
                return 0;
            consumed[best] = true;
        }
        consumed[operands[0]] = consumed[value] = true;
        scores[count++] = score;
        best = before;
        value = operands[2];
    }
    if (!count || p->ops[value].code != OP_CONST || p->ops[value].lo || best < 0) return 0;
    scores[count++] = best;
    return count;
}

/* Numbers 0, 1, ... from the first on, nothing of the chain read elsewhere. */
void roll_find_argmax(struct rolling *r)
{
    const struct program *p = r->p;
    size_t ops = (size_t)p->op_count + 1;
    r->argmax.value = -1;
    if (p->output_count != 1) return;
    int value = p->outputs[0].value, *scores = arena_alloc(&r->arena, ops, sizeof *scores);
    bool *consumed = arena_alloc(&r->arena, ops, sizeof *consumed);
    int count = walk_argmax(p, value, scores, consumed);
    if (count < ROLL_LEAST_LANES || p->ops[value].hi != count - 1) return;
    for (int v = 0; v < p->op_count; v++)
        for (int k = 0; k < p->ops[v].operand_count && r->roll->live[v] && !consumed[v]; k++)
            if (consumed[p->operands[p->ops[v].operands + k]]) return;
    r->argmax = (struct argmax){value, arena_alloc(&r->arena, ops, sizeof(int)), count};
    for (int i = 0; i < count; i++)
        r->argmax.scores[i] = scores[count - 1 - i];
    consumed[value] = false;
    r->consumed = consumed;
}

/* For the levels: what the argmax reads. */
struct expression roll_argmax_reads(struct rolling *r)
{
    struct expression e = {arena_alloc(&r->arena, (size_t)r->argmax.count, sizeof *e.pieces), 0};
    for (int i = 0; i < r->argmax.count; i++)
        if (r->p->ops[r->argmax.scores[i]].code != OP_CONST)
            e.pieces[e.count++] = (struct piece){PIECE_VALUE, NULL, r->argmax.scores[i]};
    return e;
}

/* The scores at one fraction. */
void roll_add_argmax(struct rolling *r, int v)
{
    const struct program *p = r->p;
    struct arena *arena = &r->roll->arena;
    struct roll_step *step = roll_add_step(r, ROLL_ARGMAX, program_block_of(p, v));
    int finest = INT16_MIN;
    bool wide = false;
    for (int i = 0; i < r->argmax.count; i++)
        if (op_fraction(&p->ops[r->argmax.scores[i]]) > finest)
            finest = op_fraction(&p->ops[r->argmax.scores[i]]);
    step->count = r->argmax.count;
    step->texts = arena_alloc(arena, (size_t)step->count, sizeof *step->texts);
    for (int i = 0; i < r->argmax.count; i++) {
        const struct op *score = &p->ops[r->argmax.scores[i]];
        int up = finest - op_fraction(score);
        struct text text = {0};
        double reach = (double)((int64_t)1 << up);
        wide =
            wide || (double)score->lo * reach < INT32_MIN || (double)score->hi * reach > INT32_MAX;
        if (score->code == OP_CONST)
            c_add_integer(&text, score->immediate);
        else
            text_add(&text, "%s%s", wide && up ? "(int64_t)" : "",
                     roll_value_name(r, r->argmax.scores[i]));
        if (up) text_add(&text, " * "), c_add_integer(&text, (int64_t)1 << up);
        step->texts[i] = arena_strdup(arena, text_string(&text));
        text_free(&text);
    }
    step->sum_type = wide ? "int64_t" : "int32_t";
    struct roll_statement s = {v, c_value_type(&p->ops[v]), "", -1};
    roll_add_statement(r, step, s);
}
