/* A few threads that run the same function on their own share of a batch.
 *
 * Work is handed out by number, never by who is free, so results depend on the number of threads
 * alone. Waiting spins briefly, then sleeps. */
#ifndef SLUICE_TRAINER_NN_POOL_H
#define SLUICE_TRAINER_NN_POOL_H

struct pool;

/* threads >= 1; the caller is one of them. */
struct pool *pool_init(int threads);
int pool_threads(const struct pool *pool);
/* Runs work(context, t) for t = 0 .. threads - 1, number 0 on the calling thread; returns when all
 * are done. */
void pool_run(struct pool *pool, void (*work)(void *context, int thread), void *context);
/* Inside work(): waits until every thread has come here. */
void pool_barrier(struct pool *pool);
void pool_free(struct pool *pool);

#endif
