/* The host's side of a program: raw physical values to stored integers, and output integers to real
 * numbers. */
#include "compiler/program/program.h"

#include <math.h>

void program_quantize_inputs(const struct program *p, const double *x, long events,
                             int64_t *integers)
{
    for (int i = 0; i < p->input_count; i++) {
        const struct port *port = &p->inputs[i];
        struct format format = p->ops[port->value].format;
        for (long event = 0; event < events; event++) {
            long at = event * p->input_count + i;
            double value = x[at] * port->host_scale + port->host_offset;
            integers[at] = format_to_integer(format, format_quantize(format, value));
        }
    }
}

void program_scale_outputs(const struct program *p, const int64_t *integers, long events, double *y)
{
    for (int i = 0; i < p->output_count; i++) {
        int fraction = op_fraction(&p->ops[p->outputs[i].value]);
        for (long event = 0; event < events; event++) {
            long at = event * p->output_count + i;
            y[at] = ldexp((double)integers[at], -fraction);
        }
    }
}
