#include "sim/loads.h"

#include "base/file.h"
#include "compiler/load_image.h"
#include "data/random.h"

static void fill_at_random(struct program *p, uint64_t seed)
{
    struct arena arena = {0};
    struct random random = random_init(seed);
    for (int m = 0; m < p->memory_count; m++) {
        const struct memory *memory = &p->memories[m];
        if (!memory->contents) continue;
        uint64_t codes = (uint64_t)(memory->hi - memory->lo) + 1;
        int64_t *contents = arena_alloc(&arena, (size_t)memory->entries, sizeof *contents);
        for (int i = 0; i < memory->entries; i++)
            contents[i] = memory->lo + (int64_t)random_below(&random, codes);
        program_set_contents(p, m, contents);
    }
    arena_free(&arena);
}

struct bench_loads loads_prepare(struct arena *arena, const struct program *program,
                                 const struct loads_request *request, const int64_t *inputs,
                                 long count)
{
    struct program *loaded = program_read(file_join(arena, request->folder, "program.sluice"));
    size_t integers = (size_t)count * (size_t)program->output_count;
    int64_t *outputs = arena_alloc(arena, integers + 1, sizeof *outputs);
    if (request->image)
        load_image_apply(loaded, request->folder, request->image);
    else
        fill_at_random(loaded, request->seed + 1);
    program_eval(loaded, inputs, count, outputs);
    struct bench_loads loads =
        bench_write_loads(arena, program, loaded, request->work, outputs, count);
    program_free(loaded);
    return loads;
}
