/* Events through the gates: integers to planes, gates, planes to integers. See planes.h. */
#include "base/error.h"
#include "compiler/planes_plan.h"

#include <stdlib.h>
#include <string.h>

/* 512 events; the compiler makes of it what the machine has. */
typedef uint64_t vector __attribute__((vector_size(64)));

enum { VECTORS = PLANE_EVENTS / 512, WORDS = PLANE_EVENTS / 64 };

struct row {
    vector v[VECTORS];
};

/* ---- gates ----------------------------------------------------------------------------------- */

static inline vector all(unsigned bit)
{
    return (vector){0} - (uint64_t)(bit & 1);
}

static inline void run_and(struct row *rows, const struct gate *g, int count)
{
    for (int k = 0; k < VECTORS; k++) {
        vector result = rows[g->in[0]].v[k] ^ all(g->inverted);
        for (int i = 1; i < count; i++)
            result &= rows[g->in[i]].v[k] ^ all(g->inverted >> i);
        rows[g->to].v[k] = result ^ all(g->flips);
    }
}

static inline void run_xor(struct row *rows, const struct gate *g, int count)
{
    for (int k = 0; k < VECTORS; k++) {
        vector result = all(g->flips);
        for (int i = 0; i < count; i++)
            result ^= rows[g->in[i]].v[k];
        rows[g->to].v[k] = result;
    }
}

/* Multiplexers over the first input, its inverse and constants. */
static inline void run_table(struct row *rows, const struct gate *g, int count)
{
    for (int k = 0; k < VECTORS; k++) {
        vector part[8], x = rows[g->in[0]].v[k];
        for (int i = 0; i < 1 << (count - 1); i++) {
            unsigned two = g->table >> 2 * i;
            part[i] = (x & all(two ^ two >> 1)) ^ all(two);
        }
        for (int level = 1; level < count; level++) {
            vector choice = rows[g->in[level]].v[k];
            for (int i = 0; i < 1 << (count - 1 - level); i++)
                part[i] = part[2 * i] ^ ((part[2 * i] ^ part[2 * i + 1]) & choice);
        }
        rows[g->to].v[k] = part[0];
    }
}

static void run_gates(const struct planes *planes, struct row *rows)
{
    const struct gate *end = planes->gates + planes->gate_count;
    for (const struct gate *g = planes->gates; g < end; g++)
        switch (g->kind * GATE_INPUTS + g->count) {
        case GATE_AND *GATE_INPUTS + 1:
        case GATE_XOR *GATE_INPUTS + 1: run_xor(rows, g, 1); break;
        case GATE_AND *GATE_INPUTS + 2: run_and(rows, g, 2); break;
        case GATE_AND *GATE_INPUTS + 3: run_and(rows, g, 3); break;
        case GATE_AND *GATE_INPUTS + 4: run_and(rows, g, 4); break;
        case GATE_XOR *GATE_INPUTS + 2: run_xor(rows, g, 2); break;
        case GATE_XOR *GATE_INPUTS + 3: run_xor(rows, g, 3); break;
        case GATE_XOR *GATE_INPUTS + 4: run_xor(rows, g, 4); break;
        case GATE_TABLE *GATE_INPUTS + 3: run_table(rows, g, 3); break;
        default: run_table(rows, g, 4); break;
        }
}

/* ---- between integers and planes ------------------------------------------------------------- */

/* An 8 x 8 matrix of bits, row i in byte i: rows become columns (H. S. Warren, Hacker's Delight).
 */
static inline uint64_t transpose8(uint64_t x)
{
    uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aaull;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000cccc0000ccccull;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000f0f0f0f0ull;
    return x ^ t ^ t << 28;
}

/* 64 rows of 8 bits, byte e % 8 of rows[e / 8], to 8 words, and back. */
static inline void columns_of(uint64_t rows[8], uint64_t words[8])
{
    for (int i = 0; i < 8; i++)
        rows[i] = transpose8(rows[i]);
    for (int bit = 0; bit < 8; bit++) {
        words[bit] = 0;
        for (int i = 0; i < 8; i++)
            words[bit] |= (rows[i] >> 8 * bit & 255) << 8 * i;
    }
}

static inline void rows_of(const uint64_t words[8], uint64_t rows[8])
{
    for (int i = 0; i < 8; i++) {
        rows[i] = 0;
        for (int bit = 0; bit < 8; bit++)
            rows[i] |= (words[bit] >> 8 * i & 255) << 8 * bit;
        rows[i] = transpose8(rows[i]);
    }
}

/* Word `word` of an input's planes: up to 64 integers, `stride` apart. */
static void load_word(const struct planes *planes, const struct plane_port *port, struct row *rows,
                      int word, const int64_t *integers, long stride, int count)
{
    for (int low = 0; low < port->width; low += 8) {
        uint64_t eight[8] = {0}, words[8];
        for (int e = 0; e < count; e++)
            eight[e / 8] |= ((uint64_t)integers[e * stride] >> low & 255) << e % 8 * 8;
        columns_of(eight, words);
        for (int i = 0; i < 8 && low + i < port->width; i++)
            ((uint64_t *)&rows[planes->rows[port->first + low + i]])[word] = words[i];
    }
}

static void load_inputs(const struct planes *planes, struct row *rows, const int64_t *inputs,
                        int count)
{
    const int stride = planes->program->input_count;
    for (int first = 0; first < count; first += 64) {
        int there = count - first < 64 ? count - first : 64;
        for (int k = 0; k < stride; k++)
            load_word(planes, &planes->inputs[k], rows, first / 64,
                      inputs + (long)first * stride + k, stride, there);
    }
}

static void store_word(const struct planes *planes, const struct plane_port *port,
                       const struct row *rows, int word, int64_t *integers, long stride, int count)
{
    uint64_t values[64] = {0};
    for (int low = 0; low < port->width; low += 8) {
        uint64_t words[8] = {0}, eight[8];
        for (int i = 0; i < 8 && low + i < port->width; i++)
            words[i] = ((const uint64_t *)&rows[planes->rows[port->first + low + i]])[word];
        rows_of(words, eight);
        for (int e = 0; e < 64; e++)
            values[e] |= (eight[e / 8] >> e % 8 * 8 & 255) << low;
    }
    int spare = port->is_signed ? 64 - port->width : 0;
    for (int e = 0; e < count; e++)
        integers[e * stride] = (int64_t)(values[e] << spare) >> spare;
}

static void store_outputs(const struct planes *planes, const struct row *rows, int64_t *outputs,
                          int count)
{
    const int stride = planes->program->output_count;
    for (int first = 0; first < count; first += 64) {
        int there = count - first < 64 ? count - first : 64;
        for (int k = 0; k < stride; k++)
            store_word(planes, &planes->outputs[k], rows, first / 64,
                       outputs + (long)first * stride + k, stride, there);
    }
}

void planes_eval(const struct planes *planes, const int64_t *inputs, long events, int64_t *outputs)
{
    struct row *rows = aligned_alloc(64, (size_t)planes->row_count * sizeof *rows);
    if (!rows) fail("out of memory");
    memset(&rows[0], 0, sizeof rows[0]);
    memset(&rows[1], 255, sizeof rows[1]);
    for (long first = 0; first < events; first += PLANE_EVENTS) {
        int count = events - first < PLANE_EVENTS ? (int)(events - first) : PLANE_EVENTS;
        load_inputs(planes, rows, inputs + first * planes->program->input_count, count);
        run_gates(planes, rows);
        store_outputs(planes, rows, outputs + first * planes->program->output_count, count);
    }
    free(rows);
}
