/* Verification of a compiled network: the generated Verilog in Verilator against the interpreter,
 * bit for bit and to the cycle, and the interpreter against the floating-point references. */
#ifndef SLUICE_SIM_VERIFY_H
#define SLUICE_SIM_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

struct verify_request {
    const char *folder;  /* build folder: program.sluice, model.onnx, rtl/ */
    const double *x;     /* raw test events [events][inputs] */
    long events;         /* none at all is a failure, whatever else was driven */
    const float *labels; /* class of each test event, or NULL */
    long random_events;
    uint64_t seed;
    int crossing_interval_cycles; /* clock cycles between crossings; 0: not asked */
    int latency_budget_cycles;    /* most cycles the answer may take; 0: not asked */
    double
        tolerance; /* largest deviation from the float network allowed on the test events; 0: any */
    bool waveform; /* leaves verify/events.vcd of the first events even if all is well */
    const char *image;  /* what loadable memories are loaded with; NULL: random words */
    bool without_model; /* no model.onnx: leaves the references out (programs made by hand) */
};
void verify_request_init(struct verify_request *request); /* 1,000 random events, seed 1 */

/* Where simulation and interpreter first differ. */
struct verify_mismatch {
    long event; /* -1: no mismatch. Counted over all kinds; `kind` and `number` say which it is */
    const char *kind;  /* "test", "random", "corner", "overflow" */
    long number;       /* within its kind */
    const char *phase; /* "back to back", "crossings", "random gaps", "reset", "early" */
    char fault[24];    /* "value", "missing", "spurious", "error", "latency" */
    char layer[128];   /* "" if no value differs (a fault of valid_o or error_o) */
    char signal[160];  /* of the Verilog, below the top; "data_o" if only the port differs */
    int element;       /* output of the layer, -1 for a value within it */
    int64_t expected, got;
};

/* The AXI-Stream wrapper, where the folder has one: every event through it at full rate and with
 * random stalls. */
struct verify_axis {
    bool present;
    long transfers;  /* results judged */
    long mismatches; /* wrong, missing, doubled, withdrawn, or a source made to wait for nothing */
    int latency_cycles_measured; /* -1: nothing ever came out */
};

struct verify_result {
    bool passed;
    char reason[600];               /* one line; "" if passed */
    long events, events_of_kind[4]; /* test, random, corner, overflow */
    long presentations;             /* events judged: every one in two or three ways of spacing */
    long mismatches;
    struct verify_mismatch first;
    int latency_cycles_measured; /* -1: nothing ever came out */
    int interval_cycles;
    bool crossing_ok, latency_ok;
    struct verify_axis axis;
    long reference_mismatches; /* events whose integers differ from the quantized reference; -1: not
                                  compared */
    double float_max_abs_error,
        float_mean_abs_error; /* test events; NAN where outputs are decisions */
    long decision_changes;    /* test events that the float network decides otherwise */
    double accuracy_float, accuracy_quantized, accuracy_hardware; /* NAN without labels */
    char waveform[64];                                            /* in the folder, or "" */
    double seconds, simulate_seconds; /* of it, running the compiled bench */
    double simulated_events_per_s;    /* presentations / simulate_seconds */
};

/* Runs everything, writes folder/verify.json and says in result->passed and ->reason what came of
 * it. Only what makes a run impossible (no program, no Verilator) ends the program here. */
void verify_run(const struct verify_request *request, struct verify_result *result);

#endif
