/* Filling the kernels of hls_templates/ in, and the pragmas of its table. Inside compiler/emit. */
#ifndef SLUICE_COMPILER_HLS_TEMPLATE_H
#define SLUICE_COMPILER_HLS_TEMPLATE_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

/* A row of pragmas.txt. */
struct hls_pragma {
    const char *tool, *what, *place, *text;
};
struct hls_pragmas {
    struct hls_pragma *rows;
    int count;
};
/* Strings live in the arena. */
struct hls_pragmas hls_read_pragmas(struct arena *arena, const char *templates);
/* The tool's line for `what` at `place`, @ARRAY@ replaced; "" if there is none. */
const char *hls_pragma(struct arena *arena, const struct hls_pragmas *pragmas, const char *tool,
                       const char *what, const char *place, const char *array);

/* Text with every @KEY@ of pairs (key, text, ..., NULL) replaced. A line that is nothing but a key
 * vanishes where its text is empty, and gives its indent to all lines of the text. */
void hls_fill(struct text *out, const char *text, const char *const *pairs, const char *indent);

#endif
