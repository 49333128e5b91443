/* Divider values of a PLL for an asked clock, searched within the part's limits.
 *
 * A recipe is exact (within 0.1 ppm) or it does not exist: an event must come every crossing, so a
 * clock that is nearly right is wrong. Where the PLL itself cannot make a clock, it may make a
 * whole multiple of it which a flip-flop divides. Limits: iCE40 from icepll of Project IceStorm
 * (PFD 10-133 MHz, VCO 533-1066 MHz, output 16-275 MHz, SIMPLE feedback), ECP5 from ecppll of
 * Project Trellis (PFD 3.125-400 MHz, VCO 400-800 MHz, output 10-400 MHz, feedback from CLKOP),
 * Gowin from the data sheets DS117 and DS226 as apycula's gowin_pll has them (PFD 3-400 MHz, VCO
 * 400-1200 MHz, output 3.125-600 MHz on GW1N; 500-1250 and up to 625 MHz on GW2A). */
#ifndef SLUICE_BOARDS_PLL_H
#define SLUICE_BOARDS_PLL_H

#include "boards/board.h"

#include <stdbool.h>

struct pll_recipe {
    double in_mhz, pll_mhz, out_mhz; /* out_mhz = pll_mhz / divide */
    int divide;                      /* after the PLL, by flip-flops, on Gowin by it; 1: none */
    bool bypass;                     /* the oscillator is the clock: no PLL */
    /* iCE40: DIVR, DIVF, DIVQ, FILTER_RANGE; ECP5: CLKI_DIV, CLKFB_DIV, CLKOP_DIV; Gowin: what
     * IDIV_SEL and FBDIV_SEL are one less than, ODIV_SEL */
    int divr, divf, divq, filter_range;
    int clki_div, clkfb_div, clkop_div;
    int idiv, fbdiv, odiv;
};

/* Within 0.1 ppm. */
bool pll_is_nearly(double a, double b);

/* False when no exact recipe exists. */
bool pll_search(const struct board *board, double clock_mhz, struct pll_recipe *recipe);

/* As pll_search(), but ends with one line that names the nearest clocks which work, below and
 * above. */
void pll_find(const struct board *board, double clock_mhz, struct pll_recipe *recipe);

#endif
