/* sluice run --watch --swap: weights of another training, loaded over the line while events go on
 * and swapped in between two of them. Before the swap every answer is the old weights', after it
 * the new ones': the comparison on the chip says so of every event, the spy's records of those
 * around the swap. */
#include "base/error.h"
#include "cli/run.h"
#include "compiler/load_image.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { NUMBERS = 1 << 16 }; /* the spy numbers events modulo 2^16 */
static const double notice_s = 1;

void run_read_swap(struct run *run)
{
    struct cli *cli = run->cli;
    struct run_swap *swap = &run->swap;
    const char *image = cli->flags.swap;
    if (!image) return;
    swap->program = program_read(cli_path(cli, "program.sluice"));
    load_image_apply(swap->program, cli->folder, image);
    swap->weights = run_weights(cli, swap->program, image);
    swap->after_s = isnan(cli->flags.swap_after) ? 1 : cli->flags.swap_after;
    swap->image = image;
    swap->times = cli->flags.swaps < 0 ? 1 : cli->flags.swaps;
}

__attribute__((format(printf, 2, 3))) static void note(struct run_swap *swap, const char *format,
                                                       ...)
{
    va_list list;
    if (swap->wrong[0]) return;
    va_start(list, format);
    vsnprintf(swap->wrong, sizeof swap->wrong, format, list);
    va_end(list);
}

static bool equals(const struct run *run, const uint8_t *packed, const uint8_t *answers, long event)
{
    size_t bytes = (size_t)run->events.output_bytes;
    return memcmp(packed, answers + (size_t)event * bytes, bytes) == 0;
}

static bool differs(const struct run *run, long event)
{
    const uint8_t *old = run->events.packed_outputs;
    return !equals(run, old + event * run->events.output_bytes, run->swap.packed_outputs, event);
}

/* What the new weights make of the stored events. */
static void compute_answers(struct run *run, long stored)
{
    struct run_swap *swap = &run->swap;
    struct arena *arena = &run->cli->arena;
    size_t values = (size_t)stored * (size_t)swap->program->output_count;
    int64_t *outputs = arena_alloc(arena, values, sizeof *outputs);
    program_eval(swap->program, run->events.inputs, stored, outputs);
    swap->outputs = outputs;
    swap->packed_outputs = board_pack(run->cli, swap->program, true, outputs, stored);
    swap->stored = stored;
    for (long e = 0; e < stored; e++)
        swap->differing += differs(run, e);
}

/* The spy's records: old answers, then new ones, one event after the other. */
static void check_records(struct run *run)
{
    struct run_swap *swap = &run->swap;
    struct arena arena = {0};
    struct host_record *records = arena_alloc(&arena, (size_t)run->board.records, sizeof *records);
    int count = host_read_spy(&run->board, &arena, run->board.records, records);
    swap->records += count;
    for (int i = 0; i < count; i++) {
        const struct host_record *record = &records[i];
        long e = record->event % swap->stored;
        bool is_old = equals(run, record->answer, run->events.packed_outputs, e);
        bool is_new = equals(run, record->answer, swap->packed_outputs, e);
        if (record->event != (records[0].event + (uint32_t)i) % NUMBERS)
            note(swap, "the spy's record of event %u does not follow on event %u", record->event,
                 (records[0].event + (uint32_t)i - 1) % NUMBERS);
        if (!is_old && !is_new)
            note(swap, "event %u has an answer of neither the old nor the new weights",
                 record->event);
        if (swap->change >= 0 && !is_new)
            note(swap, "event %u has the old weights' answer, event %ld before it the new ones'",
                 record->event, swap->change);
        if (is_new && !is_old && swap->change < 0) swap->change = record->event;
        swap->old_records += is_old && !is_new;
        swap->new_records += is_new && !is_old;
    }
    arena_free(&arena);
    if (swap->differing > 0 && swap->change < 0) note(swap, "no record has a new answer");
}

/* Every event from the swap on that is answered differently, and no other, was counted: `counted`
 * mismatches of `events` given in all. The spy knows the event of the swap modulo 2^16; whole
 * rounds of the stored events behind it are known from the count. */
static void check_count(struct run *run, double events, double counted)
{
    struct run_swap *swap = &run->swap;
    swap->mismatches += counted;
    if (swap->change < 0) {
        if (counted > 0) note(swap, "%.0f answers differ from the old weights' ones", counted);
        return;
    }
    double rest = 0, behind = fmod(events - (double)swap->change, (double)swap->stored);
    if (behind < 0) behind += (double)swap->stored;
    for (long i = 0; i < (long)behind; i++)
        rest += differs(run, (swap->change + i) % swap->stored);
    double rounds = (counted - rest) / (double)swap->differing;
    double first = events - behind - rounds * (double)swap->stored;
    if (rounds < 0 || rounds != floor(rounds) || first < 0 ||
        fmod(first, NUMBERS) != (double)swap->change)
        note(
            swap,
            "%.0f mismatches in %.0f events are not those of the %ld of %ld stored events that the "
            "new weights answer differently, from event %ld (modulo 2^16) on",
            counted, events, swap->differing, swap->stored, swap->change);
    swap->event = first;
}

static int bank_in_use(struct run *run)
{
    return (host_read_word(&run->board, ADDRESS_STATUS) & STATUS_BANK) != 0;
}

/* While events go on, with so many mismatches counted up to here. */
static void load_and_swap(struct run *run, double mismatches)
{
    struct run_swap *swap = &run->swap;
    const struct run_weights *weights = &swap->weights;
    host_load(&run->board, weights->words, weights->count);
    run_count(run);
    if (run->counted[COUNTER_MISMATCHES] > mismatches)
        note(swap, "%.0f answers were wrong before the swap",
             run->counted[COUNTER_MISMATCHES] - mismatches);
    swap->bank_before = bank_in_use(run);
    host_hear_of_spy(&run->board);
    host_arm_spy(&run->board, SPY_ON_MISMATCH, (uint32_t)run->board.records / 2);
    host_swap(&run->board, weights->words, weights->count);
    swap->bank_after = bank_in_use(run);
    if (swap->bank_after == swap->bank_before) note(swap, "the bank in use has not changed");
    /* Nothing has to wait for the notice: a spy that has frozen stays as it is. */
    if (!host_link_listen(&run->board.link, notice_s))
        host_write_word(&run->board, ADDRESS_CONTROL, CONTROL_FREEZE);
    check_records(run);
}

/* The new weights are the old ones of the next swap. */
static void change_places(struct run *run)
{
    struct run_swap *swap = &run->swap;
    struct run_events *events = &run->events;
    struct run_weights weights = run->weights;
    struct program *program = run->program;
    const int64_t *outputs = events->outputs;
    const uint8_t *packed = events->packed_outputs;
    run->weights = swap->weights;
    run->program = swap->program;
    events->outputs = swap->outputs;
    events->packed_outputs = swap->packed_outputs;
    swap->weights = weights;
    swap->program = program;
    swap->outputs = outputs;
    swap->packed_outputs = packed;
}

static void swap_once(struct run *run)
{
    struct run_swap *swap = &run->swap;
    double events = run->counted[COUNTER_EVENTS], mismatches = run->counted[COUNTER_MISMATCHES];
    swap->change = -1;
    load_and_swap(run, mismatches);
    run_stop(run);
    check_count(run, run->counted[COUNTER_EVENTS] - events,
                run->counted[COUNTER_MISMATCHES] - mismatches);
    change_places(run);
    host_store_events(&run->board, NULL, run->events.packed_outputs, swap->stored);
    host_play(&run->board, &run->play);
    swap->done++;
}

void run_swap(struct run *run, long stored)
{
    struct run_swap *swap = &run->swap;
    const char *image = swap->weights.image;
    compute_answers(run, stored);
    /* Counted from the start of a playing on. */
    run_stop(run);
    host_play(&run->board, &run->play);
    while (swap->done < swap->times && !swap->wrong[0])
        swap_once(run);
    info("%s: %ld words swapped in %d times, the last time at event %.0f of a playing; %ld of the "
         "%ld stored events have other answers",
         image, run->weights.count, swap->done, swap->event, swap->differing, stored);
}

cJSON *run_swap_json(const struct run *run)
{
    const struct run_swap *swap = &run->swap;
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "swaps", swap->done);
    json_add_number(json, "event", swap->event);
    json_add_number(json, "bank_before", swap->bank_before);
    json_add_number(json, "bank_after", swap->bank_after);
    json_add_number(json, "stored", (double)swap->stored);
    json_add_number(json, "stored_differing", (double)swap->differing);
    json_add_number(json, "mismatches", swap->mismatches);
    json_add_number(json, "records", swap->records);
    json_add_number(json, "records_old", swap->old_records);
    json_add_number(json, "records_new", swap->new_records);
    return json;
}

cJSON *run_weights_json(const struct run *run)
{
    char crc[9];
    cJSON *json = cJSON_CreateObject();
    snprintf(crc, sizeof crc, "%08x", run->weights.crc);
    cJSON_AddStringToObject(json, "image", run->weights.image ? run->weights.image : "");
    json_add_number(json, "words", (double)run->weights.count);
    cJSON_AddStringToObject(json, "crc", crc);
    json_add_number(json, "bank", run->bank);
    return json;
}
