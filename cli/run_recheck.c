/* sluice run: answers that the board's core recomputes, by the network's own C in its firmware. */
#include "base/error.h"
#include "base/file.h"
#include "base/words.h"
#include "cli/run.h"
#include "runtime/information.h"

#include <string.h>

enum { RECHECK_DEFAULT = 16 };

/* The words of an image, which end with the CRC of those behind what a build fills in. */
static const uint32_t *read_image(struct arena *arena, const char *file, long *count)
{
    enum { HEAD = INFORMATION_WORD + INFORMATION_WORDS };
    size_t length;
    const uint8_t *bytes = (const uint8_t *)file_read(arena, file, &length);
    size_t words = length / 4;
    uint32_t *image = arena_alloc(arena, words + 1, sizeof *image);
    words_from_bytes(bytes, 4 * words, image);
    if (length % 4 || words < HEAD + 2 ||
        host_load_crc(image + HEAD, (long)words - HEAD - 1) != image[words - 1])
        fail("%s: the software fall-back is damaged; build it again", file);
    *count = (long)words;
    return image;
}

void run_start_fallback(struct run *run)
{
    struct cli *cli = run->cli;
    const char *off = cli->flags.fallback;
    if (!run->board.loader || cli->flags.recheck == 0 || (off && strcmp(off, "off") == 0)) return;
    const char *file =
        cli_path(cli, run->simulated ? "run/board/" BUILD_IMAGE : "build/" BUILD_IMAGE);
    if (!file_exists(file)) {
        info("%s is not there: the board's core does not get the software fall-back", file);
        return;
    }
    long count;
    const uint32_t *image = read_image(&cli->arena, file, &count);
    if (host_start_image(&run->board, image, count))
        info("software fall-back loaded: %ld bytes", 4 * count);
}

bool run_rechecks(const struct run *run)
{
    return run->board.fallback && run->cli->flags.recheck != 0;
}

void run_prepare_recheck(struct run *run)
{
    const struct flags *flags = &run->cli->flags;
    if (flags->recheck > 0 && !run->board.fallback)
        fail("%s: the board has no software fall-back to recheck with; build it with --fallback on",
             run->board.port.name);
    if (run_rechecks(run) && !flags->spy) host_arm_spy(&run->board, 0, 0);
}

/* The first difference: four words, in the order of RECHECK_EVENT and on. */
static void note_first(struct run_recheck *recheck, const uint32_t *words)
{
    snprintf(recheck->first, sizeof recheck->first,
             "event %u: word %u is %08x, the core computes %08x", words[0], words[1],
             words[RECHECK_FABRIC - RECHECK_EVENT], words[RECHECK_CORE - RECHECK_EVENT]);
}

void run_recheck_record(struct run *run, uint32_t back, bool *is_there)
{
    struct run_recheck *recheck = &run->recheck;
    uint32_t result[RECHECK_WORDS];
    *is_there = host_recheck(&run->board, back, result);
    if (!*is_there) return;
    recheck->records += result[RECHECK_OUTCOME] != RECHECK_SKIPPED;
    recheck->skipped += result[RECHECK_OUTCOME] == RECHECK_SKIPPED;
    if (result[RECHECK_OUTCOME] != RECHECK_DIFFERENT) return;
    if (recheck->different++ == 0) note_first(recheck, result + RECHECK_EVENT);
}

void run_recheck(struct run *run)
{
    int most = run->cli->flags.recheck >= 0 ? run->cli->flags.recheck : RECHECK_DEFAULT;
    bool is_there = true;
    if (!run_rechecks(run)) return;
    host_write_word(&run->board, ADDRESS_CONTROL, CONTROL_FREEZE);
    for (int back = 0; back < most && is_there; back++)
        run_recheck_record(run, (uint32_t)back, &is_there);
    if (!is_there && run->recheck.records + run->recheck.skipped == 0)
        info("the core recomputed nothing: the spy has no records, or the core does not know the "
             "weights that were loaded before its start");
    host_recheck_live(&run->board, true); /* the spy is the core's again */
}

void run_take_core_counts(struct run *run, const uint32_t counts[COUNTS_ALL])
{
    struct run_recheck *recheck = &run->recheck;
    memcpy(recheck->counts, counts, sizeof recheck->counts);
    if (counts[COUNT_DIFFERENT] > 0 && !recheck->first[0])
        note_first(recheck, counts + COUNT_FIRST);
}

cJSON *run_recheck_json(const struct run *run)
{
    const struct run_recheck *recheck = &run->recheck;
    const uint32_t *counts = recheck->counts;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "there", run->board.fallback);
    if (!run->board.fallback) return json;
    cJSON_AddBoolToObject(json, "stale", counts[COUNT_STATE] & STATE_STALE);
    json_add_number(json, "records", (double)recheck->records);
    json_add_number(json, "different", (double)recheck->different);
    json_add_number(json, "skipped", (double)recheck->skipped);
    json_add_number(json, "cycles", counts[COUNT_CYCLES]);
    json_add_number(json, "core_records", counts[COUNT_RECHECKED]);
    json_add_number(json, "core_different", counts[COUNT_DIFFERENT]);
    cJSON_AddStringToObject(json, "first", recheck->first);
    return json;
}
