/* How fast this machine trains a shape, for estimates and for budgets in hours. */
#ifndef ES_EXPERIMENTS_SPEED_H
#define ES_EXPERIMENTS_SPEED_H
#include <stdatomic.h>
#include <stdint.h>

#include "experiments/workspace.h"
#include "src/config/config.h"

struct err;
struct machine {
    int cores;
    double memory_free;       /* bytes; < 0: not known */
    char kernel[16];          /* "avx2": of this CPU */
    double load;              /* programs at work in the last minute; 0: not known */
};
void speed_machine(struct machine *m);
/* FLOP/s before anything was run here: what small models reach with each kernel set. */
double speed_guess(const struct machine *m);
/* Of what decides the speed: the networks, batch, sequence length, objective, vocabulary. */
uint64_t speed_shape(const struct config *c, int V);

struct speed {
    double rate;              /* FLOP/s of the whole shape's step, optimiser and all */
    int steps, threads;
    char kernel[16];
    char of[120];             /* "2 of 12 layers, 8 of 256 sequences": what was trained; "": all of it */
};
/* Trains on random tokens until so many seconds have passed since the call, one step at least: then on a
 * shape cut down so that a step takes no longer than a second of a busy machine. *stop, which may be NULL,
 * ends it between two steps: E_STOPPED. */
int speed_measure(const struct config *c, int V, double seconds, const atomic_int *stop, struct speed *out,
                  struct err *err);
/* The shape that is trained for it: one whose step costs at most `flop`, with sequences for all cores.
 * Sequences are cut first, then layers, long sequences, and the vocabulary; where a step for all cores
 * costs more than four times `flop` even so, the last sequences and their length. */
void speed_cut(const struct config *c, int V, double flop, int cores, struct config *out, int *vocab);

/* FLOP/s with all cores: what WORKSPACE/speeds.txt has for this shape, number of cores and kernel set,
 * else measured for some seconds and written there, so that a budget in hours is the same number of steps
 * ever after. */
int speed_known(const struct workspace *w, const struct config *c, int V, double *rate, struct err *err);
#endif
