/* The host's side of a program: raw physical values to stored integers, and output integers to real
 * numbers. */
#include "compiler/program/program.h"

#include <math.h>

/* Above this, a search for the bucket is quicker than a count of the edges passed. */
enum { FEW_EDGES = 64 };

static void find_buckets(const struct port *port, double *x, long count)
{
    for (long e = 0; e < count; e++) {
        int passed = 0;
        for (int step = 1 << 30; step; step >>= 1)
            if (step <= port->edge_count - passed && port->edges[passed + step - 1] <= x[e])
                passed += step;
        x[e] = passed;
    }
}

static void count_edges(const struct port *port, double *x, long count)
{
    enum { TILE = 256 };
    double passed[TILE];
    for (long first = 0; first < count; first += TILE) {
        const long n = count - first < TILE ? count - first : TILE;
        for (long e = 0; e < TILE; e++)
            passed[e] = 0;
        for (int i = 0; i < port->edge_count; i++)
            for (long e = 0; e < n; e++)
                passed[e] += port->edges[i] <= x[first + e] ? 1 : 0;
        for (long e = 0; e < n; e++)
            x[first + e] = passed[e];
    }
}

bool program_may_miss(const struct program *p, int input)
{
    const struct port *port = &p->inputs[input];
    return port->edge_count > 0 && !isfinite(port->edges[0]);
}

double program_raw_value(const struct program *p, int input, int64_t integer)
{
    const struct port *port = &p->inputs[input];
    if (port->edge_count) {
        const double *edges = port->edges;
        if (integer > 0 && isfinite(edges[integer - 1])) return edges[integer - 1];
        if (integer == 0 && !isfinite(edges[0])) return NAN;
        int least = isfinite(edges[0]) ? 0 : 1; /* the least edge that is a number */
        return least < port->edge_count ? edges[least] - fabs(edges[least]) - 1 : 0;
    }
    double real = ldexp((double)integer, -op_fraction(&p->ops[port->value]));
    return port->host_scale == 0 ? 0 : (real - port->host_offset) / port->host_scale;
}

void program_quantize_column(const struct program *p, int input, double *x, long count)
{
    const struct port *port = &p->inputs[input];
    const struct format format = p->ops[port->value].format;
    const double scale = port->host_scale, offset = port->host_offset;
    if (port->edge_count) {
        (port->edge_count > FEW_EDGES ? find_buckets : count_edges)(port, x, count);
        return;
    }
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
