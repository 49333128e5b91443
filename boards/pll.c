/* Searching divider values. */
#include "boards/pll.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>

bool pll_is_nearly(double a, double b)
{
    return fabs(a - b) <= 1e-7 * b;
}

bool pll_search(const struct board *board, double clock_mhz, struct pll_recipe *recipe)
{
    const struct family *family = board->target.family;
    *recipe = (struct pll_recipe){.in_mhz = board->clock_in_mhz, .divide = 1};
    recipe->out_mhz = recipe->pll_mhz = clock_mhz;
    if (pll_is_nearly(clock_mhz, board->clock_in_mhz)) {
        recipe->bypass = true;
        return true;
    }
    for (int divide = 1; divide <= family->divide_max; divide++) {
        double pll_mhz = clock_mhz * divide;
        if (divide > 1 && pll_mhz > board->target.divider_mhz_max) break;
        if (!family->search_pll(board, clock_mhz, divide, recipe)) continue;
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
