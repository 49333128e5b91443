#!/bin/sh
# PandA-bambu: ./run_bambu.sh [further options, such as --device=xc7z020,-1,clg484,VVD]
# Synthesis, then a simulation of the Verilog with the golden events of test.@EXTENSION@.
exec bambu @NAME@.@EXTENSION@ --top-fname=@NAME@_eval --generate-tb=test.@EXTENSION@ --simulate --simulator=VERILATOR \
    --clock-period=@PERIOD_NS@ -O3 @PIPELINING@ "$@"
