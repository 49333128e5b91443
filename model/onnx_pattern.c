/* Recognising quantizers in an ONNX graph. See onnx_pattern.h.
 *
 * Each form is recognised only where it computes exactly what the format says, so that a chain of
 * somebody else's nodes that happens to look alike is read right too. */
#include "model/onnx_pattern.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MAX_CLAMPS = 4, MAX_WIDE_BITS = 200 };

/* The operand of a two-input node that is a plain constant; the other one's name goes to *data. */
static bool constant_operand(struct graph *graph, const struct graph_node *node, bool any_order,
                             struct tensor *constant, const char **data)
{
    if (node->proto->n_input != 2) return false;
    for (size_t side = 2; side-- > (any_order ? 0 : 1);) {
        if (graph_tensor(graph, node_input(node, side), node, constant)) {
            *data = node_input(node, 1 - side);
            return true;
        }
    }
    return false;
}

static bool all_zero(const struct tensor *tensor)
{
    for (size_t i = 0; i < tensor->count; i++)
        if (tensor->values[i] != 0) return false;
    return true;
}

static bool is_quant(const struct graph_node *node)
{
    return node_is(node, "Quant") || node_is(node, "IntQuant");
}

/* How Quant rounds by itself. CEIL stands for RND_MIN_INF and is right only after Sub(half). */
static enum rounding quant_rounding(struct graph *graph, const struct graph_node *node)
{
    static const struct {
        const char *name;
        enum rounding rounding;
    } modes[] = {{"ROUND", ROUND_RND_CONV},  {"HALF_EVEN", ROUND_RND_CONV},
                 {"FLOOR", ROUND_TRN},       {"DOWN", ROUND_TRN_ZERO},
                 {"HALF_UP", ROUND_RND_INF}, {"HALF_DOWN", ROUND_RND_ZERO},
                 {"CEIL", ROUND_RND_MIN_INF}};
    char mode[40];
    node_string(node, "rounding_mode", "ROUND", mode, sizeof mode);
    for (char *c = mode; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(mode, modes[i].name) == 0) return modes[i].rounding;
    graph_fail(graph, node, "rounding mode '%s' is not supported", mode);
}

/* Scale and bit width of a Quant node; zero points other than 0 and all that is not a constant end
 * here. */
static void quant_operands(struct graph *graph, const struct graph_node *node, struct tensor *scale,
                           struct tensor *bits)
{
    static const char *const names[] = {"", "scale", "zero point", "bit width"};
    struct tensor operands[4];
    if (node->proto->n_input != 4)
        graph_fail(graph, node, "has %zu inputs instead of 4", node->proto->n_input);
    for (size_t i = 1; i < 4; i++)
        if (!graph_tensor(graph, node_input(node, i), node, &operands[i]))
            graph_fail(graph, node, "its %s is computed by the graph; a constant is supported",
                       names[i]);
    if (!all_zero(&operands[2]))
        graph_fail(graph, node, "its zero point is not zero, which is not supported");
    *scale = operands[1];
    *bits = operands[3];
}

struct tensor bipolar_scale(struct graph *graph, const struct graph_node *node)
{
    struct tensor scale;
    if (node->proto->n_input != 2)
        graph_fail(graph, node, "has %zu inputs instead of 2", node->proto->n_input);
    if (!graph_tensor(graph, node_input(node, 1), node, &scale))
        graph_fail(graph, node, "its scale is computed by the graph; a constant is supported");
    for (size_t i = 0; i < scale.count; i++)
        if (!(scale.values[i] > 0))
            graph_fail(graph, node, "its scale %.10g is not above zero", scale.values[i]);
    return scale;
}

/* Steps back over the Max, Min and Clip nodes before a Quant. Returns the tensor before them. */
static const char *match_clamps(struct graph *graph, const char *at, struct quant_match *match)
{
    for (int n = 0; n < MAX_CLAMPS; n++) {
        const struct graph_node *node = graph_producer(graph, at);
        struct tensor bound, other;
        const char *data;
        if (node_is(node, "Clip") && graph->opset >= 11 && n == 0 && node->proto->n_input == 3 &&
            graph_tensor(graph, node_input(node, 1), node, &bound) &&
            graph_tensor(graph, node_input(node, 2), node, &other)) {
            match->low = bound;
            match->high = other;
            at = node_input(node, 0);
        } else if (node_is(node, "Min") && !match->high.count && !match->low.count &&
                   constant_operand(graph, node, true, &bound, &data)) {
            match->high = bound;
            at = data;
        } else if (node_is(node, "Max") && !match->mirror.count &&
                   constant_operand(graph, node, true, &bound, &data)) {
            *(match->low.count ? &match->mirror : &match->low) = bound;
            at = data;
        } else {
            break;
        }
    }
    return at;
}

static bool mod_operands(struct graph *graph, const struct graph_node *node, struct tensor *modulus,
                         const char **data)
{
    return node_is(node, "Mod") && node_int(node, "fmod", 0) == 1 &&
           constant_operand(graph, node, false, modulus, data);
}

static bool same_tensor(const struct tensor *a, const struct tensor *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->values[i] != b->values[i]) return false;
    return true;
}

/* Quant wide -> Mod M -> Add plus -> Mod M -> Sub minus; *at is the Sub's output, and becomes what
 * the wide Quant gives. */
static bool match_wrap(struct graph *graph, const char **at, struct quant_match *match)
{
    struct tensor again;
    const char *before_sub, *before_mod, *before_add, *data;
    const struct graph_node *sub = graph_producer(graph, *at);
    if (!node_is(sub, "Sub") || !constant_operand(graph, sub, false, &match->minus, &before_sub))
        return false;
    if (!mod_operands(graph, graph_producer(graph, before_sub), &match->modulus, &before_mod))
        return false;
    const struct graph_node *add = graph_producer(graph, before_mod);
    if (!node_is(add, "Add") || !constant_operand(graph, add, true, &match->plus, &before_add))
        return false;
    if (!mod_operands(graph, graph_producer(graph, before_add), &again, &data)) return false;
    if (!same_tensor(&again, &match->modulus) || !is_quant(graph_producer(graph, data)))
        return false;
    *at = data;
    return true;
}

/* The wide Quant that only rounds, before WRAP or SAT_ZERO; *at becomes its input. */
static void match_wide(struct graph *graph, const char **at, struct quant_match *match)
{
    const struct graph_node *wide = graph_producer(graph, *at);
    quant_operands(graph, wide, &match->wide_scale, &match->wide_bits);
    match->rounding = quant_rounding(graph, wide);
    if (!node_int(wide, "signed", 1))
        graph_fail(graph, wide, "an unsigned Quant before a wrap-around is not supported");
    *at = node_input(wide, 0);
}

/* The same shape, dimensions of 1 in front left aside. */
static bool same_shape(const struct tensor *a, const struct tensor *b)
{
    return a->count == b->count && tensor_fits(a, b->rank, b->dims) &&
           tensor_fits(b, a->rank, a->dims);
}

/* Whether half = factor * scale wherever the two meet. */
static bool is_half(const struct tensor *half, const struct tensor *scale, double factor)
{
    bool is_pairwise = same_shape(half, scale);
    if (!is_pairwise && half->count > 1 && scale->count > 1) return false;
    for (size_t i = 0; i < half->count; i++)
        for (size_t k = 0; k < (is_pairwise ? 1 : scale->count); k++)
            if (half->values[i] != factor * scale->values[is_pairwise ? i : k]) return false;
    return true;
}

/* Add(half step) -> FLOOR is RND, and Sub(half step) or Add(-half step) -> CEIL is RND_MIN_INF. */
static void match_half(struct graph *graph, const struct graph_node *quant, const char **at,
                       struct quant_match *match)
{
    const struct graph_node *node = graph_producer(graph, *at);
    bool is_ceil = match->rounding == ROUND_RND_MIN_INF, is_sub = node_is(node, "Sub");
    struct tensor half;
    const char *data;
    if (!is_ceil && match->rounding != ROUND_TRN) return;
    /* of one dimension it is a bias: the same numbers, but another network */
    if ((is_sub || node_is(node, "Add")) && constant_operand(graph, node, !is_sub, &half, &data) &&
        (half.rank != 1 || graph_is_constant(graph, data)) &&
        is_half(&half, &match->scale, is_ceil == is_sub ? 0.5 : -0.5)) {
        match->rounding = is_ceil ? ROUND_RND_MIN_INF : ROUND_RND;
        match->half = half;
        *at = data;
    } else if (is_ceil) {
        graph_fail(graph, quant,
                   "rounding mode 'CEIL' is supported behind a subtraction of half a step only");
    }
}

/* Where(Equal(q1, q2), q2, 0): SAT_ZERO. Returns the Quant that gives q2 and the name of q1. */
static const struct graph_node *match_where(struct graph *graph, const struct graph_node *where,
                                            const char **rounded)
{
    struct tensor zero;
    if (where->proto->n_input != 3) return NULL;
    const struct graph_node *equal = graph_producer(graph, node_input(where, 0));
    const struct graph_node *quant = graph_producer(graph, node_input(where, 1));
    if (!node_is(equal, "Equal") || !is_quant(quant) || equal->proto->n_input != 2) return NULL;
    if (!graph_tensor(graph, node_input(where, 2), where, &zero) || !all_zero(&zero)) return NULL;
    size_t side = strcmp(node_input(equal, 0), node_input(where, 1)) == 0 ? 1 : 0;
    if (side == 0 && strcmp(node_input(equal, 1), node_input(where, 1)) != 0) return NULL;
    *rounded = node_input(equal, side);
    return is_quant(graph_producer(graph, *rounded)) ? quant : NULL;
}

bool quant_match(struct graph *graph, const char *tensor, struct quant_match *match)
{
    const struct graph_node *node = graph_producer(graph, tensor), *quant = node;
    const char *rounded = NULL;
    *match = (struct quant_match){.node = node};
    if (node_is(node, "Where")) {
        quant = match_where(graph, node, &rounded);
        if (!quant) return false;
        match->is_sat_zero = true;
    } else if (!is_quant(node)) {
        return false;
    }
    quant_operands(graph, quant, &match->scale, &match->bits);
    match->is_signed = node_int(quant, "signed", 1) != 0;
    match->is_narrow = node_int(quant, "narrow", 0) != 0;
    match->rounding = quant_rounding(graph, quant);
    const char *at = match_clamps(graph, node_input(quant, 0), match);
    if (match->is_sat_zero) {
        if (strcmp(at, rounded) != 0)
            graph_fail(graph, node,
                       "is not of the form Where(Equal(q, Quant(q)), Quant(q), 0), the only one "
                       "supported");
    } else {
        match->is_wrap = match_wrap(graph, &at, match);
    }
    if (match->is_wrap || match->is_sat_zero) match_wide(graph, &at, match);
    match_half(graph, quant, &at, match);
    match->root = at;
    return true;
}

/* ---- formats -------------------------------------------------------------------------------- */

/* log2 of an integer value that is a power of two; -1 otherwise. */
static int exact_log2(double value)
{
    int exponent;
    if (!(value > 0) || frexp(value, &exponent) != 0.5) return -1;
    return exponent - 1;
}

/* Range of the stored integers. Above 24 bits float32 cannot hold 2^k - 1 and stores 2^k. */
struct range {
    double low, high;
};

static struct range quant_range(struct graph *graph, const struct quant_match *match, int rank,
                                const int64_t *dims, size_t i, double step)
{
    double bits = tensor_at(&match->bits, rank, dims, i);
    if (bits != floor(bits) || bits < 1 || bits > FORMAT_MAX_BITS + 1)
        graph_fail(graph, match->node, "a bit width of %g is not supported (1..%d)", bits,
                   FORMAT_MAX_BITS);
    if (match->is_signed && bits == 1)
        graph_fail(graph, match->node,
                   "signed 1-bit Quant is not supported; BipolarQuant means -1 and +1");
    if (!match->is_signed && match->is_narrow)
        graph_fail(graph, match->node, "unsigned narrow Quant (0 .. 2^bits - 2) is not supported");
    double limit = ldexp(1.0, (int)bits - (match->is_signed ? 1 : 0));
    struct range range = {match->is_signed ? -limit + (match->is_narrow ? 1 : 0) : 0, limit - 1};
    if (match->low.count) range.low = fmax(range.low, tensor_at(&match->low, rank, dims, i) / step);
    if (match->high.count)
        range.high = fmin(range.high, tensor_at(&match->high, rank, dims, i) / step);
    return range;
}

/* The format with that range. Overflow is SAT or SAT_SYM as the range says; *is_either when both
 * would be right (an unsigned range without the mark of SAT_SYM). */
static struct format range_format(struct graph *graph, const struct quant_match *match,
                                  struct range range, bool is_mirrored, int fraction_bits,
                                  bool *is_either)
{
    int high_bits = range.high == 0 ? 0 : exact_log2(range.high + 1);
    if (high_bits < 0) high_bits = exact_log2(range.high); /* rounded up by float32 */
    double limit = ldexp(1.0, high_bits);
    bool is_big = high_bits > 24;
    struct format f = format_make(range.low < 0, high_bits, 0);
    *is_either = false;
    if (high_bits < 0 || (range.high == limit && !is_big))
        f.width_bits = 0;
    else if (range.low == -limit && !(is_big && match->is_narrow))
        f.width_bits++;
    else if (range.low < 0 && (range.low == 1 - limit || (is_big && range.low == -limit))) {
        f.width_bits++;
        f.overflow = OVERFLOW_SAT_SYM;
    } else if (range.low == 0 && range.high == 0) { /* fixed<1> without its only negative number */
        f.is_signed = true;
        f.width_bits = 1;
        f.overflow = OVERFLOW_SAT_SYM;
    } else if (range.low == 0) {
        if (is_mirrored) f.overflow = OVERFLOW_SAT_SYM;
        *is_either = !is_mirrored;
    } else
        f.width_bits = 0;
    f.integer_bits = f.width_bits - fraction_bits;
    if (f.width_bits < 1 || f.width_bits > FORMAT_MAX_BITS)
        graph_fail(graph, match->node,
                   "the range %.10g .. %.10g steps is that of no fixed-point format", range.low,
                   range.high);
    if (f.integer_bits < -FORMAT_MAX_INTEGER_BITS || f.integer_bits > FORMAT_MAX_INTEGER_BITS)
        graph_fail(graph, match->node, "a scale of 2^%d is not supported", -fraction_bits);
    return f;
}

/* Whether the nodes of WRAP or SAT_ZERO do what these modes say for a format. */
static bool surroundings_fit(const struct quant_match *match, struct format f, int rank,
                             const int64_t *dims, size_t i, double step)
{
    double wide = tensor_at(&match->wide_bits, rank, dims, i);
    if (tensor_at(&match->wide_scale, rank, dims, i) != step || wide > MAX_WIDE_BITS) return false;
    if (match->is_sat_zero) return wide >= f.width_bits + 2;
    double modulus = ldexp(step, f.width_bits), offset = f.is_signed ? modulus / 2 : 0;
    return wide >= f.width_bits + 24 && tensor_at(&match->modulus, rank, dims, i) == modulus &&
           tensor_at(&match->minus, rank, dims, i) == offset &&
           tensor_at(&match->plus, rank, dims, i) == modulus + offset;
}

static struct format element_format(struct graph *graph, const struct quant_match *match, int rank,
                                    const int64_t *dims, size_t i, bool *is_either)
{
    double step = tensor_at(&match->scale, rank, dims, i);
    int exponent;
    if (!(step > 0) || frexp(step, &exponent) != 0.5)
        graph_fail(graph, match->node,
                   "its scale %.10g is not a power of two; a power-of-two scale is supported",
                   step);
    struct range range = quant_range(graph, match, rank, dims, i, step);
    bool is_mirrored = false;
    if (match->mirror.count) {
        double mirror = tensor_at(&match->mirror, rank, dims, i) / step;
        is_mirrored = (float)mirror == -(float)range.high;
        range.low = fmax(range.low, mirror);
    } else if (match->low.count && !match->is_signed) {
        is_mirrored = (float)(tensor_at(&match->low, rank, dims, i) / step) == -(float)range.high;
    }
    struct format f = range_format(graph, match, range, is_mirrored, 1 - exponent, is_either);
    f.rounding = match->rounding;
    if (!match->is_wrap && !match->is_sat_zero) return f;
    if (f.overflow == OVERFLOW_SAT_SYM || !surroundings_fit(match, f, rank, dims, i, step))
        graph_fail(graph, match->node,
                   "the nodes before this Quant resemble a quantizer's overflow mode but compute "
                   "something else");
    f.overflow = match->is_wrap ? OVERFLOW_WRAP : OVERFLOW_SAT_ZERO;
    *is_either = false;
    return f;
}

/* Checks that each constant's shape fits. Returns whether all are scalars. */
static bool check_shapes(struct graph *graph, const struct quant_match *match, int rank,
                         const int64_t *dims)
{
    const struct tensor *const all[] = {&match->scale,      &match->bits,     &match->half,
                                        &match->low,        &match->high,     &match->mirror,
                                        &match->modulus,    &match->plus,     &match->minus,
                                        &match->wide_scale, &match->wide_bits};
    bool is_uniform = true;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i]->count && !tensor_fits(all[i], rank, dims))
            graph_fail(graph, match->node,
                       "the shape of one of its constants does not match its input");
        is_uniform = is_uniform && all[i]->count <= 1;
    }
    return is_uniform;
}

struct quantizer quant_formats(struct graph *graph, const struct quant_match *match, int rank,
                               const int64_t *dims, struct arena *arena)
{
    size_t count = 1;
    for (int d = 0; d < rank; d++)
        count *= (size_t)dims[d];
    if (check_shapes(graph, match, rank, dims)) count = 1;
    struct format *formats = arena_alloc(arena, count, sizeof *formats);
    bool *either = arena_alloc(&graph->arena, count, sizeof *either);
    bool some_symmetric = false, all_equal = true;
    for (size_t i = 0; i < count; i++) {
        formats[i] = element_format(graph, match, rank, dims, i, &either[i]);
        some_symmetric = some_symmetric || formats[i].overflow == OVERFLOW_SAT_SYM;
    }
    for (size_t i = 0; i < count; i++) {
        if (some_symmetric && either[i]) formats[i].overflow = OVERFLOW_SAT_SYM;
        all_equal = all_equal && format_equal(formats[i], formats[0]);
        if (formats[i].overflow != formats[0].overflow)
            graph_fail(
                graph, match->node,
                "some elements are clipped symmetrically and others not, which is not supported");
    }
    return (struct quantizer){.count = all_equal ? 1 : (int)count, .formats = formats};
}
