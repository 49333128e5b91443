/* Which reader a model file is for, and what the readers share. See import.h. */
#include "model/import/import.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "model/onnx.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define X(id, name, text) name,
const char *const model_file_names[] = {MODEL_FILE_TABLE(X)};
#undef X
#define X(id, name, text) text,
const char *const model_file_texts[] = {MODEL_FILE_TABLE(X)};
#undef X

struct number_list import_numbers(struct arena *arena, const char *path, const cJSON *list,
                                  const char *what)
{
    if (!cJSON_IsArray(list)) fail_at(path, 0, "%s: a list of numbers is missing", what);
    struct number_list numbers = {0};
    const cJSON *item;
    cJSON_ArrayForEach(item, list) numbers.count++;
    numbers.values = arena_alloc(arena, numbers.count + 1, sizeof *numbers.values);
    size_t i = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsNumber(item) && !cJSON_IsBool(item) && !cJSON_IsNull(item))
            fail_at(path, 0, "%s: entry %zu is not a number", what, i);
        numbers.values[i++] = cJSON_IsBool(item)   ? cJSON_IsTrue(item)
                              : cJSON_IsNull(item) ? NAN
                                                   : item->valuedouble;
    }
    return numbers;
}

struct network *import_finish(const struct model_file *file, struct network *network,
                              struct trees_builder *builder, struct trees settings, int features,
                              int outputs, enum layer_kind behind)
{
    int input = network_add(network, LAYER_INPUT, "input", -1, features);
    int at = network_add(network, LAYER_TREES, "trees", input, outputs);
    struct trees *trees = trees_finish(builder);
    settings.tree_count = trees->tree_count;
    settings.first = trees->first;
    settings.target = trees->target;
    settings.nodes = trees->nodes;
    settings.value_count = trees->value_count;
    settings.values = trees->values;
    *trees = settings;
    if (trees->factor == 0) trees->factor = 1;
    if (trees->divisor == 0) trees->divisor = 1;
    network->layers[at].trees = trees;
    if (behind != LAYER_INPUT) network_add(network, behind, layer_kind_names[behind], at, outputs);
    network_check(network, file->path);
    return network;
}

/* ---- telling them apart ---------------------------------------------------------------------- */

static bool starts_with(const struct model_file *file, const char *start)
{
    size_t at = 0, length = strlen(start);
    while (at < file->length && isspace((unsigned char)file->text[at]))
        at++;
    return file->length - at >= length && memcmp(file->text + at, start, length) == 0;
}

static struct network *read_json(const struct model_file *file, cJSON *json)
{
    struct network *network = NULL;
    if (json_find(json, "learner"))
        network = import_xgboost(file, json);
    else if (json_find(json, "features_info"))
        network = import_catboost(file, json);
    else if (json_find(json, "trees") && json_find(json, "n_features"))
        network = import_conifer(file, json);
    cJSON_Delete(json);
    if (!network)
        fail_at(file->path, 0,
                "JSON, but no model of XGBoost (key learner), CatBoost (features_info) or conifer "
                "(trees, n_features)");
    return network;
}

/* XGBoost writes NaN and Infinity, which JSON has no words for: null and 1e999 take their place. */
static cJSON *parse_json(const struct model_file *file)
{
    struct text text = {0};
    bool inside = false; /* of a string */
    for (const char *at = file->text; *at;) {
        size_t plain = strcspn(at, inside ? "\"\\" : "\"NI");
        text_add_bytes(&text, at, plain);
        at += plain;
        if (!*at) break;
        bool nan = !inside && strncmp(at, "NaN", 3) == 0;
        bool infinity = !inside && strncmp(at, "Infinity", 8) == 0;
        if (nan) text_add(&text, "null");
        if (infinity) text_add(&text, "1e999");
        if (nan || infinity) {
            at += nan ? 3 : 8;
            continue;
        }
        if (*at == '"') inside = !inside;
        size_t count = *at == '\\' && at[1] ? 2 : 1;
        text_add_bytes(&text, at, count);
        at += count;
    }
    cJSON *json = strlen(file->text) == file->length
                      ? cJSON_ParseWithOpts(text_string(&text), NULL, true)
                      : NULL;
    text_free(&text);
    return json ? json : json_read(file->path); /* which says where it is wrong */
}

/* JSON with its key on the first line is text; in UBJ a length marker follows the brace. */
static bool is_json(const struct model_file *file)
{
    if (!starts_with(file, "{")) return false;
    const char *at = strchr(file->text, '{') + 1;
    while (isspace((unsigned char)*at))
        at++;
    return *at == '"' || *at == '}';
}

struct network *model_read(const char *path)
{
    struct arena arena = {0};
    struct model_file file = {.path = path};
    file.text = file_read(&arena, path, &file.length);
    struct network *network;
    if (file.length == 0) fail_at(path, 0, "the file is empty; a model is wanted");
    if (is_json(&file))
        network = read_json(&file, parse_json(&file));
    else if (starts_with(&file, "{"))
        network = read_json(&file, ubj_parse(&file));
    else if (starts_with(&file, "tree\n") || starts_with(&file, "tree\r\n"))
        network = import_lightgbm(&file);
    else if (starts_with(&file, "<"))
        network = import_tmva(&file);
    else
        network = onnx_read(path);
    arena_free(&arena);
    return network;
}
