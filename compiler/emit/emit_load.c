/* The address map of the load port, and what its words are made of: load.json. */
#include "compiler/emit/emit.h"

#include "base/file.h"
#include "base/json.h"
#include "compiler/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The block of the first load from the memory; -1: nothing reads it. */
static int reading_block(const struct program *p, int memory)
{
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_LOAD && p->ops[v].immediate == memory)
            return program_block_of(p, v);
    return -1;
}

/* A row for each word: of each of its fields row, column and shift. */
static void add_layout(cJSON *object, const struct load_layout *layout)
{
    struct arena arena = {0};
    int *row = arena_alloc(&arena, 3 * (size_t)layout->fields, sizeof *row);
    cJSON_AddStringToObject(object, "layer", layout->layer);
    cJSON_AddItemToObject(object, "fields_low", cJSON_CreateIntArray(layout->low, layout->fields));
    cJSON *words = cJSON_AddArrayToObject(object, "cells");
    for (int i = 0; i < layout->words; i++) {
        const struct load_cell *cells = layout->cells + (size_t)i * (size_t)layout->fields;
        for (int k = 0; k < layout->fields; k++) {
            row[3 * k] = cells[k].row;
            row[3 * k + 1] = cells[k].column;
            row[3 * k + 2] = cells[k].shift;
        }
        cJSON_AddItemToArray(words, cJSON_CreateIntArray(row, 3 * layout->fields));
    }
    arena_free(&arena);
}

static cJSON *memory_object(const struct program *p, const struct load_range *range,
                            const struct load_plan *plan)
{
    const struct memory *m = &p->memories[range->memory];
    int block = reading_block(p, range->memory);
    char format[FORMAT_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    format_print(m->format, format);
    cJSON_AddStringToObject(object, "name", m->name);
    if (block >= 0)
        cJSON_AddStringToObject(object, "block", p->blocks[block].name);
    else
        cJSON_AddNullToObject(object, "block");
    cJSON_AddNumberToObject(object, "base", range->base);
    cJSON_AddNumberToObject(object, "words", m->entries);
    cJSON_AddNumberToObject(object, "width", m->format.width_bits);
    cJSON_AddStringToObject(object, "format", format);
    cJSON_AddNumberToObject(object, "least", (double)m->lo);
    cJSON_AddNumberToObject(object, "most", (double)m->hi);
    cJSON_AddStringToObject(object, "in", memory_kind_names[m->kind]);
    for (int i = 0; plan && i < plan->layout_count; i++)
        if (!strcmp(plan->layouts[i].memory, m->name)) add_layout(object, &plan->layouts[i]);
    return object;
}

static void add_numbers(cJSON *object, const char *name, const struct load_numbers *numbers)
{
    if (!numbers->any) {
        cJSON_AddNullToObject(object, name);
        return;
    }
    cJSON *of = cJSON_AddObjectToObject(object, name);
    cJSON_AddNumberToObject(of, "fraction_bits", numbers->fraction_bits);
    cJSON_AddNumberToObject(of, "least", (double)numbers->lo);
    cJSON_AddNumberToObject(of, "most", (double)numbers->hi);
}

static cJSON *layer_object(const struct load_layer *layer)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", layer->name);
    cJSON_AddNumberToObject(object, "rows", layer->rows);
    cJSON_AddNumberToObject(object, "columns", layer->columns);
    add_numbers(object, "weights", &layer->weights);
    add_numbers(object, "bias", &layer->bias);
    add_numbers(object, "scale", &layer->scale);
    add_numbers(object, "offset", &layer->offset);
    return object;
}

static cJSON *trees_object(const struct load_trees *trees)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", trees->name);
    cJSON_AddNumberToObject(object, "cycles", trees->cycles);
    cJSON_AddNumberToObject(object, "engines", trees->engines);
    cJSON_AddNumberToObject(object, "depth", trees->depth);
    cJSON_AddBoolToObject(object, "standardise_in_fabric",
                          trees->standardise == STANDARDISE_FABRIC);
    cJSON_AddItemToObject(object, "targets",
                          cJSON_CreateIntArray(trees->targets, trees->cycles * trees->engines));
    return object;
}

/* What an image has to have in common with the design that it is for. */
static void add_identity(cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json), key[33];
    struct hash hash = hash_init();
    hash_add(&hash, text, strlen(text));
    hash_print(hash, key);
    key[16] = 0;
    cJSON_AddStringToObject(json, "id", key);
    free(text);
}

void emit_load_map(const struct program *program, const struct load_plan *plan, const char *folder)
{
    struct arena arena = {0};
    const char *path = file_join(&arena, folder, "load.json");
    struct load_map map = program_load_map(program, &arena);
    if (map.count) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "schema", 1);
        cJSON_AddNumberToObject(json, "address_bits", map.address_bits);
        cJSON_AddNumberToObject(json, "data_bits", map.data_bits);
        cJSON *layers = cJSON_AddArrayToObject(json, "layers");
        for (int i = 0; plan && i < plan->layer_count; i++)
            cJSON_AddItemToArray(layers, layer_object(&plan->layers[i]));
        if (plan && plan->trees) cJSON_AddItemToObject(json, "trees", trees_object(plan->trees));
        cJSON *memories = cJSON_AddArrayToObject(json, "memories");
        for (int i = 0; i < map.count; i++)
            cJSON_AddItemToArray(memories, memory_object(program, &map.ranges[i], plan));
        add_identity(json);
        file_make_folder(folder);
        json_write(path, json);
        cJSON_Delete(json);
    } else {
        remove(path);
    }
    arena_free(&arena);
}
