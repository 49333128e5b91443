/* Progress of long work: a bar with the time left when stderr is a terminal, else a plain line
 * about every tenth of the work; nothing under --quiet. One bar at a time. */
#ifndef SLUICE_BASE_PROGRESS_H
#define SLUICE_BASE_PROGRESS_H

/* total: steps of the whole work; 0 when unknown (prints the label once). */
void progress_begin(const char *label, long total);
/* done of total; remark (may be NULL) stands behind the bar, such as "loss 0.93". Cheap to call
 * often. */
void progress_update(long done, const char *remark);
void progress_end(void);
void progress_abandon(void);    /* for fail(): leaves the cursor on a new line */
void progress_clear_line(void); /* before another line goes to stderr */

/* Seconds since an arbitrary start, monotonic. */
double clock_seconds(void);

#endif
