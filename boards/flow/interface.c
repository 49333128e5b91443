/* What the flow needs to know of the compiled network. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "boards/flow/job.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { TOP_LENGTH_MAX = 100 };

static int read_count(const cJSON *json, const char *file, const char *key, int most)
{
    double value = json_number(json, key, NAN);
    if (!(value >= 1 && value <= most) || value != floor(value))
        fail_at(file, 0, "\"%s\" must be a whole number from 1 to %d", key, most);
    return (int)value;
}

static bool is_identifier(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_') return false;
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '_') return false;
    return true;
}

static void read_files(struct build_job *job, const cJSON *json, const char *file)
{
    const cJSON *files = json_find(json, "rtl");
    int count = cJSON_GetArraySize(files);
    if (!cJSON_IsArray(files) || count < 1) fail_at(file, 0, "\"rtl\" must be a list of files");
    job->rtl = arena_alloc(&job->arena, (size_t)count + 1, sizeof *job->rtl);
    for (int i = 0; i < count; i++) {
        const cJSON *item = cJSON_GetArrayItem(files, i);
        const char *name = cJSON_IsString(item) ? item->valuestring : NULL;
        if (name == NULL || name[0] == '/' || strstr(name, "..") != NULL ||
            strpbrk(name, " \t\"';\\") != NULL)
            fail_at(file, 0, "\"rtl\" must name files of the folder rtl, without blanks");
        job->rtl[i] = arena_strdup(&job->arena, name);
        const char *path = arena_printf(&job->arena, "%s/rtl/%s", job->request->folder, name);
        if (!file_exists(path)) fail("%s is missing; compile the network again", path);
    }
}

/* The fields of the answer, which have to be there for control `core` alone. */
static void read_fields(struct build_job *job, const cJSON *json, const char *file)
{
    const cJSON *fields = json_find(json, "output.fields"), *field;
    job->output_kind = arena_strdup(&job->arena, json_string(json, "output_kind", ""));
    int count = cJSON_GetArraySize(fields);
    struct build_field *to = arena_alloc(&job->arena, (size_t)count + 1, sizeof *to);
    job->fields = to;
    cJSON_ArrayForEach(field, fields)
    {
        const char *format = json_string(field, "format", "");
        to->lsb = (int)json_number(field, "lsb", -1);
        to->width = (int)json_number(field, "width", 0);
        to->is_signed = strncmp(format, "fixed", 5) == 0;
        if (to->lsb < 0 || to->width < 1 || to->lsb + to->width > job->out_bits)
            fail_at(file, 0, "a field of \"output\" lies outside its %d bits", job->out_bits);
        to++, job->field_count++;
    }
    const char *compiled = file_join(&job->arena, job->request->folder, "compile.json");
    if (!file_exists(compiled)) return;
    cJSON *report = json_read(compiled);
    double rams = json_number(report, "estimate.bram", 0);
    job->network_rams = rams > 0 ? (int)ceil(rams) : 0;
    cJSON_Delete(report);
}

/* What the network guards, and where it counts upsets. */
static void read_protection(struct build_job *job, const cJSON *json, const char *file)
{
    static const char *const known[BUILD_SEEN_MAX] = {"upsets_o", "corrected_words_o",
                                                      "uncorrectable_words_o"};
    const cJSON *counter;
    job->voted = cJSON_IsTrue(json_find(json, "protect.tmr"));
    cJSON_ArrayForEach(counter, json_find(json, "protect.counters"))
    {
        const char *name = cJSON_IsString(counter) ? counter->valuestring : "";
        int i = 0;
        while (i < BUILD_SEEN_MAX && strcmp(name, known[i]) != 0)
            i++;
        if (i == BUILD_SEEN_MAX || read_count(json, file, "protect.counter_bits", 64) != 8)
            fail_at(file, 0, "\"protect\" names a counter that is not known: \"%s\"", name);
        job->seen[i] = known[i];
    }
}

void job_read_interface(struct build_job *job)
{
    const char *file = file_join(&job->arena, job->request->folder, "interface.json");
    if (!file_exists(file)) fail("%s is missing; compile the network first", file);
    cJSON *json = json_read(file);
    const char *board = job->request->board;
    if (board == NULL) board = json_string(json, "board", NULL);
    if (board == NULL || board[0] == '\0')
        fail("no board is named, neither here nor when the network was compiled; give --board");
    board_find(&job->board, board);
    job->family = job->board.target.family;

    const char *top = json_string(json, "top", NULL);
    if (top == NULL || !is_identifier(top) || strlen(top) > TOP_LENGTH_MAX)
        fail_at(file, 0, "\"top\" must be a module's name of at most %d letters", TOP_LENGTH_MAX);
    job->top = arena_strdup(&job->arena, top);
    job->in_bits = read_count(json, file, "input.bits", 1 << 20);
    job->out_bits = read_count(json, file, "output.bits", 1 << 20);
    if (json_find(json, "load")) {
        job->load_address_bits = read_count(json, file, "load.address_bits", 32);
        job->load_data_bits = read_count(json, file, "load.data_bits", 64);
    }
    job->latency_cycles = read_count(json, file, "latency_cycles", 65533);
    job->uses_multipliers = cJSON_IsTrue(json_find(json, "uses_multipliers"));
    job->interval_cycles = read_count(json, file, "interval_cycles", 65535);
    job->clock_mhz = job->request->clock_mhz;
    if (!(job->clock_mhz > 0)) job->clock_mhz = json_number(json, "clock_mhz", NAN);
    if (!(job->clock_mhz > 0)) fail_at(file, 0, "\"clock_mhz\" must be a positive number");
    if (!job->request->pins_free) pll_find(&job->board, job->clock_mhz, &job->pll);
    read_files(job, json, file);
    read_fields(job, json, file);
    read_protection(job, json, file);
    if (job->request->control_core && !job->request->pins_free) job_choose_control(job);
    cJSON_Delete(json);
}
