/* Golden events: see golden.h. */
#include "sim/golden.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { TEST_EVENTS = 300, RANDOM_EVENTS = 200, MOST_NUMBERS = 400000 };

void golden_make(struct golden *golden, const struct program *p, const double *x, long events,
                 uint64_t seed)
{
    long test = events < TEST_EVENTS ? events : TEST_EVENTS;
    stimuli_make(&golden->stimuli, p, x, x ? test : 0, RANDOM_EVENTS, seed);
    long most = MOST_NUMBERS / (p->input_count + p->output_count);
    golden->count = golden->stimuli.count < most ? golden->stimuli.count : most > 1 ? most : 1;
    golden->outputs =
        arena_alloc(&golden->stimuli.arena, (size_t)golden->count * (size_t)p->output_count,
                    sizeof *golden->outputs);
    program_eval(p, golden->stimuli.inputs, golden->count, golden->outputs);
}

void golden_free(struct golden *golden)
{
    stimuli_free(&golden->stimuli);
}

void golden_check(const struct golden *golden, const struct program *p, const char *folder)
{
    struct arena arena = {0};
    size_t count = (size_t)golden->count * (size_t)p->output_count;
    int64_t *outputs = arena_alloc(&arena, count, sizeof *outputs);
    program_eval(p, golden->stimuli.inputs, golden->count, outputs);
    if (memcmp(outputs, golden->outputs, count * sizeof *outputs) != 0)
        fail("%s: lowered.sluice differs from program.sluice: a mistake of the compiler, or of an "
             "older one; compile again",
             folder);
    arena_free(&arena);
}

static void add_rows(struct text *text, const char *type, const char *array, const int64_t *numbers,
                     long rows, int columns)
{
    text_add(text, "\nstatic const %s %s[%ld][%d] = {\n", type, array, rows, columns);
    for (long i = 0; i < rows; i++) {
        text_add(text, "    {");
        for (int k = 0; k < columns; k++) {
            int64_t n = numbers[i * columns + k];
            text_add(text, k ? ", " : "");
            if (n == INT64_MIN || n < -INT64_C(2147483647) || n > INT32_MAX)
                text_add(text, "INT64_C(%" PRId64 ")", n); /* at most 63 bits */
            else
                text_add(text, "%" PRId64, n);
        }
        text_add(text, "},\n");
    }
    text_add(text, "};\n");
}

void golden_write(const struct golden *golden, const struct program *p, const char *name,
                  const char *path)
{
    struct text text = {0};
    text_add(&text, "/* Golden events: inputs, and what the compiler's interpreter makes of them. "
                    "Made by sluice. */\n");
    text_add(&text, "#include \"%s.h\"\n\n", name);
    text_add(&text,
             "#define GOLDEN_EVENTS %ld\n#define GOLDEN_INPUTS %d\n#define GOLDEN_OUTPUTS %d\n",
             golden->count, p->input_count, p->output_count);
    text_add(&text,
             "#define GOLDEN_IN %s_in\n#define GOLDEN_OUT %s_out\n#define GOLDEN_EVAL %s_eval\n",
             name, name, name);
    add_rows(&text, "GOLDEN_IN", "golden_in", golden->stimuli.inputs, golden->count,
             p->input_count);
    add_rows(&text, "GOLDEN_OUT", "golden_out", golden->outputs, golden->count, p->output_count);
    file_write(path, text.bytes, text.length);
    text_free(&text);
}
