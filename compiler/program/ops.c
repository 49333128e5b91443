/* The table of operations. */
#include "compiler/program/program.h"

#define X(id, text, least, most, kind, words) {text, least, most, IMMEDIATE_##kind, words},
const struct op_row op_rows[OP_COUNT] = {OP_TABLE(X)};
#undef X

#define X(id, name) name,
const char *const memory_kind_names[MEMORY_KIND_COUNT] = {MEMORY_TABLE(X)};
#undef X
