/* Results by content: the same network, board, options and tools give the files of the earlier run.
 * A folder per result, named by the hash of all that went in. Clean by removing the cache's folder.
 */
#include "base/error.h"
#include "base/file.h"
#include "boards/flow/folder.h"
#include "boards/flow/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void add_string(struct hash *hash, const char *text)
{
    hash_add(hash, text, strlen(text) + 1);
}

/* All that the tools are given: the network's Verilog, the files written so far, the data files,
 * options, versions. */
static const char *cache_folder(struct build_job *job)
{
    struct hash hash = hash_init();
    const struct build_request *request = job->request;
    add_string(&hash, "sluice build 5");
    add_string(&hash, job->yosys.version);
    add_string(&hash, job->nextpnr.version);
    add_string(&hash, job->pack.version);
    if (job_has_full_nextpnr(job)) add_string(&hash, job->family->tools.full_nextpnr);
    add_string(&hash,
               arena_printf(&job->arena, "%s %.12g MHz, seeds %d to %d, %.12g, %s", job->board.name,
                            job->clock_mhz, request->seed, request->seed + request->attempts - 1,
                            request->hopeless, request->pins_free ? "pins free" : "board"));
    const char *data[] = {job->board.name,
                          arena_printf(&job->arena, "targets/%s", job->board.target.name)};
    for (int i = 0; i < 2; i++)
        hash_add_file(&hash, arena_printf(&job->arena, "%s/boards/%s.json", board_home(), data[i]));
    for (int i = 0; job->rtl[i] != NULL; i++) {
        add_string(&hash, job->rtl[i]);
        hash_add_file(&hash, arena_printf(&job->arena, "%s/rtl/%s", request->folder, job->rtl[i]));
    }
    const char **written = folder_list(&job->arena, job->work);
    for (int i = 0; written[i] != NULL; i++) {
        add_string(&hash, written[i]);
        hash_add_file(&hash, flow_path(job, written[i]));
    }
    char text[33];
    hash_print(hash, text);
    return file_join(&job->arena, request->cache, text);
}

bool job_cache_find(struct build_job *job)
{
    if (job->request->cache == NULL) return false;
    job->cache = cache_folder(job);
    struct build_result kept = *job->result;
    const char *file = file_join(&job->arena, job->cache, "result.json");
    if (!file_exists(file) || !job_read_result(file, &kept)) return false;
    folder_copy_files(job->cache, job->work);
    *job->result = kept;
    job->result->cached = true;
    return true;
}

/* Netlists between two tools: the largest files, and of no use once the run is over. */
static bool is_bulky(const char *name)
{
    return strcmp(name, "network.json") == 0 || strcmp(name, "design.json") == 0;
}

void job_cache_keep(struct build_job *job)
{
    if (job->cache == NULL) return;
    const char *fresh = arena_printf(&job->arena, "%s.new", job->cache);
    folder_remove(fresh);
    file_make_folder(fresh);
    const char **names = folder_list(&job->arena, job->work);
    for (int i = 0; names[i] != NULL; i++)
        if (!is_bulky(names[i]))
            file_copy(flow_path(job, names[i]), file_join(&job->arena, fresh, names[i]));
    folder_replace(fresh, job->cache);
}
