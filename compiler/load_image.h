/* Images: other weights for a compiled network whose weights can be loaded. */
#ifndef SLUICE_COMPILER_LOAD_IMAGE_H
#define SLUICE_COMPILER_LOAD_IMAGE_H

#include "compiler/compile.h"

/* FOLDER/load.json as the compiler wrote it; `id` gets its identity. Ends with one line if the
 * network was not compiled with loadable weights. The plan's arena holds it all. */
void load_plan_read(struct load_plan *plan, const char *folder, char id[17]);

/* Gives the program's loadable memories the weights of `network`, which is the network that it was
 * compiled from, `compiled`, trained to other weights. Ends with one line that names the layer if
 * something that is not loaded differs, or a weight is outside what may be loaded. `file` names the
 * network in messages. */
void load_image_fill(struct program *program, const struct load_plan *plan,
                     const struct network *compiled, const struct network *network,
                     const char *file);

/* The file (docs/reference/build-folder.md, Images): written from the program's contents; read into
 * them, or ends with one line: not an image, damaged, for another design. */
void load_image_write(const struct program *program, const char *id, const char *path);
void load_image_read(struct program *program, const char *id, const char *path);
/* load_image_read() of a build folder's program. */
void load_image_apply(struct program *program, const char *folder, const char *path);

#endif
