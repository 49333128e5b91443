/* The network as a SYCL kernel of Intel's FPGA flow, fed with the golden events; exit status 0 if all outputs are equal. */
#include <sycl/ext/intel/fpga_extensions.hpp>
#include <sycl/sycl.hpp>

#include <cstdio>

#include "@NAME@.@EXTENSION@"
#include "golden.h"

class Network;

int main()
{
#if defined(FPGA_SIMULATOR)
    sycl::queue queue(sycl::ext::intel::fpga_simulator_selector_v);
#elif defined(FPGA_HARDWARE)
    sycl::queue queue(sycl::ext::intel::fpga_selector_v);
#else
    sycl::queue queue(sycl::ext::intel::fpga_emulator_selector_v);
#endif
    GOLDEN_IN *in = sycl::malloc_shared<GOLDEN_IN>(GOLDEN_EVENTS * GOLDEN_INPUTS, queue);
    GOLDEN_OUT *out = sycl::malloc_shared<GOLDEN_OUT>(GOLDEN_EVENTS * GOLDEN_OUTPUTS, queue);
    for (int i = 0; i < GOLDEN_EVENTS * GOLDEN_INPUTS; i++)
        in[i] = golden_in[i / GOLDEN_INPUTS][i % GOLDEN_INPUTS];
    queue
        .single_task<Network>([=]() {
            for (int event = 0; event < GOLDEN_EVENTS; event++) {
                GOLDEN_IN x[GOLDEN_INPUTS];
                GOLDEN_OUT y[GOLDEN_OUTPUTS];
                for (int i = 0; i < GOLDEN_INPUTS; i++)
                    x[i] = in[event * GOLDEN_INPUTS + i];
                GOLDEN_EVAL(x, y);
                for (int i = 0; i < GOLDEN_OUTPUTS; i++)
                    out[event * GOLDEN_OUTPUTS + i] = y[i];
            }
        })
        .wait();
    int differ = 0;
    for (int i = 0; i < GOLDEN_EVENTS * GOLDEN_OUTPUTS; i++)
        differ += out[i] != golden_out[i / GOLDEN_OUTPUTS][i % GOLDEN_OUTPUTS];
    std::printf("%d golden events, %d outputs differ\n", GOLDEN_EVENTS, differ);
    return differ != 0;
}
