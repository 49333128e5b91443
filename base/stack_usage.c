/* See stack_usage.h. A line is "FILE:LINE:COLUMN:FUNCTION<tab>BYTES<tab>static". */
#include "base/stack_usage.h"

#include "base/arena.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

long stack_usage_read(const char *file, const char *name)
{
    struct arena arena = {0};
    size_t length;
    long own = 0, helper = 0;
    const char *mark = arena_printf(&arena, ":%s", name);
    char *text = file_read(&arena, file, &length), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *tab = strchr(line, '\t');
        long bytes = tab ? strtol(tab + 1, NULL, 10) : 0;
        if (strstr(line, mark))
            own += bytes;
        else if (bytes > helper)
            helper = bytes;
    }
    arena_free(&arena);
    return own + helper;
}
