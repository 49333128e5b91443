/* Histograms of gradients: the inner loop of growing trees. */
#include "base/error.h"
#include "trainer/trees/grower.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_CHUNK = 12288, PREFETCH = 16 };

/* ---- memory ---------------------------------------------------------------------------------- */

lane *histogram_take(struct grower *g)
{
    if (g->free_count) return g->free_list[--g->free_count];
    lane *histogram = aligned_alloc(64, (g->histogram_lanes * sizeof(lane) + 63) / 64 * 64);
    if (!histogram) fail("out of memory (histograms)");
    g->all = array_grow(g->all, &g->all_capacity, (size_t)g->all_count + 1, sizeof *g->all);
    g->all[g->all_count++] = histogram;
    return histogram;
}

void histogram_give(struct grower *g, lane *histogram)
{
    if (!histogram) return;
    g->free_list = array_grow(g->free_list, &g->free_capacity, (size_t)g->free_count + 1,
                              sizeof *g->free_list);
    g->free_list[g->free_count++] = histogram;
}

/* ---- kernels --------------------------------------------------------------------------------- */

/* One per number of lanes: for each event, its gradients are added to the bin of each feature. */
#define KERNEL(NAME, TYPE)                                                                         \
    static void NAME(const struct grower *g, const uint32_t *rows, long count, lane *histogram)    \
    {                                                                                              \
        const int features = g->bins->cuts->features, bins = g->bins->cuts->bins;                  \
        const ptrdiff_t stride = g->bins->stride;                                                  \
        const TYPE *pairs = (const TYPE *)(const void *)g->pairs;                                  \
        for (long i = 0; i < count; i++) {                                                         \
            const uint32_t row = rows[i];                                                          \
            const uint32_t next = rows[i + PREFETCH < count ? i + PREFETCH : i];                   \
            const uint8_t *codes = g->bins->codes + row * stride;                                  \
            const TYPE pair = pairs[row];                                                          \
            TYPE *bin = (TYPE *)(void *)histogram;                                                 \
            __builtin_prefetch(g->bins->codes + next * stride);                                    \
            __builtin_prefetch(&pairs[next]);                                                      \
            int f = 0;                                                                             \
            for (; f + 4 <= features; f += 4, bin += 4 * (ptrdiff_t)bins) {                        \
                bin[codes[f]] += pair;                                                             \
                bin[bins + codes[f + 1]] += pair;                                                  \
                bin[2 * (ptrdiff_t)bins + codes[f + 2]] += pair;                                   \
                bin[3 * (ptrdiff_t)bins + codes[f + 3]] += pair;                                   \
            }                                                                                      \
            for (; f < features; f++, bin += bins)                                                 \
                bin[codes[f]] += pair;                                                             \
        }                                                                                          \
    }
typedef lane lanes4 __attribute__((vector_size(16)));
typedef lane lanes8 __attribute__((vector_size(32)));
typedef lane lanes16 __attribute__((vector_size(64)));
KERNEL(add_one, uint64_t)
KERNEL(add_4, lanes4)
KERNEL(add_8, lanes8)
KERNEL(add_16, lanes16)

/* Any multiple of 16 lanes. */
static void add_many(const struct grower *g, const uint32_t *rows, long count, lane *histogram)
{
    const int features = g->bins->cuts->features, bins = g->bins->cuts->bins;
    const int vectors = g->lanes / 16;
    const lanes16 *pairs = (const lanes16 *)(const void *)g->pairs;
    for (long i = 0; i < count; i++) {
        const uint8_t *codes = g->bins->codes + (ptrdiff_t)rows[i] * g->bins->stride;
        const lanes16 *pair = pairs + (ptrdiff_t)rows[i] * vectors;
        lanes16 *feature = (lanes16 *)(void *)histogram;
        for (int f = 0; f < features; f++, feature += (ptrdiff_t)bins * vectors) {
            lanes16 *bin = feature + (ptrdiff_t)codes[f] * vectors;
            for (int v = 0; v < vectors; v++)
                bin[v] += pair[v];
        }
    }
}

static void add_rows(const struct grower *g, const uint32_t *rows, long count, lane *histogram)
{
    switch (g->lanes) {
    case 2: add_one(g, rows, count, histogram); break;
    case 4: add_4(g, rows, count, histogram); break;
    case 8: add_8(g, rows, count, histogram); break;
    case 16: add_16(g, rows, count, histogram); break;
    default: add_many(g, rows, count, histogram);
    }
}

static void add_histogram(const struct grower *g, lane *to, const lane *from)
{
    for (size_t i = 0; i < g->histogram_lanes; i++)
        to[i] += from[i];
}

void histogram_subtract(const struct grower *g, lane *parent, const lane *small)
{
    for (size_t i = 0; i < g->histogram_lanes; i++)
        parent[i] -= small[i];
}

void sum_rows(const struct grower *g, const uint32_t *rows, long count, int64_t *sum)
{
    for (int l = 0; l < g->lanes; l++)
        sum[l] = 0;
    for (long i = 0; i < count; i++) {
        const lane *pair = g->pairs + (ptrdiff_t)rows[i] * g->lanes;
        for (int l = 0; l < g->lanes; l++)
            sum[l] += pair[l];
    }
}

/* ---- work ------------------------------------------------------------------------------------ */

/* Some events of one node, added to a histogram of their own. */
struct chunk {
    const struct open_node *node;
    int begin, end;
    lane *histogram;
};

struct building {
    struct grower *grower;
    struct chunk *chunks;
    int count;
};

static void build_chunk(void *context, int item, int thread)
{
    const struct building *b = context;
    const struct chunk *chunk = &b->chunks[item];
    (void)thread;
    memset(chunk->histogram, 0, b->grower->histogram_lanes * sizeof(lane));
    add_rows(b->grower, b->grower->order + chunk->begin, chunk->end - chunk->begin,
             chunk->histogram);
}

void histograms_build(struct grower *g, struct open_node *const *nodes, int count)
{
    struct arena arena = {0};
    struct building b = {.grower = g};
    long rows = 0;
    for (int i = 0; i < count; i++)
        rows += nodes[i]->end - nodes[i]->begin;
    int threads = pool_threads(g->pool);
    /* Large nodes are divided so that no thread waits long for the last chunk. */
    long size = threads == 1 ? rows + 1 : rows / threads + 1;
    if (size < ROWS_PER_CHUNK) size = ROWS_PER_CHUNK;
    b.chunks = arena_alloc(&arena, (size_t)count + (size_t)(rows / size) + 1, sizeof *b.chunks);
    for (int i = 0; i < count; i++) {
        nodes[i]->histogram = histogram_take(g);
        for (int begin = nodes[i]->begin, end; begin == nodes[i]->begin || begin < nodes[i]->end;
             begin = end) {
            end = nodes[i]->end - begin > size ? begin + (int)size : nodes[i]->end;
            bool first = begin == nodes[i]->begin;
            b.chunks[b.count++] = (struct chunk){nodes[i], begin, end,
                                                 first ? nodes[i]->histogram : histogram_take(g)};
            if (end == begin) break;
        }
    }
    pool_run(g->pool, b.count, build_chunk, &b);
    for (int i = 0; i < b.count; i++) {
        if (b.chunks[i].histogram == b.chunks[i].node->histogram) continue;
        add_histogram(g, b.chunks[i].node->histogram, b.chunks[i].histogram);
        histogram_give(g, b.chunks[i].histogram);
    }
    arena_free(&arena);
}
