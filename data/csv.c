/* CSV files as tables of text, and their columns as arrays: see csv.h. */
#include "data/csv.h"

#include "base/error.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text that is still to be split. Fields are unquoted and terminated in place. */
struct scanner {
    const char *path;
    char *at, *end;
    long line;
    char separator;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The separator seen most often outside quotes in the line; a comma if none is. */
static char find_separator(const char *line)
{
    static const char candidates[] = ",;\t";
    long seen[3] = {0};
    bool is_quoted = false;
    for (const char *c = line; *c && (is_quoted || *c != '\n'); c++) {
        if (*c == '"') is_quoted = !is_quoted;
        const char *found = is_quoted ? NULL : strchr(candidates, *c);
        if (found) seen[found - candidates]++;
    }
    int best = 0;
    for (int i = 1; i < 3; i++)
        if (seen[i] > seen[best]) best = i;
    return candidates[best];
}

/* Moves past lines without data. False at the end. */
static bool next_row(struct scanner *s)
{
    while (s->at < s->end) {
        const char *c = s->at;
        while (is_blank(*c))
            c++;
        if (c < s->end && *c != '\n' && *c != '#') return true;
        const char *newline = memchr(c, '\n', (size_t)(s->end - c));
        s->at = newline ? s->at + (newline - s->at) + 1 : s->end;
        s->line++;
    }
    return false;
}

/* A quoted field, unquoted where it stands: s->at is behind the opening quote, and afterwards at
 * the separator or the end of the line. Returns the end of the text. */
static char *read_quoted(struct scanner *s)
{
    char *to = s->at;
    long first_line = s->line;
    for (;;) {
        if (s->at >= s->end) fail_at(s->path, first_line, "a quoted field is never closed");
        char c = *s->at++;
        if (c == '"') {
            if (*s->at != '"') break;
            s->at++;
        }
        if (c == '\n') s->line++;
        *to++ = c;
    }
    while (is_blank(*s->at) && *s->at != s->separator)
        s->at++;
    if (s->at < s->end && *s->at != s->separator && *s->at != '\n')
        fail_at(s->path, s->line, "text after a closing quote");
    return to;
}

/* One field, without blanks around; *is_last tells whether the line ends with it. */
static const char *read_field(struct scanner *s, bool *is_last)
{
    while (is_blank(*s->at) && *s->at != s->separator)
        s->at++;
    char *field = s->at, *end;
    if (*s->at == '"') {
        field = ++s->at;
        end = read_quoted(s);
    } else {
        while (s->at < s->end && *s->at != s->separator && *s->at != '\n')
            s->at++;
        end = s->at;
        while (end > field && is_blank(end[-1]))
            end--;
    }
    *is_last = s->at >= s->end || *s->at == '\n';
    if (s->at < s->end) {
        s->line += *s->at == '\n';
        s->at++;
    }
    *end = 0; /* at most at the separator, which is behind us */
    return field;
}

/* The value of a field; false if it is not a number. An empty field is a missing number: NaN. */
static bool parse_number(const char *field, double *value)
{
    char *end;
    *value = NAN;
    if (!*field) return true;
    *value = strtod(field, &end);
    return *end == 0;
}

static bool is_number(const char *field)
{
    double value;
    return *field && parse_number(field, &value);
}

/* A header: no field of the first row is a number, or one is text where the second row has a
 * number. */
static bool has_header(const char *const *cells, int columns, long rows)
{
    bool any_number = false;
    for (int c = 0; c < columns; c++) {
        bool is_text = cells[c][0] && !is_number(cells[c]);
        if (is_text && rows > 1 && is_number(cells[columns + c])) return true;
        if (is_number(cells[c])) any_number = true;
    }
    return !any_number;
}

/* All rows; the first sets the number of columns. */
static void read_rows(struct scanner *s, struct csv_table *table, struct arena *arena)
{
    size_t cell_capacity = 0, line_capacity = 0, used = 0;
    const char **cells = NULL;
    long *lines = NULL;
    while (next_row(s)) {
        long line = s->line;
        int fields = 0;
        for (bool is_last = false; !is_last; fields++) {
            cells = array_grow(cells, &cell_capacity, used + 1, sizeof *cells);
            cells[used++] = read_field(s, &is_last);
        }
        if (table->rows == 0) table->columns = fields;
        if (fields != table->columns) {
            free(cells);
            free(lines);
            fail_at(s->path, line, "%d fields where the first row has %d", fields, table->columns);
        }
        lines = array_grow(lines, &line_capacity, (size_t)table->rows + 1, sizeof *lines);
        lines[table->rows++] = line;
    }
    if (table->rows == 0) fail("%s: holds no rows", s->path);
    table->cells = memcpy(arena_alloc(arena, used, sizeof *cells), cells, used * sizeof *cells);
    table->lines = memcpy(arena_alloc(arena, (size_t)table->rows, sizeof *lines), lines,
                          (size_t)table->rows * sizeof *lines);
    free(cells);
    free(lines);
}

struct csv_table *csv_parse(struct container *container)
{
    static const char utf8_mark[] = "\xef\xbb\xbf";
    struct csv_table *table = arena_alloc(container->arena, 1, sizeof *table);
    struct scanner s = {.path = container->path, .at = container->content, .line = 1};
    s.end = s.at + container->length;
    if (strlen(s.at) != container->length) {
        for (const char *c = s.at; *c; c++)
            s.line += *c == '\n';
        fail_at(s.path, s.line, "holds a NUL byte; a CSV file is plain text");
    }
    if (strncmp(s.at, utf8_mark, 3) == 0) s.at += 3;
    table->path = container->path;
    s.separator = ',';
    if (next_row(&s)) s.separator = find_separator(s.at);
    read_rows(&s, table, container->arena);
    if (!has_header(table->cells, table->columns, table->rows)) return table;
    table->names = table->cells;
    table->cells += table->columns;
    table->lines++;
    if (--table->rows == 0) fail("%s: holds a header but no rows", s.path);
    return table;
}

const char *csv_column_title(struct arena *arena, const struct csv_table *table, int column)
{
    if (!table->names) return arena_printf(arena, "%d", column);
    return arena_printf(arena, "'%s'", table->names[column]);
}

int csv_column_named(const struct csv_table *table, const char *name)
{
    for (int c = 0; table->names && c < table->columns; c++)
        if (strcmp(table->names[c], name) == 0) return c;
    return -1;
}

int csv_find_column(const struct csv_table *table, const char *name, const char *what)
{
    int column = csv_column_named(table, name);
    if (column >= 0) return column;
    if (!table->names) {
        char *end;
        long number = strtol(name, &end, 10);
        if (*name && !*end && number >= 0 && number < table->columns) return (int)number;
        fail("%s: no %s column '%s'; it has no header, its columns are 0 to %d", table->path, what,
             name, table->columns - 1);
    }
    struct text names = {0};
    for (int c = 0; c < table->columns && names.length < 400; c++)
        text_add(&names, "%s%s", c ? ", " : "", table->names[c]);
    char list[600];
    snprintf(list, sizeof list, "%s", text_string(&names));
    text_free(&names);
    fail("%s: no %s column '%s'; there are: %s", table->path, what, name, list);
}

int *csv_find_columns(struct arena *arena, const struct csv_table *table, const char *names,
                      const char *what, int *count)
{
    /* A name that itself holds a comma is taken whole. */
    int *columns = arena_alloc(arena, strlen(names) + 1, sizeof *columns);
    columns[0] = csv_column_named(table, names);
    *count = 1;
    if (columns[0] >= 0) return columns;
    *count = 0;
    for (const char *name = names;;) {
        size_t length = strcspn(name, ",");
        const char *start = name + strspn(name, " ");
        size_t used = start < name + length ? (size_t)(name + length - start) : 0;
        while (used > 0 && start[used - 1] == ' ')
            used--;
        int column = csv_find_column(table, arena_printf(arena, "%.*s", (int)used, start), what);
        for (int i = 0; i < *count; i++)
            if (columns[i] == column)
                fail("%s: %s column %s is named twice", table->path, what,
                     csv_column_title(arena, table, column));
        columns[(*count)++] = column;
        if (!name[length]) return columns;
        name += length + 1;
    }
}

/* An array of table->rows rows over `bytes`. */
static struct array make_array(const struct csv_table *table, const void *bytes, int columns,
                               enum array_type type)
{
    struct array array = {.path = table->path, .type = type, .dims = 2, .lines = table->lines};
    array.shape[0] = table->rows;
    array.shape[1] = columns;
    array.item_bytes = type == ARRAY_F8 ? sizeof(double) : sizeof(char *);
    array.count = (size_t)table->rows * (size_t)columns;
    array.bytes = bytes;
    return array;
}

struct array csv_numbers(struct arena *arena, const struct csv_table *table, const int *columns,
                         int count)
{
    double *values = arena_alloc(arena, (size_t)table->rows, (size_t)count * sizeof *values);
    for (long r = 0; r < table->rows; r++)
        for (int k = 0; k < count; k++) {
            const char *field =
                table->cells[(size_t)r * (size_t)table->columns + (size_t)columns[k]];
            if (!parse_number(field, &values[(size_t)r * (size_t)count + (size_t)k]))
                fail_at(table->path, table->lines[r], "column %s: '%.40s' is not a number",
                        csv_column_title(arena, table, columns[k]), field);
        }
    return make_array(table, values, count, ARRAY_F8);
}

struct array csv_column(struct arena *arena, const struct csv_table *table, int column)
{
    size_t columns = (size_t)table->columns;
    const char *const *first = table->cells + column;
    for (long r = 0; r < table->rows; r++) {
        double value;
        if (parse_number(first[(size_t)r * columns], &value)) continue;
        const char **texts = arena_alloc(arena, (size_t)table->rows, sizeof *texts);
        for (long k = 0; k < table->rows; k++)
            texts[k] = first[(size_t)k * columns];
        return make_array(table, texts, 1, ARRAY_STRINGS);
    }
    return csv_numbers(arena, table, &column, 1);
}
