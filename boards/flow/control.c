/* Control `core`: the clock of the core, the rate of its UART, and how large its memories can be.
 */
#include "base/error.h"
#include "boards/flow/job.h"
#include "runtime/loader.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    CLASSES_MAX = 16,   /* of the register map */
    DIVIDE_MAX = 16,    /* rtl/clock_divider.v */
    ROWS_MAX = 8,       /* of an event or answer: what more would save is little */
    WORDS_SMALL = 1536, /* 6 KiB of firmware where block memories are few, else 16 KiB */
    WORDS_LARGE = 4096,
    RAMS_FEW = 40,
    SPRAMS = 2,         /* of rtl/spram_ice40.v */
    RECORDS_LEAST = 8,  /* that can be read */
    DELAY_LINE_MAX = 64 /* in flip-flops: rtl/delay_line.v */
};

static void choose_clock(struct build_job *job)
{
    struct build_control *control = &job->control;
    double most = job->board.target.core_mhz_max;
    control->divide = (int)ceil(job->clock_mhz / most - 1e-9);
    if (control->divide < 1) control->divide = 1;
    if (control->divide > DIVIDE_MAX)
        fail("%s runs the core at %g MHz at most: a network's clock of %g MHz cannot be divided by "
             "more than %d for it",
             job->board.target.name, most, job->clock_mhz, DIVIDE_MAX);
    control->core_mhz = job->clock_mhz / control->divide;
}

/* The fastest rate within 2 % of one that stands between board and host makes. */
static void choose_baud(struct build_job *job)
{
    struct build_control *control = &job->control;
    double most = job->board.uart_baud_max, clock = control->core_mhz * 1e6;
    /* What is measured (rtl/baud_meter.v) is exact to half a cycle. */
    int least = job->board.clock_tolerance > 0 ? 12 : 4;
    for (int divider = least; divider < 65536; divider++) {
        double baud = clock / divider, n = fmax(1, round(most / baud));
        if (fabs(baud * n / most - 1) > 0.02) continue;
        control->uart_divider = divider;
        control->uart_baud = most / n;
        return;
    }
    fail("%s: no whole fraction of %g baud can be made from the core's %g MHz", job->board.name,
         most, control->core_mhz);
}

static void choose_scores(struct build_job *job)
{
    struct build_control *control = &job->control;
    const char *file = "interface.json";
    if (job->field_count < 1)
        fail("%s/%s names no fields of the answer; compile the network again", job->request->folder,
             file);
    int width = job->fields[0].width;
    control->class_number = job->field_count == 1 && strcmp(job->output_kind, "argmax") == 0;
    control->prescale_bits = job->board.cells < 10000 ? 8 : 16;
    if (control->class_number) {
        control->score_bits = width;
        control->classes = width < 4 ? 1 << width : CLASSES_MAX;
        return;
    }
    control->classes = job->field_count < CLASSES_MAX ? job->field_count : CLASSES_MAX;
    for (int k = 0; k < control->classes; k++) {
        int bits = job->fields[k].width + !job->fields[k].is_signed;
        if (bits > 32)
            fail("control core: score %d has %d bits, with a sign; thresholds are for 32 at most: "
                 "give the last layer a narrower format, or build with control player",
                 k, bits);
        if (bits > control->score_bits) control->score_bits = bits;
    }
}

/* ---- memories ---- */

static int rams_of(const struct board_target *target, int width, int rows)
{
    int deep = target->ram_bits / target->ram_width_max;
    return (width + target->ram_width_max - 1) / target->ram_width_max * ((rows + deep - 1) / deep);
}

/* Block memories of the core's memory, a lane for each byte, and bytes that one adds to a lane. */
static int lane_bytes(const struct board_target *target)
{
    return target->ram_bits / (target->ram_width_max % 9 ? 8 : 9);
}

static int core_rams(const struct board_target *target, int words)
{
    return 4 * ((words + lane_bytes(target) - 1) / lane_bytes(target));
}

static int power_of_two(int least)
{
    int power = 1;
    while (power < least)
        power *= 2;
    return power;
}

/* Lanes that hold `bits` in at most `rows` rows, and the rows that are needed then. */
static int lanes_of(int bits, int *rows)
{
    int words = (bits + 31) / 32, lanes = power_of_two((words + *rows - 1) / *rows);
    *rows = (words + lanes - 1) / lanes;
    return lanes;
}

/* Cycles and events on their way to a record: as rtl/trigger_system.v has them. */
static int underway(const struct build_job *job, const struct build_control *control)
{
    int cycles = control->answer_rows + 3 + 4;
    if (control->spy_inputs) cycles += job->latency_cycles + control->event_rows;
    return cycles / control->interval_cycles + 1;
}

/* Block memories of the whole control. */
static int count_rams(const struct build_job *job, const struct build_control *c)
{
    const struct board_target *target = &job->board.target;
    int words = c->answer_lanes * c->answer_rows;
    bool combined = c->answer_lanes == 1 && c->interval_cycles > c->answer_rows;
    int rams = core_rams(target, c->memory_words) + 2 + 1 + (job->latency_cycles > DELAY_LINE_MAX);
    rams += job->family->register_rams;
    rams += rams_of(target, 32 * c->event_lanes, c->events * c->event_rows);
    rams += rams_of(target, 32 * c->answer_lanes, c->events * c->answer_rows);
    if (combined)
        rams += rams_of(target, 32, c->records * power_of_two(1 + words));
    else
        rams += rams_of(target, 32, c->records) +
                rams_of(target, 32 * c->answer_lanes, c->records * power_of_two(c->answer_rows));
    if (c->spy_inputs)
        rams += rams_of(target, 32 * c->event_lanes, c->records * power_of_two(c->event_rows));
    return rams;
}

/* As many rows as there is time for, as each lane more costs cells; with fewer where those need
 * more block memories than a power of two of them. */
static bool fits(const struct build_job *job, struct build_control *control)
{
    int most = control->interval_cycles < ROWS_MAX ? control->interval_cycles : ROWS_MAX;
    int free_rams = job->board.rams - job->network_rams;
    for (int sum = 2 * most; sum >= 2; sum--)
        for (int rows = 1; rows < sum; rows++) {
            if (rows > most || sum - rows > most) continue;
            control->event_rows = rows;
            control->answer_rows = sum - rows;
            control->event_lanes = lanes_of(job->in_bits, &control->event_rows);
            control->answer_lanes = lanes_of(job->out_bits, &control->answer_rows);
            control->rams = count_rams(job, control);
            if (control->rams <= free_rams &&
                control->records >= underway(job, control) + RECORDS_LEAST)
                return true;
        }
    return false;
}

/* Events need not be played faster than they come: that leaves time to read them in several rows.
 */
static int crossing_cycles(const struct build_job *job)
{
    double rate = job->request->event_mhz;
    int cycles = rate > 0 ? (int)floor(job->clock_mhz / rate + 1e-9) : 1;
    return cycles > job->interval_cycles ? cycles : job->interval_cycles;
}

/* Inputs of the spy before events, events before records. A core's memory of a power of two words,
 * whose words need not be chosen among block memories (80 cells fewer), comes before the first of
 * these, down to LEAST_FOR_WHOLE. */
static const struct size {
    bool inputs;
    int events, records;
} sizes[] = {{true, 256, 256}, {true, 256, 128}, {true, 128, 128}, {true, 128, 64},
             {true, 64, 64},   {true, 64, 32},   {true, 32, 32},   {false, 256, 128},
             {false, 128, 64}, {false, 64, 32},  {false, 32, 32},  {false, 32, 16}};
enum { SIZES = sizeof sizes / sizeof sizes[0], LEAST_FOR_WHOLE = 3, LEAST_WITH_INPUTS = 6 };

static bool fits_size(const struct build_job *job, struct build_control *control,
                      const struct size *size)
{
    control->spy_inputs = size->inputs;
    control->events = size->events;
    control->records = size->records;
    control->interval_cycles = job->interval_cycles;
    if (fits(job, control)) return true;
    control->interval_cycles = crossing_cycles(job);
    return fits(job, control);
}

/* The largest memory of the core beside which a spy with inputs fits, in words; 0: none. */
static int most_memory(struct build_job *job)
{
    struct build_control *control = &job->control;
    int lane = lane_bytes(&job->board.target), most = 0;
    for (int words = lane; words <= lane * job->board.rams / 4; words += lane) {
        control->memory_words = words;
        if (!fits_size(job, control, &sizes[LEAST_WITH_INPUTS])) break;
        most = words;
    }
    return most;
}

/* Bytes for the firmware with the network's C, beside a spy with inputs: of the SPRAM, beside the
 * other firmware in `least` words of block memory; or of block memory. */
static long fallback_bytes(struct build_job *job, bool spram, int least)
{
    if (!spram) return 4L * most_memory(job);
    job->control.memory_words = least;
    return fits_size(job, &job->control, &sizes[LEAST_WITH_INPUTS]) ? LOADER_IMAGE_BYTES : 0;
}

static bool fits_some_size(const struct build_job *job, struct build_control *control)
{
    for (int i = 0; i < SIZES; i++)
        if (fits_size(job, control, &sizes[i])) return true;
    return false;
}

/* The firmware alone takes `least`; with the network's C what that needs, where it can be. */
static int choose_core_memory(struct build_job *job, int least)
{
    int lane = lane_bytes(&job->board.target);
    const struct build_fallback *fallback = &job->control.fallback;
    bool spram = job->board.sprams >= SPRAMS;
    if (!job_make_fallback(job, spram, fallback_bytes(job, spram, least))) {
        if (job->request->fallback == BUILD_FALLBACK_ON)
            fail("--fallback on: %s", fallback->reason);
        if (job->request->fallback == BUILD_FALLBACK_AUTO)
            info("no software fall-back: %s", fallback->reason);
        return least;
    }
    info("software fall-back: %d bytes of the core's %s, the network as C in the form %s",
         fallback->memory_bytes, spram ? "SPRAM, loaded by `sluice run`" : "memory",
         fallback->form);
    if (spram) return least;
    int words = ((fallback->memory_bytes + 3) / 4 + lane - 1) / lane * lane;
    return words > least ? words : least;
}

/* What is left out matters only where the rest fits. */
static void choose_memories(struct build_job *job)
{
    struct build_control *control = &job->control;
    int least = job->board.rams < RAMS_FEW ? WORDS_SMALL : WORDS_LARGE;
    control->memory_words = least;
    if (!fits_some_size(job, control))
        fail("control core does not fit on %s: with %d bits of an event and %d of an answer, and "
             "%d block memories of the network, it needs more than the %d there are; build with "
             "control player",
             job->board.name, job->in_bits, job->out_bits, job->network_rams, job->board.rams);
    int words = choose_core_memory(job, least);
    control->memory_words = power_of_two(words);
    for (int i = 0; i <= LEAST_FOR_WHOLE; i++)
        if (fits_size(job, control, &sizes[i])) return;
    control->memory_words = words;
    bool fits_too = fits_some_size(job, control); /* it was made for what there is */
    assert(fits_too);
    (void)fits_too;
}

/* Outputs that cannot make an event be accepted. */
static void tell_classes(const struct build_job *job)
{
    bool is_number = job->control.class_number;
    if (is_number && job->control.score_bits > 4)
        info("classes 0 to %d can be accepted; those above are answered, and never accepted",
             CLASSES_MAX - 1);
    if (!is_number && job->field_count > CLASSES_MAX)
        info("the first %d of %d outputs have a threshold", CLASSES_MAX, job->field_count);
}

void job_choose_control(struct build_job *job)
{
    if (job->board.uart_tx[0] == '\0' || job->board.uart_rx[0] == '\0')
        fail("%s has no UART, which control core needs; build with control player",
             job->board.name);
    if (job->in_bits > 65535 || job->out_bits > 65535 || job->latency_cycles > 65000)
        fail("control core: events and answers of 65535 bits and a latency of 65000 cycles are the "
             "most");
    choose_clock(job);
    choose_baud(job);
    choose_scores(job);
    choose_memories(job);
    tell_classes(job);
}
