/* Test bench: every golden event through the network; exit status 0 if all outputs are those of the compiler's
 * interpreter. C99 and C++. */
#include "golden.h"

#include <stdio.h>

int main(void)
{
    int differ = 0;
    for (int event = 0; event < GOLDEN_EVENTS; event++) {
        GOLDEN_OUT out[GOLDEN_OUTPUTS];
        GOLDEN_EVAL(golden_in[event], out);
        for (int i = 0; i < GOLDEN_OUTPUTS; i++) {
            if (out[i] == golden_out[event][i]) continue;
            if (!differ)
                printf("event %d, output %d: %lld, golden %lld\n", event, i, (long long)out[i],
                       (long long)golden_out[event][i]);
            differ++;
        }
    }
    printf("%d golden events, %d outputs differ\n", GOLDEN_EVENTS, differ);
    return differ != 0;
}
