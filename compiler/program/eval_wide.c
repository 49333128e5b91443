/* The interpreter's kernels on 64-bit lanes. */
#define LANE int64_t
#define ULANE uint64_t
#define RUN plan_run_wide
#include "compiler/program/eval_lanes.inc"
