/* Sums as linear forms: how the checker proves, and passes find, intervals tighter than the
 * operand-by-operand rule.
 *
 * A value made by add, sub, neg, shift, result or const is, as a stored integer, exactly
 *   constant + sum of coefficient[i] * leaf[i]
 * over the stored integers of leaves (inputs, quantize, mul, table, ...), which vary independently
 * as far as anybody knows here. So the form's interval is exact for linear programs: (x + x * 2^1)
 * - x spans what 2x spans. Forms above LINEAR_MAX_TERMS terms are cut: such a value counts as a
 * leaf itself. A small table of a concat that is such a sum of the concat's operands counts as one.
 * A select of the smaller or larger of two values is known to be a min or max. */
#ifndef SLUICE_COMPILER_LINEAR_H
#define SLUICE_COMPILER_LINEAR_H

#include "compiler/program/program.h"

enum { LINEAR_MAX_TERMS = 512 };

/* Forms of a program that may still grow at its end while they are in use. */
struct linear_forms *linear_new(const struct program *program);
void linear_free(struct linear_forms *forms);

/* The tightest interval known for a value: the rule's, cut with that of the value's linear form.
 * Values have to keep their intervals after they were asked about or used. */
void linear_interval(struct linear_forms *forms, int value, int64_t *lo, int64_t *hi);

#endif
