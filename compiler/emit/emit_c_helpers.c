/* The helper functions of generated C, each in 32 bits and in 64: NAME() and NAME_64(). */
#include "compiler/emit/emit_c.h"

#include <string.h>

/* $S and $U stand for the signed and unsigned type, $_ for the end of the name, $W for its width in
 * bits. */
static const char *const texts[C_ROUND] = {
    [C_FROM_BITS] = "/* Two's complement bits as a signed integer. */\n"
                    "static inline $S from_bits$_($U bits)\n"
                    "{\n"
                    "    return bits >> ($W - 1) ? -($S)~bits - 1 : ($S)bits;\n"
                    "}\n",
    [C_WRAP] = "/* The low `width` (1 .. $W - 1) bits as a signed integer. */\n"
               "static inline $S wrap$_($U bits, int width)\n"
               "{\n"
               "    const $U sign = ($U)1 << (width - 1);\n"
               "    return ($S)(bits & (sign - 1)) - ($S)(bits & sign);\n"
               "}\n",
    [C_LIMIT] =
        "/* n * factor inside [lo, hi] (before the factor), `under` and `over` outside. */\n"
        "static inline $S limit$_($S n, $S lo, $S hi, $S under, $S over, $S factor)\n"
        "{\n"
        "    return n > hi ? over : n < lo ? under : n * factor;\n"
        "}\n",
    [C_POPCOUNT] = "/* Number of ones. */\n"
                   "static inline int32_t popcount$_($U bits)\n"
                   "{\n"
                   "    int32_t ones = 0;\n"
                   "    for (; bits; bits &= bits - 1)\n"
                   "        ones++;\n"
                   "    return ones;\n"
                   "}\n",
};

/* What is added to floor(n / 2^drop), whose dropped bits are `low` and half their range `half`. */
static const char *const raised[ROUNDING_COUNT] = {
    [ROUND_TRN_ZERO] = "n < 0 && low != 0",
    [ROUND_RND] = "low >= half",
    [ROUND_RND_ZERO] = "low > half || (low == half && n < 0)",
    [ROUND_RND_INF] = "low > half || (low == half && n >= 0)",
    [ROUND_RND_MIN_INF] = "low > half",
    [ROUND_RND_CONV] = "low + ($U)(floor & 1) > half",
};

/* The text with its types. */
static void add_typed(struct text *text, const char *words, bool wide)
{
    for (const char *dollar; (dollar = strchr(words, '$')); words = dollar + 2) {
        text_add_bytes(text, words, (size_t)(dollar - words));
        switch (dollar[1]) {
        case 'S': text_add(text, wide ? "int64_t" : "int32_t"); break;
        case 'U': text_add(text, wide ? "uint64_t" : "uint32_t"); break;
        case 'W': text_add(text, wide ? "64" : "32"); break;
        default: text_add(text, wide ? "_64" : ""); break;
        }
    }
    text_add(text, "%s", words);
}

static void print_rounding(struct text *text, enum rounding mode, bool wide)
{
    text_add(text, "/* n / 2^drop (1 <= drop <= %d) rounded %s: %s. */\n", wide ? 63 : 31,
             rounding_texts[mode], rounding_names[mode]);
    text_add(text, "static inline ");
    add_typed(text, "$S round_", wide);
    text_add(text, "%s", rounding_names[mode]);
    add_typed(text, "$_($S n, int drop)\n{\n    const $U low = ($U)n & ((($U)1 << drop) - 1);\n",
              wide);
    if (mode != ROUND_TRN_ZERO) add_typed(text, "    const $U half = ($U)1 << (drop - 1);\n", wide);
    add_typed(text, "    const $S floor = n >> drop;\n    return floor + (", wide);
    add_typed(text, raised[mode], wide);
    text_add(text, ");\n}\n\n");
}

void c_print_helpers(const struct c_printer *printer, struct text *text)
{
    if (printer->shifts)
        text_add(text, "/* Right shifts of negative integers have to keep the sign, as every known "
                       "compiler's do. */\n"
                       "typedef char right_shifts_keep_the_sign[(-1 >> 1) == -1 ? 1 : -1];\n\n");
    for (int wide = 0; wide < 2; wide++) {
        for (int i = 0; i < C_ROUND; i++) {
            if (!printer->used[wide][i]) continue;
            add_typed(text, texts[i], wide);
            text_add(text, "\n");
        }
        for (int mode = ROUND_TRN + 1; mode < ROUNDING_COUNT; mode++)
            if (printer->used[wide][C_ROUND + mode])
                print_rounding(text, (enum rounding)mode, wide);
    }
}
