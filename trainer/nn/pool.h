/* A few threads that share out the items of a job.
 *
 * Whoever is free takes the next item, so a thread that the system holds up delays nobody but for
 * the item it is in. What an item computes must not depend on the thread; then results do not
 * depend on how the items fell. Waiting spins briefly, then sleeps. */
#ifndef SLUICE_TRAINER_NN_POOL_H
#define SLUICE_TRAINER_NN_POOL_H

struct pool;

/* threads >= 1; the caller is one of them. */
struct pool *pool_init(int threads);
int pool_threads(const struct pool *pool);
/* Runs work(context, item, thread) for item = 0 .. items - 1, in this order of starting; returns
 * when all are done. thread: 0 .. threads - 1, the caller is 0. */
void pool_run(struct pool *pool, int items, void (*work)(void *context, int item, int thread),
              void *context);
/* Inside a job of exactly pool_threads() items: waits until every item has come here. */
void pool_barrier(struct pool *pool);
void pool_free(struct pool *pool);

#endif
