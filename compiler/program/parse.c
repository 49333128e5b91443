/* The text form, in. Nothing in the file is trusted: formats and intervals are inferred again, and
 * each value is checked on its line. The grammar is docs/reference/program.md. */
#include "compiler/program/internal.h"
#include "compiler/program/scan.h"

#include "base/error.h"
#include "base/file.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 1 << 20, MAX_STAGE = 1 << 20, MAX_TRIP = 1 << 20, MAX_ENTRIES = 1 << 22 };

struct parser {
    struct scan scan;
    struct program *p;
    struct linear_forms *forms;
    struct loop_check *loops;
    struct format *input_formats; /* as declared; of p->inputs[] */
    size_t input_format_capacity;
    long *lines; /* of each value */
    size_t line_capacity;
    int *operands; /* of the value being read */
    size_t operand_capacity;
};

/* Numbers in braces; `count` was read from the file, so it is held against the file's length first.
 */
static int64_t *parse_integers(struct parser *s, int64_t count)
{
    if (count > (s->scan.end - s->scan.at) / 2 + 1)
        scan_fail(&s->scan, "%lld entries are announced, the file ends before", (long long)count);
    int64_t *integers = arena_alloc(&s->p->arena, (size_t)count, sizeof *integers);
    scan_expect(&s->scan, "{");
    for (int64_t i = 0; i < count; i++)
        integers[i] = scan_integer(&s->scan, INT64_MIN, INT64_MAX, "an entry");
    scan_expect(&s->scan, "}");
    return integers;
}

static int find_matrix(const struct program *p, const char *name)
{
    for (int i = 0; i < p->matrix_count; i++)
        if (!strcmp(p->matrices[i].name, name)) return i;
    return -1;
}

static int find_table(const struct program *p, const char *name)
{
    for (int i = 0; i < p->table_count; i++)
        if (!strcmp(p->tables[i].name, name)) return i;
    return -1;
}

static int find_memory(const struct program *p, const char *name)
{
    for (int i = 0; i < p->memory_count; i++)
        if (!strcmp(p->memories[i].name, name)) return i;
    return -1;
}

static int fraction_of(struct scan *scan)
{
    scan_expect(scan, "fraction");
    return (int)scan_integer(scan, -2 * PROGRAM_MAX_FRACTION, 2 * PROGRAM_MAX_FRACTION,
                             "fraction bits");
}

static void parse_interval(struct scan *scan, int64_t *lo, int64_t *hi)
{
    scan_expect(scan, "[");
    *lo = scan_integer(scan, INT64_MIN, INT64_MAX, "the interval's low end");
    scan_expect(scan, ",");
    *hi = scan_integer(scan, INT64_MIN, INT64_MAX, "the interval's high end");
    scan_expect(scan, "]");
}

static void parse_matrix(struct parser *s)
{
    struct program *p = s->p;
    struct matrix m = {.name = scan_name(&s->scan, &p->arena)};
    if (find_matrix(p, m.name) >= 0) scan_fail(&s->scan, "a second matrix %s", m.name);
    scan_expect(&s->scan, "rows");
    m.rows = (int)scan_integer(&s->scan, 1, MAX_OPERANDS, "rows");
    scan_expect(&s->scan, "columns");
    m.columns = (int)scan_integer(&s->scan, 1, MAX_OPERANDS, "columns");
    m.fraction_bits = fraction_of(&s->scan);
    m.is_loadable = scan_take(&s->scan, "loadable");
    if (m.is_loadable) {
        parse_interval(&s->scan, &m.lo, &m.hi);
        parse_interval(&s->scan, &m.bias_lo, &m.bias_hi);
    }
    m.integers = parse_integers(s, (int64_t)m.rows * m.columns);
    if (scan_take(&s->scan, "bias")) {
        m.bias_fraction_bits = fraction_of(&s->scan);
        m.bias = parse_integers(s, m.columns);
    }
    p->matrices =
        array_grow(p->matrices, &p->matrix_capacity, (size_t)p->matrix_count + 1, sizeof m);
    p->matrices[p->matrix_count++] = m;
}

static void parse_table(struct parser *s)
{
    struct program *p = s->p;
    struct table t = {.name = scan_name(&s->scan, &p->arena)};
    if (find_table(p, t.name) >= 0) scan_fail(&s->scan, "a second table %s", t.name);
    scan_expect(&s->scan, "first");
    t.first = scan_integer(&s->scan, INT64_MIN, INT64_MAX, "first");
    scan_expect(&s->scan, "count");
    t.count = (int)scan_integer(&s->scan, 1, INT32_MAX, "count");
    if (scan_take(&s->scan, "in")) {
        scan_expect(&s->scan, "block");
        t.in_block = true;
    }
    scan_expect(&s->scan, ":");
    t.format = scan_format(&s->scan);
    t.entries = parse_integers(s, t.count);
    p->tables = array_grow(p->tables, &p->table_capacity, (size_t)p->table_count + 1, sizeof t);
    p->tables[p->table_count++] = t;
}

static enum memory_kind parse_memory_kind(struct scan *scan)
{
    scan_expect(scan, "in");
    for (int kind = 0; kind < MEMORY_KIND_COUNT; kind++)
        if (scan_take(scan, memory_kind_names[kind])) return (enum memory_kind)kind;
    scan_fail(scan, "a memory is in registers, delay, distributed or block");
}

static void parse_memory(struct parser *s)
{
    struct program *p = s->p;
    struct memory m = {.name = scan_name(&s->scan, &p->arena)};
    if (find_memory(p, m.name) >= 0) scan_fail(&s->scan, "a second memory %s", m.name);
    scan_expect(&s->scan, "entries");
    m.entries = (int)scan_integer(&s->scan, 1, MAX_ENTRIES, "entries");
    scan_expect(&s->scan, "slots");
    m.slots = (int)scan_integer(&s->scan, 1, MAX_ENTRIES, "slots");
    m.kind = parse_memory_kind(&s->scan);
    scan_expect(&s->scan, ":");
    m.format = scan_format(&s->scan);
    parse_interval(&s->scan, &m.lo, &m.hi);
    if (scan_take(&s->scan, "loadable")) m.contents = parse_integers(s, m.entries);
    p->memories =
        array_grow(p->memories, &p->memory_capacity, (size_t)p->memory_count + 1, sizeof m);
    p->memories[p->memory_count++] = m;
}

/* Rising edges; `missing` behind them stands for one more, -infinity, in front. */
static void parse_edges(struct parser *s, struct port *port)
{
    int count = (int)scan_integer(&s->scan, 0, 1 << 20, "the number of edges");
    double *edges = arena_alloc(&s->p->arena, (size_t)count + 2, sizeof *edges);
    for (int i = 0; i < count; i++) {
        edges[i + 1] = scan_real(&s->scan, "an edge");
        if (i && edges[i + 1] <= edges[i]) scan_fail(&s->scan, "the edges do not rise");
    }
    bool missing = scan_take(&s->scan, "missing");
    edges[0] = -INFINITY;
    port->host_scale = 1;
    port->edges = edges + !missing;
    port->edge_count = count + missing;
    if (!port->edge_count) scan_fail(&s->scan, "an input of no edges");
}

static void parse_host(struct parser *s, struct port *port)
{
    if (scan_take(&s->scan, "edges")) {
        parse_edges(s, port);
        return;
    }
    scan_expect(&s->scan, "scale");
    port->host_scale = scan_real(&s->scan, "scale");
    scan_expect(&s->scan, "offset");
    port->host_offset = scan_real(&s->scan, "offset");
}

static void parse_input(struct parser *s)
{
    struct program *p = s->p;
    struct port port = {.name = scan_name(&s->scan, &p->arena), .value = -1};
    if (p->block_count) scan_fail(&s->scan, "inputs are declared before the first block");
    scan_expect(&s->scan, ":");
    struct format format = scan_format(&s->scan);
    parse_host(s, &port);
    size_t count = (size_t)p->input_count + 1;
    p->inputs = array_grow(p->inputs, &p->input_capacity, count, sizeof port);
    s->input_formats =
        array_grow(s->input_formats, &s->input_format_capacity, count, sizeof *s->input_formats);
    s->input_formats[p->input_count] = format;
    p->inputs[p->input_count++] = port;
}

static void parse_output(struct parser *s)
{
    struct program *p = s->p;
    struct port port = {.name = scan_name(&s->scan, &p->arena), .host_scale = 1};
    scan_expect(&s->scan, "=");
    scan_expect(&s->scan, "%");
    port.value = (int)scan_integer(&s->scan, 0, p->op_count - 1, "a value's number");
    if (p->ops[port.value].code == OP_MATVEC)
        scan_fail(&s->scan, "an output is a matvec, not one of its results");
    p->outputs =
        array_grow(p->outputs, &p->output_capacity, (size_t)p->output_count + 1, sizeof port);
    p->outputs[p->output_count++] = port;
}

static enum op_code parse_code(struct parser *s)
{
    for (int code = 0; code < OP_COUNT; code++)
        if (scan_take(&s->scan, op_rows[code].name)) return (enum op_code)code;
    scan_fail(&s->scan, "an operation is unknown: %s", scan_name(&s->scan, &s->p->arena));
}

/* The immediate in front of the operands: a matrix's or table's name, an element, a constant. */
static void parse_leading(struct parser *s, struct op *op)
{
    switch (op_rows[op->code].immediate) {
    case IMMEDIATE_MATRIX:
    case IMMEDIATE_TABLE: {
        bool is_matrix = op->code == OP_MATVEC;
        const char *name = scan_name(&s->scan, &s->p->arena);
        op->immediate = is_matrix ? find_matrix(s->p, name) : find_table(s->p, name);
        if (op->immediate < 0)
            scan_fail(&s->scan, "there is no %s %s", is_matrix ? "matrix" : "table", name);
        break;
    }
    case IMMEDIATE_MEMORY: {
        const char *name = scan_name(&s->scan, &s->p->arena);
        op->immediate = find_memory(s->p, name);
        if (op->immediate < 0) scan_fail(&s->scan, "there is no memory %s", name);
        break;
    }
    case IMMEDIATE_TRIP: op->immediate = scan_integer(&s->scan, 1, MAX_TRIP, "a trip count"); break;
    case IMMEDIATE_ELEMENT:
        op->immediate = scan_integer(&s->scan, 0, s->p->input_count - 1, "an input's number");
        if (s->p->inputs[op->immediate].value >= 0)
            scan_fail(&s->scan, "this input comes a second time");
        s->p->inputs[op->immediate].value = s->p->op_count;
        break;
    case IMMEDIATE_VALUE:
        op->immediate = scan_integer(&s->scan, INT64_MIN, INT64_MAX, "a constant");
        break;
    default: break;
    }
}

/* The immediate behind the operands. */
static void parse_trailing(struct parser *s, struct op *op)
{
    switch (op_rows[op->code].immediate) {
    case IMMEDIATE_SHIFT: {
        int sign = scan_take(&s->scan, "<<") ? 1 : scan_take(&s->scan, ">>") ? -1 : 0;
        if (sign) op->immediate = sign * scan_integer(&s->scan, 0, PROGRAM_MAX_FRACTION, "a shift");
        break;
    }
    case IMMEDIATE_COLUMN:
        scan_expect(&s->scan, "column");
        op->immediate = scan_integer(&s->scan, 0, MAX_OPERANDS, "a column");
        break;
    case IMMEDIATE_LOW:
        scan_expect(&s->scan, "low");
        op->immediate = scan_integer(&s->scan, 0, FORMAT_MAX_BITS, "the lowest bit");
        break;
    default: break;
    }
}

static int parse_operands(struct parser *s)
{
    int count = 0;
    while (scan_take(&s->scan, count ? "," : "%")) {
        if (count) scan_expect(&s->scan, "%");
        if (s->p->op_count == 0) scan_fail(&s->scan, "the first value has an operand");
        s->operands = array_grow(s->operands, &s->operand_capacity, (size_t)count + 1, sizeof(int));
        s->operands[count++] = (int)scan_integer(&s->scan, 0, s->p->op_count - 1,
                                                 "an operand (a value that comes before)");
    }
    return count;
}

/* After "%": "7 = sub %2, %5 << 3 : fixed<11,7> [-636, 639] @2" */
static void parse_value(struct parser *s)
{
    struct program *p = s->p;
    char reason[400];
    struct op op = {.stage = -1};
    int value = (int)scan_integer(&s->scan, 0, INT32_MAX, "a value's number");
    if (value != p->op_count)
        scan_fail(&s->scan, "value %%%d comes where %%%d should", value, p->op_count);
    long line = s->scan.line;
    scan_expect(&s->scan, "=");
    op.code = parse_code(s);
    parse_leading(s, &op);
    /* A statement's end is not marked, so "%" here may only be an operand of this one. */
    int count = op_rows[op.code].most_operands == 0 ? 0 : parse_operands(s);
    parse_trailing(s, &op);
    if (op.code == OP_MATVEC) {
        op.format = format_of_interval(0, 0, 0);
    } else {
        scan_expect(&s->scan, ":");
        op.format = scan_format(&s->scan);
        parse_interval(&s->scan, &op.lo, &op.hi);
    }
    if (scan_take(&s->scan, "@")) op.stage = (int)scan_integer(&s->scan, 0, MAX_STAGE, "a stage");
    if (op.code == OP_INPUT && !format_equal(op.format, s->input_formats[op.immediate]))
        fail_at(s->scan.path, line, "the input was declared with another format");
    program_append(p, &op, s->operands, count);
    s->lines = array_grow(s->lines, &s->line_capacity, (size_t)p->op_count, sizeof *s->lines);
    s->lines[value] = line;
    if (value_verify(p, s->forms, value, reason, sizeof reason))
        fail_at(s->scan.path, line, "%s", reason);
}

static void check_loop(struct parser *s)
{
    char reason[400];
    int value = -1;
    if (loop_check_block(s->loops, s->p->block_count - 1, &value, reason, sizeof reason))
        fail_at(s->scan.path, value >= 0 ? s->lines[value] : s->scan.line, "%s", reason);
}

static void parse_block(struct parser *s)
{
    const char *name = scan_name(&s->scan, &s->p->arena), *kind = scan_name(&s->scan, &s->p->arena);
    scan_expect(&s->scan, "trip");
    program_begin_loop(s->p, name, kind, (int)scan_integer(&s->scan, 1, MAX_TRIP, "trip"));
    scan_expect(&s->scan, "interval");
    if (scan_integer(&s->scan, 1, INT32_MAX, "interval") != 1)
        scan_fail(&s->scan, "an iteration starts every cycle: interval 1 is all there is");
    scan_expect(&s->scan, "{");
    while (scan_take(&s->scan, "%"))
        parse_value(s);
    scan_expect(&s->scan, "}");
    check_loop(s);
}

/* Before the memories: their loads are checked on their lines. */
static void parse_protect(struct parser *s)
{
    s->p->protect = scan_take(&s->scan, "tmr") ? PROTECT_TMR : 0;
    if (!s->p->protect) scan_expect(&s->scan, "ecc");
    if (s->p->protect && !scan_take(&s->scan, "ecc")) return;
    s->p->protect |= PROTECT_ECC;
    s->p->correction_cycles = (int)scan_integer(&s->scan, 1, 2, "cycles of the correction");
}

static void parse_statement(struct parser *s)
{
    struct scan *scan = &s->scan;
    struct program *p = s->p;
    if (scan_take(scan, "kind"))
        p->output_kind = scan_name(scan, &p->arena);
    else if (scan_take(scan, "threshold"))
        p->threshold = scan_real(scan, "threshold");
    else if (scan_take(scan, "clock"))
        p->clock_mhz = scan_real(scan, "clock");
    else if (scan_take(scan, "latency"))
        p->latency_cycles = (int)scan_integer(scan, 0, MAX_STAGE + 1, "latency");
    else if (scan_take(scan, "interval"))
        p->interval_cycles = (int)scan_integer(scan, 1, MAX_STAGE, "interval");
    else if (scan_take(scan, "protect"))
        parse_protect(s);
    else if (scan_take(scan, "input"))
        parse_input(s);
    else if (scan_take(scan, "matrix"))
        parse_matrix(s);
    else if (scan_take(scan, "table"))
        parse_table(s);
    else if (scan_take(scan, "memory"))
        parse_memory(s);
    else if (scan_take(scan, "block"))
        parse_block(s);
    else if (scan_take(scan, "output"))
        parse_output(s);
    else
        scan_expect(scan, "block");
}

struct program *program_read(const char *path)
{
    struct arena arena = {0};
    size_t length;
    const char *text = file_read(&arena, path, &length);
    struct parser s = {0};
    scan_init(&s.scan, path, text, length);
    scan_expect(&s.scan, "program");
    s.p = program_new(scan_name(&s.scan, &arena));
    s.forms = linear_new(s.p);
    s.loops = loop_check_new(s.p);
    while (!scan_at_end(&s.scan))
        parse_statement(&s);
    char reason[400];
    int value = -1;
    if (structure_verify(s.p, &value, reason, sizeof reason))
        fail_at(path, value >= 0 ? s.lines[value] : s.scan.line, "%s", reason);
    linear_free(s.forms);
    loop_check_free(s.loops);
    free(s.input_formats);
    free(s.lines);
    free(s.operands);
    arena_free(&arena);
    return s.p;
}
