/* Reading values out of a waveform (VCD, as Verilator writes it). */
#ifndef SLUICE_SIM_VCD_H
#define SLUICE_SIM_VCD_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct vcd;

/* Reads the whole file; vectors above 64 bits are left out. */
struct vcd *vcd_read(const char *path);
void vcd_free(struct vcd *vcd);
/* Number of a signal "TOP.tiny.u_dense_1.n17", -1 if there is none. */
int vcd_find(const struct vcd *vcd, const char *path);
/* Its bits at a time (the last change at or before it). */
uint64_t vcd_value(const struct vcd *vcd, int signal, uint64_t time);

#endif
