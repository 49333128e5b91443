/* Matrix products against three plain loops, at sizes around every block edge. */
#include "data/random.h"
#include "trainer/nn/gemm.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>

typedef void product(int m, int n, int k, const real *a, int a_row, int a_column, const real *b,
                     int ldb, const real *bias, int accumulate, real *c, int ldc);

/* Small integers: every sum is exact, so equality is. */
static real *integers(struct random *random, size_t count)
{
    real *p = malloc(count * sizeof *p);
    for (size_t i = 0; i < count; i++)
        p[i] = (real)((int)random_below(random, 17) - 8);
    return p;
}

static void check(product *f, int m, int n, int k, bool transposed, int start)
{
    struct random random = random_init((uint64_t)(m * 10007 + n * 101 + k));
    int a_row = transposed ? 1 : k + 3, a_column = transposed ? m + 5 : 1, ldc = n + PAD;
    real *a = integers(&random, (size_t)((m + 5) * (k + 3)));
    real *b = integers(&random, (size_t)(k * n)), *c = integers(&random, (size_t)(m * ldc));
    real *bias = integers(&random, (size_t)n), *expected = malloc((size_t)(m * ldc) * sizeof *c);
    memcpy(expected, c, (size_t)(m * ldc) * sizeof *c);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            real sum = start == 0 ? 0 : start == 1 ? bias[j] : c[i * ldc + j];
            for (int p = 0; p < k; p++)
                sum += a[i * a_row + p * a_column] * b[p * n + j];
            expected[i * ldc + j] = sum;
        }
    f(m, n, k, a, a_row, a_column, b, n, start == 1 ? bias : NULL, start == 2, c, ldc);
    for (int i = 0; i < m * ldc; i++)
        if (c[i] != expected[i]) fail_msg("%d x %d x %d: element %d", m, n, k, i);
    free(a);
    free(b);
    free(c);
    free(bias);
    free(expected);
}

static void test_products(void **state)
{
    (void)state;
    product *const both[] = {gemm_small, gemm_blas};
    const int rows[] = {1, 3, 8, 16, 23}, depths[] = {1, 4, 7, 16, 33};
    gemm_init();
    for (int f = 0; f < 2; f++)
        for (int m = 0; m < 5; m++)
            for (int n = PAD; n <= 5 * PAD; n += PAD)
                for (int k = 0; k < 5; k++)
                    for (int form = 0; form < 6; form++)
                        check(both[f], rows[m], n, depths[k], form % 2, form / 2);
}

static void test_large_goes_to_blas(void **state)
{
    (void)state;
    check(gemm, 300, 304, 20, false, 1);
    check(gemm, 20, 304, 300, true, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products),
                                       cmocka_unit_test(test_large_goes_to_blas)};
    return cmocka_run_group_tests_name("gemm", tests, NULL, NULL);
}
