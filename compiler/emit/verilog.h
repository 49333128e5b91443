/* Shared by the Verilog printer's files only: which module holds which value, and how a value is
 * written there.
 *
 * A value is computed in the module of its block ("home"; inputs in the top) and held in one chain
 * of delay registers: tap k is the value k registers later. The chain stands at home and whoever
 * needs a tap gets it through a port, with one exception that keeps ports few: if a single other
 * module uses the value ("split"), the chain goes on there from the first tap it uses. Either way
 * no register exists twice.
 *
 * In a program whose interval II is above 1 (one with loops) the taps within a loop's iterations
 * are the same, but what other blocks read stands still: it is held in registers that take it in
 * one cycle of each event and keep it for II cycles, as few as the readers' cycles allow. Holds are
 * numbered behind the taps: number chain + j is hold j. They never split. */
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

/* A memory's reader: a module keeps copies of the memories that it loads from, one for all its
 * loads in registers, else one for each load. */
struct verilog_memory {
    bool live; /* some live op loads from it */
    int store; /* op, -1: loadable */
    const char *name;
    int address_bits; /* of a slot within a buffer; 0: there is one */
    int turn_bits;    /* of a buffer's number (a loadable one's bank), above those; 0: one buffer */
    int buffers;      /* events take turns in so many */
    bool loads;       /* loadable, and read */
    bool is_corrected; /* its words are codes (rtl/secded_guard.v) */
    int word_bits;     /* as stored */
    int delay;         /* of one made of delays: the longest */
};

struct verilog_value {
    bool live;        /* an output depends on it */
    int home;         /* block index, VERILOG_TOP for inputs */
    const char *name; /* of tap 0; tap k is NAME_qk, hold j NAME_hj */
    int chain;        /* registers at home */
    bool split;
    int first_use, use_count;   /* in uses[] */
    int first_hold, hold_count; /* in holds[] */
};

/* What a module sees of upsets: names of signals, ", " before each, high in cycles in which a voter
 * disagreed, a word was corrected, or could not be. */
enum verilog_watch { WATCH_UPSET, WATCH_CORRECTED, WATCH_UNCORRECTABLE, WATCH_COUNT };

struct verilog_plan {
    const struct program *program;
    struct arena arena;
    const char *top;
    const char **block_names; /* identifiers */
    const char **tables;      /* module names, NULL if unused */
    int *root;     /* [op_count] the value whose bits a shift, an update or a store has */
    int *update;   /* [op_count] of a state */
    bool is_paced; /* II > 1: holds instead of taps between blocks */
    int *holds;    /* the cycles in which holds take their value */
    int hold_count;
    size_t hold_capacity;
    bool *is_pulse;   /* [latency + 1]: some module, or valid_o, needs a pulse in that cycle */
    int *first_stage; /* of each loop: stage of its iteration counter */
    struct statics *statics; /* of the program: addresses of its loops */
    struct verilog_memory *memories;
    bool has_banks; /* some live op reads a loadable memory */
    int *banks; /* of a paced program: the cycles in which registers bank_h1 ... take the bank */
    int bank_count;
    size_t bank_capacity;
    bool votes;       /* control registers in three copies */
    bool *is_control; /* [op_count] of those: values that say where and whether loops read and write
                       */
    bool *votes_table;            /* tables of such values in block memories: three of them */
    long *voted_bits;             /* of control registers printed so far */
    struct text *watched;         /* [WATCH_COUNT] of the module that is being printed */
    bool (*watches)[WATCH_COUNT]; /* [block_count] what the blocks' modules printed so far have */
    struct verilog_value *values;
    struct verilog_use *uses;
    int use_count;
    size_t use_capacity;
};

struct verilog_plan *verilog_plan_new(const struct program *program);
void verilog_plan_free(struct verilog_plan *plan);
/* Whether every use of the root is a literal: a constant, or an interval of one integer. */
bool verilog_is_constant(const struct verilog_plan *plan, int root);
/* The tap of its operand k's root that an op reads; of operand `root` that outputs read with reader
 * -1. */
int verilog_tap(const struct verilog_plan *plan, int reader, int k, int root);
/* Cycle in which hold `hold` (from 1) takes its value. */
static inline int verilog_hold_cycle(const struct verilog_plan *plan, int value, int hold)
{
    return plan->holds[plan->values[value].first_hold + hold - 1];
}
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

/* Whether its module has registers or memories, hence a clock. */
bool verilog_has_clock(const struct verilog_plan *plan, int block);

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
/* `name`, or NAME_2, NAME_3 ... if one of the first `count` names is the same. */
const char *verilog_unique(struct arena *arena, const char *const *names, int count,
                           const char *name);
/* An identifier made of any text: letters, digits, underscores, no keyword, not overlong; in the
 * arena. */
const char *verilog_identifier(struct arena *arena, const char *text);

/* ---- one module's body ---- */

/* What a loop's module needs of its control, noted while its body is printed: stages count from the
 * iteration counter's. */
struct verilog_control {
    int runs, keeps, starts, dones, turns, banks; /* registers behind each of these signals */
    bool needs_counter, needs_keep;
};
struct verilog_module {
    const struct verilog_plan *plan;
    int block;
    struct text body;
    int *first_signal,
        *first_tap; /* [op_count]: place of the value's taps in used[]; -1: not here */
    verilog_mask *used;
    int signal_count;
    struct verilog_control control;
    struct text unused_extra; /* names of unused parts of helper wires, ", " before each */
};
struct verilog_module verilog_module_init(const struct verilog_plan *plan, int block);
void verilog_module_free(struct verilog_module *module);
/* The signal as which op `reader` sees its operand number i (a constant, or a tap). */
struct verilog_signal verilog_operand(struct verilog_module *module, int reader, int operand);
/* Notes that all bits of a value's tap are read. */
void verilog_use_all(struct verilog_module *module, int value, int tap);
/* Declares the op's value and its logic (verilog_op.c). */
void verilog_op(struct verilog_module *module, int value);
/* Puts the value's format and interval behind, or above, the lines of its logic that begin at
 * `start` in the body. */
void verilog_note(struct verilog_module *module, size_t start, int value);
void verilog_quantize(struct verilog_module *module, int value);

/* ---- protection (verilog_protect.c) ---- */

/* Part of verilog_plan_new(): which values are control, if it is protected. */
void verilog_plan_protection(struct verilog_plan *plan);
/* A control register: at each edge it takes the value of the first condition that holds (NULL: in
 * all cycles), else stays. The list ends with a value of NULL. */
struct verilog_case {
    const char *condition, *value;
};
void verilog_register(const struct verilog_plan *plan, struct text *text, const char *name,
                      int width, const struct verilog_case *cases);
/* The same that starts as 0 at power-up. */
void verilog_register_from_0(const struct verilog_plan *plan, struct text *text, const char *name,
                             int width, const struct verilog_case *cases);
/* Registers NAME1 ... one after the other, `count` - 1 of them, the first behind `from`. */
void verilog_register_chain(const struct verilog_plan *plan, struct text *text, const char *from,
                            const char *name, int count, int width);
/* Joins NAME_a, NAME_b and NAME_c, which it declares, to NAME, declared before. */
void verilog_vote(const struct verilog_plan *plan, struct text *text, const char *name, int width);
/* Notes a signal of the module that is being printed. */
void verilog_watch(const struct verilog_plan *plan, enum verilog_watch watch, const char *signal);
/* Of a block's module: its outputs, added to the list of ports, and what they are. */
void verilog_watch_outputs(const struct verilog_plan *plan, int block, struct text *ports,
                           struct text *assigns);
/* In the top: the block's ports and their wires; the counters' ports; the counters. */
void verilog_watch_ports(const struct verilog_plan *plan, int block, struct text *ports,
                         struct text *wires);
void verilog_counter_ports(const struct verilog_plan *plan, struct text *text);
void verilog_counters(const struct verilog_plan *plan, struct text *text);
/* Name of the counter's port; NULL: the network has none. */
const char *verilog_counter_port(const struct verilog_plan *plan, enum verilog_watch watch);
/* The modules of rtl/ that the network needs, NULL-terminated, and their text. */
struct verilog_library {
    const char *name, *text;
};
const struct verilog_library *verilog_libraries(const struct verilog_plan *plan,
                                                struct arena *arena);

/* ---- loops (verilog_loop.c) ---- */

/* Part of verilog_plan_new(): pulses and counters. */
void verilog_plan_pulses(struct verilog_plan *plan);

/* Bits that count to `count` - 1. */
int verilog_bits_for(int count);
/* What is said of an iteration in a stage (verilog_loop.c). */
enum verilog_control_name {
    VERILOG_RUN,
    VERILOG_KEEP,
    VERILOG_START,
    VERILOG_DONE,
    VERILOG_TURN,
    VERILOG_BANK
};
/* Name of a control signal in stage `stage`, asked for. */
void verilog_control_signal(struct verilog_module *module, enum verilog_control_name signal,
                            int stage, char name[24]);

/* Whether the block's module counts iterations or events. */
bool verilog_has_control(const struct verilog_plan *plan, int block);
/* Buffers of the memories that the block reads or writes, the most; not of loadable ones. */
int verilog_buffers(const struct verilog_plan *plan, int block);

/* Operations: declarations, and the registers or signals behind them. */
void verilog_index(struct verilog_module *module, int value);
void verilog_state(struct verilog_module *module, int value);
void verilog_update(struct verilog_module *module, int update);
/* Registers that hold values for later blocks. Returns their number. */
int verilog_holds(struct verilog_module *module);
/* Iteration counter and the signals that the body has asked for. */
void verilog_control_text(struct verilog_module *module, struct text *text);
/* Ports of a module that are no values: start and pulses, memories' write ports. With `top` as they
 * are joined in the top module, and the wires of its outputs. */
void verilog_extra_ports(const struct verilog_plan *plan, int block, bool top, struct text *ports,
                         struct text *wires);
void verilog_memory_assigns(const struct verilog_plan *plan, int block, struct text *assigns);
/* Whether the top module counts cycles from the end of the block's loop. */
bool verilog_exports_done(const struct verilog_plan *plan, int block);
/* The pulses of the top module: at_N, and valid_o. */
void verilog_pulses(const struct verilog_plan *plan, const char *start, struct text *text);

/* ---- memories (verilog_memory.c) ---- */

/* Part of verilog_plan_new(). */
void verilog_plan_memories(struct verilog_plan *plan);
/* Bits of the address of a slot, the event's buffer in front. */
int verilog_slot_bits(const struct verilog_memory *memory);
/* Whether the block writes (reads) the memory with live operations. */
bool verilog_writes_memory(const struct verilog_plan *plan, int block, int memory);
bool verilog_reads_memory(const struct verilog_plan *plan, int block, int memory);
/* Cycles from a store to the load, of a memory made of delays; the most of a block. */
int verilog_delay(const struct verilog_plan *plan, int load);
int verilog_longest_delay(const struct verilog_plan *plan, int block, int memory);
/* Whether the block loads from a memory that is corrected: then it tells it when. */
bool verilog_reads_corrected(const struct verilog_plan *plan, int block);
void verilog_load(struct verilog_module *module, int value);
void verilog_store(struct verilog_module *module, int store);
/* The memories that the module writes or keeps, before its stages. */
void verilog_memories(struct verilog_module *module);

/* ---- loadable memories (verilog_load.c) ---- */

/* Part of verilog_plan_new(): how a paced program carries the event's bank. */
void verilog_plan_banks(struct verilog_plan *plan);
/* Name of the bank of the event whose load is in cycle `cycle`, as the block's module sees it; in a
 * program that is not paced. */
void verilog_bank_name(int cycle, char name[24]);
/* The ports through which a block gets it. */
void verilog_bank_ports(const struct verilog_plan *plan, int block, bool top, struct text *ports);
/* The top's ports, each with a comma before it, and what stands behind them. `may_start`: what is
 * true in cycles in which an event may be taken; NULL: in all. */
void verilog_load_ports(const struct verilog_plan *plan, struct text *text);
void verilog_load_control(const struct verilog_plan *plan, const char *may_start,
                          struct text *text);
/* The registers in which the bank travels, behind the pulses. */
void verilog_load_chain(const struct verilog_plan *plan, struct text *text);
/* The initial contents of an array of it. */
void verilog_load_contents(const struct verilog_plan *plan, int memory, const char *array,
                           struct text *text);
/* A port of a module, or (top) its connection to a net. */
void verilog_port(struct text *ports, bool top, const char *direction, int width, bool is_signed,
                  const char *port, const char *net);

/* Text of whole modules. */
void verilog_block_text(const struct verilog_plan *plan, const struct emit_header *header,
                        int block, struct text *text);
/* A table of up to 64 entries is printed where it is used; a larger one is a module of its own. */
bool verilog_table_is_small(const struct table *table);
void verilog_table_text(const struct verilog_plan *plan, int table, struct text *text);
void verilog_top_text(const struct verilog_plan *plan, const struct emit_header *header,
                      struct text *text);

#endif
