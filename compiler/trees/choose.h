/* Inside compiler/: an ensemble of trees on a reuse factor, as logic or walked (trees.h). */
#ifndef SLUICE_COMPILER_TREES_CHOOSE_H
#define SLUICE_COMPILER_TREES_CHOOSE_H

#include "compiler/compile.h"

/* Runs all passes behind lowering, with a rough schedule, for an estimate; takes the program. NULL:
 * it cannot be scheduled. */
typedef struct program *trees_finish_function(struct program *program,
                                              const struct compile_options *options);

/* The ensemble of the network that has a reuse factor by the options, with the factor asked for and
 * the one that lower_trees() is to take: most trees of an engine, 1 for logic. NULL: there is no
 * ensemble. Ends with one line about a factor that it cannot have, or memories that the part does
 * not have. */
const struct layer *trees_choose(const struct network *network,
                                 const struct compile_options *options,
                                 trees_finish_function *finish, int *asked, int *factor);

#endif
