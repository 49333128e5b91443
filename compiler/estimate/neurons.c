/* Neurons found by what they compute. */
#include "compiler/estimate/neurons.h"

#include "data/random.h"
#include "model/reference.h"

#include <math.h>
#include <string.h>

enum { EVENTS = 256 };

struct search {
    const struct program *program;
    const struct network *network;
    struct arena arena;
    double *x;       /* raw events [EVENTS][inputs] */
    double *values;  /* real values [op_count][EVENTS] of the candidates */
    double *outputs; /* [EVENTS][layer size] */
};

int neurons_block_layer(const struct program *p, const struct network *network, int block)
{
    for (int l = 0; l < network->layer_count; l++)
        if (strcmp(network->layers[l].name, p->blocks[block].name) == 0) return l;
    return -1;
}

/* Uniform over the interval, or (in every other event, half of the inputs) one of its ends: sums
 * that come out of the middle wake neurons that a ReLU keeps quiet. */
static int64_t random_input(struct random *random, const struct op *op, size_t event)
{
    if (event % 2 && random_below(random, 2)) return random_below(random, 2) ? op->lo : op->hi;
    return op->lo + (int64_t)random_below(random, (uint64_t)(op->hi - op->lo) + 1);
}

/* Raw events and what every candidate is for them. */
static void trace(struct search *s, const bool *candidates)
{
    const struct program *p = s->program;
    size_t inputs = (size_t)p->input_count;
    struct random random = random_init(1);
    s->x = arena_alloc(&s->arena, EVENTS * inputs + 1, sizeof *s->x);
    for (size_t i = 0; i < EVENTS * inputs; i++) {
        const struct op *op = &p->ops[p->inputs[i % inputs].value];
        int64_t integer = random_input(&random, op, i / inputs);
        s->x[i] = program_raw_value(p, (int)(i % inputs), integer);
    }
    int64_t *integers = arena_alloc(&s->arena, EVENTS * inputs + 1, sizeof *integers);
    int64_t *ops = arena_alloc(&s->arena, (size_t)p->op_count + 1, sizeof *ops);
    program_quantize_inputs(p, s->x, EVENTS, integers);
    s->values = arena_alloc(&s->arena, (size_t)p->op_count * EVENTS + 1, sizeof *s->values);
    for (size_t e = 0; e < EVENTS; e++) {
        program_eval_trace(p, integers + e * inputs, ops);
        for (int v = 0; v < p->op_count; v++)
            if (candidates[v])
                s->values[(size_t)v * EVENTS + e] = ldexp((double)ops[v], -op_fraction(&p->ops[v]));
    }
}

static bool is_constant(const double *values)
{
    int e = 1;
    while (e < EVENTS && values[e] == values[0])
        e++;
    return e == EVENTS;
}

/* The first element of a layer with these values that is not taken; else the first that is; -1:
 * none. */
static int find_element(const struct search *s, int layer, const double *values, const bool *taken)
{
    int size = s->network->layers[layer].size, found = -1;
    for (int j = 0; j < size; j++) {
        int e = 0;
        while (e < EVENTS && s->outputs[e * size + j] == values[e])
            e++;
        if (e < EVENTS) continue;
        if (!taken[j]) return j;
        if (found < 0) found = j;
    }
    return found;
}

/* The candidates of a block among the elements of layers [first, end), the last layer first. */
static void search_block(struct search *s, int block, int first, int end, const bool *candidates,
                         int *elements, int *layers)
{
    const struct program *p = s->program;
    for (int l = end - 1; l >= first; l--) {
        size_t size = (size_t)s->network->layers[l].size;
        bool *taken = arena_alloc(&s->arena, size + 1, sizeof *taken);
        s->outputs = arena_alloc(&s->arena, size * EVENTS + 1, sizeof *s->outputs);
        reference_eval(s->network, REFERENCE_QUANTIZED, s->x, EVENTS, l, s->outputs);
        for (int v = p->blocks[block].first; v < p->blocks[block].end; v++) {
            const double *values = s->values + (size_t)v * EVENTS;
            if (!candidates[v] || elements[v] >= 0 || is_constant(values)) continue;
            elements[v] = find_element(s, l, values, taken);
            if (elements[v] < 0) continue;
            taken[elements[v]] = true;
            if (layers) layers[v] = l;
        }
    }
}

void neurons_find(const struct program *p, const struct network *network, const bool *candidates,
                  int *elements, int *layers)
{
    struct search s = {.program = p, .network = network};
    for (int v = 0; v < p->op_count; v++) {
        elements[v] = -1;
        if (layers) layers[v] = -1;
    }
    trace(&s, candidates);
    for (int i = 0; i < p->input_count; i++) {
        elements[p->inputs[i].value] = i;
        if (layers) layers[p->inputs[i].value] = 0;
    }
    for (int b = 0; b < p->block_count; b++) {
        int first = neurons_block_layer(p, network, b);
        if (first < 0) continue;
        int end = network->layer_count;
        for (int other = b + 1; other < p->block_count && end == network->layer_count; other++) {
            int layer = neurons_block_layer(p, network, other);
            if (layer > first) end = layer;
        }
        search_block(&s, b, first, end, candidates, elements, layers);
    }
    arena_free(&s.arena);
}
