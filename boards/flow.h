/* From the compiled Verilog of a build folder to a placed design and a bitstream: Yosys, nextpnr
 * and the packer, each with a time limit and a log, under DIR/build; the result in DIR/build.json.
 *
 * The network is synthesised alone; the netlist that is placed is the netlist that gate-level
 * simulation reads, DIR/build/network_netlist.v (module of the network's name, cells of the fabric:
 * SB_LUT4, SB_CARRY, SB_DFF*, on ECP5 LUT4, CCU2C, TRELLIS_FF, PFUMX, L6MUX21). Around it goes
 * either the board's top (PLL, reset, a memory of events and expected results that is played and
 * compared on the chip, by itself or under the control of a soft core with a UART) or, pins free,
 * what the sizing needs and no more. */
#ifndef SLUICE_BOARDS_FLOW_H
#define SLUICE_BOARDS_FLOW_H

#include "boards/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUILD_EVENTS_MIN = 256, BUILD_EVENTS_FEW = 32 }; /* few: read word by word */

/* Events for the pattern memory: `count` packed vectors of (bits + 7) / 8 bytes each,
 * little-endian, the input's and the output's as emit_pack() of the compiler gives them. */
struct build_patterns {
    long count;
    const uint8_t *inputs, *outputs;
};

/* Where the software fall-back is not part of the core's firmware but an image for its SPRAM, that
 * image: a file of DIR/build and of the folder of build_prepare(), words, lowest byte first. */
#define BUILD_IMAGE "fallback.bin"

/* Whether the core's firmware has the network's own C: AUTO, where it can be. */
enum build_fallback_choice { BUILD_FALLBACK_AUTO, BUILD_FALLBACK_ON, BUILD_FALLBACK_OFF };

struct build_request {
    const char *folder; /* the build folder: reads rtl/ and interface.json */
    const char *board;  /* a board's name; NULL: the one in interface.json */
    double clock_mhz;   /* 0: the one in interface.json */
    bool pins_free;     /* sizing only: no PLL, no pattern memory, no bitstream */
    bool control_core;  /* the soft core with the trigger system around the network,
                           in place of the player */
    double
        event_mhz; /* control_core: rate of events that have to be taken; 0: as the network can */
    const char *firmware; /* its hexadecimal words; NULL: build/runtime/firmware.hex of
                             the repository, or the installed one */
    enum build_fallback_choice
        fallback;                   /* control_core: ON ends with one line where it cannot be */
    struct build_patterns patterns; /* count >= BUILD_EVENTS_MIN unless pins_free */
    double synth_limit_s, place_limit_s; /* wall clock of one run of one tool */
    int attempts;                        /* seeds tried at most, until the clock is met */
    double hopeless;   /* a seed that reaches less than this part of the clock ends the tries, as
                          seeds   differ by a few percent; 0: none does */
    int seed;          /* the first seed */
    const char *cache; /* folder of results by content, NULL: none */
};
void build_request_init(
    struct build_request *request); /* limits 1800 s and 2400 s, 3 attempts, seed 1 */

struct build_result {
    struct board board;
    bool pins_free, cached;
    /* the network's alone; cells counted after packing by nextpnr, the others by Yosys */
    double cells, lut4, ff, carry, bram, dsp;
    double wrapper_cells; /* cells of the top around it */
    double cells_available;
    double clock_mhz, fmax_mhz;      /* asked, achieved by the network's clock */
    bool timing_met;                 /* every clock of the design reaches what was asked of it */
    bool limited_by_control;         /* the slowest path of the network's clock is not in it */
    double wrapper_ff, wrapper_bram; /* of the top around it */
    double core_mhz, core_fmax_mhz, uart_baud; /* with control_core, else 0 */
    int seed, attempts; /* the seed of the kept result, and the runs it took */
    double seconds;
    char bitstream[128];  /* relative to the build folder, "" when pins free */
    char placed_with[64]; /* nextpnr's name and version */
};

/* Identity of a build folder's network, which the firmware tells a host: the CRC-32 of
 * program.sluice; 0 if there is none. */
uint32_t build_identity(const char *folder);

/* What a board's top with control `core` is made of. */
struct build_system {
    struct board board;
    double clock_mhz, core_mhz; /* of the network and of the core */
    int core_divide;            /* their ratio */
    double uart_baud;
    int uart_divider; /* clocks of the core a bit */
    int events;       /* stored ones, the first so many of the request's patterns */
    int records;      /* of the spy */
    const char *top;  /* "top": ports clk_i, rx_i, tx_o, leds_o */
};

/* Writes the board's top of a request with control_core, without running a tool, into `folder`:
 * top.v, all of its sources (the network's, those of rtl/, a model of the PLL that hands clk_i
 * through, so that a bench drives the network's clock), their list files.f, the patterns and
 * firmware.hex, which a simulation reads from the folder it runs in. The folder is made anew;
 * strings of `system` are never freed. Ends with one line as build_run() does. */
void build_prepare(const struct build_request *request, const char *folder,
                   struct build_system *system);

/* Builds and writes DIR/build.json. A design that does not fit, a tool that is missing or fails, or
 * a time limit reached with every seed ends with one line (and no build.json). A missed clock does
 * not: it is in the result. */
void build_run(const struct build_request *request, struct build_result *result);

#endif
