/* The thread pool: a generation counter that workers wait on, and a barrier. */
#include "trainer/nn/pool.h"

#include "base/error.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SPINS = 4000 }; /* some tens of microseconds, longer than the gap between two steps */

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
    atomic_uint generation; /* grows by one for every pool_run() */
    atomic_int unfinished;
    atomic_uint barrier_round;
    atomic_int barrier_waiting;
    void (*work)(void *context, int thread); /* NULL: end */
    void *context;
};

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#endif
}

/* The generation after `seen`. */
static unsigned wait_for_work(struct pool *pool, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        unsigned now = atomic_load_explicit(&pool->generation, memory_order_acquire);
        if (now != seen) return now;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    unsigned now;
    while ((now = atomic_load(&pool->generation)) == seen)
        pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return now;
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    unsigned seen = 0;
    for (;;) {
        seen = wait_for_work(pool, seen);
        if (!pool->work) return NULL;
        pool->work(pool->context, worker->number);
        atomic_fetch_sub_explicit(&pool->unfinished, 1, memory_order_release);
    }
}

static void start_work(struct pool *pool, void (*work)(void *, int), void *context)
{
    pthread_mutex_lock(&pool->mutex);
    pool->work = work;
    pool->context = context;
    atomic_store(&pool->unfinished, pool->threads - 1);
    atomic_fetch_add(&pool->generation, 1);
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

void pool_run(struct pool *pool, void (*work)(void *context, int thread), void *context)
{
    if (pool->threads > 1) start_work(pool, work, context);
    work(context, 0);
    for (int i = 0; atomic_load_explicit(&pool->unfinished, memory_order_acquire) > 0; i++) {
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
    if (pool->threads > 1) start_work(pool, NULL, NULL);
    for (int t = 1; t < pool->threads; t++)
        pthread_join(pool->workers[t - 1].thread, NULL);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    free(pool->workers);
    free(pool);
}
