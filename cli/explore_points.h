/* The points of `sluice explore`: each is compiled, verified and built by a sluice of its own, so
 * that one that fails leaves the others alone and everything it wrote lies in its folder. */
#ifndef SLUICE_CLI_EXPLORE_POINTS_H
#define SLUICE_CLI_EXPLORE_POINTS_H

#include "cli/cli.h"

/* A reuse factor with a width of weights and activations. */
struct explore_point {
    int reuse, bits;    /* bits 0: the job's own formats */
    const char *name;   /* "reuse4", "w6_reuse4": of its folder */
    const char *folder; /* a build folder like any other */
    char failure[700];  /* of the stretch that failed, "" if none did */
    bool compiled, verified, built;
};

/* Trains the job with that width into the folder train_W of the exploration; false and why. */
bool explore_train(struct cli *cli, int bits, char *failure, size_t size);

/* One stretch each; false, with point->failure set, if it failed. A design that is exact but misses
 * the budget has not failed its verification. `interval_cycles`: of the point; events come as fast
 * as it takes them where that is slower than the crossings. */
bool explore_compile(struct cli *cli, struct explore_point *point);
bool explore_verify(struct cli *cli, struct explore_point *point);
bool explore_build(struct cli *cli, struct explore_point *point);

#endif
