/* Which unit multiplies which weights when, where every engine goes its own way. */
#include "compiler/reuse/macs_planning.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int mac_shift(const struct reuse *r, const struct reuse_layer *layer, const struct mac_plan *plan,
              int row)
{
    return plan->input_fraction - op_fraction(&r->rewrite.old->ops[layer_operand(r, layer, row)]);
}

int64_t mac_weight(const struct reuse *r, const struct reuse_layer *layer,
                   const struct mac_plan *plan, int row, int column)
{
    return layer_weight(layer, row, column) * ((int64_t)1 << mac_shift(r, layer, plan, row));
}

/* What may be loaded, as mac_weight() would have it. */
static void declare_weights(struct planning *m)
{
    struct mac_plan *plan = &m->plan;
    const struct matrix *matrix = m->layer->matrix;
    int most = 0;
    for (int i = 0; i < m->layer->rows; i++) {
        int shift = mac_shift(m->r, m->layer, plan, i);
        if (m->layer->is_used[i] && shift > most) most = shift;
    }
    plan->weight_lo = matrix->lo * ((int64_t)1 << most);
    plan->weight_hi = matrix->hi * ((int64_t)1 << most);
}

static bool measure(struct planning *m)
{
    const struct program *old = m->r->rewrite.old;
    struct mac_plan *plan = &m->plan;
    plan->weight_fraction = m->layer->matrix->fraction_bits;
    plan->input_fraction = INT16_MIN;
    int least = INT16_MAX;
    for (int i = 0; i < m->layer->rows; i++) {
        if (!m->layer->is_used[i]) continue;
        const struct op *x = &old->ops[layer_operand(m->r, m->layer, i)];
        if (op_fraction(x) > plan->input_fraction) plan->input_fraction = op_fraction(x);
        if (op_fraction(x) < least) least = op_fraction(x);
        if (x->lo < plan->input_lo) plan->input_lo = x->lo;
        if (x->hi > plan->input_hi) plan->input_hi = x->hi;
    }
    if (least == INT16_MAX || plan->input_fraction - least > 16) return false;
    struct format whole = format_of_interval(plan->input_lo, plan->input_hi, 0);
    plan->input_lo = format_min(whole);
    plan->input_hi = format_max(whole);
    for (int i = 0; i < m->layer->rows; i++) {
        for (int j = 0; j < m->layer->columns; j++) {
            if (!m->layer->is_used[i] || m->tail->values[j] < 0) continue;
            int64_t w = mac_weight(m->r, m->layer, plan, i, j);
            if (w < plan->weight_lo) plan->weight_lo = w;
            if (w > plan->weight_hi) plan->weight_hi = w;
        }
    }
    if (m->layer->matrix->is_loadable) declare_weights(m);
    return true;
}

/* ---- pairs of products on one multiplier ----
 *
 *   (w1 + w2 2^k) (x2 + x1 2^k) = w1 x2 + (w1 x1 + w2 x2) 2^k + w2 x1 2^2k
 *
 * The middle is read off exactly if it and the low part fit k bits with sign; it is one less where
 * the low part is negative. */

static bool fits_bits(int64_t lo, int64_t hi, int bits)
{
    int64_t half = (int64_t)1 << (bits - 1);
    return lo >= -half && hi < half;
}

static int64_t least_product(const struct mac_plan *plan, int64_t w)
{
    int64_t a = w * plan->input_lo, b = w * plan->input_hi;
    return a < b ? a : b;
}

static int64_t most_product(const struct mac_plan *plan, int64_t w)
{
    int64_t a = w * plan->input_lo, b = w * plan->input_hi;
    return a > b ? a : b;
}

bool mac_pair_fits(const struct planning *m, int64_t w1, int64_t w2)
{
    const struct mac_plan *plan = &m->plan;
    int64_t whole = w1 + w2 * ((int64_t)1 << plan->shift);
    return fits_bits(whole, whole, target_of(m)->dsp_a_bits) &&
           fits_bits(least_product(plan, w1), most_product(plan, w1), plan->shift) &&
           fits_bits(least_product(plan, w1) + least_product(plan, w2) - 1,
                     most_product(plan, w1) + most_product(plan, w2), plan->shift);
}

bool mac_weights_fit(const struct planning *m)
{
    const struct mac_plan *plan = &m->plan;
    return plan->ports == 1 ||
           (mac_pair_fits(m, plan->weight_lo, 0) && mac_pair_fits(m, plan->weight_hi, 0));
}

/* How far the second input can be shifted; 0: no pairs. */
static int pair_shift(const struct planning *m)
{
    const struct mac_plan *plan = &m->plan;
    const struct target *t = target_of(m);
    bool is_signed = plan->input_lo < 0;
    int bits = width_of(plan->input_lo, plan->input_hi) + (!is_signed && !t->dsp_mixes_signs);
    int shift = t->dsp_b_bits - bits - is_signed; /* the least of both needs a bit more */
    return shift > 1 && shift >= bits ? shift : 0;
}

/* ---- a column's slots ---- */

int mac_compare_entries(const void *a, const void *b)
{
    const struct mac_entry *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int list_entries(const struct planning *m, int column, int bank, struct mac_entry *entries)
{
    int count = 0;
    for (int i = 0; i < m->layer->rows; i++) {
        if (!m->layer->is_used[i] || m->plan.bank[i] != bank) continue;
        int64_t w = mac_weight(m->r, m->layer, &m->plan, i, column);
        if (m->layer->matrix->is_loadable) w = 0; /* it may be any */
        if (layer_has_product(m->layer, i, column)) entries[count++] = (struct mac_entry){w, i};
    }
    qsort(entries, (size_t)count, sizeof *entries, mac_compare_entries);
    return count;
}

/* Entries of one bank: the largest with the smallest, which leave each other room. */
static int pair_up(const struct planning *m, const struct mac_entry *entries, int count,
                   struct mac_slot *slots)
{
    int slot = 0, first = 0, last = count - 1;
    while (first <= last) {
        const struct mac_entry *a = &entries[first], *b = &entries[last];
        if (first < last && mac_pair_fits(m, a->weight, b->weight)) {
            slots[slot++] = slot_of(a->row, b->row);
            first++, last--;
        } else if (first < last && mac_pair_fits(m, b->weight, a->weight)) {
            slots[slot++] = slot_of(b->row, a->row);
            first++, last--;
        } else if (llabs(a->weight) >= llabs(b->weight)) {
            slots[slot++] = slot_of(a->row, -1);
            first++;
        } else {
            slots[slot++] = slot_of(b->row, -1);
            last--;
        }
    }
    return slot;
}

/* Entries of two banks, one of each. */
static int pair_banks(const struct planning *m, const struct mac_entry *a, int a_count,
                      const struct mac_entry *b, int b_count, struct mac_slot *slots)
{
    int slot = 0, i = 0, k = b_count - 1;
    while (i < a_count || k >= 0) {
        bool both = i < a_count && k >= 0;
        if (both && mac_pair_fits(m, a[i].weight, b[k].weight)) {
            slots[slot++] = slot_of(a[i++].row, b[k--].row);
        } else if (i < a_count && (!both || llabs(a[i].weight) >= llabs(b[k].weight))) {
            slots[slot++] = slot_of(a[i++].row, -1);
        } else {
            slots[slot++] = slot_of(-1, b[k--].row);
        }
    }
    return slot;
}

static void fill_column(struct planning *m, int column, struct mac_entry *entries)
{
    int rows = m->layer->rows, *counts = m->counts[column];
    struct mac_slot *slots = m->slots[column];
    memset(counts, 0, sizeof m->counts[column]);
    struct mac_entry *others = entries + rows;
    if (m->plan.ports == 1) {
        for (int bank = 0; bank < m->plan.banks; bank++) {
            counts[bank] = list_entries(m, column, bank, entries);
            for (int i = 0; i < counts[bank]; i++)
                *slots++ = slot_of(entries[i].row, -1);
        }
        return;
    }
    int count = list_entries(m, column, 0, entries);
    if (m->plan.banks == 1) {
        counts[0] = pair_up(m, entries, count, slots);
    } else {
        int other = list_entries(m, column, 1, others);
        counts[0] = pair_banks(m, entries, count, others, other, slots);
    }
}

/* False if a weight fits no multiplier. */
static bool fill_slots(struct planning *m)
{
    struct arena *arena = &m->r->rewrite.arena;
    size_t columns = (size_t)m->layer->columns, rows = (size_t)m->layer->rows;
    struct mac_entry *entries = arena_alloc(arena, 2 * rows, sizeof *entries);
    m->slots = arena_alloc(arena, columns, sizeof *m->slots);
    m->counts = arena_alloc(arena, columns, sizeof *m->counts);
    m->classes = m->plan.ports == 1 ? m->plan.banks : 1;
    if (!mac_weights_fit(m)) return false;
    for (size_t j = 0; j < columns; j++) {
        if (m->tail->values[j] < 0) continue;
        m->slots[j] = arena_alloc(arena, rows + 1, sizeof *m->slots[j]);
        fill_column(m, (int)j, entries);
    }
    return true;
}

/* ---- engines ---- */

static int column_cycles(const struct planning *m, int column, int units)
{
    int longest = 1, share = units / m->classes;
    for (int c = 0; c < m->classes; c++) {
        int cycles = (m->counts[column][c] + share - 1) / share;
        if (cycles > longest) longest = cycles;
    }
    return longest;
}

struct job {
    int column, cycles, engine;
};

static int compare_jobs(const void *a, const void *b)
{
    const struct job *x = a, *y = b;
    if (x->cycles != y->cycles) return x->cycles > y->cycles ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

/* Longest first, each on the engine that is free first (Graham 1969). Returns the cycles. */
static int share_out(struct job *jobs, int count, int engines, int *ends)
{
    int last = 0;
    memset(ends, 0, (size_t)engines * sizeof *ends);
    for (int i = 0; i < count; i++) {
        int best = 0;
        for (int e = 1; e < engines; e++)
            if (ends[e] < ends[best]) best = e;
        jobs[i].engine = best;
        ends[best] += jobs[i].cycles;
        if (ends[best] > last) last = ends[best];
    }
    return last;
}

double mac_pick_price(int inputs, int bits)
{
    return inputs > 1 ? inputs * bits * 0.6 : 0;
}

double mac_unit_price(const struct planning *m)
{
    const struct mac_plan *plan = &m->plan;
    int w = width_of(plan->weight_lo, plan->weight_hi);
    int x = width_of(plan->input_lo, plan->input_hi);
    if (target_of(m)->dsp_a_bits) return MULTIPLIER_PRICE;
    int digits = (w + 1) / 2;
    return digits * (x + 1) + (digits - 1) * (x + 3);
}

/* Of engines so many with units so many; the longest column takes `longest` cycles. */
static double price_of(const struct planning *m, int engines, int units, int longest)
{
    const struct mac_plan *plan = &m->plan;
    const struct target *t = target_of(m);
    int w = width_of(plan->weight_lo, plan->weight_hi);
    int x = width_of(plan->input_lo, plan->input_hi);
    int product = plan->ports == 2 ? plan->shift : w + x, place = width_of(0, m->layer->rows - 1);
    double engine = units * mac_unit_price(m) + (units - 1) * (product + 1);
    if (longest > 1) engine += m->plan.sum_bits;
    double ports = (double)engines * units * plan->ports;
    double rom_bits = ports * (w + place), memories = ports;
    if (t->ram_width_max) memories += rom_bits / t->ram_width_max;
    int pipelines = (m->tail->count + m->limit - 1) / m->limit;
    double picks =
        pipelines * mac_pick_price((engines + pipelines - 1) / pipelines, m->plan.sum_bits);
    return engines * engine + picks + memories * t->ram_price_lut4;
}

/* The fewest engines whose columns end in time; 0: more units are needed. */
static int find_engines(const struct planning *m, int units, struct job *jobs, int *ends,
                        int *longest)
{
    int count = 0, total = 0;
    *longest = 1;
    for (int j = 0; j < m->layer->columns; j++) {
        if (m->tail->values[j] < 0) continue;
        int cycles = column_cycles(m, j, units);
        jobs[count++] = (struct job){j, cycles, 0};
        total += cycles;
        if (cycles > *longest) *longest = cycles;
    }
    if (*longest > m->limit) return 0;
    qsort(jobs, (size_t)count, sizeof *jobs, compare_jobs);
    int engines = (total + m->limit - 1) / m->limit;
    while (share_out(jobs, count, engines, ends) > m->limit)
        engines++;
    return engines;
}

static int compare_turns(const void *a, const void *b)
{
    const struct job *x = a, *y = b;
    if (x->engine != y->engine) return x->engine < y->engine ? -1 : 1;
    if (x->cycles != y->cycles) return x->cycles < y->cycles ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

/* The slots of one column into its cycles, class by class. */
static void place_column(struct planning *m, int engine, const struct mac_column *column)
{
    const struct mac_slot *slot = m->slots[column->column];
    int units = m->plan.units;
    for (int c = 0; c < m->classes; c++) {
        int share = units / m->classes;
        for (int k = 0; k < m->counts[column->column][c]; k++)
            *mac_slot(&m->plan, engine, column->first + k / share, c + m->classes * (k % share)) =
                *slot++;
    }
}

/* Short columns first on each engine, so that all have something to hand on early. */
static void place_columns(struct planning *m, struct job *jobs, int count)
{
    struct mac_plan *plan = &m->plan;
    struct arena *arena = &m->r->rewrite.arena;
    size_t slots = (size_t)plan->engines * (size_t)plan->cycles * (size_t)plan->units;
    plan->slots = arena_alloc(arena, slots, sizeof *plan->slots);
    for (size_t i = 0; i < slots; i++)
        plan->slots[i] = slot_of(-1, -1);
    plan->most_columns = count;
    plan->columns =
        arena_alloc(arena, (size_t)plan->engines * (size_t)count, sizeof *plan->columns);
    plan->counts = arena_alloc(arena, (size_t)plan->engines, sizeof *plan->counts);
    qsort(jobs, (size_t)count, sizeof *jobs, compare_turns);
    for (int i = 0, first = 0; i < count; i++) {
        int engine = jobs[i].engine;
        if (i && jobs[i - 1].engine != engine) first = 0;
        struct mac_column *column =
            &plan->columns[engine * plan->most_columns + plan->counts[engine]++];
        *column = (struct mac_column){jobs[i].column, first, jobs[i].cycles};
        first += jobs[i].cycles;
        place_column(m, engine, column);
    }
}

/* ---- when columns are handed on ---- */

static const struct mac_column *column_at(const struct mac_plan *plan, int engine, int number)
{
    return number < plan->counts[engine] ? &plan->columns[engine * plan->most_columns + number]
                                         : NULL;
}

static int column_end(const struct mac_column *column)
{
    return column->first + column->cycles - 1;
}

/* Every engine has a first column to hand on when the drain begins. */
static int drain_start(const struct mac_plan *plan)
{
    int start = 0;
    for (int e = 0; e < plan->engines; e++)
        if (column_end(column_at(plan, e, 0)) + 1 > start)
            start = column_end(column_at(plan, e, 0)) + 1;
    return start;
}

/* Of those of the pipeline that are done, the one whose engine needs its place again first; -1. */
static int next_engine(const struct mac_plan *plan, int pipeline, int cycle, const int *handed)
{
    int best = -1, earliest = INT_MAX;
    for (int e = pipeline; e < plan->engines; e += plan->drain.pipelines) {
        const struct mac_column *column = column_at(plan, e, handed[e]);
        const struct mac_column *next = column ? column_at(plan, e, handed[e] + 1) : NULL;
        if (!column || column_end(column) >= cycle) continue;
        int deadline = next ? column_end(next) : plan->cycles + column_end(column_at(plan, e, 0));
        if (deadline < earliest) {
            earliest = deadline;
            best = e;
        }
    }
    return best;
}

/* Earliest deadline first. False if that takes more than the limit. */
bool mac_plan_drain(struct planning *m)
{
    struct mac_plan *plan = &m->plan;
    struct arena *arena = &m->r->rewrite.arena;
    struct drain *drain = &plan->drain;
    drain->pipelines = (m->tail->count + m->limit - 1) / m->limit;
    if (drain->pipelines > plan->engines) drain->pipelines = plan->engines;
    size_t places = (size_t)drain->pipelines * (size_t)m->limit;
    int *handed = arena_alloc(arena, (size_t)plan->engines, sizeof *handed), left = m->tail->count;
    int *columns = arena_alloc(arena, places, sizeof *columns);
    int *engines = arena_alloc(arena, places, sizeof *engines);
    plan->drain_start = drain_start(plan);
    for (drain->cycles = 0; left > 0; drain->cycles++) {
        if (drain->cycles == m->limit) return false;
        for (int q = 0; q < drain->pipelines; q++) {
            int at = q * m->limit + drain->cycles;
            int e = next_engine(plan, q, plan->drain_start + drain->cycles, handed);
            engines[at] = e;
            columns[at] = e < 0 ? -1 : column_at(plan, e, handed[e]++)->column;
            left -= e >= 0;
        }
    }
    places = (size_t)drain->pipelines * (size_t)drain->cycles;
    drain->columns = arena_alloc(arena, places, sizeof *drain->columns);
    plan->drain_engine = arena_alloc(arena, places, sizeof *plan->drain_engine);
    for (int q = 0; q < drain->pipelines; q++) {
        for (int i = 0; i < drain->cycles; i++) {
            drain->columns[q * drain->cycles + i] = columns[q * m->limit + i];
            plan->drain_engine[q * drain->cycles + i] = engines[q * m->limit + i];
        }
    }
    return true;
}

/* ---- the cheapest ---- */

/* Tries all numbers of units; false if none will do. */
static bool choose_units(struct planning *m)
{
    struct mac_plan *plan = &m->plan;
    struct arena *arena = &m->r->rewrite.arena;
    size_t columns = (size_t)m->layer->columns;
    struct job *jobs = arena_alloc(arena, columns, sizeof *jobs);
    int *ends = arena_alloc(arena, columns * columns + 1, sizeof *ends), longest, units = 0;
    plan->price = -1;
    for (int u = m->classes; u <= m->layer->rows + m->classes; u += m->classes) {
        int engines = find_engines(m, u, jobs, ends, &longest);
        double price = engines ? price_of(m, engines, u, longest) : -1;
        if (engines && (plan->price < 0 || price < plan->price)) {
            plan->price = price;
            units = u;
        }
        if (engines && longest == 1) break;
    }
    if (!units) return false;
    plan->units = units;
    plan->engines = find_engines(m, units, jobs, ends, &longest);
    plan->accumulates = longest > 1;
    plan->cycles = 0;
    for (int e = 0; e < plan->engines; e++)
        if (ends[e] > plan->cycles) plan->cycles = ends[e];
    place_columns(m, jobs, m->tail->count);
    /* With nothing to share there would be memories in a program without loops. */
    return mac_plan_drain(m) && (plan->cycles > 1 || plan->drain.cycles > 1);
}

struct mac_plan *mac_plan(struct reuse *r, const struct reuse_layer *layer,
                          const struct reuse_tail *tail, int cycles, int banks, const int *bank,
                          bool in_step)
{
    struct mac_plan *best = NULL;
    struct planning m = {.r = r, .layer = layer, .tail = tail, .limit = cycles};
    m.plan.banks = banks;
    m.plan.in_step = in_step;
    m.plan.bank = arena_alloc(&r->rewrite.arena, (size_t)layer->rows, sizeof *m.plan.bank);
    for (int i = 0; i < layer->rows; i++)
        m.plan.bank[i] = bank[i];
    if (banks > MAC_BANKS || !measure(&m)) return NULL;
    m.plan.sum_bits = tail_sum_integer_bits(r->rewrite.old, tail) + m.plan.weight_fraction +
                      m.plan.input_fraction;
    if (m.plan.sum_bits < 1) m.plan.sum_bits = 1;
    if (m.plan.sum_bits > 60) return NULL;
    for (int ports = 1; ports <= MAC_PORTS; ports++) {
        m.plan.ports = ports;
        m.plan.shift = ports == 2 ? pair_shift(&m) : 0;
        if (ports == 2 && layer->matrix->is_loadable) break; /* whether they fit, the weights say */
        if (ports == 2 && !m.plan.shift) continue;
        if (in_step ? !mac_choose_in_step(&m) : !fill_slots(&m) || !choose_units(&m)) continue;
        if (best && best->price <= m.plan.price) continue;
        if (!best) best = arena_alloc(&r->rewrite.arena, 1, sizeof *best);
        *best = m.plan;
    }
    return best;
}
