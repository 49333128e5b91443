/* The plan of the Verilog printer: where each value lives, its name, its delay chain and who reads
 * which tap. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool verilog_is_constant(const struct verilog_plan *plan, int root)
{
    const struct op *op = &plan->program->ops[root];
    return op->code == OP_CONST || (op->code != OP_MATVEC && op->lo == op->hi);
}

static void find_roots(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        const int *operands = p->operands + op->operands;
        plan->root[v] = op->code == OP_SHIFT                            ? plan->root[operands[0]]
                        : op->code == OP_UPDATE || op->code == OP_STORE ? plan->root[operands[1]]
                                                                        : v;
        if (op->code == OP_UPDATE) plan->update[operands[0]] = v;
    }
}

/* Whether hardware needs operand k of a load or store: addresses of one slot, and addresses and
 * conditions of a chain of delays, are only in the plan. */
static bool is_needless(const struct verilog_plan *plan, const struct op *op, int k)
{
    if ((op->code != OP_LOAD && op->code != OP_STORE) || k == 1) return false;
    if (plan->program->memories[op->immediate].kind == MEMORY_DELAY) return true;
    return k == 0 && plan->memories[op->immediate].address_bits == 0;
}

/* The roots that op v reads, one after the other: the number of its operand, -1 when all are done.
 */
static int next_read(const struct verilog_plan *plan, int v, int k, int *root)
{
    const struct program *p = plan->program;
    const struct op *op = &p->ops[v], *source = op;
    if (op->code == OP_RESULT) source = program_operand(p, op, 0);
    for (; k < source->operand_count; k++) {
        int64_t weight = 1;
        if ((op->code == OP_UPDATE && k == 0) || is_needless(plan, op, k) ||
            !op_needs_operand(p, op, k))
            continue;
        if (op->code == OP_RESULT && !result_weight(p, op, op_fraction(op), k, &weight))
            assert(!"checked program");
        *root = plan->root[p->operands[source->operands + k]];
        if (weight != 0 && !verilog_is_constant(plan, *root)) return k;
    }
    return -1;
}

/* ---- which values are there at all ---- */

struct live_search {
    struct verilog_plan *plan;
    int *stack, count;
};

static void mark(struct live_search *s, int value)
{
    int root = s->plan->root[value];
    struct verilog_value *v = &s->plan->values[root];
    if (v->live || verilog_is_constant(s->plan, root)) return;
    v->live = true;
    s->stack[s->count++] = root;
}

/* What a state is later, what a load finds. */
static void mark_sources(struct live_search *s, const struct op *op, int value)
{
    struct verilog_plan *plan = s->plan;
    const struct program *p = plan->program;
    if (op->code == OP_STATE) mark(s, plan->update[value]);
    if (op->code != OP_LOAD || plan->memories[op->immediate].live) return;
    struct verilog_memory *memory = &plan->memories[op->immediate];
    memory->live = true;
    memory->loads = p->memories[op->immediate].contents != NULL;
    memory->is_corrected = memory_is_corrected(p, &p->memories[op->immediate]);
    if (memory->loads) plan->has_banks = true;
    for (int k = 0; k < 3 && memory->store >= 0; k++)
        if (!is_needless(plan, &p->ops[memory->store], k))
            mark(s, p->operands[p->ops[memory->store].operands + k]);
}

static void find_live(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    struct live_search s = {plan, arena_alloc(&plan->arena, (size_t)p->op_count + 1, sizeof(int)),
                            0};
    for (int i = 0; i < p->output_count; i++)
        mark(&s, p->outputs[i].value);
    while (s.count) {
        int root, v = s.stack[--s.count];
        for (int k = 0; (k = next_read(plan, v, k, &root)) >= 0; k++)
            mark(&s, root);
        mark_sources(&s, &p->ops[v], v);
    }
}

/* Whether the op does anything: an update or store does it for others. */
static bool is_active(const struct verilog_plan *plan, int v)
{
    const struct op *op = &plan->program->ops[v];
    if (op->code == OP_UPDATE) return plan->values[plan->program->operands[op->operands]].live;
    if (op->code == OP_STORE) return plan->memories[op->immediate].live;
    return plan->root[v] == v && plan->values[v].live;
}

/* ---- who reads what when ---- */

/* Cycles in which a reader in another block (or of another event rate) reads. */
struct need {
    int value, first, last;
};

static int early_cycles(const struct program *p, const struct op *op, int k)
{
    return k > 0 ? 0 : op->code == OP_STATE ? 1 : op_read_cycles(p, op);
}

/* Whether the read is one within an iteration of a loop: a plain tap. */
static bool is_plain(const struct program *p, int reader, int root)
{
    if (reader < 0) return false;
    const struct block *block = &p->blocks[program_block_of(p, reader)];
    return block_is_loop(block) && root >= block->first && root < block->end;
}

static struct need need_of(const struct program *p, int reader, int k, int root)
{
    if (reader < 0) return (struct need){root, p->latency_cycles, p->latency_cycles};
    const struct op *op = &p->ops[reader];
    int trip = p->blocks[program_block_of(p, reader)].trip;
    int first = op->stage - early_cycles(p, op, k);
    return (struct need){root, first, op->code == OP_STATE ? first : first + trip - 1};
}

int verilog_tap(const struct verilog_plan *plan, int reader, int k, int root)
{
    const struct program *p = plan->program;
    const struct verilog_value *value = &plan->values[root];
    struct need need = need_of(p, reader, k, root);
    if (is_plain(p, reader, root)) return need.first - p->ops[root].stage;
    int end = value_end(p, root);
    if (!plan->is_paced) return need.first - end;
    if (need.first == end && need.last == end) return 0;
    for (int hold = 1; hold <= value->hold_count; hold++) {
        int taken = verilog_hold_cycle(plan, root, hold);
        if (need.first > taken && need.last <= taken + p->interval_cycles)
            return value->chain + hold;
    }
    assert(!"a hold for every need");
    return 0;
}

static int compare_needs(const void *a, const void *b)
{
    const struct need *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return (x->last > y->last) - (x->last < y->last);
}

static void add_hold(struct verilog_plan *plan, struct verilog_value *value, int cycle)
{
    plan->holds = array_grow(plan->holds, &plan->hold_capacity, (size_t)plan->hold_count + 1,
                             sizeof *plan->holds);
    plan->holds[plan->hold_count++] = cycle;
    value->hold_count++;
}

/* Holds for one more need; those of a value come by rising first cycle. A hold takes its value from
 * the one before it, or the first one from the logic. */
static void serve(struct verilog_plan *plan, struct need need)
{
    struct verilog_value *value = &plan->values[need.value];
    int interval = plan->program->interval_cycles, end = value_end(plan->program, need.value);
    if (need.first == end && need.last == end) return;
    if (value->hold_count == 0) {
        value->first_hold = plan->hold_count;
        add_hold(plan, value, end);
    }
    for (;;) {
        int taken = plan->holds[plan->hold_count - 1];
        if (need.first > taken && need.last <= taken + interval) return;
        int next = need.first - 1;
        add_hold(plan, value, next <= taken + interval ? next : taken + interval);
    }
}

static void find_holds(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    struct need *needs = NULL;
    size_t capacity = 0, count = 0;
    int root;
    for (int v = 0; v < p->op_count; v++)
        for (int k = 0; is_active(plan, v) && (k = next_read(plan, v, k, &root)) >= 0; k++) {
            struct need need = need_of(p, v, k, root);
            if (is_plain(p, v, root)) {
                int tap = need.first - p->ops[root].stage;
                if (tap > plan->values[root].chain) plan->values[root].chain = tap;
                continue;
            }
            needs = array_grow(needs, &capacity, count + 1, sizeof *needs);
            needs[count++] = need;
        }
    for (int i = 0; i < p->output_count; i++) {
        root = plan->root[p->outputs[i].value];
        if (verilog_is_constant(plan, root)) continue;
        needs = array_grow(needs, &capacity, count + 1, sizeof *needs);
        needs[count++] = need_of(p, -1, 0, root);
    }
    if (count) qsort(needs, count, sizeof *needs, compare_needs);
    for (size_t i = 0; i < count; i++)
        serve(plan, needs[i]);
    free(needs);
}

static void add_use(struct verilog_plan *plan, int value, int block, int tap)
{
    assert(tap >= 0);
    plan->uses = array_grow(plan->uses, &plan->use_capacity, (size_t)plan->use_count + 1,
                            sizeof *plan->uses);
    plan->uses[plan->use_count++] = (struct verilog_use){value, block, tap};
}

static int compare_places(const void *a, const void *b)
{
    const struct verilog_use *x = a, *y = b;
    if (x->block != y->block) return x->block < y->block ? -1 : 1;
    return (x->tap > y->tap) - (x->tap < y->tap);
}

/* By value, block and tap. */
static void sort_uses(struct verilog_plan *plan)
{
    int values = plan->program->op_count, *first = calloc((size_t)values + 1, sizeof *first);
    struct verilog_use *sorted = calloc((size_t)plan->use_count + 1, sizeof *sorted);
    if (!first || !sorted) abort();
    for (int i = 0; i < plan->use_count; i++)
        first[plan->uses[i].value + 1]++;
    for (int v = 0; v < values; v++)
        first[v + 1] += first[v];
    for (int i = 0; i < plan->use_count; i++)
        sorted[first[plan->uses[i].value]++] = plan->uses[i];
    for (int v = 0, begin = 0; v < values; begin = first[v++])
        if (first[v] - begin > 1)
            qsort(sorted + begin, (size_t)(first[v] - begin), sizeof *sorted, compare_places);
    if (plan->use_count) memcpy(plan->uses, sorted, (size_t)plan->use_count * sizeof *sorted);
    free(first);
    free(sorted);
}

static void find_uses(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    int root;
    for (int v = 0; v < p->op_count; v++)
        for (int k = 0; is_active(plan, v) && (k = next_read(plan, v, k, &root)) >= 0; k++)
            add_use(plan, root, program_block_of(p, v), verilog_tap(plan, v, k, root));
    for (int i = 0; i < p->output_count; i++) {
        root = plan->root[p->outputs[i].value];
        if (!verilog_is_constant(plan, root))
            add_use(plan, root, VERILOG_TOP, verilog_tap(plan, -1, 0, root));
    }
    sort_uses(plan);
    int kept = 0;
    for (int i = 0; i < plan->use_count; i++)
        if (kept == 0 || plan->uses[kept - 1].value != plan->uses[i].value ||
            compare_places(&plan->uses[kept - 1], &plan->uses[i]) != 0)
            plan->uses[kept++] = plan->uses[i];
    plan->use_count = kept;
    for (int i = 0; i < kept; i++) {
        struct verilog_value *value = &plan->values[plan->uses[i].value];
        if (value->use_count++ == 0) value->first_use = i;
    }
}

/* Taps of a value at home, holds among them. */
static int last_tap(const struct verilog_value *value)
{
    return value->chain + value->hold_count;
}

static void place_chain(const struct verilog_plan *plan, struct verilog_value *value)
{
    int home_last = 0, outside_first = -1, last = 0, outsiders = 0;
    bool top_reads = false;
    if (plan->is_paced) return; /* find_holds() did */
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
        *last = last_tap(v);
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
    const struct verilog_value *v = &plan->values[value];
    if (tap == 0)
        snprintf(name, 150, "%s", v->name);
    else if (tap <= v->chain || !plan->is_paced)
        snprintf(name, 150, "%s_q%d", v->name, tap);
    else
        snprintf(name, 150, "%s_h%d", v->name, tap - v->chain);
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
    for (int m = 0; m < p->memory_count; m++)
        if (verilog_writes_memory(plan, block, m)) return true;
    return false;
}

const char *verilog_unique(struct arena *arena, const char *const *names, int count,
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
        /* in_ and out_ are the prefixes of ports, table_ that of tables, mem_ that of memories, at_
         * that of pulses, bank_at_ that of banks, vote_ that of voters, n that of values inside a
         * module */
        bool reserved = !strcmp(name, "in") || !strcmp(name, "out") ||
                        !strncmp(name, "table_", 6) || !strncmp(name, "mem_", 4) ||
                        !strncmp(name, "vote_", 5) || !strcmp(name, "at") ||
                        !strcmp(name, "bank_at") || !strcmp(name, "n");
        if (reserved) name = arena_printf(&plan->arena, "block_%s", name);
        plan->block_names[b] = verilog_unique(&plan->arena, plan->block_names, b, name);
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
        plan->tables[t] = verilog_unique(&plan->arena, plan->tables, t, name);
    }
}

static void name_values(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    const char **inputs = arena_alloc(&plan->arena, (size_t)p->input_count + 1, sizeof *inputs);
    for (int i = 0; i < p->input_count; i++) {
        const char *name = verilog_identifier(&plan->arena, p->inputs[i].name);
        inputs[i] =
            verilog_unique(&plan->arena, inputs, i, arena_printf(&plan->arena, "in_%s", name));
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
    plan->update = arena_alloc(&plan->arena, count, sizeof *plan->update);
    plan->values = arena_alloc(&plan->arena, count, sizeof *plan->values);
    plan->is_paced = program->interval_cycles > 1;
    find_roots(plan);
    verilog_plan_memories(plan);
    find_live(plan);
    for (int v = 0; v < program->op_count; v++)
        plan->values[v].home =
            program->ops[v].code == OP_INPUT ? VERILOG_TOP : program_block_of(program, v);
    if (plan->is_paced) find_holds(plan);
    find_uses(plan);
    for (int v = 0; v < program->op_count; v++)
        place_chain(plan, &plan->values[v]);
    name_modules(plan);
    name_values(plan);
    verilog_plan_protection(plan);
    verilog_plan_pulses(plan);
    verilog_plan_banks(plan);
    return plan;
}

void verilog_plan_free(struct verilog_plan *plan)
{
    free(plan->uses);
    free(plan->holds);
    free(plan->banks);
    statics_free(plan->statics);
    arena_free(&plan->arena);
    free(plan);
}
