/* Running a tool, and finding in its log why it failed. */
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "boards/flow/job.h"

#include <stdio.h>
#include <string.h>

/* The first line of the log that a tool marks as its error; signal names may hold "error" too. */
static void find_reason(struct build_job *job, const char *log, char *line, size_t size)
{
    process_log_reason(log, line, size);
    size_t length;
    const char *text = file_read(&job->arena, log, &length);
    const char *mark = strstr(text, "ERROR: ");
    if (mark == NULL) return;
    snprintf(line, size, "%.*s", (int)strcspn(mark, "\n"), mark);
}

/* Once the network has been packed alone and fits, it is the board's top that is too much. */
static _Noreturn void fail_overuse(const struct build_job *job, const char *needs, const char *log)
{
    if (job->result->cells > 0 && !job->request->pins_free)
        fail("%s with the pattern memory around it does not fit on %s: it %s; "
             "build with --pins-free to size the network alone; see %s",
             job->top, job->board.part, needs, log);
    fail("%s does not fit on %s: it %s; see %s", job->top, job->board.part, needs, log);
}

bool job_try(struct build_job *job, const char *const argv[], const char *log, double limit_s,
             char *reason, size_t size)
{
    const char *path = flow_path(job, log), *name = file_name(argv[0]);
    const struct process_options options = {
        .folder = job->work, .log = path, .time_limit_s = limit_s};
    int status = process_run(argv, &options);
    if (status == 0) return true;
    if (status == PROCESS_NOT_FOUND)
        fail("%s is not there; `sluice doctor` says what brings it", argv[0]);
    char why[600];
    if (status == PROCESS_TIMED_OUT) {
        snprintf(reason, size, "%s did not end within %g s; give more time", name, limit_s);
    } else if (status == PROCESS_KILLED) {
        snprintf(reason, size, "%s was killed", name);
    } else if (job_find_overuse(job, path, why, sizeof why)) {
        fail_overuse(job, why, path);
    } else {
        find_reason(job, path, why, sizeof why);
        snprintf(reason, size, "%s failed: %s", name, why[0] ? why : "no reason in its log");
    }
    return false;
}

void job_run(struct build_job *job, const char *const argv[], const char *log, double limit_s)
{
    char reason[700];
    if (!job_try(job, argv, log, limit_s, reason, sizeof reason))
        fail("%s; its log is %s", reason, flow_path(job, log));
}

bool job_find_overuse(struct build_job *job, const char *log, char *line, size_t size)
{
    const struct board_target *target = &job->board.target;
    const char *const kinds[][2] = {
        {target->cell, "logic cells"}, {target->ram, "block RAMs"}, {target->dsp, "multipliers"}};
    size_t length;
    const char *text = file_read(&job->arena, log, &length);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *key = arena_printf(&job->arena, "%s:", kinds[i][0]);
        for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key)) {
            long used, available;
            if (sscanf(at + strlen(key), " %ld / %ld", &used, &available) != 2) continue;
            if (used <= available) continue;
            snprintf(line, size, "needs %ld of %ld %s", used, available, kinds[i][1]);
            return true;
        }
    }
    return false;
}
