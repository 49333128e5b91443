/* See layer_reuse.h. */
#include "cli/layer_reuse.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct layer_reuse *layer_reuse_parse(struct arena *arena, const char *text, int *count)
{
    struct layer_reuse *all = arena_alloc(arena, strlen(text) / 2 + 1, sizeof *all);
    *count = 0;
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, ",");
        char *item = arena_printf(arena, "%.*s", (int)length, at), *end;
        item += strspn(item, " ");
        char *equals = strrchr(item, '=');
        long factor = equals ? strtol(equals + 1, &end, 10) : 0;
        if (!equals || equals == item || end == equals + 1 || end[strspn(end, " ")] || factor < 1 ||
            factor > 1048576)
            fail("layer reuse '%s': give LAYER=FACTOR,... such as dense1=4,dense2=8", text);
        *equals = 0;
        all[(*count)++] = (struct layer_reuse){item, (int)factor};
        at += length;
        at += *at == ',';
    }
    return all;
}
