/* Stored events of a board's top (rtl/pattern_player.v, rtl/event_player.v). */
#ifndef SLUICE_BOARDS_FLOW_PATTERNS_H
#define SLUICE_BOARDS_FLOW_PATTERNS_H

#include "boards/flow/job.h"

/* Block RAMs that inputs and outputs of 2^address_bits events take. */
int patterns_rams(const struct build_job *job, int address_bits);
/* Sets job->address_bits: the largest power of two that was given and fits, at least
 * BUILD_EVENTS_MIN events, word by word BUILD_EVENTS_FEW; ends with one line when those do not fit.
 */
void patterns_choose_depth(struct build_job *job);
/* patterns_in.hex and patterns_out.hex in the work folder. */
void patterns_write(struct build_job *job);
/* The same in the rows of the control's memories; ends with one line when fewer are given than
 * those hold. */
void patterns_write_rows(struct build_job *job);

#endif
