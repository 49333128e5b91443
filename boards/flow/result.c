/* The result as JSON: DIR/build.json, and result.json beside the logs for the cache. */
#include "base/file.h"
#include "base/json.h"
#include "boards/flow/job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_resources(cJSON *json, const struct build_result *result)
{
    cJSON *resources = cJSON_AddObjectToObject(json, "resources");
    json_add_number(resources, "cells", result->cells);
    json_add_number(resources, "cells_available", result->cells_available);
    json_add_number(resources, "lut4", result->lut4);
    json_add_number(resources, "ff", result->ff);
    json_add_number(resources, "carry", result->carry);
    json_add_number(resources, "bram", result->bram);
    json_add_number(resources, "dsp", result->dsp);
    json_add_number(json, "wrapper_cells", result->wrapper_cells);
    json_add_number(json, "wrapper_ff", result->wrapper_ff);
    json_add_number(json, "wrapper_bram", result->wrapper_bram);
}

static void add_fallback(cJSON *core, const struct build_job *job)
{
    const struct build_fallback *fallback = &job->control.fallback;
    json_add_number(core, "memory_bytes", 4.0 * job->control.memory_words);
    cJSON *row = cJSON_AddObjectToObject(core, "fallback");
    cJSON_AddBoolToObject(row, "there", fallback->there);
    cJSON_AddStringToObject(row, "reason", fallback->reason);
    if (!fallback->there) return;
    cJSON_AddStringToObject(row, "memory", fallback->spram ? "spram" : "block");
    cJSON_AddStringToObject(row, "form", fallback->form);
    json_add_number(row, "image_bytes", fallback->image_bytes);
    json_add_number(row, "stack_bytes", fallback->stack_bytes);
    json_add_number(row, "needed_bytes", fallback->memory_bytes);
}

/* What a host has to know of a board that is controlled by a soft core. */
static void add_control(cJSON *json, const struct build_job *job)
{
    const struct build_result *result = job->result;
    bool core = job->request->control_core && !result->pins_free;
    cJSON_AddStringToObject(json, "control", core ? "core" : "player");
    if (!core) return;
    cJSON *row = cJSON_AddObjectToObject(json, "core");
    json_add_number(row, "clock_mhz", result->core_mhz);
    json_add_number(row, "fmax_mhz", result->core_fmax_mhz);
    json_add_number(row, "uart_baud", result->uart_baud);
    json_add_number(row, "records", job->control.records);
    add_fallback(row, job);
}

static double count_events(const struct build_job *job)
{
    if (job->result->pins_free) return NAN;
    return job->request->control_core ? job->control.events : 1 << job->address_bits;
}

static void add_tools(cJSON *json, const struct build_job *job)
{
    cJSON *tools = cJSON_AddObjectToObject(json, "tools");
    cJSON_AddStringToObject(tools, "synthesis", job->yosys.version);
    cJSON_AddStringToObject(tools, "place_and_route", job->result->placed_with);
    if (!job->result->pins_free) cJSON_AddStringToObject(tools, "bitstream", job->pack.version);
}

void job_write_result(struct build_job *job, const char *file)
{
    const struct build_result *result = job->result;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "schema", 1);
    cJSON_AddStringToObject(json, "board", job->board.name);
    cJSON_AddStringToObject(json, "part", job->board.part);
    cJSON_AddBoolToObject(json, "pins_free", result->pins_free);
    cJSON_AddStringToObject(json, "source", "placed");
    add_resources(json, result);
    cJSON *timing = cJSON_AddObjectToObject(json, "timing");
    json_add_number(timing, "clock_mhz", result->clock_mhz);
    json_add_number(timing, "fmax_mhz", result->fmax_mhz);
    cJSON_AddBoolToObject(timing, "met", result->timing_met);
    cJSON_AddStringToObject(timing, "limited_by",
                            result->limited_by_control ? "control" : "network");
    json_add_number(json, "pattern_events", count_events(job));
    add_control(json, job);
    cJSON_AddNumberToObject(json, "seed", result->seed);
    cJSON_AddNumberToObject(json, "attempts", result->attempts);
    if (result->bitstream[0] != '\0')
        cJSON_AddStringToObject(json, "bitstream", result->bitstream);
    else
        cJSON_AddNullToObject(json, "bitstream");
    add_tools(json, job);
    cJSON_AddNullToObject(json, "gate_level");
    cJSON_AddBoolToObject(json, "cached", result->cached);
    json_add_number(json, "seconds", result->seconds);
    json_write(file, json);
    cJSON_Delete(json);
}

bool job_read_result(const char *file, struct build_result *result)
{
    cJSON *json = json_read(file);
    const char *bitstream = json_string(json, "bitstream", "");
    snprintf(result->bitstream, sizeof result->bitstream, "%s", bitstream);
    snprintf(result->placed_with, sizeof result->placed_with, "%s",
             json_string(json, "tools.place_and_route", ""));
    result->cells = json_number(json, "resources.cells", NAN);
    result->cells_available = json_number(json, "resources.cells_available", NAN);
    result->lut4 = json_number(json, "resources.lut4", NAN);
    result->ff = json_number(json, "resources.ff", NAN);
    result->carry = json_number(json, "resources.carry", NAN);
    result->bram = json_number(json, "resources.bram", NAN);
    result->dsp = json_number(json, "resources.dsp", NAN);
    result->wrapper_cells = json_number(json, "wrapper_cells", NAN);
    result->wrapper_ff = json_number(json, "wrapper_ff", NAN);
    result->wrapper_bram = json_number(json, "wrapper_bram", NAN);
    result->fmax_mhz = json_number(json, "timing.fmax_mhz", NAN);
    result->core_fmax_mhz = json_number(json, "core.fmax_mhz", 0);
    result->timing_met = cJSON_IsTrue(json_find(json, "timing.met"));
    result->limited_by_control = strcmp(json_string(json, "timing.limited_by", ""), "control") == 0;
    result->seed = (int)json_number(json, "seed", 0);
    result->attempts = (int)json_number(json, "attempts", 0);
    cJSON_Delete(json);
    return isfinite(result->cells) && isfinite(result->fmax_mhz) && result->attempts > 0;
}
