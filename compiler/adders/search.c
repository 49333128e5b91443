/* The order of things: greedy sharing, and what improves on it. */
#include "compiler/adders/internal.h"

void search_run(struct sharing *s, const int64_t *bias, const struct adder_options *options,
                struct adder_output *outputs)
{
    struct greed greed = {.seed = options->seed, .width_power = 1};
    sharing_run(s, &greed);
    sums_run(s, bias, outputs);
}
