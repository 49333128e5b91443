/* Job files through libcyaml: the schema, its defaults and ranges are made from job_keys.h. */
#include "cli/job.h"

#include "base/error.h"
#include "base/file.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- the schema ---- */

#define FIELD_STRING(STRUCT, key)                                                                  \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, STRUCT, key, 0, 4096),
#define FIELD_NUMBER(STRUCT, key)                                                                  \
    CYAML_FIELD_FLOAT_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, STRUCT, key),
#define FIELD_COUNT(STRUCT, key)                                                                   \
    CYAML_FIELD_INT_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, STRUCT, key),
#define FIELD_FLAG(STRUCT, key)                                                                    \
    CYAML_FIELD_BOOL_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, STRUCT, key),

/* One fields array per section; the struct's name is passed by redefining HERE. */
#define SECTION_FIELD(type, key, otherwise, least, most, text) FIELD_##type(HERE, key)
#define HERE struct job_data
static const cyaml_schema_field_t data_fields[] = {JOB_DATA_KEYS(SECTION_FIELD) CYAML_FIELD_END};
#undef HERE
#define HERE struct job_input
static const cyaml_schema_field_t input_fields[] = {JOB_INPUT_KEYS(SECTION_FIELD) CYAML_FIELD_END};
#undef HERE
#define HERE struct job_layer
static const cyaml_schema_field_t layer_fields[] = {JOB_LAYER_KEYS(SECTION_FIELD) CYAML_FIELD_END};
#undef HERE
#define HERE struct job_trees
static const cyaml_schema_field_t trees_fields[] = {JOB_TREES_KEYS(SECTION_FIELD) CYAML_FIELD_END};
#undef HERE
#define HERE struct job_training
static const cyaml_schema_field_t training_fields[] = {JOB_TRAINING_KEYS(SECTION_FIELD)
                                                           CYAML_FIELD_END};
#undef HERE
#define HERE struct job_pruning
static const cyaml_schema_field_t pruning_fields[] = {JOB_PRUNING_KEYS(SECTION_FIELD)
                                                          CYAML_FIELD_END};
#undef HERE
#define HERE struct job_post_training
static const cyaml_schema_field_t post_training_fields[] = {JOB_POST_TRAINING_KEYS(SECTION_FIELD)
                                                                CYAML_FIELD_END};
#undef HERE
#define HERE struct job_target
static const cyaml_schema_field_t target_fields[] = {JOB_TARGET_KEYS(SECTION_FIELD)
                                                         CYAML_FIELD_END};
#undef HERE
#define HERE struct job_soft_core
static const cyaml_schema_field_t soft_core_fields[] = {JOB_SOFT_CORE_KEYS(SECTION_FIELD)
                                                            CYAML_FIELD_END};
#undef HERE
#define HERE struct job_budget
static const cyaml_schema_field_t budget_fields[] = {JOB_BUDGET_KEYS(SECTION_FIELD)
                                                         CYAML_FIELD_END};
#undef HERE
#define HERE struct job_verify
static const cyaml_schema_field_t verify_fields[] = {JOB_VERIFY_KEYS(SECTION_FIELD)
                                                         CYAML_FIELD_END};
#undef HERE

#define HERE struct job_physics
static const cyaml_schema_field_t physics_fields[] = {JOB_PHYSICS_KEYS(SECTION_FIELD)
                                                          CYAML_FIELD_END};
#undef HERE

static const cyaml_schema_value_t layer_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct job_layer, layer_fields)};

#define SECTION_MAPPING(section, TABLE, text)                                                      \
    CYAML_FIELD_MAPPING_PTR(#section, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct job,        \
                            section, section##_fields),
#define HERE struct job
static const cyaml_schema_field_t job_fields[] = {
    JOB_TOP_KEYS(SECTION_FIELD) JOB_SECTIONS(SECTION_MAPPING)
        CYAML_FIELD_SEQUENCE("layers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct job, layers,
                             &layer_schema, 0, 1000),
    CYAML_FIELD_END};
#undef HERE
static const cyaml_schema_value_t job_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct job, job_fields)};

/* ---- reading ---- */

/* libcyaml reports through a log: its first error line says what, the backtrace's first line where.
 */
struct complaint {
    char what[256];
    long line;
};

static void note_complaint(cyaml_log_t level, void *context, const char *format, va_list args)
{
    struct complaint *complaint = context;
    char text[512];
    (void)level;
    vsnprintf(text, sizeof text, format, args);
    const char *place = strstr(text, "line: ");
    if (place && !complaint->line) complaint->line = atol(place + strlen("line: "));
    if (place || complaint->what[0] || strstr(text, "Backtrace")) return;
    const char *what = text;
    if (strncmp(what, "Load: ", 6) == 0) what += 6;
    snprintf(complaint->what, sizeof complaint->what, "%.255s", what);
    complaint->what[strcspn(complaint->what, "\n")] = 0;
}

/* libcyaml places an unknown key on the line before it; the text has the true one. */
static long line_of_unknown(const char *text, const struct complaint *complaint)
{
    static const char start[] = "Unexpected key: ";
    if (strncmp(complaint->what, start, sizeof start - 1) != 0) return complaint->line;
    const char *key = complaint->what + sizeof start - 1;
    size_t length = strlen(key);
    long number = 1;
    for (const char *line = text; *line; number++) {
        size_t end = strcspn(line, "\n");
        if (number >= complaint->line)
            for (const char *at = line; at + length < line + end; at++)
                if (strncmp(at, key, length) == 0 && at[length] == ':') return number;
        line += end + (line[end] == '\n');
    }
    return complaint->line;
}

static void *resize(void *context, void *memory, size_t size)
{
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static cyaml_config_t configure(struct complaint *complaint)
{
    return (cyaml_config_t){.log_fn = note_complaint,
                            .log_ctx = complaint,
                            .mem_fn = resize,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_DEFAULT};
}

static void *own(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory) fail("out of memory");
    return memory;
}

/* Defaults are owned by malloc like what libcyaml allocates, so that cyaml_free() frees all. */
static void default_STRING(job_string *member, const char *text)
{
    if (*member || !text[0]) return;
    *member = own(strlen(text) + 1);
    strcpy(*member, text);
}
static void default_NUMBER(job_number *member, const char *text)
{
    if (*member) return;
    *member = own(sizeof **member);
    **member = strtod(text, NULL);
}
static void default_COUNT(job_count *member, const char *text)
{
    if (*member) return;
    *member = own(sizeof **member);
    **member = (int)strtol(text, NULL, 10);
}
static void default_FLAG(job_flag *member, const char *text)
{
    if (*member) return;
    *member = own(sizeof **member);
    **member = strcmp(text, "true") == 0;
}

static bool outside_NUMBER(job_number member, double least, double most)
{
    return !(*member >= least && *member <= most);
}
static bool outside_COUNT(job_count member, double least, double most)
{
    return *member < least || *member > most;
}
static bool outside_STRING(job_string member, double least, double most)
{
    (void)member, (void)least, (void)most;
    return false;
}
static bool outside_FLAG(job_flag member, double least, double most)
{
    (void)member, (void)least, (void)most;
    return false;
}

#define COMPLETE_KEY(type, key, otherwise, least, most, text)                                      \
    default_##type(&here->key, otherwise);                                                         \
    if (outside_##type(here->key, least, most))                                                    \
        job_fail(job, section, item, #key, "%s must be between %g and %g", #key, (double)(least),  \
                 (double)(most));
#define COMPLETE_SECTION(name, TABLE, text)                                                        \
    static void complete_##name(struct job *job, struct job_##name *here, int item)                \
    {                                                                                              \
        const char *section = #name[0] == 'l' ? "layers" : #name;                                  \
        TABLE(COMPLETE_KEY)                                                                        \
    }
JOB_SECTIONS(COMPLETE_SECTION)
COMPLETE_SECTION(layer, JOB_LAYER_KEYS, "")

static void complete(struct job *job)
{
    const char *section = NULL;
    struct job *here = job;
    int item = 0;
    JOB_TOP_KEYS(COMPLETE_KEY)
#define COMPLETE_CALL(name, TABLE, text)                                                           \
    if (!job->name) job->name = own(sizeof *job->name);                                            \
    complete_##name(job, job->name, 0);
    JOB_SECTIONS(COMPLETE_CALL)
    for (unsigned i = 0; i < job->layers_count; i++)
        complete_layer(job, &job->layers[i], (int)i);
}

/* The job's name becomes a folder and a Verilog module. */
static void check_name(struct job *job)
{
    if (!job->name) {
        struct arena scratch = {0};
        char *absolute = realpath(job->path, NULL);
        const char *folder = file_name(file_folder(&scratch, absolute ? absolute : job->path));
        job->name = own(strlen(folder) + 1);
        strcpy(job->name, folder);
        free(absolute);
        arena_free(&scratch);
        for (char *c = job->name; *c; c++)
            if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
                *c = '_';
    }
    size_t good =
        strspn(job->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (!job->name[0] || job->name[good] || (job->name[0] >= '0' && job->name[0] <= '9'))
        job_fail(job, NULL, 0, "name",
                 "name '%s' must be letters, digits and _, not starting with a digit", job->name);
}

struct job *job_read(const char *path)
{
    struct arena arena = {0};
    size_t length;
    const char *text = file_read(&arena, path, &length);
    if (strlen(text) != length) fail("%s: not a YAML file", path);
    struct complaint complaint = {0};
    cyaml_config_t config = configure(&complaint);
    struct job *job = NULL;
    cyaml_err_t status = cyaml_load_data((const uint8_t *)text, length, &config, &job_schema,
                                         (cyaml_data_t **)&job, NULL);
    if (status != CYAML_OK || !job) {
        const char *what = complaint.what[0] ? complaint.what : cyaml_strerror(status);
        if (!job && status == CYAML_OK) what = "empty job file";
        fail_at(path, line_of_unknown(text, &complaint), "%s; see `sluice list keys`", what);
    }
    job->arena = arena;
    job->path = arena_strdup(&job->arena, path);
    job->text = text;
    complete(job);
    check_name(job);
    return job;
}

void job_free(struct job *job)
{
    struct arena arena = job->arena;
    struct complaint complaint = {0};
    cyaml_config_t config = configure(&complaint);
    cyaml_free(&config, &job_schema, job, 0);
    arena_free(&arena);
}

const char *job_path(struct job *job, const char *path)
{
    if (!path) return NULL;
    return file_join(&job->arena, file_folder(&job->arena, job->path), path);
}

/* ---- finding a key's line again ---- */

static bool line_has_key(const char *line, size_t length, const char *key, bool top)
{
    size_t at = strspn(line, " -");
    if (top && at > 0) return false;
    size_t wanted = strlen(key);
    return at + wanted < length && strncmp(line + at, key, wanted) == 0 && line[at + wanted] == ':';
}

/* A scan by lines: enough to point at a key in block style; flow style points at the section. */
static long find_line(const struct job *job, const char *section, int item, const char *key)
{
    long number = 0, section_line = 0;
    int items = -1;
    bool inside = section == NULL;
    for (const char *line = job->text; *line;) {
        size_t length = strcspn(line, "\n");
        number++;
        bool at_top = length > 0 && line[0] != ' ' && line[0] != '#' && line[0] != '-';
        if (section && at_top) {
            inside = line_has_key(line, length, section, true);
            if (inside) section_line = number;
        }
        if (inside && line[strspn(line, " ")] == '-') {
            items++;
            if (items == item) section_line = number;
        }
        bool in_item = items < 0 || items == item;
        if (inside && in_item && line_has_key(line, length, key, section == NULL)) return number;
        line += length + (line[length] == '\n');
    }
    return section_line;
}

void job_fail(const struct job *job, const char *section, int item, const char *key,
              const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail_at(job->path, find_line(job, section, item, key), "%s", text);
}

/* ---- the reference ---- */

static const char *type_name(const char *type)
{
    if (strcmp(type, "STRING") == 0) return "text";
    if (strcmp(type, "NUMBER") == 0) return "number";
    if (strcmp(type, "COUNT") == 0) return "integer";
    return "true, false";
}

static void print_key(FILE *stream, const char *type, const char *key, const char *otherwise,
                      double least, double most, const char *text)
{
    fprintf(stream, "| `%s` | %s", key, type_name(type));
    if (least < most) fprintf(stream, ", %g to %g", least, most);
    fprintf(stream, " | %s%s%s | %s |\n", otherwise[0] ? "`" : "", otherwise,
            otherwise[0] ? "`" : "", text);
}

void job_print_keys(FILE *stream)
{
    static const char head[] = "\n| key | value | default | meaning |\n|---|---|---|---|\n";
#define PRINT_KEY(type, key, otherwise, least, most, text)                                         \
    print_key(stream, #type, #key, otherwise, least, most, text);
#define PRINT_SECTION(section, TABLE, text)                                                        \
    fprintf(stream, "\n## %s: %s\n%s", #section, text, head);                                      \
    TABLE(PRINT_KEY)
    fprintf(stream,
            "# Job keys\n\nMade by `sluice list keys` from the code's own table.\n\n"
            "## Top level\n%s",
            head);
    JOB_TOP_KEYS(PRINT_KEY)
    JOB_SECTIONS(PRINT_SECTION)
    PRINT_SECTION(layers, JOB_LAYER_KEYS, "a list, input side first; each entry is one layer")
    fputs("\n## Formats\n\n"
          "| text | meaning |\n|---|---|\n"
          "| `6` | 6 bits; sign and range chosen from the data; RND,SAT |\n"
          "| `6,TRN,WRAP` | the same with other modes |\n"
          "| `fixed<6,2>`, `ufixed<6,0,TRN,SAT>` | as given: W bits, I of them before the point |\n"
          "| `none` | not quantized: exact |\n"
          "| `product` | biases: as fine as the products they are added to |\n"
          "| `6 each` | a range for each feature, output element or neuron |\n"
          "| `learned`, `learned 8`, `learned channel`, `learned 8 tensor` | fraction bits are "
          "trained, from 6 or the given bits: of each weight or element, of a neuron's weights "
          "together, of all together |\n"
          "| `binary`, `ternary`, `power_of_two`, `power_of_two 5` | weights: -1 and 1, with 0, or "
          "0 and 1, 2, 4 (5 bits: to 8) of either sign, times a power of two for each neuron |\n",
          stream);
}
