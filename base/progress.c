/* Progress bars on stderr. */
#include "base/progress.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    bool active, on_terminal, drawn;
    char label[64];
    long total, last_tenth;
    double start, last_draw;
} bar;

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_begin(const char *label, long total)
{
    memset(&bar, 0, sizeof bar);
    if (error_is_quiet()) return;
    bar.active = true;
    bar.on_terminal = isatty(STDERR_FILENO) == 1;
    snprintf(bar.label, sizeof bar.label, "%s", label);
    bar.total = total;
    bar.start = clock_seconds();
    if (total == 0) fprintf(stderr, "%s ...\n", label);
}

static void draw_bar(long done, const char *remark, double elapsed)
{
    enum { CELLS = 30 };
    char cells[CELLS + 1];
    if (done > bar.total) done = bar.total;
    long filled = done * CELLS / bar.total;
    for (long i = 0; i < CELLS; i++)
        cells[i] = i < filled ? '#' : '.';
    cells[CELLS] = 0;
    double left = done > 0 ? elapsed * (double)(bar.total - done) / (double)done : 0;
    fprintf(stderr, "\r\033[K%s [%s] %ld/%ld  %.0f s left  %s", bar.label, cells, done, bar.total,
            left, remark ? remark : "");
    fflush(stderr);
    bar.drawn = true;
}

void progress_update(long done, const char *remark)
{
    if (!bar.active || bar.total <= 0) return;
    double now = clock_seconds();
    if (bar.on_terminal) {
        if (now - bar.last_draw < 0.1 && done < bar.total) return;
        bar.last_draw = now;
        draw_bar(done, remark, now - bar.start);
        return;
    }
    long tenth = done * 10 / bar.total;
    if (tenth == bar.last_tenth) return;
    bar.last_tenth = tenth;
    fprintf(stderr, "%s %ld/%ld%s%s\n", bar.label, done, bar.total, remark ? "  " : "",
            remark ? remark : "");
}

void progress_end(void)
{
    if (bar.active && bar.drawn) fputc('\n', stderr);
    bar.active = false;
}

void progress_abandon(void)
{
    progress_end();
}

void progress_clear_line(void)
{
    if (bar.active && bar.drawn) fputs("\r\033[K", stderr);
}
