/* Events of a node to its children. */
#include "trainer/trees/grower.h"

#include <string.h>

enum { ROWS_PER_CHUNK = 16384 };

/* A stretch of a node's events, sorted by itself first. */
struct stretch {
    const struct open_node *node;
    int begin, end;
    int left;              /* how many go left */
    int left_at, right_at; /* where they go */
};

struct partition {
    struct grower *grower;
    struct stretch *stretches;
};

/* Left ones to the front of the stretch in `other`, right ones behind them. */
static void sort_stretch(void *context, int item, int thread)
{
    struct partition *p = context;
    struct stretch *s = &p->stretches[item];
    const struct grower *g = p->grower;
    const struct tree_split *split = &s->node->best;
    const uint8_t *codes = g->bins->columns + (ptrdiff_t)split->feature * g->rows;
    const int missing = g->bins->cuts->count[split->feature] + 1;
    /* code <= cut goes left; a missing one as the split says */
    const int cut = split->cut, missing_side = split->missing_left;
    uint32_t *left = g->other + s->begin;
    (void)thread;
    int lefts = 0, rights = 0;
    uint32_t *order = g->order + s->begin;
    const int count = s->end - s->begin;
    for (int i = 0; i < count; i++) {
        const uint32_t row = order[i];
        const int code = codes[row];
        const int goes_left = code == missing ? missing_side : code <= cut;
        left[lefts] = row;
        order[rights] = row;
        lefts += goes_left;
        rights += !goes_left;
    }
    s->left = lefts;
}

/* Right ones wait at the front of order, left ones in other. */
static void gather_stretch(void *context, int item, int thread)
{
    struct partition *p = context;
    const struct stretch *s = &p->stretches[item];
    (void)thread;
    memcpy(p->grower->other + s->begin + s->left, p->grower->order + s->begin,
           (size_t)(s->end - s->begin - s->left) * sizeof(uint32_t));
}

static void place_stretch(void *context, int item, int thread)
{
    struct partition *p = context;
    const struct stretch *s = &p->stretches[item];
    const uint32_t *from = p->grower->other + s->begin;
    (void)thread;
    memcpy(p->grower->order + s->left_at, from, (size_t)s->left * sizeof *from);
    memcpy(p->grower->order + s->right_at, from + s->left,
           (size_t)(s->end - s->begin - s->left) * sizeof *from);
}

void partition_nodes(struct grower *g, struct open_node *const *nodes, int count, int *middle)
{
    struct arena arena = {0};
    struct partition p = {.grower = g};
    size_t most = (size_t)count;
    for (int i = 0; i < count; i++)
        most += (size_t)(nodes[i]->end - nodes[i]->begin) / ROWS_PER_CHUNK;
    p.stretches = arena_alloc(&arena, most + 1, sizeof *p.stretches);
    int stretches = 0;
    bool single = pool_threads(g->pool) == 1;
    for (int i = 0; i < count; i++)
        for (int begin = nodes[i]->begin, end; begin < nodes[i]->end; begin = end) {
            bool fits = single || nodes[i]->end - begin <= ROWS_PER_CHUNK;
            end = fits ? nodes[i]->end : begin + ROWS_PER_CHUNK;
            p.stretches[stretches++] =
                (struct stretch){.node = nodes[i], .begin = begin, .end = end};
        }
    pool_run(g->pool, stretches, sort_stretch, &p);
    pool_run(g->pool, stretches, gather_stretch, &p);
    for (int i = 0, s = 0; i < count; i++) {
        int lefts = 0, first = s;
        for (; s < stretches && p.stretches[s].node == nodes[i]; s++)
            lefts += p.stretches[s].left;
        int left_at = nodes[i]->begin, right_at = middle[i] = nodes[i]->begin + lefts;
        for (int k = first; k < s; k++) {
            struct stretch *part = &p.stretches[k];
            part->left_at = left_at;
            part->right_at = right_at;
            left_at += part->left;
            right_at += part->end - part->begin - part->left;
        }
    }
    pool_run(g->pool, stretches, place_stretch, &p);
    arena_free(&arena);
}
