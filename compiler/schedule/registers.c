/* The stages of fewest register bits at a given latency. */
#include "compiler/schedule/schedule.h"

void schedule_fewest_registers(const struct program *program, const struct precedence *precedences,
                               size_t precedence_count, int latency, int *stages)
{
    (void)program, (void)precedences, (void)precedence_count, (void)latency, (void)stages;
}
