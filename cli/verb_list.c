/* sluice list: what is there to choose from, out of the code's own tables. */
#include "base/error.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "cli/job.h"
#include "compiler/compile.h"
#include "compiler/program/program.h"
#include "model/import/import.h"
#include "model/network.h"
#include "trainer/train.h"
#include "trainer/trees/trees.h"

#include <stdio.h>
#include <string.h>

/* Rows of two columns, as text or as a JSON array of {name, meaning}. */
struct listing {
    cJSON *json; /* NULL: text */
};

static void add_row(struct listing *listing, const char *name, const char *meaning)
{
    if (!listing->json) {
        printf("%-26s%s\n", name, meaning);
        return;
    }
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "name", name);
    cJSON_AddStringToObject(row, "meaning", meaning);
    cJSON_AddItemToArray(listing->json, row);
}

static void add_table(struct listing *listing, const char *const *names, const char *const *texts,
                      int count)
{
    for (int i = 0; i < count; i++)
        add_row(listing, names[i], texts[i]);
}

static void list_boards(struct listing *listing)
{
    struct arena arena = {0};
    for (const char **name = board_list(&arena); *name; name++) {
        struct board board;
        board_find(&board, *name);
        add_row(listing, *name,
                arena_printf(&arena, "%s, %s, %d cells, %s, %g MHz", board.title, board.part,
                             board.cells, board.target.name, board.target.default_clock_mhz));
    }
    arena_free(&arena);
}

static void list_targets(struct listing *listing)
{
    struct arena arena = {0};
    for (const char **name = board_target_list(&arena); *name; name++) {
        struct board_target target;
        board_target_find(&target, *name);
        add_row(listing, *name,
                arena_printf(&arena, "%s, %d-input LUTs; delays fitted with %s",
                             target.family->name, target.model.lut_inputs,
                             target.fitted_with[0] ? target.fitted_with : "nothing yet"));
    }
    arena_free(&arena);
}

static void list_layers(struct listing *listing)
{
    add_table(listing, layer_kind_names, layer_kind_texts, LAYER_KIND_COUNT);
    add_row(listing, "dropout", train_layer_texts[TRAIN_DROPOUT]);
}

static void list_operations(struct listing *listing)
{
    for (int i = 0; i < OP_COUNT; i++)
        add_row(listing, op_rows[i].name, op_rows[i].meaning);
}

static void list_losses(struct listing *listing)
{
    add_table(listing, train_loss_names, train_loss_texts, LOSS_COUNT);
}

static void list_optimizers(struct listing *listing)
{
    add_table(listing, train_optimizer_names, train_optimizer_texts, OPTIMIZER_COUNT);
}

static void list_schedules(struct listing *listing)
{
    add_table(listing, train_schedule_names, train_schedule_texts, SCHEDULE_COUNT);
}

static void list_tree_methods(struct listing *listing)
{
    add_table(listing, trees_method_names, trees_method_texts, TREES_METHOD_COUNT);
}

static void list_tree_losses(struct listing *listing)
{
    add_table(listing, trees_loss_names, trees_loss_texts, TREES_LOSS_COUNT);
}

static void list_model_files(struct listing *listing)
{
    add_table(listing, model_file_names, model_file_texts, MODEL_FILE_COUNT);
}

static void list_pruning(struct listing *listing)
{
    add_table(listing, train_prune_names, train_prune_texts, PRUNE_METHOD_COUNT);
}

static void list_prices(struct listing *listing)
{
    add_table(listing, train_price_names, train_price_texts, PRICE_COUNT);
}

static void list_weights(struct listing *listing)
{
    struct arena arena = {0};
    add_row(listing, "fixed point", "a format, or a width whose range comes from the weights");
    for (int i = 0; i < GRAIN_COUNT; i++)
        add_row(listing, arena_printf(&arena, "learned %s", train_grain_names[i]),
                arena_printf(&arena, "fraction bits are trained; %s", train_grain_texts[i]));
    for (int i = LEVELS_ALL + 1; i < LEVELS_COUNT; i++)
        add_row(
            listing, train_levels_names[i],
            arena_printf(&arena, "%s times a power of two for each neuron", train_levels_texts[i]));
    arena_free(&arena);
}

static void list_formats(struct listing *listing)
{
    add_row(listing, "fixed<W,I,ROUND,OVERFLOW>",
            "signed, W bits, I of them before the point; modes left out: RND,SAT");
    add_row(listing, "ufixed<W,I,ROUND,OVERFLOW>", "the same, unsigned");
    add_table(listing, rounding_names, rounding_texts, ROUNDING_COUNT);
    add_table(listing, overflow_names, overflow_texts, OVERFLOW_COUNT);
}

static void list_passes(struct listing *listing)
{
    for (int i = 0; compile_passes[i]; i++)
        add_row(listing, compile_passes[i], "");
}

static const struct {
    const char *name;
    void (*list)(struct listing *listing);
} lists[] = {{"boards", list_boards},       {"targets", list_targets},
             {"layers", list_layers},       {"operations", list_operations},
             {"losses", list_losses},       {"optimizers", list_optimizers},
             {"schedules", list_schedules}, {"pruning", list_pruning},
             {"prices", list_prices},       {"weights", list_weights},
             {"trees", list_tree_methods},  {"tree-losses", list_tree_losses},
             {"models", list_model_files},  {"formats", list_formats},
             {"passes", list_passes}};
enum { LIST_COUNT = sizeof lists / sizeof lists[0] };

int verb_list(struct cli *cli)
{
    const char *what = cli->arguments[0];
    if (what && strcmp(what, "keys") == 0) {
        job_print_keys(stdout);
        return 0;
    }
    cJSON *all = cli->flags.json ? cJSON_CreateObject() : NULL;
    bool found = false;
    for (int i = 0; i < LIST_COUNT; i++) {
        if (what && strcmp(what, lists[i].name) != 0) continue;
        if (!what && !all) printf("%s%s:\n", found ? "\n" : "", lists[i].name);
        struct listing listing = {all ? cJSON_AddArrayToObject(all, lists[i].name) : NULL};
        lists[i].list(&listing);
        found = true;
    }
    if (!found)
        fail("list %s: there are boards, targets, layers, operations, losses, optimizers, "
             "schedules, pruning, prices, weights, trees, tree-losses, models, formats, passes and "
             "keys",
             what);
    if (all) {
        cli_print(all);
        cJSON_Delete(all);
    }
    return 0;
}
