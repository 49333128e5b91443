/* Constants of sums where they cost nothing, and subtractions by complements.
 *
 * A bias is an addend like any other to the adder graph's user, but hardware has better places for
 * it than an adder: the carry into a chain, and bits of operands that are always zero
 * (constant_plan.h). So the constants of every sum tree are taken out and put back where they are
 * free.
 *
 * Where the carry chain takes its operands raw, a - b costs an inverter per bit of b, unless b
 * comes complemented from the LUTs that make it: -b = (-1 - b) + 1 in steps of b, and -1 - b is all
 * its bits inverted. Changed are the differences whose subtrahend is made by an adder for them
 * alone; the 1 is one more constant. */
#include "compiler/optimize/constant_plan.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/optimize/sum_trees.h"
#include "compiler/program/linear.h"

#include <assert.h>
#include <limits.h>

/* What is added to one operand of a sum: up to three constants, from the highest down, in the
 * operand's own real units. */
enum { ADDED_MOST = 3 };
struct added {
    int count;
    struct dyadic constants[ADDED_MOST];
};

struct constants {
    struct sum_trees trees;
    bool inverts;            /* the carry chain inverts for free */
    int *lows;               /* [op_count] lowest bit of a value without its tree's constants */
    bool *is_complemented;   /* [op_count] a sub that becomes an addition of a complement */
    bool *has_carry;         /* [op_count] */
    struct added **added;    /* [op_count] of sums with something added: [2], else NULL */
    struct dyadic *minuends; /* [op_count] what goes into the constant minuend of a sub */
    struct dyadic *at_root;  /* [op_count] of roots: what found no place in the tree */
    struct linear_forms *forms;
    bool widens;                 /* what loops read: all stays as it is */
    const bool *is_read_bitwise; /* [old op_count] */
};

static bool is_sum_op(const struct op *op)
{
    return op->code == OP_ADD || op->code == OP_SUB;
}

static int operand_of(const struct program *p, int value, int k)
{
    return p->operands[p->ops[value].operands + k];
}

/* Lowest bit of operand k of v; of another tree's value with that tree's constants. */
static int low_of(const struct constants *c, int v, int k)
{
    const struct program *p = c->trees.program;
    int a = operand_of(p, v, k);
    return c->trees.parents[a] == v ? c->lows[a] : -op_fraction(&p->ops[a]);
}

static void find_lows(struct constants *c)
{
    const struct program *p = c->trees.program;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        int *low = &c->lows[v];
        *low = -op_fraction(op);
        if (c->trees.places[v].root < 0 || op->code == OP_QUANTIZE) continue;
        if (c->trees.is_skipped[v]) {
            int kept = sum_trees_kept(p, op);
            *low = low_of(c, v, kept) + (kept == 1 ? (int)op->immediate : 0);
        } else if (is_sum_op(op)) {
            int a = low_of(c, v, 0), b = low_of(c, v, 1) + (int)op->immediate;
            *low = a < b ? a : b;
        } else {
            *low = low_of(c, v, 0) + (op->code == OP_SHIFT ? (int)op->immediate : 0);
        }
    }
}

/* Lowest bits of the two operands in units of the value. */
static void operand_lows(const struct constants *c, int v, int lows[2])
{
    lows[0] = low_of(c, v, 0);
    lows[1] = low_of(c, v, 1) + (int)c->trees.program->ops[v].immediate;
}

static bool subtracts(const struct constants *c, int v)
{
    return c->trees.program->ops[v].code == OP_SUB && !c->is_complemented[v];
}

static int chain_of(const struct constants *c, int v)
{
    int lows[2];
    operand_lows(c, v, lows);
    return subtracts(c, v) || lows[1] > lows[0] ? lows[1] : lows[0];
}

static bool in_tree(const struct constants *c, int value, int root)
{
    return value == root || (c->trees.places[value].root == root && c->trees.parents[value] >= 0);
}

/* ---- complements ---- */

static void complement_differences(struct constants *c)
{
    const struct program *p = c->trees.program;
    for (int v = 0; v < p->op_count && !c->inverts; v++) {
        if (p->ops[v].code != OP_SUB || c->trees.is_skipped[v]) continue;
        struct place place = c->trees.places[v];
        int shift, b = sum_trees_value(&c->trees, operand_of(p, v, 1), &shift);
        bool made_for_it = is_sum_op(&p->ops[b]) && in_tree(c, b, place.root) && b != place.root;
        if (!made_for_it) continue;
        int lows[2];
        operand_lows(c, v, lows);
        struct dyadic one = dyadic_make(place.negative ? -1 : 1, -lows[1] - place.shift), sum;
        bool on_grid = place.grid == NO_GRID || lows[1] + place.shift >= place.grid;
        if (!on_grid || !dyadic_add(c->trees.constants[place.root], one, &sum)) continue;
        c->trees.constants[place.root] = sum;
        c->is_complemented[v] = true;
    }
}

/* A complement is taken in steps of its argument, so nothing finer may get into that. */
static void keep_steps(struct constants *c)
{
    const struct program *p = c->trees.program;
    for (int v = p->op_count - 1; v >= 0; v--) {
        int parent = c->trees.parents[v];
        if (parent < 0) continue;
        struct place *place = &c->trees.places[v];
        int grid = c->trees.places[parent].grid;
        if (c->is_complemented[parent] && operand_of(p, parent, 1) == v) {
            int step = c->lows[v] + place->shift;
            grid = step > grid ? step : grid;
        }
        if (grid > place->grid) place->grid = grid;
    }
}

/* ---- sites ---- */

enum { SITES_MOST = 64, CARRIES_MOST = 6 }; /* of one bit and sign */

struct site_list {
    int count, adders;
    struct site sites[SITES_MOST + 2];
};

static void add_site(struct site_list *list, struct site site)
{
    int same = 0;
    for (int i = 0; i < list->count; i++) {
        const struct site *s = &list->sites[i];
        same += s->kind == site.kind && s->bit == site.bit && s->negative == site.negative &&
                s->flips == site.flips && s->top == site.top;
    }
    int most = site.kind == SITE_CARRY ? CARRIES_MOST : 1;
    if (same < most && list->count < SITES_MOST) list->sites[list->count++] = site;
}

/* Whether something from bit `low` up on operand k leaves all chains above it as they are. */
static bool chains_stay(const struct constants *c, int v, int low)
{
    const struct program *p = c->trees.program;
    for (int child = v, u = c->trees.parents[v]; u >= 0; child = u, u = c->trees.parents[u]) {
        if (c->trees.is_skipped[u] || !is_sum_op(&p->ops[u])) continue;
        int lows[2], k = operand_of(p, u, 1) == child;
        operand_lows(c, u, lows);
        int other = lows[1 - k], bit = low - c->trees.places[u].shift;
        bool moves = subtracts(c, u) ? k == 1 : lows[k] >= other;
        if (moves && bit < lows[k] && lows[k] > (subtracts(c, u) ? INT_MIN : other)) return false;
    }
    return true;
}

static int count_levels(const struct constants *c, int v)
{
    int levels = 0;
    for (; v >= 0; v = c->trees.parents[v])
        levels++;
    return levels;
}

static int top_of(const struct op *op)
{
    return op->format.integer_bits - 1;
}

static bool is_apart(const struct constants *c, int v)
{
    return !subtracts(c, v) && op_adder_bits(c->trees.program, v) == 0;
}

/* The sites at a leaf that is operand k of v. */
static void add_leaf_sites(const struct constants *c, struct site_list *list, int v, int k)
{
    const struct program *p = c->trees.program;
    struct place edge = sum_trees_operand(&c->trees, v, k);
    int shift, value = sum_trees_value(&c->trees, operand_of(p, v, k), &shift);
    const struct op *leaf = &p->ops[value];
    if (leaf->code == OP_CONST) {
        if (k == 0 && subtracts(c, v))
            add_site(list, (struct site){.kind = SITE_MINUEND,
                                         .op = v,
                                         .negative = edge.negative,
                                         .first = edge.grid});
        return;
    }
    int up = edge.shift + shift, low = up - op_fraction(leaf), top = top_of(leaf) + up, lows[2];
    struct site site = {.kind = SITE_ADDER,
                        .op = v,
                        .k = k,
                        .negative = edge.negative,
                        .bit = low,
                        .top = top,
                        .first = edge.grid};
    operand_lows(c, v, lows);
    bool extends = subtracts(c, v) ? k == 1 : lows[k] > lows[1 - k];
    /* A sum whose addends do not overlap is free as long as they do not. */
    bool apart = is_apart(c, v), is_upper = lows[k] > lows[1 - k];
    if (!apart) add_site(list, site);
    site.kind = SITE_BELOW;
    site.extends = extends;
    bool stays = chains_stay(c, v, edge.grid == NO_GRID ? low - 64 : edge.grid);
    if (edge.grid < low && stays && !(apart && is_upper)) add_site(list, site);
    bool is_signed = leaf->lo < 0;
    if (!apart || is_upper)
        add_site(list, (struct site){.kind = SITE_ABOVE,
                                     .op = v,
                                     .k = k,
                                     .negative = edge.negative,
                                     .bit = top + !is_signed,
                                     .flips = is_signed,
                                     .first = edge.grid,
                                     .top = top_of(&p->ops[v]) + c->trees.places[v].shift,
                                     .levels = count_levels(c, v)});
}

static void add_sites(const struct constants *c, struct site_list *list, int v)
{
    struct place place = c->trees.places[v];
    int bit = chain_of(c, v) + place.shift;
    if (!is_apart(c, v) && (place.grid == NO_GRID || bit >= place.grid))
        add_site(list, (struct site){.kind = SITE_CARRY,
                                     .op = v,
                                     .negative = place.negative != subtracts(c, v),
                                     .bit = bit});
    for (int k = 0; k < 2; k++) {
        int shift, value = sum_trees_value(&c->trees, operand_of(c->trees.program, v, k), &shift);
        if (value == place.root || !in_tree(c, value, place.root)) add_leaf_sites(c, list, v, k);
    }
}

/* ---- placing ---- */

/* integer * 2^bit of the root, as real numbers of a value at `shift`. */
static struct dyadic at_place(int64_t integer, int bit, int shift)
{
    return dyadic_make(integer, shift - bit);
}

static struct added *added_to(struct constants *c, struct arena *arena, const struct site *site)
{
    if (!c->added[site->op]) c->added[site->op] = arena_alloc(arena, 2, sizeof(struct added));
    return &c->added[site->op][site->k];
}

static void push(struct added *added, struct dyadic constant)
{
    assert(added->count < ADDED_MOST);
    added->constants[added->count++] = constant;
}

/* Parts come with the highest first: what is added above before what is added below. */
static void place_part(struct constants *c, struct arena *arena, const struct site *site,
                       struct part part)
{
    int shift = sum_trees_operand(&c->trees, site->op, site->k).shift;
    struct dyadic constant = at_place(part.integer, part.bit, shift);
    switch (site->kind) {
    case SITE_CARRY: c->has_carry[site->op] = true; break;
    case SITE_MINUEND:
        constant.integer = site->negative ? -constant.integer : constant.integer;
        c->minuends[site->op] = constant;
        break;
    case SITE_ADDER: constant.integer = site->negative ? -constant.integer : constant.integer;
    /* fall through */
    case SITE_BELOW: push(added_to(c, arena, site), constant); break;
    case SITE_ABOVE: {
        struct added *added = added_to(c, arena, site);
        if (site->flips) { /* first the sign, then what stands above it */
            push(added, at_place(1, site->bit, shift));
            int64_t rest = part.integer * ((int64_t)1 << (part.bit - site->bit)) - 1;
            if (rest) push(added, at_place(rest, site->bit, shift));
        } else {
            push(added, constant);
        }
    }
    }
}

static void place_constant(struct constants *c, struct arena *arena, struct site_list *list,
                           int root)
{
    struct dyadic constant = c->trees.constants[root];
    if (!constant.integer) return;
    /* Whatever else: an adder behind the root. */
    list->sites[list->count++] = (struct site){.kind = SITE_ADDER,
                                               .op = -1,
                                               .bit = c->lows[root],
                                               .first = NO_GRID,
                                               .top = top_of(&c->trees.program->ops[root])};
    struct arena own = {0};
    struct constant_plan plan = constant_plan_make(&own, list->sites, list->count, constant.integer,
                                                   -constant.fraction_bits, c->lows[root]);
    for (int i = 0; i < plan.count; i++) {
        const struct part part = plan.parts[i];
        if (list->sites[part.site].op < 0)
            c->at_root[root] = at_place(part.integer, part.bit, 0);
        else
            place_part(c, arena, &list->sites[part.site], part);
    }
    arena_free(&own);
}

static void place_constants(struct constants *c, struct arena *arena)
{
    const struct program *p = c->trees.program;
    struct site_list *list = arena_alloc(arena, 1, sizeof *list);
    /* Values of a tree, the last first: its root, then those towards the leaves. */
    int *next = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *next);
    int *first = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *first);
    for (int v = 0; v < p->op_count; v++)
        first[v] = -1;
    for (int v = 0; v < p->op_count; v++) {
        int root = c->trees.places[v].root;
        if (root < 0 || c->trees.is_skipped[v] || !is_sum_op(&p->ops[v])) continue;
        next[v] = first[root];
        first[root] = v;
    }
    for (int root = 0; root < p->op_count; root++) {
        list->count = 0;
        if (!c->trees.constants[root].integer) continue;
        for (int v = first[root]; v >= 0; v = next[v])
            add_sites(c, list, v);
        place_constant(c, arena, list, root);
    }
}

/* ---- rewriting ---- */

static int add_constant(struct program *p, int value, struct dyadic constant)
{
    if (!constant.integer) return value;
    return program_add2(p, OP_ADD, value,
                        program_add_const(p, constant.integer, constant.fraction_bits), 0);
}

static int narrowed(struct constants *c, struct program *p, int sum)
{
    int64_t lo, hi;
    if (p->ops[sum].code == OP_CONST) return sum;
    linear_interval(c->forms, sum, &lo, &hi);
    program_narrow(p, sum, lo, hi);
    return sum;
}

static int with_added(struct constants *c, struct program *p, int value, const struct added *added)
{
    for (int i = 0; added && i < added->count; i++)
        value = narrowed(c, p, add_constant(p, value, added->constants[i]));
    return value;
}

/* All bits from 2^low up inverted. */
static int complement_of(struct program *p, int value, int low)
{
    if (op_fraction(&p->ops[value]) != -low) value = rewrite_truncate(p, value, -low);
    return program_add2(p, OP_SUB, program_add_const(p, -1, -low), value, 0);
}

static int sum_again(struct rewrite *r, int value)
{
    struct constants *c = r->pass;
    struct program *p = r->program;
    const struct op *op = &r->old->ops[value];
    int operands[3], *addends = operands + 1;
    for (int k = 0; k < 2; k++) {
        const struct added *added = c->added[value] ? &c->added[value][k] : NULL;
        addends[k] = with_added(c, p, rewrite_operand(r, op, k), added);
    }
    if (c->minuends[value].integer) {
        struct dyadic sum,
            old = dyadic_make(p->ops[addends[0]].lo, op_fraction(&p->ops[addends[0]]));
        if (dyadic_add(old, c->minuends[value], &sum))
            addends[0] = program_add_const(p, sum.integer, sum.fraction_bits);
        else
            addends[0] = add_constant(p, addends[0], c->minuends[value]);
    }
    enum op_code code = op->code;
    if (c->is_complemented[value]) {
        addends[1] = complement_of(p, addends[1], low_of(c, value, 1));
        code = OP_ADD;
    }
    if (!c->has_carry[value])
        return narrowed(c, p, program_add2(p, code, addends[0], addends[1], op->immediate));
    operands[0] = program_add_const(p, 1, -chain_of(c, value));
    code = code == OP_ADD ? OP_ADC : OP_SBB;
    return narrowed(c, p, program_add_op(p, code, operands, 3, op->immediate));
}

/* What a skipped operation stands for. */
static int kept_of(struct rewrite *r, const struct op *op)
{
    int kept = sum_trees_kept(r->old, op), value = rewrite_operand(r, op, kept);
    if (kept == 0 || op->immediate == 0) return value;
    return program_add_op(r->program, OP_SHIFT, &value, 1, op->immediate);
}

static int made_anew(struct rewrite *r, int value)
{
    struct constants *c = r->pass;
    const struct op *op = &r->old->ops[value];
    if (!c->forms) c->forms = linear_new(r->program);
    int root = c->trees.places[value].root, again;
    if (root < 0) return rewrite_again(r, value);
    if (c->trees.is_skipped[value])
        again = kept_of(r, op);
    else if (is_sum_op(op))
        again = sum_again(r, value);
    else if (op->code == OP_QUANTIZE)
        again = rewrite_truncate(r->program, rewrite_operand(r, op, 0), op_fraction(op));
    else
        again = narrowed(c, r->program, rewrite_again(r, value));
    if (root != value) return again;
    again = narrowed(c, r->program, add_constant(r->program, again, c->at_root[value]));
    /* Readers of bits count from the finest. */
    if (op_fraction(&r->program->ops[again]) != op_fraction(op))
        again = rewrite_truncate(r->program, again, op_fraction(op));
    return again;
}

static int constants_op(struct rewrite *r, int value)
{
    struct constants *c = r->pass;
    int again = made_anew(r, value);
    return c->is_read_bitwise[value] ? rewrite_same_bits(r, value, again, &c->widens) : again;
}

struct program *optimize_constants(const struct program *old, const struct target *target)
{
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct constants c = {.trees = sum_trees_find(&arena, old),
                          .inverts = target->carry_inverts_for_free,
                          .is_read_bitwise = find_read_bitwise(&arena, old)};
    c.lows = arena_alloc(&arena, count, sizeof *c.lows);
    c.is_complemented = arena_alloc(&arena, count, sizeof *c.is_complemented);
    c.has_carry = arena_alloc(&arena, count, sizeof *c.has_carry);
    c.added = arena_alloc(&arena, count, sizeof *c.added);
    c.minuends = arena_alloc(&arena, count, sizeof *c.minuends);
    c.at_root = arena_alloc(&arena, count, sizeof *c.at_root);
    find_lows(&c);
    complement_differences(&c);
    keep_steps(&c);
    place_constants(&c, &arena);
    struct program *program = rewrite_program(old, constants_op, &c);
    linear_free(c.forms);
    arena_free(&arena);
    if (!c.widens || !program_has_loops(old)) return program;
    program_free(program);
    return rewrite_program(old, rewrite_copy, NULL);
}
