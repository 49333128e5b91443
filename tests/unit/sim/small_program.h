/* A small scheduled network for tests of the Verilog printer and of verification: 6 inputs, a dense
 * layer of 4 with ReLU and quantizer, a dense layer of 3, raw scores; written with shift-adds and
 * delay registers as a compiler would. Also: stages for any program. */
#ifndef SLUICE_TESTS_SMALL_PROGRAM_H
#define SLUICE_TESTS_SMALL_PROGRAM_H

#include "compiler/program/program.h"
#include "data/random.h"

#include <stdio.h>

/* Gives every op a stage: each is `step` percent likely to wait one more stage than its operands
 * need. */
static inline void small_schedule(struct program *p, int step, uint64_t seed)
{
    struct random random = random_init(seed);
    int last = 0;
    for (int v = 0; v < p->op_count; v++) {
        struct op *op = &p->ops[v];
        op->stage = 0;
        if (op->code == OP_INPUT || op->code == OP_CONST) continue;
        for (int i = 0; i < op->operand_count; i++) {
            const struct op *a = program_operand(p, op, i);
            if (a->code != OP_CONST && a->stage > op->stage) op->stage = a->stage;
        }
        if (op->code != OP_RESULT && random_below(&random, 100) < (uint64_t)step) op->stage++;
        if (op->stage > last) last = op->stage;
    }
    p->latency_cycles = last + 1;
    p->interval_cycles = 1;
    p->clock_mhz = 120;
}

/* sum of w[i] * x[i] + bias by shift-adds of the weights' bits, most negative weights by
 * subtraction */
static inline int small_dot(struct program *p, const int *x, int count, const int *weights,
                            int bias)
{
    int sum = program_add_const(p, bias, 6);
    for (int i = 0; i < count; i++)
        for (int bit = 0, w = weights[i] < 0 ? -weights[i] : weights[i]; w >> bit; bit++)
            if (w >> bit & 1)
                sum = program_add2(p, weights[i] < 0 ? OP_SUB : OP_ADD, sum, x[i], bit - 3);
    return sum;
}

static inline struct program *small_network(void)
{
    static const int hidden_weights[4][6] = {
        {3, -2, 0, 1, 5, -1}, {-4, 1, 2, 0, 0, 7}, {0, 3, -3, 1, -1, 1}, {1, 1, 1, -6, 2, 0}};
    static const int score_weights[3][4] = {{2, -3, 1, 0}, {-1, 4, 0, 5}, {1, 1, -7, -2}};
    struct program *p = program_new("tiny");
    int x[6], hidden[4];
    program_begin_block(p, "standardise", "affine");
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "feature %d", i);
        x[i] = program_add_input(p, name, format_make(true, 6 + i % 2, 3), 0.5 + i, -0.25);
    }
    program_begin_block(p, "dense_1", "dense");
    for (int j = 0; j < 4; j++) {
        int sum = small_dot(p, x, 6, hidden_weights[j], 9 * j - 11);
        int relu = program_add2(p, OP_MAX, sum, program_add_const(p, 0, 0), 0);
        hidden[j] = program_add_quantize(p, relu, format_make(false, 6, 3));
    }
    program_begin_block(p, "dense_2", "dense");
    for (int j = 0; j < 3; j++) {
        char name[32];
        snprintf(name, sizeof name, "score_%d", j);
        program_add_output(p, name, small_dot(p, hidden, 4, score_weights[j], 5 - 7 * j));
    }
    p->output_kind = "logits";
    small_schedule(p, 40, 1);
    program_check(p, "small network");
    return p;
}

#endif
