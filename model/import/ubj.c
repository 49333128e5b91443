/* UBJSON to cJSON (ubjson.org, draft 12). Debian has no C library for it. */
#include "model/import/import.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

struct ubj {
    const struct model_file *file;
    size_t at;
    int depth;
};

_Noreturn static void fail_ubj(const struct ubj *u, const char *what)
{
    fail_at(u->file->path, 0, "byte %zu: %s; it is no UBJ model, or a damaged or truncated one",
            u->at, what);
}

static const uint8_t *take(struct ubj *u, size_t count)
{
    if (count > u->file->length - u->at) fail_ubj(u, "the file ends too early");
    const uint8_t *bytes = (const uint8_t *)u->file->text + u->at;
    u->at += count;
    return bytes;
}

static uint8_t take_marker(struct ubj *u)
{
    uint8_t marker;
    do
        marker = *take(u, 1);
    while (marker == 'N'); /* no-op */
    return marker;
}

static bool next_is(struct ubj *u, char marker)
{
    if (u->at >= u->file->length || u->file->text[u->at] != marker) return false;
    u->at++;
    return true;
}

/* Big-endian bits of a number. */
static uint64_t take_bits(struct ubj *u, size_t bytes)
{
    const uint8_t *from = take(u, bytes);
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits = bits << 8 | from[i];
    return bits;
}

/* Bytes of a number of that type, 0 for what is none. */
static size_t number_bytes(uint8_t type)
{
    switch (type) {
    case 'i':
    case 'U': return 1;
    case 'I': return 2;
    case 'l':
    case 'd': return 4;
    case 'L':
    case 'D': return 8;
    default: return 0;
    }
}

static double take_number(struct ubj *u, uint8_t type)
{
    uint64_t bits = take_bits(u, number_bytes(type));
    uint32_t low = (uint32_t)bits;
    float f;
    double d;
    switch (type) {
    case 'i': return (double)(int8_t)low;
    case 'U': return (double)low;
    case 'I': return (double)(int16_t)low;
    case 'l': return (double)(int32_t)low;
    case 'L': return (double)(int64_t)bits;
    case 'd': memcpy(&f, &low, sizeof f); return (double)f;
    default: memcpy(&d, &bits, sizeof d); return d;
    }
}

static size_t take_count(struct ubj *u)
{
    uint8_t type = take_marker(u);
    if (!number_bytes(type) || type == 'd' || type == 'D') fail_ubj(u, "a length is missing");
    double count = take_number(u, type);
    if (count < 0 || count > (double)u->file->length) fail_ubj(u, "a length is out of range");
    return (size_t)count;
}

static char *take_text(struct ubj *u, struct arena *arena)
{
    size_t length = take_count(u);
    const uint8_t *bytes = take(u, length);
    char *text = arena_alloc(arena, length + 1, 1);
    memcpy(text, bytes, length);
    return text;
}

static cJSON *take_value(struct ubj *u, uint8_t type);

/* The type and count that a container may state. */
struct container {
    uint8_t type; /* 0: each element has its own */
    bool is_counted;
    size_t count;
};

static struct container take_container(struct ubj *u)
{
    struct container c = {0};
    if (next_is(u, '$')) c.type = take_marker(u);
    if (next_is(u, '#')) {
        c.is_counted = true;
        c.count = take_count(u);
    } else if (c.type) {
        fail_ubj(u, "a container has a type but no count");
    }
    if (c.type && !number_bytes(c.type)) fail_ubj(u, "a list of this type is not supported");
    return c;
}

static cJSON *take_array(struct ubj *u)
{
    struct container c = take_container(u);
    cJSON *list = cJSON_CreateArray();
    if (c.type && c.count > (u->file->length - u->at) / number_bytes(c.type))
        fail_ubj(u, "the file ends too early");
    for (size_t i = 0; c.is_counted ? i < c.count : !next_is(u, ']'); i++)
        cJSON_AddItemToArray(list, take_value(u, c.type ? c.type : take_marker(u)));
    return list;
}

static cJSON *take_object(struct ubj *u)
{
    struct container c = take_container(u);
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; c.is_counted ? i < c.count : !next_is(u, '}'); i++) {
        struct arena arena = {0};
        const char *key = take_text(u, &arena);
        cJSON_AddItemToObject(object, key, take_value(u, c.type ? c.type : take_marker(u)));
        arena_free(&arena);
    }
    return object;
}

static cJSON *take_value(struct ubj *u, uint8_t type)
{
    cJSON *value;
    struct arena arena = {0};
    if (number_bytes(type)) return cJSON_CreateNumber(take_number(u, type));
    switch (type) {
    case 'Z': return cJSON_CreateNull();
    case 'T': return cJSON_CreateTrue();
    case 'F': return cJSON_CreateFalse();
    case 'S':
        value = cJSON_CreateString(take_text(u, &arena));
        arena_free(&arena);
        return value;
    case '[':
    case '{':
        if (u->depth++ == MAX_DEPTH) fail_ubj(u, "it nests too deeply");
        value = type == '[' ? take_array(u) : take_object(u);
        u->depth--;
        return value;
    default: fail_ubj(u, "an unknown marker");
    }
}

cJSON *ubj_parse(const struct model_file *file)
{
    struct ubj u = {.file = file};
    return take_value(&u, take_marker(&u));
}
