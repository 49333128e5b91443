// Runs the system until it is done; prints cycles and result.
#include "Vsystem.h"
#include "verilated.h"

#include <cstdio>

int main()
{
    Vsystem top;
    unsigned long cycles = 0;
    for (top.rst_i = 1; cycles < 5000000 && (cycles < 10 || !top.done_o); cycles++) {
        top.rst_i = cycles < 8;
        top.clk_i = 0;
        top.eval();
        top.clk_i = 1;
        top.eval();
    }
    std::printf("%lu %08x\n", cycles - 8, top.result_o);
    return top.done_o != 1;
}
