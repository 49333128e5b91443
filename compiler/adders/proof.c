/* The proof that an adder graph computes its matrix: linear forms of all nodes, over the integers.
 *
 * Written apart from the code that builds graphs, so that a mistake there cannot hide here. */
#include "compiler/adders/adders.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;

struct proof {
    const struct adder_graph *graph;
    const struct adder_problem *problem;
    int128 *forms; /* [node][rows]: coefficients of the inputs */
};

static int128 *form_of(const struct proof *p, int node)
{
    return p->forms + (size_t)node * (size_t)p->graph->rows;
}

/* The interval of a form, in units of 2^unit. */
static void interval_of(const struct proof *p, const int128 *form, int128 *lo, int128 *hi)
{
    *lo = *hi = 0;
    for (int i = 0; i < p->graph->rows; i++) {
        const struct adder_input *input = &p->problem->inputs[i];
        int128 unit = (int128)1 << (input->low - p->graph->unit);
        int128 a = form[i] * unit * input->lo, b = form[i] * unit * input->hi;
        *lo += a < b ? a : b;
        *hi += a < b ? b : a;
    }
}

static const char *prove_sum(struct proof *p, int n)
{
    const struct adder_graph *g = p->graph;
    const struct adder_node *node = &g->nodes[n];
    if (node->a < 0 || node->a >= n || node->b < 0 || node->b >= n) return "an operand is no node";
    if (node->shift_a < 0 || node->shift_b < 0 || node->shift_a > 62 || node->shift_b > 62)
        return "a shift out of range";
    const int128 *a = form_of(p, node->a), *b = form_of(p, node->b);
    int128 *form = form_of(p, n), factor_b = (int128)1 << node->shift_b;
    if (node->kind == ADDER_DIFFERENCE) factor_b = -factor_b;
    for (int i = 0; i < g->rows; i++)
        form[i] = a[i] * ((int128)1 << node->shift_a) + b[i] * factor_b;
    int depth_a = g->nodes[node->a].depth, depth_b = g->nodes[node->b].depth;
    if (node->depth != (depth_a > depth_b ? depth_a : depth_b) + 1) return "a wrong depth";
    return NULL;
}

static const char *prove_node(struct proof *p, int n)
{
    const struct adder_graph *g = p->graph;
    const struct adder_node *node = &g->nodes[n];
    int128 *form = form_of(p, n), lo, hi;
    const char *wrong = NULL;
    if (n < g->rows) {
        if (node->kind != ADDER_INPUT || node->a != n) return "inputs are not in order";
        form[n] = 1;
    } else if (node->kind != ADDER_INPUT)
        wrong = prove_sum(p, n);
    else
        wrong = "an input after the inputs";
    if (wrong) return wrong;
    interval_of(p, form, &lo, &hi);
    const int128 most = (int128)1 << 62;
    bool saturates = hi >= most || lo <= -most;
    if (!saturates && (node->lo != lo || node->hi != hi)) return "a wrong interval";
    return NULL;
}

static const char *prove_output(const struct proof *p, int column)
{
    const struct adder_graph *g = p->graph;
    const struct adder_problem *problem = p->problem;
    const struct adder_output *output = &g->outputs[column];
    if (output->node >= g->node_count) return "an output of no node";
    int128 sign = output->negative ? -1 : 1;
    for (int i = 0; i < g->rows; i++) {
        int128 is = output->node < 0 ? 0 : form_of(p, output->node)[i];
        is *= sign * ((int128)1 << output->shift);
        int128 should = problem->weights[(size_t)i * (size_t)g->columns + (size_t)column];
        if (is != should) return "an output is not its column";
    }
    return NULL;
}

const char *adder_graph_check(const struct adder_graph *graph, const struct adder_problem *problem)
{
    struct proof p = {.graph = graph, .problem = problem};
    size_t count = (size_t)graph->node_count * (size_t)graph->rows + 1;
    if (graph->rows != problem->rows || graph->columns != problem->columns) return "another shape";
    p.forms = calloc(count, sizeof *p.forms);
    if (!p.forms) abort();
    const char *wrong = NULL;
    for (int n = 0; n < graph->node_count && !wrong; n++)
        wrong = prove_node(&p, n);
    for (int j = 0; j < graph->columns && !wrong; j++)
        wrong = prove_output(&p, j);
    free(p.forms);
    return wrong;
}
