/* Building a program value by value: formats and intervals come from the rule, never from the
 * caller. */
#include "compiler/program/internal.h"

#include "base/error.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_STEPS = 12 };

struct program *program_new(const char *name)
{
    struct program *p = calloc(1, sizeof *p);
    if (!p) fail("out of memory");
    p->name = arena_strdup(&p->arena, name);
    p->output_kind = "logits";
    p->correction_cycles = 1;
    p->interval_cycles = 1;
    return p;
}

void program_free(struct program *p)
{
    if (!p) return;
    free(p->ops);
    free(p->operands);
    free(p->matrices);
    free(p->tables);
    free(p->memories);
    free(p->blocks);
    free(p->inputs);
    free(p->outputs);
    arena_free(&p->arena);
    free(p);
}

bool program_has_loops(const struct program *p)
{
    for (int b = 0; b < p->block_count; b++)
        if (block_is_loop(&p->blocks[b])) return true;
    return false;
}

int value_end(const struct program *p, int value)
{
    const struct block *block = &p->blocks[program_block_of(p, value)];
    return p->ops[value].stage + (block->trip - 1) * block->interval;
}

int program_block_of(const struct program *p, int value)
{
    int low = 0, high = p->block_count - 1;
    while (low < high) { /* the first block that ends behind the value */
        int middle = (low + high) / 2;
        if (p->blocks[middle].end > value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* "input x[3] (8 bits) -> mul %12 (16 bits)": the widest operand, followed back to a value that
 * starts anew. */
static void print_path(const struct program *p, int value, struct text *text)
{
    int path[PATH_STEPS], steps = 0;
    while (value >= 0 && steps < PATH_STEPS) {
        const struct op *op = &p->ops[value];
        path[steps++] = value;
        int widest = -1;
        if (op->code == OP_QUANTIZE || op->code == OP_TABLE) break;
        for (int i = 0; i < op->operand_count; i++) {
            int a = p->operands[op->operands + i];
            if (widest < 0 || p->ops[a].format.width_bits > p->ops[widest].format.width_bits)
                widest = a;
        }
        value = widest;
    }
    for (int i = steps - 1; i >= 0; i--) {
        const struct op *op = &p->ops[path[i]];
        text_add(text, "%s %%%d ", op_rows[op->code].name, path[i]);
        if (op->code == OP_INPUT) text_add(text, "%s ", p->inputs[op->immediate].name);
        if (op->code != OP_MATVEC) text_add(text, "(%d bits) ", op->format.width_bits);
        text_add(text, "-> ");
    }
}

_Noreturn static void refuse(const struct program *p, const struct op *op, const char *wrong)
{
    const char *block = p->block_count ? p->blocks[p->block_count - 1].name : "(none)";
    if (wrong != op_too_wide) {
        fprintf(stderr, "sluice: program %s, block %s: building %s %%%d: %s\n", p->name, block,
                op_rows[op->code].name, p->op_count, wrong);
        abort();
    }
    struct text path = {0};
    int widest = -1;
    for (int i = 0; i < op->operand_count; i++) {
        int a = p->operands[op->operands + i];
        if (widest < 0 || p->ops[a].format.width_bits > p->ops[widest].format.width_bits)
            widest = a;
    }
    print_path(p, widest, &path);
    char message[900];
    snprintf(message, sizeof message, "%s", text_string(&path));
    text_free(&path);
    fail("block %s: value %%%d %s; by %s%s %%%d; quantize a value on the way", block, p->op_count,
         wrong, message, op_rows[op->code].name, p->op_count);
}

int program_append(struct program *p, const struct op *op, const int *operands, int count)
{
    if (!p->block_count) program_begin_block(p, p->name, "program");
    p->ops = array_grow(p->ops, &p->op_capacity, (size_t)p->op_count + 1, sizeof *p->ops);
    p->operands = array_grow(p->operands, &p->operand_capacity,
                             (size_t)p->operand_count + (size_t)count, sizeof *p->operands);
    for (int i = 0; i < count; i++) {
        assert(operands[i] >= 0 && operands[i] < p->op_count);
        p->operands[p->operand_count + i] = operands[i];
    }
    struct op *new = &p->ops[p->op_count];
    *new = *op;
    new->operands = p->operand_count;
    new->operand_count = count;
    p->operand_count += count;
    p->blocks[p->block_count - 1].end = ++p->op_count;
    return p->op_count - 1;
}

static int add_inferred(struct program *p, struct op op, const int *operands, int count)
{
    op.stage = -1;
    int value = program_append(p, &op, operands, count);
    struct op *new = &p->ops[value];
    const char *wrong = op_infer(p, new, &new->format, &new->lo, &new->hi);
    if (wrong) {
        struct op copy = *new;
        p->op_count--;
        refuse(p, &copy, wrong);
    }
    return value;
}

int program_add_input(struct program *p, const char *name, struct format format, double host_scale,
                      double host_offset)
{
    p->inputs =
        array_grow(p->inputs, &p->input_capacity, (size_t)p->input_count + 1, sizeof *p->inputs);
    struct op op = {.code = OP_INPUT, .immediate = p->input_count, .format = format};
    int value = add_inferred(p, op, NULL, 0);
    p->inputs[p->input_count++] = (struct port){.name = arena_strdup(&p->arena, name),
                                                .value = value,
                                                .host_scale = host_scale,
                                                .host_offset = host_offset};
    return value;
}

int program_add_buckets(struct program *p, const char *name, const double *edges, int count)
{
    struct format format = format_of_interval(0, count, 0);
    double *copy = arena_alloc(&p->arena, (size_t)count + 1, sizeof *copy);
    if (count) memcpy(copy, edges, (size_t)count * sizeof *copy);
    p->inputs =
        array_grow(p->inputs, &p->input_capacity, (size_t)p->input_count + 1, sizeof *p->inputs);
    p->inputs[p->input_count] = (struct port){
        .name = arena_strdup(&p->arena, name), .host_scale = 1, .edge_count = count, .edges = copy};
    struct op op = {.code = OP_INPUT, .immediate = p->input_count++, .format = format};
    int value = add_inferred(p, op, NULL, 0);
    p->inputs[p->input_count - 1].value = value;
    return value;
}

int program_add_const(struct program *p, int64_t integer, int fraction_bits)
{
    struct op op = {.code = OP_CONST, .immediate = integer};
    if (interval_fits(integer, integer))
        op.format = format_of_interval(integer, integer, fraction_bits);
    return add_inferred(p, op, NULL, 0);
}

int program_add_op(struct program *p, enum op_code code, const int *operands, int count,
                   int64_t immediate)
{
    assert(code != OP_INPUT && code != OP_CONST && code != OP_QUANTIZE && code != OP_SLICE);
    return add_inferred(p, (struct op){.code = code, .immediate = immediate}, operands, count);
}

int program_add2(struct program *p, enum op_code code, int a, int b, int64_t immediate)
{
    return program_add_op(p, code, (int[]){a, b}, 2, immediate);
}

int program_add_quantize(struct program *p, int a, struct format format)
{
    return add_inferred(p, (struct op){.code = OP_QUANTIZE, .format = format}, &a, 1);
}

int program_add_slice(struct program *p, int a, int low, struct format format)
{
    format.rounding = ROUND_RND;
    format.overflow = OVERFLOW_SAT;
    return add_inferred(p, (struct op){.code = OP_SLICE, .immediate = low, .format = format}, &a,
                        1);
}

void program_add_matvec(struct program *p, const int *operands, int rows,
                        const struct matrix *matrix, int *results)
{
    assert(rows == matrix->rows && rows > 0 && matrix->columns > 0);
    int matvec = program_add_op(p, OP_MATVEC, operands, rows, program_append_matrix(p, matrix));
    for (int column = 0; column < matrix->columns; column++)
        results[column] = program_add_op(p, OP_RESULT, &matvec, 1, column);
}

int program_add_index(struct program *p)
{
    assert(p->block_count);
    return program_add_op(p, OP_INDEX, NULL, 0, p->blocks[p->block_count - 1].trip);
}

int program_add_state(struct program *p, int first, int64_t lo, int64_t hi)
{
    struct op op = {.code = OP_STATE, .lo = lo, .hi = hi};
    op.format = format_of_interval(lo, hi, op_fraction(&p->ops[first]));
    return add_inferred(p, op, &first, 1);
}

int program_add_update(struct program *p, int state, int value)
{
    return program_add_op(p, OP_UPDATE, (int[]){state, value}, 2, 0);
}

int program_add_memory(struct program *p, const char *name, int entries, int64_t lo, int64_t hi,
                       int fraction_bits, const int64_t *contents)
{
    struct memory memory = {.name = name,
                            .entries = entries,
                            .slots = entries,
                            .format = format_of_interval(lo, hi, fraction_bits),
                            .lo = lo,
                            .hi = hi};
    if (contents) memory.contents = (int64_t *)contents; /* only read here, copied there */
    return program_append_memory(p, &memory);
}

int program_add_load(struct program *p, int memory, int address)
{
    return program_add_op(p, OP_LOAD, &address, 1, memory);
}

int program_add_load_if(struct program *p, int memory, int address, int condition)
{
    return program_add_op(p, OP_LOAD, (int[]){address, condition}, 2, memory);
}

int program_add_store(struct program *p, int memory, int address, int value, int enable)
{
    return program_add_op(p, OP_STORE, (int[]){address, value, enable}, 3, memory);
}

int program_add_lut(struct program *p, const int *operands, int count, uint64_t bits)
{
    assert(count == 6 || bits >> (1 << count) == 0);
    return program_add_op(p, OP_LUT, operands, count, (int64_t)bits);
}

int program_add_table(struct program *p, int a, const char *name, const int64_t *entries,
                      struct format format)
{
    const struct op *op = &p->ops[a];
    assert(op->hi - op->lo < 1 << 24);
    struct table table = {
        .name = name, .first = op->lo, .count = (int)(op->hi - op->lo + 1), .format = format};
    table.entries = arena_alloc(&p->arena, (size_t)table.count, sizeof *entries);
    memcpy(table.entries, entries, (size_t)table.count * sizeof *entries);
    return program_add_op(p, OP_TABLE, &a, 1, program_append_table(p, &table));
}

void program_narrow(struct program *p, int value, int64_t lo, int64_t hi)
{
    struct op *op = &p->ops[value];
    assert(lo <= hi && lo >= op->lo && hi <= op->hi && op->code != OP_INPUT &&
           op->code != OP_MATVEC);
    for (int i = op->operands + op->operand_count; i < p->operand_count; i++)
        assert(p->operands[i] != value && "narrowed after use");
    op->format = op_format_for(op, lo, hi, op_fraction(op));
    op->lo = lo;
    op->hi = hi;
}

void program_begin_block(struct program *p, const char *name, const char *kind)
{
    program_begin_loop(p, name, kind, 1);
}

void program_begin_loop(struct program *p, const char *name, const char *kind, int trip)
{
    assert(trip >= 1);
    p->blocks =
        array_grow(p->blocks, &p->block_capacity, (size_t)p->block_count + 1, sizeof *p->blocks);
    p->blocks[p->block_count++] = (struct block){.name = arena_strdup(&p->arena, name),
                                                 .kind = arena_strdup(&p->arena, kind),
                                                 .first = p->op_count,
                                                 .end = p->op_count,
                                                 .trip = trip,
                                                 .interval = 1};
}

void program_add_output(struct program *p, const char *name, int value)
{
    assert(value >= 0 && value < p->op_count && p->ops[value].code != OP_MATVEC);
    p->outputs = array_grow(p->outputs, &p->output_capacity, (size_t)p->output_count + 1,
                            sizeof *p->outputs);
    p->outputs[p->output_count++] =
        (struct port){.name = arena_strdup(&p->arena, name), .value = value, .host_scale = 1};
}
