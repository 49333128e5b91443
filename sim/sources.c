/* Embeds sources byte by byte (the assembler's .incbin; sim.mk holds the dependencies). */
#include "sim/sources.h"

#define EMBED(symbol, path)                                                                        \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"" path "\"\n"                                                               \
            ".byte 0\n"                                                                            \
            ".previous\n")

EMBED(sim_bench_cpp, "sim/bench.cpp");
EMBED(sim_board_bench, "sim/board_bench.cpp");
EMBED(sim_axis_bench, "sim/axis_bench.h");
EMBED(sim_load_bench, "sim/load_bench.h");
EMBED(sim_faults_bench, "sim/faults_bench.h");
EMBED(sim_cells_ice40, "sim/cells_ice40.v");
EMBED(sim_cells_ecp5, "sim/cells_ecp5.v");
EMBED(sim_cells_gowin, "sim/cells_gowin.v");
