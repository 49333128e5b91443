/* Register bits of scheduled programs beside level cutting of the same operations into as many
 * stages: registers TARGET PROGRAM.sluice ... Levels are cut twice, by adders on the path and by
 * the delay model's ns on the path, at multiples of a stage's share; the smaller one is the peer.
 */
#include "base/error.h"
#include "boards/board.h"
#include "compiler/schedule/schedule.h"

#include <stdio.h>
#include <stdlib.h>

/* Register bits when every value with `length` on its path from the inputs, its own included, is
 * made in stage length / share, rounded down. */
static long cut(struct program *p, const double *length, double share)
{
    for (int v = 0; v < p->op_count; v++) {
        int stage = (int)(length[v] / share);
        p->ops[v].stage = stage < p->latency_cycles ? stage : p->latency_cycles - 1;
    }
    return program_count(p, 0, p->op_count).register_bits;
}

/* Levels or ns from the inputs, a value's own included; returns the longest. */
static double find_lengths(const struct program *p, const struct target *target, double *length)
{
    double longest = 0;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        length[v] = 0;
        for (int k = 0; k < op->operand_count; k++)
            if (length[p->operands[op->operands + k]] > length[v])
                length[v] = length[p->operands[op->operands + k]];
        length[v] += target ? op_delay_ns(p, v, target) : op_adder_bits(p, v) > 0;
        if (length[v] > longest) longest = length[v];
    }
    return longest;
}

struct peer {
    long bits;
    double mhz; /* that its longest stage allows by the delay model */
};

static struct peer cut_levels(struct program *p, const struct target *lengths,
                              const struct target *target)
{
    double *length = malloc(((size_t)p->op_count + 1) * sizeof *length);
    if (!length) fail("out of memory");
    double longest = find_lengths(p, lengths, length);
    struct peer peer = {.bits = cut(p, length, longest / p->latency_cycles + 1e-9)};
    peer.mhz = 1000 / (stage_delay_ns(p, target) + target->clk_to_q_ns + target->setup_ns);
    free(length);
    return peer;
}

int main(int argc, char **argv)
{
    if (argc < 3) fail("usage: registers TARGET PROGRAM.sluice ...");
    struct board_target target;
    board_target_find(&target, argv[1]);
    for (int i = 2; i < argc; i++) {
        struct program *p = program_read(argv[i]);
        long ours = program_count(p, 0, p->op_count).register_bits;
        struct peer adders = cut_levels(p, NULL, &target.model);
        struct peer ns = cut_levels(p, &target.model, &target.model);
        long peer = adders.bits < ns.bits ? adders.bits : ns.bits;
        printf(
            "%-20s %3d stages, %3.0f MHz: %6ld register bits; cut by adders %6ld (%3.0f MHz), by "
            "ns %6ld (%3.0f MHz); ratio %.2f\n",
            p->name, p->latency_cycles, p->clock_mhz, ours, adders.bits, adders.mhz, ns.bits,
            ns.mhz, peer ? (double)ours / (double)peer : 1);
        program_free(p);
    }
    return 0;
}
