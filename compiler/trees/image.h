/* Inside compiler/: another ensemble's contents for loadable tables. */
#ifndef SLUICE_COMPILER_TREES_IMAGE_H
#define SLUICE_COMPILER_TREES_IMAGE_H

#include "compiler/compile.h"

/* Whether the network's trees read its raw inputs: a model of another library. */
bool trees_are_raw(const struct network *network);

/* Gives the program's tables the trees of `network`, which is like `compiled` in front of them or
 * has them raw: then they stand behind the quantizer of `compiled`. Values of raw trees are rounded
 * to the format of the leaves. Ends with one line about trees that do not fit the shape, or values
 * that cannot be loaded. */
void trees_image(struct program *program, const struct load_trees *shape,
                 const struct network *compiled, const struct network *network, const char *file);

#endif
