/* The helper functions of generated C: portable where C leaves signed shifts and conversions to the
 * compiler. */
#include "compiler/emit/emit_c.h"

static const char *const texts[C_ROUND] = {
    [C_FLOOR_SHIFT] = "/* floor(n / 2^drop) */\n"
                      "static inline int64_t floor_shift(int64_t n, int drop)\n"
                      "{\n"
                      "    return n >= 0 ? n >> drop : ~(~n >> drop);\n"
                      "}\n",
    [C_FROM_BITS] = "/* Two's complement bits as a signed integer. */\n"
                    "static inline int64_t from_bits(uint64_t bits)\n"
                    "{\n"
                    "    return bits >> 63 ? -(int64_t)~bits - 1 : (int64_t)bits;\n"
                    "}\n",
    [C_WRAP] = "/* The low `width` (1 .. 63) bits as a signed integer. */\n"
               "static inline int64_t wrap(uint64_t bits, int width)\n"
               "{\n"
               "    const uint64_t mask = ((uint64_t)1 << width) - 1, low = bits & mask;\n"
               "    return low >> (width - 1) ? -(int64_t)(low ^ mask) - 1 : (int64_t)low;\n"
               "}\n",
    [C_LIMIT] =
        "/* n * factor inside [lo, hi] (before the factor), `under` and `over` outside. */\n"
        "static inline int64_t limit(int64_t n, int64_t lo, int64_t hi, int64_t under, int64_t "
        "over,\n"
        "                            int64_t factor)\n"
        "{\n"
        "    return n > hi ? over : n < lo ? under : n * factor;\n"
        "}\n",
    [C_POPCOUNT] = "/* Number of ones. */\n"
                   "static inline int32_t popcount(uint64_t bits)\n"
                   "{\n"
                   "    int32_t ones = 0;\n"
                   "    for (; bits; bits &= bits - 1)\n"
                   "        ones++;\n"
                   "    return ones;\n"
                   "}\n",
};

/* When floor(n / 2^drop) has to be raised by one: n's dropped bits are `low`, half their range
 * `half`. */
static const char *const raised[ROUNDING_COUNT] = {
    [ROUND_TRN_ZERO] = "n < 0 && low != 0",
    [ROUND_RND] = "low >= half",
    [ROUND_RND_ZERO] = "low > half || (low == half && n < 0)",
    [ROUND_RND_INF] = "low > half || (low == half && n >= 0)",
    [ROUND_RND_MIN_INF] = "low > half",
    [ROUND_RND_CONV] = "low > half || (low == half && floor % 2 != 0)",
};

void c_print_helpers(const struct c_printer *printer, struct text *text)
{
    bool shift = printer->used[C_FLOOR_SHIFT];
    for (int mode = ROUND_TRN + 1; mode < ROUNDING_COUNT; mode++)
        shift = shift || printer->used[C_ROUND + mode];
    for (int i = 0; i < C_ROUND; i++)
        if (i == C_FLOOR_SHIFT ? shift : printer->used[i]) text_add(text, "%s\n", texts[i]);
    for (int mode = ROUND_TRN + 1; mode < ROUNDING_COUNT; mode++) {
        if (!printer->used[C_ROUND + mode]) continue;
        text_add(text,
                 "/* n / 2^drop (1 <= drop <= 63) rounded %s: %s. */\n"
                 "static inline int64_t round_%s(int64_t n, int drop)\n{\n"
                 "    const uint64_t low = (uint64_t)n & (((uint64_t)1 << drop) - 1);\n",
                 rounding_texts[mode], rounding_names[mode], rounding_names[mode]);
        if (mode != ROUND_TRN_ZERO)
            text_add(text, "    const uint64_t half = (uint64_t)1 << (drop - 1);\n");
        text_add(text,
                 "    const int64_t floor = floor_shift(n, drop);\n    return floor + (%s);\n}\n\n",
                 raised[mode]);
    }
}
