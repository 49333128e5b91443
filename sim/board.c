/* See board.h. */
#include "sim/board.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "sim/bench.h"

#include <string.h>
#include <time.h>

static const double start_limit_s = 30;

/* The files of FOLDER/files.f, with the folder. */
static const char *const *list_sources(struct arena *arena, const char *folder)
{
    size_t length;
    char *text = file_read(arena, file_join(arena, folder, "files.f"), &length), *rest = NULL;
    const char **sources = arena_alloc(arena, length / 2 + 2, sizeof *sources);
    int count = 0;
    for (char *name = strtok_r(text, " \n", &rest); name; name = strtok_r(NULL, " \n", &rest))
        sources[count++] = file_join(arena, folder, name);
    return sources;
}

/* The first line of what the simulation says is where its line is. */
static bool read_terminal(const char *log, char *terminal, size_t size)
{
    struct arena arena = {0};
    size_t length;
    const char *text = file_exists(log) ? file_read(&arena, log, &length) : "";
    const char *end = strchr(text, '\n');
    bool found = end && strncmp(text, "/dev/", 5) == 0 && (size_t)(end - text) < size;
    if (found) {
        memcpy(terminal, text, (size_t)(end - text));
        terminal[end - text] = 0;
    }
    arena_free(&arena);
    return found;
}

void sim_board_start(const struct sim_board_request *request, struct sim_board *board)
{
    struct arena arena = {0};
    struct bench_design design = {.folder = request->bench,
                                  .name = "board",
                                  .sources = list_sources(&arena, request->folder),
                                  .top = request->top,
                                  .board = true};
    const char *log = file_join(&arena, request->bench, "board_run.log");
    const char *const argv[] = {bench_build(&arena, &design),
                                arena_printf(&arena, "bit_cycles=%d", request->bit_cycles),
                                arena_printf(&arena, "tcp=%d", request->tcp_port),
                                arena_printf(&arena, "noise=%.0f", 10000 * request->noise), NULL};
    file_write(log, "", 0);
    board->process = process_start(argv, &(struct process_options){request->folder, log, 0});
    double limit = clock_seconds() + start_limit_s;
    while (!read_terminal(log, board->terminal, sizeof board->terminal)) {
        if (!process_runs(board->process) || clock_seconds() > limit) {
            char reason[300];
            process_log_reason(log, reason, sizeof reason);
            fail("the simulated board does not start: %s; see %s", reason, log);
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    arena_free(&arena);
}

void sim_board_stop(struct sim_board *board)
{
    process_stop(board->process);
}
