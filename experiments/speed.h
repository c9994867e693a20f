/* How fast this machine trains a shape, for estimates and for budgets in hours. */
#ifndef ES_EXPERIMENTS_SPEED_H
#define ES_EXPERIMENTS_SPEED_H
#include "experiments/workspace.h"
#include "src/config/config.h"
#include "src/train/bench.h"

struct err;
/* Trains on random tokens for about so many FLOPs, three steps at least; a shape whose step would take
 * long is cut down first. The caller frees r->seconds. */
int speed_bench(const struct config *c, int V, double flops, struct bench_report *r, struct err *err);
/* FLOP/s with all cores: what WORKSPACE/speeds.txt has for this shape, number of cores and kernel set,
 * else measured for some seconds and written there, so that a budget in hours is the same number of steps
 * ever after. */
int speed_known(const struct workspace *w, const struct config *c, int V, double *rate, struct err *err);
#endif
