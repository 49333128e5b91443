/* Job files: YAML, checked against the tables of job_keys.h. */
#ifndef SLUICE_CLI_JOB_H
#define SLUICE_CLI_JOB_H

#include "base/arena.h"
#include "cli/job_keys.h"

#include <stdbool.h>
#include <stdio.h>

typedef char *job_string;   /* NULL: unset */
typedef double *job_number; /* never NULL: unset keys hold their default */
typedef int *job_count;
typedef bool *job_flag;

#define JOB_TYPE_STRING job_string
#define JOB_TYPE_NUMBER job_number
#define JOB_TYPE_COUNT job_count
#define JOB_TYPE_FLAG job_flag
#define JOB_MEMBER(type, key, otherwise, least, most, text) JOB_TYPE_##type key;
#define JOB_STRUCT(section, TABLE, text)                                                           \
    struct job_##section {                                                                         \
        TABLE(JOB_MEMBER)                                                                          \
    };
JOB_SECTIONS(JOB_STRUCT)
JOB_STRUCT(layer, JOB_LAYER_KEYS, "")

#define JOB_SECTION_MEMBER(section, TABLE, text) struct job_##section *section;
struct job {
    JOB_TOP_KEYS(JOB_MEMBER)
    JOB_SECTIONS(JOB_SECTION_MEMBER)
    struct job_layer *layers;
    unsigned layers_count;
    /* not in the file */
    struct arena arena;
    const char *path; /* of the file */
    const char *text; /* its bytes */
};

/* Reads and checks a job file: syntax, unknown keys, types and ranges end with `FILE:LINE: ...`.
 * Keys left out get their defaults; `name` is always set; paths are still as written. */
struct job *job_read(const char *path);
void job_free(struct job *job);

/* A path of the job as seen from here: relative paths start at the job file's folder. NULL stays
 * NULL. */
const char *job_path(struct job *job, const char *path);

/* Ends with `FILE:LINE: ...` at the line where `section` (NULL: top) has `key`; `item` counts the
 * entries of a list section ("layers") from 0. */
_Noreturn void job_fail(const struct job *job, const char *section, int item, const char *key,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The reference of job keys as Markdown. */
void job_print_keys(FILE *stream);

#endif
