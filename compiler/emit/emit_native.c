/* Chunks, frames and the text around the operations: see emit_native.h. */
#include "compiler/emit/emit_native.h"

#include "base/error.h"
#include "compiler/emit/emit_c.h"

#include <stdlib.h>

enum {
    CHUNK_COST = 400, /* operations of a function */
    PART_COST = 1200, /* above, two sources: compiling takes longer than starting the compiler */
    LARGE_COST = 30000,
    FRAME_BYTES = 16384
};

struct planner {
    struct native_printer n;
    const bool *live;
    int *cost; /* of each op: instructions, roughly; 0: nothing is printed */
    int chunks;
    int slots[3]; /* of 16, 32 and 64 bits in a frame */
    int groups;   /* vectors of events that a chunk runs over at a time */
};

static void *allocate(size_t count)
{
    void *memory = calloc(count + 1, sizeof(int));
    if (!memory) fail("out of memory");
    return memory;
}

static int lane_index(int bits)
{
    return bits == 16 ? 0 : bits == 32 ? 1 : 2;
}

/* The op whose operands an op's statement reads. */
static const struct op *reader_of(const struct program *p, const struct op *op)
{
    return op->code == OP_RESULT ? program_operand(p, op, 0) : op;
}

/* Of an op's result and operands: about where it is computed. */
static int widest_lane(const struct program *p, const struct op *op)
{
    const struct op *reader = reader_of(p, op);
    int lane = native_lane(op->lo, op->hi);
    for (int i = 0; i < reader->operand_count; i++) {
        const struct op *a = program_operand(p, reader, i);
        int bits = native_lane(a->lo, a->hi);
        if (bits > lane) lane = bits;
    }
    return lane;
}

static void plan_values(struct planner *w)
{
    const struct program *p = w->n.program;
    int count[3] = {0}, total = 0;
    for (int value = 0; value < p->op_count; value++) {
        const struct op *op = &p->ops[value];
        w->n.root[value] = op->code == OP_SHIFT ? w->n.root[p->operands[op->operands]] : value;
        w->n.lane[value] = native_lane(op->lo, op->hi);
        w->n.slot[value] = -1;
        bool printed = w->live[value] && op->code != OP_INPUT && op->code != OP_CONST &&
                       op->code != OP_SHIFT && op->code != OP_MATVEC;
        if (!printed) continue;
        w->cost[value] = op->code == OP_RESULT ? 1 + reader_of(p, op)->operand_count : 1;
        count[lane_index(widest_lane(p, op))] += w->cost[value];
        total += w->cost[value];
    }
    w->n.base = 2 * count[0] >= total ? 16 : 2 * (count[0] + count[1]) >= total ? 32 : 64;
    w->n.in_bits = w->n.out_bits = 16;
    for (int i = 0; i < p->input_count; i++)
        if (w->n.lane[p->inputs[i].value] > w->n.in_bits)
            w->n.in_bits = w->n.lane[p->inputs[i].value];
    for (int i = 0; i < p->output_count; i++)
        if (w->n.lane[p->outputs[i].value] > w->n.out_bits)
            w->n.out_bits = w->n.lane[p->outputs[i].value];
}

static void plan_chunks(struct planner *w)
{
    const struct program *p = w->n.program;
    int chunk = 0, filled = 0;
    for (int value = 0; value < p->op_count; value++) {
        if (filled >= CHUNK_COST) chunk++, filled = 0;
        w->n.chunk[value] = chunk;
        filled += w->cost[value];
    }
    w->chunks = chunk + 1;
}

/* Frame slots for values that other chunks read; a slot is free again in the chunk after the last
 * one that reads it. */
static void plan_slots(struct planner *w)
{
    const struct program *p = w->n.program;
    int *last = allocate((size_t)p->op_count), *freed[3], free_count[3] = {0};
    for (int lane = 0; lane < 3; lane++)
        freed[lane] = allocate((size_t)p->op_count);
    for (int value = 0; value < p->op_count; value++) {
        if (!w->cost[value]) continue;
        const struct op *reader = reader_of(p, &p->ops[value]);
        for (int i = 0; i < reader->operand_count; i++)
            last[w->n.root[p->operands[reader->operands + i]]] = w->n.chunk[value];
    }
    int done = 0; /* values before it have got their slots */
    for (int chunk = 0; chunk < w->chunks; chunk++) {
        for (; done < p->op_count && w->n.chunk[done] == chunk; done++) {
            int lane = lane_index(w->n.lane[done]);
            if (!w->cost[done] || last[done] <= chunk) continue;
            w->n.slot[done] = free_count[lane] ? freed[lane][--free_count[lane]] : w->slots[lane]++;
        }
        for (int value = 0; value < done; value++) {
            int lane = lane_index(w->n.lane[value]);
            if (w->n.slot[value] >= 0 && last[value] == chunk)
                freed[lane][free_count[lane]++] = w->n.slot[value];
        }
    }
    for (int lane = 0; lane < 3; lane++)
        free(freed[lane]);
    free(last);
}

/* As many as leave their frames in half of a first-level cache of 32 KiB, on the widest machine;
 * many where the code is too large for the second-level cache, so that it is fetched less often. */
static int choose_groups(const struct planner *w, long cost)
{
    long bytes = 1;
    for (int lane = 0; lane < 3; lane++)
        bytes += (long)w->slots[lane] * 64 * (16 << lane) / w->n.base;
    long groups = cost > LARGE_COST ? NATIVE_GROUPS : FRAME_BYTES / bytes;
    return groups < 1 ? 1 : groups > NATIVE_GROUPS ? NATIVE_GROUPS : (int)groups;
}

static void add_prelude(const struct planner *w, struct text *text)
{
    const struct native_printer *n = &w->n;
    text_add(text, "#include <stdint.h>\n"
                   "#if defined __AVX512BW__\n#define BYTES 64\n"
                   "#elif defined __AVX2__\n#define BYTES 32\n"
                   "#else\n#define BYTES 16\n#endif\n");
    text_add(text, "enum { E = BYTES * 8 / %d, G = %d };\n", n->base, w->groups);
    for (int bits = 16; bits <= 64; bits *= 2)
        text_add(text,
                 "typedef int%d_t l%d __attribute__((vector_size(E * %d)));\n"
                 "#define K%d(n) ((l%d){0} + (int%d_t)(n))\n"
                 "#define TO%d(a) __builtin_convertvector(a, l%d)\n",
                 bits, bits, bits / 8, bits, bits, bits, bits, bits);
    text_add(text, "#define CHOOSE(v, m, a, b) ({ const v m_ = m; (m_ & (a)) | (~m_ & (b)); })\n"
                   "#define SAME(v, top, a, b) ({ const v d_ = (a) ^ (b); ~((d_ | -d_) >> top); "
                   "})\n#define EXPORT __attribute__((visibility(\"default\")))\n");
    text_add(text, "typedef int%d_t lane_in;\ntypedef int%d_t lane_out;\n", n->in_bits,
             n->out_bits);
    text_add(text, "#define IN(i) (*(const l%d *)(in + (i) * stride))\n", n->in_bits);
    text_add(text, "#define OUT(i) (*(l%d *)(out + (i) * stride))\n", n->out_bits);
    text_add(text, "struct frame {\n");
    for (int lane = 0; lane < 3; lane++)
        text_add(text, "    l%d s%d[%d];\n", 16 << lane, 16 << lane, w->slots[lane] + 1);
    text_add(text, "};\n");
    for (int chunk = 0; chunk < w->chunks; chunk++)
        text_add(text,
                 "void chunk_%d(struct frame *f, const lane_in *in, lane_out *out, long stride, "
                 "long groups);\n",
                 chunk);
}

/* Outputs leave where they are computed; those that are inputs or constants in chunk 0. */
static void add_outputs(struct planner *w, int value)
{
    const struct program *p = w->n.program;
    for (int i = 0; i < p->output_count; i++)
        if (w->n.root[p->outputs[i].value] == value)
            text_add(w->n.text, "    OUT(%d) = %s;\n", i,
                     native_value(&w->n, value, w->n.out_bits));
}

static void add_chunk(struct planner *w, int chunk)
{
    const struct program *p = w->n.program;
    w->n.here = chunk;
    text_add(w->n.text,
             "\nvoid chunk_%d(struct frame *f, const lane_in *in, lane_out *out, long stride, "
             "long groups)\n{\n"
             "    for (; groups > 0; groups--, f++, in += E, out += E) {\n",
             chunk);
    for (int value = 0; value < p->op_count; value++) {
        const struct op *op = &p->ops[value];
        bool leaf = op->code == OP_INPUT || op->code == OP_CONST;
        if (w->cost[value] && w->n.chunk[value] == chunk) {
            native_print_op(&w->n, value);
            add_outputs(w, value);
        } else if (leaf && chunk == 0) {
            add_outputs(w, value);
        }
    }
    text_add(w->n.text, "    }\n}\n");
}

static void add_entry(const struct planner *w, struct text *text)
{
    text_add(text,
             "\nEXPORT const int sluice_native_shape[4] = {E, %d, %d, G * (int)sizeof(struct "
             "frame)};\n",
             w->n.in_bits, w->n.out_bits);
    text_add(text, "EXPORT void sluice_native_eval(void *frames, const void *in, void *out, long "
                   "stride, long groups)\n{\n"
                   "    const lane_in *from = in;\n    lane_out *to = out;\n");
    text_add(text,
             "    for (long left = groups; left > 0; left -= G, from += G * E, to += G * E) {\n"
             "        const long now = left < G ? left : G;\n");
    for (int chunk = 0; chunk < w->chunks; chunk++)
        text_add(text, "        chunk_%d(frames, from, to, stride, now);\n", chunk);
    text_add(text, "    }\n}\n");
}

/* Chunks first .. end - 1 with the tables they read. */
static void print_part(struct planner *w, struct text *text, int first, int end)
{
    const struct program *p = w->n.program;
    bool *marked = allocate((size_t)p->op_count);
    for (int value = 0; value < p->op_count; value++)
        marked[value] = w->cost[value] && w->n.chunk[value] >= first && w->n.chunk[value] < end;
    w->n.text = text;
    add_prelude(w, text);
    c_print_tables(text, p, marked);
    for (int chunk = first; chunk < end; chunk++)
        add_chunk(w, chunk);
    if (first == 0) add_entry(w, text);
    free(marked);
}

void emit_native(const struct program *p, struct native_source *source)
{
    size_t ops = (size_t)p->op_count;
    bool *live = c_find_live(p);
    struct planner w = {.n = {.program = p}, .live = live, .cost = allocate(ops)};
    int **arrays[] = {&w.n.root, &w.n.lane, &w.n.chunk, &w.n.slot};
    for (int i = 0; i < 4; i++)
        *arrays[i] = allocate(ops);
    plan_values(&w);
    plan_chunks(&w);
    plan_slots(&w);
    long cost = 0;
    for (int value = 0; value < p->op_count; value++)
        cost += w.cost[value];
    w.groups = choose_groups(&w, cost);
    *source = (struct native_source){.parts = cost > PART_COST ? NATIVE_PARTS : 1};
    for (int part = 0; part < source->parts; part++)
        print_part(&w, &source->part[part], part * w.chunks / source->parts,
                   (part + 1) * w.chunks / source->parts);
    for (int i = 0; i < 4; i++)
        free(*arrays[i]);
    free(w.cost);
    free(live);
    arena_free(&w.n.arena);
}
