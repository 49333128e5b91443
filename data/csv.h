/* CSV: rows of fields separated by comma, semicolon or tab, quoted or not. Private to data/. */
#ifndef SLUICE_DATA_CSV_H
#define SLUICE_DATA_CSV_H

#include "base/arena.h"
#include "data/array.h"
#include "data/container.h"

struct csv_table {
    const char *path;
    long rows; /* at least one; without the header */
    int columns;
    const char **names; /* [columns], NULL if the file has no header */
    const char **cells; /* [rows][columns], unquoted, without blanks around */
    const long *lines;  /* [rows] */
};

/* Splits a container's content, which it changes, into a table. A header is recognised: see
 * docs/guide/data.md. Lines that are blank or begin with # are passed over. */
struct csv_table *csv_parse(struct container *container);

/* Column of that name, or of that number from 0 where there is no header; ends the program with
 * the columns there are if there is none. `what` names it in the message: "label". */
int csv_find_column(const struct csv_table *table, const char *name, const char *what);
/* As csv_find_column() for a list "a,b,c"; columns in the arena, their number in *count. */
int *csv_find_columns(struct arena *arena, const struct csv_table *table, const char *names,
                      const char *what, int *count);
/* Column of exactly that name, -1 if there is none. */
int csv_column_named(const struct csv_table *table, const char *name);
/* The name of a column for messages: "'pt'" or "3" (counted from 0). */
const char *csv_column_title(struct arena *arena, const struct csv_table *table, int column);

/* Columns as an array of doubles [rows][count]. An empty field, "nan" and "inf" are NaN or
 * infinite numbers; any other text ends the program with its line. */
struct array csv_numbers(struct arena *arena, const struct csv_table *table, const int *columns,
                         int count);
/* One column, as doubles if every field is a number, else as text. */
struct array csv_column(struct arena *arena, const struct csv_table *table, int column);

#endif
