/* Search over digits and formats. See search.h. */
#include "trainer/nn/search.h"

#include "trainer/nn/columns.h"
#include "trainer/nn/widths.h"

#include <stdlib.h>

#define R(x) ((real)(x))

enum {
    GRID = 20,          /* weights and biases as whole multiples of 2^-GRID */
    MOST_CHANGES = 24,  /* of one number */
    ESTIMATE_TILES = 64 /* about so many tiles are enough for an estimate */
};

/* A change is run if its estimated gain is above this; the estimate errs by about as much. */
static const double slack = -3e-4;

struct search {
    struct columns *columns;
    const struct price_model *price;
    double weight;
    int every; /* tiles from one that is looked at for an estimate to the next */
    struct search_result result;
};

/* ---- The price of a change --------------------------------------------------------------------
 */

static int digits_of(real w)
{
    return weight_digits_of((int64_t)ldexp((double)w, GRID));
}

static double term_price(struct search *s, int layer, int row)
{
    int most = s->price->layer_count - 1;
    const double *c = s->price->layers[layer < most ? layer : most].coefficients;
    int bits = column_bits(columns_layer(s->columns, layer - 1), row);
    return c[PRICE_TERM_BITS] * bits + c[PRICE_TERMS];
}

static const double *coefficients(const struct search *s, int layer)
{
    int most = s->price->layer_count - 1;
    return s->price->layers[layer < most ? layer : most].coefficients;
}

/* What goes when nobody reads element (layer, j) any more: its terms, adders and activation. */
static double neuron_price(struct search *s, int layer, int j)
{
    const struct column_layer *l = columns_layer(s->columns, layer);
    const double *c = coefficients(s, layer);
    double price = 0;
    bool any = false;
    for (int i = 0; i < l->inputs; i++) {
        int digits = digits_of(l->weights[i * l->outputs + j]);
        price += digits * term_price(s, layer, i);
        any = any || digits;
    }
    if (any) price += c[PRICE_NEURONS] + (l->bias[j] != 0 ? c[PRICE_TERMS] : 0);
    price += c[PRICE_ACTIVATION_BITS] * (l->has_activation ? column_bits(l, j) : 0);
    return price > 0 ? price : 0;
}

/* Digits of the weights that read element j of a layer. */
static int digits_behind(struct search *s, int layer, int j)
{
    if (layer + 1 >= s->columns->layer_count) return 0;
    const struct column_layer *next = columns_layer(s->columns, layer + 1);
    int digits = 0;
    for (int k = 0; k < next->outputs; k++)
        digits += digits_of(next->weights[j * next->outputs + k]);
    return digits;
}

static double format_price(struct search *s, const struct column_change *c)
{
    const struct column_layer *l = columns_layer(s->columns, c->layer);
    int more = c->fraction + c->range - column_bits(l, c->column);
    double price = more * digits_behind(s, c->layer, c->column) *
                   coefficients(s, c->layer + 1)[PRICE_TERM_BITS];
    if (c->layer < 0) return price;
    const double *own = coefficients(s, c->layer);
    price += more * own[PRICE_ACTIVATION_BITS];
    return price + ((c->value != 0) - (l->bias[c->column] != 0)) * own[PRICE_TERMS];
}

static double price_difference(struct search *s, const struct column_change *c)
{
    const struct column_layer *l = columns_layer(s->columns, c->layer);
    if (c->is_format) return format_price(s, c);
    if (c->row < 0)
        return ((c->value != 0) - (l->bias[c->column] != 0)) *
               coefficients(s, c->layer)[PRICE_TERMS];
    int more = digits_of(c->value) - digits_of(l->weights[c->row * l->outputs + c->column]);
    double price = more * term_price(s, c->layer, c->row);
    bool last_reader =
        c->value == 0 && c->layer > 0 && digits_behind(s, c->layer - 1, c->row) + more == 0;
    return last_reader ? price - neuron_price(s, c->layer - 1, c->row) : price;
}

/* ---- Changes of one number --------------------------------------------------------------------
 */

struct candidate {
    struct column_change change;
    double gain; /* how much it lowers loss + weight * price, estimated */
};
struct candidate_list {
    struct candidate *candidates;
    size_t count, capacity;
};

/* Estimates all changes of a number and lists the best, if it is promising. */
static void list_best(struct search *s, const struct column_change *changes, int count,
                      struct candidate_list *list)
{
    double differences[MOST_CHANGES];
    if (count == 0) return;
    columns_estimate(s->columns, changes, count, s->every, differences);
    struct candidate best = {.gain = slack};
    int found = -1;
    for (int k = 0; k < count; k++) {
        double gain = -(differences[k] + s->weight * price_difference(s, &changes[k]));
        if (!(gain > best.gain)) continue;
        best = (struct candidate){changes[k], gain};
        found = k;
    }
    if (found < 0) return;
    list->candidates = array_grow(list->candidates, &list->capacity, list->count + 1, sizeof best);
    list->candidates[list->count++] = best;
}

static int lowest_place(int64_t n)
{
    return n ? __builtin_ctzll((unsigned long long)n) : 0;
}

static int top_place(int64_t n)
{
    return n ? 63 - __builtin_clzll((unsigned long long)(n < 0 ? -n : n)) : 0;
}

/* Values one signed digit away from n: each digit removed, or moved one place up or down; one more
 * digit at places low..high. Returns how many, all different and different from n. */
static int neighbours(int64_t n, int low, int high, int64_t values[MOST_CHANGES])
{
    int64_t all[3 * 64 + 2 * 64];
    int count = 0, kept = 0;
    for (int64_t rest = n, place = 1; rest; place *= 2, rest /= 2) {
        if (rest % 2 == 0) continue;
        int64_t digit = (rest & 3) == 3 ? -1 : 1;
        rest -= digit;
        all[count++] = n - digit * place;
        all[count++] = n + digit * place;
        if (place > 1) all[count++] = n - digit * place / 2;
    }
    for (int p = low > 0 ? low : 0; p <= high; p++) {
        all[count++] = n + ((int64_t)1 << p);
        all[count++] = n - ((int64_t)1 << p);
    }
    for (int k = 0; k < count && kept < MOST_CHANGES; k++) {
        bool known = all[k] == n || weight_digits_of(all[k]) > weight_digits_of(n) + 1;
        for (int m = 0; m < kept; m++)
            known = known || values[m] == all[k];
        if (!known) values[kept++] = all[k];
    }
    return kept;
}

/* The finest place that weight or bias (row -1) may use: widths that are shared stay. */
static int finest_place(const struct search *s, const struct column_layer *l, int row, int j)
{
    const struct nn_widths *w = row < 0 ? &l->dense->bias_widths : &l->dense->weight_widths;
    if (w->grain == GRAIN_EACH || (row < 0 && w->grain == GRAIN_CHANNEL)) return 0;
    return GRID - widths_fraction(s->columns->nn, w, row < 0 ? 0 : row, j);
}

/* top: the place of the neuron's largest weight, for weights that are 0 so far. */
static void list_number(struct search *s, int layer, int row, int j, int top,
                        struct candidate_list *list)
{
    const struct column_layer *l = columns_layer(s->columns, layer);
    int64_t values[MOST_CHANGES];
    int64_t n =
        (int64_t)ldexp((double)(row < 0 ? l->bias[j] : l->weights[row * l->outputs + j]), GRID);
    int low = n ? lowest_place(n) - 2 : top - 2, high = n ? top_place(n) + 1 : top;
    if (high > low + 4) high = low + 4;
    int finest = finest_place(s, l, row, j);
    if (low < finest) low = finest;
    struct column_change changes[MOST_CHANGES];
    int count = neighbours(n, low, high, values), kept = 0;
    for (int k = 0; k < count; k++)
        if (!values[k] || lowest_place(values[k]) >= finest)
            changes[kept++] = (struct column_change){.layer = layer,
                                                     .row = row,
                                                     .column = j,
                                                     .value = R(ldexp((double)values[k], -GRID))};
    list_best(s, changes, kept, list);
}

static void list_format(struct search *s, int layer, int j, struct candidate_list *list)
{
    static const int moves[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    const struct column_layer *l = columns_layer(s->columns, layer);
    struct column_change changes[2 * 4];
    int count = 0;
    for (int m = 0; m < 4; m++) {
        struct column_change c = {.layer = layer, .row = -1, .column = j, .is_format = true};
        c.fraction = l->fraction[j] + moves[m][0];
        c.range = l->range[j] + moves[m][1];
        int bits = c.fraction + c.range;
        if (bits < 0 || bits > WIDTHS_MOST_BITS || c.fraction > WIDTHS_MOST_FRACTION) continue;
        if (l->quantizer->widths.grain == GRAIN_TENSOR) continue;
        if (moves[m][1] && !l->quantizer->range_learned) continue;
        if (layer >= 0) c.value = l->bias[j];
        changes[count++] = c;
        /* The half step of rounding that is in the bias goes with the step. */
        if (layer < 0 || !l->truncates || c.fraction == l->fraction[j]) continue;
        c.value += R(ldexp(1, -c.fraction - 1) - ldexp(1, -l->fraction[j] - 1));
        changes[count++] = c;
    }
    list_best(s, changes, count, list);
}

/* ---- Rounds -----------------------------------------------------------------------------------
 */

static bool may_change(const struct nn_op *dense, int row, int j)
{
    return !dense->kept || dense->kept[(ptrdiff_t)row * dense->columns + j];
}

static void list_neuron(struct search *s, int layer, int j, struct candidate_list *list)
{
    const struct column_layer *l = columns_layer(s->columns, layer);
    const struct column_layer *from = columns_layer(s->columns, layer - 1);
    real largest = 0;
    for (int i = 0; i < l->inputs; i++) {
        real w = real_abs(l->weights[i * l->outputs + j]);
        largest = w > largest ? w : largest;
    }
    if (largest == 0) return;
    int top = ilogb((double)largest) + GRID;
    for (int i = 0; i < l->inputs; i++)
        if (column_bits(from, i) > 0 && may_change(l->dense, i, j))
            list_number(s, layer, i, j, top, list);
    if (l->dense->bias.count) list_number(s, layer, -1, j, top, list);
    if (l->has_activation) list_format(s, layer, j, list);
}

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->gain != y->gain) return x->gain < y->gain ? 1 : -1;
    const struct column_change *c = &x->change, *d = &y->change;
    if (c->layer != d->layer) return c->layer < d->layer ? -1 : 1;
    if (c->column != d->column) return c->column < d->column ? -1 : 1;
    if (c->is_format != d->is_format) return c->is_format ? 1 : -1;
    return (c->row > d->row) - (c->row < d->row);
}

/* Whether what the change started from is still there. */
static bool is_current(struct search *s, const struct column_change *c)
{
    const struct column_layer *l = columns_layer(s->columns, c->layer);
    if (!c->is_format) return true;
    return abs(c->fraction - l->fraction[c->column]) + abs(c->range - l->range[c->column]) == 1;
}

/* Lists what is promising, then keeps what gains on all events, the most promising first. */
static int run_round(struct search *s, bool (*stop)(void))
{
    struct candidate_list list = {0};
    columns_derive(s->columns);
    for (int j = 0; s->columns->input.has_activation && j < s->columns->input.outputs; j++)
        list_format(s, -1, j, &list);
    for (int n = 0; n < s->columns->layer_count; n++)
        for (int j = 0; j < s->columns->layers[n].outputs && !(stop && stop()); j++)
            list_neuron(s, n, j, &list);
    if (list.count) qsort(list.candidates, list.count, sizeof *list.candidates, compare_candidates);
    int kept = 0;
    for (size_t i = 0; i < list.count && !(stop && stop()); i++) {
        const struct column_change *c = &list.candidates[i].change;
        if (!is_current(s, c)) continue;
        double price = s->weight * price_difference(s, c);
        s->result.tried++;
        double loss = columns_difference(s->columns, c, -price);
        if (!(loss + price < -1e-6)) continue;
        columns_keep(s->columns, c);
        kept++;
    }
    s->result.kept += kept;
    free(list.candidates);
    return kept;
}

/* ---- Back into the network --------------------------------------------------------------------
 */

static size_t place_of(const struct nn_widths *w, int row, int j)
{
    if (w->grain == GRAIN_TENSOR) return 0;
    return w->grain == GRAIN_CHANNEL ? (size_t)j : (size_t)row * (size_t)w->columns + (size_t)j;
}

/* Fraction bits that hold the number, at least those it had. */
static void hold(struct nn *nn, const struct nn_widths *w, int row, int j, real value)
{
    int64_t n = (int64_t)ldexp((double)value, GRID);
    real *fraction = &nn->parameters[w->fraction.first + place_of(w, row, j)];
    real needed = R(GRID - lowest_place(n));
    if (n && needed > real_rint(*fraction)) *fraction = needed;
}

static void write_formats(struct nn *nn, const struct column_layer *l)
{
    if (!l->quantizer) return;
    const struct nn_widths *w = &l->quantizer->widths;
    for (int j = 0; j < l->outputs; j++) {
        real *fraction = &nn->parameters[w->fraction.first + place_of(w, 0, j)];
        real *range = &nn->parameters[w->range.first + place_of(w, 0, j)];
        bool none = column_bits(l, j) == 0 && real_rint(*fraction) + real_rint(*range) <= 0;
        if (none) continue;
        if (real_rint(*fraction) != R(l->fraction[j])) *fraction = R(l->fraction[j]);
        if (real_rint(*range) != R(l->range[j])) *range = R(l->range[j]);
    }
}

/* Numbers that did not change keep their latent values. */
static void write_layer(struct nn *nn, const struct column_layer *l)
{
    const struct nn_op *op = l->dense;
    write_formats(nn, l);
    for (int i = 0; i < l->inputs; i++)
        for (int j = 0; j < l->outputs; j++) {
            size_t at = (size_t)i * (size_t)op->columns + (size_t)j;
            real value = l->weights[i * l->outputs + j];
            if (value == op->used_weights[at]) continue;
            nn->parameters[op->weights.first + at] = value;
            hold(nn, &op->weight_widths, i, j, value);
        }
    for (int j = 0; op->bias.count && j < l->outputs; j++) {
        /* The latent bias is what is left without the half step, which may have moved. */
        real half = op->half ? R(ldexp(1, -l->fraction[j] - 1)) : R(0);
        bool moved = op->half && half != op->half[j];
        if (l->bias[j] == op->used_bias[j] && !moved) continue;
        nn->parameters[op->bias.first + (size_t)j] = l->bias[j] - half;
        hold(nn, &op->bias_widths, 0, j, l->bias[j]);
    }
}

struct search_result nn_search(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                               long count, const struct price_model *price, double weight,
                               int rounds, bool (*stop)(void))
{
    struct search s = {.price = price, .weight = weight};
    s.columns = columns_open(nn, events, order, count);
    if (!s.columns) return s.result;
    s.result.possible = true;
    s.every = (s.columns->tiles + ESTIMATE_TILES - 1) / ESTIMATE_TILES;
    s.result.loss_before = columns_mean_loss(s.columns);
    s.result.price_before = price_eval(price, nn, 0, NULL);
    for (int kept = 1; kept > 0 && s.result.rounds < rounds; s.result.rounds++)
        kept = run_round(&s, stop);
    write_formats(nn, &s.columns->input);
    for (int n = 0; n < s.columns->layer_count; n++)
        write_layer(nn, &s.columns->layers[n]);
    nn_prepare(nn);
    s.result.loss_after = columns_mean_loss(s.columns);
    s.result.price_after = price_eval(price, nn, 0, NULL);
    columns_close(s.columns);
    return s.result;
}
