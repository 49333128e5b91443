/* Ctrl-C (SIGINT) and SIGTERM: uncommitted outputs (base/file.h) are removed, tools that run
 * (base/process.h) are killed, and the program exits with 130 or 143.
 *
 * Long work that can stop cleanly defers that: while deferred, the first signal only sets a flag,
 * which the work asks for at its own boundaries. A second signal always ends the program at once.
 *   interrupt_defer(true);
 *   while (batches are left && !interrupt_requested()) train_batch();
 *   write_checkpoint();
 *   interrupt_defer(false);        <- exits here if a signal came */
#ifndef SLUICE_BASE_INTERRUPT_H
#define SLUICE_BASE_INTERRUPT_H

#include <stdbool.h>
#include <sys/types.h>

/* Once, at the start of the program. Also ignores SIGPIPE, so that a closed pipe is a write error
 * of the file that met it. */
void interrupt_install(void);

/* Starts (true) or ends (false) a stretch that stops by itself. Ending it with a request pending
 * cleans up and exits. Stretches do not nest. */
void interrupt_defer(bool deferred);

/* Whether a signal came since interrupt_defer(true). Cheap: one load. */
bool interrupt_requested(void);

/* For base/process.c: process groups that an exit by signal kills. A group of 0 is none; adding
 * returns its slot. At most 16 at a time. */
int interrupt_add_group(pid_t group);
void interrupt_remove_group(int slot);
/* Keeps both signals waiting (true), as around a fork, or lets them in again. */
void interrupt_block(bool blocked);
/* In a forked child, before exec: the handlers and the signal mask a program expects. */
void interrupt_reset_child(void);

#endif
