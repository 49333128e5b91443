/* Tails are compared by what they do: every integer that can come goes through both. Earlier passes
 * have written the columns' quantizers down differently where their sums have different fractions,
 * and moved what rounding adds into the biases of some; a correction found by trial makes up for
 * that. */
#include "compiler/reuse/tail.h"
#include "compiler/reuse/words.h"

#include "base/error.h"
#include "compiler/optimize/optimize.h"

#include <assert.h>
#include <stdlib.h>

enum { MOST_INTEGERS = 1 << 18, SAMPLES = 64 };

/* ---- one column's operations as a program of their own ---- */

/* Marks what `value` depends on; false if that is more than `base` and constants. */
static bool find_needed(const struct program *p, int base, int value, bool *needed)
{
    needed[value] = true;
    for (int v = value; v > base; v--) {
        const struct op *op = &p->ops[v];
        if (!needed[v] || op->code == OP_CONST) continue;
        if (op->operand_count == 0 || op->code >= OP_INDEX) return false;
        for (int k = 0; k < op->operand_count; k++)
            needed[p->operands[op->operands + k]] = true;
    }
    for (int v = 0; v < base; v++)
        if (needed[v] && p->ops[v].code != OP_CONST) return false;
    return needed[base];
}

/* floor to fewer fraction bits, no bit above lost? */
static bool is_truncation(const struct program *p, const struct op *op)
{
    const struct op *x = program_operand(p, op, 0);
    int drop = op_fraction(x) - op_fraction(op);
    if (op->code != OP_QUANTIZE || op->format.rounding != ROUND_TRN || drop < 0 || drop > 62)
        return false;
    return op->lo == x->lo >> drop && op->hi == x->hi >> drop;
}

/* The same operation on an operand that may span more: nothing is lost above that was not before.
 */
static int again(struct rewrite *w, int value)
{
    const struct op *op = &w->old->ops[value];
    if (op->code == OP_QUANTIZE && op->format.overflow == OVERFLOW_WRAP &&
        is_truncation(w->old, op))
        return rewrite_truncate(w->program, rewrite_operand(w, op, 0), op_fraction(op));
    return rewrite_again(w, value);
}

static struct program *tail_extract(const struct program *old, int base, int value,
                                    struct format format)
{
    struct rewrite w = {.old = old, .program = program_new("tail")};
    bool *needed = arena_alloc(&w.arena, (size_t)old->op_count + 1, sizeof *needed);
    w.map = arena_alloc(&w.arena, (size_t)old->op_count + 1, sizeof *w.map);
    bool alone = find_needed(old, base, value, needed);
    program_begin_block(w.program, "tail", "tail");
    w.map[base] = program_add_input(w.program, "sum", format, 1, 0);
    for (int v = 0; alone && v <= value; v++)
        if (needed[v] && v != base) w.map[v] = again(&w, v);
    program_add_output(w.program, "value", alone ? w.map[value] : 0);
    arena_free(&w.arena);
    if (alone) return w.program;
    program_free(w.program);
    return NULL;
}

/* ---- which values leave the layer, and from which sums ---- */

enum { OF_NONE = -1, OF_SEVERAL = -2 };

/* The column that each operation behind the matvec depends on. */
static int *find_owners(struct reuse *r, const struct reuse_layer *layer)
{
    const struct program *old = r->rewrite.old;
    int *owner = arena_alloc(&r->rewrite.arena, (size_t)old->op_count + 1, sizeof *owner);
    for (int v = layer->matvec + 1; v < layer->block->end; v++) {
        const struct op *op = &old->ops[v];
        owner[v] = OF_NONE;
        if (op->code == OP_RESULT && old->operands[op->operands] == layer->matvec) {
            owner[v] = (int)op->immediate;
            continue;
        }
        for (int k = 0; k < op->operand_count; k++) {
            int a = old->operands[op->operands + k];
            if (old->ops[a].code == OP_CONST) continue;
            int of = a > layer->matvec ? owner[a] : OF_SEVERAL;
            if (of != OF_NONE) owner[v] = owner[v] == OF_NONE || owner[v] == of ? of : OF_SEVERAL;
        }
    }
    return owner;
}

/* Values read outside the block: at most one of each column, and of one column each. */
static bool find_values(struct reuse *r, const struct reuse_layer *layer, struct reuse_tail *tail)
{
    const struct program *old = r->rewrite.old;
    const int *owner = find_owners(r, layer);
    bool *leaves = arena_alloc(&r->rewrite.arena, (size_t)old->op_count + 1, sizeof *leaves);
    layer_find_leaving(r, layer, leaves);
    for (int v = layer->matvec + 1; v < layer->block->end; v++) {
        if (!leaves[v] || old->ops[v].lo == old->ops[v].hi) continue;
        if (owner[v] < 0 || tail->values[owner[v]] >= 0) return false;
        tail->values[owner[v]] = v;
        tail->count++;
    }
    return tail->count > 0;
}

/* ---- scales ---- */

/* The only value that is made of a column's sum: of a scaling of it by a constant; -1: else. */
static int find_scaled(struct reuse *r, const struct reuse_layer *layer, int result)
{
    const struct program *old = r->rewrite.old;
    int matvec = -1, scaled = -1;
    for (int v = result + 1; v < layer->block->end; v++) {
        const struct op *op = &old->ops[v];
        if (!r->live[v]) continue;
        for (int k = 0; k < op->operand_count; k++) {
            int a = old->operands[op->operands + k];
            if (a == matvec && op->code == OP_RESULT) scaled = v;
            if (a != result) continue;
            if (op->code != OP_MATVEC || op->operand_count != 1 || matvec >= 0) return -1;
            matvec = v;
        }
    }
    return scaled;
}

static struct dyadic bias_of(const struct matrix *m, int column)
{
    return m->bias ? dyadic_make(m->bias[column], m->bias_fraction_bits) : (struct dyadic){0, 0};
}

/* The values that tails begin with: scaled sums if all columns scale theirs, else the sums. */
static int *find_bases(struct reuse *r, const struct reuse_layer *layer, struct reuse_tail *tail)
{
    const struct program *old = r->rewrite.old;
    int *bases = arena_alloc(&r->rewrite.arena, (size_t)layer->columns, sizeof *bases);
    tail->scales = true;
    for (int j = 0; j < layer->columns && tail->scales; j++) {
        if (tail->values[j] < 0) continue;
        bases[j] = find_scaled(r, layer, layer->results[j]);
        tail->scales = bases[j] >= 0 && bases[j] <= tail->values[j];
    }
    for (int j = 0; j < layer->columns; j++) {
        if (tail->values[j] < 0) continue;
        if (!tail->scales) {
            bases[j] = layer->results[j];
            continue;
        }
        const struct op *matvec = program_operand(old, &old->ops[bases[j]], 0);
        const struct matrix *m = &old->matrices[matvec->immediate];
        if (m->is_loadable) tail->loaded = m;
        tail->scale[j] = dyadic_make(m->integers[0], m->fraction_bits);
        tail->offset[j] = bias_of(m, 0);
    }
    return bases;
}

static bool same_number(struct dyadic a, struct dyadic b)
{
    return a.integer == b.integer && a.fraction_bits == b.fraction_bits;
}

/* One scaling for all columns is part of the function. */
static void drop_common_scale(const struct reuse_layer *layer, struct reuse_tail *tail, int *bases)
{
    int first = -1;
    for (int j = 0; j < layer->columns; j++) {
        if (tail->values[j] < 0) continue;
        if (first < 0) first = j;
        if (!same_number(tail->scale[j], tail->scale[first]) ||
            !same_number(tail->offset[j], tail->offset[first]))
            return;
    }
    tail->scales = false;
    for (int j = 0; j < layer->columns; j++) {
        bases[j] = layer->results[j];
        tail->offset[j] = (struct dyadic){0, 0};
    }
}

/* ---- comparing ---- */

/* Two columns' functions: tried on the integers [lo, hi] of the second. */
struct comparison {
    const struct program *function; /* of the first */
    int64_t lo, hi;
    int shift;             /* of the integers, up to the function's */
    const int64_t *wanted; /* [hi - lo + 1] */
    int64_t most, least;   /* the function's inputs */
    int64_t *inputs, *outputs;
};

static bool agrees(const struct comparison *c, int64_t correction, long step)
{
    long count = 0;
    for (int64_t n = c->lo;; n = n + step < c->hi ? n + step : c->hi) {
        int64_t input = n * ((int64_t)1 << c->shift) + correction;
        if (input < c->least || input > c->most) return false;
        c->inputs[count++] = input;
        if (n == c->hi) break;
    }
    program_eval(c->function, c->inputs, count, c->outputs);
    count = 0;
    for (int64_t n = c->lo;; n = n + step < c->hi ? n + step : c->hi) {
        if (c->outputs[count++] != c->wanted[n - c->lo]) return false;
        if (n == c->hi) return true;
    }
}

/* 0, or a power of two up to 2^bits, either sign. */
static bool find_correction(const struct comparison *c, int bits, int64_t *correction)
{
    long step = (long)((c->hi - c->lo) / SAMPLES) | 1;
    for (int k = 0; k < 2 * (bits + 1) + 1; k++) {
        int64_t power = k == 0 ? 0 : (int64_t)1 << (k - 1) / 2;
        *correction = k % 2 ? power : -power;
        if (agrees(c, *correction, step) && agrees(c, *correction, 1)) return true;
    }
    return false;
}

/* Whether column j's tail is `function` on its corrected base. */
static bool is_same(const struct program *old, const struct program *function, int base, int value,
                    int64_t *correction)
{
    const struct op *from = &old->ops[base];
    const struct op *input = &function->ops[function->inputs[0].value];
    const struct op *output = &function->ops[function->outputs[0].value];
    if (from->hi - from->lo >= MOST_INTEGERS ||
        op_fraction(output) != op_fraction(&old->ops[value]))
        return false;
    struct format format = format_of_interval(from->lo, from->hi, op_fraction(from));
    struct program *p = tail_extract(old, base, value, format);
    if (!p) return false;
    long count = (long)(from->hi - from->lo + 1);
    int64_t *integers = malloc((size_t)count * 4 * sizeof *integers);
    if (!integers) fail("out of memory");
    for (long i = 0; i < count; i++)
        integers[i] = from->lo + i;
    program_eval(p, integers, count, integers + count);
    struct comparison c = {.function = function,
                           .lo = from->lo,
                           .hi = from->hi,
                           .shift = op_fraction(input) - op_fraction(from),
                           .wanted = integers + count,
                           .least = input->lo,
                           .most = input->hi,
                           .inputs = integers + 2 * count,
                           .outputs = integers + 3 * count};
    int finer = op_fraction(input) - op_fraction(output);
    bool found = c.shift >= 0 && find_correction(&c, finer > 0 ? finer : 0, correction);
    free(integers);
    program_free(p);
    return found;
}

/* Operation by operation; for sums of too many values to try them all. */
static bool is_written_alike(const struct program *a, const struct program *b)
{
    if (a->op_count != b->op_count) return false;
    for (int v = 0; v < a->op_count; v++) {
        const struct op *x = &a->ops[v], *y = &b->ops[v];
        bool same = x->code == y->code && op_fraction(x) == op_fraction(y) &&
                    x->operand_count == y->operand_count && x->immediate == y->immediate;
        if (!same || x->code == OP_TABLE || x->code == OP_MATVEC) return false;
        if (x->code == OP_QUANTIZE && !format_equal(x->format, y->format) &&
            !(is_truncation(a, x) && is_truncation(b, y)))
            return false;
        for (int k = 0; k < x->operand_count; k++)
            if (a->operands[x->operands + k] != b->operands[y->operands + k]) return false;
    }
    return true;
}

static bool is_alike(const struct program *old, int base, int value, int base2, int value2)
{
    const struct op *x = &old->ops[base], *y = &old->ops[base2];
    struct format format = format_of_interval(x->lo, x->hi, op_fraction(x));
    struct format format2 = format_of_interval(y->lo, y->hi, op_fraction(y));
    struct program *a = tail_extract(old, base, value, format);
    struct program *b = a ? tail_extract(old, base2, value2, format2) : NULL;
    bool alike = b && is_written_alike(a, b);
    program_free(a);
    program_free(b);
    return alike;
}

/* ---- the tail ---- */

static void grow(int64_t lo, int64_t hi, int64_t *all_lo, int64_t *all_hi)
{
    if (lo < *all_lo) *all_lo = lo;
    if (hi > *all_hi) *all_hi = hi;
}

/* Hull of the values of some columns at the finest of their fractions. */
static void find_hull(const struct program *old, const struct reuse_layer *layer,
                      const struct reuse_tail *tail, const int *values, int *fraction, int64_t *lo,
                      int64_t *hi)
{
    *fraction = INT16_MIN;
    *lo = INT64_MAX;
    *hi = INT64_MIN;
    for (int j = 0; j < layer->columns; j++)
        if (tail->values[j] >= 0 && op_fraction(&old->ops[values[j]]) > *fraction)
            *fraction = op_fraction(&old->ops[values[j]]);
    for (int j = 0; j < layer->columns; j++) {
        if (tail->values[j] < 0) continue;
        const struct op *x = &old->ops[values[j]];
        int64_t unit = (int64_t)1 << (*fraction - op_fraction(x));
        grow(x->lo * unit, x->hi * unit, lo, hi);
    }
}

/* The function of the column whose base is finest, on what any column may bring. */
static struct program *find_function(const struct program *old, const struct reuse_layer *layer,
                                     const struct reuse_tail *tail, const int *bases, int *finest)
{
    int fraction;
    int64_t lo, hi;
    find_hull(old, layer, tail, bases, &fraction, &lo, &hi);
    *finest = -1;
    for (int j = 0; j < layer->columns && *finest < 0; j++)
        if (tail->values[j] >= 0 && op_fraction(&old->ops[bases[j]]) == fraction) *finest = j;
    int drop = fraction - op_fraction(&old->ops[tail->values[*finest]]);
    int64_t margin = drop > 0 && drop < 60 ? (int64_t)1 << drop : 0;
    return tail_extract(old, bases[*finest], tail->values[*finest],
                        format_of_interval(lo - margin, hi + margin, fraction));
}

static bool compare_all(const struct program *old, const struct reuse_layer *layer,
                        struct reuse_tail *tail, const int *bases, int finest)
{
    int fraction = op_fraction(&old->ops[bases[finest]]);
    for (int j = 0; j < layer->columns; j++) {
        int64_t correction = 0;
        if (tail->values[j] < 0 || j == finest) continue;
        if (!is_alike(old, bases[finest], tail->values[finest], bases[j], tail->values[j]) &&
            !is_same(old, tail->function, bases[j], tail->values[j], &correction))
            return false;
        tail->correction[j] = dyadic_make(correction, fraction);
        if (!dyadic_add(tail->offset[j], tail->correction[j], &tail->offset[j])) return false;
    }
    return true;
}

static struct reuse_tail *tail_new(struct reuse *r, const struct reuse_layer *layer)
{
    struct reuse_tail *tail = arena_alloc(&r->rewrite.arena, 1, sizeof *tail);
    size_t columns = (size_t)layer->columns;
    tail->values = arena_alloc(&r->rewrite.arena, columns, sizeof *tail->values);
    tail->scale = arena_alloc(&r->rewrite.arena, columns, sizeof *tail->scale);
    tail->offset = arena_alloc(&r->rewrite.arena, columns, sizeof *tail->offset);
    tail->correction = arena_alloc(&r->rewrite.arena, columns, sizeof *tail->correction);
    tail->columns = layer->columns;
    tail->layer = layer;
    tail->sums = layer->results;
    for (size_t j = 0; j < columns; j++)
        tail->values[j] = -1;
    return tail;
}

struct reuse_tail *tail_find(struct reuse *r, const struct reuse_layer *layer)
{
    const struct program *old = r->rewrite.old;
    struct reuse_tail *tail = tail_new(r, layer);
    int finest;
    if (!find_values(r, layer, tail)) return NULL;
    int *bases = find_bases(r, layer, tail);
    if (tail->scales && !tail->loaded) drop_common_scale(layer, tail, bases);
    tail->bases = bases;
    tail->function = find_function(old, layer, tail, bases, &finest);
    if (!tail->function) return NULL;
    if (!compare_all(old, layer, tail, bases, finest)) {
        tail_free(tail);
        return NULL;
    }
    struct program *function = optimize_adder_graph(tail->function, r->options->target);
    program_free(tail->function);
    tail->function = function;
    return tail;
}

struct reuse_tail *tail_none(struct reuse *r, const struct reuse_layer *layer)
{
    const struct program *old = r->rewrite.old;
    struct reuse_tail *tail = tail_new(r, layer);
    for (int j = 0; j < layer->columns; j++) {
        int v = layer->results[j];
        if (v < 0 || old->ops[v].lo == old->ops[v].hi) continue;
        tail->values[j] = v;
        tail->count++;
    }
    int fraction;
    int64_t lo, hi;
    tail->values_are_results = true;
    tail->bases = tail->sums;
    find_hull(old, layer, tail, layer->results, &fraction, &lo, &hi);
    tail->function = program_new("tail");
    program_begin_block(tail->function, "tail", "tail");
    int sum = program_add_input(tail->function, "sum", format_of_interval(lo, hi, fraction), 1, 0);
    program_add_output(tail->function, "value", sum);
    return tail;
}

void tail_free(struct reuse_tail *tail)
{
    if (tail && tail->function) program_free(tail->function);
}

/* ---- making it ---- */

/* A constant of each iteration, on the finest grid of them. */
static int constants(struct reuse *r, const char *name, const struct dyadic *of_column,
                     const int *columns)
{
    int trip = reuse_trip(r), fraction = 0;
    int64_t *entries = arena_alloc(&r->rewrite.arena, (size_t)trip, sizeof *entries);
    bool any = false;
    for (int i = 0; i < trip; i++) {
        struct dyadic d = columns[i] < 0 ? (struct dyadic){0, 0} : of_column[columns[i]];
        if (d.integer && (!any || d.fraction_bits > fraction)) fraction = d.fraction_bits;
        any = any || d.integer;
    }
    for (int i = 0; i < trip; i++) {
        struct dyadic d = columns[i] < 0 ? (struct dyadic){0, 0} : of_column[columns[i]];
        bool fits = dyadic_on_grid(d, fraction, &entries[i]);
        assert(fits); /* they are of one layer, whose formats hold them */
        (void)fits;
    }
    return any ? reuse_constant(r, name, entries, fraction) : -1;
}

/* Scales or offsets, loaded. */
static int load(struct reuse *r, const struct reuse_tail *tail, const int *columns,
                enum load_row row)
{
    const struct matrix *m = tail->loaded;
    const struct dyadic *of_column = row == LOAD_SCALE ? tail->scale : tail->offset;
    int trip = reuse_trip(r), value;
    int fraction = row == LOAD_SCALE ? m->fraction_bits : m->bias_fraction_bits;
    struct arena *arena = &r->rewrite.arena;
    int64_t *integers = arena_alloc(arena, (size_t)trip, sizeof *integers);
    struct load_cell *cells = arena_alloc(arena, (size_t)trip, sizeof *cells);
    for (int i = 0; i < trip; i++) {
        cells[i] = (struct load_cell){row, columns[i], 0};
        bool fits = columns[i] < 0 || dyadic_on_grid(of_column[columns[i]], fraction, &integers[i]);
        assert(fits); /* lowering rounded them to it */
        (void)fits;
    }
    struct word_field field = {m->lo, m->hi, integers, cells};
    const char *what = row == LOAD_SCALE ? "scale" : "offset";
    words_add(r, tail->layer, arena_printf(arena, "%s.%s", tail->layer->name, what), &field, 1,
              fraction, &value);
    return value;
}

/* The bits that hold the old values of[column] with what `offset` adds. */
static struct format format_with(const struct program *old, const struct reuse_tail *tail,
                                 const int *of, const struct dyadic *offset)
{
    int fraction = INT16_MIN;
    int64_t lo = INT64_MAX, hi = INT64_MIN;
    for (int j = 0; j < tail->columns; j++) {
        if (tail->values[j] < 0) continue;
        int f = op_fraction(&old->ops[of[j]]);
        if (offset && offset[j].integer && offset[j].fraction_bits > f) f = offset[j].fraction_bits;
        if (f > fraction) fraction = f;
    }
    for (int j = 0; j < tail->columns; j++) {
        if (tail->values[j] < 0) continue;
        const struct op *x = &old->ops[of[j]];
        int64_t unit = (int64_t)1 << (fraction - op_fraction(x)), added = 0;
        if (offset) dyadic_on_grid(offset[j], fraction, &added);
        grow(x->lo * unit + added, x->hi * unit + added, &lo, &hi);
    }
    struct format format = format_of_interval(lo, hi, fraction);
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return format;
}

/* Of the sums with their biases and, without scales, offsets. */
static struct format sum_format(const struct program *old, const struct reuse_tail *tail)
{
    return format_with(old, tail, tail->sums, tail->scales ? NULL : tail->offset);
}

int tail_sum_integer_bits(const struct program *old, const struct reuse_tail *tail)
{
    return sum_format(old, tail).integer_bits;
}

static int wrap(struct reuse *r, int value, struct format format)
{
    struct program *p = r->rewrite.program;
    const struct op *now = &p->ops[value];
    if (op_fraction(now) == format_fraction_bits(format) && now->lo >= format_min(format) &&
        now->hi <= format_max(format))
        return value;
    return program_add_quantize(p, value, format);
}

static int apply(struct reuse *r, const struct reuse_tail *tail, int value)
{
    struct rewrite w = {.old = tail->function, .program = r->rewrite.program};
    w.map = arena_alloc(&w.arena, (size_t)w.old->op_count + 1, sizeof *w.map);
    w.map[w.old->inputs[0].value] = value;
    for (int v = 0; v < w.old->op_count; v++)
        if (w.old->ops[v].code != OP_INPUT) w.map[v] = again(&w, v);
    int result = w.map[w.old->outputs[0].value];
    arena_free(&w.arena);
    return result;
}

int tail_emit(struct reuse *r, const struct reuse_tail *tail, int sum, const struct dyadic *bias,
              const int *columns)
{
    struct program *p = r->rewrite.program;
    int count = tail->columns, added;
    struct dyadic *first = arena_alloc(&r->rewrite.arena, (size_t)count, sizeof *first);
    for (int j = 0; j < count; j++) {
        if (bias) first[j] = bias[j];
        if (!tail->scales) dyadic_add(first[j], tail->offset[j], &first[j]);
    }
    added = constants(r, "control", first, columns);
    if (added >= 0) sum = program_add2(p, OP_ADD, sum, added, 0);
    sum = wrap(r, sum, sum_format(r->rewrite.old, tail));
    if (tail->scales) {
        int scale = tail->loaded ? load(r, tail, columns, LOAD_SCALE)
                                 : constants(r, "control", tail->scale, columns);
        assert(scale >= 0);
        sum = program_add2(p, OP_MUL, sum, scale, 0);
        added = tail->loaded ? load(r, tail, columns, LOAD_OFFSET)
                             : constants(r, "control", tail->offset, columns);
        if (added >= 0) sum = program_add2(p, OP_ADD, sum, added, 0);
        sum = wrap(r, sum, format_with(r->rewrite.old, tail, tail->bases, tail->correction));
    }
    return apply(r, tail, sum);
}
