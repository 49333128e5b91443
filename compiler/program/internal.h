/* Shared by the files of compiler/program/ only. */
#ifndef SLUICE_COMPILER_PROGRAM_INTERNAL_H
#define SLUICE_COMPILER_PROGRAM_INTERNAL_H

#include "compiler/program/linear.h"
#include "compiler/program/program.h"

__extension__ typedef __int128 int128;

/* Fraction bits and shifts stay inside +-PROGRAM_MAX_FRACTION, and integer bits inside
 * +-FORMAT_MAX_INTEGER_BITS, so that every format has a text form and every real number and its
 * step are ordinary doubles. */
enum { PROGRAM_MAX_FRACTION = 200 };

/* Letters that a name of the text form may start with, and go on with, without quotes. */
#define NAME_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define NAME_REST NAME_FIRST "0123456789.[]/-"

/* op_infer()'s answer when a value, or an operand aligned to the finest fraction, needs more than
 * 63 bits: the one answer that is the user's affair. */
extern const char op_too_wide[];

/* v * 2^shift (shift >= 0) into *result; false if that is beyond 126 bits. |v| < 2^63. */
bool shift_up(int128 v, int shift, int128 *result);
/* Whether a stored integer interval fits a format of at most 63 bits. */
bool interval_fits(int128 lo, int128 hi);
/* The format that op must have for its interval: own format for input, quantize and slice. */
struct format op_format_for(const struct op *op, int64_t lo, int64_t hi, int fraction);

/* quantize.c: a * 2^-fraction rounded to format's step: the integer before limiting. */
int128 quantize_round(int64_t a, int fraction, struct format format);
int64_t quantize_limit(int128 n, struct format format);
void quantize_interval(int64_t lo, int64_t hi, int fraction, struct format format,
                       int64_t *result_lo, int64_t *result_hi);

/* copy.c: operations that see bits or stored integers, not real numbers: their operands must keep
 * their format. */
bool op_reads_bits(enum op_code code);
/* check.c: one value against the rule and the linear forms; NULL or the reason in `reason`. */
const char *value_verify(const struct program *p, struct linear_forms *forms, int value,
                         char *reason, size_t size);
/* The intervals of loop `block`, proved iteration by iteration (loops.c), and that its addresses
 * are static and in bounds and its memories written before they are read; *value becomes the value
 * that is wrong. To be called for all blocks in order. */
struct loop_check *loop_check_new(const struct program *p);
const char *loop_check_block(struct loop_check *check, int block, int *value, char *reason,
                             size_t size);
void loop_check_free(struct loop_check *check);
/* timing.c: what the schedule chapter of docs/reference/program.md asks of stages and memories. */
const char *timing_verify(const struct program *p, int *value, char *reason, size_t size);

/* Blocks, ports and stages; *value becomes the value that is wrong, if it is one. */
const char *structure_verify(const struct program *p, int *value, char *reason, size_t size);

/* build.c: appends an op as it is, with its operands; nothing is inferred. */
int program_append(struct program *p, const struct op *op, const int *operands, int count);
/* Whether a and b hold the same entries (names apart). */
bool matrix_equal(const struct matrix *a, const struct matrix *b);
bool table_equal(const struct table *a, const struct table *b);
int program_append_matrix(struct program *p, const struct matrix *matrix);
int program_append_table(struct program *p, const struct table *table);
/* Always a new one; name, contents are copied. */
int program_append_memory(struct program *p, const struct memory *memory);

#endif
