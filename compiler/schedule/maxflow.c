/* Dinic's maximum flow. */
#include "compiler/schedule/maxflow.h"

#include "base/arena.h"
#include "base/error.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Edge e and its reverse e ^ 1 stand together. */
struct edge {
    int to, next; /* next edge of the same node, -1: none */
    long capacity;
};

struct maxflow {
    int nodes;
    struct edge *edges;
    size_t edge_count, edge_capacity;
    int *first;   /* [nodes] */
    int *present; /* [nodes] the edge that the search goes on with */
    int *level;   /* [nodes] edges from the source, -1: not reached */
    int *queue;   /* [nodes] */
    int *path;    /* [nodes] edges from the source to where the search stands */
};

struct maxflow *maxflow_new(int nodes)
{
    struct maxflow *f = calloc(1, sizeof *f);
    size_t n = (size_t)nodes;
    if (!f) fail("out of memory");
    f->nodes = nodes;
    f->first = malloc(5 * n * sizeof *f->first);
    if (!f->first) fail("out of memory");
    f->present = f->first + n;
    f->level = f->first + 2 * n;
    f->queue = f->first + 3 * n;
    f->path = f->first + 4 * n;
    maxflow_clear(f);
    return f;
}

void maxflow_free(struct maxflow *f)
{
    free(f->edges);
    free(f->first);
    free(f);
}

void maxflow_clear(struct maxflow *f)
{
    f->edge_count = 0;
    for (int i = 0; i < f->nodes; i++)
        f->first[i] = -1;
}

void maxflow_add(struct maxflow *f, int from, int to, long capacity)
{
    f->edges = array_grow(f->edges, &f->edge_capacity, f->edge_count + 2, sizeof *f->edges);
    f->edges[f->edge_count] = (struct edge){to, f->first[from], capacity};
    f->first[from] = (int)f->edge_count++;
    f->edges[f->edge_count] = (struct edge){from, f->first[to], 0};
    f->first[to] = (int)f->edge_count++;
}

/* Distances from the source in the residual graph, up to the sink's; whether that is reached. If it
 * is not, every node that can be reached has its distance. */
static bool find_levels(struct maxflow *f, int source, int sink)
{
    memset(f->level, -1, (size_t)f->nodes * sizeof *f->level);
    int head = 0, tail = 0;
    f->level[source] = 0;
    f->queue[tail++] = source;
    while (head < tail && f->level[sink] < 0) {
        int node = f->queue[head++];
        for (int e = f->first[node]; e >= 0; e = f->edges[e].next) {
            int to = f->edges[e].to;
            if (f->edges[e].capacity > 0 && f->level[to] < 0) {
                f->level[to] = f->level[node] + 1;
                f->queue[tail++] = to;
            }
        }
    }
    return f->level[sink] >= 0;
}

/* Pushes what the path of `length` edges can carry; returns the flow, and through *length how many
 * edges at its start still have room. */
static long push(struct maxflow *f, int *length)
{
    long flow = LONG_MAX;
    for (int i = 0; i < *length; i++)
        if (f->edges[f->path[i]].capacity < flow) flow = f->edges[f->path[i]].capacity;
    int room = *length;
    for (int i = *length - 1; i >= 0; i--) {
        f->edges[f->path[i]].capacity -= flow;
        f->edges[f->path[i] ^ 1].capacity += flow;
        if (f->edges[f->path[i]].capacity == 0) room = i;
    }
    *length = room;
    return flow;
}

/* A blocking flow of the level graph, by depth-first search without recursion. */
static long blocking_flow(struct maxflow *f, int source, int sink)
{
    memcpy(f->present, f->first, (size_t)f->nodes * sizeof *f->present);
    long total = 0;
    int node = source, length = 0;
    for (;;) {
        if (node == sink) {
            total += push(f, &length);
            node = f->edges[f->path[length] ^ 1].to;
            continue;
        }
        int e = f->present[node];
        while (e >= 0 &&
               (f->edges[e].capacity == 0 || f->level[f->edges[e].to] != f->level[node] + 1))
            e = f->edges[e].next;
        f->present[node] = e;
        if (e >= 0) {
            f->path[length++] = e;
            node = f->edges[e].to;
        } else if (length > 0) { /* a dead end: back, and past the edge that led here */
            node = f->edges[f->path[--length] ^ 1].to;
            f->present[node] = f->edges[f->present[node]].next;
        } else {
            return total;
        }
    }
}

long maxflow_run(struct maxflow *f, int source, int sink)
{
    long total = 0;
    while (find_levels(f, source, sink))
        total += blocking_flow(f, source, sink);
    return total;
}

bool maxflow_is_source_side(const struct maxflow *f, int node)
{
    return f->level[node] >= 0;
}
