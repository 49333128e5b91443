/* An expression of generated C taken apart: values and integers between words that stay. */
#ifndef SLUICE_COMPILER_ROLL_TEXT_H
#define SLUICE_COMPILER_ROLL_TEXT_H

#include "base/arena.h"

#include <stdint.h>

enum piece_kind { PIECE_WORDS, PIECE_VALUE, PIECE_INTEGER };
struct piece {
    enum piece_kind kind;
    const char *words; /* in the arena */
    int64_t number;    /* N of value vN, or the integer */
};
struct expression {
    struct piece *pieces;
    int count;
};
struct expression expression_parse(struct arena *arena, const char *text);

#endif
