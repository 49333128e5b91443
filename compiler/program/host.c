/* The host's side of a program: raw physical values to stored integers, and output integers to real
 * numbers. */
#include "compiler/program/program.h"

#include <math.h>

void program_quantize_column(const struct program *p, int input, double *x, long count)
{
    const struct port *port = &p->inputs[input];
    const struct format format = p->ops[port->value].format;
    const double scale = port->host_scale, offset = port->host_offset;
    for (long e = 0; e < count; e++)
        x[e] = x[e] * scale + offset;
    format_quantize_row(format, x, x, count);
    const double steps = ldexp(1.0, format_fraction_bits(format));
    for (long e = 0; e < count; e++)
        x[e] *= steps;
}

void program_quantize_inputs(const struct program *p, const double *x, long events,
                             int64_t *integers)
{
    enum { TILE = 256 };
    double column[TILE];
    for (long first = 0; first < events; first += TILE) {
        const long count = events - first < TILE ? events - first : TILE;
        for (int i = 0; i < p->input_count; i++) {
            const long start = first * p->input_count + i;
            for (long e = 0; e < count; e++)
                column[e] = x[start + e * p->input_count];
            program_quantize_column(p, i, column, count);
            for (long e = 0; e < count; e++)
                integers[start + e * p->input_count] = (int64_t)column[e];
        }
    }
}

void program_scale_outputs(const struct program *p, const int64_t *integers, long events, double *y)
{
    for (int i = 0; i < p->output_count; i++) {
        const double step = ldexp(1.0, -op_fraction(&p->ops[p->outputs[i].value]));
        for (long event = 0; event < events; event++) {
            long at = event * p->output_count + i;
            y[at] = (double)integers[at] * step;
        }
    }
}
