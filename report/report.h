/* The report of a build folder: what each verb left there (docs/reference/build-folder.md), merged
 * into report.json (docs/reference/report.md), a text page, and one self-contained HTML page, and
 * judged against the budget. A verb that has not run yet leaves its numbers unknown (null). */
#ifndef SLUICE_REPORT_REPORT_H
#define SLUICE_REPORT_REPORT_H

#include <stdbool.h>

enum { REPORT_SCHEMA = 1 };

/* What is asked of the design. A member that is 0 is taken from the `budget` object of
 * compile.json, if that has it; else it asks nothing, but for the first two: 40 MHz and 1 event. */
struct report_budget {
    double bunch_crossing_mhz;  /* rate of bunch crossings, also the unit of latency_bx */
    double events_per_crossing; /* events to take in each crossing */
    double latency_ns;          /* longest time from input to answer */
    double clock_mhz;           /* clock to be reached; none: the one it was compiled for */
    double max_cells, max_lut4, max_ff, max_bram, max_dsp; /* beside what the part has */
    double float_tolerance; /* largest deviation of a score from the unquantized network's */
    double accuracy_loss;   /* largest loss of accuracy against the float network, in points (%) */
};

struct report_options {
    struct report_budget budget;
    const char *version; /* of Sluice, for the foot of the page; NULL: left out */
};

/* All zero: the budget of compile.json, or 40 MHz, an event per crossing, and nothing else. */
void report_options_init(struct report_options *options);

struct report_verdict {
    bool met;          /* nothing that could be judged is missed */
    char reason[1024]; /* one line without a newline; every miss with its margin, or the margins */
};

/* Writes report.json, report.txt and report.html into the folder, and plots/NAME.svg with the
 * gnuplot script NAME.gp and data each was drawn from. Without gnuplot the pictures are left out
 * and the page says so. A folder without any fragment ends with one line. */
struct report_verdict report_run(const char *folder, const struct report_options *options);

#endif
