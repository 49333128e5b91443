/* sluice init: a commented job file for a data set. */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The data file as seen from the job file's folder. */
static const char *data_path(struct cli *cli, const char *data, const char *job)
{
    if (data[0] == '/') return data;
    const char *folder = file_folder(&cli->arena, job);
    if (strcmp(folder, ".") == 0) return data;
    char *absolute = realpath(data, NULL);
    if (!absolute) fail("%s: cannot read", data);
    const char *kept = arena_strdup(&cli->arena, absolute);
    free(absolute);
    return kept;
}

static void add_layers(struct text *text, const struct events *events)
{
    int outputs = events->classes == 2  ? 1
                  : events->classes > 2 ? events->classes
                                        : events->targets;
    text_add(text,
             "# Input side first. Formats: a width alone (range chosen from the data), fixed<W,I>, "
             "ufixed<W,I>\n"
             "# with W bits of which I stand before the point, or none (exact).\n"
             "layers:\n"
             "  - {kind: dense, units: 32, weights: 5}\n"
             "  - {kind: relu, format: 6}\n"
             "  - {kind: dense, units: 16, weights: 5}\n"
             "  - {kind: relu, format: 6}\n"
             "  - {kind: dense, units: %d, weights: 6}   # one score per class\n",
             outputs);
    if (events->classes == 2)
        text_add(text, "  - {kind: sigmoid, format: none}   # left out of the hardware: the score "
                       "before it is what "
                       "leaves\n");
}

static void write_job(struct text *text, const struct events *events, const char *data,
                      const char *board)
{
    text_add(text,
             "# A Sluice job. Every key with its range and default: `sluice list keys`.\n"
             "# Run it: sluice all THIS_FILE; the results go to build/<name>/.\n"
             "# %s: %ld events, %d features, %d classes\n"
             "# name: my_network       # default: the folder this file is in\n\n"
             "data:\n  train: %s\n"
             "  # test: FILE           # without it, test_fraction of the training file is kept "
             "for testing\n"
             "  test_fraction: 0.2\n  validation_fraction: 0.1\n  seed: 1\n\n"
             "standardise: host       # inputs are shifted and scaled before they reach the chip\n"
             "output: logits          # logits, argmax or threshold\n\n"
             "input:\n  format: 8              # bits of each input; the range is chosen from the "
             "data\n\n",
             file_name(data), events->count, events->features, events->classes, data);
    add_layers(text, events);
    text_add(text,
             "\ntraining:\n  epochs: 20             # of the float phase\n  quantized_epochs: 20   "
             "# with every quantizer in place\n"
             "  batch: %d\n  learning_rate: 0.005\n\n"
             "pruning:\n  sparsity: 0.6          # part of the weights that ends exactly zero\n\n"
             "target:\n  board: %s       # see `sluice list boards`\n"
             "  # clock_mhz: 120       # default: the board's\n\n"
             "budget:                  # a miss ends with exit status 1\n  bunch_crossing_mhz: "
             "40\n  latency_ns: 1000\n\n"
             "verify:\n  random_events: 1000\n",
             events->count > 20000 ? 1024 : 128, board);
}

int verb_init(struct cli *cli)
{
    const char *out = cli->flags.out ? cli->flags.out : "job.yaml";
    if (file_exists(out)) fail("%s: is there already; give another name with --out", out);
    struct data_source source = {.path = cli->arguments[0]};
    struct events *events = events_read(&source, false);
    events_print_card(events, stderr);
    if (!events->y)
        fail("%s: no labels found; a job needs them (array y, or a label column)", source.path);
    const char *board = cli->flags.board ? cli->flags.board : "hx8k-evn";
    struct text text = {0};
    write_job(&text, events, data_path(cli, source.path, out), board);
    file_write(out, text_string(&text), text.length);
    text_free(&text);
    info("%s: written; next: sluice all %s", out, out);
    events_free(events);
    return 0;
}
