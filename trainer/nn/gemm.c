/* Matrix products: a register-blocked kernel for small ones, OpenBLAS for the rest. */
#include "trainer/nn/gemm.h"

#include <cblas.h>

#if defined __AVX512F__
enum { VECTOR_BYTES = 64, BLOCK_VECTORS = 16 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32, BLOCK_VECTORS = 8 };
#else
enum { VECTOR_BYTES = 16, BLOCK_VECTORS = 8 };
#endif
enum { LANES = VECTOR_BYTES / (int)sizeof(real), LARGE_PRODUCT = 256 * 256 };

typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef real vec_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const real *p)
{
    return *(const vec_unaligned *)p;
}

/* A block of `rows` x `columns` vectors of C, both compile-time constants where it is called. */
INLINE void block(const int rows, const int columns, int k, const real *a, int a_row, int a_column,
                  const real *b, int ldb, const real *bias, int accumulate, real *c, int ldc)
{
    vec sum[BLOCK_VECTORS][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < columns; j++) {
            if (bias)
                sum[i][j] = load(bias + j * LANES);
            else if (accumulate)
                sum[i][j] = load(c + (ptrdiff_t)i * ldc + j * LANES);
            else
                sum[i][j] = (vec){0};
        }
#pragma GCC unroll 4
    for (int p = 0; p < k; p++) {
        vec right[2];
#pragma GCC unroll 4
        for (int j = 0; j < columns; j++)
            right[j] = load(b + j * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            real left = a[(ptrdiff_t)i * a_row];
#pragma GCC unroll 4
            for (int j = 0; j < columns; j++)
                sum[i][j] += left * right[j];
        }
        a += a_column;
        b += ldb;
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < columns; j++)
            *(vec_unaligned *)(c + (ptrdiff_t)i * ldc + j * LANES) = sum[i][j];
}

/* All rows of a stripe of C that is `columns` vectors wide. */
INLINE void stripe(const int columns, int m, int k, const real *a, int a_row, int a_column,
                   const real *b, int ldb, const real *bias, int accumulate, real *c, int ldc)
{
    const int rows = BLOCK_VECTORS / columns;
    int i = 0;
    for (; i + rows <= m; i += rows)
        block(rows, columns, k, a + (ptrdiff_t)i * a_row, a_row, a_column, b, ldb, bias, accumulate,
              c + (ptrdiff_t)i * ldc, ldc);
    for (; i < m; i++)
        block(1, columns, k, a + (ptrdiff_t)i * a_row, a_row, a_column, b, ldb, bias, accumulate,
              c + (ptrdiff_t)i * ldc, ldc);
}

/* The stripes of C from column *done on that are `columns` vectors wide. */
INLINE void stripes(const int columns, int *done, int m, int n, int k, const real *a, int a_row,
                    int a_column, const real *b, int ldb, const real *bias, int accumulate, real *c,
                    int ldc)
{
    int j = *done;
    for (; j + columns * LANES <= n; j += columns * LANES) {
        const real *start = bias ? bias + j : NULL;
        if (a_column == 1)
            stripe(columns, m, k, a, a_row, 1, b + j, ldb, start, accumulate, c + j, ldc);
        else
            stripe(columns, m, k, a, 1, a_column, b + j, ldb, start, accumulate, c + j, ldc);
    }
    *done = j;
}

void gemm_small(int m, int n, int k, const real *a, int a_row, int a_column, const real *b, int ldb,
                const real *bias, int accumulate, real *c, int ldc)
{
    int done = 0;

    stripes(2, &done, m, n, k, a, a_row, a_column, b, ldb, bias, accumulate, c, ldc);
    stripes(1, &done, m, n, k, a, a_row, a_column, b, ldb, bias, accumulate, c, ldc);
}

void gemm_blas(int m, int n, int k, const real *a, int a_row, int a_column, const real *b, int ldb,
               const real *bias, int accumulate, real *c, int ldc)
{
    if (bias)
        for (int i = 0; i < m; i++)
            memcpy(c + (ptrdiff_t)i * ldc, bias, (size_t)n * sizeof *c);
    CBLAS_TRANSPOSE form = a_column == 1 ? CblasNoTrans : CblasTrans;
    int lda = a_column == 1 ? a_row : a_column;
    real beta = bias || accumulate ? 1 : 0;
#ifdef TRAIN_DOUBLE
    cblas_dgemm(CblasRowMajor, form, CblasNoTrans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
#else
    cblas_sgemm(CblasRowMajor, form, CblasNoTrans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
#endif
}

void gemm(int m, int n, int k, const real *a, int a_row, int a_column, const real *b, int ldb,
          const real *bias, int accumulate, real *c, int ldc)
{
    /* The smaller two dimensions decide: the long one is the batch. */
    double size = (double)m * n * k;
    int longest = m > k ? m : k;
    if (n > longest) longest = n;
    if (size / longest >= LARGE_PRODUCT)
        gemm_blas(m, n, k, a, a_row, a_column, b, ldb, bias, accumulate, c, ldc);
    else
        gemm_small(m, n, k, a, a_row, a_column, b, ldb, bias, accumulate, c, ldc);
}

void gemm_init(void)
{
    openblas_set_num_threads(1);
}
