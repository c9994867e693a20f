/* Parts of the reference kernels that live in files of their own. */
#ifndef ES_MATH_REF_H
#define ES_MATH_REF_H
#include "src/math/math.h"

void ref_attention(int nseq, int T, int H, int hd, const float *q, const float *k,
                   const float *v, int ld, const uint8_t *mask, const struct dropout *drop,
                   uint32_t row0seq, float *o, int ldo, float *lse, struct math_ws *ws);
void ref_attention_grad(int nseq, int T, int H, int hd, const float *q, const float *k,
                        const float *v, int ld, const uint8_t *mask,
                        const struct dropout *drop, uint32_t row0seq, const float *o, int ldo,
                        const float *lse, const float *d_o, float *dq, float *dk, float *dv,
                        int ldd, struct math_ws *ws);
#endif
