/* The simulated board: the whole top of a board in Verilator as a process of its own, whose serial
 * line is a pseudo-terminal of this machine. */
#ifndef SLUICE_SIM_BOARD_H
#define SLUICE_SIM_BOARD_H

#include "base/arena.h"

struct sim_board_request {
    const char *folder; /* the top's sources with their list files.f and what they read, as
                           build_prepare() writes them */
    const char *top;
    const char *bench; /* folder where the simulation is built and kept */
    int bit_cycles;    /* of clk_i, for a bit on the line */
    int tcp_port;      /* on 127.0.0.1 as well; 0: no */
    double noise;      /* of the line's bytes in both directions this part is changed, lost or
                          doubled */
};

struct sim_board {
    char terminal[64]; /* its serial line: "/dev/pts/3" */
    int process;       /* see base/process.h */
};

/* Builds it if need be, and starts it; it ends with this program at the latest. Failures end with
 * one line. */
void sim_board_start(const struct sim_board_request *request, struct sim_board *board);
void sim_board_stop(struct sim_board *board);

#endif
