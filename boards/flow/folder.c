/* Whole folders: see folder.h. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "boards/flow/folder.h"

#include "base/error.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **folder_list(struct arena *arena, const char *folder)
{
    const char **names = NULL;
    size_t capacity = 0, count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        struct stat status;
        const char *path = file_join(arena, folder, entry->d_name);
        if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) continue;
        names = array_grow(names, &capacity, count + 1, sizeof *names);
        names[count++] = arena_strdup(arena, entry->d_name);
    }
    if (open != NULL) closedir(open);
    if (count > 0) qsort(names, count, sizeof *names, compare_names);
    const char **list = arena_alloc(arena, count + 1, sizeof *list);
    if (count > 0) memcpy(list, names, count * sizeof *list);
    free(names);
    return list;
}

void folder_copy_files(const char *from, const char *to)
{
    struct arena arena = {0};
    const char **names = folder_list(&arena, from);
    for (int i = 0; names[i] != NULL; i++)
        file_copy(file_join(&arena, from, names[i]), file_join(&arena, to, names[i]));
    arena_free(&arena);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void folder_remove(const char *folder)
{
    if (!file_exists(folder)) return;
    if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fail("cannot remove the folder %s: %s", folder, strerror(errno));
}

void folder_replace(const char *fresh, const char *folder)
{
    struct arena arena = {0};
    const char *old = arena_printf(&arena, "%s.old", folder);
    folder_remove(old);
    bool had = file_exists(folder);
    if (had && rename(folder, old) != 0)
        fail("cannot rename %s to %s: %s", folder, old, strerror(errno));
    if (rename(fresh, folder) != 0)
        fail("cannot rename %s to %s: %s", fresh, folder, strerror(errno));
    folder_remove(old);
    arena_free(&arena);
}
