/* The thread pool: every item of every job exactly once, barriers hold. */
#include "trainer/nn/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <assert.h>
#include <cmocka.h>
#include <stdatomic.h>

enum { THREADS = 3, ITEMS = 50, JOBS = 2000 };

struct tally {
    struct pool *pool;
    atomic_int done[ITEMS];
    atomic_int arrived;
    int too_early[THREADS]; /* rounds in which an item left before all had come */
};

static void count_item(void *context, int item, int thread)
{
    struct tally *tally = context;
    assert(thread >= 0 && thread < THREADS);
    atomic_fetch_add(&tally->done[item], 1);
}

static void test_every_item_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS; threads++) {
        struct pool *pool = pool_init(threads);
        for (int job = 0; job < JOBS; job++) {
            struct tally tally = {.pool = pool};
            int items = job % (ITEMS + 1);
            pool_run(pool, items, count_item, &tally);
            for (int i = 0; i < ITEMS; i++)
                assert_int_equal(tally.done[i], i < items);
        }
        pool_free(pool);
    }
}

static void meet(void *context, int item, int thread)
{
    struct tally *tally = context;
    (void)thread;
    for (int round = 1; round <= 3; round++) {
        atomic_fetch_add(&tally->arrived, 1);
        pool_barrier(tally->pool);
        if (atomic_load(&tally->arrived) < round * THREADS) tally->too_early[item]++;
    }
}

static void test_barrier(void **state)
{
    (void)state;
    struct pool *pool = pool_init(THREADS);
    for (int job = 0; job < JOBS / 10; job++) {
        struct tally tally = {.pool = pool};
        pool_run(pool, THREADS, meet, &tally);
        assert_int_equal(tally.arrived, 3 * THREADS);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(tally.too_early[i], 0);
    }
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_item_once),
                                       cmocka_unit_test(test_barrier)};
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
