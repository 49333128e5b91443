/* Scores by program and by reference: see scores.h. */
#include "cli/scores.h"

#include <stdlib.h>
#include <string.h>

void scores_program(const struct program *program, const double *x, long events, double *y)
{
    struct arena arena = {0};
    size_t inputs = (size_t)program->input_count, outputs = (size_t)program->output_count;
    int64_t *in = arena_alloc(&arena, (size_t)events * inputs, sizeof *in);
    int64_t *out = arena_alloc(&arena, (size_t)events * outputs, sizeof *out);
    program_quantize_inputs(program, x, events, in);
    program_eval(program, in, events, out);
    program_scale_outputs(program, out, events, y);
    arena_free(&arena);
}

int scores_layer(const struct network *network)
{
    const struct layer *last = network_output(network), *before = &network->layers[last->input];
    if (last->kind == LAYER_QUANT && before->kind == LAYER_SOFTMAX) return before->input;
    bool squashed = last->kind == LAYER_SOFTMAX || (last->kind == LAYER_SIGMOID && last->size == 1);
    return squashed ? last->input : network->layer_count - 1;
}

static int largest(const double *scores, int count)
{
    int best = 0;
    for (int k = 1; k < count; k++)
        if (scores[k] > scores[best]) best = k;
    return best;
}

void scores_reference(const struct program *program, const struct network *network,
                      enum reference_mode mode, const double *x, long events, double *y)
{
    bool softmax = strcmp(program->output_kind, "softmax") == 0;
    int layer = softmax ? network->layer_count - 1 : scores_layer(network);
    int columns = network->layers[layer].size;
    if (strcmp(program->output_kind, "logits") == 0 || softmax) {
        reference_eval(network, mode, x, events, layer, y);
        return;
    }
    struct arena arena = {0};
    double *scores = arena_alloc(&arena, (size_t)events * (size_t)columns, sizeof *scores);
    reference_eval(network, mode, x, events, layer, scores);
    for (long e = 0; e < events; e++) {
        const double *row = scores + e * columns;
        y[e] = strcmp(program->output_kind, "argmax") == 0 ? largest(row, columns)
                                                           : row[0] >= program->threshold;
    }
    arena_free(&arena);
}
