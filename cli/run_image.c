/* sluice run: weights of other trainings as words for the board's load port. */
#include "base/error.h"
#include "cli/run.h"
#include "compiler/load_image.h"

struct run_weights run_weights(struct cli *cli, const struct program *program, const char *image)
{
    struct run_weights weights = {.image = image};
    struct load_map map = program_load_map(program, &cli->arena);
    if (map.count == 0) return weights;
    const struct load_range *last = &map.ranges[map.count - 1];
    long parts = (map.data_bits + 31) / 32;
    weights.count = ((long)last->base + program->memories[last->memory].entries) * parts;
    uint32_t *words = arena_alloc(&cli->arena, (size_t)weights.count, sizeof *words);
    for (int i = 0; i < map.count; i++) {
        const struct memory *m = &program->memories[map.ranges[i].memory];
        for (int k = 0; k < m->entries; k++) {
            uint64_t word = load_port_word(m, m->contents[k]);
            for (long part = 0; part < parts; part++, word >>= 32)
                words[((long)map.ranges[i].base + k) * parts + part] = (uint32_t)word;
        }
    }
    weights.words = words;
    weights.crc = host_load_crc(words, weights.count);
    return weights;
}

void run_load_image(struct run *run)
{
    struct cli *cli = run->cli;
    const char *image = cli->flags.image;
    if (image) load_image_apply(run->program, cli->folder, image);
    run->weights = run_weights(cli, run->program, image);
    if (!image) return;
    host_load(&run->board, run->weights.words, run->weights.count);
    host_swap(&run->board, run->weights.words, run->weights.count);
    info("%s: %ld words loaded", image, run->weights.count);
}
