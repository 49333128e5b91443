/* Printers: the scheduled program as Verilog, as C, and its side-car. They switch on operations
 * alone. */
#ifndef SLUICE_COMPILER_EMIT_H
#define SLUICE_COMPILER_EMIT_H

#include "compiler/program/program.h"

struct emit_header {
    const char *tool_version;
    const char *model_hash; /* 32 hexadecimal digits */
    const char *options;    /* one line */
    const char *board;      /* or "" */
};

enum { EMIT_COUNTER_BITS = 8 /* of the counters of a protected network's upsets */ };

/* FOLDER/rtl/NAME.v (top), one module per block, files.f, NAME.core. Interface of the top:
 *   clk_i, rst_i, valid_i, data_i, valid_o, data_o, error_o  (docs/reference/handshakes.md)
 * and what it has for loading and of upsets. */
void emit_verilog(const struct program *program, const struct emit_header *header,
                  const char *folder);
/* The AXI-Stream wrapper, after emit_verilog(): FOLDER/rtl/NAME_axis.v (top), axis_shell.v, axis.f
 * (all files, the network's too), NAME_axis.core, axis.json (docs/reference/handshakes.md). The
 * sink may stall for `stall_cycles` before the source has to wait; below 0: no wrapper, and an
 * earlier one is removed. */
void emit_axis(const struct program *program, const struct emit_header *header, int stall_cycles,
               const char *folder);
enum { EMIT_AXIS_CYCLES = 2 /* that the wrapper adds to the latency */ };
/* Events that the wrapper has places for: ceil((latency + 3 + stall) / interval), as in
 * rtl/axis_shell.v. */
int emit_axis_depth(const struct program *program, int stall_cycles);
/* FOLDER/c/NAME.c, NAME.h: void NAME_eval(const NAME_in in[], NAME_out out[]), integers only,
 * freestanding C99. With loadable memories also struct NAME_memories, NAME_initial, NAME_load() and
 * NAME_eval_with(). */
void emit_c(const struct program *program, const struct emit_header *header, const char *folder);
/* STRAIGHT: a statement for each operation, loops where the program has them. LOOPS: of a
 * straight-line program, matrices and what neurons have in common as loops over tables. DIGITS: the
 * same for processors without multiplication: matrices digit by digit of their weights, additions
 * alone. */
enum emit_c_form { EMIT_C_STRAIGHT, EMIT_C_LOOPS, EMIT_C_DIGITS };
/* TO/NAME.c, NAME.h in that form. */
void emit_c_form(const struct program *program, const struct emit_header *header,
                 enum emit_c_form form, const char *to);
/* TO/core/network.h: names, counts, formats and ranges for the firmware that calls that C on packed
 * events (runtime/recheck.c). `fabric`: the program of the Verilog, whose fields of an answer may
 * be wider for the same integers. */
void emit_c_core(const struct program *program, const struct program *fabric, const char *to);
/* NAME: the program's name as a C identifier. */
const char *emit_c_name(const struct program *program, struct arena *arena);
/* FOLDER/interface.json (docs/reference/build-folder.md). */
void emit_interface(const struct program *program, const struct emit_header *header,
                    const char *folder);

/* FOLDER/load.json, where loadable memories are addressed and, by the plan (may be NULL), what is
 * in them (docs/reference/build-folder.md); an earlier one of a program without any is removed. */
struct load_plan;
void emit_load_map(const struct program *program, const struct load_plan *plan, const char *folder);

/* Whether the Verilog has a port to load through: some output depends on a loadable memory. */
bool emit_has_load_port(const struct program *program);

/* Bits of the packed ports, and packing of one event's stored integers into them: little-endian,
 * element 0 in the lowest bits; bytes = (bits + 7) / 8. */
int emit_input_bits(const struct program *program);
int emit_output_bits(const struct program *program);
void emit_pack(const struct program *program, bool outputs, const int64_t *integers,
               unsigned char *bytes);

/* Signals of the emitted Verilog and the values they carry: what a waveform is compared with. A
 * signal holds its value `delay_cycles` after the cycle in which the event was presented. In
 * program order, undelayed first. */
struct emit_signal {
    const char *path; /* below the top: "u_dense_1.n17_q2" */
    int value;        /* op */
    int delay_cycles;
};
/* Returns their number; the array belongs to the arena. */
int emit_signals(const struct program *program, struct arena *arena, struct emit_signal **signals);
/* What votes in the Verilog of a scheduled program with TMR: bits of control registers, bits of
 * entries of tables in block memories, and the operations that read those tables. */
struct emit_votes {
    long register_bits, table_bits;
    int *tables, table_count;
};
struct emit_votes emit_count_votes(const struct program *program, struct arena *arena);

/* Kinds of what the emitted Verilog's registers and memories hold. CONTROL: which event is where,
 * what loops read and write, the port that loads; with TMR in three copies. DATA: values of the
 * program on their way. WEIGHTS: loadable memories and ROMs. CORRECTION: what stands around
 * corrected memories. COUNTERS: of upsets. */
enum emit_state {
    EMIT_STATE_CONTROL,
    EMIT_STATE_DATA,
    EMIT_STATE_WEIGHTS,
    EMIT_STATE_CORRECTION,
    EMIT_STATE_COUNTERS,
    EMIT_STATE_KINDS
};
extern const char *const emit_state_names[EMIT_STATE_KINDS];
struct emit_states;
struct emit_states *emit_states_new(const struct program *program);
void emit_states_free(struct emit_states *states);
/* Of the register or memory of that path below the top: "u_dense_1.n17_q2". */
enum emit_state emit_state_of(const struct emit_states *states, const char *path);
/* Name of the top module. */
const char *emit_top_name(const struct program *program, struct arena *arena);

#endif
