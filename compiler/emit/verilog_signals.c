/* Which signal of the emitted Verilog carries which value, and when. */
#include "compiler/emit/verilog.h"

#include <string.h>

/* The taps that module `block` itself makes, value and registers. */
static int add_taps(const struct verilog_plan *plan, int value, int block, struct arena *arena,
                    struct emit_signal *signals, int count)
{
    int first, last;
    bool ported;
    if (!verilog_taps(plan, value, block, &first, &last, &ported) || ported) return count;
    if (plan->values[value].home != block) first++; /* the first tap is a port */
    for (int tap = first; tap <= last; tap++) {
        char name[160];
        verilog_tap_name(plan, value, tap, name);
        struct emit_signal *signal = &signals[count++];
        signal->value = value;
        const struct verilog_value *v = &plan->values[value];
        bool held = plan->is_paced && tap > v->chain;
        signal->delay_cycles = held ? verilog_hold_cycle(plan, value, tap - v->chain) + 1
                                    : value_end(plan->program, value) + tap;
        signal->path = block == VERILOG_TOP
                           ? arena_strdup(arena, name)
                           : arena_printf(arena, "u_%s.%s", plan->block_names[block], name);
    }
    return count;
}

int emit_signals(const struct program *program, struct arena *arena, struct emit_signal **signals)
{
    struct verilog_plan *plan = verilog_plan_new(program);
    int count = 0, most = 0;
    for (int i = 0; i < plan->use_count; i++)
        most += program->latency_cycles + 1;
    *signals = arena_alloc(arena, (size_t)most + 1, sizeof **signals);
    for (int v = 0; v < program->op_count; v++) {
        const struct verilog_value *value = &plan->values[v];
        if (!value->live) continue;
        count = add_taps(plan, v, value->home, arena, *signals, count);
        for (int i = 0; i < value->use_count && value->split; i++) {
            const struct verilog_use *use = &plan->uses[value->first_use + i];
            if (use->block == value->home || (i > 0 && use[-1].block == use->block)) continue;
            count = add_taps(plan, v, use->block, arena, *signals, count);
        }
    }
    verilog_plan_free(plan);
    return count;
}

const char *emit_top_name(const struct program *program, struct arena *arena)
{
    return verilog_identifier(arena, program->name);
}
