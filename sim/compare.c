/* Comparison with the references: see compare.h. */
#include "sim/compare.h"

#include "base/error.h"
#include "compiler/compile.h"
#include "model/reference.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 4096 };

struct comparison {
    const struct program *program;
    const struct network *network;
    const int64_t *outputs; /* of the interpreter */
    const float *labels;
    bool scores;    /* outputs are scores, not decisions */
    int last, size; /* layer of the scores, its elements */
    double max_error, sum_error;
    long mismatches, first, changes, right_float, right_quantized, right_hardware;
    char *text;
    size_t text_size;
};

static enum compile_output output_of(const struct program *p)
{
    if (strcmp(p->output_kind, "argmax") == 0) return COMPILE_ARGMAX;
    if (strcmp(p->output_kind, "threshold") == 0) return COMPILE_THRESHOLD;
    return strcmp(p->output_kind, "softmax") == 0 ? COMPILE_SOFTMAX : COMPILE_LOGITS;
}

/* The decision that scores mean: the largest, the lower number on a tie; with one score, whether it
 * reaches the threshold (0 unless the program has one). */
static int decide(const struct comparison *c, const double *scores)
{
    bool single = c->size == 1 && strcmp(c->program->output_kind, "argmax") != 0;
    if (single) return scores[0] >= c->program->threshold;
    int best = 0;
    for (int j = 1; j < c->size; j++)
        if (scores[j] > scores[best]) best = j;
    return best;
}

static void note_mismatch(struct comparison *c, long event, const char *what, int element,
                          double expected, double got)
{
    if (c->mismatches++ > 0) return;
    c->first = event;
    snprintf(c->text, c->text_size, "%s %d is %.17g in the reference, %.17g in the program", what,
             element, expected, got);
}

/* One event against the quantized reference. */
static void compare_event(struct comparison *c, long event, const double *hardware,
                          const double *reference)
{
    if (c->scores) {
        for (int j = 0; j < c->size; j++)
            if (hardware[j] != reference[j]) {
                note_mismatch(c, event, "output", j, reference[j], hardware[j]);
                return;
            }
    } else if ((int)hardware[0] != decide(c, reference)) {
        note_mismatch(c, event, "decision", 0, decide(c, reference), hardware[0]);
    }
}

/* One test event against the float network. */
static void compare_float(struct comparison *c, long event, const double *hardware,
                          const double *quantized, const double *floating)
{
    for (int j = 0; j < c->size && c->scores; j++) {
        double error = fabs(hardware[j] - floating[j]);
        if (error > c->max_error) c->max_error = error;
        c->sum_error += error;
    }
    int decision = c->scores ? decide(c, hardware) : (int)hardware[0];
    int float_decision = decide(c, floating);
    c->changes += decision != float_decision;
    if (!c->labels) return;
    int label = (int)c->labels[event];
    c->right_float += float_decision == label;
    c->right_quantized += decide(c, quantized) == label;
    c->right_hardware += decision == label;
}

static void compare_batch(struct comparison *c, struct arena *arena, const double *x, long first,
                          long count, bool is_test)
{
    int outputs = c->program->output_count;
    double *quantized = arena_alloc(arena, (size_t)count * (size_t)c->size, sizeof *quantized);
    double *floating = arena_alloc(arena, (size_t)count * (size_t)c->size, sizeof *floating);
    double *hardware = arena_alloc(arena, (size_t)count * (size_t)outputs, sizeof *hardware);
    reference_eval(c->network, REFERENCE_QUANTIZED, x, count, c->last, quantized);
    if (is_test) reference_eval(c->network, REFERENCE_FLOAT, x, count, c->last, floating);
    program_scale_outputs(c->program, c->outputs + first * outputs, count, hardware);
    for (long e = 0; e < count; e++) {
        compare_event(c, first + e, hardware + e * outputs, quantized + e * c->size);
        if (is_test)
            compare_float(c, first + e, hardware + e * outputs, quantized + e * c->size,
                          floating + e * c->size);
    }
}

static void check_shape(struct comparison *c)
{
    const struct program *p = c->program;
    if (c->network->layers[0].size != p->input_count)
        fail("model and program differ: %d inputs against %d; compile again",
             c->network->layers[0].size, p->input_count);
    if (c->scores ? p->output_count != c->size : p->output_count != 1)
        fail("model and program differ: %d outputs against %d; compile again", c->size,
             p->output_count);
}

long compare_references(const struct program *program, const struct network *network,
                        const struct stimuli *stimuli, const int64_t *outputs, const float *labels,
                        struct verify_result *result, char *text, size_t size)
{
    struct compile_options options;
    compile_options_init(&options);
    options.output = output_of(program);
    struct comparison c = {.program = program,
                           .network = network,
                           .outputs = outputs,
                           .labels = labels,
                           .scores = options.output == COMPILE_LOGITS ||
                                     options.output == COMPILE_SOFTMAX,
                           .first = -1,
                           .text = text,
                           .text_size = size};
    c.last = compile_output_layer(network, &options);
    c.size = network->layers[c.last].size;
    check_shape(&c);
    long test = stimuli->of_kind[STIMULUS_TEST];
    for (long first = 0, count; first < stimuli->count; first += count) {
        long end = first < test ? test : stimuli->count;
        struct arena arena = {0};
        count = end - first < BATCH ? end - first : BATCH;
        compare_batch(&c, &arena, stimuli_raw(stimuli, program, first), first, count, first < test);
        arena_free(&arena);
    }
    double judged = (double)test;
    result->reference_mismatches = c.mismatches;
    result->float_max_abs_error = c.scores ? c.max_error : NAN;
    result->float_mean_abs_error = c.scores ? c.sum_error / (judged * c.size) : NAN;
    result->decision_changes = c.changes;
    if (labels) {
        result->accuracy_float = (double)c.right_float / judged;
        result->accuracy_quantized = (double)c.right_quantized / judged;
        result->accuracy_hardware = (double)c.right_hardware / judged;
    }
    return c.first;
}
