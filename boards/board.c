/* Reading board and target files. */
#include "boards/board.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The string at `key`, which must be there (unless `otherwise` is given) and fit. */
static void read_string(const cJSON *json, const char *file, const char *key, const char *otherwise,
                        char *to, size_t size)
{
    const char *text = json_string(json, key, otherwise);
    if (text == NULL) fail_at(file, 0, "\"%s\" is missing or not a string", key);
    if (strlen(text) >= size)
        fail_at(file, 0, "\"%s\" is longer than %zu characters", key, size - 1);
    strcpy(to, text);
}

static double read_number(const cJSON *json, const char *file, const char *key, double least,
                          double most)
{
    double value = json_number(json, key, NAN);
    if (!(value >= least && value <= most))
        fail_at(file, 0, "\"%s\" must be a number from %g to %g", key, least, most);
    return value;
}

static int read_int(const cJSON *json, const char *file, const char *key, int least, int most)
{
    double value = read_number(json, file, key, least, most);
    if (value != floor(value)) fail_at(file, 0, "\"%s\" must be a whole number", key);
    return (int)value;
}

static bool read_bool(const cJSON *json, const char *file, const char *key)
{
    const cJSON *value = json_find(json, key);
    if (!cJSON_IsBool(value)) fail_at(file, 0, "\"%s\" must be true or false", key);
    return cJSON_IsTrue(value);
}

/* ---- lists of names ---------------------------------------------------------------------------
 */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* NAME of every NAME.json in `folder`, sorted, NULL-terminated. */
static const char **list_names(struct arena *arena, const char *folder)
{
    DIR *open = opendir(folder);
    if (open == NULL) fail("cannot read the folder %s", folder);
    const char **names = NULL;
    size_t capacity = 0, count = 0;
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0) continue;
        names = array_grow(names, &capacity, count + 1, sizeof *names);
        names[count++] = arena_printf(arena, "%.*s", (int)(length - 5), entry->d_name);
    }
    closedir(open);
    if (count > 0) qsort(names, count, sizeof *names, compare_names);
    const char **list = arena_alloc(arena, count + 1, sizeof *list);
    if (count > 0) memcpy(list, names, count * sizeof *list);
    free(names);
    return list;
}

static const char *board_folder(struct arena *arena)
{
    return file_join(arena, board_home(), "boards");
}

const char **board_list(struct arena *arena)
{
    return list_names(arena, board_folder(arena));
}

const char **board_target_list(struct arena *arena)
{
    return list_names(arena, file_join(arena, board_folder(arena), "targets"));
}

/* FOLDER/NAME.json; ends with the list of known names when it is not one of them. */
static const char *find_file(struct arena *arena, const char *folder, const char *kind,
                             const char *name)
{
    const char **names = list_names(arena, folder);
    struct text known = {0};
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            text_free(&known);
            return arena_printf(arena, "%s/%s.json", folder, name);
        }
        text_add(&known, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    fail("there is no %s \"%s\"; known: %s", kind, name, text_string(&known));
}

/* ---- families and targets ----------------------------------------------------------------------
 */

const struct family *family_find(const char *name)
{
    static const struct family *const families[] = {&family_ice40, &family_ecp5, &family_gowin};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(families[i]->name, name) == 0) return families[i];
    return NULL;
}

static void read_model(struct target *model, const cJSON *json, const char *file)
{
    struct arena arena = {0};
    *model = target_generic;
    read_string(json, file, "name", NULL, model->name, sizeof model->name);
    model->lut_inputs = read_int(json, file, "lut_inputs", 2, 8);
    model->carry_inverts_for_free = read_bool(json, file, "carry.inverts_for_free");
    model->carry_bits_per_cell = read_int(json, file, "carry.bits_per_cell", 1, 16);
    /* Whole networks come out slower than the small circuits of the fit: longer wires. */
    double margin = read_number(json, file, "delay_margin", 1, 3);
    model->clk_to_q_ns = margin * read_number(json, file, "delay_ns.clk_to_q", 0, 100);
    model->setup_ns = margin * read_number(json, file, "delay_ns.setup", 0, 100);
    model->lut_ns = margin * read_number(json, file, "delay_ns.lut", 0, 100);
    model->route_ns = margin * read_number(json, file, "delay_ns.route", 0, 100);
    model->carry_base_ns = margin * read_number(json, file, "delay_ns.carry_base", 0, 100);
    model->carry_per_bit_ns = margin * read_number(json, file, "delay_ns.carry_per_bit", 0, 100);
    model->ram_clk_to_q_ns = read_number(json, file, "delay_ns.ram_clk_to_q", 0, 100);
    model->ram_bits = read_int(json, file, "ram.bits", 1, 1 << 30);
    model->ram_width_max = read_int(json, file, "ram.width_max", 1, 1024);
    model->ram_price_lut4 = read_number(json, file, "ram.price_lut4", 0, 1e6);
    model->has_lut_ram = read_bool(json, file, "ram.of_luts");
    model->dsp_a_bits = read_int(json, file, "dsp.a_bits", 0, 64);
    model->dsp_b_bits = read_int(json, file, "dsp.b_bits", 0, 64);
    model->dsp_mixes_signs = read_bool(json, file, "dsp.mixes_signs");
    model->dsp_ns = read_number(json, file, "delay_ns.dsp", 0, 100);
    model->max_clock_mhz = read_number(json, file, "max_clock_mhz", 1, 10000);
    model->cells_per_lut = read_number(json, file, "cells.per_lut", 0, 10);
    model->cells_per_ff = read_number(json, file, "cells.per_ff", 0, 10);
    model->lut_per_adder_bit = read_number(json, file, "lut4_per_bit.adder", 0, 10);
    model->lut_per_subtractor_bit = read_number(json, file, "lut4_per_bit.subtractor", 0, 10);
    model->lut_per_compare_bit = read_number(json, file, "lut4_per_bit.compare", 0, 10);
    model->lut_per_select_bit = read_number(json, file, "lut4_per_bit.select", 0, 10);
    model->lut_per_table_word = read_number(json, file, "lut4_per_bit.table_word", 0, 10);
    for (int k = 0; k < LUT_CLASS_COUNT; k++) {
        const char *key = arena_printf(&arena, "estimator.lut4.%s", lut_class_names[k]);
        model->lut_factors[k] = read_number(json, file, key, 0, 10);
    }
    model->ff_of_values = read_number(json, file, "estimator.ff.values", 0, 10);
    model->ff_of_memories = read_number(json, file, "estimator.ff.memories", 0, 10);
    model->ff_of_states = read_number(json, file, "estimator.ff.states", 0, 10);
    model->cells_of_luts = read_number(json, file, "estimator.cells.luts", 0, 10);
    model->cells_of_registers = read_number(json, file, "estimator.cells.registers", 0, 10);
    model->cells_of_packed = read_number(json, file, "estimator.cells.packed", 0, 10);
    model->cells_of_states = read_number(json, file, "estimator.cells.states", 0, 10);
    model->fmax_scale = read_number(json, file, "estimator.fmax.scale", 0.1, 10);
    model->fmax_of_multipliers = read_number(json, file, "estimator.fmax.multipliers", 0.1, 10);
    model->fmax_size = read_number(json, file, "estimator.fmax.size", -1, 1);
    arena_free(&arena);
}

void board_target_find(struct board_target *target, const char *name)
{
    struct arena arena = {0};
    const char *folder = file_join(&arena, board_folder(&arena), "targets");
    const char *file = find_file(&arena, folder, "target", name);
    cJSON *json = json_read(file);
    *target = (struct board_target){0};
    read_int(json, file, "schema", 1, 1);
    read_string(json, file, "name", NULL, target->name, sizeof target->name);
    if (strcmp(target->name, name) != 0) fail_at(file, 0, "\"name\" is not \"%s\"", name);
    target->family = family_find(json_string(json, "family", ""));
    if (target->family == NULL)
        fail_at(file, 0, "\"family\" must be \"ice40\", \"ecp5\" or \"gowin\"");
    read_string(json, file, "names.cell", NULL, target->cell, sizeof target->cell);
    read_string(json, file, "names.ram", NULL, target->ram, sizeof target->ram);
    read_string(json, file, "names.dsp", NULL, target->dsp, sizeof target->dsp);
    target->ram_bits = read_int(json, file, "ram.bits", 1, 1 << 30);
    target->ram_width_max = read_int(json, file, "ram.width_max", 1, 1024);
    target->divider_mhz_max = read_number(json, file, "divider_mhz_max", 0, 10000);
    target->core_mhz_max = read_number(json, file, "core_mhz_max", 1, 1000);
    target->default_clock_mhz = read_number(json, file, "default_clock_mhz", 1, 1000);
    read_string(json, file, "fitted_with", "", target->fitted_with, sizeof target->fitted_with);
    read_model(&target->model, json, file);
    cJSON_Delete(json);
    arena_free(&arena);
}

/* ---- boards -----------------------------------------------------------------------------------
 */

static void read_leds(struct board *board, const cJSON *json, const char *file)
{
    const cJSON *leds = json_find(json, "leds");
    if (!cJSON_IsArray(leds) || cJSON_GetArraySize(leds) < 1 ||
        cJSON_GetArraySize(leds) > BOARD_LEDS_MAX)
        fail_at(file, 0, "\"leds\" must be a list of 1 to %d", BOARD_LEDS_MAX);
    const cJSON *led;
    cJSON_ArrayForEach(led, leds)
    {
        struct board_led *to = &board->leds[board->led_count++];
        read_string(led, file, "pin", NULL, to->pin, sizeof to->pin);
        to->active_low = read_bool(led, file, "active_low");
        read_string(led, file, "io_type", board->io_type, to->io_type, sizeof to->io_type);
    }
}

static void check_family(const struct board *board, const char *file)
{
    const struct family *family = board->target.family;
    const char *const *pll = family->plls;
    while (*pll != NULL && strcmp(*pll, board->pll) != 0)
        pll++;
    if (*pll == NULL) {
        const char *also = family->plls[1];
        fail_at(file, 0, "\"pll\" must be \"%s\"%s%s%s on %s", family->plls[0],
                also ? " or \"" : "", also ? also : "", also ? "\"" : "", board->target.name);
    }
    if (board->oscillator[0] && strcmp(board->oscillator, "SB_HFOSC") != 0)
        fail_at(file, 0, "\"clock.oscillator\" can be \"SB_HFOSC\" only");
    if (board->oscillator[0] && (board->clock_pin[0] || strcmp(board->pll, "SB_PLL40_CORE") != 0))
        fail_at(file, 0,
                "an oscillator inside the part has no \"clock.pin\", and the \"pll\" "
                "SB_PLL40_CORE");
    const struct {
        const char *key, *value;
        bool needed;
    } keys[] = {{"speed", board->speed, family->needs_speed},
                {"io_type", board->io_type, family->needs_io_type},
                {"die", board->die, family->needs_die}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].needed && keys[i].value[0] == '\0')
            fail_at(file, 0, "\"%s\" must be there on %s", keys[i].key, board->target.name);
}

static void read_board(struct board *board, const cJSON *json, const char *file)
{
    read_int(json, file, "schema", 1, 1);
    read_string(json, file, "name", NULL, board->name, sizeof board->name);
    read_string(json, file, "title", NULL, board->title, sizeof board->title);
    board->tried = read_bool(json, file, "tried");
    read_string(json, file, "part", NULL, board->part, sizeof board->part);
    read_string(json, file, "device", NULL, board->device, sizeof board->device);
    read_string(json, file, "package", NULL, board->package, sizeof board->package);
    read_string(json, file, "speed", "", board->speed, sizeof board->speed);
    read_string(json, file, "die", "", board->die, sizeof board->die);
    board->cells = read_int(json, file, "resources.cells", 1, 10000000);
    board->rams = read_int(json, file, "resources.rams", 0, 100000);
    board->dsps = read_int(json, file, "resources.dsps", 0, 100000);
    if (json_find(json, "resources.sprams"))
        board->sprams = read_int(json, file, "resources.sprams", 0, 100000);
    board->clock_in_mhz = read_number(json, file, "clock.mhz", 1, 1000);
    read_string(json, file, "clock.oscillator", "", board->oscillator, sizeof board->oscillator);
    read_string(json, file, "clock.pin", board->oscillator[0] ? "" : NULL, board->clock_pin,
                sizeof board->clock_pin);
    board->clock_tolerance =
        board->oscillator[0] ? read_number(json, file, "clock.tolerance", 0, 0.2) : 0;
    read_string(json, file, "pll", NULL, board->pll, sizeof board->pll);
    read_string(json, file, "io_type", "", board->io_type, sizeof board->io_type);
    read_string(json, file, "uart.tx", "", board->uart_tx, sizeof board->uart_tx);
    read_string(json, file, "uart.rx", "", board->uart_rx, sizeof board->uart_rx);
    if (board->uart_tx[0] != '\0')
        board->uart_baud_max = read_number(json, file, "uart.baud_max", 300, 1e8);
    read_string(json, file, "program", "", board->program, sizeof board->program);
    read_leds(board, json, file);
}

void board_find(struct board *board, const char *name)
{
    struct arena arena = {0};
    const char *file = find_file(&arena, board_folder(&arena), "board", name);
    cJSON *json = json_read(file);
    *board = (struct board){0};
    read_board(board, json, file);
    if (strcmp(board->name, name) != 0) fail_at(file, 0, "\"name\" is not \"%s\"", name);
    char target[32];
    read_string(json, file, "target", NULL, target, sizeof target);
    board_target_find(&board->target, target);
    check_family(board, file);
    cJSON_Delete(json);
    arena_free(&arena);
}
