/* Running the verbs on a point: see explore_points.h. */
#include "cli/explore_points.h"

#include "base/file.h"
#include "base/process.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ARGUMENTS_MAX = 160 };

struct command {
    const char *argv[ARGUMENTS_MAX];
    int count;
};

static void add(struct command *command, const char *argument)
{
    if (command->count + 1 < ARGUMENTS_MAX) command->argv[command->count++] = argument;
}

static void add_flag(struct command *command, const char *flag, const char *value)
{
    add(command, flag);
    add(command, value);
}

/* This program, with the flags that it was given itself. */
static struct command begin(struct cli *cli, enum verb verb, const char *name, const char *folder)
{
    static const char *const own[] = {"reuse", "bits", "build", "out", "json", "quiet", NULL};
    struct command command = {0};
    add(&command, "/proc/self/exe");
    add(&command, name);
    add(&command, cli->arguments[0]);
    for (const char **argument = cli_arguments_for(cli, verb, own); *argument; argument++)
        add(&command, *argument);
    add_flag(&command, "--out", folder);
    add(&command, "--quiet");
    return command;
}

/* The message that the program ended with. */
static void read_reason(const char *log, char *reason, size_t size)
{
    static const char prefix[] = "sluice: ";
    struct arena arena = {0};
    size_t length;
    char *text = file_exists(log) ? file_read(&arena, log, &length) : NULL, *found = NULL;
    for (char *line = text; line && *line;) {
        char *end = line + strcspn(line, "\n");
        if (!strncmp(line, prefix, sizeof prefix - 1)) found = line + sizeof prefix - 1;
        line = end + (*end == '\n');
    }
    snprintf(reason, size, "%.*s", found ? (int)strcspn(found, "\n") : 0, found ? found : "");
    arena_free(&arena);
}

/* Runs it with its output in folder/explore.NAME.log; returns the exit status. */
static int run(struct cli *cli, struct command *command, const char *folder, char *reason,
               size_t size)
{
    const char *verb = command->argv[1];
    const char *log = arena_printf(&cli->arena, "%s/%s.log", folder, verb);
    command->argv[command->count] = NULL;
    file_make_folder(folder);
    int status = process_run(command->argv, &(struct process_options){.log = log});
    reason[0] = 0;
    if (status == 0) return 0;
    read_reason(log, reason, size);
    if (!reason[0])
        snprintf(reason, size, "sluice %s ended with status %d; see %s", verb, status, log);
    return status;
}

static const char *number(struct cli *cli, double value)
{
    return arena_printf(&cli->arena, "%.17g", value);
}

static const char *training_folder(struct cli *cli, int bits)
{
    return arena_printf(&cli->arena, "%s/train_w%d", cli->folder, bits);
}

bool explore_train(struct cli *cli, int bits, char *failure, size_t size)
{
    const char *folder = training_folder(cli, bits);
    struct command command = begin(cli, VERB_TRAIN, "train", folder);
    add_flag(&command, "--weight-bits", number(cli, bits));
    add_flag(&command, "--activation-bits", number(cli, bits));
    return run(cli, &command, folder, failure, size) == 0;
}

/* The trained model goes where the point's compile looks for it. */
static void take_model(struct cli *cli, const struct explore_point *point)
{
    static const char *const files[] = {"train/model.onnx", "float.onnx"};
    const char *from =
        point->bits ? training_folder(cli, point->bits) : file_folder(&cli->arena, cli->folder);
    file_make_folder(arena_printf(&cli->arena, "%s/train", point->folder));
    for (int i = 0; i < 2; i++) {
        const char *file = file_join(&cli->arena, from, files[i]);
        if (file_exists(file)) file_copy(file, file_join(&cli->arena, point->folder, files[i]));
    }
}

bool explore_compile(struct cli *cli, struct explore_point *point)
{
    file_make_folder(point->folder);
    if (!cli->job->model) take_model(cli, point);
    struct command command = begin(cli, VERB_COMPILE, "compile", point->folder);
    add_flag(&command, "--reuse", number(cli, point->reuse));
    if (point->bits && cli->job->model) {
        add_flag(&command, "--weight-bits", number(cli, point->bits));
        add_flag(&command, "--activation-bits", number(cli, point->bits));
    }
    point->compiled = run(cli, &command, point->folder, point->failure, sizeof point->failure) == 0;
    return point->compiled;
}

bool explore_verify(struct cli *cli, struct explore_point *point)
{
    struct command command = begin(cli, VERB_VERIFY, "verify", point->folder);
    cJSON *compiled = json_read(file_join(&cli->arena, point->folder, "compile.json"));
    double clock = json_number(compiled, "clock_mhz", NAN);
    double interval = json_number(compiled, "interval_cycles", 1);
    double latency = json_number(compiled, "latency_cycles", NAN);
    cJSON_Delete(compiled);
    const struct job_budget *budget = cli->job->budget;
    double events_mhz = *budget->bunch_crossing_mhz * *budget->events_per_crossing;
    if (clock / events_mhz < interval)
        add_flag(&command, "--bunch-crossing-mhz",
                 number(cli, clock / interval / *budget->events_per_crossing));
    char reason[sizeof point->failure];
    int status = run(cli, &command, point->folder, reason, sizeof reason);
    const char *file = file_join(&cli->arena, point->folder, "verify.json");
    if (file_exists(file)) {
        cJSON *verified = json_read(file);
        point->verified = json_number(verified, "events", 0) > 0 &&
                          json_number(verified, "mismatches", 1) == 0 &&
                          json_number(verified, "reference_mismatches", 0) <= 0 &&
                          json_number(verified, "latency_cycles_measured", -1) == latency;
        cJSON_Delete(verified);
    }
    if (status != 0 && !point->verified) memcpy(point->failure, reason, sizeof reason);
    return point->verified;
}

bool explore_build(struct cli *cli, struct explore_point *point)
{
    struct command command = begin(cli, VERB_BUILD, "build", point->folder);
    if (cli->flags.retries < 0)
        add_flag(&command, "--retries", "0"); /* the schedule as estimated */
    char reason[sizeof point->failure];
    run(cli, &command, point->folder, reason, sizeof reason); /* 1 too where the clock is missed */
    point->built = file_exists(file_join(&cli->arena, point->folder, "build.json"));
    if (!point->built) memcpy(point->failure, reason, sizeof reason);
    return point->built;
}
