/* Diagrams as operations: truth tables of four bits where a part depends on so few conditions,
 * multiplexers above them. */
#include "compiler/trees/trees.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_INPUTS = 4 };

static int known_value(struct forms *f, int node)
{
    if (node >= f->capacity) {
        size_t capacity = (size_t)f->capacity;
        f->values = array_grow(f->values, &capacity, (size_t)node + 1, sizeof *f->values);
        for (int i = f->capacity; i < (int)capacity; i++)
            f->values[i] = -1;
        f->capacity = (int)capacity;
    }
    return f->values[node];
}

static int keep_value(struct forms *f, int node, int value)
{
    known_value(f, node);
    return f->values[node] = value;
}

void forms_free(struct forms *f)
{
    free(f->values);
}

/* The leaf for these answers of the conditions, bit i for conditions[i]. */
static int64_t leaf_for(const struct diagram *d, int node, const int *conditions, int count,
                        int answers)
{
    while (d->nodes[node].condition >= 0) {
        int i = 0;
        while (i < count - 1 && conditions[i] != d->nodes[node].condition)
            i++;
        node = answers >> i & 1 ? d->nodes[node].yes : d->nodes[node].no;
    }
    return d->nodes[node].integer;
}

static int make_table(struct forms *f, int node, const int *conditions, int count)
{
    uint64_t table = 0;
    int inputs[TABLE_INPUTS];
    for (int n = 0; n < 1 << count; n++)
        table |= (uint64_t)(leaf_for(f->diagram, node, conditions, count, n) & 1) << n;
    for (int i = 0; i < count; i++)
        inputs[i] = condition_value(f->conditions, conditions[i]);
    return lower_lut(f->lowering->program, inputs, count, table);
}

int form_bit(struct forms *f, int node)
{
    struct program *p = f->lowering->program;
    int conditions[TABLE_INPUTS + 1];
    if (known_value(f, node) >= 0) return f->values[node];
    struct diagram_node n = f->diagram->nodes[node];
    if (n.condition < 0) return keep_value(f, node, program_add_const(p, n.integer, 0));
    int count = diagram_support(f->diagram, node, conditions, TABLE_INPUTS);
    if (count <= TABLE_INPUTS) return keep_value(f, node, make_table(f, node, conditions, count));
    int inputs[3] = {form_bit(f, n.yes), form_bit(f, n.no),
                     condition_value(f->conditions, n.condition)};
    return keep_value(f, node, lower_lut(p, inputs, 3, 0xac)); /* the first if the third */
}

int form_number(struct forms *f, int node)
{
    struct program *p = f->lowering->program;
    if (known_value(f, node) >= 0) return f->values[node];
    struct diagram_node n = f->diagram->nodes[node];
    if (n.condition < 0) return keep_value(f, node, program_add_const(p, n.integer, 0));
    int yes = form_number(f, n.yes), no = form_number(f, n.no);
    int choice[3] = {condition_value(f->conditions, n.condition), yes, no};
    return keep_value(f, node, program_add_op(p, OP_SELECT, choice, 3, 0));
}

int form_cost(struct forms *f, int node)
{
    int conditions[TABLE_INPUTS + 1];
    if (known_value(f, node) >= 0) return 0;
    const struct diagram_node *n = &f->diagram->nodes[node];
    if (n->condition < 0) return 0;
    int count = diagram_support(f->diagram, node, conditions, TABLE_INPUTS);
    if (count <= TABLE_INPUTS) return count > 1;
    return 1 + form_cost(f, n->yes) + form_cost(f, n->no);
}
