# Files that sim/sources.c takes in whole.
$(BUILD)/obj/sim/sources.o: sim/bench.cpp sim/board_bench.cpp sim/axis_bench.h sim/load_bench.h sim/faults_bench.h sim/cells_ice40.v sim/cells_ecp5.v sim/cells_gowin.v
