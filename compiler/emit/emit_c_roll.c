/* A rolled program (roll.h) as plain loops of C. */
#include "compiler/emit/emit_c.h"
#include "compiler/emit/roll.h"
#include "compiler/lower/dyadic.h"

#include <inttypes.h>
#include <string.h>

/* A sparse row spends an index on each weight and one more load: it pays below so many weights in
 * ten that are not zero. */
enum { SPARSE_TENTHS = 6 };

void c_add_numbers(struct text *text, const int64_t *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        text_add(text, i % 24 ? "" : "\n    ");
        if (numbers[i] < -INT32_MAX || numbers[i] > INT32_MAX)
            c_add_integer(text, numbers[i]);
        else
            text_add(text, "%d", (int)numbers[i]);
        text_add(text, i + 1 < count ? "," : "");
    }
}

const char *c_numbers_type(const int64_t *numbers, long count)
{
    int64_t lo = 0, hi = 0;
    for (long i = 0; i < count; i++) {
        if (numbers[i] < lo) lo = numbers[i];
        if (numbers[i] > hi) hi = numbers[i];
    }
    return c_element_type(lo, hi);
}

static void add_table(struct text *text, const char *type, const char *name, int number,
                      const int64_t *numbers, int count)
{
    text_add(text, "static const %s %s_%d[%d] = {", type, name, number, count);
    c_add_numbers(text, numbers, count);
    text_add(text, "};\n");
}

static bool is_sparse(const struct roll_step *step)
{
    return step->nonzero * 10 < (long)step->count * step->inputs * SPARSE_TENTHS;
}

/* Weights row by row without the zeros, which of x each belongs to, and where rows begin. */
static void add_sparse_tables(struct text *text, const struct roll_step *step)
{
    struct arena arena = {0};
    size_t most = (size_t)step->nonzero + 1;
    int64_t *weights = arena_alloc(&arena, most, sizeof *weights),
            *columns = arena_alloc(&arena, most, sizeof *columns),
            *first = arena_alloc(&arena, (size_t)step->count + 1, sizeof *first);
    int count = 0;
    for (int j = 0; j < step->count; j++) {
        for (int k = 0; k < step->inputs; k++) {
            int64_t weight = step->weights[(size_t)j * (size_t)step->inputs + (size_t)k];
            if (!weight) continue;
            weights[count] = weight;
            columns[count++] = k;
        }
        first[j + 1] = count;
    }
    if (!count) count = 1; /* C has no empty tables */
    add_table(text, c_numbers_type(weights, count), "weights", step->number, weights, count);
    add_table(text, c_numbers_type(columns, count), "columns", step->number, columns, count);
    add_table(text, c_numbers_type(first, step->count + 1), "rows", step->number, first,
              step->count + 1);
    arena_free(&arena);
}

/* Signed digits of the weights, plane by plane from the highest: in each row and plane the columns
 * of x that are added, then those that are taken off. */
struct digits {
    int planes;
    int64_t *columns, *ends; /* [count]; [rows][planes][2]: where each list ends in columns */
    int count;
    bool wide; /* a sum on the way may need 64 bits */
};

static struct digits find_digits(struct arena *arena, const struct roll_step *step)
{
    size_t products = (size_t)step->count * (size_t)step->inputs;
    signed char *all = arena_alloc(arena, products * CSD_MAX_DIGITS, 1);
    struct digits d = {.planes = 1};
    for (size_t i = 0; i < products; i++) {
        int planes = csd_digits(step->weights[i], &all[i * CSD_MAX_DIGITS]);
        if (planes > d.planes) d.planes = planes;
    }
    d.columns = arena_alloc(arena, products * (size_t)d.planes + 1, sizeof *d.columns);
    d.ends = arena_alloc(arena, (size_t)(step->count * d.planes * 2), sizeof *d.ends);
    int end = 0;
    for (int j = 0; j < step->count; j++) {
        double reach = 0;
        for (int s = d.planes - 1; s >= 0; s--)
            for (int sign = 1; sign >= -1; sign -= 2) {
                for (int k = 0; k < step->inputs; k++) {
                    size_t product = (size_t)j * (size_t)step->inputs + (size_t)k;
                    if (all[product * CSD_MAX_DIGITS + (size_t)s] != sign) continue;
                    d.columns[d.count++] = k;
                    reach += (double)step->x_most * (double)((int64_t)1 << s);
                }
                d.ends[end++] = d.count;
            }
        d.wide = d.wide ||
                 reach + (double)(step->bias[j] < 0 ? -step->bias[j] : step->bias[j]) > INT32_MAX;
    }
    if (!d.count) d.count = 1;
    return d;
}

static bool has_bias(const struct roll_step *step)
{
    for (int j = 0; j < step->count; j++)
        if (step->bias[j]) return true;
    return false;
}

static void add_digit_tables(struct text *text, const struct roll_step *step)
{
    struct arena arena = {0};
    struct digits d = find_digits(&arena, step);
    int ends = step->count * d.planes * 2;
    add_table(text, c_numbers_type(d.columns, d.count), "columns", step->number, d.columns,
              d.count);
    add_table(text, c_numbers_type(d.ends, ends), "ends", step->number, d.ends, ends);
    arena_free(&arena);
}

static void add_matrix_tables(struct text *text, const struct roll_step *step, bool by_digits)
{
    int products = step->count * step->inputs;
    if (by_digits) {
        add_digit_tables(text, step);
    } else if (is_sparse(step)) {
        add_sparse_tables(text, step);
    } else {
        text_add(text, "static const %s weights_%d[%d][%d] = {",
                 c_numbers_type(step->weights, products), step->number, step->count, step->inputs);
        for (int j = 0; j < step->count; j++) {
            text_add(text, "\n    {");
            for (int k = 0; k < step->inputs; k++) {
                if (k) text_add(text, k % 24 ? "," : ",\n     ");
                text_add(text, "%" PRId64, step->weights[j * step->inputs + k]);
            }
            text_add(text, "},");
        }
        text_add(text, "\n};\n");
    }
    if (has_bias(step))
        add_table(text, c_numbers_type(step->bias, step->count), "bias", step->number, step->bias,
                  step->count);
}

void c_print_roll_tables(struct text *text, const struct roll *roll)
{
    for (int i = 0; i < roll->table_count; i++) {
        const struct roll_table *t = &roll->tables[i];
        text_add(text, "static const %s %s[%d] = {", t->type, t->name, t->count);
        c_add_numbers(text, t->numbers, t->count);
        text_add(text, "};\n");
    }
    if (roll->table_count) text_add(text, "\n");
}

/* "int8_t a3[64];" for arrays that the step is the first to fill. */
static void declare_arrays(struct text *text, const struct roll *roll, const struct roll_step *step)
{
    for (int i = 0; i < roll->array_count; i++) {
        const struct roll_array *a = &roll->arrays[i];
        bool own = i == step->sum_array || i == step->array;
        for (int s = 0; s < step->statement_count && !own; s++)
            own = step->statements[s].array == i;
        if (own && !a->is_port) text_add(text, "    %s %s[%d];\n", a->type, a->name, a->count);
    }
}

void c_add_statements(struct text *text, const struct roll *roll, const struct roll_step *step,
                      const char *indent)
{
    if (step->sum_array >= 0)
        text_add(text, "%s%s[i] = (%s)sum;\n", indent, roll->arrays[step->sum_array].name,
                 roll->arrays[step->sum_array].type);
    for (int s = 0; s < step->statement_count; s++) {
        const struct roll_statement *statement = &step->statements[s];
        text_add(text, "%sconst %s v%d = %s;\n", indent, statement->type, statement->value,
                 statement->text);
        if (statement->array >= 0)
            text_add(text, "%s%s[i] = (%s)v%d;\n", indent, roll->arrays[statement->array].name,
                     roll->arrays[statement->array].type, statement->value);
    }
}

/* sum = sum of x over the digits of each plane, the sum so far doubled. */
static void print_digits(struct text *text, const struct roll *roll, const struct roll_step *step)
{
    struct arena arena = {0};
    struct digits d = find_digits(&arena, step);
    const char *x = roll->arrays[step->x].name;
    const char *type = d.wide ? "int64_t" : "int32_t";
    const char *first = step->x_first ? arena_printf(&arena, " + %d", step->x_first) : "";
    int n = step->number;
    text_add(text, "    for (int i = 0, k = 0, list = 0; i < %d; i++) {\n", step->count);
    text_add(text, "        %s total = 0;\n", type);
    text_add(text, "        for (int plane = 0; plane < %d; plane++, list += 2) {\n", d.planes);
    text_add(text, "            total += total;\n");
    for (int sign = 0; sign < 2; sign++) {
        text_add(text, "            for (; k < ends_%d[list%s]; k++)\n", n, sign ? " + 1" : "");
        text_add(text, "                total %s= %s[columns_%d[k]%s];\n", sign ? "-" : "+", x, n,
                 first);
    }
    text_add(text, "        }\n");
    if (has_bias(step)) text_add(text, "        total += bias_%d[i];\n", n);
    text_add(text, "        const %s sum = (%s)total;\n", step->sum_type, step->sum_type);
    c_add_statements(text, roll, step, "        ");
    text_add(text, "    }\n");
    arena_free(&arena);
}

static void print_matrix(struct text *text, const struct roll *roll, const struct roll_step *step)
{
    const char *x = roll->arrays[step->x].name;
    bool narrow = !strcmp(step->sum_type, "int32_t");
    int n = step->number;
    text_add(text, "    for (int i = 0; i < %d; i++) {\n", step->count);
    if (has_bias(step))
        text_add(text, "        %s sum = bias_%d[i];\n", step->sum_type, n);
    else
        text_add(text, "        %s sum = 0;\n", step->sum_type);
    const char *cast = narrow ? "" : "(int64_t)";
    if (is_sparse(step)) {
        text_add(text, "        for (int k = rows_%d[i]; k < rows_%d[i + 1]; k++)\n", n, n);
        text_add(text, "            sum += %sweights_%d[k] * %s[columns_%d[k]", cast, n, x, n);
        if (step->x_first) text_add(text, " + %d", step->x_first);
        text_add(text, "];\n");
    } else {
        text_add(text, "        for (int k = 0; k < %d; k++)\n", step->inputs);
        text_add(text, "            sum += %sweights_%d[i][k] * %s[k", cast, n, x);
        if (step->x_first) text_add(text, " + %d", step->x_first);
        text_add(text, "];\n");
    }
    c_add_statements(text, roll, step, "        ");
    text_add(text, "    }\n");
}

static void print_argmax(struct text *text, const struct roll_step *step)
{
    int v = step->statements[0].value;
    text_add(text, "    const %s scores_%d[%d] = {", step->sum_type, v, step->count);
    for (int i = 0; i < step->count; i++)
        text_add(text, "%s%s", i ? ", " : "", step->texts[i]);
    text_add(text, "};\n    int32_t v%d = 0;\n", v);
    text_add(text, "    for (int i = 1; i < %d; i++)\n", step->count);
    text_add(text, "        if (scores_%d[v%d] < scores_%d[i]) v%d = i;\n", v, v, v, v);
}

static void print_step(struct text *text, const struct roll *roll, const struct roll_step *step,
                       bool by_digits)
{
    declare_arrays(text, roll, step);
    switch (step->kind) {
    case ROLL_MATRIX:
        if (by_digits)
            print_digits(text, roll, step);
        else
            print_matrix(text, roll, step);
        break;
    case ROLL_LOOP:
        text_add(text, "    for (int i = 0; i < %d; i++) {\n", step->count);
        c_add_statements(text, roll, step, "        ");
        text_add(text, "    }\n");
        break;
    case ROLL_GATHER:
        for (int k = 0; k < step->count; k++)
            text_add(text, "    %s[%d] = (%s)%s;\n", roll->arrays[step->array].name, k,
                     roll->arrays[step->array].type, step->texts[k]);
        break;
    case ROLL_ARGMAX: print_argmax(text, step); break;
    case ROLL_SCALAR:
        text_add(text, "    const %s v%d = %s;\n", step->statements[0].type,
                 step->statements[0].value, step->statements[0].text);
        break;
    }
}

void c_print_roll(struct text *text, struct text *tables, const struct roll *roll, bool by_digits)
{
    const char *layer = NULL;
    c_print_roll_tables(tables, roll);
    for (int i = 0; i < roll->step_count; i++) {
        const struct roll_step *step = &roll->steps[i];
        if (step->kind == ROLL_MATRIX) {
            add_matrix_tables(tables, step, by_digits);
            text_add(tables, "\n");
        }
        if (!layer || strcmp(layer, step->name) != 0) {
            text_add(text, i ? "\n    /* " : "    /* ");
            c_add_comment(text, step->name);
            text_add(text, " */\n");
        }
        layer = step->name;
        print_step(text, roll, step, by_digits);
    }
    for (int i = 0; i < roll->program->output_count; i++)
        if (roll->outputs[i])
            text_add(text, "    out[%d] = (%s)%s;\n", i, c_port_type(roll->program, false),
                     roll->outputs[i]);
}
