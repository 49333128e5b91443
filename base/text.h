/* A growable string. A zero-initialised struct text is the empty string. */
#ifndef SLUICE_BASE_TEXT_H
#define SLUICE_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct text {
    char *bytes; /* NUL-terminated; NULL while nothing was added */
    size_t length, capacity;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_list(struct text *text, const char *format, va_list list);
void text_add_bytes(struct text *text, const void *bytes, size_t count);
/* A field of a CSV file: quoted if it has to be. */
void text_add_field(struct text *text, const char *field);
/* The string so far, "" if empty; valid until the next addition. */
const char *text_string(const struct text *text);
void text_free(struct text *text);

#endif
