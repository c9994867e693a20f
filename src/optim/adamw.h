/* AdamW as released (no bias correction, epsilon outside the root, decoupled decay), the learning
 * rate schedule, and global-norm clipping (electra.md section 5; google-research/electra). */
#ifndef ES_OPTIM_ADAMW_H
#define ES_OPTIM_ADAMW_H
#include <stdint.h>

#include "src/base/pool.h"
#include "src/config/config.h"
#include "src/math/math.h"
#include "src/nn/param.h"

struct adamw {
    float *m, *v; /* blocks as the parameters; owned by the caller */
    int64_t updates; /* done so far */
};
/* lr(s) = lr (1 - min(s,S)/S)^power * min(1, s/W). */
double schedule_rate(const struct config *c, int64_t s);
/* Norm over all canonical, unfrozen rows, in a fixed order. */
double gradient_norm(const struct math *k, struct pool *pool, const struct param_table *t,
                     const float *grads);
/* g * clip/max(norm, clip) is applied inside. lr_scale (per layer depth, may be NULL) is the
 * layer-wise decay factor by param.layer. */
void adamw_step(struct adamw *o, const struct math *k, struct pool *pool,
                const struct param_table *t, const struct config *c, float *values,
                const float *grads, double norm, double rate, const double *lr_scale);
#endif
