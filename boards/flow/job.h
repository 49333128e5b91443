/* One build on its way through the steps of the flow; private to boards/flow. The steps run in the
 * order given here; each ends the program with one line on failure. They write into `work`,
 * DIR/build.new, which takes the place of DIR/build when all went well. */
#ifndef SLUICE_BOARDS_FLOW_JOB_H
#define SLUICE_BOARDS_FLOW_JOB_H

#include "base/arena.h"
#include "base/text.h"
#include "boards/board.h"
#include "boards/flow.h"
#include "boards/pll.h"

#include <stdbool.h>

struct build_tool {
    const char *program; /* as it is run */
    const char *version; /* "nextpnr-ice40 0.4-1+b1" */
};

/* A field of the network's answer. */
struct build_field {
    int lsb, width;
    bool is_signed;
};

/* The network's own C in the core's firmware; see fallback.c. */
struct build_fallback {
    bool there;
    bool spram;         /* an image for the SPRAM, which the host loads; else it is the firmware */
    const char *reason; /* why it is left out, "" */
    const char *form;   /* of the C: straight, loops, loadable */
    long available_bytes; /* of the core's memory (the SPRAM), at most */
    int memory_bytes;     /* of them needed: image, data, stack */
    int image_bytes, stack_bytes;
    uint32_t *words; /* the image, its CRC behind it */
    int word_count;
};

/* What stands around the network with control `core`; see control.c. */
struct build_control {
    int divide; /* the core's clock is the network's by so much */
    double core_mhz;
    int uart_divider; /* cycles of the core's clock a bit */
    double uart_baud;
    int memory_words; /* of the firmware */
    int classes, score_bits, prescale_bits;
    bool class_number; /* the answer is the number of a class */
    int event_lanes, event_rows, answer_lanes, answer_rows;
    int interval_cycles; /* from one event to the next at least: the network's, or a crossing's */
    int events, records;
    bool spy_inputs;
    int rams; /* that it takes, the core's too */
    struct build_fallback fallback;
};

enum { BUILD_SEEN_MAX = 3 };

struct build_job {
    struct arena arena; /* holds every string below */
    const struct build_request *request;
    struct board board;
    const struct family *family; /* the board's */
    const char *work;

    /* from interface.json */
    const char *top;  /* module name of the network */
    const char **rtl; /* its files, NULL-terminated, relative to DIR/rtl */
    int in_bits, out_bits, latency_cycles, interval_cycles;
    int word_bits;                         /* of the pattern memory; 0: whole events */
    int load_address_bits, load_data_bits; /* of the load port, 0: there is none */
    bool uses_multipliers;                 /* in loops */
    bool voted;                            /* its control registers, and so the thresholds */
    const char *seen[BUILD_SEEN_MAX];      /* ports of 8 bits that count upsets, in STATUS */
    const char *output_kind;
    const struct build_field *fields; /* of the answer */
    int field_count;
    int network_rams; /* block memories of the network, by the estimate of its compiler */
    struct build_control control;
    double clock_mhz;
    struct pll_recipe pll;
    int address_bits; /* the pattern memory holds 2^address_bits events */

    struct build_tool yosys, nextpnr, pack;

    struct build_result *result;
    const char *cache; /* folder of this very result, NULL: no cache */
};

/* interface.c: reads and checks DIR/interface.json, finds board, clock and PLL recipe. */
void job_read_interface(struct build_job *job);
/* tools.c: finds the tools, installs those for ECP5 if need be, asks their versions. */
void job_find_tools(struct build_job *job);
/* tools.c: takes the family's nextpnr for nearly full parts from here on, installs it if need be;
 * where that cannot be, all stays as it is and a line says so. */
void job_use_full_nextpnr(struct build_job *job);
bool job_has_full_nextpnr(struct build_job *job);
/* top.c: writes the top module, the constraints, the pattern files and copies of the RTL it takes
 * from rtl/. */
void job_write_top(struct build_job *job);
/* control.c: chooses what stands around the network with control `core`, ends with one line where
 * that does not fit. */
void job_choose_control(struct build_job *job);
/* control_top.c: the board's top with it; the names of its sources without .v, NULL-terminated. */
void job_write_control_top(struct build_job *job, struct text *text);
const char *const *job_control_sources(const struct build_job *job);
/* Whether the core has the SPRAM: its fall-back is there. */
bool job_has_spram(const struct build_job *job);
/* fallback.c: compiles the firmware with the network's C for a core's memory of so many bytes at
 * most, or for the SPRAM. False: it is left out, control.fallback.reason says why. */
bool job_make_fallback(struct build_job *job, bool spram, long available_bytes);
/* firmware.c: firmware.hex, in which network and board are named, and BUILD_IMAGE with an SPRAM. */
void job_write_firmware(struct build_job *job);
/* top.c, for control_top.c: the clock, the network's wires, and its instance with the nets of its
 * clock, reset and load port (NULL: that of a top which does not drive it). */
void top_add_clock(struct text *text, const struct build_job *job);
/* Whether clk_core is an output of the PLL, and not a flip-flop's. */
bool top_pll_makes_core(const struct build_job *job);
/* For a family's add_pll: the ports of the instance, `slow` the net of its second clock (NULL: it
 * has none). */
void top_end_pll(struct text *text, const char *slow);
/* For a family's constraints: the name of a LED's port. */
const char *top_led(struct build_job *job, int i);
/* The top's port of the oscillator, if it is not inside the part. */
void top_add_clock_port(struct text *text, const struct build_job *job);
/* The fastest that a clock of so many MHz can be: what timing has to allow for. */
double job_fastest_mhz(const struct build_job *job, double mhz);
void top_add_network(struct text *text, const struct build_job *job, const char *clock,
                     const char *reset, const char *load);
/* synth.c: writes the Yosys scripts, runs them, counts. */
void job_write_scripts(struct build_job *job);
void job_synthesise_network(struct build_job *job);
void job_synthesise_top(struct build_job *job);
/* carry_ends.c, for ECP5: takes the ends of ECP5's carry chains that nothing reads off a netlist in
 * JSON; gives how many halves of carry pairs only start a chain. */
int job_trim_carries(struct build_job *job, const char *name);
/* carry_cells.c, for iCE40: puts LUTs and registers around the network into logic cells that hold
 * only a carry, and registers that take a carry, the network's too, into its chain; 0. */
int job_share_cells(struct build_job *job, const char *name);
/* fanout.c, for Gowin: divides the nets of a netlist in JSON that nextpnr would route first and
 * lock. */
void job_divide_nets(struct build_job *job, const char *name);
/* place.c: the network's logic cells, by packing it alone; ends with one line when they are more
 * than the part has. */
void job_pack_network(struct build_job *job);
/* place.c: places and routes with one seed after the other, keeps the best, packs the bitstream. */
void job_place(struct build_job *job);
/* cache.c: the result for the same inputs, options and tools, if it is there; and keeping one. */
bool job_cache_find(struct build_job *job);
void job_cache_keep(struct build_job *job);
/* result.c: the result as JSON, and its reading back (false when it is not whole). */
void job_write_result(struct build_job *job, const char *file);
bool job_read_result(const char *file, struct build_result *result);

/* Path of a file in the work folder, in the job's arena. */
const char *flow_path(struct build_job *job, const char *name);
/* Writes a file of the work folder and frees the text. */
void flow_write(struct build_job *job, const char *name, struct text *text);

/* The command line of a tool, NULL-terminated. */
struct arguments {
    const char *list[32];
    int count;
};
/* `value` follows the flag unless it is NULL. */
void arguments_add(struct arguments *arguments, const char *flag, const char *value);

/* Runs a tool in the work folder, its output in work/LOG. False when it fails or reaches the limit,
 * with the reason, "nextpnr-ice40 failed: ERROR: ...". A tool that is missing, or says that the
 * design does not fit, ends the program. */
bool job_try(struct build_job *job, const char *const argv[], const char *log, double limit_s,
             char *reason, size_t size);
/* As job_try(), but every failure ends the program with one line. */
void job_run(struct build_job *job, const char *const argv[], const char *log, double limit_s);
/* How many of a resource the log of a nextpnr that failed says it needs, as "needs N of M logic
 * cells". */
bool job_find_overuse(struct build_job *job, const char *log, char *line, size_t size);

#endif
