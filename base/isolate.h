/* Work that may crash, in a child process: libraries that do not survive damaged files. The child
 * is a fork of ours, so the work sees all our memory, but changes none of it; what it finds out
 * it writes to a stream that we read. */
#ifndef SLUICE_BASE_ISOLATE_H
#define SLUICE_BASE_ISOLATE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct isolated {
    FILE *results; /* what the work wrote, in order; ends when the work does */
    pid_t pid;
    int group_slot;
};

/* Starts work(argument, results) in a child, which is killed after time_limit_s. The work returns
 * whether it succeeded; its stderr goes nowhere, and fail() in it is a
 * failure like any other. It must not use threads that were started
 * before. */
struct isolated isolated_start(bool (*work)(const void *argument, FILE *results),
                               const void *argument, unsigned time_limit_s);

/* Closes results and waits. True if the work returned true; false if it did not, crashed or took
 * too long. Call it however reading the results went. */
bool isolated_finish(struct isolated *isolated);

#endif
