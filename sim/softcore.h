/* The program as C for a soft core or microcontroller: files, and where the tools are there the
 * compiled sizes, the golden events in qemu-riscv32 and the instructions of an event. */
#ifndef SLUICE_SIM_SOFTCORE_H
#define SLUICE_SIM_SOFTCORE_H

#include "compiler/emit/emit.h"
#include "sim/golden.h"

enum softcore_isa { SOFTCORE_RV32I, SOFTCORE_RV32IM, SOFTCORE_ISAS };
extern const char *const softcore_isa_names[SOFTCORE_ISAS];

/* How the C is written; AUTO: the fewest estimated instructions that fit the memory, else the
 * smallest. */
enum softcore_choice { SOFTCORE_AUTO, SOFTCORE_STRAIGHT, SOFTCORE_LOOPS, SOFTCORE_CHOICES };
extern const char *const softcore_choice_names[SOFTCORE_CHOICES];

struct softcore_request {
    const struct program *program; /* scheduled; gives the golden outputs */
    const struct program *lowered; /* compile_for_processor() */
    const struct emit_header *header;
    const char *folder; /* build folder: writes soft_core/ */
    const char *home;   /* holds runtime/soft_core/ */
    const double *x;    /* raw test events [events][input_count], or NULL */
    long events;
    enum softcore_isa isa;
    enum softcore_choice choice;
    double memory_bytes; /* for code and constants */
};

/* What one form comes to; -1: not measured. */
struct softcore_form {
    bool present; /* LOOPS: not of programs in which nothing repeats */
    double estimated_instructions, estimated_bytes;
    long text, rodata, bss, stack; /* bytes; stack of the deepest call */
    double instructions;           /* per event, mean */
    bool differs;                  /* some golden event does */
};

struct softcore_result {
    struct softcore_form straight, loops;
    enum softcore_choice picked;
    long events; /* golden */
    bool measured;
    const char *missing_tool; /* of the first tool that is not there, "PROGRAM (PACKAGE)"; NULL */
};

/* Ends with one line if the compiler fails. */
void softcore_run(const struct softcore_request *request, struct softcore_result *result);

#endif
