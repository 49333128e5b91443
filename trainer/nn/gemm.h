/* Matrix products of the trainer.
 *
 * Small ones (most layers of a trigger network) run in a register-blocked kernel of our own, large
 * ones in OpenBLAS; which one is a matter of size alone, so results do not depend on anything else.
 */
#ifndef SLUICE_TRAINER_NN_GEMM_H
#define SLUICE_TRAINER_NN_GEMM_H

#include "trainer/nn/real.h"

/* C[i][j] = start + sum_p A(i, p) * B[p][j] for i < m, j < n, p < k.
 * A(i, p) = a[i * a_row + p * a_column], one of the two strides being 1; B has rows of ldb, C of
 * ldc. n, ldb and ldc are multiples of PAD. start is bias[j] when bias is not NULL, else C's old
 * value when accumulate, else 0. */
void gemm(int m, int n, int k, const real *a, int a_row, int a_column, const real *b, int ldb,
          const real *bias, int accumulate, real *c, int ldc);

/* The kernel of our own and OpenBLAS's, whatever the size; for tests and the bench. */
void gemm_small(int m, int n, int k, const real *a, int a_row, int a_column, const real *b, int ldb,
                const real *bias, int accumulate, real *c, int ldc);
void gemm_blas(int m, int n, int k, const real *a, int a_row, int a_column, const real *b, int ldb,
               const real *bias, int accumulate, real *c, int ldc);

/* Tells OpenBLAS to stay on the calling thread: threads are ours. */
void gemm_init(void);

#endif
