/* Test bench of the ap_fixed ports: golden events as real numbers in, real numbers out; exit status 0 if all are equal. */
#include "golden.h"
#include "@NAME@_ap.h"

#include <cstdio>

int main()
{
    int differ = 0;
    for (int event = 0; event < GOLDEN_EVENTS; event++) {
        double in[GOLDEN_INPUTS], out[GOLDEN_OUTPUTS];
        @NAME@_ap_in x;
        @NAME@_ap_out y;
        for (int i = 0; i < GOLDEN_INPUTS; i++)
            in[i] = (double)golden_in[event][i] * @NAME@_ap_in_step[i];
        @NAME@_ap_set(x, in);
        @NAME@_ap(x, y);
        @NAME@_ap_get(y, out);
        for (int i = 0; i < GOLDEN_OUTPUTS; i++)
            differ += out[i] != (double)golden_out[event][i] * @NAME@_ap_out_step[i];
    }
    std::printf("%d golden events, %d outputs differ\n", GOLDEN_EVENTS, differ);
    return differ != 0;
}
