/* The text form, out. docs/reference/program.md is its manual. */
#include "compiler/program/internal.h"

#include "base/file.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_COLUMN = 40, ENTRIES_A_LINE = 16 };

/* A name as it is if it is made of letters, digits and _.[]/- and starts with a letter or _; else
 * in quotes with \xHH for everything unusual. */
static void print_name(const char *name, FILE *stream)
{
    bool plain = name[0] && strchr(NAME_FIRST, name[0]);
    for (const char *c = name; *c; c++)
        plain = plain && strchr(NAME_REST, *c);
    if (plain) {
        fputs(name, stream);
        return;
    }
    fputc('"', stream);
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        if (*c < ' ' || *c >= 0x7f || *c == '"' || *c == '\\')
            fprintf(stream, "\\x%02x", *c);
        else
            fputc(*c, stream);
    }
    fputc('"', stream);
}

static void print_integers(const int64_t *integers, int64_t count, const char *indent, FILE *stream)
{
    for (int64_t i = 0; i < count; i++) {
        fprintf(stream, "%s%" PRId64, i % ENTRIES_A_LINE ? " " : indent, integers[i]);
        if (i % ENTRIES_A_LINE == ENTRIES_A_LINE - 1 || i == count - 1) fputc('\n', stream);
    }
}

static void print_matrix(const struct matrix *m, FILE *stream)
{
    fprintf(stream, "\nmatrix ");
    print_name(m->name, stream);
    fprintf(stream, " rows %d columns %d fraction %d", m->rows, m->columns, m->fraction_bits);
    if (m->is_loadable)
        fprintf(stream, " loadable [%" PRId64 ", %" PRId64 "] [%" PRId64 ", %" PRId64 "]", m->lo,
                m->hi, m->bias_lo, m->bias_hi);
    fprintf(stream, " {\n");
    for (int row = 0; row < m->rows; row++) {
        const int64_t *integers = m->integers + (int64_t)row * m->columns;
        for (int column = 0; column < m->columns; column++)
            fprintf(stream, "%s%" PRId64, column ? " " : "  ", integers[column]);
        fputc('\n', stream);
    }
    fprintf(stream, "}");
    if (m->bias) {
        fprintf(stream, " bias fraction %d {\n", m->bias_fraction_bits);
        print_integers(m->bias, m->columns, "  ", stream);
        fprintf(stream, "}");
    }
    fputc('\n', stream);
}

static void print_table(const struct table *t, FILE *stream)
{
    char format[FORMAT_TEXT_BYTES];
    format_print(t->format, format);
    fprintf(stream, "\ntable ");
    print_name(t->name, stream);
    fprintf(stream, " first %" PRId64 " count %d%s : %s {\n", t->first, t->count,
            t->in_block ? " in block" : "", format);
    print_integers(t->entries, t->count, "  ", stream);
    fprintf(stream, "}\n");
}

static void print_memory(const struct memory *m, FILE *stream)
{
    char format[FORMAT_TEXT_BYTES];
    format_print(m->format, format);
    fprintf(stream, "\nmemory ");
    print_name(m->name, stream);
    fprintf(stream, " entries %d slots %d in %s : %s [%" PRId64 ", %" PRId64 "]", m->entries,
            m->slots, memory_kind_names[m->kind], format, m->lo, m->hi);
    if (m->contents) {
        fprintf(stream, " loadable {\n");
        print_integers(m->contents, m->entries, "  ", stream);
        fprintf(stream, "}");
    }
    fputc('\n', stream);
}

/* "%7 = sub %2, %5 << 3": returns the characters written. */
static int print_operation(const struct program *p, int value, FILE *stream)
{
    const struct op *op = &p->ops[value];
    char *line = NULL;
    size_t length = 0;
    FILE *text = open_memstream(&line, &length);
    if (!text) abort();
    fprintf(text, "%%%d = %s", value, op_rows[op->code].name);
    enum op_immediate kind = op_rows[op->code].immediate;
    if (kind == IMMEDIATE_MATRIX)
        fputc(' ', text), print_name(p->matrices[op->immediate].name, text);
    if (kind == IMMEDIATE_TABLE) fputc(' ', text), print_name(p->tables[op->immediate].name, text);
    if (kind == IMMEDIATE_MEMORY)
        fputc(' ', text), print_name(p->memories[op->immediate].name, text);
    if (kind == IMMEDIATE_ELEMENT || kind == IMMEDIATE_VALUE || kind == IMMEDIATE_TRIP)
        fprintf(text, " %" PRId64, op->immediate);
    for (int i = 0; i < op->operand_count; i++)
        fprintf(text, "%s%%%d", i ? ", " : " ", p->operands[op->operands + i]);
    if (kind == IMMEDIATE_SHIFT && (op->immediate || op->code == OP_SHIFT))
        fprintf(text, " %s %" PRId64, op->immediate < 0 ? ">>" : "<<",
                op->immediate < 0 ? -op->immediate : op->immediate);
    if (kind == IMMEDIATE_COLUMN) fprintf(text, " column %" PRId64, op->immediate);
    if (kind == IMMEDIATE_LOW) fprintf(text, " low %" PRId64, op->immediate);
    fclose(text);
    fputs(line, stream);
    free(line);
    return (int)length;
}

static void print_value(const struct program *p, int value, FILE *stream)
{
    const struct op *op = &p->ops[value];
    fputs("  ", stream);
    int pad = FORMAT_COLUMN - print_operation(p, value, stream);
    if (op->code != OP_MATVEC) fprintf(stream, "%*s", pad > 0 ? pad : 0, "");
    if (op->code != OP_MATVEC) {
        char format[FORMAT_TEXT_BYTES];
        format_print(op->format, format);
        fprintf(stream, " : %s [%" PRId64 ", %" PRId64 "]", format, op->lo, op->hi);
    }
    if (op->stage >= 0) fprintf(stream, " @%d", op->stage);
    fputc('\n', stream);
}

static void print_host(const struct port *port, FILE *stream)
{
    if (!port->edge_count) {
        fprintf(stream, " scale %.17g offset %.17g\n", port->host_scale, port->host_offset);
        return;
    }
    int first = isfinite(port->edges[0]) ? 0 : 1;
    fprintf(stream, " edges %d", port->edge_count - first);
    for (int i = first; i < port->edge_count; i++)
        fprintf(stream, "%s%.17g", i % 8 ? " " : "\n  ", port->edges[i]);
    fprintf(stream, "%s\n", first ? " missing" : "");
}

static void print_header(const struct program *p, FILE *stream)
{
    fprintf(stream, "program ");
    print_name(p->name, stream);
    fprintf(stream, "\nkind %s\n", p->output_kind);
    if (p->threshold != 0) fprintf(stream, "threshold %.17g\n", p->threshold);
    fprintf(stream, "clock %.17g\n", p->clock_mhz);
    fprintf(stream, "latency %d\ninterval %d\n\n", p->latency_cycles, p->interval_cycles);
    for (int i = 0; i < p->input_count; i++) {
        char format[FORMAT_TEXT_BYTES];
        format_print(p->ops[p->inputs[i].value].format, format);
        fprintf(stream, "input ");
        print_name(p->inputs[i].name, stream);
        fprintf(stream, " : %s", format);
        print_host(&p->inputs[i], stream);
    }
}

void program_print(const struct program *p, FILE *stream)
{
    bool *matrix_used = calloc((size_t)p->matrix_count + 1, 1),
         *table_used = calloc((size_t)p->table_count + 1, 1);
    if (!matrix_used || !table_used) abort();
    for (int value = 0; value < p->op_count; value++) {
        if (p->ops[value].code == OP_MATVEC) matrix_used[p->ops[value].immediate] = true;
        if (p->ops[value].code == OP_TABLE) table_used[p->ops[value].immediate] = true;
    }
    print_header(p, stream);
    for (int i = 0; i < p->matrix_count; i++)
        if (matrix_used[i]) print_matrix(&p->matrices[i], stream);
    for (int i = 0; i < p->table_count; i++)
        if (table_used[i]) print_table(&p->tables[i], stream);
    for (int i = 0; i < p->memory_count; i++)
        print_memory(&p->memories[i], stream);
    free(matrix_used);
    free(table_used);
    for (int i = 0; i < p->block_count; i++) {
        const struct block *b = &p->blocks[i];
        fprintf(stream, "\nblock ");
        print_name(b->name, stream);
        fputc(' ', stream);
        print_name(b->kind, stream);
        fprintf(stream, " trip %d interval %d {\n", b->trip, b->interval);
        for (int value = b->first; value < b->end; value++)
            print_value(p, value, stream);
        fprintf(stream, "}\n");
    }
    fputc('\n', stream);
    for (int i = 0; i < p->output_count; i++) {
        fprintf(stream, "output ");
        print_name(p->outputs[i].name, stream);
        fprintf(stream, " = %%%d\n", p->outputs[i].value);
    }
}

void program_write(const struct program *p, const char *path)
{
    struct out_file *out = out_open(path);
    program_print(p, out_stream(out));
    out_commit(out);
}
