/* Growable strings. */
#include "base/text.h"

#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The decimal or hexadecimal digits of a number. */
static void add_number(struct text *text, uint64_t number, bool negative, unsigned base)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = "0123456789abcdef"[number % base];
    while (number /= base);
    if (negative) *--at = '-';
    text_add_bytes(text, at, (size_t)(digits + sizeof digits - at));
}

/* One argument, of the conversions that printers use most: %s, %c, %d, %ld, %lx. Returns what is
 * behind the conversion, NULL if it is another. The C library takes ten times as long over them
 * when some library that the program links (libquadmath) has added conversions to it. */
static const char *add_plain(struct text *text, const char *format, va_list *args)
{
    int64_t number;
    switch (*format) {
    case 's': {
        const char *string = va_arg(*args, const char *);
        text_add_bytes(text, string, strlen(string));
        return format + 1;
    }
    case 'c': {
        char one = (char)va_arg(*args, int);
        text_add_bytes(text, &one, 1);
        return format + 1;
    }
    case 'd':
        number = va_arg(*args, int);
        add_number(text, number < 0 ? -(uint64_t)number : (uint64_t)number, number < 0, 10);
        return format + 1;
    case 'l':
        if (sizeof(long) != sizeof number || (format[1] != 'd' && format[1] != 'x')) return NULL;
        number = va_arg(*args, long);
        if (format[1] == 'x')
            add_number(text, (uint64_t)number, false, 16);
        else
            add_number(text, number < 0 ? -(uint64_t)number : (uint64_t)number, number < 0, 10);
        return format + 2;
    case '%': text_add_bytes(text, format, 1); return format + 1;
    default: return NULL;
    }
}

static void add_any(struct text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    text->bytes = array_grow(text->bytes, &text->capacity, text->length + (size_t)length + 1, 1);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, args);
    text->length += (size_t)length;
}

void text_add_list(struct text *text, const char *format, va_list list)
{
    va_list args;
    va_copy(args, list);
    while (*format) {
        const char *percent = strchr(format, '%');
        text_add_bytes(text, format, percent ? (size_t)(percent - format) : strlen(format));
        if (!percent) break;
        format = percent;
        va_list rest;
        va_copy(rest, args);
        const char *behind = add_plain(text, format + 1, &args);
        if (!behind) add_any(text, format, rest); /* it and all that follow */
        va_end(rest);
        if (!behind) break;
        format = behind;
    }
    va_end(args);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_add_list(text, format, args);
    va_end(args);
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
    if (text->length + count >= text->capacity)
        text->bytes = array_grow(text->bytes, &text->capacity, text->length + count + 1, 1);
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = 0;
}

void text_add_field(struct text *text, const char *field)
{
    if (!strpbrk(field, ",\"\r\n")) {
        text_add(text, "%s", field);
        return;
    }
    text_add(text, "\"");
    for (const char *c = field; *c; c++)
        text_add(text, *c == '"' ? "\"\"" : "%c", *c);
    text_add(text, "\"");
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}
