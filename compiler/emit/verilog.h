/* Shared by the Verilog printer's files only: which module holds which value, and how a value is
 * written there.
 *
 * A value is computed in the module of its block ("home"; inputs in the top) and held in one chain
 * of delay registers: tap k is the value k registers later. The chain stands at home and whoever
 * needs a tap gets it through a port, with one exception that keeps ports few: if a single other
 * module uses the value ("split"), the chain goes on there from the first tap it uses. Either way
 * no register exists twice. */
#ifndef SLUICE_COMPILER_EMIT_VERILOG_H
#define SLUICE_COMPILER_EMIT_VERILOG_H

#include "base/text.h"
#include "compiler/emit/emit.h"

enum {
    VERILOG_TOP = -1,
    VERILOG_NAME_MAX =
        60 /* characters kept of a user's name: two of them and a suffix fill a name */
};

/* Module `block` reads the value's tap. Sorted by value, block, tap; no duplicates. */
struct verilog_use {
    int value, block, tap;
};

struct verilog_value {
    bool live;        /* an output depends on it */
    int home;         /* block index, VERILOG_TOP for inputs */
    const char *name; /* of tap 0; tap k is NAME_qk */
    int chain;        /* registers at home */
    bool split;
    int first_use, use_count; /* in uses[] */
};

struct verilog_plan {
    const struct program *program;
    struct arena arena;
    const char *top;
    const char **block_names; /* identifiers */
    const char **tables;      /* module names, NULL if unused */
    int *root;                /* [op_count] the value whose bits a shift has */
    struct verilog_value *values;
    struct verilog_use *uses;
    int use_count;
    size_t use_capacity;
};

struct verilog_plan *verilog_plan_new(const struct program *program);
void verilog_plan_free(struct verilog_plan *plan);
/* Whether every use of the root is a literal: a constant, or an interval of one integer. */
bool verilog_is_constant(const struct verilog_plan *plan, int root);
/* The values that op `value` reads, as roots, constants too: *count of them in `list` (at least as
 * long as the most operands of any op). A result reads the operands of its matvec that have a
 * weight. */
void verilog_reads(const struct verilog_plan *plan, int value, int *list, int *count);
/* Taps of `value` present in a module: *first..*last; false if none. *ported: every one of them
 * that the module uses comes through a port (else the first does, or it is the home). */
bool verilog_taps(const struct verilog_plan *plan, int value, int block, int *first, int *last,
                  bool *ported);
/* Whether the use is a port of the module that reads it and of the value's home. */
bool verilog_is_port(const struct verilog_plan *plan, const struct verilog_use *use);
/* "name" or "name_q3", as in the top. */
void verilog_tap_name(const struct verilog_plan *plan, int value, int tap, char name[160]);
/* The same inside a block's module, where what comes through a port ends in _i. */
void verilog_local_name(const struct verilog_plan *plan, int block, int value, int tap,
                        char name[160]);
const char *verilog_module(const struct verilog_plan *plan, int block, char name[160]);
/* "every cycle", "every 3 cycles": how often an event may start. */
const char *verilog_rate(const struct program *program, char words[40]);
/* Whether the block has a module: live values of its own or registers. */
bool verilog_has_module(const struct verilog_plan *plan, int block);

/* ---- text of bits (verilog_field.c) ---- */

/* One bit per bit of a signal; helper wires have up to 128. */
__extension__ typedef unsigned __int128 verilog_mask;

/* A named vector or a constant. */
struct verilog_signal {
    char name[160];
    int width;      /* its low bits that matter */
    int full_width; /* as declared */
    bool is_signed, is_constant;
    int64_t integer;    /* of a constant */
    verilog_mask *used; /* bits somebody read, for the line of unused bits */
};
/* Bits [low, low + width) of the signal, extended by its sign or zeros upwards and by zeros below
 * bit 0: an expression of exactly that width, to be used where signedness does not matter. */
void verilog_field(struct text *text, const struct verilog_signal *signal, int low, int width);
/* The same as a signed expression. */
void verilog_signed_field(struct text *text, const struct verilog_signal *signal, int low,
                          int width);
/* Bit `bit` of the endless extension is always 0. */
bool verilog_zero_above(const struct verilog_signal *signal, int bit);
/* "wire signed [7:0] ": declaration of a vector. */
void verilog_declare(struct text *text, const char *kind, bool is_signed, int width);
/* Text of the user's, without what would end a comment, and a newline. */
void verilog_comment(struct text *text, const char *words);
/* An identifier made of any text: letters, digits, underscores, no keyword, not overlong; in the
 * arena. */
const char *verilog_identifier(struct arena *arena, const char *text);

/* ---- one module's body ---- */
struct verilog_module {
    const struct verilog_plan *plan;
    int block;
    struct text body;
    int *first_signal,
        *first_tap; /* [op_count]: place of the value's taps in used[]; -1: not here */
    verilog_mask *used;
    int signal_count;
    int *list;                /* scratch for verilog_reads() */
    struct text unused_extra; /* names of unused parts of helper wires, ", " before each */
};
/* The signal as which op `reader` sees its operand number i (a constant, or a tap). */
struct verilog_signal verilog_operand(struct verilog_module *module, int reader, int operand);
/* Declares the op's value and its logic (verilog_op.c). */
void verilog_op(struct verilog_module *module, int value);
/* Puts the value's format and interval behind, or above, the lines of its logic that begin at
 * `start` in the body. */
void verilog_note(struct verilog_module *module, size_t start, int value);
void verilog_quantize(struct verilog_module *module, int value);

/* Text of whole modules. */
void verilog_block_text(const struct verilog_plan *plan, const struct emit_header *header,
                        int block, struct text *text);
/* A table of up to 64 entries is printed where it is used; a larger one is a module of its own. */
bool verilog_table_is_small(const struct table *table);
void verilog_table_text(const struct verilog_plan *plan, int table, struct text *text);
void verilog_top_text(const struct verilog_plan *plan, const struct emit_header *header,
                      struct text *text);

#endif
