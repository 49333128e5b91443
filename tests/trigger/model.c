/* See model.h. */
#include "model.h"

#include <limits.h>
#include <string.h>

enum { EVENTS, ANSWERS, MISMATCHES, LATE, ACCEPTS, DEAD, REFUSED, CLASS = 8 };

/* From the start of playing to the first event, behind the rows that are read. */
enum { FIRST_EVENT = 5 };

static int way_cycles(const struct shape *shape)
{
    return shape->answer_rows + 7 + (shape->spy_inputs ? shape->latency + shape->event_rows : 0);
}

uint32_t model_most_records(const struct model *model)
{
    return (uint32_t)(model->shape.records -
                      (way_cycles(&model->shape) / model->shape.interval + 1));
}

void model_init(struct model *model, const struct shape *shape)
{
    memset(model, 0, sizeof *model);
    model->shape = *shape;
}

static uint32_t field(const uint32_t *words, int low, int width)
{
    uint32_t value = 0;
    for (int i = 0; i < width; i++)
        value |= (words[(low + i) / 32] >> (low + i) % 32 & 1) << i;
    return value;
}

static int32_t sign_extend(uint32_t value, int bits)
{
    uint32_t sign = UINT32_C(1) << (bits - 1);
    return (int32_t)(((value & (2 * sign - 1)) ^ sign) - sign);
}

/* Scores lie side by side from bit 0 on, score_bits each. */
static bool passes(const struct model *model, const uint32_t *answer, int class)
{
    const struct shape *shape = &model->shape;
    if (shape->class_number) return field(answer, 0, shape->score_bits) == (uint32_t) class;
    return sign_extend(field(answer, class * shape->score_bits, shape->score_bits),
                       shape->score_bits) >= model->threshold[class];
}

static void decide(struct model *model, struct waiting *answer)
{
    for (int k = 0; k < model->shape.classes; k++) {
        if (!passes(model, answer->answer, k)) continue;
        answer->passes |= UINT32_C(1) << k;
        model->counters[CLASS + k]++;
        if (model->prescale[k] == 0) continue;
        if (--model->left[k] > 0) continue;
        model->left[k] = model->prescale[k];
        if (model->mask >> k & 1) answer->accept = true;
    }
}

static void apply(struct model *model)
{
    for (int k = 0; k < model->shape.classes; k++) {
        model->threshold[k] = sign_extend(model->settings.threshold[k], model->shape.score_bits);
        model->prescale[k] = model->left[k] = model->settings.prescale[k] & 0xff;
    }
    model->mask = model->settings.mask;
}

/* ---- events in ---- */

static void play(struct model *model, long time)
{
    model->running = true;
    model->stopped = LONG_MAX;
    model->next = time + model->shape.event_rows + FIRST_EVENT;
    model->event = model->given = model->in_burst = 0;
    model->last = model->settings.last;
    model->number = 0;
}

/* Events whose turn has come when it is stopped are given: the reading of their rows is on its way.
 */
static void check_stop(struct model *model)
{
    if (model->running && model->next - model->shape.event_rows - 2 > model->stopped)
        model->running = false;
}

static void give(struct model *model, long time)
{
    const struct settings *settings = &model->settings;
    model->valid = false;
    if (!model->running || time != model->next) return;
    model->valid = true;
    model->valid_event = model->event;
    model->counters[EVENTS]++;
    struct waiting *due = &model->due.items[model->due.tail++ % WAITING_MAX];
    *due = (struct waiting){
        .time = time + model->shape.latency, .event = (int)model->event, .due = true};
    model->event = model->event == settings->last ? 0 : model->event + 1;
    long gap = settings->gap;
    if (gap < model->shape.interval) gap = model->shape.interval;
    if (gap < model->shape.event_rows) gap = model->shape.event_rows;
    model->next = time + gap;
    if (settings->burst && ++model->in_burst == settings->burst) {
        model->in_burst = 0;
        model->next += settings->pause;
    }
    if (++model->given == settings->count) model->running = false;
    check_stop(model);
}

static void stop(struct model *model, long time)
{
    if (model->running) model->stopped = time;
    check_stop(model);
}

/* ---- answers out ---- */

static void answer(struct model *model, long time, const struct step *step)
{
    struct queue *queue = &model->due;
    bool due = queue->head != queue->tail && queue->items[queue->head % WAITING_MAX].time == time;
    if (!due && !step->valid) return;
    struct waiting result = {.event = -1};
    if (due) result = queue->items[queue->head++ % WAITING_MAX];
    result.there = step->valid;
    result.time = time + model->shape.answer_rows + 3;
    int words = model->shape.answer_lanes * model->shape.answer_rows;
    if (step->valid) {
        memcpy(result.answer, step->answer, (size_t)words * sizeof *step->answer);
        decide(model, &result);
        model->counters[ANSWERS]++;
    }
    if (due && step->valid && model->settings.record)
        memcpy(model->expected[result.event], result.answer, (size_t)words * sizeof *step->answer);
    else if (due && step->valid)
        result.mismatch = memcmp(model->expected[result.event], result.answer,
                                 (size_t)words * sizeof *step->answer) != 0;
    model->made.items[model->made.tail++ % WAITING_MAX] = result;
}

static void make_record(struct model *model, long time)
{
    struct queue *queue = &model->made;
    if (queue->head == queue->tail || queue->items[queue->head % WAITING_MAX].time != time) return;
    const struct waiting *from = &queue->items[queue->head++ % WAITING_MAX];
    const struct settings *settings = &model->settings;
    bool late = from->due != from->there;
    model->counters[MISMATCHES] += from->mismatch;
    model->counters[LATE] += late;
    model->counters[ACCEPTS] += from->accept;
    model->counters[DEAD] += from->accept && model->frozen;
    bool recording = model->armed && time >= model->recording_from;
    if (from->due && recording) {
        struct record *record = &model->records[model->place];
        record->first =
            (uint32_t)from->accept << 31 | (from->passes & 0x7fff) << 16 | (model->number & 0xffff);
        record->missing = !from->there;
        memcpy(record->event, model->events[from->event], sizeof record->event);
        memcpy(record->answer, from->answer, sizeof record->answer);
        model->next_place = (model->place + 1) % (uint32_t)model->shape.records;
        if (model->taken < model_most_records(model)) model->taken++;
    }
    if (from->due) {
        model->place = (model->place + 1) % (uint32_t)model->shape.records;
        model->number++;
    }
    bool hit = (settings->trigger & 1 && from->due && from->accept) ||
               (settings->trigger & 2 && from->mismatch) || (settings->trigger & 4 && late);
    if (!recording || !(hit || (model->triggered && from->due))) return;
    model->triggered = true;
    if (model->left_after-- == 0) model->armed = false, model->frozen = true;
}

static void arm(struct model *model, long time)
{
    model->armed = true;
    model->frozen = model->triggered = false;
    model->taken = 0;
    model->recording_from = time + way_cycles(&model->shape) + 2;
    model->left_after = model->settings.after;
    if (model->left_after > model->shape.records - 1) model->left_after = model->shape.records - 1;
}

/* ---- load port: a word is whole with its last part, the lowest comes first ---- */

static void load(struct model *model, const struct step *step)
{
    const struct shape *shape = &model->shape;
    int parts = (shape->load_data_bits + 31) / 32;
    uint32_t most = (UINT32_C(1) << shape->load_address_bits) - 1;
    model->load_valid = false;
    model->load_swap = step->swap && parts > 0;
    if (step->load_address) {
        model->load_next = step->word & most;
        model->load_parts = 0;
    }
    if (step->load_data && parts > 0) {
        model->load_word[model->load_parts++] = step->word;
        model->load_valid = model->load_parts == parts;
    }
    if (model->load_valid) {
        model->load_address = model->load_next;
        model->load_next = (model->load_next + 1) & most;
        model->load_parts = 0;
    }
    if ((model->load_valid || model->load_swap) && !step->load_ready) model->counters[REFUSED]++;
}

void model_step(struct model *model, long time, const struct step *step)
{
    if (step->apply) apply(model);
    give(model, time);
    answer(model, time, step);
    make_record(model, time);
    load(model, step);
    if (step->stop) stop(model, time);
    if (step->play) play(model, time);
    if (step->freeze) model->frozen = true, model->armed = false;
    if (step->arm) arm(model, time);
}
