/* A learner on a tiny model with a random batch: what the tests of this room start from. */
#ifndef ES_TESTS_NN_RIG_H
#define ES_TESTS_NN_RIG_H
#include "src/base/pool.h"
#include "src/objective/objective.h"

enum { RIG_V = 61, RIG_MAX = 4096 };

struct rig_shape {
    int objective, tie, B, T, threads, shards, micro_batch, given_samples, eval; /* eval: no gradients */
    double dropout;
    const char *cpu;
};
struct rig {
    struct config config;
    struct model model;
    struct pool *pool;
    const struct math *math;
    struct learner *learner;
    struct batch batch;
    int32_t ids[RIG_MAX], gen_ids[RIG_MAX], disc_ids[RIG_MAX], positions[RIG_MAX], sampled[RIG_MAX];
    float weights[RIG_MAX];
    uint8_t mask[RIG_MAX], segments[RIG_MAX], labels[RIG_MAX];
};
/* Never NULL: fails the test instead. Values are large enough for every gradient to matter. */
struct rig *rig_new(const struct rig_shape *shape);
void rig_free(struct rig *r);
#endif
