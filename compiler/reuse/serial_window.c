/* Recognising a quantizer: what it does to every integer that can come, compared with a window of
 * the bits that saturates. So it does not matter in which operations earlier passes have written it
 * down. */
#include "compiler/reuse/serial.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_MOST_INTEGERS = 1 << 18 };

/* Marks what `value` depends on; false if that is more than `result` and constants. */
static bool find_needed(const struct program *p, int result, int value, bool *needed)
{
    needed[value] = true;
    for (int v = value; v > result; v--) {
        const struct op *op = &p->ops[v];
        if (!needed[v] || op->code == OP_CONST) continue;
        if (op->operand_count == 0 || op->code >= OP_INDEX) return false;
        for (int k = 0; k < op->operand_count; k++)
            needed[p->operands[op->operands + k]] = true;
    }
    for (int v = 0; v < result; v++)
        if (needed[v] && p->ops[v].code != OP_CONST) return false;
    return needed[result];
}

/* A program of one input, the result's integer, and one output. */
static struct program *extract(const struct program *old, int result, int value)
{
    struct rewrite w = {.old = old, .program = program_new("window")};
    bool *needed = arena_alloc(&w.arena, (size_t)old->op_count + 1, sizeof *needed);
    w.map = arena_alloc(&w.arena, (size_t)old->op_count + 1, sizeof *w.map);
    bool alone = find_needed(old, result, value, needed);
    const struct op *op = &old->ops[result];
    w.map[result] = program_add_input(w.program, "n",
                                      format_of_interval(op->lo, op->hi, op_fraction(op)), 1, 0);
    for (int v = 0; alone && v <= value; v++)
        if (needed[v] && v != result) w.map[v] = rewrite_again(&w, v);
    program_add_output(w.program, "q", alone ? w.map[value] : 0);
    arena_free(&w.arena);
    if (alone) return w.program;
    program_free(w.program);
    return NULL;
}

static int64_t clamp(int64_t n, int drop, const struct window *w)
{
    int64_t low = w->is_signed ? -((int64_t)1 << (w->width - 1)) : 0;
    int64_t high = ((int64_t)1 << (w->width - w->is_signed)) - 1;
    bool tie = w->ties_even && (n & (((int64_t)1 << drop) - 1)) == 0;
    n >>= drop;
    if (tie) n &= ~(int64_t)1;
    return n < low ? low : n > high ? high : n;
}

bool window_find(const struct program *old, int result, int value, struct window *window)
{
    const struct op *from = &old->ops[result], *to = &old->ops[value];
    int drop = op_fraction(from) - op_fraction(to);
    *window = (struct window){
        .low = -op_fraction(to), .width = to->format.width_bits, .is_signed = to->format.is_signed};
    if (value == result || drop < 0 || drop > 40 || from->hi - from->lo >= WINDOW_MOST_INTEGERS)
        return false;
    struct program *p = extract(old, result, value);
    if (!p) return false;
    long count = (long)(from->hi - from->lo + 1);
    int64_t *integers = malloc((size_t)count * 2 * sizeof *integers);
    if (!integers) abort();
    for (long i = 0; i < count; i++)
        integers[i] = from->lo + i;
    program_eval(p, integers, count, integers + count);
    bool found = op_fraction(&p->ops[p->outputs[0].value]) == op_fraction(to);
    for (int ties = 0; ties < 2 && found; ties++) {
        long same = 0;
        window->ties_even = ties;
        while (same < count && integers[count + same] == clamp(integers[same], drop, window))
            same++;
        found = same == count || ties == 0;
        if (same == count) break;
    }
    free(integers);
    program_free(p);
    return found;
}
