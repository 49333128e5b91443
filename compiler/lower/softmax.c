/* Softmax in the fabric: a maximum, two tables an element and one for the sum, and additions, in
 * the logarithmic form of network.h. Nothing is multiplied. */
#include "compiler/lower/lower.h"

#include "base/error.h"
#include "compiler/schedule/schedule.h"

#include <assert.h>
#include <math.h>

enum {
    CLASSES_MAX = 64,
    DIFFERENCE_FRACTION = 5, /* of exp's argument: a step of 1/32 moves a probability by 0.4 % */
    EXPONENT_FRACTION = 7,   /* of the logarithm, and so of the argument of the last exp */
    SUM_FRACTION = 8,
    SUM_BITS = 12, /* at most: the table of logarithms has 2^SUM_BITS entries */
    PROBABILITY_BITS = 8,
    ADDRESS_BITS_LEAST = 4, /* of a part of a table */
    ADDRESS_BITS_MOST = 14,
    TABLE_BITS = 16, /* of the argument of a whole table */
};

/* ---- formats -------------------------------------------------------------------------------- */

/* Bits of n. */
static int bits_of(int n)
{
    int bits = 0;
    for (; n > 0; n /= 2)
        bits++;
    return bits;
}

static struct format unsigned_format(int integer_bits, int fraction_bits, enum rounding rounding)
{
    struct format f = format_make(false, integer_bits + fraction_bits, integer_bits);
    f.rounding = rounding;
    return f;
}

/* Finest fraction bits of the scores. */
static int score_fraction(const struct network *network, const struct compile_options *options)
{
    struct compile_options scores = *options;
    scores.output = COMPILE_LOGITS;
    struct program *p = lower_network(network, &scores, NULL);
    int fraction = 0;
    for (int i = 0; i < p->output_count; i++)
        if (op_fraction(&p->ops[p->outputs[i].value]) > fraction)
            fraction = op_fraction(&p->ops[p->outputs[i].value]);
    program_free(p);
    return fraction;
}

/* Entries of tables round for free, so that they take the rounding that a model file says in one
 * node; what is rounded by logic takes the cheapest. Differences are cut where all exponentials
 * beyond are 0. */
static struct softmax_formats choose_formats(int classes, int fraction)
{
    int count_bits = bits_of(classes), exponential = 6 + bits_of(classes - 1);
    int reach = exponential > 10 ? 4 : 3;
    int sum = count_bits + SUM_FRACTION > SUM_BITS ? SUM_BITS - count_bits : SUM_FRACTION;
    if (fraction > DIFFERENCE_FRACTION) fraction = DIFFERENCE_FRACTION;
    return (struct softmax_formats){
        .difference = unsigned_format(reach, fraction, ROUND_RND),
        .exponential = unsigned_format(1, exponential, ROUND_RND_CONV),
        .sum = unsigned_format(count_bits, sum, ROUND_RND),
        .logarithm = unsigned_format(3, EXPONENT_FRACTION, ROUND_RND_CONV),
        .exponent = unsigned_format(3, EXPONENT_FRACTION, ROUND_TRN),
        .probability = unsigned_format(0, PROBABILITY_BITS, ROUND_RND_CONV)};
}

/* The final softmax, perhaps with a quantizer behind it; NULL if the network ends otherwise. */
static struct layer *find_softmax(struct network *network)
{
    struct layer *last = &network->layers[network->layer_count - 1];
    if (last->kind == LAYER_QUANT && last->input > 0) last = &network->layers[last->input];
    return last->kind == LAYER_SOFTMAX ? last : NULL;
}

void softmax_prepare(struct network *network, const struct compile_options *options,
                     const char *file)
{
    int classes = network_output(network)->size;
    if (classes < 2 || classes > CLASSES_MAX)
        fail("%s: a softmax in hardware has 2 to %d classes, this network has %d; ask for logits%s",
             file, CLASSES_MAX, classes, classes < 2 ? " or a threshold" : " or argmax");
    struct layer *softmax = find_softmax(network);
    if (softmax && softmax->softmax) return; /* a network that was compiled before */
    int fraction = score_fraction(network, options);
    if (!softmax)
        softmax = &network->layers[network_add(network, LAYER_SOFTMAX, "softmax",
                                               network->layer_count - 1, classes)];
    softmax->softmax = arena_alloc(&network->arena, 1, sizeof *softmax->softmax);
    *softmax->softmax = choose_formats(classes, fraction);
}

/* ---- tables --------------------------------------------------------------------------------- */

typedef double function(double x);

static double exp_minus(double x)
{
    return exp(-x);
}

/* The sum is never below 1, though its interval does not know. */
static double log_sum(double x)
{
    return x < 1 ? 0 : log(x);
}

/* A table being made of an unsigned value. */
struct lookup {
    struct lowering *l;
    const char *name;
    function *of;
    struct format format;
    int64_t lo, hi; /* of the argument */
    int fraction_bits;
};

static int64_t entry(const struct lookup *t, int64_t n)
{
    double y = t->of(ldexp((double)n, -t->fraction_bits));
    return format_to_integer(t->format, format_quantize(t->format, y));
}

/* Entries for argument = first + the value `address`; where the argument cannot be, those of its
 * nearest place. */
static int part_of_table(const struct lookup *t, int address, int64_t first)
{
    const struct op *op = &t->l->program->ops[address];
    int64_t count = op->hi - op->lo + 1;
    int64_t *entries = arena_alloc(&t->l->arena, (size_t)count, sizeof *entries);
    for (int64_t i = 0; i < count; i++) {
        int64_t n = first + op->lo + i;
        entries[i] = entry(t, n < t->lo ? t->lo : n > t->hi ? t->hi : n);
    }
    return program_add_table(t->l->program, address, t->name, entries, t->format);
}

/* Most address bits that one look-up may have at the clock asked for. */
static int address_bits_for(const struct compile_options *options)
{
    const struct target *target = options->target;
    double period = 1000 / options->clock_mhz - target->clk_to_q_ns - target->setup_ns;
    int bits = ADDRESS_BITS_MOST;
    while (bits > ADDRESS_BITS_LEAST && table_delay_ns(bits, target) > period)
        bits--;
    return bits;
}

static int slice_of(struct program *p, int value, int low, int width)
{
    return program_add_slice(p, value, low, format_make(false, width, width));
}

/* of(value), rounded to the format. A table too large for the clock is cut into equal parts that
 * are chosen among by the upper bits of the argument. */
static int add_table(struct lowering *l, const char *name, int value, function *of,
                     struct format format)
{
    struct program *p = l->program;
    const struct op *x = &p->ops[value];
    struct lookup t = {l, name, of, format, x->lo, x->hi, op_fraction(x)};
    int width = x->format.width_bits, bits = address_bits_for(l->options);
    assert(x->lo >= 0);
    if (width > TABLE_BITS)
        fail("layer %s: a table of a %d-bit value is too large; give its formats at most %d bits",
             name, width, TABLE_BITS);
    if (width <= bits) return part_of_table(&t, value, 0);
    int count = (int)(t.hi >> bits) + 1, address = slice_of(p, value, 0, bits);
    int *parts = arena_alloc(&l->arena, (size_t)count, sizeof *parts);
    for (int i = 0; i < count; i++)
        parts[i] = part_of_table(&t, address, (int64_t)i << bits);
    for (int bit = bits; count > 1; bit++, count = (count + 1) / 2) {
        int chooses = slice_of(p, value, bit, 1);
        for (int i = 0; i < count / 2; i++) {
            int choice[3] = {chooses, parts[2 * i + 1], parts[2 * i]};
            parts[i] = program_add_op(p, OP_SELECT, choice, 3, 0);
        }
        if (count % 2) parts[count / 2] = parts[count - 1];
    }
    return parts[0];
}

/* ---- lowering ------------------------------------------------------------------------------- */

/* All values joined by one operation, as a balanced tree. */
static int join(struct lowering *l, enum op_code code, const int *values, int count)
{
    int *in_play = arena_alloc(&l->arena, (size_t)count, sizeof *in_play);
    for (int i = 0; i < count; i++)
        in_play[i] = values[i];
    for (; count > 1; count = (count + 1) / 2) {
        for (int i = 0; i < count / 2; i++)
            in_play[i] = program_add2(l->program, code, in_play[2 * i], in_play[2 * i + 1], 0);
        if (count % 2) in_play[count / 2] = in_play[count - 1];
    }
    return in_play[0];
}

void lower_softmax(struct lowering *l, const struct layer *layer)
{
    const struct softmax_formats *f = layer->softmax;
    struct program *p = l->program;
    size_t n = (size_t)layer->size;
    if (!f)
        fail("layer %s: softmax can only be the last layer, asked for as output: softmax",
             layer->name);
    lowering_block(l, layer, true);
    int *differences = arena_alloc(&l->arena, n, sizeof *differences);
    int *exponentials = arena_alloc(&l->arena, n, sizeof *exponentials);
    int *results = arena_alloc(&l->arena, n, sizeof *results);
    int largest = join(l, OP_MAX, l->values, layer->size);
    for (size_t j = 0; j < n; j++) {
        int difference = program_add2(p, OP_SUB, largest, l->values[j], 0);
        lowering_check_exact(layer, p, difference);
        differences[j] = program_add_quantize(p, difference, f->difference);
        exponentials[j] = add_table(l, layer->name, differences[j], exp_minus, f->exponential);
    }
    int sum = program_add_quantize(p, join(l, OP_ADD, exponentials, layer->size), f->sum);
    int logarithm = add_table(l, layer->name, sum, log_sum, f->logarithm);
    for (size_t j = 0; j < n; j++) {
        int exponent = program_add2(p, OP_ADD, differences[j], logarithm, 0);
        exponent = program_add_quantize(p, exponent, f->exponent);
        results[j] = add_table(l, layer->name, exponent, exp_minus, f->probability);
    }
    l->values = results;
}
