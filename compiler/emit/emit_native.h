/* The program as C for this machine: vectors of events, compiled and loaded at run time by
 * compiler/native.c. Not for people: emit_c() prints what people read.
 *
 * A vector holds one value of E events, in the narrowest lanes (16, 32 or 64 bits) that hold the
 * value's interval; E fills the machine's registers with the lanes most values have ("base").
 * Vectors of wider lanes span several registers, which the compiler takes apart. The operations are
 * cut into chunks, a function each: values live in registers within a chunk, and in a frame of
 * reused slots from chunk to chunk, which stays in the first-level cache.
 *
 * There are no 8-bit lanes: vector instruction sets lack 8-bit shifts and products, so most such
 * values would be converted to 16 bits and back.
 *
 * Arithmetic is modulo the lane (the sources are compiled with -fwrapv), which is exact as long as
 * results fit their lanes; only comparisons, rounding and right shifts have to see whole values. */
#ifndef SLUICE_COMPILER_EMIT_NATIVE_H
#define SLUICE_COMPILER_EMIT_NATIVE_H

#include "base/text.h"
#include "compiler/program/program.h"

__extension__ typedef __int128 native_integer;

enum { NATIVE_PARTS = 2, NATIVE_GROUPS = 8 /* that callers hand over, best */ };

/* Sources to be compiled on their own, in parallel, and linked to one object that exports
 *   const int sluice_native_shape[4]: E, bits of an input's lane, bits of an output's, frame bytes
 *   void sluice_native_eval(void *frames, const void *in, void *out, long stride, long groups)
 * in: [inputs][stride] lanes, out: [outputs][stride] lanes, aligned to 64 bytes, stride a multiple
 * of E; groups: vectors of E events; frames: scratch memory of "frame bytes", aligned alike. All E
 * inputs of a group must be inside their intervals. Same program, same text. */
struct native_source {
    int parts;
    struct text part[NATIVE_PARTS];
};

/* The caller frees the texts. */
void emit_native(const struct program *program, struct native_source *source);

/* ---- shared by emit_native*.c only ---- */

struct native_printer {
    const struct program *program;
    struct arena arena; /* expressions */
    struct text *text;
    int base;   /* lanes up to these bits are compared directly, wider ones by subtraction */
    int *root;  /* of each op: the value whose integers it is (a shift's operand) */
    int *lane;  /* bits of its lanes */
    int *chunk; /* where it is computed */
    int *slot;  /* in the frame's array of its lanes; -1: never leaves its chunk */
    int here;   /* the chunk being printed */
    int in_bits, out_bits;
};

/* 16, 32 or 64: bits of the narrowest lane that holds [lo, hi]. */
int native_lane(native_integer lo, native_integer hi);
/* "const l16 v7 = ...;" */
void native_print_op(struct native_printer *printer, int value);
/* A value as an expression of vectors of `bits` lanes, modulo the lane. */
const char *native_value(struct native_printer *printer, int value, int bits);

#endif
