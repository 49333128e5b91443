/* From a program to the interpreter's plan: liveness, slots, alignment shifts and quantizer limits.
 */
#include "compiler/program/eval_plan.h"

#include "base/error.h"
#include "compiler/program/internal.h"

#include <assert.h>
#include <stdlib.h>

struct planner {
    const struct program *p;
    struct plan *plan;
    int *root;      /* the value whose slot holds this one: itself, or what a shift renames */
    int *last;      /* last op that reads the value; op_count: an output; -1: nobody */
    int *next;      /* of a state: the slot of what it is in the next iteration */
    int *memories;  /* slot of each memory's entry 0 */
    int *free_slot; /* a stack */
    int free_count, term_count;
    bool keep_all;
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory) fail("out of memory");
    return memory;
}

/* The ops whose values an op's step reads: a result reads its matvec's operands. */
static const struct op *reader_of(const struct program *p, const struct op *op)
{
    return op->code == OP_RESULT ? program_operand(p, op, 0) : op;
}

/* The operand whose integers an op passes on; -1: it makes new ones. */
static int passed_on(enum op_code code)
{
    return code == OP_SHIFT ? 0 : code == OP_UPDATE || code == OP_STORE ? 1 : -1;
}

/* What a loop reads from outside must last to its end. */
static void note_use(struct planner *w, int value, int reader)
{
    const struct block *block = &w->p->blocks[program_block_of(w->p, reader)];
    bool from_outside = block_is_loop(block) && value < block->first;
    int last = from_outside ? block->end - 1 : reader;
    if (w->last[value] < last) w->last[value] = last;
}

static void find_last_uses(struct planner *w)
{
    const struct program *p = w->p;
    for (int value = 0; value < p->op_count; value++) {
        const struct op *op = &p->ops[value];
        int k = passed_on(op->code);
        w->root[value] = k >= 0 ? w->root[p->operands[op->operands + k]] : value;
        w->last[value] = -1;
    }
    /* Updates and stores have effects; passes have removed those that do not matter. */
    for (int value = 0; value < p->op_count; value++) {
        const struct op *op = &p->ops[value];
        for (int i = 0; i < op->operand_count; i++)
            if (op->code == OP_UPDATE || op->code == OP_STORE)
                note_use(w, w->root[p->operands[op->operands + i]], value);
    }
    for (int i = 0; i < p->output_count; i++)
        w->last[w->root[p->outputs[i].value]] = p->op_count;
    for (int value = p->op_count - 1; value >= 0; value--) {
        const struct op *op = &p->ops[value];
        if (passed_on(op->code) >= 0 || op->code == OP_MATVEC) continue;
        if (w->last[value] < 0 && !w->keep_all) continue; /* dead */
        const struct op *reader = reader_of(p, op);
        for (int i = 0; i < reader->operand_count; i++)
            note_use(w, w->root[p->operands[reader->operands + i]], value);
    }
}

static int take_slot(struct planner *w)
{
    return w->free_count ? w->free_slot[--w->free_count] : w->plan->slots++;
}

/* Gives back the slots of operands read here for the last time (each once). */
static void release_slots(struct planner *w, int value)
{
    const struct op *reader = reader_of(w->p, &w->p->ops[value]);
    if (w->keep_all) return;
    for (int i = 0; i < reader->operand_count; i++) {
        int a = w->root[w->p->operands[reader->operands + i]];
        if (w->last[a] != value || w->p->ops[a].code == OP_CONST) continue;
        w->last[a] = -1;
        w->free_slot[w->free_count++] = w->plan->slot_of[a];
    }
}

static void align_step(struct step *s, const struct op *a, const struct op *b, int shift)
{
    int fraction_a = op_fraction(a), fraction_b = op_fraction(b) - shift;
    if (fraction_a < fraction_b)
        s->up_a = fraction_b - fraction_a;
    else
        s->up_b = fraction_a - fraction_b;
    /* A wide alignment is only allowed of an operand that is always 0. */
    if (s->up_a > 62) s->up_a = 0;
    if (s->up_b > 62) s->up_b = 0;
}

/* Left shift that brings an operand to the fraction of the sum. */
static int raise_of(const struct op *sum, const struct op *operand, int shift)
{
    int up = op_fraction(sum) - op_fraction(operand) + shift;
    return up > 62 ? 0 : up; /* only allowed of an operand that is always 0 */
}

/* The addends become a and b, as in add and sub; the carry is c. */
static void carry_step(struct step *s, const struct op *op, const struct op *const operand[])
{
    int carry = s->a;
    s->a = s->b;
    s->b = s->c;
    s->c = carry;
    s->up_a = raise_of(op, operand[1], 0);
    s->up_b = raise_of(op, operand[2], (int)op->immediate);
    s->up_c = raise_of(op, operand[0], 0);
}

static void quantize_step(struct step *s, const struct op *op, const struct op *a)
{
    struct format f = op->format;
    int drop = op_fraction(a) - format_fraction_bits(f);
    int64_t min = format_min(f), max = format_max(f);
    s->format = f;
    s->width = f.width_bits;
    s->is_signed = f.is_signed;
    if (drop > 0)
        s->drop = drop;
    else
        s->up_a = -drop;
    int up = s->up_a > 63 ? 63 : s->up_a;
    s->limit_hi = max >> up;
    s->limit_lo = -(-min >> up);
    s->over = f.overflow == OVERFLOW_SAT_ZERO ? 0 : max;
    s->under = f.overflow == OVERFLOW_SAT_ZERO ? 0 : min;
}

static void add_terms(struct planner *w, struct step *s, const struct op *op)
{
    const struct program *p = w->p;
    const struct op *reader = reader_of(p, op);
    s->first = w->term_count;
    for (int i = op->code == OP_PICK; i < reader->operand_count; i++) {
        int64_t weight = program_operand(p, reader, i)->format.width_bits;
        if (op->code == OP_PICK) {
            weight = op_fraction(op) - op_fraction(program_operand(p, op, i));
            if (weight > 62) weight = 0; /* of an operand that is always 0 */
        }
        if (op->code == OP_RESULT) {
            bool fits = result_weight(p, op, op_fraction(op), i, &weight);
            assert(fits);
            (void)fits;
            if (!weight) continue;
        }
        int slot = w->plan->slot_of[p->operands[reader->operands + i]];
        w->plan->terms[w->term_count++] = (struct term_step){slot, weight};
    }
    s->terms = w->term_count - s->first;
}

static void fill_step(struct planner *w, struct step *s, const struct op *op)
{
    const struct program *p = w->p;
    const struct op *operand[3] = {0};
    int *slot[3] = {&s->a, &s->b, &s->c};
    for (int i = 0; i < op->operand_count && i < 3 && op->code != OP_RESULT; i++) {
        operand[i] = program_operand(p, op, i);
        *slot[i] = w->plan->slot_of[p->operands[op->operands + i]];
    }
    switch (op->code) {
    case OP_ADD:
    case OP_SUB: align_step(s, operand[0], operand[1], (int)op->immediate); break;
    case OP_ADC:
    case OP_SBB: carry_step(s, op, operand); break;
    case OP_LT:
    case OP_LE:
    case OP_EQ:
    case OP_MIN:
    case OP_MAX: align_step(s, operand[0], operand[1], 0); break;
    case OP_SELECT: align_step(s, operand[1], operand[2], 0); break;
    case OP_QUANTIZE: quantize_step(s, op, operand[0]); break;
    case OP_TABLE:
        s->entries = p->tables[op->immediate].entries;
        s->immediate = p->tables[op->immediate].first;
        break;
    case OP_RESULT: {
        bool fits = result_bias(p, op, op_fraction(op), &s->immediate);
        assert(fits);
        (void)fits;
        add_terms(w, s, op);
        break;
    }
    case OP_LUT:
    case OP_CONCAT:
    case OP_PICK: add_terms(w, s, op); break;
    case OP_STATE: s->b = w->next[s->value]; break;
    case OP_UPDATE: s->to = w->next[p->operands[op->operands]]; break;
    case OP_LOAD:
        s->terms = op->operand_count - 1; /* whether it has a condition */
        s->immediate = w->memories[op->immediate];
        s->entries = p->memories[op->immediate].contents;
        break;
    case OP_STORE: s->immediate = w->memories[op->immediate]; break;
    case OP_NOT: s->is_signed = operand[0]->format.is_signed; /* fall through */
    case OP_POPCOUNT: s->width = operand[0]->format.width_bits; break;
    case OP_SLICE: s->width = op->format.width_bits, s->is_signed = op->format.is_signed; break;
    default: break;
    }
}

static bool fits_narrow(int128 n)
{
    return n >= -((int128)1 << 30) && n < (int128)1 << 31;
}

/* Whether 32-bit lanes do for a step: its value and its aligned operands fit 31 bits. Sums and
 * products may run over on the way; compared integers may not. */
static void check_narrow(struct planner *w, const struct step *s, const struct op *op)
{
    bool narrow = fits_narrow(op->lo) && fits_narrow(op->hi);
    bool compares = op->code == OP_LT || op->code == OP_LE || op->code == OP_EQ ||
                    op->code == OP_MIN || op->code == OP_MAX || op->code == OP_SELECT;
    if (compares) {
        const struct op *a = program_operand(w->p, op, op->code == OP_SELECT ? 1 : 0);
        const struct op *b = program_operand(w->p, op, op->code == OP_SELECT ? 2 : 1);
        int128 up_a = (int128)1 << s->up_a, up_b = (int128)1 << s->up_b;
        narrow = narrow && fits_narrow(a->lo * up_a) && fits_narrow(a->hi * up_a) &&
                 fits_narrow(b->lo * up_b) && fits_narrow(b->hi * up_b);
    }
    for (int i = 0; i < s->terms && op->code == OP_PICK; i++)
        if (w->plan->terms[s->first + i].weight > 31) narrow = false;
    if (s->up_a > 31 && op->code != OP_QUANTIZE) narrow = false;
    if (s->up_b > 31 || s->up_c > 31) narrow = false;
    if (!narrow) w->plan->narrow = false;
}

/* Quantizer limits that no narrow lane reaches are pulled inside the lane. */
static void narrow_limits(struct step *s)
{
    if (s->limit_hi > INT32_MAX) s->limit_hi = INT32_MAX;
    if (s->limit_lo < INT32_MIN) s->limit_lo = INT32_MIN;
}

static void add_step(struct planner *w, int value, bool constants)
{
    const struct op *op = &w->p->ops[value];
    struct plan *plan = w->plan;
    bool passes_on = passed_on(op->code) >= 0;
    if (passes_on && !constants) plan->slot_of[value] = plan->slot_of[w->root[value]];
    if (op->code == OP_SHIFT || op->code == OP_MATVEC || (op->code == OP_CONST) != constants)
        return;
    if (!passes_on && w->last[value] < 0 && !w->keep_all) return;
    struct step *s = &plan->step[plan->steps++];
    *s = (struct step){
        .code = op->code, .value = value, .immediate = op->immediate, .lo = op->lo, .hi = op->hi};
    if (op->code == OP_STATE) w->next[value] = plan->slots++;
    if (!passes_on) s->to = plan->slot_of[value] = take_slot(w);
    fill_step(w, s, op);
    check_narrow(w, s, op);
    release_slots(w, value);
}

/* Slots for the entries of memories; a loadable one is read where it is. */
static void add_memories(struct planner *w)
{
    const struct program *p = w->p;
    struct plan *plan = w->plan;
    for (int m = 0; m < p->memory_count; m++) {
        const struct memory *memory = &p->memories[m];
        w->memories[m] = plan->slots;
        if (!memory->contents) plan->slots += memory->entries;
        if (!fits_narrow(memory->lo) || !fits_narrow(memory->hi)) plan->narrow = false;
    }
}

static void add_blocks(struct planner *w)
{
    const struct program *p = w->p;
    struct plan *plan = w->plan;
    for (int b = 0; b < p->block_count; b++) {
        const struct block *block = &p->blocks[b];
        plan->blocks[b].first = plan->steps;
        for (int value = block->first; value < block->end; value++)
            add_step(w, value, false);
        plan->blocks[b].end = plan->steps;
        plan->blocks[b].trip = block->trip;
    }
}

struct plan *plan_new(const struct program *p, bool keep_all)
{
    size_t ops = (size_t)p->op_count, terms = 0;
    struct planner w = {.p = p, .plan = allocate(1, sizeof *w.plan), .keep_all = keep_all};
    struct plan *plan = w.plan;
    for (int value = 0; value < p->op_count; value++)
        terms += (size_t)reader_of(p, &p->ops[value])->operand_count;
    plan->program = p;
    plan->narrow = true;
    plan->step = allocate(ops, sizeof *plan->step);
    plan->blocks = allocate((size_t)p->block_count, sizeof *plan->blocks);
    plan->terms = allocate(terms, sizeof *plan->terms);
    plan->slot_of = allocate(ops, sizeof *plan->slot_of);
    w.root = allocate(ops, sizeof *w.root);
    w.last = allocate(ops, sizeof *w.last);
    w.free_slot = allocate(ops, sizeof *w.free_slot);
    w.next = allocate(ops, sizeof *w.next);
    w.memories = allocate((size_t)p->memory_count, sizeof *w.memories);
    find_last_uses(&w);
    for (int value = 0; value < p->op_count; value++)
        plan->slot_of[value] = -1;
    for (int value = 0; value < p->op_count; value++)
        add_step(&w, value, true);
    add_memories(&w);
    plan->constants = plan->steps;
    add_blocks(&w);
    if (plan->narrow)
        for (int i = 0; i < plan->steps; i++)
            narrow_limits(&plan->step[i]);
    free(w.root);
    free(w.last);
    free(w.free_slot);
    free(w.next);
    free(w.memories);
    return plan;
}

void plan_free(struct plan *plan)
{
    if (!plan) return;
    free(plan->step);
    free(plan->blocks);
    free(plan->terms);
    free(plan->slot_of);
    free(plan);
}
