/* What `sluice explore` found, as files for people: explore.csv, explore.html, one page that needs
 * no other, and plots/explore.svg with its gnuplot script. */
#ifndef SLUICE_REPORT_EXPLORE_H
#define SLUICE_REPORT_EXPLORE_H

#include <cjson/cJSON.h>

/* Adds `pareto` to each of the points of explore.json: whether it was verified and no other
 * verified point has no more latency_ns, no more lut4 and, where widths differ, no less accuracy
 * than it, and one of them better. Of equal points the first. */
void report_explore_mark(cJSON *points);

/* Writes the files into the folder. Without gnuplot the page says that the picture is left out. */
void report_explore_write(const char *folder, const cJSON *exploration, const char *version);

#endif
