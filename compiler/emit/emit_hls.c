/* See emit_hls.h. A rolled program (roll.h), each step in the kernel of its kind. */
#include "compiler/emit/emit_hls.h"

#include "base/error.h"
#include "base/file.h"
#include "compiler/emit/emit_c.h"
#include "compiler/emit/hls_template.h"
#include "compiler/emit/roll.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* How a matrix is shared: `groups` of its results one after the other, each in `parts` of its
 * inputs; groups * parts cycles. */
struct sharing {
    int groups, parts;
};

struct hls {
    const struct hls_options *options;
    const struct roll *roll;
    struct arena *arena;
    struct hls_pragmas pragmas;
    struct text body, tables;
    struct sharing *sharing; /* [step_count] */
    bool shares;             /* some matrix */
};

/* ---- reuse factors ---- */

/* Of at most so many cycles the sharing of most; of equals the one of fewest sums at a time. */
static struct sharing most_cycles(int inputs, int outputs, int most)
{
    struct sharing best = {1, 1};
    for (int groups = 1; groups <= outputs && groups <= most; groups++) {
        if (outputs % groups) continue;
        for (int parts = most / groups < inputs ? most / groups : inputs; parts > 0; parts--) {
            if (inputs % parts) continue;
            if (groups * parts >= best.groups * best.parts) best = (struct sharing){groups, parts};
            break;
        }
    }
    return best;
}

/* The least number of cycles above `cycles` that the matrix can have. */
static int next_cycles(int inputs, int outputs, int cycles)
{
    int next = INT_MAX;
    for (int groups = 1; groups <= outputs; groups++)
        for (int parts = 1; parts <= inputs && outputs % groups == 0; parts++)
            if (inputs % parts == 0 && groups * parts > cycles && groups * parts < next)
                next = groups * parts;
    return next;
}

static int asked_factor(const struct hls_options *o, const char *layer, bool *exactly)
{
    int own = layer_reuse_find(o->layer_reuse, o->layer_reuse_count, layer);
    *exactly = own > 0;
    return own ? own : o->reuse;
}

static struct sharing choose_sharing(const struct hls_options *o, const struct roll_step *step)
{
    bool exactly;
    int factor = asked_factor(o, step->name, &exactly), products = step->inputs * step->count;
    if (exactly && factor > products)
        fail("layer %s: reuse %d is more than its %d products; at most %d", step->name, factor,
             products, products);
    struct sharing s = most_cycles(step->inputs, step->count, factor);
    int cycles = s.groups * s.parts;
    if (exactly && cycles != factor)
        fail("layer %s (%d inputs, %d outputs): reuse %d would leave multipliers idle; the nearest "
             "that work are %d and %d",
             step->name, step->inputs, step->count, factor, cycles,
             next_cycles(step->inputs, step->count, cycles));
    return s;
}

/* Layers that are named but not there. */
static void check_names(const struct hls *h)
{
    for (int i = 0; i < h->options->layer_reuse_count; i++) {
        const char *layer = h->options->layer_reuse[i].layer;
        bool found = false;
        for (int s = 0; s < h->roll->step_count; s++)
            found = found || (h->roll->steps[s].kind == ROLL_MATRIX &&
                              !strcmp(h->roll->steps[s].name, layer));
        if (!found) fail("--layer-reuse %s: there is no such dense layer", layer);
    }
}

/* ---- kernels ---- */

static const char *pragma(const struct hls *h, const char *what, const char *place,
                          const char *array)
{
    return hls_pragma(h->arena, &h->pragmas, h->options->tool, what, place, array);
}

/* The kernel's text with its own pairs and those of loops. */
static void add_kernel(struct hls *h, const char *file, const char *array, const char *const *own)
{
    enum { MOST_PAIRS = 40 };
    const char *loop = h->shares ? "pipeline" : "unroll", *pairs[2 * MOST_PAIRS + 1];
    const char *const shared[] = {
        "UNROLL_BEFORE",
        pragma(h, "unroll", "before", ""),
        "UNROLL_INSIDE",
        pragma(h, "unroll", "inside", ""),
        "PIPELINE_BEFORE",
        pragma(h, "pipeline", "before", ""),
        "PIPELINE_INSIDE",
        pragma(h, "pipeline", "inside", ""),
        "LOOP_BEFORE",
        pragma(h, loop, "before", ""),
        "LOOP_INSIDE",
        pragma(h, loop, "inside", ""),
        "REGISTERS_BEFORE",
        pragma(h, "registers", "before", array),
        "REGISTERS_BEHIND",
        pragma(h, "registers", "behind", array),
        NULL,
    };
    int count = 0;
    for (; shared[count]; count++)
        pairs[count] = shared[count];
    for (int i = 0; own[i]; i++)
        pairs[count++] = own[i];
    pairs[count] = NULL;
    size_t length;
    hls_fill(&h->body,
             file_read(h->arena, file_join(h->arena, h->options->templates, file), &length), pairs,
             "    ");
}

static const char *number(struct hls *h, long n)
{
    return arena_printf(h->arena, "%ld", n);
}

static void declare_array(struct hls *h, const char *type, const char *name, int count)
{
    const char *before = pragma(h, "registers", "before", name);
    const char *behind = pragma(h, "registers", "behind", name);
    if (*before) text_add(&h->body, "%s%s\n", *before == '#' ? "" : "    ", before);
    text_add(&h->body, "    %s %s[%d];\n", type, name, count);
    if (*behind) text_add(&h->body, "%s%s\n", *behind == '#' ? "" : "    ", behind);
}

static void declare_arrays(struct hls *h, const struct roll_step *step)
{
    for (int i = 0; i < h->roll->array_count; i++) {
        const struct roll_array *a = &h->roll->arrays[i];
        bool own = i == step->sum_array || i == step->array;
        for (int s = 0; s < step->statement_count && !own; s++)
            own = step->statements[s].array == i;
        if (own && !a->is_port) declare_array(h, a->type, a->name, a->count);
    }
}

static const char *statements(struct hls *h, const struct roll_step *step)
{
    struct text text = {0};
    c_add_statements(&text, h->roll, step, "");
    const char *result = arena_strdup(h->arena, text_string(&text));
    text_free(&text);
    return result;
}

/* Weights row by row, a row for each iteration of a shared matrix, in the order of its products. */
static void add_weights(struct hls *h, const struct roll_step *step, struct sharing s)
{
    int lanes = step->count / s.groups, width = step->inputs / s.parts;
    bool shared = s.groups * s.parts > 1;
    text_add(&h->tables, "static const %s weights_%d[%d][%d] = {\n",
             c_numbers_type(step->weights, (long)step->count * step->inputs), step->number,
             shared ? s.groups * s.parts : step->count, shared ? lanes * width : step->inputs);
    enum { LINE_LENGTH = 100 };
    size_t line = h->tables.length;
    for (int group = 0; group < (shared ? s.groups : step->count); group++)
        for (int part = 0; part < s.parts; part++) {
            const char *before = "{";
            for (int j = 0; j < (shared ? lanes : 1); j++)
                for (int k = 0; k < width; k++) {
                    int row = shared ? group * lanes + j : group, column = part * width + k;
                    text_add(&h->tables, "%s%" PRId64, before,
                             step->weights[row * step->inputs + column]);
                    before = ",";
                }
            text_add(&h->tables, "},");
            if (h->tables.length - line < LINE_LENGTH) continue;
            text_add(&h->tables, "\n");
            line = h->tables.length;
        }
    text_add(&h->tables, "};\n");
}

static const char *add_bias(struct hls *h, const struct roll_step *step)
{
    bool any = false;
    for (int j = 0; j < step->count; j++)
        any = any || step->bias[j];
    if (!any) return "0";
    text_add(&h->tables, "static const %s bias_%d[%d] = {", c_numbers_type(step->bias, step->count),
             step->number, step->count);
    c_add_numbers(&h->tables, step->bias, step->count);
    text_add(&h->tables, "};\n");
    return arena_printf(h->arena, "bias_%d[i]", step->number);
}

/* Whether a statement looks something up in a table of the program. */
static bool reads_table(const struct roll_step *step)
{
    for (int s = 0; s < step->statement_count; s++)
        if (strstr(step->statements[s].text, "table_")) return true;
    return false;
}

static const char *comment_name(struct hls *h, const char *name)
{
    struct text text = {0};
    c_add_comment(&text, name);
    const char *result = arena_strdup(h->arena, text_string(&text));
    text_free(&text);
    return result;
}

/* What is made of the sums stands in the kernel of the matrix; behind it if that takes a table. */
static void add_matrix(struct hls *h, const struct roll_step *step, struct sharing s)
{
    int n = step->number, lanes = step->count / s.groups, width = step->inputs / s.parts;
    bool shared = s.groups * s.parts > 1, table = reads_table(step);
    const char *sums = arena_printf(h->arena, "sums_%d", n);
    const char *array = arena_printf(h->arena, "parts_%d", n);
    const char *x = h->roll->arrays[step->x].name, *name = comment_name(h, step->name);
    const char *at = s.parts > 1 ? arena_printf(h->arena, "part * %d + k", width) : "k";
    if (step->x_first) at = arena_printf(h->arena, "%s + %d", at, step->x_first);
    if (table) declare_array(h, step->sum_type, sums, step->count);
    add_weights(h, step, s);
    const char *own = statements(h, step);
    const char *const pairs[] = {
        "LAYER",       name,
        "INPUTS",      number(h, step->inputs),
        "OUTPUTS",     number(h, step->count),
        "MULTIPLIERS", number(h, (long)lanes * width),
        "REUSE",       number(h, s.groups * s.parts),
        "GROUPS",      number(h, s.groups),
        "LANES",       number(h, lanes),
        "PARTS",       number(h, s.parts),
        "STEP",        number(h, width),
        "LAST_PART",   number(h, s.parts - 1),
        "WEIGHT",      lanes > 1 ? arena_printf(h->arena, "j * %d + k", width) : "k",
        "SUM_TYPE",    step->sum_type,
        "BIAS",        add_bias(h, step),
        "CAST",        strcmp(step->sum_type, "int64_t") ? "" : "(int64_t)",
        "WEIGHTS",     arena_printf(h->arena, "weights_%d", n),
        "X",           arena_printf(h->arena, "%s[%s]", x, at),
        "SUMS",        array,
        "STATEMENTS",  table ? arena_printf(h->arena, "%s[i] = sum;", sums) : own,
        NULL};
    add_kernel(h,
               !shared       ? "dense_latency.c"
               : s.parts > 1 ? "dense_resource.c"
                             : "dense_resource_rows.c",
               array, pairs);
    const char *const behind[] = {"LAYER",      name,
                                  "OUTPUTS",    number(h, step->count),
                                  "SUM_TYPE",   step->sum_type,
                                  "SUMS",       sums,
                                  "STATEMENTS", own,
                                  NULL};
    if (table) add_kernel(h, "activation_table.c", "", behind);
}

static void add_argmax(struct hls *h, const struct roll_step *step)
{
    int v = step->statements[0].value;
    const char *scores = arena_printf(h->arena, "scores_%d", v);
    struct text values = {0};
    for (int i = 0; i < step->count; i++)
        text_add(&values, "%s%s", i ? ", " : "", step->texts[i]);
    const char *const pairs[] = {"LAYER",    comment_name(h, step->name),
                                 "INPUTS",   number(h, step->count),
                                 "SUM_TYPE", step->sum_type,
                                 "SCORES",   scores,
                                 "VALUES",   arena_strdup(h->arena, text_string(&values)),
                                 "BEST",     arena_printf(h->arena, "v%d", v),
                                 "TOP",      arena_printf(h->arena, "top_%d", v),
                                 NULL};
    add_kernel(h, "argmax.c", scores, pairs);
    text_free(&values);
}

static void add_step(struct hls *h, int number_of_step)
{
    const struct roll_step *step = &h->roll->steps[number_of_step];
    declare_arrays(h, step);
    const char *const pairs[] = {
        "LAYER",      comment_name(h, step->name), "OUTPUTS", number(h, step->count),
        "STATEMENTS", statements(h, step),         NULL};
    switch (step->kind) {
    case ROLL_MATRIX: add_matrix(h, step, h->sharing[number_of_step]); break;
    case ROLL_LOOP: add_kernel(h, "elementwise.c", "", pairs); break;
    case ROLL_ARGMAX: add_argmax(h, step); break;
    case ROLL_GATHER:
        for (int k = 0; k < step->count; k++)
            text_add(&h->body, "    %s[%d] = (%s)%s;\n", h->roll->arrays[step->array].name, k,
                     h->roll->arrays[step->array].type, step->texts[k]);
        break;
    case ROLL_SCALAR:
        text_add(&h->body, "    const %s v%d = %s;\n", step->statements[0].type,
                 step->statements[0].value, step->statements[0].text);
        break;
    }
}

static struct hls_layer *list_layers(struct hls *h, int *count)
{
    struct hls_layer *layers =
        arena_alloc(h->arena, (size_t)h->roll->step_count + 1, sizeof *layers);
    *count = 0;
    for (int i = 0; i < h->roll->step_count; i++) {
        const struct roll_step *step = &h->roll->steps[i];
        if (step->kind != ROLL_MATRIX) continue;
        struct sharing s = h->sharing[i];
        layers[(*count)++] = (struct hls_layer){arena_strdup(h->arena, step->name), step->inputs,
                                                step->count, s.groups * s.parts,
                                                step->count / s.groups * (step->inputs / s.parts)};
    }
    return layers;
}

static void fill_kernels(struct hls *h)
{
    h->sharing = arena_alloc(h->arena, (size_t)h->roll->step_count + 1, sizeof *h->sharing);
    check_names(h);
    for (int i = 0; i < h->roll->step_count; i++) {
        if (h->roll->steps[i].kind != ROLL_MATRIX) continue;
        h->sharing[i] = choose_sharing(h->options, &h->roll->steps[i]);
        h->shares = h->shares || h->sharing[i].groups * h->sharing[i].parts > 1;
    }
    c_print_roll_tables(&h->tables, h->roll);
    for (int i = 0; i < h->roll->step_count; i++)
        add_step(h, i);
    for (int i = 0; i < h->roll->program->output_count; i++)
        if (h->roll->outputs[i])
            text_add(&h->body, "    out[%d] = (%s)%s;\n", i, c_port_type(h->roll->program, false),
                     h->roll->outputs[i]);
    text_add(&h->tables, "\n");
}

/* What the tool is told of the whole function. */
static void add_top(struct hls *h, struct text *before, struct text *inside)
{
    static const char *const ports[] = {"in", "out"};
    const char *const lines[] = {pragma(h, "top", "before", ""),
                                 h->shares ? "" : pragma(h, "top_pipeline", "before", "")};
    for (int i = 0; i < 2; i++)
        if (*lines[i]) text_add(before, "%s\n", lines[i]);
    const char *whole = h->shares ? "" : pragma(h, "top_pipeline", "inside", "");
    if (*whole) text_add(inside, "%s\n", whole);
    for (int i = 0; i < 2; i++) {
        const char *line = pragma(h, "registers", "behind", ports[i]);
        if (*line) text_add(inside, "%s\n", line);
    }
}

struct hls_layer *emit_hls(const struct program *p, const struct emit_header *header,
                           const struct hls_options *options, const char *to, struct arena *arena,
                           int *layers)
{
    struct hls h = {.options = options, .arena = arena};
    struct c_source source = {0};
    struct text before = {0}, inside = {0};
    struct hls_layer *list = NULL;
    struct roll *roll = options->loops ? roll_program(p) : NULL;
    h.pragmas = hls_read_pragmas(arena, options->templates);
    h.roll = roll;
    *layers = 0;
    if (roll) {
        fill_kernels(&h);
        list = list_layers(&h, layers);
        source.printer = roll->printer;
        source.printer.body = h.body;
        source.tables = h.tables;
    } else {
        c_fill_straight(&source, p, arena);
    }
    add_top(&h, &before, &inside);
    source.before = text_string(&before);
    source.inside = text_string(&inside);
    c_write_source(p, header, &source, options->extension, to);
    text_free(&source.printer.body);
    text_free(&source.tables);
    text_free(&before);
    text_free(&inside);
    roll_free(roll);
    return list;
}
