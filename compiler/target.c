/* The generic fabric: figures of an iCE40 HX, rounded. */
#include "compiler/target.h"

#define X(name, text) #name,
const char *const lut_class_names[LUT_CLASS_COUNT] = {LUT_CLASS_TABLE(X)};
#undef X

#define X(name, text) 1,
const struct target target_generic = {
    .name = "generic",
    .lut_inputs = 4,
    .carry_inverts_for_free = false,
    .clk_to_q_ns = 0.54,
    .setup_ns = 0.1,
    .lut_ns = 0.45,
    .route_ns = 1.8,
    .carry_base_ns = 0.9,
    .carry_per_bit_ns = 0.15,
    .max_clock_mhz = 275,
    .cells_per_lut = 1,
    .cells_per_ff = 1,
    .carry_bits_per_cell = 1,
    .lut_per_adder_bit = 1,
    .lut_per_subtractor_bit = 2,
    .lut_per_compare_bit = 1,
    .lut_per_select_bit = 1,
    .lut_per_table_word = 1,
    .lut_factors = {LUT_CLASS_TABLE(X)},
    .ff_of_values = 1,
    .ff_of_memories = 1,
    .ff_of_states = 1,
    .fmax_scale = 1,
    .fmax_of_multipliers = 1,
    .cells_of_luts = 1,
    .cells_of_registers = 1,
    .cells_of_packed = 1,
    .cells_of_states = 1,
};
#undef X

void target_scale_delays(struct target *target, double scale)
{
    target->clk_to_q_ns *= scale;
    target->setup_ns *= scale;
    target->lut_ns *= scale;
    target->route_ns *= scale;
    target->carry_base_ns *= scale;
    target->carry_per_bit_ns *= scale;
    target->dsp_ns *= scale;
    target->ram_clk_to_q_ns *= scale;
}

struct ram_shape target_ram_shape(const struct target *target, int words, int width_bits)
{
    struct ram_shape best = {0, 1};
    if (!target->ram_bits) return best;
    int depth = target->ram_bits / target->ram_width_max;
    for (int width = target->ram_width_max; width >= 1; width /= 2, depth *= 2) {
        int deep = (words + depth - 1) / depth;
        int count = deep * ((width_bits + width - 1) / width);
        if (!best.count || count <= best.count) best = (struct ram_shape){count, deep};
    }
    return best;
}
