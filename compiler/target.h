/* What the compiler must know of a fabric: delays and costs. Filled from boards/targets/<name>.json
 * by the boards module; compiler code never names a fabric. Delays in ns, fitted from
 * place-and-route runs by tools/fit-delay-model. Whoever fills one starts from a copy of
 * target_generic and overwrites what it knows. */
#ifndef SLUICE_COMPILER_TARGET_H
#define SLUICE_COMPILER_TARGET_H

#include <stdbool.h>

/* X(name, "what its LUTs are"): classes of logic whose LUTs the estimate fits apart. */
#define LUT_CLASS_TABLE(X)                                                                         \
    X(adder, "bits of additions")                                                                  \
    X(serial, "bits of additions of digits, whose carry waits in a register")                      \
    X(subtractor, "bits of subtractions and negations")                                            \
    X(compare, "bits of comparisons")                                                              \
    X(select, "bits chosen by selects, and choices of states")                                     \
    X(relu, "bits of maxima with 0")                                                               \
    X(limit, "bits that a quantizer limits")                                                       \
    X(round, "bits that a quantizer rounds")                                                       \
    X(table, "functions of tables wider than a LUT")                                               \
    X(truth, "truth tables of a LUT's width")                                                      \
    X(logic, "bits of and, or, exclusive or and not")                                              \
    X(pick, "choices among values and words of registers")                                         \
    X(loop, "counters of iterations and what follows from them")                                   \
    X(multiply, "multiplications without a multiplier")
#define X(name, text) LUT_##name,
enum lut_class { LUT_CLASS_TABLE(X) LUT_CLASS_COUNT };
#undef X
extern const char *const lut_class_names[LUT_CLASS_COUNT];

struct target {
    char name[32];               /* "ice40-hx", "ice40-up", "ecp5" */
    int lut_inputs;              /* 4 */
    bool carry_inverts_for_free; /* false: a subtraction pays an inverter LUT per bit (iCE40) */
    /* A path between registers takes clk_to_q + sum over its levels of (route + level) + setup. A
     * level is one LUT (lut) or one carry chain of n bits (carry_base + n * carry_per_bit). */
    double clk_to_q_ns, setup_ns, lut_ns, route_ns, carry_base_ns, carry_per_bit_ns;
    double dsp_ns;               /* through a multiplier */
    double ram_clk_to_q_ns;      /* of a block memory: how much later than a register it answers */
    int ram_bits, ram_width_max; /* one block memory: bits in all, widest word; 0: there is none */
    double ram_price_lut4;       /* 4-input LUTs that a block memory is worth spending to save */
    int dsp_a_bits, dsp_b_bits;  /* of a multiplier, signed; 0: there is none */
    bool dsp_mixes_signs;        /* the second factor may be unsigned, of all its bits */
    bool has_lut_ram;            /* memories of 16 words made of LUTs */
    double max_clock_mhz;        /* ceiling set by clock network and memories */
    /* cells = cells_per_lut * (LUT and carry cells, registers packed behind them) + cells_per_ff *
     * (registers that stand alone): fitted overhead of packing */
    double cells_per_lut, cells_per_ff;
    int carry_bits_per_cell; /* iCE40: 1; ECP5 CCU2C: 2, counted as carry bits all the same */
    /* 4-input LUTs per bit of an operation class, fitted (the carry bits are counted apart):
     * adder: per adder bit of an addition; subtractor: of a subtraction or negation;
     * compare: per bit of the wider operand; select: per result bit of select, min, max and
     * saturation; table: per 2^lut_inputs entries and entry bit. */
    double lut_per_adder_bit, lut_per_subtractor_bit, lut_per_compare_bit, lut_per_select_bit,
        lut_per_table_word;
    /* What whole networks come to, over what their operations would alone: fitted on built designs
     * by tools/fit-estimator. Of the LUTs of each class; of registers of values, of words of
     * memories made of registers, of states; fmax = MHz of the longest stage * fmax_scale *
     * LUT4^fmax_size, of designs with multipliers at most that * fmax_of_multipliers. */
    double lut_factors[LUT_CLASS_COUNT], ff_of_values, ff_of_memories, ff_of_states, fmax_scale,
        fmax_size, fmax_of_multipliers;
    /* Cells over cells_per_lut of a LUT, and over cells_per_ff of registers of values and memories,
     * of those behind the LUT that makes them (less), of states. */
    double cells_of_luts, cells_of_registers, cells_of_packed, cells_of_states;
};

/* A generic fabric with iCE40-HX-like figures, for tests and for compiling without a board. */
extern const struct target target_generic;

/* The fewest block memories that hold so many words of so many bits, and how many of them lie one
 * behind the other: between those a multiplexer chooses. {0, 1} where the fabric has none. */
struct ram_shape {
    int count, deep;
};
struct ram_shape target_ram_shape(const struct target *target, int words, int width_bits);

/* Block memories of a board's top that plays events word by word (rtl/event_words.v): the compiler
 * leaves them free, the build uses no more. */
enum { PLAYER_RAMS = 4 };

/* Multiplies all delays. */
void target_scale_delays(struct target *target, double scale);

#endif
