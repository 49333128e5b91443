/* A board's top with its sources in a folder, for a simulation: no tool is run. */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "boards/flow.h"
#include "boards/flow/folder.h"
#include "boards/flow/job.h"

#include <assert.h>
#include <string.h>

/* Whether a protected network brings the module along. */
static bool is_brought(const struct build_job *job, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; job->rtl[i] != NULL; i++)
        if (strncmp(job->rtl[i], name, length) == 0 && strcmp(job->rtl[i] + length, ".v") == 0)
            return true;
    return false;
}

/* In the order in which a simulator reads them; the models stand for what is not logic. */
static void write_list(struct build_job *job)
{
    struct text list = {0};
    text_add(&list, "top.v\n");
    for (const char *const *name = job_control_sources(job); *name != NULL; name++)
        if (!is_brought(job, *name)) text_add(&list, "%s.v\n", *name);
    if (!job->pll.bypass) text_add(&list, "pll_model.v\n");
    if (job_has_spram(job)) text_add(&list, "spram_model.v\n");
    for (int i = 0; job->rtl[i] != NULL; i++)
        text_add(&list, "%s\n", job->rtl[i]);
    file_write(flow_path(job, "files.f"), text_string(&list), list.length);
    text_free(&list);
}

void build_prepare(const struct build_request *request, const char *folder,
                   struct build_system *system)
{
    assert(request->control_core && !request->pins_free);
    struct build_result result = {0};
    struct build_job job = {.request = request, .result = &result};
    job.work = arena_strdup(&job.arena, folder);
    job_read_interface(&job);
    job.board.oscillator[0] = '\0'; /* the simulation has a clock of its own */
    folder_remove(folder);
    file_make_folder(folder);
    job_write_top(&job);
    for (int i = 0; job.rtl[i] != NULL; i++)
        file_copy(arena_printf(&job.arena, "%s/rtl/%s", request->folder, job.rtl[i]),
                  flow_path(&job, job.rtl[i]));
    const char *const models[] = {"pll_model.v", "spram_model.v"};
    for (int i = 0; i < 2; i++)
        file_copy(arena_printf(&job.arena, "%s/boards/flow/%s", board_home(), models[i]),
                  flow_path(&job, models[i]));
    write_list(&job);
    *system = (struct build_system){.board = job.board,
                                    .clock_mhz = job.clock_mhz,
                                    .core_mhz = job.control.core_mhz,
                                    .core_divide = job.control.divide,
                                    .uart_baud = job.control.uart_baud,
                                    .uart_divider = job.control.uart_divider,
                                    .events = job.control.events,
                                    .records = job.control.records,
                                    .top = "top"};
    arena_free(&job.arena);
}
