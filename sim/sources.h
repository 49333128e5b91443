/* Sources that the sluice binary carries within itself, NUL-terminated. */
#ifndef SLUICE_SIM_SOURCES_H
#define SLUICE_SIM_SOURCES_H

extern const char sim_bench_cpp[];    /* sim/bench.cpp */
extern const char sim_board_bench[];  /* sim/board_bench.cpp */
extern const char sim_axis_bench[];   /* sim/axis_bench.h */
extern const char sim_load_bench[];   /* sim/load_bench.h */
extern const char sim_faults_bench[]; /* sim/faults_bench.h */
extern const char sim_cells_ice40[];  /* sim/cells_ice40.v */
extern const char sim_cells_ecp5[];   /* sim/cells_ecp5.v */
extern const char sim_cells_gowin[];  /* sim/cells_gowin.v */

#endif
