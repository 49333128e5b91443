/* JSON files through cJSON (libcjson): reading with one-line errors, writing atomically. */
#ifndef SLUICE_BASE_JSON_H
#define SLUICE_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Reads a file; a syntax error ends with `FILE:LINE: ...`. Caller frees with cJSON_Delete(). */
cJSON *json_read(const char *path);
/* Writes indented, with a final newline, under a temporary name first. */
void json_write(const char *path, const cJSON *json);

/* Look up a dotted path, "timing.clock_mhz"; NULL if absent. */
const cJSON *json_find(const cJSON *json, const char *path);
/* The number at a dotted path, or `otherwise` (NAN is a fine choice) when absent or null. */
double json_number(const cJSON *json, const char *path, double otherwise);
const char *json_string(const cJSON *json, const char *path, const char *otherwise);
/* Adds a number, or null when it is not finite ("what is not known is null"). */
void json_add_number(cJSON *object, const char *name, double value);

#endif
