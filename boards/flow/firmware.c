/* The firmware of a board's core: the image that `make firmware` made, with what it tells a host of
 * network and board filled in (runtime/information.h). */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/words.h"
#include "boards/flow/job.h"
#include "runtime/frame.h"
#include "runtime/information.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t build_identity(const char *folder)
{
    struct arena arena = {0};
    size_t length;
    const char *file = file_join(&arena, folder, "program.sluice");
    uint32_t crc = 0;
    if (file_exists(file)) {
        const char *bytes = file_read(&arena, file, &length);
        crc = frame_crc(0, (const uint8_t *)bytes, (unsigned)length);
    }
    arena_free(&arena);
    return crc;
}

static const char *find_image(struct build_job *job)
{
    const char *asked = job->request->firmware;
    if (asked != NULL && !file_exists(asked)) fail("%s is not there", asked);
    if (asked != NULL) return asked;
    const char *name = job_has_spram(job) ? "firmware_loader.hex" : "firmware.hex";
    const char *built = arena_printf(&job->arena, "%s/build/runtime/%s", board_home(), name);
    if (file_exists(built)) return built;
    const char *installed = arena_printf(&job->arena, "%s/runtime/%s", board_home(), name);
    if (!file_exists(installed)) fail("%s is not there; make it by `make firmware`", built);
    return installed;
}

/* Words of the image, hexadecimal, one a line; returns how many. */
static int read_words(struct build_job *job, const char *file, uint32_t *words)
{
    size_t length;
    const char *text = file_read(&job->arena, file, &length);
    int count = 0;
    for (const char *at = text; *at; count++) {
        char *end;
        unsigned long word = strtoul(at, &end, 16);
        if (end != at + 8 || *end != '\n' || word > UINT32_MAX)
            fail_at(file, count + 1, "not a word of firmware; make it by `make firmware`");
        if (count == job->control.memory_words)
            fail("%s has more words than the core's memory on %s, %d", file, job->board.name,
                 job->control.memory_words);
        words[count] = (uint32_t)word;
        at = end + 1;
    }
    if (count <= INFORMATION_WORD + INFORMATION_WORDS)
        fail("%s is not a whole firmware; make it by `make firmware`", file);
    return count;
}

static void fill_in(const struct build_job *job, uint32_t *words)
{
    struct information information = {.network = build_identity(job->request->folder),
                                      .network_khz = (uint32_t)lround(job->clock_mhz * 1000),
                                      .core_khz = (uint32_t)lround(job->control.core_mhz * 1000),
                                      .memory_bytes = 4 * (uint32_t)job->control.memory_words};
    snprintf(information.name, sizeof information.name, "%.*s on %s",
             (int)(sizeof information.name - strlen(job->board.name) - 5), job->top,
             job->board.name);
    uint32_t *to = words + INFORMATION_WORD;
    *to++ = information.network;
    *to++ = information.network_khz;
    *to++ = information.core_khz;
    *to++ = information.memory_bytes;
    words_from_bytes((const uint8_t *)information.name, INFORMATION_NAME_BYTES, to);
}

static void write_hex(struct build_job *job, const uint32_t *words, int count)
{
    struct text text = {0};
    for (int i = 0; i < count; i++)
        text_add(&text, "%08x\n", words[i]);
    file_write(flow_path(job, "firmware.hex"), text_string(&text), text.length);
    text_free(&text);
}

static void write_image(struct build_job *job, const uint32_t *words, int count)
{
    size_t length = 4 * (size_t)count;
    uint8_t *bytes = arena_alloc(&job->arena, length, 1);
    words_to_bytes(words, length, bytes);
    file_write(flow_path(job, BUILD_IMAGE), (const char *)bytes, length);
}

void job_write_firmware(struct build_job *job)
{
    const struct build_fallback *fallback = &job->control.fallback;
    if (fallback->there) fill_in(job, fallback->words);
    if (job_has_spram(job)) write_image(job, fallback->words, fallback->word_count);
    if (fallback->there && !fallback->spram) {
        write_hex(job, fallback->words, fallback->word_count);
        return;
    }
    uint32_t *words = arena_alloc(&job->arena, (size_t)job->control.memory_words, sizeof *words);
    int count = read_words(job, find_image(job), words);
    fill_in(job, words);
    write_hex(job, words, count);
}
