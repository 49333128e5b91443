/* Loadable memories: where their entries are addressed, and exchanging what they hold. */
#include "compiler/program/internal.h"

#include <assert.h>
#include <string.h>

bool program_has_loadables(const struct program *p)
{
    for (int m = 0; m < p->memory_count; m++)
        if (p->memories[m].contents) return true;
    return false;
}

int memory_words(const struct memory *memory)
{
    return memory->contents ? 2 * memory->entries : memory->slots;
}

int load_read_stage(const struct program *p, const struct op *load)
{
    return load->stage - op_read_cycles(p, load);
}

static uint32_t next_power(uint32_t n)
{
    uint32_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

struct load_map program_load_map(const struct program *p, struct arena *arena)
{
    struct load_map map = {.address_bits = 1, .data_bits = 1};
    uint32_t end = 0;
    map.ranges = arena_alloc(arena, (size_t)p->memory_count + 1, sizeof *map.ranges);
    for (int m = 0; m < p->memory_count; m++) {
        const struct memory *memory = &p->memories[m];
        if (!memory->contents) continue;
        uint32_t size = next_power((uint32_t)memory->entries);
        uint32_t base = (end + size - 1) / size * size;
        map.ranges[map.count++] = (struct load_range){m, base};
        if (memory->format.width_bits > map.data_bits) map.data_bits = memory->format.width_bits;
        end = base + size;
    }
    while (end > (uint32_t)1 << map.address_bits)
        map.address_bits++;
    return map;
}

uint64_t load_port_word(const struct memory *memory, int64_t integer)
{
    return (uint64_t)integer & (((uint64_t)1 << memory->format.width_bits) - 1);
}

void program_set_contents(struct program *p, int memory, const int64_t *contents)
{
    struct memory *m = &p->memories[memory];
    assert(m->contents);
    for (int i = 0; i < m->entries; i++)
        assert(contents[i] >= m->lo && contents[i] <= m->hi);
    memcpy(m->contents, contents, (size_t)m->entries * sizeof *contents);
}
