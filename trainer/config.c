/* The configuration's tables, defaults and checks. */
#include "base/error.h"
#include "trainer/train.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME(id, name, text) name,
#define TEXT(id, name, text) text,
const char *const train_layer_names[] = {TRAIN_LAYER_TABLE(NAME)};
const char *const train_layer_texts[] = {TRAIN_LAYER_TABLE(TEXT)};
const char *const train_loss_names[] = {TRAIN_LOSS_TABLE(NAME)};
const char *const train_loss_texts[] = {TRAIN_LOSS_TABLE(TEXT)};
const char *const train_optimizer_names[] = {TRAIN_OPTIMIZER_TABLE(NAME)};
const char *const train_optimizer_texts[] = {TRAIN_OPTIMIZER_TABLE(TEXT)};
const char *const train_schedule_names[] = {TRAIN_SCHEDULE_TABLE(NAME)};
const char *const train_schedule_texts[] = {TRAIN_SCHEDULE_TABLE(TEXT)};
const char *const train_calibration_names[] = {TRAIN_CALIBRATION_TABLE(NAME)};
const char *const train_calibration_texts[] = {TRAIN_CALIBRATION_TABLE(TEXT)};
const char *const train_monitor_names[] = {TRAIN_MONITOR_TABLE(NAME)};
const char *const train_monitor_texts[] = {TRAIN_MONITOR_TABLE(TEXT)};
const char *const train_prune_scope_names[] = {TRAIN_PRUNE_SCOPE_TABLE(NAME)};
const char *const train_prune_scope_texts[] = {TRAIN_PRUNE_SCOPE_TABLE(TEXT)};
const char *const train_prune_names[] = {TRAIN_PRUNE_TABLE(NAME)};
const char *const train_prune_texts[] = {TRAIN_PRUNE_TABLE(TEXT)};
const char *const train_grain_names[] = {TRAIN_GRAIN_TABLE(NAME)};
const char *const train_grain_texts[] = {TRAIN_GRAIN_TABLE(TEXT)};
const char *const train_levels_names[] = {TRAIN_LEVELS_TABLE(NAME)};
const char *const train_levels_texts[] = {TRAIN_LEVELS_TABLE(TEXT)};
const char *const train_price_names[] = {TRAIN_PRICE_TABLE(NAME)};
const char *const train_price_texts[] = {TRAIN_PRICE_TABLE(TEXT)};
#undef NAME
#undef TEXT

int train_find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

struct train_format train_format_bits(int width_bits)
{
    return (struct train_format){.kind = TRAIN_FORMAT_BITS,
                                 .format = format_make(true, width_bits, width_bits)};
}

struct train_format train_format_fixed(struct format format)
{
    return (struct train_format){.kind = TRAIN_FORMAT_FIXED, .format = format};
}

/* "6", "6 bits", "6 each", "6,TRN,WRAP": the width and the modes, which format_parse() knows. */
static bool parse_bits(const char *text, struct train_format *f, char *reason, size_t reason_size)
{
    char *end;
    long bits = strtol(text, &end, 10);
    while (*end == ' ')
        end++;
    if (strncmp(end, "bits", 4) == 0) end += 4;
    while (*end == ' ')
        end++;
    f->per_element = strncmp(end, "each", 4) == 0;
    if (f->per_element) end += 4;
    if (bits < 2 || bits > 24) {
        if (reason) snprintf(reason, reason_size, "a width is 2 to 24 bits");
        return false;
    }
    char whole[FORMAT_TEXT_BYTES];
    snprintf(whole, sizeof whole, "fixed<%ld,%ld%.40s>", bits, bits, end);
    if (!format_parse(whole, &f->format, reason, reason_size)) return false;
    f->kind = TRAIN_FORMAT_BITS;
    return true;
}

/* "learned", "learned 8", "learned 8 channel": the width to start from and who shares one. */
static bool parse_learned(const char *text, struct train_format *f, char *reason,
                          size_t reason_size)
{
    char grain[16] = "each";
    int bits = TRAIN_START_BITS, used = 0;
    sscanf(text, "learned %n%d %n", &used, &bits, &used);
    int rest = 0;
    if (text[used]) sscanf(text + used, "%15s %n", grain, &rest);
    int found = train_find_name(train_grain_names, GRAIN_COUNT, grain);
    if (found < 0 || text[used + rest] || bits < 1 || bits > 16) {
        if (reason)
            snprintf(reason, reason_size,
                     "a learned width is 'learned [1 to 16 bits to start from] "
                     "[each|channel|tensor]'");
        return false;
    }
    *f = (struct train_format){.kind = TRAIN_FORMAT_LEARNED,
                               .format = format_make(true, bits, bits),
                               .grain = (enum train_grain)found};
    return true;
}

/* "binary", "ternary", "power_of_two", "power_of_two 5"; false if it is none of them. */
static bool parse_levels(const char *text, struct train_format *f, char *reason, size_t reason_size)
{
    char name[16] = "";
    int bits = TRAIN_POWER_BITS, used = 0;
    sscanf(text, "%15s %n%d %n", name, &used, &bits, &used);
    int levels = train_find_name(train_levels_names, LEVELS_COUNT, name);
    if (levels <= LEVELS_ALL) return false;
    bool powers = levels == LEVELS_POWER_OF_TWO;
    f->kind = TRAIN_FORMAT_BITS;
    f->format = format_make(true, powers ? bits : 2, powers ? bits : 2);
    f->format.overflow = OVERFLOW_SAT_SYM;
    f->per_element = true;
    f->levels = (enum train_levels)levels;
    if (!text[used] && bits >= 2 && bits <= 16 && (powers || bits == TRAIN_POWER_BITS)) return true;
    f->kind = TRAIN_FORMAT_DEFAULT;
    if (reason)
        snprintf(reason, reason_size, "'%s' is followed by %s", name,
                 powers ? "a width of 2 to 16 bits or nothing" : "nothing");
    return true;
}

bool train_format_parse(const char *text, struct train_format *f, char *reason, size_t reason_size)
{
    *f = (struct train_format){0};
    while (*text == ' ')
        text++;
    if (strcmp(text, "none") == 0) {
        f->kind = TRAIN_FORMAT_NONE;
        return true;
    }
    if (strcmp(text, "product") == 0) {
        f->kind = TRAIN_FORMAT_PRODUCT;
        return true;
    }
    if (parse_levels(text, f, reason, reason_size)) return f->kind != TRAIN_FORMAT_DEFAULT;
    if (strncmp(text, "learned", 7) == 0) return parse_learned(text, f, reason, reason_size);
    if (isdigit((unsigned char)*text)) return parse_bits(text, f, reason, reason_size);
    if (!format_parse(text, &f->format, reason, reason_size)) return false;
    if (f->format.width_bits > 24) {
        if (reason) snprintf(reason, reason_size, "the trainer's formats have at most 24 bits");
        return false;
    }
    f->kind = TRAIN_FORMAT_FIXED;
    return true;
}

void train_config_init(struct train_config *config)
{
    *config = (struct train_config){
        .name = "network",
        .standardise = true,
        .quantize = true,
        .input = train_format_bits(8),
        .weights = train_format_bits(6),
        .bias = {.kind = TRAIN_FORMAT_PRODUCT},
        .activations = train_format_bits(6),
        .output = {.kind = TRAIN_FORMAT_NONE},
        .calibration = CALIBRATION_MSE,
        .calibration_percentile = 99.9,
        .calibration_events = 20000,
        .loss = LOSS_CATEGORICAL_CROSS_ENTROPY,
        .huber_delta = 1,
        .optimizer = OPTIMIZER_ADAM,
        .learning_rate = 0.005,
        .momentum = 0.9,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .rho = 0.9,
        .epsilon = 1e-7,
        .weight_decay = 0.004,
        .schedule = SCHEDULE_COSINE,
        .decay_rate = 0.5,
        .decay_epochs = 10,
        .final_fraction = 0.01,
        .epochs = 40,
        .quantized_epochs = 40,
        .batch = 1024,
        .seed = 1,
        .threads = 2,
        .monitor = MONITOR_LOSS,
        .prune_scope = PRUNE_LAYER,
        .prune_frequency = 20,
        .prune_steps = 8,
        .price = PRICE_LUT4,
        .frontier_points = 12,
        .anneal_epochs = 80,
        .search_tries = 3,
        .search_further = 6,
        .width_rate = 1,
        .checkpoint_interval = 50,
    };
    config->input.per_element = true;
}
