/* Reuse factors: a layer's hardware shared by several cycles of one event.
 *
 * A layer of reuse factor N takes up to N cycles per event. Its block of straight-line code becomes
 * a loop, in the form that costs least:
 *   unrolled  straight-line code, an event a cycle
 *   digits    the inputs come in digits of few bits, one a cycle, through one adder graph that is so
 *             much narrower; the partial sums are added up at the end (distributed arithmetic with
 *             an adder graph: Peled and Liu, "A new hardware realization of digital filters" (1974))
 * All forms are exact: the passes and printers behind this one see a program like any other. */
#ifndef SLUICE_COMPILER_REUSE_H
#define SLUICE_COMPILER_REUSE_H

#include "compiler/compile.h"

/* Layers with a factor above 1 become loops. */
struct program *reuse_program(const struct program *old, const struct compile_options *options);

#endif
