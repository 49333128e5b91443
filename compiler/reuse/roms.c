/* Tables of the iteration, as bits of block memories' words or as logic. */
#include "compiler/estimate/estimate.h"
#include "compiler/reuse/internal.h"

#include <string.h>

enum { WORD_MOST = 60 };

/* A table read by the iteration's number; tables of one name in one loop are a group. Those that
 * are kept in block memories are one row of bits, cut into words. */
struct field {
    int group; /* -1: it stays as it is */
    int low;   /* its lowest bit in the row */
};

struct group {
    int *fields, count; /* values, in the order of the row */
    int bits;           /* of the row */
    double logic;       /* LUTs of all of it as logic */
    int memories;       /* of a word */
    int kept;           /* words that become memories, from the first on */
    int *words;         /* new values, -1: not made yet */
};

struct roms {
    const struct target *target;
    struct field *fields; /* [old op_count] */
    struct group *groups; /* [old op_count] */
    int group_count;
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
    double by_entries = index_bit_luts(luts);
    return fewer == 0 ? 0 : fewer < by_entries ? fewer : by_entries;
}

static double logic_price(const struct program *p, int value)
{
    double price = 0;
    for (int bit = 0; bit < p->ops[value].format.width_bits; bit++)
        price += bit_price(table_of(p, value), bit);
    return price;
}

static int word_width(const struct roms *roms)
{
    int most = roms->target->ram_width_max;
    return most < WORD_MOST ? most : WORD_MOST;
}

static void add_group(struct roms *roms, struct arena *arena, const struct program *old,
                      const int *values, int count)
{
    const struct target *t = roms->target;
    struct group *group = &roms->groups[roms->group_count++];
    int deep = t->ram_bits / t->ram_width_max, entries = table_of(old, values[0])->count;
    *group = (struct group){.count = count, .memories = (entries + deep - 1) / deep};
    group->fields = arena_alloc(arena, (size_t)count, sizeof *group->fields);
    memcpy(group->fields, values, (size_t)count * sizeof *values);
    for (int i = 0; i < count; i++) {
        group->bits += old->ops[values[i]].format.width_bits;
        group->logic += logic_price(old, values[i]);
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
            add_group(roms, arena, old, group, count);
        }
    }
}

/* ---- which words become memories ---- */

/* LUTs that the next word of a group saves; its memories. */
static double next_saving(const struct roms *roms, const struct group *group, int *memories)
{
    int width = word_width(roms), bits = group->bits - group->kept * width;
    if (bits > width) bits = width;
    *memories =
        group->memories * ((bits + roms->target->ram_width_max - 1) / roms->target->ram_width_max);
    return bits > 0 ? group->logic * bits / group->bits : 0;
}

/* The words that save most for a memory, as long as there are memories. */
static void keep_words(struct roms *roms, double left)
{
    for (;;) {
        struct group *best = NULL;
        double most = roms->target->ram_price_lut4;
        int taken = 0;
        for (int g = 0; g < roms->group_count; g++) {
            int memories;
            double saving = next_saving(roms, &roms->groups[g], &memories);
            if (saving <= 0 || memories > left || saving / memories <= most) continue;
            best = &roms->groups[g];
            most = saving / memories;
            taken = memories;
        }
        if (!best) return;
        best->kept++;
        left -= taken;
    }
}

/* Where the tables stand in the words that are kept; the others stay as they are. */
static void place_fields(struct roms *roms, struct arena *arena, const struct program *old)
{
    for (int g = 0; g < roms->group_count; g++) {
        struct group *group = &roms->groups[g];
        int room = group->kept * word_width(roms), low = 0;
        group->words = arena_alloc(arena, (size_t)group->kept + 1, sizeof *group->words);
        for (int i = 0; i < group->kept; i++)
            group->words[i] = -1;
        for (int i = 0; i < group->count; i++) {
            int v = group->fields[i], width = old->ops[v].format.width_bits;
            if (low + width > room) {
                group->count = i;
                break;
            }
            roms->fields[v] = (struct field){.group = g, .low = low};
            low += width;
        }
        group->bits = low;
    }
}

/* Bits [word * width, ...) of the row. */
static int make_word(struct roms *roms, struct rewrite *w, const struct group *group, int word)
{
    struct program *p = w->program;
    int first = group->fields[0], width = word_width(roms), from = word * width;
    int bits = group->bits - from < width ? group->bits - from : width;
    int count = table_of(w->old, first)->count;
    int64_t *entries = arena_alloc(&w->arena, (size_t)count, sizeof *entries);
    for (int k = 0; k < group->count; k++) {
        int v = group->fields[k], low = roms->fields[v].low - from;
        for (int bit = 0; bit < w->old->ops[v].format.width_bits; bit++) {
            if (low + bit < 0 || low + bit >= bits) continue;
            for (int i = 0; i < count; i++)
                entries[i] |= (table_of(w->old, v)->entries[i] >> bit & 1) << (low + bit);
        }
    }
    int value =
        program_add_table(p, rewrite_operand(w, &w->old->ops[first], 0),
                          table_of(w->old, first)->name, entries, format_make(false, bits, bits));
    p->tables[p->ops[value].immediate].in_block = true;
    return value;
}

/* Appends `bits` of a word; bits above its highest are 0 in all entries. */
static int add_part(struct program *p, int word, int low, int bits, int *parts, int count)
{
    int there = p->ops[word].format.width_bits - low;
    if (there > bits) there = bits;
    if (there > 0)
        parts[count++] = program_add_slice(p, word, low, format_make(false, there, there));
    for (int i = there > 0 ? there : 0; i < bits; i++)
        parts[count++] = program_add_const(p, 0, 0);
    return count;
}

static int rom_op(struct rewrite *w, int value)
{
    struct roms *roms = w->pass;
    const struct field *field = &roms->fields[value];
    const struct op *op = &w->old->ops[value];
    if (field->group < 0) return rewrite_copy(w, value);
    const struct group *group = &roms->groups[field->group];
    int width = word_width(roms), left = op->format.width_bits, low = field->low, count = 0;
    int *parts = arena_alloc(&w->arena, (size_t)left, sizeof *parts);
    while (left > 0) {
        int word = low / width, bits = width - low % width < left ? width - low % width : left;
        if (group->words[word] < 0) group->words[word] = make_word(roms, w, group, word);
        count = add_part(w->program, group->words[word], low % width, bits, parts, count);
        low += bits;
        left -= bits;
    }
    int all = count > 1 ? program_add_op(w->program, OP_CONCAT, parts, count, 0) : parts[0];
    struct format format =
        format_make(op->format.is_signed, op->format.width_bits, op->format.integer_bits);
    if (w->program->ops[all].format.width_bits < format.width_bits) { /* high bits always 0 */
        int fraction = format_fraction_bits(format);
        return fraction ? program_add_op(w->program, OP_SHIFT, &all, 1, -fraction) : all;
    }
    all = program_add_slice(w->program, all, 0, format);
    program_narrow(w->program, all, op->lo, op->hi);
    return all;
}

struct program *reuse_make_roms(const struct program *old, const struct compile_options *options)
{
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct roms roms = {.target = options->target};
    roms.fields = arena_alloc(&arena, count, sizeof *roms.fields);
    roms.groups = arena_alloc(&arena, count, sizeof *roms.groups);
    for (int v = 0; v < old->op_count; v++)
        roms.fields[v].group = -1;
    double there = options->part_rams < 0 ? old->op_count : options->part_rams;
    if (options->target->ram_bits) {
        find_groups(&roms, old, &arena);
        keep_words(&roms, there - estimate_rams(old, options->target));
        place_fields(&roms, &arena, old);
    }
    struct program *p = rewrite_loops(old, rom_op, &roms);
    arena_free(&arena);
    return p;
}
