/* Tables of the iteration, as bits of block memories' words or as logic. */
#include "compiler/reuse/internal.h"

#include <string.h>

/* 4-input LUTs that a block memory is worth. */
enum { MEMORY_PRICE = 8, WORD_MOST = 60 };

/* A table read by the iteration's number; tables of one name in one loop are a group. */
struct field {
    int value;     /* the table operation */
    int word, low; /* its word's first field, -1: it stays as it is; its lowest bit there */
};

struct roms {
    const struct target *target;
    struct field *fields; /* [old op_count] */
    int *words;           /* [old op_count] new value of a word, by its first field */
};

static const struct table *table_of(const struct program *p, int value)
{
    return &p->tables[p->ops[value].immediate];
}

static bool is_field(const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    return op->code == OP_TABLE && program_operand(p, op, 0)->code == OP_INDEX &&
           value_in_loop(p, value) && !table_of(p, value)->in_block;
}

/* Names of tables are told apart by "_2", "_3" ... at their ends. */
static bool same_name(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    while (length_a && strchr("_0123456789", a[length_a - 1]))
        length_a--;
    while (length_b && strchr("_0123456789", b[length_b - 1]))
        length_b--;
    return length_a == length_b && !memcmp(a, b, length_a);
}

/* LUTs of one bit as logic of the iteration: by its entries, or by the fewer of ones and zeros. */
static double bit_price(const struct table *table, int bit)
{
    int ones = 0, luts = (table->count + 15) / 16;
    for (int i = 0; i < table->count; i++)
        ones += (int)(table->entries[i] >> bit & 1);
    int fewer = ones < table->count - ones ? ones : table->count - ones;
    double by_entries = luts > 1 ? 0.8 * luts : luts;
    return fewer == 0 ? 0 : fewer < by_entries ? fewer : by_entries;
}

static double logic_price(const struct program *p, int value)
{
    double price = 0;
    for (int bit = 0; bit < p->ops[value].format.width_bits; bit++)
        price += bit_price(table_of(p, value), bit);
    return price;
}

static int memories_of(const struct roms *roms, int entries, int bits)
{
    int deep = (entries * roms->target->ram_width_max + roms->target->ram_bits - 1) /
               roms->target->ram_bits;
    return deep * ((bits + roms->target->ram_width_max - 1) / roms->target->ram_width_max);
}

/* Fits the fields of one group, in their order, into words. */
static void make_words(struct roms *roms, const struct program *old, const int *group, int count)
{
    int most = roms->target->ram_width_max < WORD_MOST ? roms->target->ram_width_max : WORD_MOST;
    int bits = 0, first = group[0], all = 0;
    double logic = 0;
    for (int i = 0; i < count; i++) {
        logic += logic_price(old, group[i]);
        all += old->ops[group[i]].format.width_bits;
    }
    int memories = memories_of(roms, table_of(old, group[0])->count, all);
    if (logic <= memories * MEMORY_PRICE) return;
    for (int i = 0; i < count; i++) {
        int width = old->ops[group[i]].format.width_bits;
        if (width > most) continue;
        if (bits + width > most) {
            first = group[i];
            bits = 0;
        }
        if (bits == 0) first = group[i];
        roms->fields[group[i]].word = first;
        roms->fields[group[i]].low = bits;
        bits += width;
    }
}

static void find_groups(struct roms *roms, const struct program *old, struct arena *arena)
{
    int *group = arena_alloc(arena, (size_t)old->op_count + 1, sizeof *group);
    bool *is_done = arena_alloc(arena, (size_t)old->op_count + 1, sizeof *is_done);
    for (int b = 0; b < old->block_count; b++) {
        const struct block *block = &old->blocks[b];
        for (int v = block->first; v < block->end; v++) {
            int count = 0;
            if (is_done[v] || !is_field(old, v)) continue;
            for (int u = v; u < block->end; u++) {
                if (!is_field(old, u) || !same_name(table_of(old, u)->name, table_of(old, v)->name))
                    continue;
                is_done[u] = true;
                group[count++] = u;
            }
            make_words(roms, old, group, count);
        }
    }
}

static int make_word(struct roms *roms, struct rewrite *w, int first)
{
    struct program *p = w->program;
    int count = table_of(w->old, first)->count, bits = 0;
    int64_t *entries = arena_alloc(&w->arena, (size_t)count, sizeof *entries);
    for (int v = first; v < w->old->op_count; v++) {
        const struct field *field = &roms->fields[v];
        if (field->word != first) continue;
        int width = w->old->ops[v].format.width_bits;
        uint64_t mask = ((uint64_t)1 << width) - 1;
        for (int i = 0; i < count; i++)
            entries[i] |=
                (int64_t)(((uint64_t)table_of(w->old, v)->entries[i] & mask) << field->low);
        bits = field->low + width;
    }
    int word =
        program_add_table(p, rewrite_operand(w, &w->old->ops[first], 0),
                          table_of(w->old, first)->name, entries, format_make(false, bits, bits));
    p->tables[p->ops[word].immediate].in_block = true;
    return word;
}

static int rom_op(struct rewrite *w, int value)
{
    struct roms *roms = w->pass;
    const struct field *field = &roms->fields[value];
    const struct op *op = &w->old->ops[value];
    if (field->word < 0) return rewrite_copy(w, value);
    if (field->word == value) roms->words[value] = make_word(roms, w, value);
    struct format format = op->format;
    int slice =
        program_add_slice(w->program, roms->words[field->word], field->low,
                          format_make(format.is_signed, format.width_bits, format.integer_bits));
    program_narrow(w->program, slice, op->lo, op->hi);
    return slice;
}

struct program *reuse_make_roms(const struct program *old, const struct target *target)
{
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct roms roms = {.target = target};
    roms.fields = arena_alloc(&arena, count, sizeof *roms.fields);
    roms.words = arena_alloc(&arena, count, sizeof *roms.words);
    for (int v = 0; v < old->op_count; v++)
        roms.fields[v].word = -1;
    if (target->ram_bits) find_groups(&roms, old, &arena);
    struct program *p = rewrite_loops(old, rom_op, &roms);
    arena_free(&arena);
    return p;
}
