/* The finished graph: each column's sum, and every node that outputs need, made anew in order.
 *
 * Given nodes that stand for a column's sum are replaced by that sum here, so intervals, bits and
 * depths are those of the nodes that are really read. */
#include "compiler/adders/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct making {
    const struct sharing *s;
    const struct adder_output *outputs; /* [columns] in nodes of s */
    const int *stands_for;
    int rows, inputs;
    struct node_list list; /* the new nodes */
    struct term *terms;    /* [nodes of s]: as the new list has them */
    bool *is_made;
};

static struct term make_node(struct making *m, int n)
{
    const struct adder_node *node = &m->s->list.nodes[n];
    if (m->is_made[n]) return m->terms[n];
    struct term term;
    if (n >= m->rows && n < m->inputs) {
        const struct adder_output *output = &m->outputs[m->stands_for[n - m->rows]];
        assert(output->node >= 0);
        term = make_node(m, output->node);
        term.shift += output->shift;
        term.negative = term.negative != output->negative;
    } else {
        struct term x = make_node(m, node->a), y = make_node(m, node->b);
        x.shift += node->shift_a;
        y.shift += node->shift_b;
        if (node->kind == ADDER_DIFFERENCE) y.negative = !y.negative;
        term = nodes_add(&m->list, x, y, true);
    }
    m->is_made[n] = true;
    return m->terms[n] = term;
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

static void make_nodes(struct making *m, struct adder_graph *graph)
{
    size_t count = (size_t)m->s->list.count + 1;
    m->terms = calloc(count, sizeof *m->terms);
    m->is_made = calloc(count, sizeof *m->is_made);
    if (!m->terms || !m->is_made) abort();
    for (int i = 0; i < m->rows; i++) {
        m->terms[i].node = nodes_add_input(&m->list, i, m->s->list.nodes[i].low);
        m->is_made[i] = true;
    }
    for (int j = 0; j < graph->columns; j++) {
        const struct adder_output *output = &m->outputs[j];
        graph->outputs[j].node = -1;
        if (output->node < 0) continue;
        struct term term = make_node(m, output->node);
        graph->outputs[j] = (struct adder_output){term.node, term.shift + output->shift,
                                                  term.negative != output->negative};
    }
    free(m->terms);
    free(m->is_made);
}

struct adder_graph *graph_make(struct sharing *s, const struct adder_problem *problem, int unit,
                               const int *stands_for, int inputs, int tries)
{
    struct adder_graph *graph = calloc(1, sizeof *graph);
    if (!graph) abort();
    size_t columns = (size_t)problem->columns + 1;
    graph->rows = problem->rows;
    graph->columns = problem->columns;
    graph->unit = unit;
    graph->outputs = arena_alloc(&graph->arena, columns, sizeof *graph->outputs);
    struct adder_output *outputs = arena_alloc(&graph->arena, columns, sizeof *outputs);
    struct pool pool = {.s = s};
    int shared = s->list.count;
    for (int j = 0; j < problem->columns; j++)
        outputs[j] = sums_best(&pool, j, shared, tries);
    sums_free(&pool);
    struct making m = {.s = s,
                       .outputs = outputs,
                       .stands_for = stands_for,
                       .rows = problem->rows,
                       .inputs = inputs};
    nodes_init(&m.list, problem->rows, s->list.input_lo, s->list.input_hi, s->list.price);
    make_nodes(&m, graph);
    graph->node_count = m.list.count;
    graph->nodes = arena_alloc(&graph->arena, (size_t)m.list.count + 1, sizeof *graph->nodes);
    if (m.list.count)
        memcpy(graph->nodes, m.list.nodes, (size_t)m.list.count * sizeof *graph->nodes);
    nodes_free(&m.list);
    count_costs(graph);
    return graph;
}
