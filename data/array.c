/* Arrays of any type and order, read as rows of numbers: see array.h. */
#include "data/array.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 1024 };

bool array_is_text(const struct array *array)
{
    return array->type >= ARRAY_BYTES;
}

long array_rows(const struct array *array)
{
    return array->dims > 0 ? array->shape[0] : 0;
}

size_t array_row_size(const struct array *array)
{
    size_t size = 1;
    for (int d = 1; d < array->dims; d++)
        size *= (size_t)array->shape[d];
    return size;
}

bool array_set_count(struct array *array)
{
    size_t count = 1, limit = SIZE_MAX / 4 / (array->item_bytes ? array->item_bytes : 1);
    bool is_empty = false;
    /* Zero dimensions apart, so that the others are checked too. */
    for (int d = 0; d < array->dims; d++) {
        size_t extent = (size_t)array->shape[d];
        if (array->shape[d] < 0) return false;
        if (extent == 0) is_empty = true;
        if (extent > 1 && count > limit / extent) return false;
        count *= extent ? extent : 1;
    }
    array->count = is_empty ? 0 : count;
    return true;
}

static double half_value(uint16_t half)
{
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    double magnitude = exponent == 31  ? (mantissa ? (double)NAN : (double)INFINITY)
                       : exponent == 0 ? ldexp(mantissa, -24)
                                       : ldexp(mantissa + 1024, exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

static uint8_t reverse_8(uint8_t value)
{
    return value;
}

/* read_NAME(): `count` elements of C type TYPE, stored in BITS bits, to doubles. */
#define DEFINE_READ(NAME, TYPE, BITS, REVERSE, VALUE)                                              \
    static void read_##NAME(const unsigned char *from, size_t count, bool swapped, double *to)     \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            uint##BITS##_t raw;                                                                    \
            TYPE element;                                                                          \
            memcpy(&raw, from + i * sizeof raw, sizeof raw);                                       \
            if (swapped) raw = REVERSE(raw);                                                       \
            memcpy(&element, &raw, sizeof raw);                                                    \
            to[i] = VALUE(element);                                                                \
        }                                                                                          \
    }
DEFINE_READ(f2, uint16_t, 16, __builtin_bswap16, half_value)
DEFINE_READ(f4, float, 32, __builtin_bswap32, (double))
DEFINE_READ(f8, double, 64, __builtin_bswap64, )
DEFINE_READ(i1, int8_t, 8, reverse_8, (double))
DEFINE_READ(i2, int16_t, 16, __builtin_bswap16, (double))
DEFINE_READ(i4, int32_t, 32, __builtin_bswap32, (double))
DEFINE_READ(i8, int64_t, 64, __builtin_bswap64, (double))
DEFINE_READ(u1, uint8_t, 8, reverse_8, (double))
DEFINE_READ(u2, uint16_t, 16, __builtin_bswap16, (double))
DEFINE_READ(u4, uint32_t, 32, __builtin_bswap32, (double))
DEFINE_READ(u8, uint64_t, 64, __builtin_bswap64, (double))
DEFINE_READ(bool, uint8_t, 8, reverse_8, (double)!!)

/* Elements first .. first + count - 1 as they lie in the file. */
static void read_run(const struct array *array, size_t first, size_t count, double *to)
{
    static void (*const readers[])(const unsigned char *, size_t, bool, double *) = {
        read_f2, read_f4, read_f8, read_i1, read_i2, read_i4,
        read_i8, read_u1, read_u2, read_u4, read_u8, read_bool};
    assert(!array_is_text(array) && array->bytes && first + count <= array->count);
    readers[array->type](array->bytes + first * array->item_bytes, count, array->swapped, to);
}

/* Where C-order column `column` of a row begins in a Fortran-order file. */
static size_t fortran_start(const struct array *array, size_t column)
{
    size_t start = 0, stride = array->count;
    for (int d = array->dims - 1; d > 0; d--) {
        size_t extent = (size_t)array->shape[d];
        stride /= extent;
        start += column % extent * stride;
        column /= extent;
    }
    return start;
}

/* Calls for each run of at most BLOCK elements that lie together in the file: element k of the
 * run goes to values[place + k * step]. */
#define FOR_EACH_RUN(STORE)                                                                        \
    double block[BLOCK];                                                                           \
    size_t size = array_row_size(array);                                                           \
    bool by_column = array->fortran && array->dims > 1;                                            \
    size_t runs = by_column ? size : 1, length = by_column ? (size_t)rows : (size_t)rows * size;   \
    for (size_t run = 0; run < runs; run++) {                                                      \
        size_t start = by_column ? fortran_start(array, run) : 0, step = by_column ? size : 1;     \
        for (size_t done = 0; done < length; done += BLOCK) {                                      \
            size_t part = length - done < BLOCK ? length - done : BLOCK;                           \
            read_run(array, start + done, part, block);                                            \
            for (size_t k = 0; k < part; k++)                                                      \
                values[run + (done + k) * step] = STORE block[k];                                  \
        }                                                                                          \
    }

void array_get_doubles(const struct array *array, long rows, double *values)
{
    FOR_EACH_RUN()
}

void array_get_floats(const struct array *array, long rows, float *values)
{
    if (array->type == ARRAY_F4 && !array->swapped && (!array->fortran || array->dims < 2)) {
        memcpy(values, array->bytes, (size_t)rows * array_row_size(array) * sizeof *values);
        return;
    }
    FOR_EACH_RUN((float))
}

static char *add_utf8(char *to, uint32_t code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    return to;
}

const char *array_get_text(struct arena *arena, const struct array *array, size_t index)
{
    assert(array_is_text(array) && array->bytes && index < array->count);
    const unsigned char *item = array->bytes + index * array->item_bytes;
    if (array->type == ARRAY_STRINGS) {
        const char *text;
        memcpy(&text, item, sizeof text);
        return arena_strdup(arena, text ? text : "");
    }
    char *text = arena_alloc(arena, array->item_bytes + 1, 1), *end = text;
    if (array->type == ARRAY_BYTES) return memcpy(text, item, array->item_bytes);
    for (size_t i = 0; i < array->item_bytes / 4; i++) {
        uint32_t code;
        memcpy(&code, item + 4 * i, 4);
        if (array->swapped) code = __builtin_bswap32(code);
        if (code) end = add_utf8(end, code);
    }
    return text;
}

const char *array_describe(struct arena *arena, const struct array *array)
{
    if (!array->name) return array->path;
    return arena_printf(arena, "%s: array '%s'", array->path, array->name);
}

const char *array_print_shape(struct arena *arena, const struct array *array)
{
    static const char *const names[] = {"float16", "float32", "float64", "int8",   "int16",
                                        "int32",   "int64",   "uint8",   "uint16", "uint32",
                                        "uint64",  "bool",    "text",    "text",   "text"};
    const char *text = array->dims ? "" : "a single ";
    for (int d = 0; d < array->dims; d++)
        text = arena_printf(arena, "%s%s%ld", text, d ? " x " : "", array->shape[d]);
    return arena_printf(arena, "%s%s%s", text, array->dims ? " " : "", names[array->type]);
}
