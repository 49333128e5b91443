/* Fixed-point formats: `fixed<W,I,ROUND,OVERFLOW>` (signed, two's complement) and `ufixed<...>`.
 *
 * W bits in all (1..63), I of them before the binary point (sign included), so F = W - I fraction
 * bits; I may exceed W or be negative (-100..100). A stored integer n stands for the real number n
 * * 2^-F. Rounding and overflow modes are those of the ap_fixed data types of the field; modes left
 * out of the text mean RND,SAT. */
#ifndef SLUICE_MODEL_FORMAT_H
#define SLUICE_MODEL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(enum suffix = text, what happens to x / step) */
#define ROUNDING_TABLE(X)                                                                          \
    X(TRN, "towards minus infinity (floor)")                                                       \
    X(TRN_ZERO, "towards zero")                                                                    \
    X(RND, "to nearest, halves towards plus infinity")                                             \
    X(RND_ZERO, "to nearest, halves towards zero")                                                 \
    X(RND_INF, "to nearest, halves away from zero")                                                \
    X(RND_MIN_INF, "to nearest, halves towards minus infinity")                                    \
    X(RND_CONV, "to nearest, halves to the even neighbour")
#define OVERFLOW_TABLE(X)                                                                          \
    X(WRAP, "keep the low W bits")                                                                 \
    X(SAT, "clip to the format's range")                                                           \
    X(SAT_ZERO, "zero when out of range")                                                          \
    X(SAT_SYM, "clip to the symmetric range (-max, max); signed formats only differ from SAT")

#define X(name, text) ROUND_##name,
enum rounding { ROUNDING_TABLE(X) ROUNDING_COUNT };
#undef X
#define X(name, text) OVERFLOW_##name,
enum overflow { OVERFLOW_TABLE(X) OVERFLOW_COUNT };
#undef X

struct format {
    int width_bits;   /* W, 1..63 */
    int integer_bits; /* I */
    bool is_signed;
    enum rounding rounding;
    enum overflow overflow;
};

enum { FORMAT_MAX_BITS = 63, FORMAT_MAX_INTEGER_BITS = 100, FORMAT_TEXT_BYTES = 64 };

extern const char *const rounding_names[ROUNDING_COUNT], *const rounding_texts[ROUNDING_COUNT];
extern const char *const overflow_names[OVERFLOW_COUNT], *const overflow_texts[OVERFLOW_COUNT];

/* fixed or ufixed with RND,SAT. */
struct format format_make(bool is_signed, int width_bits, int integer_bits);
static inline int format_fraction_bits(struct format f)
{
    return f.width_bits - f.integer_bits;
}
/* Largest and smallest stored integers; SAT_SYM formats are symmetric. */
int64_t format_max(struct format f);
int64_t format_min(struct format f);
double format_step(struct format f); /* 2^-F */
/* The smallest format (RND,SAT) with F fraction bits that holds every integer of [lo, hi].
 * Signed exactly when lo < 0; at least 1 bit wide. Width may come out above 63: the caller checks.
 */
struct format format_of_interval(int64_t lo, int64_t hi, int fraction_bits);
bool format_equal(struct format a, struct format b);     /* modes included */
bool format_same_bits(struct format a, struct format b); /* modes left aside */

/* "fixed<8,4>" when the modes are RND,SAT, else "fixed<8,4,TRN,WRAP>". */
void format_print(struct format f, char text[FORMAT_TEXT_BYTES]);
/* Parses the text form (spaces allowed after commas). On bad text returns false and writes why
 * into reason (may be NULL). */
bool format_parse(const char *text, struct format *f, char *reason, size_t reason_size);

/* x rounded and limited to the format, as a real number, by double arithmetic only: this is the
 * quantizer of the floating-point reference and of the trainer. The compiler's integer quantizer
 * is compiler/program/eval.c and shares no code with it. x must be finite. */
double format_quantize(struct format f, double x);
/* The same for a row of numbers, vectorised; y may be x. Exact for formats of up to 53 bits; a
 * wider one's limit that is no double becomes the next double towards zero. */
void format_quantize_row(struct format f, const double *x, double *y, long count);
/* The stored integer of a value that format_quantize() gave. */
int64_t format_to_integer(struct format f, double quantized);

#endif
