/* Taking generated C apart: see roll_text.h. Values are names vN; integers are what
 * c_add_integer() writes in 32 bits: 12 and (-12). */
#include "compiler/emit/roll_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The length of what begins at `text` as one piece, and what it is. */
static size_t next_piece(const char *text, enum piece_kind *kind, int64_t *number)
{
    char *end;
    size_t length = 0;
    *kind = PIECE_WORDS;
    if (text[0] == '(' && text[1] == '-' && isdigit((unsigned char)text[2])) {
        *number = strtoll(text + 1, &end, 10);
        if (*end != ')') return 1;
        *kind = PIECE_INTEGER;
        return (size_t)(end - text) + 1;
    }
    if (!is_word(*text)) return 1;
    while (is_word(text[length]))
        length++;
    *number = strtoll(text + (*text == 'v'), &end, 10);
    bool whole = end == text + length && length > (*text == 'v');
    if (*text == 'v' && whole) *kind = PIECE_VALUE;
    if (isdigit((unsigned char)*text) && whole) *kind = PIECE_INTEGER;
    if (!strncmp(text, "INT64_C(", 8) || !strncmp(text, "UINT64_C(", 9))
        length = (size_t)(strchr(text, ')') - text) + 1;
    return length;
}

struct expression expression_parse(struct arena *arena, const char *text)
{
    size_t capacity = strlen(text) + 1, words = 0;
    struct expression e = {arena_alloc(arena, capacity, sizeof *e.pieces), 0};
    for (const char *at = text;;) {
        enum piece_kind kind = PIECE_WORDS;
        int64_t number = 0;
        size_t length = *at ? next_piece(at, &kind, &number) : 0;
        if (*at && kind == PIECE_WORDS) {
            words += length;
            at += length;
            continue;
        }
        if (words)
            e.pieces[e.count++] =
                (struct piece){PIECE_WORDS, arena_printf(arena, "%.*s", (int)words, at - words), 0};
        if (!*at) return e;
        e.pieces[e.count++] = (struct piece){kind, NULL, number};
        words = 0;
        at += length;
    }
}
