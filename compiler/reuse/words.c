#include "compiler/reuse/words.h"

#include "compiler/lower/lower.h"

#include <string.h>

/* A word has to go through a 32-bit register bus, and should fit the widest word of a memory. */
enum { WORD_BITS = 32 };

static struct format format_of(const struct word_field *field)
{
    return format_of_interval(field->lo, field->hi, 0);
}

/* How many fields from `first` on fit a word. */
static int fill_word(const struct reuse *r, const struct word_field *fields, int first, int count)
{
    int most = r->options->target->ram_width_max, bits = 0, end = first;
    if (most < 1 || most > WORD_BITS) most = WORD_BITS;
    while (end < count && (end == first || bits + format_of(&fields[end]).width_bits <= most))
        bits += format_of(&fields[end++]).width_bits;
    return end - first;
}

static void note_layout(const struct reuse *r, const struct reuse_layer *layer, const char *memory,
                        const struct word_field *fields, int count, int words)
{
    struct load_plan *plan = r->load;
    if (!plan) return;
    plan->layouts = array_grow(plan->layouts, &plan->layout_capacity,
                               (size_t)plan->layout_count + 1, sizeof *plan->layouts);
    struct load_layout *layout = &plan->layouts[plan->layout_count++];
    *layout = (struct load_layout){.memory = arena_strdup(&plan->arena, memory),
                                   .layer = arena_strdup(&plan->arena, layer->name),
                                   .words = words,
                                   .fields = count};
    layout->low = arena_alloc(&plan->arena, (size_t)count, sizeof *layout->low);
    layout->cells = arena_alloc(&plan->arena, (size_t)words * (size_t)count, sizeof *layout->cells);
    for (int k = 0, low = 0; k < count; low += format_of(&fields[k++]).width_bits) {
        layout->low[k] = low;
        for (int i = 0; i < words; i++)
            layout->cells[i * count + k] = fields[k].cells[i];
    }
}

/* Fields [0, count) as one memory. */
static void add_word(struct reuse *r, const struct reuse_layer *layer, const char *name,
                     const struct word_field *fields, int count, int fraction, int *values)
{
    struct program *p = r->rewrite.program;
    int trip = reuse_trip(r), bits = 0;
    int64_t *contents = arena_alloc(&r->rewrite.arena, (size_t)trip, sizeof *contents);
    for (int k = 0; k < count; k++) {
        int width = format_of(&fields[k]).width_bits;
        uint64_t mask = ((uint64_t)1 << width) - 1;
        for (int i = 0; i < trip; i++)
            contents[i] |= (int64_t)(((uint64_t)fields[k].integers[i] & mask) << bits);
        bits += width;
    }
    int64_t lo = 0, hi = (int64_t)(((uint64_t)1 << bits) - 1);
    if (count == 1) {
        memcpy(contents, fields[0].integers, (size_t)trip * sizeof *contents);
        lo = fields[0].lo;
        hi = fields[0].hi;
    }
    int memory = program_add_memory(p, name, trip, lo, hi, count == 1 ? fraction : 0, contents);
    p->memories[memory].kind = lowering_memory_kind(r->options->target, trip, bits);
    note_layout(r, layer, p->memories[memory].name, fields, count, trip);
    int place = trip > 1 ? reuse_index(r) : program_add_const(p, 0, 0);
    int word = program_add_load(p, memory, place);
    if (count == 1) {
        values[0] = word;
        return;
    }
    for (int k = 0, low = 0; k < count; low += format_of(&fields[k++]).width_bits) {
        struct format format = format_of(&fields[k]);
        format.integer_bits -= fraction;
        values[k] = program_add_slice(p, word, low, format);
    }
}

void words_add(struct reuse *r, const struct reuse_layer *layer, const char *name,
               const struct word_field *fields, int count, int fraction, int *values)
{
    for (int first = 0; first < count;) {
        int some = fill_word(r, fields, first, count);
        add_word(r, layer, name, fields + first, some, fraction, values + first);
        first += some;
    }
}
