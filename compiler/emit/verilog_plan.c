/* The plan of the Verilog printer: where each value lives, its name, its delay chain and who reads
 * which tap. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void verilog_reads(const struct verilog_plan *plan, int value, int *list, int *count)
{
    const struct program *p = plan->program;
    const struct op *op = &p->ops[value], *source = op;
    if (op->code == OP_RESULT) source = program_operand(p, op, 0);
    *count = 0;
    for (int i = 0; i < source->operand_count; i++) {
        int64_t weight = 1;
        if (op->code == OP_RESULT && !result_weight(p, op, op_fraction(op), i, &weight))
            assert(!"checked program");
        if (weight != 0) list[(*count)++] = plan->root[p->operands[source->operands + i]];
    }
}

bool verilog_is_constant(const struct verilog_plan *plan, int root)
{
    const struct op *op = &plan->program->ops[root];
    return op->code == OP_CONST || (op->code != OP_MATVEC && op->lo == op->hi);
}

static void find_roots(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    for (int v = 0; v < p->op_count; v++)
        plan->root[v] =
            p->ops[v].code == OP_SHIFT ? plan->root[p->operands[p->ops[v].operands]] : v;
}

static void find_live(struct verilog_plan *plan, int *list)
{
    const struct program *p = plan->program;
    for (int i = 0; i < p->output_count; i++)
        plan->values[plan->root[p->outputs[i].value]].live = true;
    for (int v = p->op_count - 1; v >= 0; v--) {
        if (verilog_is_constant(plan, v)) plan->values[v].live = false;
        if (!plan->values[v].live) continue;
        int count;
        verilog_reads(plan, v, list, &count);
        for (int i = 0; i < count; i++)
            plan->values[list[i]].live = true;
    }
}

static void add_use(struct verilog_plan *plan, int value, int block, int tap)
{
    assert(tap >= 0);
    plan->uses = array_grow(plan->uses, &plan->use_capacity, (size_t)plan->use_count + 1,
                            sizeof *plan->uses);
    plan->uses[plan->use_count++] = (struct verilog_use){value, block, tap};
}

static int compare_uses(const void *a, const void *b)
{
    const struct verilog_use *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    if (x->block != y->block) return x->block < y->block ? -1 : 1;
    return (x->tap > y->tap) - (x->tap < y->tap);
}

static void find_uses(struct verilog_plan *plan, int *list)
{
    const struct program *p = plan->program;
    for (int v = 0; v < p->op_count; v++) {
        if (!plan->values[v].live) continue;
        int count, block = program_block_of(p, v);
        verilog_reads(plan, v, list, &count);
        for (int i = 0; i < count; i++)
            if (!verilog_is_constant(plan, list[i]))
                add_use(plan, list[i], block, p->ops[v].stage - p->ops[list[i]].stage);
    }
    for (int i = 0; i < p->output_count; i++) {
        int v = plan->root[p->outputs[i].value];
        if (!verilog_is_constant(plan, v))
            add_use(plan, v, VERILOG_TOP, p->latency_cycles - p->ops[v].stage);
    }
    if (plan->use_count)
        qsort(plan->uses, (size_t)plan->use_count, sizeof *plan->uses, compare_uses);
    int kept = 0;
    for (int i = 0; i < plan->use_count; i++)
        if (kept == 0 || compare_uses(&plan->uses[kept - 1], &plan->uses[i]) != 0)
            plan->uses[kept++] = plan->uses[i];
    plan->use_count = kept;
    for (int i = 0; i < kept; i++) {
        struct verilog_value *value = &plan->values[plan->uses[i].value];
        if (value->use_count++ == 0) value->first_use = i;
    }
}

static void place_chain(const struct verilog_plan *plan, struct verilog_value *value)
{
    int home_last = 0, outside_first = -1, last = 0, outsiders = 0;
    bool top_reads = false;
    for (int i = 0; i < value->use_count; i++) {
        const struct verilog_use *use = &plan->uses[value->first_use + i];
        if (use->tap > last) last = use->tap;
        if (use->block == value->home) {
            home_last = use->tap;
        } else {
            bool again = i > 0 && use[-1].block == use->block;
            if (!again) outsiders++;
            if (outside_first < 0) outside_first = use->tap;
            if (use->block == VERILOG_TOP) top_reads = true;
        }
    }
    value->split = outsiders == 1 && !top_reads && home_last <= outside_first;
    value->chain = value->split ? outside_first : last;
}

bool verilog_is_port(const struct verilog_plan *plan, const struct verilog_use *use)
{
    const struct verilog_value *value = &plan->values[use->value];
    if (use->block == value->home) return false;
    return !value->split || use->tap == value->chain;
}

bool verilog_taps(const struct verilog_plan *plan, int value, int block, int *first, int *last,
                  bool *ported)
{
    const struct verilog_value *v = &plan->values[value];
    if (v->home == block) {
        *first = 0;
        *last = v->chain;
        *ported = false;
        return v->live;
    }
    bool any = false;
    for (int i = 0; i < v->use_count; i++) {
        const struct verilog_use *use = &plan->uses[v->first_use + i];
        if (use->block != block) continue;
        if (!any) *first = use->tap;
        *last = use->tap;
        any = true;
    }
    *ported = !v->split;
    return any;
}

void verilog_tap_name(const struct verilog_plan *plan, int value, int tap, char name[160])
{
    if (tap == 0)
        snprintf(name, 150, "%s", plan->values[value].name);
    else
        snprintf(name, 150, "%s_q%d", plan->values[value].name, tap);
}

void verilog_local_name(const struct verilog_plan *plan, int block, int value, int tap,
                        char name[160])
{
    struct verilog_use use = {value, block, tap};
    verilog_tap_name(plan, value, tap, name);
    if (verilog_is_port(plan, &use)) strcat(name, "_i");
}

const char *verilog_rate(const struct program *program, char words[40])
{
    if (program->interval_cycles == 1)
        snprintf(words, 40, "every cycle");
    else
        snprintf(words, 40, "every %d cycles", program->interval_cycles);
    return words;
}

const char *verilog_module(const struct verilog_plan *plan, int block, char name[160])
{
    snprintf(name, 160, "%s_%s", plan->top, plan->block_names[block]);
    return name;
}

bool verilog_has_module(const struct verilog_plan *plan, int block)
{
    const struct program *p = plan->program;
    for (int v = p->blocks[block].first; v < p->blocks[block].end; v++) {
        const struct verilog_value *value = &plan->values[v];
        if (value->live && value->home == block) return true;
    }
    return false;
}

/* Appends _2, _3 ... until no earlier name of the list is the same. */
static const char *make_unique(struct arena *arena, const char *const *names, int count,
                               const char *name)
{
    const char *candidate = name;
    for (int number = 2;; number++) {
        bool taken = false;
        for (int i = 0; i < count && !taken; i++)
            taken = names[i] && strcmp(names[i], candidate) == 0;
        if (!taken) return candidate;
        candidate = arena_printf(arena, "%s_%d", name, number);
    }
}

static void name_modules(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    plan->top = verilog_identifier(&plan->arena, p->name);
    plan->block_names =
        arena_alloc(&plan->arena, (size_t)p->block_count + 1, sizeof *plan->block_names);
    for (int b = 0; b < p->block_count; b++) {
        const char *name = verilog_identifier(&plan->arena, p->blocks[b].name);
        /* in_ and out_ are the prefixes of ports, table_ that of tables, n that of values inside a
         * module */
        bool reserved = !strcmp(name, "in") || !strcmp(name, "out") ||
                        !strncmp(name, "table_", 6) || !strcmp(name, "n");
        if (reserved) name = arena_printf(&plan->arena, "block_%s", name);
        plan->block_names[b] = make_unique(&plan->arena, plan->block_names, b, name);
    }
    plan->tables = arena_alloc(&plan->arena, (size_t)p->table_count + 1, sizeof *plan->tables);
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_TABLE && plan->values[v].live &&
            !verilog_table_is_small(&p->tables[p->ops[v].immediate]))
            plan->tables[p->ops[v].immediate] = "";
    for (int t = 0; t < p->table_count; t++) {
        if (!plan->tables[t]) continue;
        const char *name = verilog_identifier(&plan->arena, p->tables[t].name);
        name = arena_printf(&plan->arena, "%s_table_%s", plan->top, name);
        plan->tables[t] = make_unique(&plan->arena, plan->tables, t, name);
    }
}

static void name_values(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    const char **inputs = arena_alloc(&plan->arena, (size_t)p->input_count + 1, sizeof *inputs);
    for (int i = 0; i < p->input_count; i++) {
        const char *name = verilog_identifier(&plan->arena, p->inputs[i].name);
        inputs[i] = make_unique(&plan->arena, inputs, i, arena_printf(&plan->arena, "in_%s", name));
        plan->values[p->inputs[i].value].name = inputs[i];
        plan->values[p->inputs[i].value].home = VERILOG_TOP;
    }
    for (int b = 0; b < p->block_count; b++) {
        int exported = 0;
        for (int v = p->blocks[b].first; v < p->blocks[b].end; v++) {
            struct verilog_value *value = &plan->values[v];
            bool leaves = false;
            for (int i = 0; i < value->use_count; i++)
                if (plan->uses[value->first_use + i].block != b) leaves = true;
            if (value->name) continue; /* an input */
            if (leaves)
                value->name = arena_printf(&plan->arena, "%s_%d", plan->block_names[b], exported++);
            else
                value->name = arena_printf(&plan->arena, "n%d", v);
        }
    }
}

struct verilog_plan *verilog_plan_new(const struct program *program)
{
    assert(program->latency_cycles > 0);
    struct verilog_plan *plan = calloc(1, sizeof *plan);
    assert(plan);
    plan->program = program;
    size_t count = (size_t)program->op_count + 1;
    plan->root = arena_alloc(&plan->arena, count, sizeof *plan->root);
    plan->values = arena_alloc(&plan->arena, count, sizeof *plan->values);
    int *list = arena_alloc(&plan->arena, (size_t)program->operand_count + 1, sizeof *list);
    find_roots(plan);
    find_live(plan, list);
    for (int v = 0; v < program->op_count; v++)
        plan->values[v].home =
            program->ops[v].code == OP_INPUT ? VERILOG_TOP : program_block_of(program, v);
    find_uses(plan, list);
    for (int v = 0; v < program->op_count; v++)
        place_chain(plan, &plan->values[v]);
    name_modules(plan);
    name_values(plan);
    return plan;
}

void verilog_plan_free(struct verilog_plan *plan)
{
    free(plan->uses);
    arena_free(&plan->arena);
    free(plan);
}
