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
};

/* Whether a value's type is int32_t (else int64_t). */
bool c_is_narrow(const struct op *op);
/* "v7" or the literal of a constant, "(int64_t)v7" where `wide` and the type is narrower. */
void c_add_value(struct text *text, const struct program *program, int value, bool wide);
void c_add_integer(struct text *text, int64_t n);
/* One statement: const T vN = expression; */
void c_print_op(struct c_printer *printer, int value);
void c_print_helpers(const struct c_printer *printer, struct text *text);
/* Of each op whether an output depends on it; the caller frees. */
bool *c_find_live(const struct program *program);
/* The tables that the marked ops read, as static arrays table_0, table_1, ... */
void c_print_tables(struct text *text, const struct program *program, const bool *marked);

#endif
