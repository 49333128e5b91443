/* IDX, the format of MNIST: two zero bytes, a type byte, the number of dimensions, then each
 * dimension as a big-endian 32-bit number, then the elements, big-endian. */
#include "data/container.h"

#include <stdint.h>

static uint32_t read_big32(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static const char *parse(struct arena *arena, struct array *array, const unsigned char *bytes,
                         size_t length)
{
    static const struct {
        enum array_type type;
        unsigned char code, bytes;
    } table[] = {{ARRAY_U1, 0x08, 1}, {ARRAY_I1, 0x09, 1}, {ARRAY_I2, 0x0b, 2},
                 {ARRAY_I4, 0x0c, 4}, {ARRAY_F4, 0x0d, 4}, {ARRAY_F8, 0x0e, 8}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (bytes[2] == table[i].code) {
            array->type = table[i].type;
            array->item_bytes = table[i].bytes;
        }
    array->swapped = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    array->dims = bytes[3];
    if (array->dims == 0 || array->dims > ARRAY_MAX_DIMS) return "its IDX head is malformed";
    size_t head = 4 + 4 * (size_t)array->dims;
    if (length < head) return "it is truncated within its IDX head";
    for (int d = 0; d < array->dims; d++)
        array->shape[d] = read_big32(bytes + 4 + 4 * d);
    if (!array_set_count(array)) return "its shape is too large to be true";
    size_t wanted = array->count * array->item_bytes, there = length - head;
    array->bytes = bytes + head;
    if (there == wanted) return NULL;
    return arena_printf(arena, "%s: %zu bytes wanted, %zu there",
                        there < wanted ? "it is truncated" : "data beyond its end", wanted, there);
}

void idx_list(struct container *container)
{
    struct array *array = arena_alloc(container->arena, 1, sizeof *array);
    array->path = container->path;
    array->problem = parse(container->arena, array, (const unsigned char *)container->content,
                           container->length);
    container->arrays = array;
    container->count = 1;
}
