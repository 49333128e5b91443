/* The steps of a rolled program, from its groups: see roll.h. */
#include "compiler/emit/roll_internal.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Whether the outputs are the group's members, one by one, and nobody else reads them. */
static bool is_output(const struct rolling *r, int g)
{
    const struct program *p = r->p;
    const struct group *group = &r->groups[g];
    if (group->count != p->output_count) return false;
    for (int i = 0; i < group->count; i++)
        if (p->outputs[i].value != group->values[i]) return false;
    for (int v = 0; v < p->op_count; v++) {
        bool dense = p->ops[v].code == OP_MATVEC && r->is_dense[v];
        for (int k = 0; k < (dense ? p->ops[v].operand_count : 0); k++)
            if (r->member[p->operands[p->ops[v].operands + k]] == g) return false;
        if (!roll_has_statement(r, v) ||
            (r->member[v] >= 0 && r->groups[r->member[v]].loop == group->loop))
            continue;
        for (int i = 0; i < r->texts[v].count; i++)
            if (r->texts[v].pieces[i].kind == PIECE_VALUE &&
                r->member[r->texts[v].pieces[i].number] == g)
                return false;
    }
    return true;
}

static int add_array(struct rolling *r, const char *name, const char *type, int count, bool port)
{
    struct roll *roll = r->roll;
    roll->arrays = array_grow(roll->arrays, &roll->array_capacity, (size_t)roll->array_count + 1,
                              sizeof *roll->arrays);
    roll->arrays[roll->array_count] = (struct roll_array){name, type, count, port};
    return roll->array_count++;
}

/* "a3[i]", in 32 bits where the array has 64 and the value needs no more. */
static const char *element_text(const struct rolling *r, const struct roll_array *array,
                                const char *index, bool narrow)
{
    bool cast = narrow && !strcmp(array->type, "int64_t");
    return arena_printf(&r->roll->arena, "%s%s[%s]", cast ? "(int32_t)" : "", array->name, index);
}

static const char *element_name(const struct rolling *r, int array, int value, int index)
{
    return element_text(r, &r->roll->arrays[array], arena_printf(&r->roll->arena, "%d", index),
                        c_is_narrow(&r->p->ops[value]));
}

static void name_values(struct rolling *r)
{
    const struct program *p = r->p;
    struct arena *arena = &r->roll->arena;
    add_array(r, "in", c_port_type(p, true), p->input_count, true);
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_INPUT)
            r->names[v] = element_name(r, 0, v, (int)p->ops[v].immediate);
    for (int g = 0; g < r->group_count; g++) {
        struct group *group = &r->groups[g];
        if (!group->needs_array) continue;
        int64_t lo = 0, hi = 0;
        for (int i = 0; i < group->count; i++) {
            const struct op *op = &p->ops[group->values[i]];
            if (op->lo < lo) lo = op->lo;
            if (op->hi > hi) hi = op->hi;
        }
        bool output = is_output(r, g);
        group->array = add_array(r, output ? "out" : arena_printf(arena, "a%d", g),
                                 output ? c_port_type(p, false) : c_element_type(lo, hi),
                                 group->count, output);
        for (int i = 0; i < group->count; i++)
            r->names[group->values[i]] = element_name(r, group->array, group->values[i], i);
    }
}

/* ---- statements ------------------------------------------------------------------------------ */

const char *roll_value_name(const struct rolling *r, int value)
{
    return r->names[value] ? r->names[value] : arena_printf(&r->roll->arena, "v%d", value);
}

/* "NAME[i]": a new table of the numbers, or the number itself if it is always the same. */
static const char *number_text(struct rolling *r, const int64_t *numbers, int count)
{
    struct roll *roll = r->roll;
    struct text text = {0};
    bool same = true, counts = true;
    int64_t lo = numbers[0], hi = numbers[0];
    for (int i = 0; i < count; i++) {
        same = same && numbers[i] == numbers[0];
        counts = counts && numbers[i] == i;
        if (numbers[i] < lo) lo = numbers[i];
        if (numbers[i] > hi) hi = numbers[i];
    }
    if (same) {
        c_add_integer(&text, numbers[0]);
    } else if (counts) {
        text_add(&text, "i");
    } else {
        const char *name = arena_printf(&roll->arena, "constants_%d", roll->table_count);
        roll->tables = array_grow(roll->tables, &roll->table_capacity,
                                  (size_t)roll->table_count + 1, sizeof *roll->tables);
        roll->tables[roll->table_count++] =
            (struct roll_table){name, c_element_type(lo, hi), count, numbers};
        text_add(&text, "%s[i]", name);
    }
    const char *result = arena_strdup(&roll->arena, text_string(&text));
    text_free(&text);
    return result;
}

/* How element i of the loop reads what piece number `at` of its members' texts reads. */
static const char *operand_text(struct rolling *r, const struct group *g, int at)
{
    struct arena *arena = &r->roll->arena;
    int first = (int)r->texts[g->values[0]].pieces[at].number, from = r->member[first];
    bool input = r->p->ops[first].code == OP_INPUT;
    if (!input && from < 0) return roll_value_name(r, first);
    bool narrow = c_is_narrow(&r->p->ops[first]);
    if (!input && r->groups[from].loop == g->loop && r->groups[from].is_root)
        return narrow && r->is_wide[r->groups[from].root] ? "(int32_t)sum" : "sum";
    if (!input && r->groups[from].loop == g->loop)
        return arena_printf(arena, "v%d", r->groups[from].values[0]);
    int64_t *positions = arena_alloc(arena, (size_t)g->count, sizeof *positions);
    for (int i = 0; i < g->count; i++) {
        int value = (int)r->texts[g->values[i]].pieces[at].number;
        if (input) {
            positions[i] = r->p->ops[value].immediate;
            continue;
        }
        while (r->groups[from].values[positions[i]] != value)
            positions[i]++;
    }
    const struct roll_array *array = &r->roll->arrays[input ? 0 : r->groups[from].array];
    return element_text(r, array, number_text(r, positions, g->count), narrow);
}

static const char *statement_text(struct rolling *r, const struct group *g)
{
    struct text text = {0};
    const struct expression *e = &r->texts[g->values[0]];
    for (int at = 0; at < e->count; at++) {
        const struct piece *piece = &e->pieces[at];
        if (piece->kind == PIECE_WORDS) text_add(&text, "%s", piece->words);
        if (piece->kind == PIECE_VALUE) text_add(&text, "%s", operand_text(r, g, at));
        if (piece->kind != PIECE_INTEGER) continue;
        int64_t *numbers = arena_alloc(&r->roll->arena, (size_t)g->count, sizeof *numbers);
        for (int i = 0; i < g->count; i++)
            numbers[i] = r->texts[g->values[i]].pieces[at].number;
        text_add(&text, "%s", number_text(r, numbers, g->count));
    }
    const char *result = arena_strdup(&r->roll->arena, text_string(&text));
    text_free(&text);
    return result;
}

static const char *scalar_text(struct rolling *r, int v)
{
    struct text text = {0};
    for (int i = 0; i < r->texts[v].count; i++) {
        const struct piece *piece = &r->texts[v].pieces[i];
        if (piece->kind == PIECE_WORDS) text_add(&text, "%s", piece->words);
        if (piece->kind == PIECE_INTEGER) c_add_integer(&text, piece->number);
        if (piece->kind == PIECE_VALUE)
            text_add(&text, "%s", roll_value_name(r, (int)piece->number));
    }
    const char *result = arena_strdup(&r->roll->arena, text_string(&text));
    text_free(&text);
    return result;
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct roll_step *roll_add_step(struct rolling *r, enum roll_kind kind, int block)
{
    struct roll *roll = r->roll;
    roll->steps = array_grow(roll->steps, &roll->step_capacity, (size_t)roll->step_count + 1,
                             sizeof *roll->steps);
    roll->steps[roll->step_count] = (struct roll_step){.kind = kind,
                                                       .name = r->p->blocks[block].name,
                                                       .layer = r->p->blocks[block].kind,
                                                       .sum_array = -1,
                                                       .x = -1,
                                                       .array = -1};
    return &roll->steps[roll->step_count++];
}

void roll_add_statement(struct rolling *r, struct roll_step *step, struct roll_statement s)
{
    struct roll_statement *more =
        arena_alloc(&r->roll->arena, (size_t)step->statement_count + 1, sizeof *more);
    if (step->statement_count)
        memcpy(more, step->statements, (size_t)step->statement_count * sizeof *more);
    more[step->statement_count++] = s;
    step->statements = more;
}

/* Numbers of the matvec's operands that matter: not of those whose weights are all zero. */
static int *list_rows(struct rolling *r, const struct op *matvec, int *count)
{
    const struct program *p = r->p;
    int *rows = arena_alloc(&r->arena, (size_t)matvec->operand_count, sizeof *rows);
    *count = 0;
    for (int k = 0; k < matvec->operand_count; k++) {
        int operand = p->operands[matvec->operands + k];
        enum op_code code = p->ops[operand].code;
        if (r->roll->live[operand] || code == OP_INPUT || code == OP_CONST) rows[(*count)++] = k;
    }
    return rows;
}

/* The array that values stand side by side in, from *first on; -1: none. */
static int find_row(const struct rolling *r, const int *operands, int count, int *first)
{
    const struct program *p = r->p;
    int group = r->member[operands[0]];
    bool input = p->ops[operands[0]].code == OP_INPUT;
    if (!input && group < 0) return -1;
    *first = input ? (int)p->ops[operands[0]].immediate : 0;
    while (!input && r->groups[group].values[*first] != operands[0])
        (*first)++;
    for (int k = 0; k < count; k++) {
        const struct op *op = &p->ops[operands[k]];
        if (input ? op->code != OP_INPUT || op->immediate != *first + k
                  : *first + k >= r->groups[group].count ||
                        r->groups[group].values[*first + k] != operands[k])
            return -1;
    }
    return input ? 0 : r->groups[group].array;
}

/* The values put side by side in an array of their own. */
static int gather(struct rolling *r, int matvec, const int *operands, int count)
{
    const struct program *p = r->p;
    struct arena *arena = &r->roll->arena;
    const char **texts = arena_alloc(arena, (size_t)count, sizeof *texts);
    int64_t lo = 0, hi = 0;
    for (int k = 0; k < count; k++) {
        int value = operands[k];
        const struct op *a = &p->ops[value];
        if (a->lo < lo) lo = a->lo;
        if (a->hi > hi) hi = a->hi;
        struct text text = {0};
        if (a->code == OP_CONST)
            c_add_integer(&text, a->immediate);
        else
            text_add(&text, "%s", roll_value_name(r, value));
        texts[k] = arena_strdup(arena, text_string(&text));
        text_free(&text);
    }
    int array =
        add_array(r, arena_printf(arena, "x%d", matvec), c_element_type(lo, hi), count, false);
    struct roll_step *step = roll_add_step(r, ROLL_GATHER, program_block_of(p, matvec));
    step->count = count;
    step->array = array;
    step->texts = texts;
    return array;
}

static void add_matrix(struct rolling *r, int g)
{
    const struct program *p = r->p;
    const struct group *group = &r->groups[g];
    const struct op *matvec = &p->ops[group->root];
    struct arena *arena = &r->roll->arena;
    int first = 0, row_count, *rows = list_rows(r, matvec, &row_count);
    int *operands = arena_alloc(&r->arena, (size_t)row_count + 1, sizeof *operands);
    for (int k = 0; k < row_count; k++)
        operands[k] = p->operands[matvec->operands + rows[k]];
    int x = find_row(r, operands, row_count, &first);
    if (x < 0) x = gather(r, group->root, operands, row_count), first = 0;
    struct roll_step *step = roll_add_step(r, ROLL_MATRIX, group->block);
    step->count = group->count;
    step->inputs = row_count;
    step->number = r->roll->matrix_count++;
    step->x = x;
    step->x_first = first;
    size_t count = (size_t)group->count, inputs = (size_t)row_count;
    step->weights = arena_alloc(arena, count * inputs, sizeof *step->weights);
    step->bias = arena_alloc(arena, count, sizeof *step->bias);
    for (size_t j = 0; j < count; j++) {
        const struct op *result = &p->ops[r->result[group->values[j]]];
        int fraction = op_fraction(&p->ops[group->values[j]]);
        result_bias(p, result, fraction, &step->bias[j]);
        for (size_t k = 0; k < inputs; k++) {
            int64_t *weight = &step->weights[j * inputs + k];
            result_weight(p, result, fraction, rows[k], weight);
            step->nonzero += *weight != 0;
        }
    }
    step->sum_type = r->is_wide[group->root] ? "int64_t" : "int32_t";
    step->sum_array = group->array;
    for (int k = 0; k < row_count; k++) {
        const struct op *op = &p->ops[operands[k]];
        if (-op->lo > step->x_most) step->x_most = -op->lo;
        if (op->hi > step->x_most) step->x_most = op->hi;
    }
}

static void add_loop(struct rolling *r, int loop)
{
    struct roll_step *step = NULL;
    for (int g = loop; g < r->group_count; g++) {
        const struct group *group = &r->groups[g];
        if (group->loop != loop) continue;
        if (group->is_root) {
            add_matrix(r, g);
            step = &r->roll->steps[r->roll->step_count - 1];
            continue;
        }
        const char *text = statement_text(r, group);
        if (!step) {
            step = roll_add_step(r, ROLL_LOOP, group->block);
            step->count = group->count;
        }
        struct roll_statement s = {group->values[0], c_value_type(&r->p->ops[group->values[0]]),
                                   text, group->array};
        roll_add_statement(r, step, s);
    }
}

static void add_steps(struct rolling *r)
{
    const struct program *p = r->p;
    int top = 0;
    for (int g = 0; g < r->group_count; g++)
        if (r->groups[g].level > top) top = r->groups[g].level;
    for (int v = 0; v < p->op_count; v++)
        if (r->level[v] > top) top = r->level[v];
    for (int level = 0; level <= top; level++) {
        for (int g = 0; g < r->group_count; g++)
            if (r->groups[g].level == level && r->groups[g].loop == g) add_loop(r, g);
        for (int v = 0; v < p->op_count; v++) {
            if (!roll_has_statement(r, v) || r->member[v] >= 0 || r->level[v] != level) continue;
            if (v == r->argmax.value) {
                roll_add_argmax(r, v);
                continue;
            }
            struct roll_step *step = roll_add_step(r, ROLL_SCALAR, program_block_of(p, v));
            struct roll_statement s = {v, c_value_type(&p->ops[v]), scalar_text(r, v), -1};
            roll_add_statement(r, step, s);
        }
    }
}

static void add_outputs(struct rolling *r)
{
    const struct program *p = r->p;
    struct roll *roll = r->roll;
    for (int i = 0; i < p->output_count; i++) {
        int value = p->outputs[i].value, g = r->member[value];
        struct text text = {0};
        if (p->ops[value].code == OP_CONST)
            c_add_integer(&text, p->ops[value].immediate);
        else
            text_add(&text, "%s", roll_value_name(r, value));
        bool stored = g >= 0 && !strcmp(roll->arrays[r->groups[g].array].name, "out");
        roll->outputs[i] = stored ? NULL : arena_strdup(&roll->arena, text_string(&text));
        text_free(&text);
    }
}

static void write_texts(struct rolling *r)
{
    struct c_printer *c = &r->roll->printer;
    *c = (struct c_printer){.program = r->p, .indent = "    ", .uniform = true};
    for (int v = 0; v < r->p->op_count; v++) {
        if (!roll_has_statement(r, v)) continue;
        if (roll_is_dense_result(r, v) || r->result[v] >= 0) continue;
        if (v == r->argmax.value) {
            r->alone[v] = true;
            r->texts[v] = roll_argmax_reads(r);
            continue;
        }
        c_add_expression(c, v);
        r->texts[v] = expression_parse(&r->arena, text_string(&c->body));
        text_free(&c->body);
        c->body = (struct text){0};
    }
}

static bool has_matrices(const struct rolling *r)
{
    for (int v = 0; v < r->p->op_count; v++)
        if (r->is_dense[v]) return true;
    return false;
}

struct roll *roll_program(const struct program *p)
{
    struct roll *roll = calloc(1, sizeof *roll);
    if (!roll) fail("out of memory");
    roll->program = p;
    size_t ops = (size_t)p->op_count + 1;
    struct rolling r = {.roll = roll, .p = p};
    bool *live = arena_alloc(&roll->arena, ops, sizeof *live);
    program_find_live(p, false, live);
    roll->live = live;
    roll->outputs = arena_alloc(&roll->arena, (size_t)p->output_count, sizeof *roll->outputs);
    r.texts = arena_alloc(&r.arena, ops, sizeof *r.texts);
    r.alone = arena_alloc(&r.arena, ops, sizeof *r.alone);
    r.is_dense = arena_alloc(&r.arena, ops, sizeof *r.is_dense);
    r.is_wide = arena_alloc(&r.arena, ops, sizeof *r.is_wide);
    r.result = arena_alloc(&r.arena, ops, sizeof *r.result);
    r.lane = arena_alloc(&r.arena, ops, sizeof *r.lane);
    r.member = arena_alloc(&r.arena, ops, sizeof *r.member);
    r.level = arena_alloc(&r.arena, ops, sizeof *r.level);
    r.names = arena_alloc(&r.arena, ops, sizeof *r.names);
    r.consumed = arena_alloc(&r.arena, ops, sizeof *r.consumed);
    roll_find_argmax(&r);
    roll_find_matrices(&r);
    write_texts(&r);
    if (!has_matrices(&r)) /* then loops gain nothing */
        memset(r.alone, true, ops);
    roll_find_groups(&r);
    roll_find_loops(&r);
    roll_find_arrays(&r);
    name_values(&r);
    add_steps(&r);
    add_outputs(&r);
    roll_forget_groups(&r);
    free(r.groups);
    arena_free(&r.arena);
    return roll;
}

void roll_free(struct roll *roll)
{
    if (!roll) return;
    free(roll->arrays);
    free(roll->tables);
    free(roll->steps);
    arena_free(&roll->arena);
    free(roll);
}
