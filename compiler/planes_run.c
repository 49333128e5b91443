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

typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint8_t bytes64 __attribute__((vector_size(64)));
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte e of a vector is event e");

/* 8 x 8 matrices of bits, one in each word, row i in byte i: rows become columns (H. S. Warren,
 * Hacker's Delight). */
static inline vector transpose_bits(vector x)
{
    vector t = (x ^ x >> 7) & 0x00aa00aa00aa00aaull;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000cccc0000ccccull;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000f0f0f0f0ull;
    return x ^ t ^ t << 28;
}

/* An 8 x 8 matrix of bytes, row i in word i. */
static inline vector transpose_bytes(vector x)
{
#define COLUMN(c) c, 8 + c, 16 + c, 24 + c, 32 + c, 40 + c, 48 + c, 56 + c
    bytes64 y = __builtin_shufflevector((bytes64)x, (bytes64)x, COLUMN(0), COLUMN(1), COLUMN(2),
                                        COLUMN(3), COLUMN(4), COLUMN(5), COLUMN(6), COLUMN(7));
#undef COLUMN
    return (vector)y;
}

/* An input's integers, an event each, to its planes. */
static void load_column(const struct planes *planes, const struct plane_port *port,
                        struct row *rows, const vector column[PLANE_EVENTS / 8])
{
    for (int low = 0; low < port->width; low += 8)
        for (int word = 0; word < WORDS; word++) {
            vector eight;
            for (int i = 0; i < 8; i++) {
                bytes8 part = __builtin_convertvector(column[8 * word + i] >> low, bytes8);
                memcpy((uint8_t *)&eight + 8 * i, &part, sizeof part);
            }
            eight = transpose_bytes(transpose_bits(eight));
            for (int i = 0; i < 8 && low + i < port->width; i++)
                ((uint64_t *)&rows[planes->rows[port->first + low + i]])[word] = eight[i];
        }
}

static void store_column(const struct planes *planes, const struct plane_port *port,
                         const struct row *rows, vector column[PLANE_EVENTS / 8])
{
    const int spare = 64 - port->width;
    memset(column, 0, PLANE_EVENTS * sizeof(int64_t));
    for (int low = 0; low < port->width; low += 8)
        for (int word = 0; word < WORDS; word++) {
            vector eight = {0};
            for (int i = 0; i < 8 && low + i < port->width; i++)
                eight[i] = ((const uint64_t *)&rows[planes->rows[port->first + low + i]])[word];
            eight = transpose_bits(transpose_bytes(eight));
            for (int i = 0; i < 8; i++) {
                bytes8 part;
                memcpy(&part, (uint8_t *)&eight + 8 * i, sizeof part);
                column[8 * word + i] |= __builtin_convertvector(part, vector) << low;
            }
        }
    typedef int64_t signed_vector __attribute__((vector_size(64)));
    for (int i = 0; i < PLANE_EVENTS / 8 && port->is_signed; i++)
        column[i] = (vector)((signed_vector)(column[i] << spare) >> spare);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Column k of `count` rows as stored integers; the rest of it is arbitrary. */
static void fetch_integers(const struct planes *planes, const struct plane_events *x, long first,
                           int count, int k, int64_t *column)
{
    const struct program *p = planes->program;
    const long stride = p->input_count, at = first * stride + k;
    double raw[PLANE_EVENTS];
    if (x->integers) {
        for (int e = 0; e < count; e++)
            column[e] = x->integers[at + e * stride];
        return;
    }
    for (int e = 0; e < count; e++)
        raw[e] = x->floats ? (double)x->floats[at + e * stride] : x->doubles[at + e * stride];
    program_quantize_column(p, k, raw, count);
    for (int e = 0; e < count; e++)
        column[e] = (int64_t)raw[e];
}

static void run_events(const struct planes *planes, struct row *rows, const struct plane_events *x,
                       long first, int count, int64_t *outputs)
{
    const struct program *p = planes->program;
    vector column[PLANE_EVENTS / 8] = {{0}};
    int64_t *integers = (int64_t *)(void *)column;
    for (int k = 0; k < p->input_count; k++) {
        fetch_integers(planes, x, first, count, k, integers);
        load_column(planes, &planes->inputs[k], rows, column);
    }
    run_gates(planes, rows);
    for (int k = 0; k < p->output_count; k++) {
        store_column(planes, &planes->outputs[k], rows, column);
        for (int e = 0; e < count; e++)
            outputs[(first + e) * p->output_count + k] = integers[e];
    }
}

void planes_eval(const struct planes *planes, struct plane_events x, long events, int64_t *outputs)
{
    struct row *rows = aligned_alloc(64, (size_t)planes->row_count * sizeof *rows);
    if (!rows) fail("out of memory");
    memset(&rows[0], 0, sizeof rows[0]);
    memset(&rows[1], 255, sizeof rows[1]);
    for (long first = 0; first < events; first += PLANE_EVENTS) {
        long left = events - first;
        run_events(planes, rows, &x, first, left < PLANE_EVENTS ? (int)left : PLANE_EVENTS,
                   outputs);
    }
    free(rows);
}
