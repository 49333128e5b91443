/* The thread pool: a ticket that threads take items from, and a barrier. */
#include "trainer/nn/pool.h"

#include "base/error.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { SPINS = 3000 }; /* some tens of microseconds, longer than the gap between two steps */

struct worker {
    struct pool *pool;
    int number;
    pthread_t thread;
};

struct pool {
    int threads;
    struct worker *workers; /* [threads - 1] */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    /* Number of the job in the upper half, items not yet taken in the lower. An item that is taken
     * keeps pool_run() from returning, so the members below hold still until it is done. */
    _Atomic uint64_t ticket;
    atomic_int unfinished;
    int items;
    void (*work)(void *context, int item, int thread); /* NULL: end */
    void *context;
    atomic_uint barrier_round;
    atomic_int barrier_waiting;
};

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#endif
}

static uint32_t items_left(uint64_t ticket)
{
    return (uint32_t)ticket;
}

/* Takes items of the present job until there are none. False: the pool ends. */
static bool take_items(struct pool *pool, int thread)
{
    uint64_t ticket = atomic_load(&pool->ticket);
    while (items_left(ticket) > 0) {
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket - 1)) continue;
        if (!pool->work) return false;
        pool->work(pool->context, pool->items - (int)items_left(ticket), thread);
        atomic_fetch_sub(&pool->unfinished, 1);
        ticket = atomic_load(&pool->ticket);
    }
    return true;
}

static void wait_for_items(struct pool *pool)
{
    for (int i = 0; i < SPINS; i++) {
        if (items_left(atomic_load_explicit(&pool->ticket, memory_order_relaxed)) > 0) return;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    while (items_left(atomic_load(&pool->ticket)) == 0)
        pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    do
        wait_for_items(worker->pool);
    while (take_items(worker->pool, worker->number));
    return NULL;
}

static void publish(struct pool *pool, int items, void (*work)(void *, int, int), void *context)
{
    pool->work = work;
    pool->context = context;
    pool->items = items;
    atomic_store(&pool->unfinished, items);
    uint64_t job = (atomic_load(&pool->ticket) >> 32) + 1;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->ticket, job << 32 | (uint64_t)items);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

struct pool *pool_init(int threads)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool) fail("out of memory");
    pool->threads = threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->workers = calloc((size_t)threads, sizeof *pool->workers);
    if (!pool->workers) fail("out of memory");
    for (int t = 1; t < threads; t++) {
        struct worker *worker = &pool->workers[t - 1];
        *worker = (struct worker){.pool = pool, .number = t};
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
            fail("cannot start thread %d of %d", t + 1, threads);
    }
    return pool;
}

int pool_threads(const struct pool *pool)
{
    return pool->threads;
}

void pool_run(struct pool *pool, int items, void (*work)(void *context, int item, int thread),
              void *context)
{
    assert(work && items >= 0);
    if (pool->threads == 1) {
        for (int i = 0; i < items; i++)
            work(context, i, 0);
        return;
    }
    publish(pool, items, work, context);
    take_items(pool, 0);
    for (int i = 0; atomic_load(&pool->unfinished) > 0; i++) {
        if (i > SPINS)
            sched_yield();
        else
            relax();
    }
}

void pool_barrier(struct pool *pool)
{
    if (pool->threads == 1) return;
    unsigned round = atomic_load(&pool->barrier_round);
    if (atomic_fetch_add(&pool->barrier_waiting, 1) == pool->threads - 1) {
        atomic_store(&pool->barrier_waiting, 0);
        atomic_fetch_add(&pool->barrier_round, 1);
        return;
    }
    for (int i = 0; atomic_load(&pool->barrier_round) == round; i++) {
        if (i > SPINS)
            sched_yield();
        else
            relax();
    }
}

void pool_free(struct pool *pool)
{
    if (pool->threads > 1) publish(pool, pool->threads - 1, NULL, NULL);
    for (int t = 1; t < pool->threads; t++)
        pthread_join(pool->workers[t - 1].thread, NULL);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    free(pool->workers);
    free(pool);
}
