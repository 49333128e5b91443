/* Image files: the words of all loadable memories, with the identity of the design that they are
 * for and a CRC over everything. All numbers are little-endian. */
#include "compiler/load_image.h"

#include "base/error.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char magic[8] = {'s', 'l', 'u', 'i', 'c', 'e', 'l', 'd'};
enum { VERSION = 1, HEADER_BYTES = 32, RANGE_BYTES = 8, CRC_BYTES = 4 };

static void put(unsigned char **at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *(*at)++ = (unsigned char)(value >> 8 * i);
}

static uint64_t take(const unsigned char **at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t) * (*at)++ << 8 * i;
    return value;
}

static int word_bytes(const struct load_map *map)
{
    return map->data_bits > 32 ? 8 : 4;
}

static size_t file_bytes(const struct program *p, const struct load_map *map)
{
    size_t words = 0;
    for (int i = 0; i < map->count; i++)
        words += (size_t)p->memories[map->ranges[i].memory].entries;
    return HEADER_BYTES + (size_t)map->count * RANGE_BYTES + words * (size_t)word_bytes(map) +
           CRC_BYTES;
}

/* The first bytes of a program's images: magic, version, bytes of a word, ranges, identity, 0. */
static void put_header(unsigned char **at, const struct load_map *map, const char *id)
{
    memcpy(*at, magic, sizeof magic);
    *at += sizeof magic;
    put(at, VERSION, 4);
    put(at, (uint64_t)word_bytes(map), 4);
    put(at, (uint64_t)map->count, 4);
    put(at, strtoull(id, NULL, 16), 8);
    put(at, 0, 4);
}

void load_image_write(const struct program *p, const char *id, const char *path)
{
    struct arena arena = {0};
    struct load_map map = program_load_map(p, &arena);
    size_t size = file_bytes(p, &map);
    unsigned char *bytes = arena_alloc(&arena, size, 1), *at = bytes;
    put_header(&at, &map, id);
    for (int i = 0; i < map.count; i++) {
        const struct memory *m = &p->memories[map.ranges[i].memory];
        put(&at, map.ranges[i].base, 4);
        put(&at, (uint64_t)m->entries, 4);
        for (int k = 0; k < m->entries; k++)
            put(&at, load_port_word(m, m->contents[k]), word_bytes(&map));
    }
    put(&at, crc32(0, bytes, (uInt)(size - CRC_BYTES)), CRC_BYTES);
    file_write(path, bytes, size);
    arena_free(&arena);
}

/* A word as the integer that it is. */
static int64_t integer_of(const struct memory *m, uint64_t word)
{
    int width = m->format.width_bits;
    int64_t integer = (int64_t)word;
    if (m->format.is_signed && word >> (width - 1) & 1) integer -= (int64_t)1 << width;
    return integer;
}

static void read_range(struct program *p, const struct load_range *range, int bytes,
                       const unsigned char **at, const char *path)
{
    struct arena arena = {0};
    const struct memory *m = &p->memories[range->memory];
    int64_t *contents = arena_alloc(&arena, (size_t)m->entries, sizeof *contents);
    if (take(at, 4) != range->base || take(at, 4) != (uint64_t)m->entries)
        fail("%s: has other memories than the network", path);
    for (int k = 0; k < m->entries; k++) {
        uint64_t word = take(at, bytes);
        contents[k] = integer_of(m, word);
        if (word >> m->format.width_bits || contents[k] < m->lo || contents[k] > m->hi)
            fail("%s: word %d of memory %s is none that may be loaded", path, k, m->name);
    }
    program_set_contents(p, range->memory, contents);
    arena_free(&arena);
}

void load_image_read(struct program *p, const char *id, const char *path)
{
    struct arena arena = {0};
    struct load_map map = program_load_map(p, &arena);
    size_t length;
    unsigned char wanted[HEADER_BYTES], *end = wanted;
    const unsigned char *bytes = (const unsigned char *)file_read(&arena, path, &length);
    put_header(&end, &map, id);
    if (length < HEADER_BYTES + CRC_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
        fail("%s: not an image; make one with `sluice image`", path);
    const unsigned char *at = bytes + length - CRC_BYTES;
    if (take(&at, CRC_BYTES) != crc32(0, bytes, (uInt)(length - CRC_BYTES)))
        fail("%s: damaged: its CRC is wrong; make it again with `sluice image`", path);
    if (memcmp(bytes, wanted, HEADER_BYTES) != 0 || length != file_bytes(p, &map))
        fail("%s: made for another network; make it again with `sluice image`", path);
    at = bytes + HEADER_BYTES;
    for (int i = 0; i < map.count; i++)
        read_range(p, &map.ranges[i], word_bytes(&map), &at, path);
    arena_free(&arena);
}

void load_image_apply(struct program *program, const char *folder, const char *path)
{
    struct load_plan plan;
    char id[17];
    load_plan_read(&plan, folder, id);
    load_image_read(program, id, path);
    load_plan_free(&plan);
}
