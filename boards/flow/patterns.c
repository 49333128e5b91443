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

int patterns_rams(const struct build_job *job, int address_bits)
{
    const struct board_target *target = &job->board.target;
    return rams_needed(target, job->in_bits, address_bits) +
           rams_needed(target, job->out_bits, address_bits);
}

void patterns_choose_depth(struct build_job *job)
{
    long count = job->request->patterns.count;
    if (count < BUILD_EVENTS_MIN)
        fail("the pattern memory needs at least %d events, %ld are given", BUILD_EVENTS_MIN, count);
    int least = 0;
    while ((1 << least) < BUILD_EVENTS_MIN)
        least++;
    int bits = least;
    while (bits < 16 && (2L << bits) <= count && patterns_rams(job, bits + 1) <= job->board.rams)
        bits++;
    int needed = patterns_rams(job, bits);
    if (needed > job->board.rams)
        fail("the memory of %d events (%d + %d bits) needs %d of %d block RAMs on %s; build with "
             "--pins-free to size the network alone",
             1 << bits, job->in_bits, job->out_bits, needed, job->board.rams, job->board.name);
    job->address_bits = bits;
}

/* One vector a line, highest hexadecimal digit first, a newline behind the last line too:
 * Verilator 5.006 drops the last word without it. */
static void write_vectors(const char *path, const uint8_t *vectors, long count, int bits)
{
    struct out_file *out = out_open(path);
    FILE *stream = out_stream(out);
    long stride = (bits + 7) / 8;
    for (long event = 0; event < count; event++) {
        const uint8_t *vector = vectors + event * stride;
        for (int digit = (bits + 3) / 4 - 1; digit >= 0; digit--)
            fputc("0123456789abcdef"[vector[digit / 2] >> (digit % 2 * 4) & 15], stream);
        fputc('\n', stream);
    }
    out_commit(out);
}

void patterns_write(struct build_job *job)
{
    const struct build_patterns *patterns = &job->request->patterns;
    long count = 1L << job->address_bits;
    write_vectors(flow_path(job, "patterns_in.hex"), patterns->inputs, count, job->in_bits);
    write_vectors(flow_path(job, "patterns_out.hex"), patterns->outputs, count, job->out_bits);
}
