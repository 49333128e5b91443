/* The text form, out. docs/reference/program.md is its manual. */
#include "compiler/program/internal.h"

#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_COLUMN = 40, ENTRIES_A_LINE = 16 };

/* `before` and a name: as it is if it is made of letters, digits and _.[]/- and starts with a
 * letter or _; else in quotes with \xHH for everything unusual. */
static void print_name(const char *before, const char *name, struct text *out)
{
    bool plain = name[0] && strchr(NAME_FIRST, name[0]);
    for (const char *c = name; *c; c++)
        plain = plain && strchr(NAME_REST, *c);
    if (plain) {
        text_add(out, "%s%s", before, name);
        return;
    }
    text_add(out, "%s\"", before);
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        if (*c < ' ' || *c >= 0x7f || *c == '"' || *c == '\\')
            text_add(out, "\\x%02x", *c);
        else
            text_add(out, "%c", *c);
    }
    text_add(out, "\"");
}

static void print_integers(const int64_t *integers, int64_t count, const char *indent,
                           struct text *out)
{
    for (int64_t i = 0; i < count; i++) {
        text_add(out, "%s%" PRId64, i % ENTRIES_A_LINE ? " " : indent, integers[i]);
        if (i % ENTRIES_A_LINE == ENTRIES_A_LINE - 1 || i == count - 1) text_add(out, "\n");
    }
}

static void print_matrix(const struct matrix *m, struct text *out)
{
    print_name("\nmatrix ", m->name, out);
    text_add(out, " rows %d columns %d fraction %d", m->rows, m->columns, m->fraction_bits);
    if (m->is_loadable)
        text_add(out, " loadable [%" PRId64 ", %" PRId64 "] [%" PRId64 ", %" PRId64 "]", m->lo,
                 m->hi, m->bias_lo, m->bias_hi);
    text_add(out, " {\n");
    for (int row = 0; row < m->rows; row++) {
        const int64_t *integers = m->integers + (int64_t)row * m->columns;
        for (int column = 0; column < m->columns; column++)
            text_add(out, "%s%" PRId64, column ? " " : "  ", integers[column]);
        text_add(out, "\n");
    }
    text_add(out, "}");
    if (m->bias) {
        text_add(out, " bias fraction %d {\n", m->bias_fraction_bits);
        print_integers(m->bias, m->columns, "  ", out);
        text_add(out, "}");
    }
    text_add(out, "\n");
}

static void print_table(const struct table *t, struct text *out)
{
    char format[FORMAT_TEXT_BYTES];
    format_print(t->format, format);
    print_name("\ntable ", t->name, out);
    text_add(out, " first %" PRId64 " count %d%s : %s {\n", t->first, t->count,
             t->in_block ? " in block" : "", format);
    print_integers(t->entries, t->count, "  ", out);
    text_add(out, "}\n");
}

static void print_memory(const struct memory *m, struct text *out)
{
    char format[FORMAT_TEXT_BYTES];
    format_print(m->format, format);
    print_name("\nmemory ", m->name, out);
    text_add(out, " entries %d slots %d in %s : %s [%" PRId64 ", %" PRId64 "]", m->entries,
             m->slots, memory_kind_names[m->kind], format, m->lo, m->hi);
    if (m->contents) {
        text_add(out, " loadable {\n");
        print_integers(m->contents, m->entries, "  ", out);
        text_add(out, "}");
    }
    text_add(out, "\n");
}

/* "%7 = sub %2, %5 << 3". */
static void print_operation(const struct program *p, int value, struct text *out)
{
    const struct op *op = &p->ops[value];
    text_add(out, "%%%d = %s", value, op_rows[op->code].name);
    enum op_immediate kind = op_rows[op->code].immediate;
    if (kind == IMMEDIATE_MATRIX) print_name(" ", p->matrices[op->immediate].name, out);
    if (kind == IMMEDIATE_TABLE) print_name(" ", p->tables[op->immediate].name, out);
    if (kind == IMMEDIATE_MEMORY) print_name(" ", p->memories[op->immediate].name, out);
    if (kind == IMMEDIATE_ELEMENT || kind == IMMEDIATE_VALUE || kind == IMMEDIATE_TRIP)
        text_add(out, " %" PRId64, op->immediate);
    for (int i = 0; i < op->operand_count; i++)
        text_add(out, "%s%%%d", i ? ", " : " ", p->operands[op->operands + i]);
    if (kind == IMMEDIATE_SHIFT && (op->immediate || op->code == OP_SHIFT))
        text_add(out, " %s %" PRId64, op->immediate < 0 ? ">>" : "<<",
                 op->immediate < 0 ? -op->immediate : op->immediate);
    if (kind == IMMEDIATE_COLUMN) text_add(out, " column %" PRId64, op->immediate);
    if (kind == IMMEDIATE_LOW) text_add(out, " low %" PRId64, op->immediate);
}

static void print_value(const struct program *p, int value, struct text *out)
{
    const struct op *op = &p->ops[value];
    text_add(out, "  ");
    size_t start = out->length;
    print_operation(p, value, out);
    if (op->code != OP_MATVEC) {
        char format[FORMAT_TEXT_BYTES];
        while (out->length < start + FORMAT_COLUMN)
            text_add_bytes(out, " ", 1);
        format_print(op->format, format);
        text_add(out, " : %s [%" PRId64 ", %" PRId64 "]", format, op->lo, op->hi);
    }
    if (op->stage >= 0) text_add(out, " @%d", op->stage);
    text_add(out, "\n");
}

static void print_host(const struct port *port, struct text *out)
{
    if (!port->edge_count) {
        text_add(out, " scale %.17g offset %.17g\n", port->host_scale, port->host_offset);
        return;
    }
    int first = isfinite(port->edges[0]) ? 0 : 1;
    text_add(out, " edges %d", port->edge_count - first);
    for (int i = first; i < port->edge_count; i++)
        text_add(out, "%s%.17g", i % 8 ? " " : "\n  ", port->edges[i]);
    text_add(out, "%s\n", first ? " missing" : "");
}

static void print_header(const struct program *p, struct text *out)
{
    print_name("program ", p->name, out);
    text_add(out, "\nkind %s\n", p->output_kind);
    if (p->threshold != 0) text_add(out, "threshold %.17g\n", p->threshold);
    text_add(out, "clock %.17g\n", p->clock_mhz);
    text_add(out, "latency %d\ninterval %d\n", p->latency_cycles, p->interval_cycles);
    if (p->protect) text_add(out, "protect%s", p->protect & PROTECT_TMR ? " tmr" : "");
    if (p->protect & PROTECT_ECC) text_add(out, " ecc %d", p->correction_cycles);
    if (p->protect) text_add(out, "\n");
    text_add(out, "\n");
    for (int i = 0; i < p->input_count; i++) {
        char format[FORMAT_TEXT_BYTES];
        format_print(p->ops[p->inputs[i].value].format, format);
        print_name("input ", p->inputs[i].name, out);
        text_add(out, " : %s", format);
        print_host(&p->inputs[i], out);
    }
}

static void print_program(const struct program *p, struct text *out)
{
    bool *matrix_used = calloc((size_t)p->matrix_count + 1, 1),
         *table_used = calloc((size_t)p->table_count + 1, 1);
    if (!matrix_used || !table_used) abort();
    for (int value = 0; value < p->op_count; value++) {
        if (p->ops[value].code == OP_MATVEC) matrix_used[p->ops[value].immediate] = true;
        if (p->ops[value].code == OP_TABLE) table_used[p->ops[value].immediate] = true;
    }
    print_header(p, out);
    for (int i = 0; i < p->matrix_count; i++)
        if (matrix_used[i]) print_matrix(&p->matrices[i], out);
    for (int i = 0; i < p->table_count; i++)
        if (table_used[i]) print_table(&p->tables[i], out);
    for (int i = 0; i < p->memory_count; i++)
        print_memory(&p->memories[i], out);
    free(matrix_used);
    free(table_used);
    for (int i = 0; i < p->block_count; i++) {
        const struct block *b = &p->blocks[i];
        print_name("\nblock ", b->name, out);
        print_name(" ", b->kind, out);
        text_add(out, " trip %d interval %d {\n", b->trip, b->interval);
        for (int value = b->first; value < b->end; value++)
            print_value(p, value, out);
        text_add(out, "}\n");
    }
    text_add(out, "\n");
    for (int i = 0; i < p->output_count; i++) {
        print_name("output ", p->outputs[i].name, out);
        text_add(out, " = %%%d\n", p->outputs[i].value);
    }
}

void program_print(const struct program *p, FILE *stream)
{
    struct text text = {0};
    print_program(p, &text);
    fwrite(text_string(&text), 1, text.length, stream);
    text_free(&text);
}

void program_write(const struct program *p, const char *path)
{
    struct out_file *out = out_open(path);
    program_print(p, out_stream(out));
    out_commit(out);
}
