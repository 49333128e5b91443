/* JSON through cJSON: see json.h. */
#include "base/json.h"

#include "base/error.h"
#include "base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

cJSON *json_read(const char *path)
{
    struct arena arena = {0};
    size_t length;
    const char *text = file_read(&arena, path, &length);
    const char *stop = NULL;
    /* The terminating NUL is part of what the parser may look at. */
    cJSON *json = cJSON_ParseWithLengthOpts(text, length + 1, &stop, true);
    if (json && strlen(text) == length) {
        arena_free(&arena);
        return json;
    }
    if (json) stop = text + strlen(text);
    cJSON_Delete(json);
    long line = 1;
    for (const char *c = text; stop && c < stop; c++)
        line += *c == '\n';
    arena_free(&arena);
    if (length == 0) fail("%s: is empty; JSON is wanted", path);
    fail_at(path, line, "not valid JSON");
}

void json_write(const char *path, const cJSON *json)
{
    char *text = cJSON_Print(json);
    if (!text) fail("%s: out of memory", path);
    struct out_file *out = out_open(path);
    fputs(text, out_stream(out));
    fputc('\n', out_stream(out));
    cJSON_free(text);
    out_commit(out);
}

const cJSON *json_find(const cJSON *json, const char *path)
{
    char key[256];
    while (json && *path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof key) return NULL;
        memcpy(key, path, length);
        key[length] = 0;
        if (cJSON_IsArray(json)) {
            char *end;
            long index = strtol(key, &end, 10);
            bool good = length > 0 && *end == 0 && index >= 0 && index < cJSON_GetArraySize(json);
            json = good ? cJSON_GetArrayItem(json, (int)index) : NULL;
        } else {
            json = cJSON_GetObjectItemCaseSensitive(json, key);
        }
        path += length + (path[length] == '.');
    }
    return json;
}

double json_number(const cJSON *json, const char *path, double otherwise)
{
    const cJSON *item = json_find(json, path);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

const char *json_string(const cJSON *json, const char *path, const char *otherwise)
{
    const cJSON *item = json_find(json, path);
    return cJSON_IsString(item) ? item->valuestring : otherwise;
}

void json_add_number(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}
