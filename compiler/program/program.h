/* The lowered integer program: the single source of truth behind every back end.
 *
 * A program is SSA: ops[] in order, an operation's operands are earlier operations, and an
 * operation's index is its value. A value is a stored integer n with a format and an exact interval
 * [lo, hi]; its real number is n * 2^-F, F the format's fraction bits. Blocks are consecutive
 * ranges of ops (one or a few per layer), run `trip` times per event: trip 1 is straight-line code,
 * a larger trip count a loop (docs/reference/program.md). The text form (program_print,
 * program_parse) holds everything; the checker runs after every pass. Memory belongs to
 * program->arena, except the growable arrays freed by program_free(). */
#ifndef SLUICE_COMPILER_PROGRAM_H
#define SLUICE_COMPILER_PROGRAM_H

#include "base/arena.h"
#include "model/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(ID, text name, least operands, most operands (-1: any), immediate, meaning)
 * All operations act on real numbers exactly, whatever the operands' formats (operands are aligned
 * to the finest fraction); only quantize rounds. "bits" operations act on the two's complement bits
 * of stored integers. Immediate kinds: NONE; ELEMENT input element; VALUE stored integer; SHIFT
 * power of two; MATRIX, TABLE, MEMORY index into matrices[], tables[], memories[]; COLUMN result
 * number; LOW lowest bit number; TRIP the block's trip count. */
#define OP_TABLE(X)                                                                                \
    X(INPUT, "input", 0, 0, ELEMENT, "element of the program's input")                             \
    X(CONST, "const", 0, 0, VALUE, "a constant")                                                   \
    X(ADD, "add", 2, 2, SHIFT, "a + b * 2^shift")                                                  \
    X(SUB, "sub", 2, 2, SHIFT, "a - b * 2^shift")                                                  \
    X(ADC, "adc", 3, 3, SHIFT,                                                                     \
      "b + c * 2^shift + a; a is one unsigned bit, the carry that comes in")                       \
    X(SBB, "sbb", 3, 3, SHIFT,                                                                     \
      "b - c * 2^shift - a; a is one unsigned bit, the borrow that comes in")                      \
    X(NEG, "neg", 1, 1, NONE, "-a")                                                                \
    X(SHIFT, "shift", 1, 1, SHIFT, "a * 2^shift; the same bits under another format: free")        \
    X(MUL, "mul", 2, 2, NONE, "a * b, both variable")                                              \
    X(MATVEC, "matvec", 1, -1, MATRIX,                                                             \
      "constant matrix times vector; its values are taken by result")                              \
    X(RESULT, "result", 1, 1, COLUMN, "one result of a matvec")                                    \
    X(QUANTIZE, "quantize", 1, 1, NONE, "a rounded and limited to the format and its modes")       \
    X(LT, "lt", 2, 2, NONE, "1 if a < b else 0")                                                   \
    X(LE, "le", 2, 2, NONE, "1 if a <= b else 0")                                                  \
    X(EQ, "eq", 2, 2, NONE, "1 if a = b else 0")                                                   \
    X(SELECT, "select", 3, 3, NONE, "b if a is 1 else c; a is one unsigned bit")                   \
    X(MIN, "min", 2, 2, NONE, "the smaller")                                                       \
    X(MAX, "max", 2, 2, NONE, "the larger; max with const 0 is ReLU")                              \
    X(TABLE, "table", 1, 1, TABLE,                                                                 \
      "entry number n - first of the table, n the stored integer of a")                            \
    X(AND, "and", 2, 2, NONE, "bits: and of two unsigned values")                                  \
    X(OR, "or", 2, 2, NONE, "bits: or of two unsigned values")                                     \
    X(XOR, "xor", 2, 2, NONE, "bits: exclusive or of two unsigned values")                         \
    X(NOT, "not", 1, 1, NONE, "bits: all W bits inverted; of a signed value that is -1 - n")       \
    X(POPCOUNT, "popcount", 1, 1, NONE, "bits: number of ones in the W bits of a")                 \
    X(LUT, "lut", 1, 6, VALUE,                                                                     \
      "bits: a truth table: the bit of the constant that the one-bit operands number, the first "  \
      "lowest")                                                                                    \
    X(CONCAT, "concat", 1, -1, NONE,                                                               \
      "bits: operands side by side, the first lowest; an unsigned integer")                        \
    X(SLICE, "slice", 1, 1, LOW,                                                                   \
      "bits: W bits of a from bit low up, W and signedness by the format given")                   \
    X(PICK, "pick", 2, -1, NONE, "value number a of those that follow")                            \
    X(INDEX, "index", 0, 0, TRIP, "number of the iteration")                                       \
    X(STATE, "state", 1, 1, NONE, "a in the first iteration, then what update gave it")            \
    X(UPDATE, "update", 2, 2, NONE, "b; the state a has it in the next iteration")                 \
    X(LOAD, "load", 1, 2, MEMORY, "entry a of the memory; with b: 0 where b is 0")                 \
    X(STORE, "store", 3, 3, MEMORY, "b; entry a of the memory has it from then on, if c is 1")

#define X(id, name, least, most, immediate, text) OP_##id,
enum op_code { OP_TABLE(X) OP_COUNT };
#undef X

enum op_immediate {
    IMMEDIATE_NONE,
    IMMEDIATE_ELEMENT,
    IMMEDIATE_VALUE,
    IMMEDIATE_SHIFT,
    IMMEDIATE_MATRIX,
    IMMEDIATE_TABLE,
    IMMEDIATE_COLUMN,
    IMMEDIATE_LOW,
    IMMEDIATE_TRIP,
    IMMEDIATE_MEMORY
};
struct op_row {
    const char *name;
    int least_operands, most_operands;
    enum op_immediate immediate;
    const char *meaning;
};
extern const struct op_row op_rows[OP_COUNT];

struct op {
    enum op_code code;
    int operands; /* first operand in program->operands[] */
    int operand_count;
    int64_t immediate;
    struct format format; /* of the result; modes matter to QUANTIZE and, for the host, INPUT
                             (elsewhere RND,SAT) */
    int64_t lo, hi;       /* exact interval of the stored integer */
    int stage;            /* pipeline stage its logic is in, -1: not scheduled yet; see below */
};

/* Real entries are integers[row * columns + column] * 2^-fraction_bits; rows = operands, columns =
 * results. bias[column] (may be NULL) has the fraction bits bias_fraction_bits and is added to the
 * result. */
struct matrix {
    const char *name;
    int rows, columns;
    int64_t *integers;
    int fraction_bits;
    int64_t *bias;
    int bias_fraction_bits;
    /* Integers and biases of today that others may replace: anything in [lo, hi] and [bias_lo,
     * bias_hi] (as the integers are given). Only between lowering and reuse. */
    bool is_loadable;
    int64_t lo, hi, bias_lo, bias_hi;
};

struct table {
    const char *name;
    int64_t first; /* stored integer of the argument that entry 0 stands for: the argument's lo when
                      built */
    int count;
    int64_t *entries;     /* stored integers */
    struct format format; /* of the entries */
    bool in_block;        /* a block memory that answers in the next cycle; else logic */
};

/* X(ID, text name): what a memory is made of; BLOCK answers in the next cycle. */
#define MEMORY_TABLE(X)                                                                            \
    X(REGISTERS, "registers")                                                                      \
    X(DELAY, "delay") X(DISTRIBUTED, "distributed") X(BLOCK, "block")
#define X(id, name) MEMORY_##id,
enum memory_kind { MEMORY_TABLE(X) MEMORY_KIND_COUNT };
#undef X
extern const char *const memory_kind_names[MEMORY_KIND_COUNT];

/* Entries of one format that a loop's iterations write and others read; or a loadable one, whose
 * entries a port of the hardware writes between events and which any operation may read. */
struct memory {
    const char *name;
    int entries;
    int slots; /* places in hardware, 2^n for entry a number a mod 2^n, or entries * 2^n: buffers */
    enum memory_kind kind;
    struct format format; /* the smallest that holds the interval */
    int64_t lo, hi;
    int64_t *contents; /* [entries] of a loadable memory, at first, each in [lo, hi]; NULL: written
                          by a store */
};

struct block {
    const char *name, *kind; /* layer it came from: "dense_1", "dense" */
    int first, end;          /* ops [first, end) */
    int trip, interval; /* executions per event; cycles between them (1). trip 1 = fully unrolled */
};

struct port {
    const char *name;
    int value;                      /* inputs: the INPUT op; outputs: any op */
    double host_scale, host_offset; /* inputs: hardware value = quantize(raw * scale + offset) */
    /* Inputs with edges instead: hardware value = how many of them are not above the raw value
     * (NaN: none); scale 1, offset 0. Rising; the first may be -infinity. In the program's arena.
     */
    int edge_count;
    const double *edges;
};

/* Of hardware against upsets (docs/guide/protection.md): TMR, control registers in three copies
 * that vote; ECC, the words of loadable memories in a code that corrects one bit and detects two.
 */
enum program_protect { PROTECT_TMR = 1, PROTECT_ECC = 2 };

struct program {
    struct arena arena;
    const char *name;
    unsigned protect; /* enum program_protect, or of them; 0: none */
    /* ECC: cycles from a memory's answer to the corrected word, 1 or 2; the schedule's choice. */
    int correction_cycles;
    int op_count;
    struct op *ops;
    int operand_count;
    int *operands;
    int matrix_count, table_count, memory_count, block_count, input_count, output_count;
    struct matrix *matrices;
    struct table *tables;
    struct memory *memories;
    struct block *blocks;
    struct port *inputs;  /* in order of the packed data_i, element 0 lowest */
    struct port *outputs; /* in order of the packed data_o */
    /* "logits", "argmax", "softmax" or "threshold": what the outputs mean */
    const char *output_kind;
    double threshold; /* of output_kind threshold, on real scores; else 0 */
    /* Schedule: logic of stage s lies between register rank s and rank s + 1; inputs arrive in
     * stage 0 (rank 0 is outside, the ports themselves); a value used in a later stage than its own
     * is held in registers; outputs are registered: latency_cycles = last stage + 1. 0: not
     * scheduled. Of an op in a loop it is the stage of the first iteration (see value_end()). */
    int latency_cycles, interval_cycles;
    double clock_mhz;
    size_t op_capacity, operand_capacity, matrix_capacity, table_capacity, memory_capacity,
        block_capacity, input_capacity, output_capacity;
};

struct program *program_new(const char *name);
void program_free(struct program *program);

/* ---- building (build.c) ---- each returns the new value's index; formats and intervals are
 * inferred by the operation's interval rule (infer.c), so callers never guess a width. A result
 * above 63 bits ends with one line that names the block and the path of values that got there. */
int program_add_input(struct program *p, const char *name, struct format format, double host_scale,
                      double host_offset);
/* An input that is the number of its raw value's bucket, 0 .. count: the edges are copied. */
int program_add_buckets(struct program *p, const char *name, const double *edges, int count);
int program_add_const(struct program *p, int64_t integer, int fraction_bits);
int program_add_op(struct program *p, enum op_code code, const int *operands, int count,
                   int64_t immediate);
int program_add2(struct program *p, enum op_code code, int a, int b, int64_t immediate);
int program_add_quantize(struct program *p, int a, struct format format);
int program_add_slice(struct program *p, int a, int low, struct format format);
/* matvec and its results: writes columns values to results[]; matrix members are copied. */
/* A truth table of `count` (1..6) one-bit values: its result for the operands' bits, the first
 * lowest, is bit number "them" of `bits`. */
int program_add_lut(struct program *p, const int *operands, int count, uint64_t bits);
void program_add_matvec(struct program *p, const int *operands, int rows,
                        const struct matrix *matrix, int *results);
int program_add_table(struct program *p, int a, const char *name, const int64_t *entries,
                      struct format format);
/* Claims a narrower interval than the rule's for a value (a pass that knows more); the checker
 * verifies the claim by expanding sums into linear forms over the values they stand on. Adapts the
 * format's width. */
void program_narrow(struct program *p, int value, int64_t lo, int64_t hi);
void program_begin_block(struct program *p, const char *name, const char *kind);

/* ---- loops (build.c) ---- Intervals in loops are hulls over the iterations, which the builder
 * does not run: the rule sees the operands' hulls, and who knows more narrows (program_narrow());
 * program_check() proves it all. */
void program_begin_loop(struct program *p, const char *name, const char *kind, int trip);
/* The iteration's number in the open loop. */
int program_add_index(struct program *p);
/* A carried register of [lo, hi] that starts as `first`, with first's fraction. */
int program_add_state(struct program *p, int first, int64_t lo, int64_t hi);
int program_add_update(struct program *p, int state, int value);
/* Returns the memory's number; its format follows from [lo, hi]. contents [entries] are copied;
 * NULL: not loadable. Of a loadable memory [lo, hi] is what may ever be loaded, so nothing that
 * reads it depends on the contents of today. */
int program_add_memory(struct program *p, const char *name, int entries, int64_t lo, int64_t hi,
                       int fraction_bits, const int64_t *contents);
int program_add_load(struct program *p, int memory, int address);
/* 0 where `condition` is 0: then there need be no such entry yet. */
int program_add_load_if(struct program *p, int memory, int address, int condition);
int program_add_store(struct program *p, int memory, int address, int value, int enable);
void program_add_output(struct program *p, const char *name, int value);

/* Rewriting passes build a new program from an old one: copies everything but ops, blocks and
 * outputs (inputs are re-added by copying their INPUT ops), to be filled with mapped values. */
struct program *program_new_like(const struct program *old);
/* Copies op `value` of `old`, its operands mapped by map[], claims and formats kept; matrices and
 * tables are shared by copy. */
int program_copy_op(struct program *p, const struct program *old, int value, const int *map);
/* Operations that see bits or stored integers, not real numbers: their operands have to keep their
 * format. */
bool op_reads_bits(enum op_code code);

/* The interval rule: format and interval of an op from its operands (its own format used for
 * QUANTIZE, SLICE, CONST fraction and INPUT). Returns NULL, or a static text saying what is wrong.
 */
const char *op_infer(const struct program *p, const struct op *op, struct format *format,
                     int64_t *lo, int64_t *hi);

static inline const struct op *program_operand(const struct program *p, const struct op *op, int i)
{
    return &p->ops[p->operands[op->operands + i]];
}
static inline int op_fraction(const struct op *op)
{
    return format_fraction_bits(op->format);
}
/* Whether its value is always 0. */
static inline bool op_is_zero(const struct op *op)
{
    return op->lo == 0 && op->hi == 0;
}
/* add, sub, adc and sbb: the minuend's place among the operands; the other one, shifted, is next.
 */
static inline bool op_is_sum(const struct op *op)
{
    return op->code == OP_ADD || op->code == OP_SUB || op->code == OP_ADC || op->code == OP_SBB;
}
static inline bool op_subtracts(const struct op *op)
{
    return op->code == OP_SUB || op->code == OP_SBB;
}
static inline int op_first_addend(const struct op *op)
{
    return op->code == OP_ADC || op->code == OP_SBB;
}
int program_block_of(const struct program *p, int value);
static inline bool block_is_loop(const struct block *block)
{
    return block->trip > 1;
}
bool program_has_loops(const struct program *p);
static inline bool value_in_loop(const struct program *p, int value)
{
    return block_is_loop(&p->blocks[program_block_of(p, value)]);
}
/* Cycle in which a scheduled program's value is there for later blocks: the op's stage, in a loop
 * that of the last iteration. */
int value_end(const struct program *p, int value);
/* The least number of stages between operand k of an op and the op, by the schedule's rules
 * (docs/reference/program.md); INT_MIN where there is none: constants. */
int op_distance(const struct program *p, int value, int k);
/* How many cycles before its stage the op reads its first operand, an address: 1 of a block memory,
 * 2 or 3 of one whose words are corrected, else 0. */
int op_read_cycles(const struct program *p, const struct op *op);
/* Whether the memory's words are stored in a code that is corrected. */
bool memory_is_corrected(const struct program *p, const struct memory *memory);
/* Bits of such a word beside those of its data (secded.c): Hamming's, and one parity over all. */
int secded_check_bits(int data_bits);
/* Their value for a word: the parity highest, Hamming's check bit 0 lowest. */
unsigned secded_check(uint64_t data, int data_bits);
/* Bits of a word as the memory holds it. */
int memory_word_bits(const struct program *p, const struct memory *memory);
/* "none", "tmr", "ecc" or "tmr+ecc", and the other way; false if it is none of these. */
const char *protect_name(unsigned protect);
bool protect_find(const char *name, unsigned *protect);
/* What values that follow from constants and the iteration alone are, for addresses and conditions
 * of loads and stores (statics.c). One object for a program, which must not change meanwhile. */
struct statics *statics_new(const struct program *p);
void statics_free(struct statics *statics);
const struct program *statics_program(const struct statics *statics);
/* [trip of the value's block] integers, of a constant one; NULL if the value is no such. */
const int64_t *statics_of(struct statics *statics, int value);
/* How many cycles lie between entries' writes and their reads by load op `load` (timing.c): the
 * least and the most of its iterations, stages as they are. False if nothing stores to it. */
bool load_distances(struct statics *statics, int load, int *least, int *most);
/* Whether every load still finds what was written when its slots are as many as they are, by the
 * program's stages and interval. */
bool memory_slots_fit(struct statics *statics, int memory);
/* Whether the value of operand k matters: not of one that a pick never chooses. */
bool op_needs_operand(const struct program *p, const struct op *op, int k);
/* live [op_count]: what an output depends on, through states and memories too. With `whole` all
 * operands of a live op, and the matvec of a result; else those alone whose values matter: with a
 * weight in the live columns, chosen by some index. */
void program_find_live(const struct program *p, bool whole, bool *live);
/* A straight-line program that computes the same, not scheduled: loops unrolled, memories and
 * states gone (unroll.c). values [old op_count], may be NULL, gets the new value of each old one in
 * its last iteration, -1: none. */
struct program *program_unroll(const struct program *p, int *values);

/* ---- loadable memories (load.c) ---- */

/* Where a loadable memory's entries stand in the address space of the load port. */
struct load_range {
    int memory;
    uint32_t base; /* address of entry 0: a multiple of the next power of two of the entries */
};
struct load_map {
    struct load_range *ranges;          /* in order of the memories */
    int count, address_bits, data_bits; /* both bits at least 1 */
};
/* Ranges belong to the arena. Every loadable memory has one, whether it is read or not. */
struct load_map program_load_map(const struct program *p, struct arena *arena);
bool program_has_loadables(const struct program *p);
/* Words that a memory has in hardware: those of its slots, of a loadable one two banks. */
int memory_words(const struct memory *memory);
/* The cycle in which a load reads its memory: its stage, of a block memory the one before. */
int load_read_stage(const struct program *p, const struct op *load);
/* An entry's integer as a word of the load port: its bits, in the width of the memory's format. */
uint64_t load_port_word(const struct memory *memory, int64_t integer);
/* Other contents for a loadable memory, in place: integers [entries], each in [lo, hi]. */
void program_set_contents(struct program *p, int memory, const int64_t *contents);

/* ---- columns of matrices (matrix.c) ---- the stored integer of a RESULT op is exactly
 *   bias + sum over rows of weight[row] * (stored integer of the matvec's operand number row).
 * Fraction bits of a result: the fewest that hold it exactly, whatever the operands' values; of a
 * loadable matrix whatever its integers become. */
int result_fraction(const struct program *p, const struct op *result);
/* The integers of the sum at a fraction (result_fraction()); an operand that is always 0 has weight
 * 0. False if an integer needs more than 63 bits. */
bool result_weight(const struct program *p, const struct op *result, int fraction, int row,
                   int64_t *weight);
bool result_bias(const struct program *p, const struct op *result, int fraction, int64_t *bias);
/* The matrix that a result is a column of. */
const struct matrix *result_matrix(const struct program *p, const struct op *result);

/* ---- text form (print.c, parse.c) ---- docs/reference/program.md */
void program_print(const struct program *p, FILE *stream);
void program_write(const struct program *p, const char *path);
/* Reads the text form and checks it; a mistake ends with FILE:LINE. */
struct program *program_read(const char *path);

/* ---- checker (check.c) ---- order, operand counts, inferred formats and intervals (or proved
 * claims), stages, blocks, outputs. Aborts with the pass's name: a failure is our own mistake.
 * program_verify returns the reason instead (NULL: fine). */
void program_check(const struct program *p, const char *pass);
const char *program_verify(const struct program *p, char *reason, size_t size);

/* ---- interpreter (eval.c) ---- */
/* One value through a quantizer: a * 2^-fraction to format's stored integer (quantize.c; shares no
 * code with model/format.c). */
int64_t program_quantize_integer(int64_t a, int fraction, struct format format);
/* Stored integers: inputs [events][input_count] -> outputs [events][output_count]; 1 or 2 threads
 * inside. Asserts that inputs are inside their intervals and that every value is inside its own (in
 * checked builds: under the address sanitizer, or with -DSLUICE_CHECK_INTERVALS). */
void program_eval(const struct program *p, const int64_t *inputs, long events, int64_t *outputs);
/* The same for one event, keeping every value: values [op_count]. */
void program_eval_trace(const struct program *p, const int64_t *inputs, int64_t *values);
/* Host side: raw physical rows x [events][input_count] to stored integers, and output integers to
 * real numbers. */
void program_quantize_inputs(const struct program *p, const double *x, long events,
                             int64_t *integers);
void program_scale_outputs(const struct program *p, const int64_t *integers, long events,
                           double *y);
/* Whether an input has a code of its own for a missing value (NaN). */
bool program_may_miss(const struct program *p, int input);
/* A raw value that the host turns into this stored integer. */
double program_raw_value(const struct program *p, int input, int64_t integer);
/* One input of `count` events, in place: raw values to stored integers (whole numbers exactly). */
void program_quantize_column(const struct program *p, int input, double *x, long count);

/* ---- counts (count.c) ----
 * Adder bits of r = a +- b * 2^s: the bit positions from `low` to the top bit of r (sign included),
 * low = lowest bit of b * 2^s for a subtraction, the higher of the two lowest bits for an addition;
 * 0 if an addition's operands do not overlap and the lower one is not negative. neg: all its bits.
 * A carry or borrow at `low` is free, as the chain's first; at any other bit it costs those from it
 * to the top once more. Register bits of a scheduled program: a value of stage s last used in stage
 * t (outputs: in stage latency_cycles) is held in t - s ranks of W bits; a shift and its operand
 * are the same bits. */
struct program_counts {
    long operations; /* all but inputs and constants */
    long adders, adder_bits, register_bits;
    int depth; /* most adders on a path */
};
/* Whether a value is -1 - b in steps of b: all bits of b (one more when b is unsigned) inverted, so
 * no adder at all. */
bool op_is_complement(const struct program *p, int value);
int op_adder_bits(const struct program *p, int value);
/* Of a sum: `low` above, as a power of two of real numbers: where its carry chain begins. */
int op_lowest_carry(const struct program *p, int value);
/* Register bits that hold each value of a scheduled program: bits [op_count]. */
void program_register_bits(const struct program *p, long *bits);
struct program_counts program_count(const struct program *p, int first,
                                    int end); /* ops [first, end) */

#endif
