/* Every golden event through the network: exit status 0 if all outputs are those of the compiler's
 * interpreter. golden.h is made by `sluice softcore`. Freestanding: start.S calls main(). */
#include "golden.h"

#include <stddef.h>

#ifndef EVENTS
#define EVENTS GOLDEN_EVENTS
#endif

/* What a compiler may call on its own. */
void *memcpy(void *to, const void *from, size_t count)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (count--)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int byte, size_t count)
{
    unsigned char *t = to;
    while (count--)
        *t++ = (unsigned char)byte;
    return to;
}

int main(void)
{
    int differs = 0;
    GOLDEN_OUT out[GOLDEN_OUTPUTS];
    for (int event = 0; event < EVENTS; event++) {
        GOLDEN_EVAL(golden_in[event], out);
#ifndef COUNT /* instructions of the network alone are counted without this */
        for (int i = 0; i < GOLDEN_OUTPUTS; i++)
            differs |= out[i] != golden_out[event][i];
#endif
    }
    return differs;
}
