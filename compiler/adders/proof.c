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
        if (!form[i]) continue;
        const struct adder_input *input = &p->problem->inputs[i];
        int128 unit = (int128)1 << (input->low - p->graph->unit);
        int128 a = form[i] * unit * input->lo, b = form[i] * unit * input->hi;
        *lo += a < b ? a : b;
        *hi += a < b ? b : a;
    }
}

/* Bits of an integer in two's complement without its sign: the place above its top bit. */
static int places_of(int128 x)
{
    int places = 0;
    for (x = x < 0 ? -1 - x : x; x; x >>= 1)
        places++;
    return places;
}

/* The top bit of an interval, its sign included. */
static int top_of(int128 lo, int128 hi)
{
    int below = places_of(lo), above = places_of(hi);
    return (below > above ? below : above) - (lo >= 0);
}

/* Adder bits by the formula of compiler/program/program.h, from the operands' intervals. */
static int bits_of_sum(const struct adder_graph *g, const struct adder_node *node)
{
    const struct adder_node *a = &g->nodes[node->a], *b = &g->nodes[node->b];
    int low_a = a->low + node->shift_a, low_b = b->low + node->shift_b;
    bool subtracts = node->kind == ADDER_DIFFERENCE;
    bool b_above = top_of(a->lo, a->hi) + node->shift_a < low_b && a->lo >= 0;
    bool a_above = top_of(b->lo, b->hi) + node->shift_b < low_a && b->lo >= 0;
    if (!subtracts && (a_above || b_above)) return 0;
    int low = subtracts || low_b > low_a ? low_b : low_a;
    int bits = top_of(node->lo, node->hi) + 1 - low;
    return bits > 0 ? bits : 0;
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
    if (node->bits != bits_of_sum(g, node)) return "wrong adder bits";
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
    if (wrong || (n < g->rows && !adder_row_is_used(p->problem, n))) return wrong;
    for (int i = 0; i < g->rows; i++) {
        int zeros = node->low - (p->problem->inputs[i].low - g->unit);
        if (form[i] && zeros > 0 && form[i] & (((int128)1 << zeros) - 1)) return "a wrong low bit";
    }
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
    if (output->shift < 0 || output->shift > 62) return "a shift out of range";
    int128 sign = output->negative ? -1 : 1;
    for (int i = 0; i < g->rows; i++) {
        int128 is = output->node < 0 ? 0 : form_of(p, output->node)[i];
        is *= sign * ((int128)1 << output->shift);
        int128 should = problem->weights[(size_t)i * (size_t)g->columns + (size_t)column];
        if (is != should) return "an output is not its column";
    }
    return NULL;
}

static const char *prove_totals(const struct adder_graph *g)
{
    int adders = 0, bits = 0, depth = 0;
    for (int n = 0; n < g->node_count; n++) {
        adders += g->nodes[n].bits > 0;
        bits += g->nodes[n].bits;
        depth = g->nodes[n].depth > depth ? g->nodes[n].depth : depth;
    }
    for (int j = 0; j < g->columns; j++) {
        if (!g->outputs[j].negative) continue;
        const struct adder_node *node = &g->nodes[g->outputs[j].node];
        adders++;
        bits += top_of(-(int128)node->hi, -(int128)node->lo) + 1 - node->low;
    }
    return g->adders != adders || g->adder_bits != bits || g->depth != depth ? "wrong totals"
                                                                             : NULL;
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
    return wrong ? wrong : prove_totals(graph);
}
