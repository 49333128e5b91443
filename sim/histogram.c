/* Histograms of scores: see histogram.h. */
#include "sim/histogram.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

struct histogram histogram_init(struct arena *arena, const struct program *p)
{
    struct histogram h = {.program = p};
    h.outputs = arena_alloc(arena, (size_t)p->output_count, sizeof *h.outputs);
    for (int i = 0; i < p->output_count; i++) {
        const struct op *op = &p->ops[p->outputs[i].value];
        uint64_t span = (uint64_t)op->hi - (uint64_t)op->lo;
        struct histogram_output *o = &h.outputs[i];
        o->lo = op->lo;
        while (span >> o->shift >= HISTOGRAM_BINS)
            o->shift++;
        o->bins = (int)(span >> o->shift) + 1;
    }
    return h;
}

void histogram_add(struct histogram *h, const int64_t *outputs, long events)
{
    const int columns = h->program->output_count;
    for (int i = 0; i < columns; i++) {
        struct histogram_output *o = &h->outputs[i];
        const uint64_t lo = (uint64_t)o->lo;
        for (long e = 0; e < events; e++)
            o->count[((uint64_t)outputs[e * columns + i] - lo) >> o->shift]++;
    }
}

void histogram_merge(struct histogram *into, const struct histogram *other)
{
    for (int i = 0; i < into->program->output_count; i++)
        for (int bin = 0; bin < into->outputs[i].bins; bin++)
            into->outputs[i].count[bin] += other->outputs[i].count[bin];
}

/* Score of the integer at the lower edge of a bin. */
static double edge(const struct histogram *h, int output, int bin)
{
    const struct histogram_output *o = &h->outputs[output];
    const struct op *op = &h->program->ops[h->program->outputs[output].value];
    return ldexp((double)o->lo + ldexp(bin, o->shift), -op_fraction(op));
}

static void write_json(const struct histogram *h, const char *path, long events)
{
    const struct program *p = h->program;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "events", (double)events);
    cJSON *list = cJSON_AddArrayToObject(root, "outputs");
    for (int i = 0; i < p->output_count; i++) {
        const struct histogram_output *o = &h->outputs[i];
        cJSON *one = cJSON_CreateObject(), *counts;
        cJSON_AddStringToObject(one, "name", p->outputs[i].name);
        json_add_number(one, "low", edge(h, i, 0));
        json_add_number(one, "bin_width", edge(h, i, 1) - edge(h, i, 0));
        counts = cJSON_AddArrayToObject(one, "counts");
        for (int bin = 0; bin < o->bins; bin++)
            cJSON_AddItemToArray(counts, cJSON_CreateNumber((double)o->count[bin]));
        cJSON_AddItemToArray(list, one);
    }
    json_write(path, root);
    cJSON_Delete(root);
}

static void write_csv(const struct histogram *h, const char *path)
{
    const struct program *p = h->program;
    struct text text = {0};
    text_add(&text, "output,low,high,count\n");
    for (int i = 0; i < p->output_count; i++) {
        for (int bin = 0; bin < h->outputs[i].bins; bin++) {
            text_add_field(&text, p->outputs[i].name);
            text_add(&text, ",%.17g,%.17g,%ld\n", edge(h, i, bin), edge(h, i, bin + 1),
                     h->outputs[i].count[bin]);
        }
    }
    file_write(path, text.bytes, text.length);
    text_free(&text);
}

void histogram_write(const struct histogram *h, const char *path, long events)
{
    size_t length = strlen(path);
    if (length >= 5 && strcmp(path + length - 5, ".json") == 0)
        write_json(h, path, events);
    else
        write_csv(h, path);
}
