/* Finding the loops of a straight-line program: see roll.h.
 *
 * Lanes: results of a matrix have the number of their column, inputs that of their port, and an
 * operation has the lane that all its operands in lanes have. Operations whose texts differ in
 * integers and lanes alone form a group. Groups of the same origin, lanes and level are one loop;
 * the level counts how often values had to leave a loop on the way to it. */
#include "compiler/emit/roll.h"

#include "compiler/emit/roll_text.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_LANES = 3, LEAST_PRODUCTS = 8, IN = -1, NOBODY = -2 };

struct group {
    int root;        /* a matvec, or IN */
    const char *key; /* what members have in common */
    int block;
    int *values, *lanes; /* by lane */
    int count;
    size_t value_capacity, lane_capacity;
    int level, loop;
    bool is_root, needs_array;
    int array;
};

struct place {
    int group, position; /* group -1: a variable of its own, or a constant */
};

/* best = 0; for i in 1 .. count - 1: best = score[best] < score[i] ? i : best */
struct argmax {
    int value; /* the last selection of a number; -1: there is none */
    int *scores, count;
};

struct rolling {
    struct roll *roll;
    const struct program *p;
    struct arena arena;
    struct expression *texts; /* [op_count] */
    bool *alone;              /* [op_count] in no group */
    bool *is_dense;           /* [op_count] matvecs that become loops */
    /* [op_count] of dense matvecs: the result whose sum a value is, itself or the one that it only
     * shows at a finer fraction; -1 */
    int *result;
    bool *is_wide;      /* [op_count] of dense matvecs: sums need 64 bits */
    int *lane, *member; /* [op_count]; member: the group, -1 */
    int *level;         /* [op_count] of what stands alone, and of dense matvecs */
    struct group *groups;
    int group_count;
    size_t group_capacity;
    struct argmax argmax;
    bool *consumed;     /* [op_count] part of the argmax, but not its value */
    const char **names; /* [op_count] how a value is read outside of its loop */
};

static bool is_dense_result(const struct rolling *r, int v)
{
    const struct op *op = &r->p->ops[v];
    return op->code == OP_RESULT && r->is_dense[r->p->operands[op->operands]];
}

static bool has_statement(const struct rolling *r, int v)
{
    enum op_code code = r->p->ops[v].code;
    return r->roll->live[v] && code != OP_CONST && code != OP_MATVEC && code != OP_INPUT &&
           !r->consumed[v] && (!is_dense_result(r, v) || r->result[v] >= 0);
}

/* ---- matrices -------------------------------------------------------------------------------- */

/* Whether the sums stay inside 63 bits whatever the order; *narrow: inside 32. */
static bool sums_fit(const struct program *p, const struct op *result, int fraction, bool *narrow)
{
    const struct op *matvec = program_operand(p, result, 0);
    int64_t bias, weight;
    if (!result_bias(p, result, fraction, &bias)) return false;
    double reach = bias < 0 ? -(double)bias : (double)bias;
    for (int row = 0; row < matvec->operand_count; row++) {
        const struct op *a = program_operand(p, matvec, row);
        if (!result_weight(p, result, fraction, row, &weight)) return false;
        double largest = -(double)a->lo > (double)a->hi ? -(double)a->lo : (double)a->hi;
        reach += (weight < 0 ? -(double)weight : (double)weight) * largest;
        if (weight > INT32_MAX || weight < -INT32_MAX) *narrow = false;
    }
    if (reach > INT32_MAX) *narrow = false;
    return reach < 4e18;
}

/* Live results of a matvec, by column. */
static int list_results(const struct rolling *r, int matvec, int *results)
{
    int count = 0;
    const struct program *p = r->p;
    for (int v = matvec + 1; v < p->op_count; v++)
        if (r->roll->live[v] && p->ops[v].code == OP_RESULT &&
            p->operands[p->ops[v].operands] == matvec)
            results[count++] = v;
    return count;
}

/* The one operation that reads a result and only shows it at a finer fraction; else the result. */
static int finer_form(const struct program *p, int result)
{
    int reader = -1, readers = 0;
    for (int v = result + 1; v < p->op_count; v++)
        for (int k = 0; k < p->ops[v].operand_count; k++)
            if (p->operands[p->ops[v].operands + k] == result) reader = v, readers++;
    for (int i = 0; i < p->output_count; i++)
        readers += p->outputs[i].value == result;
    if (readers != 1 || reader < 0 || p->ops[reader].code != OP_QUANTIZE) return result;
    const struct op *op = &p->ops[reader], *from = &p->ops[result];
    int up = op_fraction(op) - op_fraction(from);
    bool whole = up > 0 && up < 31 && op->lo == from->lo * ((int64_t)1 << up) &&
                 op->hi == from->hi * ((int64_t)1 << up);
    return whole ? reader : result;
}

static void find_results(struct rolling *r, int m, const int *results, int count)
{
    for (int i = 0; i < count && r->is_dense[m]; i++) {
        const struct op *result = &r->p->ops[results[i]];
        int finer = finer_form(r->p, results[i]);
        bool narrow = true, fits = sums_fit(r->p, result, op_fraction(&r->p->ops[finer]), &narrow);
        r->result[fits ? finer : results[i]] = results[i];
        r->is_wide[m] = r->is_wide[m] || !narrow;
    }
}

static void find_dense(struct rolling *r)
{
    for (int v = 0; v < r->p->op_count; v++)
        r->result[v] = -1;
    const struct program *p = r->p;
    int *results = arena_alloc(&r->arena, (size_t)p->op_count + 1, sizeof *results);
    for (int m = 0; m < p->op_count; m++) {
        if (p->ops[m].code != OP_MATVEC) continue;
        int count = list_results(r, m, results);
        bool narrow = true,
             fit = (long)count * p->ops[m].operand_count >= LEAST_PRODUCTS && count >= LEAST_LANES;
        for (int i = 0; i < count && fit; i++)
            fit = sums_fit(p, &p->ops[results[i]], op_fraction(&p->ops[results[i]]), &narrow);
        r->is_dense[m] = fit;
        find_results(r, m, results, count);
    }
}

/* ---- argmax ---------------------------------------------------------------------------------- */

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
static void find_argmax(struct rolling *r)
{
    const struct program *p = r->p;
    size_t ops = (size_t)p->op_count + 1;
    r->argmax.value = -1;
    if (p->output_count != 1) return;
    int value = p->outputs[0].value, *scores = arena_alloc(&r->arena, ops, sizeof *scores);
    bool *consumed = arena_alloc(&r->arena, ops, sizeof *consumed);
    int count = walk_argmax(p, value, scores, consumed);
    if (count < LEAST_LANES || p->ops[value].hi != count - 1) return;
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
static struct expression argmax_reads(struct rolling *r)
{
    struct expression e = {arena_alloc(&r->arena, (size_t)r->argmax.count, sizeof *e.pieces), 0};
    for (int i = 0; i < r->argmax.count; i++)
        if (r->p->ops[r->argmax.scores[i]].code != OP_CONST)
            e.pieces[e.count++] = (struct piece){PIECE_VALUE, NULL, r->argmax.scores[i]};
    return e;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static int add_group(struct rolling *r, int root, const char *key, int block)
{
    r->groups =
        array_grow(r->groups, &r->group_capacity, (size_t)r->group_count + 1, sizeof *r->groups);
    r->groups[r->group_count] =
        (struct group){.root = root, .key = key, .block = block, .loop = -1, .array = -1};
    return r->group_count++;
}

static void add_member(struct rolling *r, int group, int value, int lane)
{
    struct group *g = &r->groups[group];
    g->values = array_grow(g->values, &g->value_capacity, (size_t)g->count + 1, sizeof(int));
    g->lanes = array_grow(g->lanes, &g->lane_capacity, (size_t)g->count + 1, sizeof(int));
    int at = g->count++;
    for (; at > 0 && g->lanes[at - 1] > lane; at--) {
        g->values[at] = g->values[at - 1];
        g->lanes[at] = g->lanes[at - 1];
    }
    g->values[at] = value;
    g->lanes[at] = lane;
    r->member[value] = group;
    r->lane[value] = lane;
}

static int root_of(const struct rolling *r, int value, int *lane)
{
    const struct op *op = &r->p->ops[value];
    if (op->code == OP_INPUT) {
        *lane = (int)op->immediate;
        return IN;
    }
    *lane = r->lane[value];
    return r->member[value] >= 0 ? r->groups[r->member[value]].root : NOBODY;
}

/* What the statement has in common with those of its group: the text without integers and lanes.
 * NULL: it is in no lane, or in several. */
static const char *key_of(struct rolling *r, int v, int *root, int *lane)
{
    const struct expression *e = &r->texts[v];
    struct text key = {0};
    *root = NOBODY;
    text_add(&key, "%d %s ", program_block_of(r->p, v), c_value_type(&r->p->ops[v]));
    for (int i = 0; i < e->count; i++) {
        const struct piece *piece = &e->pieces[i];
        int own;
        if (piece->kind == PIECE_WORDS) text_add(&key, "%s", piece->words);
        if (piece->kind == PIECE_INTEGER) text_add(&key, "#");
        if (piece->kind != PIECE_VALUE) continue;
        int from = root_of(r, (int)piece->number, &own);
        if (from == NOBODY) {
            text_add(&key, "v%d", (int)piece->number);
            continue;
        }
        if (*root != NOBODY && (*root != from || *lane != own)) {
            text_free(&key);
            return NULL;
        }
        *root = from;
        *lane = own;
        text_add(&key, "@%d%s", r->member[piece->number], /* -1: an input */
                 c_is_narrow(&r->p->ops[piece->number]) ? "" : "w");
    }
    const char *result = *root == NOBODY ? NULL : arena_strdup(&r->arena, text_string(&key));
    text_free(&key);
    return result;
}

/* A group of that key that has nobody in the lane yet. */
static int find_group(struct rolling *r, int root, const char *key, int lane, int block)
{
    for (int g = r->group_count - 1; g >= 0; g--) {
        if (r->groups[g].is_root || r->groups[g].root != root || strcmp(r->groups[g].key, key) != 0)
            continue;
        bool taken = false;
        for (int i = 0; i < r->groups[g].count && !taken; i++)
            taken = r->groups[g].lanes[i] == lane;
        if (!taken) return g;
    }
    return add_group(r, root, key, block);
}

static void forget_groups(struct rolling *r)
{
    for (int g = 0; g < r->group_count; g++) {
        free(r->groups[g].values);
        free(r->groups[g].lanes);
    }
    r->group_count = 0;
    for (int v = 0; v < r->p->op_count; v++)
        r->member[v] = -1;
}

static void group_values(struct rolling *r)
{
    const struct program *p = r->p;
    forget_groups(r);
    for (int v = 0; v < p->op_count; v++) {
        int lane = 0, root = NOBODY;
        if (!has_statement(r, v)) continue;
        if (r->result[v] >= 0) {
            const struct op *op = &p->ops[r->result[v]];
            int m = p->operands[op->operands], g = 0;
            while (g < r->group_count && !(r->groups[g].is_root && r->groups[g].root == m))
                g++;
            if (g == r->group_count) {
                add_group(r, m, "", program_block_of(p, v));
                r->groups[g].is_root = true;
            }
            add_member(r, g, v, (int)op->immediate);
            continue;
        }
        const char *key = r->alone[v] ? NULL : key_of(r, v, &root, &lane);
        if (key) add_member(r, find_group(r, root, key, lane, program_block_of(p, v)), v, lane);
    }
}

/* Groups of few members are dissolved, which may change the keys of others: again until none is. */
static void find_groups(struct rolling *r)
{
    for (bool again = true; again;) {
        again = false;
        group_values(r);
        for (int g = 0; g < r->group_count; g++) {
            const struct group *group = &r->groups[g];
            if (group->is_root || group->count >= LEAST_LANES) continue;
            for (int i = 0; i < group->count; i++)
                r->alone[group->values[i]] = true;
            again = true;
        }
    }
}

/* ---- levels and loops ------------------------------------------------------------------------ */

static bool same_lanes(const struct group *a, const struct group *b)
{
    return a->root == b->root && a->count == b->count &&
           !memcmp(a->lanes, b->lanes, (size_t)a->count * sizeof(int));
}

/* The least level of something that reads a value: of a member of `reader`, or (NULL) of what
 * stands alone. */
static int level_behind(const struct rolling *r, int value, const struct group *reader)
{
    const struct op *op = &r->p->ops[value];
    if (op->code == OP_INPUT || op->code == OP_CONST) return 0;
    if (r->member[value] < 0) return r->level[value] + (reader != NULL);
    const struct group *g = &r->groups[r->member[value]];
    return g->level + (reader && !same_lanes(g, reader));
}

static bool raise(int *level, int least)
{
    bool higher = least > *level;
    if (higher) *level = least;
    return higher;
}

static bool raise_levels(struct rolling *r)
{
    const struct program *p = r->p;
    bool changed = false;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        struct group *g = r->member[v] >= 0 ? &r->groups[r->member[v]] : NULL;
        if (op->code == OP_MATVEC && r->is_dense[v])
            for (int k = 0; k < op->operand_count; k++) {
                int operand = p->operands[op->operands + k];
                bool waits = p->ops[operand].code != OP_INPUT && p->ops[operand].code != OP_CONST;
                changed |= raise(&r->level[v], level_behind(r, operand, NULL) + waits);
            }
        if (!has_statement(r, v)) continue;
        if (g && g->is_root) changed |= raise(&g->level, r->level[g->root]);
        for (int i = 0; i < r->texts[v].count && !(g && g->is_root); i++) {
            const struct piece *piece = &r->texts[v].pieces[i];
            if (piece->kind == PIECE_VALUE)
                changed |=
                    raise(g ? &g->level : &r->level[v], level_behind(r, (int)piece->number, g));
        }
    }
    return changed;
}

/* Groups that are one loop get the number of the first of them. */
static void find_loops(struct rolling *r)
{
    while (raise_levels(r))
        ;
    for (int g = 0; g < r->group_count; g++) {
        r->groups[g].loop = g;
        for (int h = 0; h < g; h++)
            if (r->groups[h].level == r->groups[g].level &&
                same_lanes(&r->groups[h], &r->groups[g])) {
                r->groups[g].loop = r->groups[h].loop;
                break;
            }
    }
}

/* Values that are read outside of their loop need an array. */
static void find_arrays(struct rolling *r)
{
    const struct program *p = r->p;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        int loop = r->member[v] >= 0 ? r->groups[r->member[v]].loop : -1;
        bool dense = op->code == OP_MATVEC && r->is_dense[v];
        for (int k = 0; k < (dense ? op->operand_count : 0); k++) {
            int operand = p->operands[op->operands + k];
            if (r->member[operand] >= 0) r->groups[r->member[operand]].needs_array = true;
        }
        if (!has_statement(r, v)) continue;
        for (int i = 0; i < r->texts[v].count; i++) {
            const struct piece *piece = &r->texts[v].pieces[i];
            int from = piece->kind == PIECE_VALUE ? r->member[piece->number] : -1;
            if (from >= 0 && r->groups[from].loop != loop) r->groups[from].needs_array = true;
        }
    }
    for (int i = 0; i < p->output_count; i++)
        if (r->member[p->outputs[i].value] >= 0)
            r->groups[r->member[p->outputs[i].value]].needs_array = true;
}

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
        if (!has_statement(r, v) ||
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

static const char *value_name(const struct rolling *r, int value)
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
    if (!input && from < 0) return value_name(r, first);
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
        if (piece->kind == PIECE_VALUE) text_add(&text, "%s", value_name(r, (int)piece->number));
    }
    const char *result = arena_strdup(&r->roll->arena, text_string(&text));
    text_free(&text);
    return result;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static struct roll_step *add_step(struct rolling *r, enum roll_kind kind, int block)
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

static void add_statement(struct rolling *r, struct roll_step *step, struct roll_statement s)
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
            text_add(&text, "%s", value_name(r, value));
        texts[k] = arena_strdup(arena, text_string(&text));
        text_free(&text);
    }
    int array =
        add_array(r, arena_printf(arena, "x%d", matvec), c_element_type(lo, hi), count, false);
    struct roll_step *step = add_step(r, ROLL_GATHER, program_block_of(p, matvec));
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
    struct roll_step *step = add_step(r, ROLL_MATRIX, group->block);
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
            step = add_step(r, ROLL_LOOP, group->block);
            step->count = group->count;
        }
        struct roll_statement s = {group->values[0], c_value_type(&r->p->ops[group->values[0]]),
                                   text, group->array};
        add_statement(r, step, s);
    }
}

/* The scores at one fraction. */
static void add_argmax(struct rolling *r, int v)
{
    const struct program *p = r->p;
    struct arena *arena = &r->roll->arena;
    struct roll_step *step = add_step(r, ROLL_ARGMAX, program_block_of(p, v));
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
                     value_name(r, r->argmax.scores[i]));
        if (up) text_add(&text, " * "), c_add_integer(&text, (int64_t)1 << up);
        step->texts[i] = arena_strdup(arena, text_string(&text));
        text_free(&text);
    }
    step->sum_type = wide ? "int64_t" : "int32_t";
    struct roll_statement s = {v, c_value_type(&p->ops[v]), "", -1};
    add_statement(r, step, s);
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
            if (!has_statement(r, v) || r->member[v] >= 0 || r->level[v] != level) continue;
            if (v == r->argmax.value) {
                add_argmax(r, v);
                continue;
            }
            struct roll_step *step = add_step(r, ROLL_SCALAR, program_block_of(p, v));
            struct roll_statement s = {v, c_value_type(&p->ops[v]), scalar_text(r, v), -1};
            add_statement(r, step, s);
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
            text_add(&text, "%s", value_name(r, value));
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
        if (!has_statement(r, v)) continue;
        if (is_dense_result(r, v) || r->result[v] >= 0) continue;
        if (v == r->argmax.value) {
            r->alone[v] = true;
            r->texts[v] = argmax_reads(r);
            continue;
        }
        c_add_expression(c, v);
        r->texts[v] = expression_parse(&r->arena, text_string(&c->body));
        text_free(&c->body);
        c->body = (struct text){0};
    }
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
    find_argmax(&r);
    find_dense(&r);
    write_texts(&r);
    find_groups(&r);
    find_loops(&r);
    find_arrays(&r);
    name_values(&r);
    add_steps(&r);
    add_outputs(&r);
    forget_groups(&r);
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
