/* Boards and the fabrics on them, read from data files: boards/NAME.json and
 * boards/targets/NAME.json. Adding either is data, not code (docs/developer/adding-a-board.md).
 *
 * The files are looked for under `$SLUICE_HOME`, then under the folders above the running program
 * (build/sluice finds the repository), then under the installed share folder. */
#ifndef SLUICE_BOARDS_BOARD_H
#define SLUICE_BOARDS_BOARD_H

#include "base/arena.h"
#include "boards/family.h"
#include "compiler/target.h"

#include <stdbool.h>

enum { BOARD_LEDS_MAX = 16 };

/* A fabric: what the compiler asks of it (`model`) and what the tools need to know. */
struct board_target {
    char name[32];               /* "ice40-hx" */
    const struct family *family; /* how it is built */
    struct target model;
    char fitted_with[160]; /* the tools whose runs gave the delay model, "" if not fitted */
    char cell[32], ram[32], dsp[32]; /* names in nextpnr's utilization: "ICESTORM_LC" ... */
    int ram_bits, ram_width_max;     /* one block RAM: bits in all, widest word */
    double divider_mhz_max;          /* fastest clock a flip-flop may divide; 0: never */
    double core_mhz_max;             /* fastest clock that the soft core is given */
    double default_clock_mhz;        /* of a network when none is asked for */
};

/* One LED: where, and whether a low level lights it. */
struct board_led {
    char pin[16];
    bool active_low;
    char io_type[24]; /* the board's unless the LED's bank has another voltage */
};

struct board {
    char name[32];  /* "hx8k-evn" */
    char title[80]; /* as its maker calls it */
    bool tried;     /* true: a bitstream of ours ran on one; false: built only, never loaded */
    struct board_target target;
    char part[48];          /* "iCE40HX8K-CT256" */
    char device[32];        /* nextpnr's device flag, without dashes: "hx8k"; Gowin: --device */
    char package[24];       /* nextpnr's package: "ct256" */
    char speed[8];          /* speed grade for nextpnr-ecp5, "" elsewhere */
    char die[16];           /* Gowin: what nextpnr and gowin_pack call the family: "GW1N-9C" */
    int cells, rams, dsps;  /* what the part has */
    int sprams;             /* large memories that no bitstream fills, of 32 KiB */
    double clock_in_mhz;    /* its oscillator */
    char clock_pin[16];     /* "": the oscillator is inside the part */
    char oscillator[16];    /* "SB_HFOSC" where it is, else "" */
    double clock_tolerance; /* of a loose oscillator: 0.1 is a tenth; 0: exact */
    char pll[16];           /* PLL primitive: "SB_PLL40_PAD", "SB_PLL40_CORE", "EHXPLLL", "rPLL" */
    char io_type[24];       /* ECP5's and Gowin's IO_TYPE of clock, LEDs and UART, "" elsewhere */
    char uart_tx[16], uart_rx[16]; /* from the FPGA's view; "" if the board has none */
    double uart_baud_max; /* of what stands between the UART and the host, which also makes whole
                             fractions of it: 12e6 for an FT2232H, 3e6 for an FT231X */
    /* pass, fail, heartbeat lead; fewer than three LEDs share one (see rtl/status_leds.v) */
    struct board_led leds[BOARD_LEDS_MAX];
    int led_count;
    char program[160]; /* the command that loads a bitstream, for the reader */
};

/* The folder that holds boards/ and rtl/; ends with one line when there is none. Never freed. */
const char *board_home(void);

/* Fills `board` and its target from their files; an unknown name ends with one line that lists the
 * known. */
void board_find(struct board *board, const char *name);
/* The target alone, by its own name ("ecp5"), for compiling without a board. */
void board_target_find(struct board_target *target, const char *name);

/* Names of all boards (targets), sorted, NULL-terminated; strings live in the arena. */
const char **board_list(struct arena *arena);
const char **board_target_list(struct arena *arena);

#endif
