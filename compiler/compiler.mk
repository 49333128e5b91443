# The emulator's host side and the interpreter's lanes run over rows of events.
EXTRA_CFLAGS_compiler_adders_greedy := -O3
EXTRA_CFLAGS_compiler_adders_nodes := -O3
EXTRA_CFLAGS_compiler_adders_sums := -O3
EXTRA_CFLAGS_compiler_program_host := -O3 -fno-trapping-math -fno-math-errno
EXTRA_CFLAGS_compiler_native_tile := -O3 -fno-trapping-math
EXTRA_CFLAGS_compiler_planes_run := -O3

# The files that the printers take in whole.
$(BUILD)/obj/compiler/emit/verilog_protect.o: rtl/voted_register.v rtl/voted_copy.v rtl/majority.v rtl/upset_counter.v \
    rtl/secded_encode.v rtl/secded_decode.v rtl/secded_guard.v
$(BUILD)/obj/compiler/emit/emit_axis.o: rtl/axis_shell.v
