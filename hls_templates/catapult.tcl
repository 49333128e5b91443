# Siemens Catapult: catapult -shell -file catapult.tcl
# Every array becomes registers (as the kernels expect); name your own library in place of the sample one.
solution new -state initial
solution options defaults
solution options set /Input/CppStandard c++11
solution options set /Output/OutputVHDL false
flow package require /SCVerify
solution file add @NAME@.@EXTENSION@ -type C++
solution file add test.@EXTENSION@ -type C++ -exclude true
directive set -DESIGN_HIERARCHY @NAME@_eval
directive set -REGISTER_THRESHOLD 65536
directive set -CLOCKS {clk {-CLOCK_PERIOD @PERIOD_NS@}}
go analyze
go compile
solution library add nangate-45nm_beh -- -rtlsyntool OasysRTL -vendor Nangate -technology 045nm
solution library add ccs_sample_mem
go assembly
go extract
