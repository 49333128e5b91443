/* Numbers and strings as the report prints them: digits grouped by commas, "-" for what is not
 * known, never a locale's decimal comma. */
#ifndef SLUICE_REPORT_NUMBER_H
#define SLUICE_REPORT_NUMBER_H

#include "base/arena.h"

/* A printed number, to be used in place: report_fixed(x, 1).text. */
struct report_number {
    char text[64];
};

/* With that many digits (0..9) behind the point: 1,234.5. */
struct report_number report_fixed(double value, int decimals);
/* A whole number: 7,680. */
struct report_number report_count(double value);
/* A fraction as a percentage: 0.3921 is "39.2 %". */
struct report_number report_percent(double fraction);
/* Four significant digits, for numbers of any size: 0.03125, 1.95e-05. */
struct report_number report_significant(double value);
/* With a prefix: 1.2e8 is "120 M"; the unit is the caller's. */
struct report_number report_si(double value);
/* Digits behind the point that show a margin of this size: 1 for 12.5, 3 for 0.042. */
int report_decimals(double margin);

/* The string with &, <, >, " and ' escaped for HTML, anything that is not valid UTF-8 replaced by
 * U+FFFD and control characters by blanks. */
const char *report_escape(struct arena *arena, const char *string);
/* The same cleaning for plain text, without the HTML escapes. */
const char *report_clean(struct arena *arena, const char *string);
/* Characters (not bytes) of clean UTF-8, for columns. */
int report_length(const char *string);

#endif
