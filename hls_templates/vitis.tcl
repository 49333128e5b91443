# AMD Vitis HLS: vitis_hls -f run_hls.tcl (or vitis-run --mode hls --tcl run_hls.tcl)
# C simulation, synthesis, co-simulation with the golden events; each ends the script when it fails.
open_project -reset project
set_top @NAME@_eval
add_files @NAME@.@EXTENSION@
add_files -tb test.@EXTENSION@
open_solution -reset solution -flow_target vivado
set_part @PART@
create_clock -period @PERIOD_NS@ -name default
csim_design
csynth_design
cosim_design
exit
