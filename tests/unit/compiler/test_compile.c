/* The compiled program against the double-precision reference, which shares no code with it: equal
 * for every event of random networks, at the end and after every pass. */
#include "base/error.h"
#include "compiler/compile.h"
#include "model/reference.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 60 };

static int argmax(const double *y, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (y[i] > y[best]) best = i;
    return best;
}

/* What the hardware is to give for one event's scores. */
static double expected(const struct compile_options *options, const double *scores, int size, int j)
{
    if (options->output == COMPILE_ARGMAX) return argmax(scores, size);
    if (options->output == COMPILE_THRESHOLD) return scores[0] >= options->threshold;
    return scores[j];
}

static void compare(const struct network *n, const struct compile_options *options,
                    const struct program *p, uint64_t seed)
{
    double *x = random_events(n, seed + 77, EVENTS);
    int last = compile_output_layer(n, options), size = n->layers[last].size;
    double *scores = malloc((size_t)(EVENTS * size) * sizeof *scores);
    double *y = malloc((size_t)(EVENTS * p->output_count) * sizeof *y);
    int64_t *in = malloc((size_t)(EVENTS * p->input_count) * sizeof *in);
    int64_t *out = malloc((size_t)(EVENTS * p->output_count) * sizeof *out);
    reference_eval(n, REFERENCE_QUANTIZED, x, EVENTS, last, scores);
    program_quantize_inputs(p, x, EVENTS, in);
    program_eval(p, in, EVENTS, out);
    program_scale_outputs(p, out, EVENTS, y);
    for (int e = 0; e < EVENTS; e++)
        for (int j = 0; j < p->output_count; j++) {
            double want = expected(options, scores + e * size, size, j);
            double got = y[e * p->output_count + j];
            if (want != got) {
                program_print(p, stderr);
                fail_msg("seed %llu event %d output %d: reference %.17g, program %.17g",
                         (unsigned long long)seed, e, j, want, got);
            }
        }
    free(x), free(scores), free(y), free(in), free(out);
}

static struct compile_options options_for(uint64_t seed)
{
    struct compile_options options;
    compile_options_init(&options);
    static struct target inverting;
    inverting = target_generic;
    inverting.carry_inverts_for_free = true;
    if (seed % 2) options.target = &inverting;
    options.optimize = (enum compile_optimize)(seed % 3);
    options.clock_mhz = seed % 5 == 0 ? 20 : 50;
    options.output = seed % 4 == 0   ? COMPILE_ARGMAX
                     : seed % 4 == 1 ? COMPILE_THRESHOLD
                                     : COMPILE_LOGITS;
    options.threshold = 0.3;
    if (seed % 4 == 3) options.reuse = 2 + (int)(seed / 4 % 5);
    return options;
}

/* Compiles; NULL when the network is refused because its sums are too wide, which is fine. */
static struct program *compile(struct network *n, const struct compile_options *options)
{
    struct compile_notes notes;
    struct error_trap trap;
    struct program *volatile p = NULL;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) p = compile_network(n, options, &notes);
    error_set_trap(NULL);
    if (!p && !strstr(trap.message, "exact sums need") &&
        !strstr(trap.message, "exact products need") && !strstr(trap.message, "more than 63") &&
        !strstr(trap.message, " works") && !strstr(trap.message, "an ensemble of trees to share"))
        fail_msg("%s", trap.message);
    return p;
}

/* Returns whether the network compiled. */
static bool check_seed(uint64_t seed, bool every_pass)
{
    struct compile_options options = options_for(seed);
    struct network *n = random_network(seed, options.output == COMPILE_THRESHOLD ? 1 : 0);
    compile_prepare(n, &options, "random");
    bool compiled = true;
    for (int pass = 0; compiled && compile_passes[pass]; pass++) {
        options.stop_after = compile_passes[pass];
        if (!every_pass && compile_passes[pass + 1]) continue;
        struct program *p = compile(n, &options);
        compiled = p != NULL;
        if (p) compare(n, &options, p, seed);
        program_free(p);
    }
    network_free(n);
    return compiled;
}

static void check_seeds(uint64_t first, int count, bool every_pass)
{
    int compiled = 0;
    for (int i = 0; i < count; i++)
        compiled += check_seed(first + (uint64_t)i, every_pass);
    assert_true(compiled > count * 3 / 4);
}

static void random_networks_equal_the_reference(void **state)
{
    (void)state;
    check_seeds(1000, 1000, false);
}

static void every_pass_keeps_the_results(void **state)
{
    (void)state;
    check_seeds(1, 200, true);
}

int main(int argc, char **argv)
{
    if (argc > 1) { /* by hand: FIRST-SEED [COUNT] */
        int count = argc > 2 ? atoi(argv[2]) : 1;
        for (int i = 0; i < count; i++)
            check_seed((uint64_t)(atol(argv[1]) + i), count == 1);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pass_keeps_the_results),
        cmocka_unit_test(random_networks_equal_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
