# The emulator's host side and the interpreter's lanes run over rows of events.
EXTRA_CFLAGS_compiler_adders_greedy := -O3
EXTRA_CFLAGS_compiler_adders_nodes := -O3
EXTRA_CFLAGS_compiler_adders_sums := -O3
EXTRA_CFLAGS_compiler_program_host := -O3 -fno-trapping-math -fno-math-errno
EXTRA_CFLAGS_compiler_native_tile := -O3 -fno-trapping-math
EXTRA_CFLAGS_compiler_planes_run := -O3

# The file that emit_axis.c takes in whole.
$(BUILD)/obj/compiler/emit/emit_axis.o: rtl/axis_shell.v
