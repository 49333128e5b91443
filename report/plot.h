/* Pictures drawn by gnuplot, kept beside the report for papers and slides: plots/NAME.gp (script
 * with its data) and plots/NAME.svg. No string of a user ever reaches a script: names of classes
 * and layers stand in the HTML legends. */
#ifndef SLUICE_REPORT_PLOT_H
#define SLUICE_REPORT_PLOT_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

/* Colours that colour-blind readers tell apart (Okabe and Ito 2008), index taken modulo. */
const char *report_colour(int index);

/* The first lines of every script: terminal, fonts, axes. */
void report_plot_begin(struct text *script);
/* One number of a data block; what is not finite becomes a gap. */
void report_plot_number(struct text *script, double value);

/* Runs the script in `folder`/plots. Returns the <svg> element for the page, ids made unique by
 * `name`, labelled `title`; or NULL and in *why the reason in words. */
const char *report_plot_draw(struct arena *arena, const char *folder, const char *name,
                             const char *title, const struct text *script, const char **why);
/* Removes the files of a picture whose data are no longer there. */
void report_plot_remove(const char *folder, const char *name);

#endif
