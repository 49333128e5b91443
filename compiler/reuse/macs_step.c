/* Plans whose engines are in step: columns side by side in passes, one engine each, that all take
 * the same rows in the same cycle. */
#include "compiler/estimate/estimate.h"
#include "compiler/reuse/macs_planning.h"

#include <stdlib.h>
#include <string.h>

/* Columns that are worked on together, and the slots of the rows that any of them has a weight for,
 * those of one class after the other. */
struct pass {
    const int *columns;
    int count;
    struct mac_slot *slots;
    int counts[MAC_BANKS];
};

struct stepping {
    struct planning *m;
    int words;           /* of a set of rows */
    uint64_t **rows;     /* [columns] the rows that a column has weights for */
    int *order;          /* [tail count] columns, pass by pass */
    struct pass *passes; /* [tail count] */
    int pass_count, engines;
};

/* ---- passes ---- */

static int count_rows(const uint64_t *a, const uint64_t *b, int words)
{
    int count = 0;
    for (int i = 0; i < words; i++)
        count += __builtin_popcountll(a[i] | b[i]);
    return count;
}

static void find_rows(struct stepping *s)
{
    const struct planning *m = s->m;
    struct arena *arena = &m->r->rewrite.arena;
    s->words = (m->layer->rows + 63) / 64;
    s->rows = arena_alloc(arena, (size_t)m->layer->columns, sizeof *s->rows);
    for (int j = 0; j < m->layer->columns; j++) {
        if (m->tail->values[j] < 0) continue;
        s->rows[j] = arena_alloc(arena, (size_t)s->words, sizeof *s->rows[j]);
        for (int i = 0; i < m->layer->rows; i++)
            if (m->layer->is_used[i] && layer_weight(m->layer, i, j))
                s->rows[j][i / 64] |= (uint64_t)1 << (i % 64);
    }
}

/* The column of `left` that adds the fewest rows to `all`; of those the one with the most. */
static int nearest_column(const struct stepping *s, const int *left, int count, const uint64_t *all)
{
    int best = 0, least = 0, most = 0;
    for (int k = 0; k < count; k++) {
        const uint64_t *rows = s->rows[left[k]];
        int together = count_rows(rows, all, s->words), own = count_rows(rows, rows, s->words);
        if (k && (together > least || (together == least && own <= most))) continue;
        best = k;
        least = together;
        most = own;
    }
    return best;
}

/* Puts columns with weights for the same rows into one pass. */
static void make_passes(struct stepping *s, int engines)
{
    const struct planning *m = s->m;
    struct arena arena = {0};
    int *left = arena_alloc(&arena, (size_t)m->layer->columns + 1, sizeof *left), count = 0;
    uint64_t *all = arena_alloc(&arena, (size_t)s->words, sizeof *all);
    for (int j = 0; j < m->layer->columns; j++)
        if (m->tail->values[j] >= 0) left[count++] = j;
    s->engines = engines;
    s->pass_count = 0;
    for (int next = 0; count > 0;) {
        struct pass *pass = &s->passes[s->pass_count++];
        *pass = (struct pass){.columns = &s->order[next], .slots = pass->slots};
        memset(all, 0, (size_t)s->words * sizeof *all);
        while (pass->count < engines && count > 0) {
            int k = nearest_column(s, left, count, all);
            for (int i = 0; i < s->words; i++)
                all[i] |= s->rows[left[k]][i];
            s->order[next++] = left[k];
            pass->count++;
            memmove(&left[k], &left[k + 1], (size_t)(--count - k) * sizeof *left);
        }
    }
    arena_free(&arena);
}

/* ---- slots of a pass ---- */

static int64_t weight_of(const struct stepping *s, int row, int column)
{
    return mac_weight(s->m->r, s->m->layer, &s->m->plan, row, column);
}

/* Rows of a bank that the pass needs: in their order, for pairs by their largest weights. */
static int list_rows(const struct stepping *s, const struct pass *pass, int bank,
                     struct mac_entry *entries)
{
    const struct planning *m = s->m;
    int count = 0;
    for (int i = 0; i < m->layer->rows; i++) {
        int64_t largest = 0;
        if (!m->layer->is_used[i] || m->plan.bank[i] != bank) continue;
        for (int k = 0; k < pass->count; k++) {
            int64_t w = llabs(weight_of(s, i, pass->columns[k]));
            if (w > largest) largest = w;
        }
        if (largest) entries[count++] = (struct mac_entry){largest, i};
    }
    if (m->plan.ports == 2) qsort(entries, (size_t)count, sizeof *entries, mac_compare_entries);
    return count;
}

/* Whether the products of two rows fit one multiplier in every column of the pass. */
static bool rows_fit(const struct stepping *s, const struct pass *pass, int first, int second)
{
    for (int k = 0; k < pass->count; k++)
        if (!mac_pair_fits(s->m, weight_of(s, first, pass->columns[k]),
                           weight_of(s, second, pass->columns[k])))
            return false;
    return true;
}

/* The largest with the smallest, from one bank or from two. */
static int pair_rows(const struct stepping *s, struct pass *pass, const struct mac_entry *a,
                     int a_count, const struct mac_entry *b, int b_count)
{
    int slot = 0, i = 0, k = b_count - 1;
    while (i < a_count && k >= 0 && (a != b || i < k)) {
        if (rows_fit(s, pass, a[i].row, b[k].row))
            pass->slots[slot++] = slot_of(a[i++].row, b[k--].row);
        else if (a == b && rows_fit(s, pass, b[k].row, a[i].row))
            pass->slots[slot++] = slot_of(b[k--].row, a[i++].row);
        else
            pass->slots[slot++] = slot_of(a[i++].row, -1);
    }
    for (; i < a_count && (a != b || i <= k); i++)
        pass->slots[slot++] = slot_of(a[i].row, -1);
    for (; a != b && k >= 0; k--)
        pass->slots[slot++] = slot_of(-1, b[k].row);
    return slot;
}

static void fill_pass(const struct stepping *s, struct pass *pass, struct mac_entry *entries)
{
    const struct mac_plan *plan = &s->m->plan;
    struct mac_entry *others = entries + s->m->layer->rows;
    int count = 0;
    if (plan->ports == 1) {
        for (int bank = 0; bank < plan->banks; bank++) {
            pass->counts[bank] = list_rows(s, pass, bank, entries);
            for (int i = 0; i < pass->counts[bank]; i++)
                pass->slots[count++] = slot_of(entries[i].row, -1);
        }
        return;
    }
    count = list_rows(s, pass, 0, entries);
    if (plan->banks == 1)
        pass->counts[0] = pair_rows(s, pass, entries, count, entries, count);
    else
        pass->counts[0] = pair_rows(s, pass, entries, count, others, list_rows(s, pass, 1, others));
}

/* ---- the cheapest ---- */

static int pass_cycles(const struct stepping *s, const struct pass *pass, int units)
{
    int longest = 1, share = units / s->m->classes;
    for (int c = 0; c < s->m->classes; c++) {
        int cycles = (pass->counts[c] + share - 1) / share;
        if (cycles > longest) longest = cycles;
    }
    return longest;
}

static int all_cycles(const struct stepping *s, int units)
{
    int sum = 0;
    for (int k = 0; k < s->pass_count; k++)
        sum += pass_cycles(s, &s->passes[k], units);
    return sum;
}

/* The fewest units of an engine that end in time; 0: none do. */
static int find_units(const struct stepping *s)
{
    const struct planning *m = s->m;
    for (int units = m->classes; units <= m->layer->rows + m->classes; units += m->classes)
        if (all_cycles(s, units) <= m->limit) return units;
    return 0;
}

static double price_of(const struct stepping *s, int units)
{
    const struct planning *m = s->m;
    const struct mac_plan *plan = &m->plan;
    const struct target *t = target_of(m);
    int w = width_of(plan->weight_lo, plan->weight_hi);
    int x = width_of(plan->input_lo, plan->input_hi);
    int product = plan->ports == 2 ? plan->shift : w + x, longest = 1;
    for (int k = 0; k < s->pass_count; k++)
        if (pass_cycles(s, &s->passes[k], units) > longest)
            longest = pass_cycles(s, &s->passes[k], units);
    double engine = units * mac_unit_price(m) + (units - 1) * (product + 1);
    if (longest > 1) engine += plan->sum_bits;
    double ports = (double)units * plan->ports, bits = ports * s->engines * w;
    double rom = bits * index_bit_luts(all_cycles(s, units) / 16.0);
    if (t->ram_width_max && bits / t->ram_width_max * t->ram_price_lut4 < rom)
        rom = bits / t->ram_width_max * t->ram_price_lut4;
    int pipelines = (m->tail->count + m->limit - 1) / m->limit;
    double picks = mac_pick_price((s->engines + pipelines - 1) / pipelines, plan->sum_bits);
    return s->engines * engine + ports * t->ram_price_lut4 + rom + pipelines * picks;
}

static void place_pass(struct stepping *s, int number, int first, int units)
{
    struct planning *m = s->m;
    const struct pass *pass = &s->passes[number];
    int cycles = pass_cycles(s, pass, units), share = units / m->classes;
    for (int e = 0; e < s->engines; e++) {
        const struct mac_slot *slot = pass->slots;
        for (int c = 0; c < m->classes; c++)
            for (int k = 0; k < pass->counts[c]; k++)
                *mac_slot(&m->plan, e, first + k / share, c + m->classes * (k % share)) = *slot++;
        if (e >= pass->count) continue;
        int at = e * m->plan.most_columns + m->plan.counts[e]++;
        m->plan.columns[at] = (struct mac_column){pass->columns[e], first, cycles};
        if (cycles > 1) m->plan.accumulates = true;
    }
}

static void place_passes(struct stepping *s, int units)
{
    struct mac_plan *plan = &s->m->plan;
    struct arena *arena = &s->m->r->rewrite.arena;
    plan->engines = s->engines;
    plan->units = units;
    plan->cycles = all_cycles(s, units);
    plan->accumulates = false;
    plan->most_columns = s->pass_count;
    size_t engines = (size_t)s->engines,
           slots = engines * (size_t)plan->cycles * (size_t)plan->units;
    plan->slots = arena_alloc(arena, slots, sizeof *plan->slots);
    for (size_t i = 0; i < slots; i++)
        plan->slots[i] = slot_of(-1, -1);
    plan->columns = arena_alloc(arena, engines * (size_t)s->pass_count, sizeof *plan->columns);
    plan->counts = arena_alloc(arena, engines, sizeof *plan->counts);
    for (int k = 0, first = 0; k < s->pass_count; k++) {
        place_pass(s, k, first, units);
        first += pass_cycles(s, &s->passes[k], units);
    }
}

/* The passes of so many engines, their slots filled. */
static void prepare(struct stepping *s, int engines, struct mac_entry *entries)
{
    make_passes(s, engines);
    for (int k = 0; k < s->pass_count; k++)
        fill_pass(s, &s->passes[k], entries);
}

bool mac_choose_in_step(struct planning *m)
{
    struct arena *arena = &m->r->rewrite.arena;
    struct stepping s = {.m = m};
    size_t count = (size_t)m->tail->count + 1, rows = (size_t)m->layer->rows;
    struct mac_entry *entries = arena_alloc(arena, 2 * rows, sizeof *entries);
    int best = 0, tried = 0;
    m->classes = m->plan.ports == 1 ? m->plan.banks : 1;
    m->plan.price = -1;
    if (!mac_weights_fit(m)) return false;
    s.order = arena_alloc(arena, count, sizeof *s.order);
    s.passes = arena_alloc(arena, count, sizeof *s.passes);
    for (size_t k = 0; k < count; k++)
        s.passes[k].slots = arena_alloc(arena, rows + 1, sizeof *s.passes[k].slots);
    find_rows(&s);
    for (int passes = 1; passes <= m->tail->count && passes <= m->limit; passes++) {
        int engines = (m->tail->count + passes - 1) / passes;
        if (engines == tried) continue; /* the same in fewer passes */
        tried = engines;
        prepare(&s, engines, entries);
        int units = find_units(&s);
        double price = units ? price_of(&s, units) : -1;
        if (!units || (m->plan.price >= 0 && price >= m->plan.price)) continue;
        m->plan.price = price;
        best = engines;
    }
    if (!best) return false;
    prepare(&s, best, entries);
    place_passes(&s, find_units(&s));
    return mac_plan_drain(m) && (m->plan.cycles > 1 || m->plan.drain.cycles > 1);
}
