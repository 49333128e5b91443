/* Dead code: operations that no output depends on. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

static int keep_live(struct rewrite *r, int value)
{
    const bool *live = r->pass;
    return live[value] ? rewrite_copy(r, value) : -1;
}

struct program *optimize_dead(const struct program *old, const struct target *target)
{
    (void)target;
    struct arena arena = {0};
    bool *live = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *live);
    program_find_live(old, true, live);
    for (int i = 0; i < old->op_count; i++)
        live[i] = live[i] || old->ops[i].code == OP_INPUT;
    struct program *program = rewrite_loops(old, keep_live, live);
    arena_free(&arena);
    return program;
}
