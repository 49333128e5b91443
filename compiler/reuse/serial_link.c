/* From layer to layer without leaving the digits.
 *
 * A saturating quantizer needs the last digit, the sign, before it can give its first; so the
 * digits of its window wait in a memory, one word of all columns' digits for each digit, and are
 * clamped when the next layer reads them. Two bits of a column clamp all its digits, known after
 * the last: unsigned  over: some bit above the window is set digit = not negative & (over |
 * window's digit) signed    over: the bits from the window's sign up are not all alike digit = over
 * ? not negative : window's digit, and negative from the top bit on A tie (all bits below the
 * window are zero) clears the lowest bit on its way into the memory. */
#include "compiler/reuse/serial.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

enum { WORD_MOST = 60 };

/* Columns whose windows stand at the same bits. */
struct group {
    const struct serial_plan *plan;
    struct window window;
    int drop, entries;                               /* bits below the window; its digits */
    int address, enable, first, low_mask, high_mask; /* values of the iteration */
};

static int bit_and(struct serial *s, int a, int b)
{
    return program_add2(serial_program(s), OP_AND, a, b, 0);
}

static int bit_or(struct serial *s, int a, int b)
{
    return program_add2(serial_program(s), OP_OR, a, b, 0);
}

/* All bits of a digit, or one bit, inverted. */
static int bits_not(struct serial *s, int a, int width)
{
    if (serial_program(s)->ops[a].format.width_bits != width) a = serial_low_bits(s, a, width);
    return program_add_op(serial_program(s), OP_NOT, &a, 1, 0);
}

static int bit_not(struct serial *s, int a)
{
    return bits_not(s, a, 1);
}

static int is_zero(struct serial *s, int digit)
{
    return program_add2(serial_program(s), OP_EQ, digit, s->zero, 0);
}

static int bit_at(struct serial *s, int digit, int bit)
{
    return program_add_slice(serial_program(s), digit, bit, format_make(false, 1, 1));
}

/* One bit in all bits of a digit. */
static int repeated(struct serial *s, int bit)
{
    int all[FORMAT_MAX_BITS];
    for (int i = 0; i < s->bits; i++)
        all[i] = bit;
    return s->bits == 1 ? bit : program_add_op(serial_program(s), OP_CONCAT, all, s->bits, 0);
}

/* A state of one bit; its value now. */
static int flag(struct serial *s, int first)
{
    return program_add_state(serial_program(s), first, 0, 1);
}

/* Masks of the digit's bits with numbers from `from` to `to` - 1 of the stream. */
static int mask_table(struct serial *s, const char *name, int from, int to)
{
    int64_t *entries = arena_alloc(&s->r->rewrite.arena, (size_t)s->cycles, sizeof *entries);
    for (int i = 0; i < s->cycles; i++)
        for (int bit = 0; bit < s->bits; bit++)
            if (i * s->bits + bit >= from && i * s->bits + bit < to)
                entries[i] |= (int64_t)1 << bit;
    return serial_table(s, name, entries, s->bits);
}

/* When the window's digits pass: the iteration that completes digit 0. */
static int first_iteration(const struct serial *s, int drop)
{
    return drop / s->bits + (drop % s->bits > 0);
}

static void make_tables(struct serial *s, struct group *g)
{
    int begin = first_iteration(s, g->drop);
    struct arena *arena = &s->r->rewrite.arena;
    int64_t *address = arena_alloc(arena, (size_t)s->cycles, sizeof *address);
    int64_t *enable = arena_alloc(arena, (size_t)s->cycles, sizeof *enable);
    int64_t *first = arena_alloc(arena, (size_t)s->cycles, sizeof *first);
    int address_bits = format_of_interval(0, g->entries - 1, 0).width_bits;
    for (int i = 0; i < s->cycles; i++) {
        enable[i] = i >= begin && i < begin + g->entries;
        address[i] = enable[i] ? i - begin : 0;
        first[i] = i == begin;
    }
    assert(begin + g->entries <= s->cycles);
    int top = g->drop + g->window.width - g->window.is_signed;
    g->address = serial_table(s, "place", address, address_bits);
    g->enable = serial_table(s, "inside", enable, 1);
    if (g->window.ties_even) {
        g->first = serial_table(s, "first", first, 1);
        g->low_mask = mask_table(s, "below", 0, g->drop);
    }
    g->high_mask = mask_table(s, "above", top, s->cycles * s->bits);
}

/* The window's digit that this iteration completes. */
static int window_digit(struct serial *s, const struct group *g, int digit)
{
    struct program *p = serial_program(s);
    int r = g->drop % s->bits;
    if (r == 0) return digit;
    int before = serial_delay(s, digit, 0);
    int parts[2] = {program_add_slice(p, before, r, format_make(false, s->bits - r, s->bits - r)),
                    program_add_slice(p, digit, 0, format_make(false, r, r))};
    return serial_low_bits(s, program_add_op(p, OP_CONCAT, parts, 2, 0), s->bits);
}

/* The digit with a tie's lowest bit cleared. */
static int clear_tie(struct serial *s, const struct group *g, int stream, int digit)
{
    struct program *p = serial_program(s);
    int tied = flag(s, s->one);
    program_add_update(p, tied, bit_and(s, tied, is_zero(s, bit_and(s, stream, g->low_mask))));
    int stays = bit_not(s, bit_and(s, tied, g->first));
    int lowest = bit_and(s, bit_at(s, digit, 0), stays);
    if (s->bits == 1) return lowest;
    struct format rest = format_make(false, s->bits - 1, s->bits - 1);
    int parts[2] = {serial_low_bits(s, lowest, 1), program_add_slice(p, digit, 1, rest)};
    return serial_low_bits(s, program_add_op(p, OP_CONCAT, parts, 2, 0), s->bits);
}

/* Whether some of the masked bits were set, up to now. */
static int any_of(struct serial *s, int digit, int mask)
{
    int state = flag(s, s->zero);
    int now = bit_or(s, state, bit_not(s, is_zero(s, bit_and(s, digit, mask))));
    program_add_update(serial_program(s), state, now);
    return now;
}

/* What the next layer needs of column `column`, its digit for the memory in *kept. */
static struct reuse_stream *keep_window(struct serial *s, const struct group *g, int digit,
                                        int *kept)
{
    struct reuse_stream *stream = arena_alloc(&s->r->rewrite.arena, 1, sizeof *stream);
    *stream = (struct reuse_stream){.bits = s->bits, .window = g->window};
    *kept = window_digit(s, g, digit);
    if (g->window.ties_even && g->drop > 0) *kept = clear_tie(s, g, digit, *kept);
    stream->negative = bit_at(s, digit, s->bits - 1);
    stream->over = any_of(s, digit, g->high_mask);
    if (g->window.is_signed)
        stream->over =
            bit_and(s, stream->over, any_of(s, bits_not(s, digit, s->bits), g->high_mask));
    return stream;
}

/* Stores the words of some columns. */
static void store_words(struct serial *s, const struct group *g, const int *kept,
                        struct reuse_stream *const *streams, int count)
{
    struct program *p = serial_program(s);
    int word = kept[0];
    if (count > 1) word = program_add_op(p, OP_CONCAT, kept, count, 0);
    int bits = count * s->bits;
    word = serial_low_bits(s, word, bits);
    int memory = program_add_memory(p, "digits", g->entries, 0,
                                    (int64_t)(((uint64_t)1 << bits) - 1), 0, NULL);
    bool has_ram = s->r->options->target->ram_bits > 0;
    p->memories[memory].kind = has_ram && bits >= 8 ? MEMORY_BLOCK : MEMORY_DELAY;
    program_add_store(p, memory, g->address, word, g->enable);
    for (int i = 0; i < count; i++) {
        streams[i]->memory = memory;
        streams[i]->place = i * s->bits;
    }
}

static bool same_window(const struct window *a, const struct window *b)
{
    return a->low == b->low && a->width == b->width && a->is_signed == b->is_signed &&
           a->ties_even == b->ties_even;
}

void serial_keep_windows(struct serial *s, const struct serial_plan *plan, const int *digits)
{
    int columns = plan->graph->columns, most = WORD_MOST / s->bits, left = 0;
    struct arena *arena = &s->r->rewrite.arena;
    bool *is_done = arena_alloc(arena, (size_t)columns + 1, sizeof *is_done);
    int *kept = arena_alloc(arena, (size_t)most + 1, sizeof *kept);
    struct reuse_stream **streams = arena_alloc(arena, (size_t)most + 1, sizeof(void *));
    for (int first = 0; first < columns; first++) {
        if (is_done[first] || digits[first] < 0) continue;
        struct group g = {.plan = plan, .window = plan->columns[first].window};
        g.drop = g.window.low - plan->low;
        g.entries = (g.window.width + s->bits - 1) / s->bits;
        make_tables(s, &g);
        left = 0;
        for (int j = first; j < columns; j++) {
            const struct serial_column *column = &plan->columns[j];
            if (is_done[j] || digits[j] < 0 || !same_window(&column->window, &g.window)) continue;
            is_done[j] = true;
            streams[left] = keep_window(s, &g, digits[j], &kept[left]);
            s->r->streams[column->value] = streams[left++];
            if (left == most) store_words(s, &g, kept, streams, left), left = 0;
        }
        if (left) store_words(s, &g, kept, streams, left);
    }
}

/* ---- reading ---- */

/* The memory's word of this iteration, loaded once. */
static int load_word(struct serial *s, const struct reuse_stream *stream)
{
    struct program *p = serial_program(s);
    int entries = p->memories[stream->memory].entries;
    for (int v = p->blocks[p->block_count - 1].first; v < p->op_count; v++)
        if (p->ops[v].code == OP_LOAD && p->ops[v].immediate == stream->memory) return v;
    struct arena *arena = &s->r->rewrite.arena;
    int64_t *address = arena_alloc(arena, (size_t)s->cycles, sizeof *address);
    int64_t *inside = arena_alloc(arena, (size_t)s->cycles, sizeof *inside);
    for (int i = 0; i < s->cycles; i++) {
        inside[i] = i < entries;
        address[i] = inside[i] ? i : 0;
    }
    int place = serial_table(s, "digit", address, format_of_interval(0, entries - 1, 0).width_bits);
    return program_add_load_if(p, stream->memory, place, serial_table(s, "inside", inside, 1));
}

struct stream serial_read_window(struct serial *s, int value)
{
    struct program *p = serial_program(s);
    const struct reuse_stream *stream = s->r->streams[value];
    const struct window *w = &stream->window;
    int word = load_word(s, stream);
    int raw = program_add_slice(p, word, stream->place, format_make(false, s->bits, s->bits));
    int mask = mask_table(s, "window", 0, w->width - w->is_signed), digit;
    int d = s->bits, negative = repeated(s, stream->negative), over = repeated(s, stream->over);
    int keep = bits_not(s, negative, d);
    if (w->is_signed) {
        int inside = bit_or(s, bit_and(s, over, keep), bit_and(s, bits_not(s, over, d), raw));
        digit = bit_or(s, bit_and(s, inside, mask), bit_and(s, negative, bits_not(s, mask, d)));
    } else {
        digit = bit_and(s, bit_and(s, bit_or(s, raw, over), keep), mask);
    }
    return (struct stream){serial_low_bits(s, digit, s->bits), w->low};
}
