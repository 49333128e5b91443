/* Ensembles of trees for processors: every tree a chain of selections between constants, which a
 * program's C form evaluates by branches, and sums of what the trees give. */
#include "compiler/trees/trees.h"

/* The condition as comparisons of its own: a processor compares faster than it keeps a result. */
static int compare(const struct conditions *c, int condition)
{
    const struct condition *k = &c->all[condition];
    struct program *p = c->lowering->program;
    int x = c->lowering->values[k->feature], fraction = op_fraction(&p->ops[x]);
    int below = program_add2(p, OP_LE, x, program_add_const(p, k->limit, fraction), 0);
    bool zero_is_left = k->limit >= 0;
    if (k->zero == ZERO_ORDINARY || (k->zero == ZERO_LEFT) == zero_is_left) return below;
    int zero = program_add2(p, OP_EQ, x, program_add_const(p, 0, fraction), 0);
    if (k->zero == ZERO_LEFT) return program_add2(p, OP_OR, below, zero, 0);
    return program_add2(p, OP_AND, below, program_add_op(p, OP_NOT, &zero, 1, 0), 0);
}

int tree_as_selections(const struct diagram *d, const struct conditions *c, int node, int fraction)
{
    struct program *p = c->lowering->program;
    const struct diagram_node n = d->nodes[node];
    if (n.condition < 0) return program_add_const(p, n.integer, fraction);
    int choice[3];
    choice[0] = compare(c, n.condition);
    choice[1] = tree_as_selections(d, c, n.yes, fraction);
    choice[2] = tree_as_selections(d, c, n.no, fraction);
    return program_add_op(p, OP_SELECT, choice, 3, 0);
}
