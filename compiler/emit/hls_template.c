/* See hls_template.h. */
#include "compiler/emit/hls_template.h"

#include "base/error.h"
#include "base/file.h"
#include "compiler/emit/emit_hls.h"

#include <stdlib.h>
#include <string.h>

/* ---- pragmas.txt ---- */

/* The next column, two blanks or more before the one behind it; NULL: there is none. */
static char *next_column(char **rest)
{
    char *start = *rest + strspn(*rest, " "), *end = strstr(start, "  ");
    if (!*start) return NULL;
    *rest = end ? end : start + strlen(start);
    if (end) {
        *end = 0;
        *rest = end + 1;
    }
    return start;
}

struct hls_pragmas hls_read_pragmas(struct arena *arena, const char *templates)
{
    const char *path = file_join(arena, templates, "pragmas.txt");
    size_t length, capacity = 0;
    struct hls_pragmas pragmas = {0};
    char *text = file_read(arena, path, &length), *lines = NULL;
    int number = 0;
    struct hls_pragma *rows = NULL;
    for (char *line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
        number++;
        if (*line == '#') continue;
        char *rest = line;
        struct hls_pragma row = {next_column(&rest), next_column(&rest), next_column(&rest), NULL};
        row.text = row.place ? rest + strspn(rest, " ") : NULL;
        if (!row.text || !*row.text)
            fail("%s: row %d: TOOL  WHAT  PLACE  TEXT is wanted", path, number);
        rows = array_grow(rows, &capacity, (size_t)pragmas.count + 1, sizeof *rows);
        rows[pragmas.count++] = row;
    }
    pragmas.rows = arena_alloc(arena, (size_t)pragmas.count + 1, sizeof *rows);
    if (rows) memcpy(pragmas.rows, rows, (size_t)pragmas.count * sizeof *rows);
    free(rows);
    return pragmas;
}

const char *hls_pragma(struct arena *arena, const struct hls_pragmas *pragmas, const char *tool,
                       const char *what, const char *place, const char *array)
{
    for (int i = 0; i < pragmas->count; i++) {
        const struct hls_pragma *row = &pragmas->rows[i];
        if (strcmp(row->tool, tool) || strcmp(row->what, what) || strcmp(row->place, place))
            continue;
        struct text text = {0};
        hls_fill(&text, row->text, (const char *const[]){"ARRAY", array, NULL}, "");
        if (text.length && text.bytes[text.length - 1] == '\n') text.bytes[--text.length] = 0;
        const char *line = arena_strdup(arena, text_string(&text));
        text_free(&text);
        return line;
    }
    return "";
}

/* ---- filling in ---- */

/* The text of the key that begins at `at`, and the key's length with both @; NULL: it is no key. */
static const char *find_key(const char *at, const char *const *pairs, size_t *length)
{
    size_t size = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (!size || at[size + 1] != '@') return NULL;
    *length = size + 2;
    for (; *pairs; pairs += 2)
        if (strlen(*pairs) == size && !strncmp(*pairs, at + 1, size)) return pairs[1];
    return NULL;
}

/* A key alone in its line: each line of its text with the key's indent. */
static void add_block(struct text *out, const char *block, const char *line, size_t blanks,
                      const char *indent)
{
    while (*block) {
        size_t length = strcspn(block, "\n");
        bool pragma = *block == '#'; /* of the preprocessor: at the line's start */
        text_add(out, "%s%.*s%.*s\n", pragma ? "" : indent, pragma ? 0 : (int)blanks, line,
                 (int)length, block);
        block += length + (block[length] == '\n');
    }
}

static void fill_line(struct text *out, const char *line, size_t length, const char *const *pairs,
                      const char *indent)
{
    size_t blanks = strspn(line, " "), size;
    const char *alone = line[blanks] == '@' ? find_key(line + blanks, pairs, &size) : NULL;
    if (alone && blanks + size == length) {
        add_block(out, alone, line, blanks, indent);
        return;
    }
    if (length) text_add(out, "%s", indent);
    for (const char *at = line; at < line + length;) {
        const char *text = *at == '@' ? find_key(at, pairs, &size) : NULL;
        text_add(out, "%.*s", text ? (int)strlen(text) : 1, text ? text : at);
        at += text ? size : 1;
    }
    text_add(out, "\n");
}

void hls_fill(struct text *out, const char *text, const char *const *pairs, const char *indent)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        fill_line(out, text, length, pairs, indent);
        text += length + (text[length] == '\n');
    }
}

void hls_write_template(const char *templates, const char *file, const char *const *pairs,
                        const char *to)
{
    struct arena arena = {0};
    struct text text = {0};
    size_t length;
    hls_fill(&text, file_read(&arena, file_join(&arena, templates, file), &length), pairs, "");
    file_write(to, text.bytes, text.length);
    text_free(&text);
    arena_free(&arena);
}
