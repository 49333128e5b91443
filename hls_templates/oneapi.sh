#!/bin/sh
# Intel oneAPI DPC++/C++ Compiler with its FPGA add-on: ./build.sh [emulator|simulator|report]
# emulator: compile and run with the golden events on the processor; simulator: the same in a simulator of the hardware;
# report: the early report of area and loops.
set -e
case ${1:-emulator} in
emulator) icpx -fsycl -fintelfpga -DFPGA_EMULATOR host.cpp -o emulator && ./emulator ;;
simulator) icpx -fsycl -fintelfpga -DFPGA_SIMULATOR -Xssimulation -Xsclock=@PERIOD_NS@ns host.cpp -o simulator && ./simulator ;;
report) icpx -fsycl -fintelfpga -DFPGA_HARDWARE -Xshardware -Xsclock=@PERIOD_NS@ns -fsycl-link=early host.cpp -o report.a ;;
*) echo "build.sh: emulator, simulator or report" >&2; exit 1 ;;
esac
