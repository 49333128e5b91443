# Hot loops of the trainer. None of these flags lets the compiler reorder sums.
EXTRA_CFLAGS_trainer_nn_gemm := -O3 -ffp-contract=fast
EXTRA_CFLAGS_trainer_nn_kernels := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_quantizer := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_loss := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_optimizer := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_model := -O3
EXTRA_CFLAGS_trainer_nn_passes := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_update := -O3
EXTRA_CFLAGS_trainer_trees_bins := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_trees_histogram := -O3
EXTRA_CFLAGS_trainer_trees_split := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_trees_partition := -O3
EXTRA_CFLAGS_trainer_trees_grow := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_trees_loss := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_price := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_widths := -O3 -fno-math-errno -fno-trapping-math
EXTRA_CFLAGS_trainer_nn_columns := -O3 -fno-math-errno -fno-trapping-math
