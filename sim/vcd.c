/* A reader of VCD files: definitions into a sorted list of paths, changes into one list per code.
 */
#include "sim/vcd.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change {
    uint64_t time, bits;
};
struct track { /* one identifier code; several paths may share it */
    struct change *changes;
    size_t count, capacity;
};
struct signal {
    const char *path;
    int track;
};
struct vcd {
    struct arena arena;
    struct signal *signals;
    int signal_count;
    size_t signal_capacity;
    struct track *tracks; /* by number: codes are base-94 numbers */
    size_t track_count, track_capacity;
};

/* Verilator counts its codes in base 94, lowest character first, "!" for 0; characters after the
 * first count from 1. */
static size_t code_number(const char *code)
{
    size_t number = 0, length = strlen(code);
    for (size_t i = length; i-- > 0;)
        number = number * 94 + (size_t)(code[i] - '!') + (i > 0);
    return number;
}

static struct track *track_of(struct vcd *vcd, size_t number)
{
    if (number >= vcd->track_count) {
        vcd->tracks =
            array_grow(vcd->tracks, &vcd->track_capacity, number + 1, sizeof *vcd->tracks);
        memset(vcd->tracks + vcd->track_count, 0,
               (number + 1 - vcd->track_count) * sizeof *vcd->tracks);
        vcd->track_count = number + 1;
    }
    return &vcd->tracks[number];
}

/* The next word; NULL at the end. Words are cut in place. */
static char *next_word(char **at)
{
    char *start = *at + strspn(*at, " \t\r\n");
    if (!*start) return NULL;
    char *end = start + strcspn(start, " \t\r\n");
    *at = *end ? end + 1 : end;
    *end = 0;
    return start;
}

static void skip_to_end(char **at)
{
    for (char *word; (word = next_word(at)) && strcmp(word, "$end") != 0;) {
    }
}

static void read_variable(struct vcd *vcd, char **at, const char *scope)
{
    next_word(at); /* kind */
    const char *width = next_word(at), *code = next_word(at), *name = next_word(at);
    if (width && code && name && atoi(width) <= 64) {
        vcd->signals = array_grow(vcd->signals, &vcd->signal_capacity,
                                  (size_t)vcd->signal_count + 1, sizeof *vcd->signals);
        size_t number = code_number(code);
        track_of(vcd, number);
        const char *path = arena_printf(&vcd->arena, "%s%s%s", scope, *scope ? "." : "", name);
        vcd->signals[vcd->signal_count++] = (struct signal){path, (int)number};
    }
    skip_to_end(at);
}

static void read_definitions(struct vcd *vcd, char **at)
{
    char *scope = arena_strdup(&vcd->arena, "");
    for (char *word; (word = next_word(at));) {
        if (strcmp(word, "$scope") == 0) {
            next_word(at);
            const char *name = next_word(at);
            scope = arena_printf(&vcd->arena, "%s%s%s", scope, *scope ? "." : "", name ? name : "");
            skip_to_end(at);
        } else if (strcmp(word, "$upscope") == 0) {
            scope = arena_strdup(&vcd->arena, scope); /* paths made so far keep theirs */
            char *dot = strrchr(scope, '.');
            *(dot ? dot : scope) = 0;
            skip_to_end(at);
        } else if (strcmp(word, "$var") == 0) {
            read_variable(vcd, at, scope);
        } else if (strcmp(word, "$enddefinitions") == 0) {
            skip_to_end(at);
            return;
        } else if (word[0] == '$') {
            skip_to_end(at);
        }
    }
}

static void add_change(struct vcd *vcd, const char *code, uint64_t time, uint64_t bits)
{
    size_t number = code_number(code);
    if (number >= vcd->track_count) return; /* too wide, left out */
    struct track *track = &vcd->tracks[number];
    track->changes =
        array_grow(track->changes, &track->capacity, track->count + 1, sizeof *track->changes);
    track->changes[track->count++] = (struct change){time, bits};
}

static void read_changes(struct vcd *vcd, char **at)
{
    uint64_t time = 0;
    for (char *word; (word = next_word(at));) {
        if (word[0] == '#') {
            time = strtoull(word + 1, NULL, 10);
        } else if (word[0] == 'b') {
            uint64_t bits = 0;
            for (const char *c = word + 1; *c; c++)
                bits = bits << 1 | (*c == '1');
            const char *code = next_word(at);
            if (code) add_change(vcd, code, time, bits);
        } else if (word[0] == '0' || word[0] == '1' || word[0] == 'x' || word[0] == 'z') {
            add_change(vcd, word + 1, time, word[0] == '1');
        }
    }
}

static int compare_signals(const void *a, const void *b)
{
    return strcmp(((const struct signal *)a)->path, ((const struct signal *)b)->path);
}

struct vcd *vcd_read(const char *path)
{
    struct vcd *vcd = calloc(1, sizeof *vcd);
    size_t length;
    if (!vcd) fail("out of memory");
    char *at = file_read(&vcd->arena, path, &length);
    read_definitions(vcd, &at);
    read_changes(vcd, &at);
    if (vcd->signal_count)
        qsort(vcd->signals, (size_t)vcd->signal_count, sizeof *vcd->signals, compare_signals);
    return vcd;
}

void vcd_free(struct vcd *vcd)
{
    for (size_t i = 0; i < vcd->track_count; i++)
        free(vcd->tracks[i].changes);
    free(vcd->tracks);
    free(vcd->signals);
    arena_free(&vcd->arena);
    free(vcd);
}

int vcd_find(const struct vcd *vcd, const char *path)
{
    int low = 0, high = vcd->signal_count - 1;
    while (low <= high) {
        int middle = (low + high) / 2, order = strcmp(path, vcd->signals[middle].path);
        if (order == 0) return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

uint64_t vcd_value(const struct vcd *vcd, int signal, uint64_t time)
{
    const struct track *track = &vcd->tracks[vcd->signals[signal].track];
    uint64_t bits = 0;
    for (size_t i = 0; i < track->count && track->changes[i].time <= time; i++)
        bits = track->changes[i].bits;
    return bits;
}
