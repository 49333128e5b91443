/* The program as C for HLS tools: the kernels of hls_templates/ with a tool's pragmas. */
#ifndef SLUICE_COMPILER_EMIT_HLS_H
#define SLUICE_COMPILER_EMIT_HLS_H

#include "compiler/compile.h"
#include "compiler/emit/emit.h"

struct hls_options {
    const char *templates; /* the folder hls_templates */
    const char *tool;      /* a tool of its pragmas.txt */
    bool loops;            /* kernels; else a statement for each operation, adder graphs */
    const char *extension; /* "c" or "cpp" */
    /* loops: most cycles that an event may take in each matrix; of layers by name exactly so many.
     */
    int reuse;
    const struct layer_reuse *layer_reuse;
    int layer_reuse_count;
};

/* What became of a matrix. */
struct hls_layer {
    const char *name;
    int inputs, outputs;
    int reuse, multipliers; /* reuse 1: all products at once */
};

/* TO/NAME.h and NAME.EXTENSION. The program is of compile_for_processor(), for the straight form of
 * compile_straight(). Returns the matrices that are loops, in the arena. Ends with one line if a
 * layer cannot have its factor, with the neighbours that it can have. */
struct hls_layer *emit_hls(const struct program *program, const struct emit_header *header,
                           const struct hls_options *options, const char *to, struct arena *arena,
                           int *layers);

/* TO/NAME_ap.h: the function with ports of ap_fixed in their formats, around NAME_eval(); and a
 * function that sets inputs from real numbers, one that gives outputs as such. C++. */
void emit_hls_ap(const struct program *program, const char *to);

/* A file of the templates' folder with @KEY@ replaced by texts: pairs of strings, a NULL at the
 * end. Written to TO. */
void hls_write_template(const char *templates, const char *file, const char *const *pairs,
                        const char *to);

#endif
