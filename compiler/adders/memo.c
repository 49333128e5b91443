/* Graphs remembered by their problem: one list per thread, looked through by hash. */
#include "compiler/adders/memo.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

struct remembered {
    struct remembered *next;
    char key[33];
    struct adder_graph *graph;
};

static _Thread_local struct {
    int open;
    struct remembered *first;
} memo;

void adder_memo_open(void)
{
    memo.open++;
}

void adder_memo_close(void)
{
    if (--memo.open) return;
    for (struct remembered *r = memo.first, *next; r; r = next) {
        next = r->next;
        adder_graph_free(r->graph);
        free(r);
    }
    memo.first = NULL;
}

/* What decides the graph. */
static void print_key(const struct adder_problem *problem, const struct adder_options *options,
                      char key[33])
{
    const int numbers[] = {problem->rows,   problem->columns,   options->extra_depth,
                           options->effort, options->is_serial, options->subtractor_price};
    struct hash hash = hash_init();
    hash_add(&hash, numbers, sizeof numbers);
    hash_add(&hash, &options->seed, sizeof options->seed);
    hash_add(&hash, problem->weights,
             (size_t)problem->rows * (size_t)problem->columns * sizeof *problem->weights);
    for (int i = 0; i < problem->rows; i++) {
        const struct adder_input *x = &problem->inputs[i];
        const int64_t input[] = {x->lo, x->hi, x->low};
        hash_add(&hash, input, sizeof input);
    }
    hash_print(hash, key);
}

static struct adder_graph *copy_graph(const struct adder_graph *from)
{
    struct adder_graph *to = malloc(sizeof *to);
    if (!to) abort();
    *to = *from;
    to->arena = (struct arena){0};
    to->nodes = arena_alloc(&to->arena, (size_t)from->node_count + 1, sizeof *to->nodes);
    to->outputs = arena_alloc(&to->arena, (size_t)from->columns + 1, sizeof *to->outputs);
    memcpy(to->nodes, from->nodes, (size_t)from->node_count * sizeof *to->nodes);
    memcpy(to->outputs, from->outputs, (size_t)from->columns * sizeof *to->outputs);
    return to;
}

static bool remembers(const struct adder_options *options)
{
    return memo.open && !(options->time_limit_s > 0);
}

struct adder_graph *adder_memo_find(const struct adder_problem *problem,
                                    const struct adder_options *options)
{
    char key[33];
    if (!remembers(options)) return NULL;
    print_key(problem, options, key);
    for (const struct remembered *r = memo.first; r; r = r->next)
        if (!strcmp(r->key, key)) return copy_graph(r->graph);
    return NULL;
}

void adder_memo_add(const struct adder_problem *problem, const struct adder_options *options,
                    const struct adder_graph *graph)
{
    if (!remembers(options)) return;
    struct remembered *r = malloc(sizeof *r);
    if (!r) abort();
    *r = (struct remembered){.next = memo.first, .graph = copy_graph(graph)};
    print_key(problem, options, r->key);
    memo.first = r;
}
