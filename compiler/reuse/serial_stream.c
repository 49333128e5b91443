/* Streams of digits as operations of a loop: delays, shifts, tables. */
#include "compiler/reuse/serial.h"

#include <string.h>

struct program *serial_program(const struct serial *s)
{
    return s->r->rewrite.program;
}

static struct format bits_format(int width)
{
    return format_make(false, width, width);
}

int serial_low_bits(const struct serial *s, int value, int width)
{
    struct format format = bits_format(width);
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return program_add_quantize(serial_program(s), value, format);
}

int serial_index(struct serial *s)
{
    if (s->index < 0) s->index = program_add_index(serial_program(s));
    return s->index;
}

int serial_table(struct serial *s, const char *name, const int64_t *entries, int bits)
{
    size_t bytes = (size_t)s->cycles * sizeof *entries;
    for (int i = 0; i < s->table_count; i++)
        if (s->tables[i].bits == bits && !memcmp(s->tables[i].entries, entries, bytes))
            return s->tables[i].value;
    struct arena *arena = &s->r->rewrite.arena;
    int value =
        program_add_table(serial_program(s), serial_index(s), name, entries, bits_format(bits));
    value = serial_low_bits(s, value, bits);
    int64_t *kept = arena_alloc(arena, (size_t)s->cycles, sizeof *kept);
    memcpy(kept, entries, bytes);
    s->tables =
        array_grow(s->tables, &s->table_capacity, (size_t)s->table_count + 1, sizeof *s->tables);
    s->tables[s->table_count++] = (struct digit_table){kept, bits, value};
    return value;
}

int serial_delay(struct serial *s, int digit, int64_t first)
{
    struct program *p = serial_program(s);
    for (int i = 0; i < s->delay_count; i++)
        if (s->delays[i].digit == digit && s->delays[i].first == first) return s->delays[i].delayed;
    int state = program_add_state(p, first ? program_add_const(p, first, 0) : s->zero, 0,
                                  ((int64_t)1 << s->bits) - 1);
    program_add_update(p, state, digit);
    s->delays =
        array_grow(s->delays, &s->delay_capacity, (size_t)s->delay_count + 1, sizeof *s->delays);
    s->delays[s->delay_count++] = (struct delay){digit, state, first};
    return state;
}

/* What register number `m` (from 1) of a chain starts with, so that the bits of `fill` come before
 * the stream: with shift = q d + r, bit t = i d + o of what comes is bit d - r + o of register
 * q + 1 - i if o < r, else bit o - r of register q - i. */
static int64_t first_of(const struct serial *s, int m, int shift, int64_t fill)
{
    int64_t first = 0;
    int q = shift / s->bits, r = shift % s->bits;
    for (int t = 0; t < shift; t++) {
        int i = t / s->bits, o = t % s->bits;
        bool upper = o < r;
        if ((upper ? q + 1 - i : q - i) != m || !(fill >> t & 1)) continue;
        first |= (int64_t)1 << (upper ? s->bits - r + o : o - r);
    }
    return first;
}

int serial_shift(struct serial *s, int digit, int shift, int64_t fill)
{
    struct program *p = serial_program(s);
    int register_number = 0, all = shift;
    for (; shift >= s->bits; shift -= s->bits) {
        register_number++;
        digit = serial_delay(s, digit, first_of(s, register_number, all, fill));
    }
    if (shift == 0) return digit;
    int before = serial_delay(s, digit, first_of(s, register_number + 1, all, fill));
    int parts[2] = {program_add_slice(p, before, s->bits - shift, bits_format(shift)),
                    program_add_slice(p, digit, 0, bits_format(s->bits - shift))};
    return serial_low_bits(s, program_add_op(p, OP_CONCAT, parts, 2, 0), s->bits);
}
