/* The pattern memory: how many events fit, and its files. */
#include "boards/flow/patterns.h"
#include "base/error.h"
#include "base/file.h"
#include "boards/flow/job.h"

static int rams_needed(const struct board_target *target, int bits, int address_bits)
{
    int width = target->ram_bits >> address_bits;
    if (width > target->ram_width_max) width = target->ram_width_max;
    if (width == 0) return bits * ((1 << address_bits) / target->ram_bits);
    return (bits + width - 1) / width;
}

static int words_of(const struct build_job *job, int bits)
{
    return job->word_bits ? (bits + job->word_bits - 1) / job->word_bits : 1;
}

int patterns_rams(const struct build_job *job, int address_bits)
{
    const struct board_target *target = &job->board.target;
    if (job->word_bits) {
        int deep = target->ram_bits / target->ram_width_max;
        int in = words_of(job, job->in_bits) << address_bits;
        int out = words_of(job, job->out_bits) << address_bits;
        return (in + deep - 1) / deep + (out + deep - 1) / deep;
    }
    return rams_needed(target, job->in_bits, address_bits) +
           rams_needed(target, job->out_bits, address_bits);
}

/* Word by word if whole events took more than an eighth of the part's block RAMs and the interval
 * leaves the time, as compiler/compile.c counts on. Returns address bits of the fewest events. */
static int choose_words(struct build_job *job)
{
    int least = 0, whole, longest;
    while ((1 << least) < BUILD_EVENTS_MIN)
        least++;
    job->word_bits = 0;
    whole = patterns_rams(job, least);
    job->word_bits = job->board.target.ram_width_max;
    longest = words_of(job, job->in_bits > job->out_bits ? job->in_bits : job->out_bits);
    if (8 * whole <= job->board.rams || job->interval_cycles < longest + 2 ||
        job->latency_cycles < longest + 2)
        job->word_bits = 0;
    else
        while ((1 << least) > BUILD_EVENTS_FEW)
            least--;
    return least;
}

void patterns_choose_depth(struct build_job *job)
{
    long count = job->request->patterns.count;
    if (count < BUILD_EVENTS_MIN)
        fail("the pattern memory needs at least %d events, %ld are given", BUILD_EVENTS_MIN, count);
    int least = choose_words(job), bits = least;
    int most = job->word_bits ? PLAYER_RAMS : job->board.rams;
    while (bits < 16 && (2L << bits) <= count && patterns_rams(job, bits + 1) <= most)
        bits++;
    int needed = patterns_rams(job, bits);
    if (needed > job->board.rams)
        fail("the memory of %d events (%d + %d bits) needs %d of %d block RAMs on %s; build with "
             "--pins-free to size the network alone",
             1 << bits, job->in_bits, job->out_bits, needed, job->board.rams, job->board.name);
    job->address_bits = bits;
}

/* Bits [low, low + width) of a vector, those beyond it 0. */
static void write_word(FILE *stream, const uint8_t *vector, long stride, int low, int width)
{
    for (int digit = (width + 3) / 4 - 1; digit >= 0; digit--) {
        int value = 0;
        for (int i = 0; i < 4 && 4 * digit + i < width; i++) {
            int bit = low + 4 * digit + i;
            if (bit / 8 < stride) value |= (vector[bit / 8] >> bit % 8 & 1) << i;
        }
        fputc("0123456789abcdef"[value], stream);
    }
    fputc('\n', stream);
}

/* Vectors of `bits` in so many words of `width` each, a word a line, highest hexadecimal digit
 * first, a newline behind the last line too: Verilator 5.006 drops the last word without it. */
static void write_vectors(const char *path, const uint8_t *vectors, long count, int bits, int words,
                          int width)
{
    struct out_file *out = out_open(path);
    FILE *stream = out_stream(out);
    long stride = (bits + 7) / 8;
    for (long event = 0; event < count; event++) {
        const uint8_t *vector = vectors + event * stride;
        for (int word = 0; word < words; word++)
            write_word(stream, vector, stride, word * width, width);
    }
    out_commit(out);
}

static void write_whole(struct build_job *job, const char *name, const uint8_t *vectors, int bits)
{
    int words = words_of(job, bits), width = words > 1 ? job->word_bits : bits;
    write_vectors(flow_path(job, name), vectors, 1L << job->address_bits, bits, words, width);
}

void patterns_write(struct build_job *job)
{
    const struct build_patterns *patterns = &job->request->patterns;
    write_whole(job, "patterns_in.hex", patterns->inputs, job->in_bits);
    write_whole(job, "patterns_out.hex", patterns->outputs, job->out_bits);
}

void patterns_write_rows(struct build_job *job)
{
    const struct build_patterns *patterns = &job->request->patterns;
    const struct build_control *control = &job->control;
    if (patterns->count < control->events)
        fail("the playback memory needs %d events, %ld are given", control->events,
             patterns->count);
    write_vectors(flow_path(job, "patterns_in.hex"), patterns->inputs, control->events,
                  job->in_bits, control->event_rows, 32 * control->event_lanes);
    write_vectors(flow_path(job, "patterns_out.hex"), patterns->outputs, control->events,
                  job->out_bits, control->answer_rows, 32 * control->answer_lanes);
}
