/* gnuplot, and its SVG made fit for a page: see plot.h. */
#include "report/plot.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PLOT_LIMIT_S = 60 };

const char *report_colour(int index)
{
    static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                          "#E69F00", "#56B4E9", "#555555", "#8C6D1F"};
    return colours[index % (int)(sizeof colours / sizeof *colours)];
}

void report_plot_begin(struct text *script)
{
    text_add(script, "set encoding utf8\n"
                     "set terminal svg size 480,320 enhanced font 'Helvetica,12' linewidth 1.4 "
                     "background '#ffffff'\n"
                     "set border 3 linecolor rgb '#94a3b8' linewidth 0.7\n"
                     "set tics nomirror out scale 0.5 textcolor rgb '#475569'\n"
                     "set grid linetype 1 linecolor rgb '#e6ebf1' linewidth 0.6\n"
                     "set datafile missing 'NaN'\n"
                     "set lmargin 9\nset rmargin 3\nset tmargin 1\nset bmargin 3.2\n"
                     "set xlabel offset 0,0.4\nset ylabel offset 0.8,0\n"
                     "unset key\n");
}

void report_plot_number(struct text *script, double value)
{
    char number[40] = "NaN";
    if (isfinite(value)) snprintf(number, sizeof number, "%.7g", value);
    for (char *c = number; *c; c++)
        if (*c == ',') *c = '.'; /* a locale's */
    text_add(script, " %s", number);
}

/* Length of what opens an id, or a reference to one, at `svg`; 0 if nothing does. */
static size_t id_opening(const char *svg)
{
    static const char *const openings[] = {"id='", "id=\"", "href='#", "href=\"#", "url(#"};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (strncmp(svg, openings[i], strlen(openings[i])) == 0) return strlen(openings[i]);
    return 0;
}

/* Length of a group without content at `svg`, which gnuplot leaves by the dozen; 0 if none. */
static size_t empty_group(const char *svg)
{
    static const char end[] = "\n</g>\n";
    if (strncmp(svg, "<g ", 3) != 0) return 0;
    size_t tag = strcspn(svg, ">");
    if (svg[tag] != '>' || strncmp(svg + tag + 1, end, strlen(end)) != 0) return 0;
    return tag + 1 + strlen(end);
}

/* From "<svg" on, with unique ids, our title, and without the empty groups gnuplot leaves. */
static const char *for_page(struct arena *arena, const char *svg, const char *name,
                            const char *title)
{
    static const char head_end[] = "</desc>";
    struct text text = {0};
    const char *start = strstr(svg, "<svg"), *box = start ? strstr(start, "viewBox") : NULL;
    const char *body = start ? strstr(start, head_end) : NULL;
    if (!box || !body || box > body) return NULL;
    text_add(&text, "<svg role=\"img\" aria-label=\"%s\" ", title);
    text_add_bytes(&text, box, strcspn(box, ">") + 1);
    text_add(&text, "\n<title>%s</title>", title);
    const char *from = body + strlen(head_end), *at = from;
    while (*at) {
        size_t skipped = empty_group(at), opening = skipped ? 0 : id_opening(at);
        at += opening + (skipped || opening ? 0 : 1);
        if (!skipped && !opening) continue;
        text_add_bytes(&text, from, (size_t)(at - from));
        if (opening) text_add(&text, "%s-", name);
        from = at += skipped;
    }
    text_add(&text, "%s", from);
    const char *kept = arena_strdup(arena, text_string(&text));
    text_free(&text);
    return kept;
}

void report_plot_remove(const char *folder, const char *name)
{
    static const char *const endings[] = {"gp", "svg", "log", "svg.part"};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        unlink(arena_printf(&arena, "%s/plots/%s.%s", folder, name, endings[i]));
    rmdir(file_join(&arena, folder, "plots")); /* goes only when it is empty */
    arena_free(&arena);
}

const char *report_plot_draw(struct arena *arena, const char *folder, const char *name,
                             const char *title, const struct text *script, const char **why)
{
    const char *plots = file_join(arena, folder, "plots");
    const char *svg = arena_printf(arena, "%s/%s.svg", plots, name);
    const char *part = arena_printf(arena, "%s.part", svg);
    const char *log = arena_printf(arena, "%s/%s.log", plots, name);
    const char *file = arena_printf(arena, "%s.gp", name);
    report_plot_remove(folder, name);
    if (!process_exists("gnuplot")) {
        *why = "gnuplot is not installed (Debian package gnuplot-nox)";
        return NULL;
    }
    file_make_folder(plots);
    const char *whole =
        arena_printf(arena, "set output '%s.svg.part'\n%s", name, text_string(script));
    file_write(arena_printf(arena, "%s/%s.gp", plots, name), whole, strlen(whole));
    const char *const argv[] = {"gnuplot", file, NULL};
    int status = process_run(
        argv, &(struct process_options){.folder = plots, .log = log, .time_limit_s = PLOT_LIMIT_S});
    if (status != 0 || !file_exists(part)) {
        char reason[256] = "";
        process_log_reason(log, reason, sizeof reason);
        *why = status == PROCESS_TIMED_OUT ? "gnuplot took too long"
                                           : arena_printf(arena, "gnuplot failed: %s", reason);
        return NULL;
    }
    if (rename(part, svg) != 0) fail("%s: cannot rename to it: %s", svg, strerror(errno));
    unlink(log);
    size_t length;
    const char *element = for_page(arena, file_read(arena, svg, &length), name, title);
    if (!element) *why = "gnuplot's SVG is not of the form known";
    return element;
}
