/* Graphs that need not be solved twice. While a memo is open on a thread, adder_solve() remembers
 * each problem and answers the same one with a copy: the same graph that solving it again would
 * give, as nothing but problem and options decides it. A search with a time limit is never
 * remembered. For whoever compiles one network many ways: forms and factors of reuse. */
#ifndef SLUICE_COMPILER_ADDERS_MEMO_H
#define SLUICE_COMPILER_ADDERS_MEMO_H

#include "compiler/adders/adders.h"

/* Open and close nest; the last close forgets all. */
void adder_memo_open(void);
void adder_memo_close(void);

/* For adder_solve(): a copy that the caller frees, or NULL. */
struct adder_graph *adder_memo_find(const struct adder_problem *problem,
                                    const struct adder_options *options);
void adder_memo_add(const struct adder_problem *problem, const struct adder_options *options,
                    const struct adder_graph *graph);

#endif
