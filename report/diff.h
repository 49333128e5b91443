/* What changed between two reports: `sluice diff a/report.json b/report.json`. */
#ifndef SLUICE_REPORT_DIFF_H
#define SLUICE_REPORT_DIFF_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints one aligned line per value that differs: dotted path, old and new value, absolute and
 * relative change of numbers; values in one file alone are "added" or "removed". Rows of arrays
 * that carry a `name` (layers) are matched by it. Says so when nothing changed. Returns whether
 * anything did. A path may name a folder: its report.json is meant. */
bool diff_run(const char *a_path, const char *b_path, FILE *stream);

/* The same as JSON: {"schema", "a", "b" (the paths given), "changes": [{"path", "change":
 * "changed" | "added" | "removed", "a", "b", "difference", "relative"}]}; `difference` and
 * `relative` (null when a is 0) for numbers alone. Caller frees with cJSON_Delete(). */
cJSON *diff_json(const char *a_path, const char *b_path);

#endif
