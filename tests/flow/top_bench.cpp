// Runs the generated top of a board with its network and pattern memory and prints what its first two LEDs (pass, fail)
// say after the memory was played more than once.
#include "Vtop.h"
#include "verilated.h"

#include <cstdio>

int main(int argc, char **argv)
{
    Verilated::commandArgs(argc, argv);
    Vtop top;
    for (int cycle = 0; cycle < 6000; cycle++) {
        top.clk_i = 0;
        top.eval();
        top.clk_i = 1;
        top.eval();
    }
    std::printf("pass %d fail %d\n", int(top.leds_o & 1), int((top.leds_o >> 1) & 1));
    return 0;
}
