/* Running the outside tools (Yosys, nextpnr, Verilator, gnuplot ...) with a time limit and a log.
 */
#ifndef SLUICE_BASE_PROCESS_H
#define SLUICE_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct process_options {
    const char *folder;  /* working folder, NULL: ours */
    const char *log;     /* stdout and stderr go here, NULL: /dev/null */
    double time_limit_s; /* the process and its children are killed then; 0: no limit */
};

enum { PROCESS_TIMED_OUT = -1, PROCESS_NOT_FOUND = -2, PROCESS_KILLED = -3 };

/* Runs argv[0] (searched in PATH) to its end. Returns the exit status, or one of the codes above.
 * An interrupt (Ctrl-C) of ours kills the process too. */
int process_run(const char *const argv[], const struct process_options *options);

/* Starts argv[0] and goes on; it is killed with us, at the latest. Returns a number for it, for at
 * most PROCESS_MOST at once; ends with one line if there is no such program. */
enum { PROCESS_MOST = 4 };
int process_start(const char *const argv[], const struct process_options *options);
bool process_runs(int number);
/* Kills it, if it still runs. */
void process_stop(int number);

/* Whether a program of that name is in PATH (or is an executable path). */
bool process_exists(const char *program);

/* First line of what the program prints on stdout or stderr; false if it cannot run. */
bool process_first_line(const char *const argv[], char *line, size_t size);

/* The line of a log that matters: the first that holds "ERROR", "Error" or "error" as a word (not
 * error_o, not errors), else the last non-empty line; "" if none. For one-line messages about a
 * tool that failed. */
void process_log_reason(const char *log, char *line, size_t size);

#endif
