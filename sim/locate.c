/* Finding the first wrong value: see locate.h. */
#include "sim/locate.h"

#include "compiler/emit/emit.h"
#include "sim/vcd.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* W bits as the format's integer. */
static int64_t integer_of(struct format format, uint64_t bits)
{
    int width = format.width_bits;
    uint64_t mask = (UINT64_C(1) << width) - 1;
    bits &= mask;
    if (format.is_signed && bits >> (width - 1)) bits |= ~mask;
    return (int64_t)bits;
}

/* Output number of an element of its layer, from its name LAYER_k; -1 for values that stay within.
 */
static int element_of(const char *path)
{
    const char *name = strrchr(path, '.');
    name = name ? name + 1 : path;
    bool inside = name[0] == 'n' && name[1] >= '0' && name[1] <= '9';
    if (inside || strncmp(name, "in_", 3) == 0) return -1;
    const char *stop = strrchr(name, '_'); /* of "_q3", "_h1" */
    if (!stop || (stop[1] != 'q' && stop[1] != 'h') || stop[2] < '0' || stop[2] > '9')
        stop = name + strlen(name);
    const char *digits = stop;
    while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    return digits < stop ? (int)strtol(digits, NULL, 10) : -1;
}

static void note(const struct program *p, const struct emit_signal *signal, int64_t expected,
                 int64_t got, struct verify_mismatch *mismatch)
{
    const struct block *block = &p->blocks[program_block_of(p, signal->value)];
    snprintf(mismatch->layer, sizeof mismatch->layer, "%s", block->name);
    snprintf(mismatch->signal, sizeof mismatch->signal, "%s", signal->path);
    mismatch->element = element_of(signal->path);
    mismatch->expected = expected;
    mismatch->got = got;
}

void locate_mismatch(const struct program *program, const char *waveform, const int64_t *inputs,
                     struct verify_mismatch *mismatch)
{
    struct arena arena = {0};
    struct emit_signal *signals;
    int count = emit_signals(program, &arena, &signals);
    int64_t *values = arena_alloc(&arena, (size_t)program->op_count, sizeof *values);
    struct vcd *vcd = vcd_read(waveform);
    const char *top = emit_top_name(program, &arena);
    program_eval_trace(program, inputs, values);
    mismatch->layer[0] = 0;
    for (int i = 0; i < count && !mismatch->layer[0]; i++) {
        const struct emit_signal *signal = &signals[i];
        struct format format = program->ops[signal->value].format;
        int found = vcd_find(vcd, arena_printf(&arena, "TOP.%s.%s", top, signal->path));
        if (found < 0) continue; /* somebody changed the Verilog */
        int64_t got = integer_of(format, vcd_value(vcd, found, 2 * (uint64_t)signal->delay_cycles));
        if (got != values[signal->value])
            note(program, signal, values[signal->value], got, mismatch);
    }
    vcd_free(vcd);
    arena_free(&arena);
}

void locate_output(const struct program *program, const int64_t *expected, const unsigned char *got,
                   struct verify_mismatch *mismatch)
{
    int lsb = 0;
    for (int i = 0; i < program->output_count; i++) {
        const struct op *op = &program->ops[program->outputs[i].value];
        uint64_t bits = 0;
        for (int bit = 0; bit < op->format.width_bits; bit++, lsb++)
            bits |= (uint64_t)(got[lsb / 8] >> lsb % 8 & 1) << bit;
        if (integer_of(op->format, bits) == expected[i]) continue;
        const struct block *block =
            &program->blocks[program_block_of(program, program->outputs[i].value)];
        snprintf(mismatch->layer, sizeof mismatch->layer, "%s", block->name);
        snprintf(mismatch->signal, sizeof mismatch->signal, "data_o");
        mismatch->element = i;
        mismatch->expected = expected[i];
        mismatch->got = integer_of(op->format, bits);
        return;
    }
}
