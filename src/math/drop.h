/* What every kernel must agree on about dropout: which bits decide, and the scale. Element e of
 * a block of 8 columns takes half e % 2 (low half first) of word e / 2 of the block's counter;
 * it is dropped when those 16 bits are below drop_limit. */
#ifndef ES_MATH_DROP_H
#define ES_MATH_DROP_H
#include "src/base/rng.h"
#include "src/math/math.h"

static inline int drop_active(const struct dropout *d)
{
    return d && d->p > 0;
}

static inline uint32_t drop_limit(const struct dropout *d)
{
    return (uint32_t)((double)d->p * 65536.0 + 0.5);
}

static inline float drop_scale(const struct dropout *d)
{
    return (float)(1.0 / (1.0 - (double)d->p));
}

/* 0 or the scale for one element, the slow way. */
static inline float drop_factor(const struct dropout *d, uint32_t row, uint32_t col)
{
    uint32_t w[4];
    rng_words(d->seed, d->use, d->step, row, col / 8, w);
    uint32_t bits = w[col % 8 / 2] >> (16 * (col % 2)) & 0xffff;
    return bits < drop_limit(d) ? 0.0f : drop_scale(d);
}
#endif
