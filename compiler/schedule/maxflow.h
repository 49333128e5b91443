/* Maximum flow and minimum cut of a directed graph (Dinic 1970: level graph, blocking flow). */
#ifndef SLUICE_COMPILER_MAXFLOW_H
#define SLUICE_COMPILER_MAXFLOW_H

#include <stdbool.h>

struct maxflow *maxflow_new(int nodes);
void maxflow_free(struct maxflow *flow);
/* Removes all edges. */
void maxflow_clear(struct maxflow *flow);
void maxflow_add(struct maxflow *flow, int from, int to, long capacity);
/* The largest flow from source to sink. */
long maxflow_run(struct maxflow *flow, int source, int sink);
/* After a run: whether the node is on the source's side of the smallest such minimum cut. */
bool maxflow_is_source_side(const struct maxflow *flow, int node);

#endif
