/* Growable strings. */
#include "base/text.h"

#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    text->bytes = array_grow(text->bytes, &text->capacity, text->length + (size_t)length + 1, 1);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += (size_t)length;
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
    text->bytes = array_grow(text->bytes, &text->capacity, text->length + count + 1, 1);
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = 0;
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
