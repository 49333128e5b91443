/* The address map of the load port: load.json. */
#include "compiler/emit/emit.h"

#include "base/file.h"
#include "base/json.h"

#include <stdio.h>

/* The block of the first load from the memory; -1: nothing reads it. */
static int reading_block(const struct program *p, int memory)
{
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_LOAD && p->ops[v].immediate == memory)
            return program_block_of(p, v);
    return -1;
}

static cJSON *memory_object(const struct program *p, const struct load_range *range)
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
    return object;
}

void emit_load_map(const struct program *program, const char *folder)
{
    struct arena arena = {0};
    const char *path = file_join(&arena, folder, "load.json");
    struct load_map map = program_load_map(program, &arena);
    if (map.count) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "schema", 1);
        cJSON_AddStringToObject(json, "name", program->name);
        cJSON_AddNumberToObject(json, "address_bits", map.address_bits);
        cJSON_AddNumberToObject(json, "data_bits", map.data_bits);
        cJSON *memories = cJSON_AddArrayToObject(json, "memories");
        for (int i = 0; i < map.count; i++)
            cJSON_AddItemToArray(memories, memory_object(program, &map.ranges[i]));
        file_make_folder(folder);
        json_write(path, json);
        cJSON_Delete(json);
    } else {
        remove(path);
    }
    arena_free(&arena);
}
