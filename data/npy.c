/* NumPy's NPY files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * Versions 1 to 3; the head is a Python dictionary literal of three known keys. */
#include "base/error.h"
#include "base/file.h"
#include "data/container.h"
#include "data/events.h"
#include "data/npy_rows.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
static const bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

size_t npy_head_size(const char *bytes, size_t length)
{
    if (length < 12 || memcmp(bytes, magic, 6) != 0) return 0;
    const unsigned char *b = (const unsigned char *)bytes;
    if (b[6] == 1) return 10 + ((size_t)b[8] | (size_t)b[9] << 8);
    if (b[6] != 2 && b[6] != 3) return 0;
    return 12 + ((size_t)b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24);
}

/* A place in the head's text; at end once `from` reaches `end`. */
struct cursor {
    const char *from, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->from < c->end && (*c->from == ' ' || *c->from == '\n' || *c->from == '\t'))
        c->from++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->from == c->end || *c->from != wanted) return false;
    c->from++;
    return true;
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->from) < length || memcmp(c->from, word, length) != 0) return false;
    c->from += length;
    return true;
}

static bool take_quoted(struct cursor *c, char *text, size_t size)
{
    skip_blanks(c);
    if (c->from == c->end || (*c->from != '\'' && *c->from != '"')) return false;
    char quote = *c->from++;
    size_t length = 0;
    while (c->from < c->end && *c->from != quote) {
        if (length + 1 >= size) return false;
        text[length++] = *c->from++;
    }
    text[length] = 0;
    return take(c, quote);
}

static bool take_number(struct cursor *c, long *value)
{
    skip_blanks(c);
    const char *start = c->from;
    *value = 0;
    for (; c->from < c->end && *c->from >= '0' && *c->from <= '9'; c->from++) {
        if (*value > (LONG_MAX - 9) / 10) return false;
        *value = *value * 10 + (*c->from - '0');
    }
    bool found = c->from > start;
    if (found && c->from < c->end && *c->from == 'L') c->from++; /* written by Python 2 */
    return found;
}

static bool take_shape(struct cursor *c, struct array *array)
{
    if (!take(c, '(')) return false;
    array->dims = 0;
    while (!take(c, ')')) {
        if (array->dims == ARRAY_MAX_DIMS || !take_number(c, &array->shape[array->dims]))
            return false;
        array->dims++;
        if (take(c, ',')) continue;
        if (!take(c, ')')) return false;
        break;
    }
    return true;
}

/* "<f4" and its like; false if it is nothing we read. */
static bool set_type(struct array *array, const char *descr)
{
    static const struct {
        const char *code;
        enum array_type type;
        size_t bytes;
    } table[] = {{"f2", ARRAY_F2, 2}, {"f4", ARRAY_F4, 4}, {"f8", ARRAY_F8, 8},
                 {"i1", ARRAY_I1, 1}, {"i2", ARRAY_I2, 2}, {"i4", ARRAY_I4, 4},
                 {"i8", ARRAY_I8, 8}, {"u1", ARRAY_U1, 1}, {"u2", ARRAY_U2, 2},
                 {"u4", ARRAY_U4, 4}, {"u8", ARRAY_U8, 8}, {"b1", ARRAY_BOOL, 1}};
    const char *code = descr;
    array->swapped = false;
    if (*code && strchr("<>|=", *code)) {
        if (*code == '<') array->swapped = !is_little;
        if (*code == '>') array->swapped = is_little;
        code++;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(code, table[i].code) == 0) {
            array->type = table[i].type;
            array->item_bytes = table[i].bytes;
            return true;
        }
    if (*code != 'S' && *code != 'U') return false;
    struct cursor digits = {code + 1, code + strlen(code)};
    long length;
    if (!take_number(&digits, &length) || *digits.from || length > 1 << 20) return false;
    array->type = *code == 'S' ? ARRAY_BYTES : ARRAY_UTF32;
    array->item_bytes = (size_t)length * (*code == 'S' ? 1 : 4);
    return true;
}

static const char *parse_dictionary(struct arena *arena, struct array *array, struct cursor c)
{
    static const char malformed[] = "its NPY head is malformed";
    char key[32], descr[64];
    bool has_descr = false, has_order = false, has_shape = false;
    if (!take(&c, '{')) return malformed;
    while (!take(&c, '}')) {
        if (!take_quoted(&c, key, sizeof key) || !take(&c, ':')) return malformed;
        if (strcmp(key, "descr") == 0) {
            if (take(&c, '[')) return "its type is a record; plain numbers are wanted";
            if (!take_quoted(&c, descr, sizeof descr)) return malformed;
            has_descr = true;
        } else if (strcmp(key, "fortran_order") == 0) {
            array->fortran = take_word(&c, "True");
            if (!array->fortran && !take_word(&c, "False")) return malformed;
            has_order = true;
        } else if (strcmp(key, "shape") == 0) {
            if (!take_shape(&c, array)) return malformed;
            has_shape = true;
        } else {
            return malformed;
        }
        if (take(&c, ',')) continue;
        if (!take(&c, '}')) return malformed;
        break;
    }
    if (!has_descr || !has_order || !has_shape) return malformed;
    if (strchr(descr, 'O')) return "it holds Python objects; save it as plain numbers";
    if (!set_type(array, descr))
        return arena_printf(arena, "its type '%s' is not read; numbers or text are wanted", descr);
    if (!array_set_count(array)) return "its shape is too large to be true";
    return NULL;
}

void npy_parse_head(struct arena *arena, struct array *array, const char *bytes, size_t length,
                    size_t *head_bytes)
{
    size_t head = npy_head_size(bytes, length);
    size_t start = length > 6 && bytes[6] == 1 ? 10 : 12;
    *head_bytes = head;
    if (head == 0)
        array->problem = "it is not an NPY file of version 1 to 3";
    else if (head > length)
        array->problem = "it is truncated within its head";
    else
        array->problem =
            parse_dictionary(arena, array, (struct cursor){bytes + start, bytes + head});
}

void npy_list(struct container *container)
{
    struct array *array = arena_alloc(container->arena, 1, sizeof *array);
    array->path = container->path;
    size_t head;
    npy_parse_head(container->arena, array, container->content, container->length, &head);
    container->arrays = array;
    container->count = 1;
    if (array->problem) return;
    size_t wanted = array->count * array->item_bytes, there = container->length - head;
    if (there != wanted)
        array->problem =
            arena_printf(container->arena, "%s: %zu bytes wanted, %zu there",
                         there < wanted ? "it is truncated" : "data beyond its end", wanted, there);
    array->bytes = (const unsigned char *)container->content + head;
}

void npy_print_head(char head[NPY_HEAD_BYTES], long rows, long columns)
{
    /* Version 1.0, 118 bytes of text. */
    static const char start[10] = "\x93NUMPY\x01\x00\x76\x00";
    memcpy(head, start, sizeof start);
    int used = snprintf(head + 10, NPY_HEAD_BYTES - 10,
                        "{'descr': '%sf8', 'fortran_order': False, 'shape': (%ld, %ld), }",
                        is_little ? "<" : ">", rows, columns);
    memset(head + 10 + used, ' ', NPY_HEAD_BYTES - 10 - (size_t)used);
    head[NPY_HEAD_BYTES - 1] = '\n';
}

void npy_write_double(const char *path, const double *values, long rows, long columns)
{
    char head[NPY_HEAD_BYTES];
    npy_print_head(head, rows, columns);
    struct out_file *out = out_open(path);
    size_t count = (size_t)rows * (size_t)columns;
    fwrite(head, 1, sizeof head, out_stream(out));
    if (count) fwrite(values, sizeof *values, count, out_stream(out));
    out_commit(out);
}
