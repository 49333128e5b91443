/* Whole folders: listing, copying, removing, putting a finished one in an old one's place. */
#ifndef SLUICE_BOARDS_FLOW_FOLDER_H
#define SLUICE_BOARDS_FLOW_FOLDER_H

#include "base/arena.h"

/* Names of the plain files in a folder, sorted, NULL-terminated, in the arena; an empty list if
 * there is no folder. */
const char **folder_list(struct arena *arena, const char *folder);
/* Copies the plain files of one folder into another that exists. */
void folder_copy_files(const char *from, const char *to);
/* Removes a folder with all that is in it; no error if it is not there. */
void folder_remove(const char *folder);
/* `fresh` becomes `folder`; what was there is removed after that. */
void folder_replace(const char *fresh, const char *folder);

#endif
