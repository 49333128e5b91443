/* Finding the first value of the Verilog that is wrong, by a waveform of the failing event. */
#ifndef SLUICE_SIM_LOCATE_H
#define SLUICE_SIM_LOCATE_H

#include "sim/verify.h"

#include "base/arena.h"
#include "compiler/program/program.h"

/* Compares every signal of the emitted Verilog that holds a value of the program, in program order,
 * with the interpreter's trace of the event `inputs`. Cycle 0 of the waveform (its time 0) is the
 * one in which the event was presented. Fills mismatch->layer, signal, element, expected and got;
 * if all agree, layer is left "". */
void locate_mismatch(const struct program *program, const char *waveform, const int64_t *inputs,
                     struct verify_mismatch *mismatch);
/* The same from the packed outputs alone. */
void locate_output(const struct program *program, const int64_t *expected, const unsigned char *got,
                   struct verify_mismatch *mismatch);

#endif
