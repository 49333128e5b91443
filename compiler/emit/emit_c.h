/* Shared by the C printer's files only. */
#ifndef SLUICE_COMPILER_EMIT_C_H
#define SLUICE_COMPILER_EMIT_C_H

#include "base/text.h"
#include "compiler/emit/emit.h"

/* Helper functions of the generated file, written only if used. */
enum c_helper {
    C_FLOOR_SHIFT, /* portable arithmetic right shift */
    C_FROM_BITS,   /* 64 bits as a signed integer */
    C_WRAP,        /* low bits, sign extended */
    C_LIMIT,       /* quantizer limits */
    C_POPCOUNT,
    C_ROUND, /* first of a helper per rounding mode (TRN is C_FLOOR_SHIFT) */
    C_HELPER_COUNT = C_ROUND + ROUNDING_COUNT
};

struct c_printer {
    const struct program *program;
    struct text body;
    bool used[C_HELPER_COUNT];
    const char *indent;   /* of statements: deeper in a loop */
    const bool *outlives; /* [op_count]: a later block reads this value of a loop */
};

/* Whether a value's type is int32_t (else int64_t). */
bool c_is_narrow(const struct op *op);
/* The narrowest type for an array of such integers. */
const char *c_element_type(int64_t lo, int64_t hi);
/* The value whose variable holds this one: what an update or store passes on. */
int c_named(const struct program *program, int value);
/* "v7" or the literal of a constant, "(int64_t)v7" where `wide` and the type is narrower. */
void c_add_value(struct text *text, const struct program *program, int value, bool wide);
void c_add_integer(struct text *text, int64_t n);
/* One statement: const T vN = expression; */
void c_print_op(struct c_printer *printer, int value);
/* The values that a pick chooses from, as an array before the loop. */
void c_add_choices(struct c_printer *printer, int value);
/* ---- emit_c_loop.c: a block with a trip count as a for loop ---- */
/* What stands before the statements of an iteration: variables that outlive it, the for. */
void c_begin_loop(struct c_printer *printer, const struct block *block, const bool *live);
/* What stands behind them: the states' next values. */
void c_end_loop(struct c_printer *printer, const struct block *block, const bool *live);
/* Of each op whether a block behind its loop, or an output, reads it: [op_count]. */
const bool *c_find_outliving(struct arena *arena, const struct program *program, const bool *live);
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
