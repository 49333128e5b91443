/* Shared by the C printer's files only. */
#ifndef SLUICE_COMPILER_EMIT_C_H
#define SLUICE_COMPILER_EMIT_C_H

#include "base/text.h"
#include "compiler/emit/emit.h"

/* Helper functions of the generated file, each in 32 and in 64 bits, written only if used. */
enum c_helper {
    C_FROM_BITS, /* 64 bits as a signed integer */
    C_WRAP,      /* low bits, sign extended */
    C_LIMIT,     /* quantizer limits */
    C_POPCOUNT,
    C_ROUND, /* first of a helper per rounding mode (TRN is a shift) */
    C_HELPER_COUNT = C_ROUND + ROUNDING_COUNT
};

struct c_printer {
    const struct program *program;
    struct text body;
    bool used[2][C_HELPER_COUNT]; /* in 32 bits, in 64 */
    bool shifts;                  /* signed integers are shifted right */
    /* Results of matrices and quantizers print alike, whatever weights and intervals: no product
     * and no limit is left out. */
    bool uniform;
    const char *indent;   /* of statements: deeper in a loop */
    struct arena *arena;  /* for texts of `inside` */
    const char **inside;  /* [op_count], or NULL: text of a value that stands inside its reader */
    const bool *outlives; /* [op_count]: a later block reads this value of a loop */
};

/* Type of an expression, in an order in which each converts to those of values behind it. */
enum c_type { C_NARROW, C_NARROW_BITS, C_WIDE, C_BITS }; /* int32_t, uint32_t, int64_t, uint64_t */
__extension__ typedef __int128 int128;
static inline bool c_fits_narrow(int128 lo, int128 hi)
{
    return lo >= INT32_MIN && hi <= INT32_MAX;
}

/* Type of the elements of in[] and out[]: the narrowest that holds all of them. */
const char *c_port_type(const struct program *program, bool inputs);
/* Whether a value's type is int32_t (else int64_t). */
bool c_is_narrow(const struct op *op);
/* The narrowest type for an array of such integers. */
const char *c_element_type(int64_t lo, int64_t hi);
/* The value whose variable holds this one: what an update or store passes on. */
int c_named(const struct program *program, int value);
/* "v7" or the literal of a constant, "(int64_t)v7" where `wide` and the type is narrower. */
void c_add_value(struct text *text, const struct program *program, int value, bool wide);
void c_add_integer(struct text *text, int64_t n);
/* The right-hand side of the statement for a value, converted to the value's type, and its helpers
 * marked; nothing for values that have no statement. */
void c_add_expression(struct c_printer *printer, int value);
/* "int32_t" or "int64_t", the type of a value's variable. */
const char *c_value_type(const struct op *op);
/* One statement: const T vN = expression; */
void c_print_op(struct c_printer *printer, int value);
/* The values that a pick chooses from, as an array before the loop. */
void c_add_choices(struct c_printer *printer, int value);
/* ---- emit_c_quantize.c ---- */
/* "name(", the helper in 32 or 64 bits. */
void c_begin_call(struct c_printer *printer, int helper, bool wide, const char *name);
/* " & 63u" */
void c_add_mask(struct text *text, int width);
/* The right-hand side of a quantizer; returns its type. */
enum c_type c_add_quantize(struct c_printer *printer, const struct op *op);
/* ---- emit_c_loop.c: a block with a trip count as a for loop ---- */
/* What stands before the statements of an iteration: variables that outlive it, the for. */
void c_begin_loop(struct c_printer *printer, const struct block *block, const bool *live);
/* What stands behind them: the states' next values. */
void c_end_loop(struct c_printer *printer, const struct block *block, const bool *live);
/* Of each op whether a block behind its loop, or an output, reads it: [op_count]. */
const bool *c_find_outliving(struct arena *arena, const struct program *program, const bool *live);
/* A generated file but for its frame. */
struct c_source {
    struct c_printer printer; /* the function's body and the helpers it uses */
    struct text tables;
    const char *before, *inside; /* lines before the function and first in it, or NULL */
};
/* The straight form. */
void c_fill_straight(struct c_source *source, const struct program *program, struct arena *arena);
/* TO/NAME.h and TO/NAME.EXTENSION. */
void c_write_source(const struct program *program, const struct emit_header *header,
                    const struct c_source *source, const char *extension, const char *to);

/* ---- emit_c_roll.c: a rolled program ---- */
struct roll;
struct roll_step;
/* The body of the function, and the tables that it reads. */
void c_print_roll(struct text *body, struct text *tables, const struct roll *roll, bool by_digits);
void c_print_roll_tables(struct text *text, const struct roll *roll);
/* The statements of element i, `sum` its matrix's sum. */
void c_add_statements(struct text *text, const struct roll *roll, const struct roll_step *step,
                      const char *indent);
void c_add_numbers(struct text *text, const int64_t *numbers, int count);
/* The narrowest type for all of them. */
const char *c_numbers_type(const int64_t *numbers, long count);
/* Someone else's text inside a comment: one line, and no end of the comment. */
void c_add_comment(struct text *text, const char *words);
/* ---- emit_c_load.c: loadable memories; nothing without them ---- */
/* The struct of their contents, and the functions that take one. */
void c_print_load_interface(struct text *text, const struct program *program, const char *name);
void c_print_load_functions(struct text *text, const struct program *program, const char *name);
/* What stands before the name of a memory. */
const char *c_memory_prefix(const struct program *program, int memory);
void c_print_helpers(const struct c_printer *printer, struct text *text);
/* Of each op whether an output depends on it; the caller frees. */
bool *c_find_live(const struct program *program);
/* The tables that the marked ops read, as static arrays table_0, table_1, ... */
void c_print_tables(struct text *text, const struct program *program, const bool *marked);

#endif
