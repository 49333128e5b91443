/* A column's bias where it costs nothing.
 *
 * Every adder that only one column uses has two places for constants: its carry or borrow, which
 * may start as 1, and the low bits of the operand that is delayed, which may come from registers
 * that start with them. Each such bit adds (or takes away) a power of two. Which of them make up
 * the bias is found from the lowest bit up: at each weight some of the bits there are used, so that
 * what is left of the bias is even, and halved. */
#include "compiler/reuse/serial.h"

#include <stdlib.h>
#include <string.h>

enum { SITES_MOST = 256, WEIGHTS_MOST = 64, TRIED_MOST = 4096 };

enum site_kind { SITE_CARRY, SITE_FILL_A, SITE_FILL_B, SITE_ALIGNMENT };

struct site {
    enum site_kind kind;
    int node;
    int bit;    /* of the fill */
    int weight; /* its exponent above the streams' common low */
    bool negative;
};

struct search {
    const struct serial_plan *plan;
    const int *users; /* [nodes] operands and outputs that read each */
    int low, weights; /* common low; bits that matter */
    struct site sites[SITES_MOST];
    int site_count;
    /* Remainders that have failed, by weight. */
    struct {
        int weight;
        int64_t rest;
    } tried[TRIED_MOST];
    int tried_count;
    int chosen[SITES_MOST], chosen_count;
};

static void add_site(struct search *s, struct site site)
{
    if (s->site_count < SITES_MOST && site.weight >= 0 && site.weight < WEIGHTS_MOST)
        s->sites[s->site_count++] = site;
}

static int lowest(const struct serial_plan *plan, int node)
{
    return plan->graph->unit + plan->graph->nodes[node].low;
}

/* Places in the column's own nodes; the node counts 2^shift, negated if so. */
static void find_sites(struct search *s, int node, int shift, bool negative)
{
    const struct adder_node *n = &s->plan->graph->nodes[node];
    if (n->kind == ADDER_INPUT || s->users[node] != 1) return;
    bool subtracts = n->kind == ADDER_DIFFERENCE;
    int low = lowest(s->plan, node), weight = low + shift - s->low;
    int later_a = lowest(s->plan, n->a) + n->shift_a - low,
        later_b = lowest(s->plan, n->b) + n->shift_b - low;
    add_site(s, (struct site){SITE_CARRY, node, 0, weight, negative != subtracts});
    for (int bit = 0; bit < later_a; bit++)
        add_site(s, (struct site){SITE_FILL_A, node, bit, weight + bit, negative});
    for (int bit = 0; bit < later_b; bit++)
        add_site(s, (struct site){SITE_FILL_B, node, bit, weight + bit, negative != subtracts});
    find_sites(s, n->a, shift + n->shift_a, negative);
    find_sites(s, n->b, shift + n->shift_b, negative != subtracts);
}

static bool has_failed(const struct search *s, int weight, int64_t rest)
{
    for (int i = 0; i < s->tried_count; i++)
        if (s->tried[i].weight == weight && s->tried[i].rest == rest) return true;
    return false;
}

/* Notes the first `count` sites of a weight and sign as chosen. */
static void choose(struct search *s, int weight, bool negative, int count)
{
    for (int i = 0; i < s->site_count && count > 0; i++)
        if (s->sites[i].weight == weight && s->sites[i].negative == negative) {
            s->chosen[s->chosen_count++] = i;
            count--;
        }
}

/* Makes up rest * 2^weight from the sites at and above that weight. */
static bool make_up(struct search *s, int weight, int64_t rest)
{
    if (weight >= s->weights || rest == 0) return true; /* beyond the top nothing counts */
    if (s->tried_count == TRIED_MOST || has_failed(s, weight, rest)) return false;
    int available[2] = {0, 0}, before = s->chosen_count;
    for (int i = 0; i < s->site_count; i++)
        if (s->sites[i].weight == weight) available[s->sites[i].negative]++;
    /* Few sites first: those used up to here may be needed nowhere else, but registers differ. */
    for (int used = (int)(rest & 1); used <= available[0] + available[1]; used += 2)
        for (int plus = used; plus >= 0; plus--) {
            if (plus > available[0] || used - plus > available[1]) continue;
            choose(s, weight, false, plus);
            choose(s, weight, true, used - plus);
            if (make_up(s, weight + 1, (rest - plus + (used - plus)) / 2)) return true;
            s->chosen_count = before;
        }
    if (s->tried_count < TRIED_MOST) {
        s->tried[s->tried_count].weight = weight;
        s->tried[s->tried_count++].rest = rest;
    }
    return false;
}

static void use_sites(const struct search *s, struct serial_plan *plan,
                      struct serial_column *column)
{
    for (int i = 0; i < s->chosen_count; i++) {
        const struct site *site = &s->sites[s->chosen[i]];
        int64_t bit = (int64_t)1 << site->bit;
        struct node_constants *c = site->node >= 0 ? &plan->constants[site->node] : NULL;
        switch (site->kind) {
        case SITE_CARRY: c->sets_carry = true; break;
        case SITE_FILL_A: c->fill_a |= bit; break;
        case SITE_FILL_B: c->fill_b |= bit; break;
        case SITE_ALIGNMENT: column->fill |= bit; break;
        }
    }
}

static int *count_readers(struct reuse *r, const struct adder_graph *graph)
{
    int *users = arena_alloc(&r->rewrite.arena, (size_t)graph->node_count + 1, sizeof *users);
    for (int i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].kind == ADDER_INPUT) continue;
        users[graph->nodes[i].a]++;
        users[graph->nodes[i].b]++;
    }
    for (int j = 0; j < graph->columns; j++)
        if (graph->outputs[j].node >= 0) users[graph->outputs[j].node]++;
    return users;
}

void serial_place_constants(struct reuse *r, struct serial_plan *plan, const int64_t *bias,
                            int bits)
{
    const int *users = count_readers(r, plan->graph);
    struct search *s = arena_alloc(&r->rewrite.arena, 1, sizeof *s);
    for (int j = 0; j < plan->graph->columns; j++) {
        struct serial_column *column = &plan->columns[j];
        const struct adder_output *out = &plan->graph->outputs[j];
        memset(s, 0, sizeof *s);
        *s = (struct search){.plan = plan, .users = users, .low = plan->low};
        s->weights = bits < WEIGHTS_MOST ? bits : WEIGHTS_MOST;
        if (out->node < 0 || !bias[j]) continue;
        for (int bit = 0; bit < column->low - plan->low; bit++)
            add_site(s, (struct site){SITE_ALIGNMENT, -1, bit, bit, false});
        find_sites(s, out->node, out->shift, false);
        if (!make_up(s, 0, bias[j])) continue;
        use_sites(s, plan, column);
        column->rest = (struct dyadic){0, 0};
    }
}
