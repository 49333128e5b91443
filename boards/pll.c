/* Searching divider values. */
#include "boards/pll.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    DIVIDE_MAX = 7, /* counter of rtl/pll_ice40.v: 3 bits */
    DIVIDE_GOWIN_MAX = 128
};

static bool nearly(double a, double b)
{
    return fabs(a - b) <= 1e-7 * b;
}

/* FILTER_RANGE by the phase detector's frequency, as icepll chooses it. */
static int filter_range(double pfd_mhz)
{
    static const double below[] = {17, 26, 44, 66, 101};
    for (int i = 0; i < 5; i++)
        if (pfd_mhz < below[i]) return i + 1;
    return 6;
}

static bool search_ice40(double in_mhz, double out_mhz, struct pll_recipe *recipe)
{
    if (out_mhz < 16 || out_mhz > 275) return false;
    for (int divr = 0; divr <= 15; divr++) {
        double pfd = in_mhz / (divr + 1);
        if (pfd < 10 || pfd > 133) continue;
        for (int divq = 1; divq <= 6; divq++) {
            double vco = out_mhz * (1 << divq);
            double divf = round(vco / pfd) - 1;
            if (vco < 533 || vco > 1066 || divf < 0 || divf > 127) continue;
            if (!nearly(pfd * (divf + 1) / (1 << divq), out_mhz)) continue;
            recipe->divr = divr;
            recipe->divf = (int)divf;
            recipe->divq = divq;
            recipe->filter_range = filter_range(pfd);
            return true;
        }
    }
    return false;
}

static bool search_ecp5(double in_mhz, double out_mhz, struct pll_recipe *recipe)
{
    if (out_mhz < 10 || out_mhz > 400) return false;
    for (int clki = 1; clki <= 128; clki++) {
        double pfd = in_mhz / clki;
        double clkfb = round(out_mhz / pfd);
        if (pfd < 3.125 || pfd > 400 || clkfb < 1 || clkfb > 128) continue;
        if (!nearly(pfd * clkfb, out_mhz)) continue;
        /* the VCO nearest the middle of its range */
        int best = 0;
        for (int div = 1; div <= 128; div++) {
            double vco = out_mhz * div;
            if (vco < 400 || vco > 800) continue;
            if (best == 0 || fabs(vco - 600) < fabs(out_mhz * best - 600)) best = div;
        }
        if (best == 0) continue;
        recipe->clki_div = clki;
        recipe->clkfb_div = (int)clkfb;
        recipe->clkop_div = best;
        return true;
    }
    return false;
}

static bool search_gowin(const struct board *board, double out_mhz, struct pll_recipe *recipe)
{
    static const int odivs[] = {2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128};
    bool gw2a = strncmp(board->die, "GW2A", 4) == 0;
    double vco_least = gw2a ? 500 : 400, vco_most = gw2a ? 1250 : 1200;
    if (out_mhz < 3.125 || out_mhz > (gw2a ? 625 : 600)) return false;
    for (int idiv = 1; idiv <= 64; idiv++) {
        double pfd = board->clock_in_mhz / idiv;
        double fbdiv = round(out_mhz / pfd);
        if (pfd < 3 || pfd > 400 || fbdiv < 1 || fbdiv > 64) continue;
        if (!nearly(pfd * fbdiv, out_mhz)) continue;
        for (size_t i = 0; i < sizeof odivs / sizeof odivs[0]; i++) {
            double vco = out_mhz * odivs[i];
            if (vco < vco_least || vco > vco_most) continue;
            recipe->idiv = idiv;
            recipe->fbdiv = (int)fbdiv;
            recipe->odiv = odivs[i];
            return true;
        }
    }
    return false;
}

bool pll_search(const struct board *board, double clock_mhz, struct pll_recipe *recipe)
{
    bool ecp5 = strcmp(board->target.family, "ecp5") == 0;
    bool gowin = strcmp(board->target.family, "gowin") == 0;
    *recipe = (struct pll_recipe){.in_mhz = board->clock_in_mhz, .divide = 1};
    recipe->out_mhz = recipe->pll_mhz = clock_mhz;
    if (nearly(clock_mhz, board->clock_in_mhz)) {
        recipe->bypass = true;
        return true;
    }
    if (ecp5) return search_ecp5(board->clock_in_mhz, clock_mhz, recipe);
    for (int divide = 1; divide <= (gowin ? DIVIDE_GOWIN_MAX : DIVIDE_MAX); divide++) {
        double pll_mhz = clock_mhz * divide;
        if (divide > 1 && pll_mhz > board->target.divider_mhz_max) break;
        if (gowin && divide > 3 && divide % 2 != 0) continue;
        if (gowin ? !search_gowin(board, pll_mhz, recipe)
                  : !search_ice40(board->clock_in_mhz, pll_mhz, recipe))
            continue;
        recipe->divide = divide;
        recipe->pll_mhz = pll_mhz;
        return true;
    }
    return false;
}

void pll_find(const struct board *board, double clock_mhz, struct pll_recipe *recipe)
{
    if (pll_search(board, clock_mhz, recipe)) return;
    /* Whole steps of a quarter MHz are the clocks people ask for. */
    double below = 0, above = 0;
    for (double mhz = ceil(clock_mhz * 4 - 1) / 4; mhz > 0 && below == 0; mhz -= 0.25)
        if (mhz < clock_mhz && pll_search(board, mhz, recipe)) below = mhz;
    for (double mhz = floor(clock_mhz * 4 + 1) / 4; mhz <= 500 && above == 0; mhz += 0.25)
        if (mhz > clock_mhz && pll_search(board, mhz, recipe)) above = mhz;
    char near[64] = "none near it works";
    if (below > 0 && above > 0)
        snprintf(near, sizeof near, "%g and %g MHz work", below, above);
    else if (below > 0 || above > 0)
        snprintf(near, sizeof near, "%g MHz works", below > 0 ? below : above);
    fail("%s cannot make exactly %g MHz from its %g MHz oscillator; %s", board->name, clock_mhz,
         board->clock_in_mhz, near);
}
