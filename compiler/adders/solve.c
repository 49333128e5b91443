/* From a matrix to its adder graph: what the problem asks, the search, the finished graph. */
#include "compiler/adders/internal.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void adder_options_init(struct adder_options *options)
{
    *options = (struct adder_options){
        .extra_depth = ADDER_DEPTH_ANY, .effort = 4, .seed = 1, .subtractor_price = 1};
}

double adder_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The problem in units of 2^unit. */
struct scaled {
    struct arena arena;
    int unit;
    int64_t *lo, *hi, *bias; /* [rows], [rows], [columns] or NULL */
};

static struct scaled scale(const struct adder_problem *problem)
{
    struct scaled scaled = {.unit = problem->bias ? problem->bias_low : 1 << 20};
    for (int i = 0; i < problem->rows; i++)
        if (problem->inputs[i].low < scaled.unit) scaled.unit = problem->inputs[i].low;
    scaled.lo = arena_alloc(&scaled.arena, (size_t)problem->rows + 1, sizeof *scaled.lo);
    scaled.hi = arena_alloc(&scaled.arena, (size_t)problem->rows + 1, sizeof *scaled.hi);
    for (int i = 0; i < problem->rows; i++) {
        int shift = problem->inputs[i].low - scaled.unit;
        scaled.lo[i] = problem->inputs[i].lo * ((int64_t)1 << shift);
        scaled.hi[i] = problem->inputs[i].hi * ((int64_t)1 << shift);
    }
    if (!problem->bias) return scaled;
    scaled.bias = arena_alloc(&scaled.arena, (size_t)problem->columns + 1, sizeof *scaled.bias);
    for (int j = 0; j < problem->columns; j++)
        scaled.bias[j] = problem->bias[j] * ((int64_t)1 << (problem->bias_low - scaled.unit));
    return scaled;
}

/* Fewest adders on the longest path of a column: its digits in a tree. */
static int least_depth(const struct adder_problem *problem, int column)
{
    int digits = problem->bias && problem->bias[column], depth = 0;
    for (int i = 0; i < problem->rows; i++)
        digits +=
            digit_count(problem->weights[(size_t)i * (size_t)problem->columns + (size_t)column]);
    while (1 << depth < digits)
        depth++;
    return depth;
}

static void limit_depth(struct sharing *s, const struct adder_problem *problem,
                        const struct adder_options *options)
{
    int most = 0;
    for (int j = 0; j < s->columns; j++) {
        int depth = least_depth(problem, j);
        most = depth > most ? depth : most;
    }
    s->is_limited = options->extra_depth >= 0;
    for (int j = 0; j < s->columns; j++)
        s->most_load[j] = depth_load(most + options->extra_depth);
}

static void fill(struct sharing *s, const struct adder_problem *problem,
                 const struct scaled *scaled)
{
    size_t columns = (size_t)problem->columns;
    for (int i = 0; i < problem->rows; i++) {
        nodes_add_input(&s->list, i, problem->inputs[i].low - scaled->unit);
        int64_t *row = sharing_add_row(s);
        memcpy(row, problem->weights + (size_t)i * columns, columns * sizeof *row);
        sharing_index(s, i);
    }
    for (int j = 0; j < problem->columns; j++)
        s->load[j] += scaled->bias && scaled->bias[j];
}

/* ---- the finished graph ---- */

/* New numbers of the nodes that outputs need, inputs first; -1 for the others. */
static int number_nodes(const struct sharing *s, const struct adder_output *outputs, int rows,
                        int *numbers)
{
    int count = 0;
    for (int i = 0; i < s->list.count; i++)
        numbers[i] = i < rows ? 0 : -1;
    for (int j = 0; j < s->columns; j++)
        if (outputs[j].node >= 0) numbers[outputs[j].node] = 0;
    for (int i = s->list.count - 1; i >= 0; i--) {
        const struct adder_node *node = &s->list.nodes[i];
        if (numbers[i] < 0 || node->kind == ADDER_INPUT || node->kind == ADDER_CONSTANT) continue;
        numbers[node->a] = numbers[node->b] = 0;
    }
    for (int i = 0; i < s->list.count; i++)
        if (numbers[i] >= 0) numbers[i] = count++;
    return count;
}

static void count_costs(struct adder_graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct adder_node *node = &graph->nodes[i];
        graph->adders += node->bits > 0;
        graph->adder_bits += node->bits;
        if (node->depth > graph->depth) graph->depth = node->depth;
    }
    for (int j = 0; j < graph->columns; j++) {
        if (!graph->outputs[j].negative) continue;
        const struct adder_node *node = &graph->nodes[graph->outputs[j].node];
        graph->adders++;
        graph->adder_bits += top_bit(-node->hi, -node->lo) + 1 - node->low;
    }
}

static struct adder_graph *make_graph(const struct sharing *s, const struct adder_output *outputs,
                                      const struct adder_problem *problem, int unit)
{
    struct adder_graph *graph = calloc(1, sizeof *graph);
    int *numbers = calloc((size_t)s->list.count + 1, sizeof *numbers);
    if (!graph || !numbers) abort();
    graph->rows = problem->rows;
    graph->columns = problem->columns;
    graph->unit = unit;
    graph->node_count = number_nodes(s, outputs, problem->rows, numbers);
    size_t count = (size_t)graph->node_count, columns = (size_t)graph->columns;
    graph->nodes = arena_alloc(&graph->arena, count + 1, sizeof *graph->nodes);
    graph->outputs = arena_alloc(&graph->arena, columns + 1, sizeof *graph->outputs);
    for (int i = 0; i < s->list.count; i++) {
        if (numbers[i] < 0) continue;
        struct adder_node node = s->list.nodes[i];
        if (node.kind == ADDER_SUM || node.kind == ADDER_DIFFERENCE) {
            node.a = numbers[node.a];
            node.b = numbers[node.b];
        }
        graph->nodes[numbers[i]] = node;
    }
    memcpy(graph->outputs, outputs, columns * sizeof *outputs);
    for (int j = 0; j < graph->columns; j++)
        if (outputs[j].node >= 0) graph->outputs[j].node = numbers[outputs[j].node];
    count_costs(graph);
    free(numbers);
    return graph;
}

struct adder_graph *adder_solve(const struct adder_problem *problem,
                                const struct adder_options *options)
{
    double start = adder_seconds();
    struct scaled scaled = scale(problem);
    struct sharing s;
    sharing_init(&s, problem->rows, problem->columns, scaled.lo, scaled.hi,
                 options->subtractor_price);
    limit_depth(&s, problem, options);
    s.difference_handicap = options->subtractor_price > 1 ? 9 : 0; /* by trial */
    fill(&s, problem, &scaled);
    struct adder_output *outputs =
        arena_alloc(&scaled.arena, (size_t)problem->columns + 1, sizeof *outputs);
    search_run(&s, scaled.bias, options, outputs);
    struct adder_graph *graph = make_graph(&s, outputs, problem, scaled.unit);
    sharing_free(&s);
    arena_free(&scaled.arena);
    const char *wrong = adder_graph_check(graph, problem);
    if (wrong) fail("adder graph: %s; a mistake of the compiler, please report it", wrong);
    graph->seconds = adder_seconds() - start;
    return graph;
}

void adder_graph_free(struct adder_graph *graph)
{
    if (!graph) return;
    arena_free(&graph->arena);
    free(graph);
}
