/* Search over digits. See search.h.
 *
 * The network is held as columns: for each tile of events, each element's values side by side, so
 * that a change of one neuron is a few vector operations on the columns it touches. */
#include "trainer/nn/search.h"

#include "base/error.h"
#include "trainer/nn/widths.h"

#include <assert.h>
#include <stdlib.h>

#define R(x) ((real)(x))

enum { TILE = 512, MOST_LAYERS = 12, MOST_CHANGES = 24, GRID = 20 };

/* One dense layer and what its results pass through. */
struct stage {
    int inputs, outputs;
    real *w, *bias;                /* [inputs][outputs], [outputs] */
    bool has_activation, relu;     /* has_activation: false for the last layer */
    bool truncates;                /* else rounds to nearest */
    int *fraction, *range, *bits;  /* formats of the results, [outputs] */
    bool *is_signed;
    real *z, *y; /* [tile][outputs][TILE]: sums and results */
    struct nn_op *op, *activation;
};

struct search {
    struct arena arena;
    struct nn *nn;
    const struct price_model *price;
    double weight;
    int tiles;
    long count;
    int layer_count;
    struct stage layers[MOST_LAYERS];
    /* The inputs as a layer of their own: raw values in z, quantized ones in y. */
    struct stage input;
    int *labels;             /* [tile][TILE] */
    real *targets, *weights; /* [tile][outputs][TILE] or NULL; [tile][TILE], 0 past the events */
    double *loss;            /* [tile]: sum of weighted losses */
    double total_weight;
    /* What a change touches in the present tile, by layer. */
    real *scratch_z[MOST_LAYERS], *scratch_y, *difference;
    bool *touched[MOST_LAYERS];
    struct search_result result;
};

/* ---- Formats and activations ------------------------------------------------------------------ */

static real power_of_two(int n)
{
    return R(ldexp(1, n));
}

static void quantize_column(const struct stage *l, int j, int fraction, int bits, const real *z,
                            real *y)
{
    const real scale = power_of_two(fraction), step = power_of_two(-fraction);
    real high = 0, low = 0;
    if (bits > 0) high = l->is_signed[j] ? power_of_two(bits - 1) - 1 : power_of_two(bits) - 1;
    if (bits > 0 && l->is_signed[j]) low = -power_of_two(bits - 1);
    const real half = l->truncates ? R(0) : R(0.5);
    for (int e = 0; e < TILE; e++) {
        real v = l->relu && z[e] < 0 ? R(0) : z[e];
        v = real_floor(v * scale + half);
        v = v > high ? high : v;
        v = v < low ? low : v;
        y[e] = v * step;
    }
}

/* Sum of weighted losses of a tile, logits by column. */
static double tile_loss(const struct search *s, int tile, const real *const *logits)
{
    const struct stage *last = &s->layers[s->layer_count - 1];
    const int classes = last->outputs;
    const real *weights = s->weights + (ptrdiff_t)tile * TILE;
    const int *labels = s->labels + (ptrdiff_t)tile * TILE;
    real top[TILE], sum[TILE], chosen[TILE];
    memcpy(top, logits[0], sizeof top);
    memset(sum, 0, sizeof sum);
    for (int c = 1; c < classes; c++)
        for (int e = 0; e < TILE; e++)
            top[e] = logits[c][e] > top[e] ? logits[c][e] : top[e];
    for (int c = 0; c < classes; c++)
        for (int e = 0; e < TILE; e++)
            sum[e] += real_exp(logits[c][e] - top[e]);
    memset(chosen, 0, sizeof chosen);
    if (s->targets) {
        const real *t = s->targets + (ptrdiff_t)tile * classes * TILE;
        for (int c = 0; c < classes; c++)
            for (int e = 0; e < TILE; e++)
                chosen[e] += t[c * TILE + e] * logits[c][e];
    } else {
        for (int c = 0; c < classes; c++)
            for (int e = 0; e < TILE; e++)
                chosen[e] = labels[e] == c ? logits[c][e] : chosen[e];
    }
    real parts[PAD] = {0};
    for (int e = 0; e < TILE; e += PAD)
        for (int k = 0; k < PAD; k++)
            parts[k] += weights[e + k] * (top[e + k] + real_log(sum[e + k]) - chosen[e + k]);
    double total = 0;
    for (int k = 0; k < PAD; k++)
        total += (double)parts[k];
    return total;
}

static real *column(const struct stage *l, real *values, int tile, int j)
{
    return values + ((ptrdiff_t)tile * l->outputs + j) * TILE;
}

/* ---- Evaluating a change ----------------------------------------------------------------------- */

/* A change: either weight (row, column) of a layer gets another value (row -1: the bias), or the
 * format of an element (layer -1: of an input) does, its bias moving with it. */
struct change {
    int layer, row, column;
    bool is_format;
    real value;          /* of the weight or bias; with is_format, of the bias */
    int fraction, range; /* is_format */
    double gain;         /* how much it lowers loss + weight * price */
};

/* Element `element` of layer `l` (-1: input) changed by `difference`: carries it to the outputs;
 * returns the tile's loss. keep: also writes everything touched into the columns. */
static double carry(struct search *s, int tile, int l, int element, bool keep)
{
    /* The first layer behind reads one changed element, the others all that were touched. */
    for (int n = l + 1; n < s->layer_count; n++) {
        struct stage *layer = &s->layers[n];
        bool *touched = s->touched[n];
        memset(touched, 0, (size_t)layer->outputs);
        int first = n == l + 1 ? element : 0;
        int last = n == l + 1 ? element + 1 : layer->inputs;
        for (int i = first; i < last; i++) {
            if (n > l + 1 && !s->touched[n - 1][i]) continue;
            const real *d = n == l + 1 ? s->difference : s->scratch_z[n - 1] + (ptrdiff_t)i * TILE;
            for (int j = 0; j < layer->outputs; j++) {
                const real w = layer->w[i * layer->outputs + j];
                if (w == 0) continue;
                real *z = s->scratch_z[n] + (ptrdiff_t)j * TILE;
                const real *from = touched[j] ? z : column(layer, layer->z, tile, j);
                for (int e = 0; e < TILE; e++)
                    z[e] = from[e] + w * d[e];
                touched[j] = true;
            }
        }
        if (!layer->has_activation) break;
        /* Sums become differences of the results. */
        for (int j = 0; j < layer->outputs; j++) {
            if (!touched[j]) continue;
            real *z = s->scratch_z[n] + (ptrdiff_t)j * TILE, *y = column(layer, layer->y, tile, j);
            quantize_column(layer, j, layer->fraction[j], layer->bits[j], z, s->scratch_y);
            if (keep) memcpy(column(layer, layer->z, tile, j), z, TILE * sizeof *z);
            real any = 0;
            for (int e = 0; e < TILE; e++) {
                z[e] = s->scratch_y[e] - y[e];
                any += real_abs(z[e]);
            }
            if (keep) memcpy(y, s->scratch_y, TILE * sizeof *y);
            touched[j] = any != 0;
        }
    }
    struct stage *last = &s->layers[s->layer_count - 1];
    const real *logits[64];
    for (int c = 0; c < last->outputs; c++) {
        bool changed = l == s->layer_count - 1 ? c == element : s->touched[s->layer_count - 1][c];
        real *z = s->scratch_z[s->layer_count - 1] + (ptrdiff_t)c * TILE;
        logits[c] = changed ? z : column(last, last->z, tile, c);
        if (keep && changed) memcpy(column(last, last->z, tile, c), z, TILE * sizeof *z);
    }
    return tile_loss(s, tile, logits);
}

static struct stage *layer_at(struct search *s, int l)
{
    return l < 0 ? &s->input : &s->layers[l];
}

/* The loss of a tile with the change; keep: the change is made in this tile's columns. */
static double eval_tile(struct search *s, int tile, const struct change *c, bool keep)
{
    struct stage *l = layer_at(s, c->layer);
    int j = c->column;
    real *z = column(l, l->z, tile, j), *y = column(l, l->y, tile, j);
    real changed[TILE];
    real delta = 0;
    const real *x = NULL;
    if (c->is_format) {
        delta = c->layer < 0 ? R(0) : c->value - l->bias[j];
    } else if (c->row < 0) {
        delta = c->value - l->bias[j];
    } else {
        struct stage *from = layer_at(s, c->layer - 1);
        x = column(from, from->y, tile, c->row);
        delta = c->value - l->w[c->row * l->outputs + j];
    }
    for (int e = 0; e < TILE; e++)
        changed[e] = z[e] + delta * (x ? x[e] : R(1));
    if (!l->has_activation && c->layer >= 0) {
        memcpy(s->scratch_z[c->layer] + (ptrdiff_t)j * TILE, changed, sizeof changed);
        return carry(s, tile, c->layer, j, keep);
    }
    int fraction = c->is_format ? c->fraction : l->fraction[j];
    int bits = c->is_format ? c->fraction + c->range : l->bits[j];
    quantize_column(l, j, fraction, bits, changed, s->scratch_y);
    real any = 0;
    for (int e = 0; e < TILE; e++) {
        s->difference[e] = s->scratch_y[e] - y[e];
        any += real_abs(s->difference[e]);
    }
    if (keep) {
        memcpy(z, changed, sizeof changed);
        memcpy(y, s->scratch_y, TILE * sizeof *y);
    }
    return any == 0 ? s->loss[tile] : carry(s, tile, c->layer, j, keep);
}

/* Mean loss with the change, less that without. Gives up once it cannot be `wanted` any more. */
static double loss_difference(struct search *s, const struct change *c, double wanted)
{
    double sum = 0;
    for (int t = 0; t < s->tiles; t++) {
        sum += eval_tile(s, t, c, false) - s->loss[t];
        /* A quarter of the events that says clearly no is enough. */
        if (4 * (t + 1) >= s->tiles && sum / s->total_weight > 2 * wanted + 1e-4) break;
    }
    return sum / s->total_weight;
}

/* ---- The price of a change ---------------------------------------------------------------------- */

static int digits_of(real w)
{
    return weight_digits_of((int64_t)ldexp((double)w, GRID));
}

static double source_bits(struct search *s, int layer, int row)
{
    return (double)layer_at(s, layer - 1)->bits[row];
}

static const double *coefficients(const struct search *s, int layer)
{
    int most = s->price->layer_count - 1;
    return s->price->layers[layer < most ? layer : most].coefficients;
}

/* The price of what makes element (layer, j): its terms, its adders, its activation. */
static double neuron_price(struct search *s, int layer, int j)
{
    const struct stage *l = &s->layers[layer];
    const double *c = coefficients(s, layer);
    double price = 0;
    bool any = false;
    for (int i = 0; i < l->inputs; i++) {
        int digits = digits_of(l->w[i * l->outputs + j]);
        price += digits * (c[PRICE_TERM_BITS] * source_bits(s, layer, i) + c[PRICE_TERMS]);
        any = any || digits;
    }
    if (any) price += c[PRICE_NEURONS] + (l->bias[j] != 0 ? c[PRICE_TERMS] : 0);
    return price + c[PRICE_ACTIVATION_BITS] * (l->has_activation ? l->bits[j] : 0);
}

static double terms_behind(struct search *s, int layer, int j)
{
    if (layer + 1 >= s->layer_count) return 0;
    const struct stage *next = &s->layers[layer + 1];
    double digits = 0;
    for (int k = 0; k < next->outputs; k++)
        digits += digits_of(next->w[j * next->outputs + k]);
    return digits;
}

static double price_difference(struct search *s, const struct change *c)
{
    const double *own = coefficients(s, c->layer < 0 ? 0 : c->layer);
    struct stage *l = layer_at(s, c->layer);
    int j = c->column;
    if (c->is_format) {
        int more = c->fraction + c->range - l->bits[j];
        double behind = terms_behind(s, c->layer, j);
        double price = 0;
        if (c->layer + 1 < s->layer_count)
            price = more * behind * coefficients(s, c->layer + 1)[PRICE_TERM_BITS];
        if (c->layer >= 0) {
            price += more * own[PRICE_ACTIVATION_BITS];
            price += ((c->value != 0) - (l->bias[j] != 0)) * own[PRICE_TERMS];
        }
        return price;
    }
    if (c->row < 0) return ((c->value != 0) - (l->bias[j] != 0)) * own[PRICE_TERMS];
    int more = digits_of(c->value) - digits_of(l->w[c->row * l->outputs + j]);
    double price =
        more * (own[PRICE_TERM_BITS] * source_bits(s, c->layer, c->row) + own[PRICE_TERMS]);
    /* A neuron that nobody reads any more goes, and with it all that made it. */
    bool last_reader = c->value == 0 && c->layer > 0 &&
                       terms_behind(s, c->layer - 1, c->row) + more == 0;
    if (last_reader) price -= fmax(0, neuron_price(s, c->layer - 1, c->row));
    return price;
}

/* ---- Trying and keeping ------------------------------------------------------------------------- */

static void try_change(struct search *s, struct change *c, struct change *best)
{
    double price = s->weight * price_difference(s, c);
    s->result.tried++;
    double loss = loss_difference(s, c, -price);
    c->gain = -(loss + price);
    if (c->gain > best->gain) *best = *c;
}

static void keep_change(struct search *s, const struct change *c)
{
    struct stage *l = layer_at(s, c->layer);
    for (int t = 0; t < s->tiles; t++)
        s->loss[t] = eval_tile(s, t, c, true);
    if (c->is_format) {
        l->fraction[c->column] = c->fraction;
        l->range[c->column] = c->range;
        l->bits[c->column] = c->fraction + c->range;
        if (c->layer >= 0) l->bias[c->column] = c->value;
    } else if (c->row < 0) {
        l->bias[c->column] = c->value;
    } else {
        l->w[c->row * l->outputs + c->column] = c->value;
    }
    s->result.kept++;
}

/* Values one signed digit away from n: each digit removed, or one place up or down; one added. */
static int neighbours(int64_t n, int low, int high, int64_t *values)
{
    int count = 0;
    for (int64_t rest = n, place = 1; rest; place *= 2, rest /= 2) {
        if (rest % 2 == 0) continue;
        int64_t digit = (rest & 3) == 3 ? -1 : 1;
        rest -= digit;
        values[count++] = n - digit * place;
        values[count++] = n + digit * place;                       /* one place up */
        if (place > 1) values[count++] = n - digit * place / 2; /* one place down */
        if (count > MOST_CHANGES - 10) break;
    }
    for (int p = low; p <= high && count + 2 <= MOST_CHANGES; p++) {
        if (p < 0) continue;
        values[count++] = n + ((int64_t)1 << p);
        values[count++] = n - ((int64_t)1 << p);
    }
    return count;
}

static int lowest_place(int64_t n)
{
    return n ? __builtin_ctzll((unsigned long long)n) : 0;
}

static int top_place(int64_t n)
{
    return n ? 63 - __builtin_clzll((unsigned long long)(n < 0 ? -n : n)) : 0;
}

/* Appends to the list the best change of one weight, bias or format, if there is one that gains. */
struct change_list {
    struct change *changes;
    size_t count, capacity;
};

static void list_change(struct change_list *list, const struct change *c)
{
    if (!(c->gain > 1e-7)) return;
    list->changes = array_grow(list->changes, &list->capacity, list->count + 1, sizeof *c);
    list->changes[list->count++] = *c;
}

static void try_number(struct search *s, int layer, int row, int j, int low, int high,
                       struct change_list *list)
{
    struct stage *l = &s->layers[layer];
    real now = row < 0 ? l->bias[j] : l->w[row * l->outputs + j];
    int64_t n = (int64_t)ldexp((double)now, GRID), values[MOST_CHANGES];
    if (n) {
        low = lowest_place(n) - 2;
        high = top_place(n) + 1;
        if (high > low + 4) high = low + 4;
    }
    int count = neighbours(n, low, high, values);
    struct change best = {.gain = 0};
    for (int k = 0; k < count; k++) {
        struct change c = {.layer = layer, .row = row, .column = j};
        c.value = R(ldexp((double)values[k], -GRID));
        bool twice = values[k] == n;
        for (int m = 0; m < k; m++)
            twice = twice || values[m] == values[k];
        if (!twice && digits_of(c.value) <= digits_of(now) + 1) try_change(s, &c, &best);
    }
    list_change(list, &best);
}

static void try_format(struct search *s, int layer, int j, struct change_list *list)
{
    struct stage *l = layer_at(s, layer);
    struct change best = {.gain = 0};
    static const int moves[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    for (int m = 0; m < 4; m++) {
        struct change c = {.layer = layer, .row = -1, .column = j, .is_format = true};
        c.fraction = l->fraction[j] + moves[m][0];
        c.range = l->range[j] + moves[m][1];
        if (c.fraction + c.range < 0 || c.fraction + c.range > WIDTHS_MOST_BITS) continue;
        if (layer >= 0) {
            c.value = l->bias[j];
            /* The half step in the bias goes with the step. */
            if (l->truncates && l->op->bias.count)
                c.value += power_of_two(-c.fraction - 1) - power_of_two(-l->fraction[j] - 1);
        }
        try_change(s, &c, &best);
        if (layer >= 0 && c.value != l->bias[j]) {
            c.value = l->bias[j];
            try_change(s, &c, &best);
        }
    }
    list_change(list, &best);
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return (x->gain < y->gain) - (x->gain > y->gain);
}

/* Tries everything once, then keeps what still gains, the best first. */
static int run_round(struct search *s)
{
    struct change_list list = {0};
    for (int j = 0; s->input.has_activation && j < s->input.outputs; j++)
        try_format(s, -1, j, &list);
    for (int n = 0; n < s->layer_count; n++) {
        struct stage *l = &s->layers[n];
        for (int j = 0; j < l->outputs; j++) {
            real largest = 0;
            for (int i = 0; i < l->inputs; i++) {
                real w = real_abs(l->w[i * l->outputs + j]);
                largest = w > largest ? w : largest;
            }
            if (largest == 0) continue;
            int top = ilogb((double)largest) + GRID;
            for (int i = 0; i < l->inputs; i++)
                if (layer_at(s, n - 1)->bits[i] > 0) try_number(s, n, i, j, top - 2, top, &list);
            if (l->op->bias.count) try_number(s, n, -1, j, top - 3, top + 1, &list);
            if (l->has_activation) try_format(s, n, j, &list);
        }
    }
    if (list.count) qsort(list.changes, list.count, sizeof *list.changes, compare_changes);
    int kept = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct change again = list.changes[i], best = {.gain = 0};
        /* What it starts from may have changed since. */
        struct stage *l = layer_at(s, again.layer);
        if (again.is_format && abs(again.fraction - l->fraction[again.column]) +
                                       abs(again.range - l->range[again.column]) != 1)
            continue;
        try_change(s, &again, &best);
        if (!(best.gain > 0.3 * list.changes[i].gain)) continue;
        keep_change(s, &again);
        kept++;
    }
    free(list.changes);
    return kept;
}

/* ---- From the network and back ------------------------------------------------------------------ */

static void add_formats(struct search *s, struct stage *l, const struct nn_op *op, int count)
{
    l->fraction = arena_alloc(&s->arena, (size_t)count, sizeof(int));
    l->range = arena_alloc(&s->arena, (size_t)count, sizeof(int));
    l->bits = arena_alloc(&s->arena, (size_t)count, sizeof(int));
    l->is_signed = arena_alloc(&s->arena, (size_t)count, sizeof(bool));
    for (int j = 0; op && j < count; j++) {
        l->fraction[j] = widths_fraction(s->nn, &op->widths, 0, j);
        l->bits[j] = widths_bits(s->nn, op, j);
        l->range[j] = l->bits[j] - l->fraction[j];
        l->is_signed[j] = op->is_signed[j];
    }
    l->has_activation = op != NULL;
    l->relu = op && op->activation == ACTIVATION_RELU;
    l->truncates = op && op->quant.rounding == ROUND_TRN;
}

static bool add_layer(struct search *s, struct nn_op *op, struct nn_op *activation)
{
    if (s->layer_count == MOST_LAYERS || !op->weight_widths.learned) return false;
    if (op->bias.count && !op->bias_widths.learned) return false;
    if (op->outputs > 64 && !activation) return false;
    struct stage *l = &s->layers[s->layer_count++];
    l->op = op;
    l->activation = activation;
    l->inputs = op->inputs;
    l->outputs = op->outputs;
    l->w = arena_alloc(&s->arena, (size_t)op->inputs * (size_t)op->outputs, sizeof(real));
    l->bias = arena_alloc(&s->arena, (size_t)op->outputs, sizeof(real));
    for (int i = 0; i < op->inputs; i++)
        for (int j = 0; j < op->outputs; j++)
            l->w[i * op->outputs + j] = op->used_weights[(ptrdiff_t)i * op->columns + j];
    for (int j = 0; op->bias.count && j < op->outputs; j++)
        l->bias[j] = op->used_bias[j];
    add_formats(s, l, activation, op->outputs);
    size_t values = (size_t)s->tiles * (size_t)op->outputs * TILE;
    l->z = arena_alloc(&s->arena, values, sizeof(real));
    l->y = arena_alloc(&s->arena, values, sizeof(real));
    int n = s->layer_count - 1;
    s->scratch_z[n] = arena_alloc(&s->arena, (size_t)op->outputs * TILE, sizeof(real));
    s->touched[n] = arena_alloc(&s->arena, (size_t)op->outputs, sizeof(bool));
    return true;
}

/* Layers from operations: [input quantizer] dense [activation] dense ... dense. */
static bool read_network(struct search *s)
{
    struct nn *nn = s->nn;
    int i = 0;
    s->input.inputs = s->input.outputs = nn->inputs;
    struct nn_op *quantizer =
        nn->op_count && nn->ops[0].kind == OP_ACTIVATION && nn->ops[0].widths.learned ? &nn->ops[i++]
                                                                                     : NULL;
    add_formats(s, &s->input, quantizer, nn->inputs);
    for (int j = 0; !quantizer && j < nn->inputs; j++)
        s->input.bits[j] =
            nn->input_quant.count ? quantizer_at(&nn->input_quant, j).width_bits : 16;
    s->input.activation = quantizer;
    size_t values = (size_t)s->tiles * (size_t)nn->inputs * TILE;
    s->input.z = arena_alloc(&s->arena, values, sizeof(real));
    s->input.y = arena_alloc(&s->arena, values, sizeof(real));
    while (i < nn->op_count) {
        if (nn->ops[i].kind == OP_DROPOUT) {
            i++;
            continue;
        }
        if (nn->ops[i].kind != OP_DENSE) return false;
        struct nn_op *dense = &nn->ops[i++], *activation = NULL;
        if (i < nn->op_count && nn->ops[i].kind == OP_ACTIVATION) {
            activation = &nn->ops[i++];
            bool known = activation->activation == ACTIVATION_RELU ||
                         activation->activation == ACTIVATION_LINEAR;
            if (!known || !activation->widths.learned) return false;
        }
        if (!add_layer(s, dense, activation)) return false;
        if (!activation && i < nn->op_count) return false;
    }
    return s->layer_count > 0 && nn->loss.kind == LOSS_CATEGORICAL_CROSS_ENTROPY &&
           !s->layers[s->layer_count - 1].has_activation;
}

static void fill_events(struct search *s, const struct nn_events *events, const uint32_t *order)
{
    int outputs = s->layers[s->layer_count - 1].outputs;
    s->labels = arena_alloc(&s->arena, (size_t)s->tiles * TILE, sizeof(int));
    s->weights = arena_alloc(&s->arena, (size_t)s->tiles * TILE, sizeof(real));
    s->loss = arena_alloc(&s->arena, (size_t)s->tiles, sizeof(double));
    if (events->targets)
        s->targets = arena_alloc(&s->arena, (size_t)s->tiles * TILE * (size_t)outputs, sizeof(real));
    for (long n = 0; n < s->count; n++) {
        int tile = (int)(n / TILE), e = (int)(n % TILE);
        size_t row = order[n];
        for (int i = 0; i < s->nn->inputs; i++)
            column(&s->input, s->input.z, tile, i)[e] =
                events->x[row * (size_t)events->columns + (size_t)i];
        s->labels[n] = events->labels[row];
        s->weights[n] = events->weights ? events->weights[row] : R(1);
        s->total_weight += (double)s->weights[n];
        for (int c = 0; events->targets && c < outputs; c++)
            s->targets[((ptrdiff_t)tile * outputs + c) * TILE + e] =
                events->targets[row * (size_t)outputs + (size_t)c];
    }
}

/* All columns from the inputs. */
static void run_all(struct search *s)
{
    for (int t = 0; t < s->tiles; t++) {
        struct stage *from = &s->input;
        for (int i = 0; i < from->outputs; i++) {
            real *z = column(from, from->z, t, i), *y = column(from, from->y, t, i);
            if (from->has_activation)
                quantize_column(from, i, from->fraction[i], from->bits[i], z, y);
            else
                memcpy(y, z, TILE * sizeof *y);
        }
        const real *logits[64];
        for (int n = 0; n < s->layer_count; n++) {
            struct stage *l = &s->layers[n];
            for (int j = 0; j < l->outputs; j++) {
                real *z = column(l, l->z, t, j);
                for (int e = 0; e < TILE; e++)
                    z[e] = l->bias[j];
                for (int i = 0; i < l->inputs; i++) {
                    const real w = l->w[i * l->outputs + j], *x = column(from, from->y, t, i);
                    if (w == 0) continue;
                    for (int e = 0; e < TILE; e++)
                        z[e] += w * x[e];
                }
                if (l->has_activation)
                    quantize_column(l, j, l->fraction[j], l->bits[j], z, column(l, l->y, t, j));
                else
                    logits[j] = z;
            }
            from = l;
        }
        s->loss[t] = tile_loss(s, t, logits);
    }
}

/* Fraction bits that hold the number, at least those it had. */
static real fraction_for(real x, real before)
{
    int64_t n = (int64_t)ldexp((double)x, GRID);
    real needed = R(GRID - lowest_place(n));
    return n && needed > real_rint(before) ? needed : before;
}

static void write_number(struct nn *nn, const struct nn_widths *w, size_t place, size_t width_place,
                         const struct span *span, real value, real used, real shift)
{
    /* An unchanged number keeps its latent value. */
    if (value == used) return;
    nn->parameters[span->first + place] = value - shift;
    real *f = &nn->parameters[w->fraction.first + width_place];
    *f = fraction_for(value, *f);
}

static size_t width_place(const struct nn_widths *w, int row, int j)
{
    if (w->grain == GRAIN_TENSOR) return 0;
    return w->grain == GRAIN_CHANNEL ? (size_t)j : (size_t)row * (size_t)w->columns + (size_t)j;
}

static void write_formats(struct nn *nn, const struct stage *l)
{
    const struct nn_op *op = l->activation;
    for (int j = 0; op && j < l->outputs; j++) {
        size_t at = width_place(&op->widths, 0, j);
        real *f = &nn->parameters[op->widths.fraction.first + at];
        real *r = &nn->parameters[op->widths.range.first + at];
        if (real_rint(*f) != R(l->fraction[j])) *f = R(l->fraction[j]);
        if (real_rint(*r) != R(l->range[j]) && l->bits[j] > 0) *r = R(l->range[j]);
    }
}

static void write_network(struct search *s)
{
    struct nn *nn = s->nn;
    write_formats(nn, &s->input);
    for (int n = 0; n < s->layer_count; n++) {
        struct stage *l = &s->layers[n];
        struct nn_op *op = l->op;
        write_formats(nn, l);
        for (int i = 0; i < l->inputs; i++)
            for (int j = 0; j < l->outputs; j++) {
                size_t at = (size_t)i * (size_t)op->columns + (size_t)j;
                write_number(nn, &op->weight_widths, at, width_place(&op->weight_widths, i, j),
                             &op->weights, l->w[i * l->outputs + j], op->used_weights[at], 0);
            }
        for (int j = 0; op->bias.count && j < l->outputs; j++) {
            /* The latent bias is what is left of the half step in it, which may have moved. */
            real half = op->half ? power_of_two(-l->fraction[j] - 1) : R(0);
            nn->parameters[op->bias.first + (size_t)j] = l->bias[j] - half;
            real *f = &nn->parameters[op->bias_widths.fraction.first +
                                      width_place(&op->bias_widths, 0, j)];
            *f = fraction_for(l->bias[j], *f);
        }
    }
    nn_prepare(nn);
}

static double mean_loss(const struct search *s)
{
    double sum = 0;
    for (int t = 0; t < s->tiles; t++)
        sum += s->loss[t];
    return sum / s->total_weight;
}

struct search_result nn_search(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                               long count, const struct price_model *price, double weight,
                               int rounds)
{
    struct search s = {.nn = nn, .price = price, .weight = weight, .count = count};
    s.tiles = (int)((count + TILE - 1) / TILE);
    s.scratch_y = arena_alloc(&s.arena, TILE, sizeof(real));
    s.difference = arena_alloc(&s.arena, TILE, sizeof(real));
    s.result.possible = count > 0 && events->labels && read_network(&s);
    if (s.result.possible) {
        fill_events(&s, events, order);
        run_all(&s);
        s.result.loss_before = mean_loss(&s);
        s.result.price_before = price_eval(price, nn, 0, NULL);
        for (int kept = 1; kept > 0 && s.result.rounds < rounds; s.result.rounds++)
            kept = run_round(&s);
        write_network(&s);
        s.result.loss_after = mean_loss(&s);
        s.result.price_after = price_eval(price, nn, 0, NULL);
    }
    struct search_result result = s.result;
    arena_free(&s.arena);
    return result;
}
