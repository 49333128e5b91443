/* The fragments of a build folder, and the report.json they add up to. */
#ifndef SLUICE_REPORT_MERGE_H
#define SLUICE_REPORT_MERGE_H

#include "report/report.h"

#include <cjson/cJSON.h>

enum report_fragment {
    FRAGMENT_TRAIN,
    FRAGMENT_COMPILE,
    FRAGMENT_INTERFACE,
    FRAGMENT_VERIFY,
    FRAGMENT_BUILD,
    FRAGMENT_PHYSICS,
    FRAGMENT_SOFT_CORE,
    FRAGMENT_FAULTS,
    FRAGMENT_RUN,
    FRAGMENT_COUNT
};

struct report_fragments {
    cJSON *json[FRAGMENT_COUNT]; /* NULL: the file is not there */
};

/* File names, "train.json" ..., and the verb that writes each. */
extern const char *const report_fragment_files[FRAGMENT_COUNT];
extern const char *const report_fragment_verbs[FRAGMENT_COUNT];

/* Reads what is there; ends with one line when nothing is, or when a file is not a JSON object. */
void report_fragments_read(struct report_fragments *fragments, const char *folder);
void report_fragments_free(struct report_fragments *fragments);

/* The report without its `budget`; numbers nobody measured are null. `folder` gives the name of a
 * report whose fragments have none. Caller frees with cJSON_Delete(). */
cJSON *report_merge(const struct report_fragments *fragments, const char *folder,
                    const struct report_options *options);

#endif
