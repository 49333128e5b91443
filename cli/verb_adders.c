/* sluice adders: an integer matrix to an adder graph, and what it costs. */
#include "base/error.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "compiler/adders/adders.h"
#include "compiler/adders/emit_graph.h"
#include "compiler/estimate/estimate.h"
#include "compiler/optimize/optimize.h"
#include "data/events.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double weight_most = 0x1p40;

/* The matrix, rows = inputs. */
static void read_matrix(struct cli *cli, struct adder_problem *problem)
{
    const char *path = cli->arguments[0];
    struct events *shape =
        events_read(&(struct data_source){.path = path, .labels = "none"}, false);
    int columns = shape->features;
    events_free(shape);
    long rows;
    double *entries = events_read_rows(&cli->arena, path, columns, &rows);
    int64_t *weights = arena_alloc(&cli->arena, (size_t)(rows * columns) + 1, sizeof *weights);
    for (long k = 0; k < rows * columns; k++) {
        if (entries[k] != rint(entries[k]) || fabs(entries[k]) > weight_most)
            fail("%s: row %ld, column %ld is %.17g, %s; the matrix must hold integers of up to "
                 "2^40",
                 path, k / columns, k % columns, entries[k],
                 entries[k] != rint(entries[k]) ? "no integer" : "too large");
        weights[k] = (int64_t)entries[k];
    }
    problem->rows = (int)rows;
    problem->columns = columns;
    problem->weights = weights;
}

static struct format read_inputs(struct cli *cli, struct adder_problem *problem)
{
    const char *text = cli->flags.input_format;
    struct format format;
    char reason[128];
    if (!text) fail("adders: --input-format FMT is missing, such as 'fixed<8,8>'");
    if (!format_parse(text, &format, reason, sizeof reason))
        fail("--input-format %s: %s", text, reason);
    struct adder_input *inputs =
        arena_alloc(&cli->arena, (size_t)problem->rows + 1, sizeof *inputs);
    struct program *program = program_new("adders");
    int value = program_add_input(program, "x", format, 1, 0);
    for (int i = 0; i < problem->rows; i++)
        inputs[i] = (struct adder_input){program->ops[value].lo, program->ops[value].hi,
                                         -format_fraction_bits(format)};
    program_free(program);
    problem->inputs = inputs;
    return format;
}

/* minimum, +N or any; nearly the bits of any at +1. */
static int read_depth(const char *text)
{
    if (!text) return 1;
    if (!strcmp(text, "any")) return ADDER_DEPTH_ANY;
    if (!strcmp(text, "minimum")) return 0;
    char *end;
    long extra = strtol(text, &end, 10);
    if (text[0] != '+' || end == text + 1 || *end || extra < 0 || extra > 1000)
        fail("--depth %s: must be minimum, +N or any", text);
    return (int)extra;
}

/* The target by name; lut6 is a fabric with 6-input LUTs in front of carry chains that invert, for
 * reference. False: none was asked for, the plain formula counts. */
static bool find_target(const char *name, struct target *target)
{
    if (!name) return false;
    if (!strcmp(name, "lut6")) {
        *target = target_generic;
        target->lut_inputs = 6;
        target->carry_inverts_for_free = true;
        target->lut_per_subtractor_bit = target->lut_per_adder_bit;
        return true;
    }
    const char *file = strcmp(name, "ice40") ? name : "ice40-hx";
    struct arena arena = {0};
    const char **known = board_target_list(&arena);
    while (*known && strcmp(*known, file) != 0)
        known++;
    if (!*known) fail("--target %s: must be ice40 (or ice40-lp, ice40-up), ecp5 or lut6", name);
    arena_free(&arena);
    struct board_target board_target;
    board_target_find(&board_target, file);
    *target = board_target.model;
    return true;
}

/* A program's formats reach to 2^FORMAT_MAX_INTEGER_BITS. */
static void check_range(struct cli *cli, const struct adder_problem *problem, struct format format)
{
    double most = 1;
    for (int j = 0; j < problem->columns; j++) {
        double sum = 0;
        for (int i = 0; i < problem->rows; i++)
            sum += fabs((double)problem->weights[(size_t)i * (size_t)problem->columns + (size_t)j]);
        most = sum > most ? sum : most;
    }
    if (format.integer_bits + ceil(log2(most)) + 1 > FORMAT_MAX_INTEGER_BITS)
        fail("%s: with inputs of %s a sum may go beyond 2^%d", cli->arguments[0],
             cli->flags.input_format, FORMAT_MAX_INTEGER_BITS - 1);
}

static struct program *make_program(const struct adder_graph *graph, struct format format)
{
    struct program *p = program_new("adders");
    struct adder_operand *operands = calloc((size_t)graph->rows + 1, sizeof *operands);
    int *results = calloc((size_t)graph->columns + 1, sizeof *results);
    if (!operands || !results) abort();
    program_begin_block(p, "input", "input");
    for (int i = 0; i < graph->rows; i++) {
        char name[32];
        snprintf(name, sizeof name, "x_%d", i);
        operands[i].value = program_add_input(p, name, format, 1, 0);
    }
    program_begin_block(p, "adders", "dense");
    struct linear_forms *forms = linear_new(p);
    adder_graph_emit(graph, p, forms, operands, results);
    linear_free(forms);
    for (int j = 0; j < graph->columns; j++) {
        char name[32];
        snprintf(name, sizeof name, "y_%d", j);
        program_add_output(p, name, results[j]);
    }
    program_check(p, "adders");
    free(operands);
    free(results);
    return p;
}

/* What the target makes of it: complements, tables. */
static struct program *on_target(struct program *p, const struct target *target)
{
    typedef struct program *pass(const struct program *, const struct target *);
    static pass *const passes[] = {optimize_constants, optimize_tables, optimize_dead};
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        struct program *next = passes[i](p, target);
        program_check(next, "adders");
        program_free(p);
        p = next;
    }
    return p;
}

/* LUTs, how many of them in tables, and the tables. */
struct target_cost {
    double luts, table_luts;
    int tables;
};

static struct target_cost cost_on(const struct program *p, const struct target *target)
{
    struct target_cost cost = {0};
    for (int v = 0; v < p->op_count; v++) {
        double luts = op_lut4(p, v, target);
        cost.luts += luts;
        if (p->ops[v].code != OP_TABLE) continue;
        cost.tables++;
        cost.table_luts += luts;
    }
    return cost;
}

static void print_figures(const struct adder_graph *graph, const struct target_cost *cost)
{
    printf("%d x %d: %d adders, %d adder bits, depth %d, %.3f s\n", graph->rows, graph->columns,
           graph->adders, graph->adder_bits, graph->depth, graph->seconds);
    if (cost)
        printf("on the target: %.0f LUTs, %.0f of them in %d tables\n", cost->luts,
               cost->table_luts, cost->tables);
}

static void print_json(const struct adder_graph *graph, const struct target_cost *cost)
{
    printf("{\"rows\": %d, \"columns\": %d, \"adders\": %d, \"adder_bits\": %d, \"depth\": %d, ",
           graph->rows, graph->columns, graph->adders, graph->adder_bits, graph->depth);
    if (cost)
        printf("\"luts\": %.0f, \"tables\": %d, \"table_luts\": %.0f, ", cost->luts, cost->tables,
               cost->table_luts);
    printf("\"seconds\": %.4f}\n", graph->seconds);
}

int verb_adders(struct cli *cli)
{
    struct adder_problem problem = {0};
    struct adder_options options;
    struct target target;
    adder_options_init(&options);
    options.extra_depth = read_depth(cli->flags.depth);
    bool has_target = find_target(cli->flags.target, &target);
    if (has_target && !target.carry_inverts_for_free) options.subtractor_price = 2;
    if (cli->flags.effort >= 0) options.effort = cli->flags.effort;
    if (cli->flags.time_limit < 0)
        fail("--time-limit %g: must be 0 (none) or more seconds", cli->flags.time_limit);
    if (cli->flags.time_limit > 0) options.time_limit_s = cli->flags.time_limit;
    read_matrix(cli, &problem);
    struct format format = read_inputs(cli, &problem);
    if (!adder_problem_fits(&problem))
        fail("%s: with inputs of %s a sum may need more than 58 bits", cli->arguments[0],
             cli->flags.input_format);
    check_range(cli, &problem, format);
    struct adder_graph *graph = adder_solve(&problem, &options);
    struct target_cost cost, *costs = has_target ? &cost : NULL;
    if (has_target || cli->flags.program) {
        struct program *p = make_program(graph, format);
        if (has_target) {
            p = on_target(p, &target);
            cost = cost_on(p, &target);
        }
        if (cli->flags.program) program_write(p, cli->flags.program);
        program_free(p);
    }
    (cli->flags.json ? print_json : print_figures)(graph, costs);
    adder_graph_free(graph);
    return 0;
}
