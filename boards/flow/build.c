/* The order of a build. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "boards/flow.h"
#include "boards/flow/folder.h"
#include "boards/flow/job.h"

#include <assert.h>

void build_request_init(struct build_request *request)
{
    *request = (struct build_request){
        .synth_limit_s = 1800, .place_limit_s = 2400, .attempts = 3, .seed = 1};
}

void build_run(const struct build_request *request, struct build_result *result)
{
    assert(request->attempts >= 1 && request->seed >= 0);
    double start = clock_seconds();
    struct build_job job = {.request = request, .result = result};
    *result = (struct build_result){.pins_free = request->pins_free};
    job.work = file_join(&job.arena, request->folder, "build.new");

    job_read_interface(&job);
    result->board = job.board;
    result->clock_mhz = job.clock_mhz;
    result->core_mhz = job.control.core_mhz;
    result->uart_baud = job.control.uart_baud;
    job_find_tools(&job);
    folder_remove(job.work);
    file_make_folder(job.work);
    job_write_top(&job);
    job_write_scripts(&job);
    if (!job_cache_find(&job)) {
        job_synthesise_network(&job);
        job_pack_network(&job);
        job_synthesise_top(&job);
        job_place(&job);
        result->seconds = clock_seconds() - start;
        job_write_result(&job, flow_path(&job, "result.json"));
        job_cache_keep(&job);
    }
    result->seconds = clock_seconds() - start;
    folder_replace(job.work, file_join(&job.arena, request->folder, "build"));
    job_write_result(&job, file_join(&job.arena, request->folder, "build.json"));
    arena_free(&job.arena);
}
