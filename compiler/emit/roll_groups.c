/* Finding what can be a loop: see roll.h.
 *
 * Lanes: results of a matrix have the number of their column, inputs that of their port, and an
 * operation has the lane that all its operands in lanes have. Operations whose texts differ in
 * integers and lanes alone form a group. Groups of the same origin, lanes and level are one loop;
 * the level counts how often values had to leave a loop on the way to it. */
#include "compiler/emit/roll_internal.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_PRODUCTS = 8, NOBODY = -2 };

bool roll_is_dense_result(const struct rolling *r, int v)
{
    const struct op *op = &r->p->ops[v];
    return op->code == OP_RESULT && r->is_dense[r->p->operands[op->operands]];
}

bool roll_has_statement(const struct rolling *r, int v)
{
    enum op_code code = r->p->ops[v].code;
    return r->roll->live[v] && code != OP_CONST && code != OP_MATVEC && code != OP_INPUT &&
           !r->consumed[v] && (!roll_is_dense_result(r, v) || r->result[v] >= 0);
}

/* ---- matrices -------------------------------------------------------------------------------- */

/* Whether the sums stay inside 63 bits whatever the order; *narrow: inside 32. */
bool roll_sums_fit(const struct program *p, const struct op *result, int fraction, bool *narrow)
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
        bool narrow = true,
             fits = roll_sums_fit(r->p, result, op_fraction(&r->p->ops[finer]), &narrow);
        r->result[fits ? finer : results[i]] = results[i];
        r->is_wide[m] = r->is_wide[m] || !narrow;
    }
}

void roll_find_matrices(struct rolling *r)
{
    for (int v = 0; v < r->p->op_count; v++)
        r->result[v] = -1;
    const struct program *p = r->p;
    int *results = arena_alloc(&r->arena, (size_t)p->op_count + 1, sizeof *results);
    for (int m = 0; m < p->op_count; m++) {
        if (p->ops[m].code != OP_MATVEC) continue;
        int count = list_results(r, m, results);
        bool narrow = true, fit = (long)count * p->ops[m].operand_count >= LEAST_PRODUCTS &&
                                  count >= ROLL_LEAST_LANES;
        for (int i = 0; i < count && fit; i++)
            fit = roll_sums_fit(p, &p->ops[results[i]], op_fraction(&p->ops[results[i]]), &narrow);
        r->is_dense[m] = fit;
        find_results(r, m, results, count);
    }
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
        return ROLL_IN;
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

void roll_forget_groups(struct rolling *r)
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
    roll_forget_groups(r);
    for (int v = 0; v < p->op_count; v++) {
        int lane = 0, root = NOBODY;
        if (!roll_has_statement(r, v)) continue;
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
void roll_find_groups(struct rolling *r)
{
    for (bool again = true; again;) {
        again = false;
        group_values(r);
        for (int g = 0; g < r->group_count; g++) {
            const struct group *group = &r->groups[g];
            if (group->is_root || group->count >= ROLL_LEAST_LANES) continue;
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
        if (!roll_has_statement(r, v)) continue;
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
void roll_find_loops(struct rolling *r)
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
void roll_find_arrays(struct rolling *r)
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
        if (!roll_has_statement(r, v)) continue;
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
