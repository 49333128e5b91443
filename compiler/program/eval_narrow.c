/* The interpreter's kernels on 32-bit lanes, for programs whose values all fit 31 bits. */
#define LANE int32_t
#define ULANE uint32_t
#define RUN plan_run_narrow
#include "compiler/program/eval_lanes.inc"
