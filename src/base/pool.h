/* Worker threads for one run. pool_run hands out tasks 0..n-1 dynamically (a slow core only
 * delays the task it holds) and returns when all are done; for a worker that has none it does not
 * wait. Workers spin briefly, then sleep.
 * The calling thread works too, as worker 0. Which worker gets which task is not fixed: results
 * must depend on the task number only. One pool_run at a time. */
#ifndef ES_BASE_POOL_H
#define ES_BASE_POOL_H

struct err;
struct pool;
/* threads >= 1 (the caller counts as one). NULL on failure with err set. */
struct pool *pool_new(int threads, struct err *err);
void pool_free(struct pool *p);
int pool_threads(const struct pool *p);
void pool_run(struct pool *p, int ntasks, void (*task)(void *ud, int task, int worker), void *ud);
/* CPU seconds used so far by worker w (0 = the calling thread's share is not counted: -1). */
double pool_cpu(const struct pool *p, int worker);
#endif
