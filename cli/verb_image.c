/* sluice image: the weights of another training of a network, as words for the load port of a
 * compiled one. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "compiler/load_image.h"
#include "compiler/trees/image.h"
#include "model/import/import.h"
#include "model/onnx.h"

#include <string.h>

/* The first quantizer behind the input; NULL: there is none. */
static const struct layer *input_quantizer(const struct network *network)
{
    int last = network->layer_count > 3 ? 3 : network->layer_count;
    for (int i = 1; i < last; i++)
        if (network->layers[i].kind == LAYER_QUANT) return &network->layers[i];
    return NULL;
}

/* A model file as `compile` would prepare it: with the input quantizer of the compiled network if
 * it brings none. */
static struct network *prepared(struct cli *cli, const char *path, const struct network *compiled)
{
    struct network *network = model_read(path);
    if (trees_are_raw(network)) return network;
    struct compile_options options;
    const struct layer *quantizer = input_quantizer(compiled);
    compile_options_init(&options);
    if (!input_quantizer(network) && quantizer) {
        char *format = arena_alloc(&cli->arena, FORMAT_TEXT_BYTES, 1);
        if (quantizer->quant.count > 1)
            fail("%s: does not quantize its input, and the compiled network does it by feature; "
                 "compile it with the same flags and give its folder",
                 path);
        format_print(quantizer->quant.formats[0], format);
        options.input_format = format;
    }
    compile_prepare(network, &options, path);
    return network;
}

/* A model file, a build folder or a job: *name is the file that its network is from. */
static struct network *read_network(struct cli *cli, const struct network *compiled,
                                    const char **name)
{
    const char *argument = cli->arguments[0];
    const char *folder = cli->job ? cli->folder : argument;
    const char *model = arena_printf(&cli->arena, "%s/model.onnx", folder);
    if (file_exists(model)) {
        *name = model;
        return onnx_read(model);
    }
    if (cli->job && !cli->job->model) argument = cli_need(cli, "train/model.onnx", "train");
    if (cli->job && cli->job->model) argument = job_path(cli->job, cli->job->model);
    *name = argument;
    return prepared(cli, argument, compiled);
}

int verb_image(struct cli *cli)
{
    const char *folder = cli->flags.for_folder, *out = cli->flags.out, *name;
    if (!folder) fail("image: --for DIR is missing: the folder of the compiled network");
    if (!out) fail("image: --out FILE is missing");
    struct load_plan plan;
    char id[17];
    load_plan_read(&plan, folder, id);
    struct network *compiled = onnx_read(arena_printf(&cli->arena, "%s/model.onnx", folder));
    struct program *program = program_read(arena_printf(&cli->arena, "%s/program.sluice", folder));
    struct network *network = read_network(cli, compiled, &name);
    load_image_fill(program, &plan, compiled, network, name);
    load_image_write(program, id, out);
    struct load_map map = program_load_map(program, &cli->arena);
    long words = 0;
    for (int i = 0; i < map.count; i++)
        words += program->memories[map.ranges[i].memory].entries;
    info("%s: %ld words for %d memories of %s", out, words, map.count, folder);
    network_free(network);
    network_free(compiled);
    program_free(program);
    load_plan_free(&plan);
    return 0;
}
