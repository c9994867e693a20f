/* Reference attention: one probability at a time. For one query, with P = softmax(scale q.k)
 * over the keys seen and P' = drop(P): o = sum P'_k v_k. Backward, with D = do.o:
 * dS_k = P_k (drop'(do.v_k) - D); dq = scale sum dS_k k_k; dk_k += scale dS_k q; dv_k += P'_k
 * do. */
#include <math.h>
#include <string.h>

#include "src/math/drop.h"
#include "src/math/ref.h"

struct ref_head {
    int T, hd, ld;
    const float *q, *k;
    const uint8_t *mask; /* this sequence's, or NULL */
    const struct dropout *drop;
    uint32_t row;
};

static double dot(int n, const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static double score(const struct ref_head *a, int i, int j)
{
    return dot(a->hd, a->q + (size_t)i * a->ld, a->k + (size_t)j * a->ld) / sqrt(a->hd);
}

static int seen(const struct ref_head *a, int j)
{
    return !a->mask || a->mask[j];
}

static double kept(const struct ref_head *a, int i, int j)
{
    return drop_active(a->drop) ? (double)drop_factor(a->drop, a->row, (uint32_t)(i * a->T + j))
                                : 1.0;
}

static double head_lse(const struct ref_head *a, int i)
{
    double max = -INFINITY, sum = 0;
    for (int j = 0; j < a->T; j++)
        if (seen(a, j))
            max = fmax(max, score(a, i, j));
    for (int j = 0; j < a->T; j++)
        if (seen(a, j))
            sum += exp(score(a, i, j) - max);
    return sum > 0 ? max + log(sum) : 0;
}

void ref_attention(int nseq, int T, int H, int hd, const float *q, const float *k,
                   const float *v, int ld, const uint8_t *mask, const struct dropout *drop,
                   uint32_t row0seq, float *o, int ldo, float *lse, struct math_ws *ws)
{
    (void)ws;
    for (int s = 0; s < nseq; s++) {
        for (int h = 0; h < H; h++) {
            size_t in = (size_t)s * T * ld + (size_t)h * hd;
            size_t out = (size_t)s * T * ldo + (size_t)h * hd;
            struct ref_head a = {T, hd, ld, q + in, k + in, mask ? mask + (size_t)s * T : NULL,
                                 drop, (row0seq + (uint32_t)s) * (uint32_t)H + (uint32_t)h};
            for (int i = 0; i < T; i++) {
                double norm = head_lse(&a, i);
                lse[((size_t)s * H + h) * T + i] = (float)norm;
                for (int d = 0; d < hd; d++) {
                    double sum = 0;
                    for (int j = 0; j < T; j++)
                        if (seen(&a, j))
                            sum += exp(score(&a, i, j) - norm) * kept(&a, i, j) *
                                   v[in + (size_t)j * ld + d];
                    o[out + (size_t)i * ldo + d] = (float)sum;
                }
            }
        }
    }
}

void ref_attention_grad(int nseq, int T, int H, int hd, const float *q, const float *k,
                        const float *v, int ld, const uint8_t *mask,
                        const struct dropout *drop, uint32_t row0seq, const float *o, int ldo,
                        const float *lse, const float *d_o, float *dq, float *dk, float *dv,
                        int ldd, struct math_ws *ws)
{
    (void)ws;
    double scale = 1 / sqrt(hd);
    for (int s = 0; s < nseq; s++) {
        for (int h = 0; h < H; h++) {
            size_t in = (size_t)s * T * ld + (size_t)h * hd;
            size_t out = (size_t)s * T * ldo + (size_t)h * hd;
            size_t grad = (size_t)s * T * ldd + (size_t)h * hd;
            struct ref_head a = {T, hd, ld, q + in, k + in, mask ? mask + (size_t)s * T : NULL,
                                 drop, (row0seq + (uint32_t)s) * (uint32_t)H + (uint32_t)h};
            for (int i = 0; i < T; i++) {
                size_t row = grad + (size_t)i * ldd;
                memset(dq + row, 0, (size_t)hd * sizeof *dq);
                memset(dk + row, 0, (size_t)hd * sizeof *dk);
                memset(dv + row, 0, (size_t)hd * sizeof *dv);
            }
            for (int i = 0; i < T; i++) {
                const float *up = d_o + out + (size_t)i * ldo;
                double mean = dot(hd, up, o + out + (size_t)i * ldo);
                double norm = lse[((size_t)s * H + h) * T + i];
                for (int j = 0; j < T; j++) {
                    if (!seen(&a, j))
                        continue;
                    double p = exp(score(&a, i, j) - norm), f = kept(&a, i, j);
                    double ds = p * (f * dot(hd, up, v + in + (size_t)j * ld) - mean) * scale;
                    for (int d = 0; d < hd; d++) {
                        size_t di = grad + (size_t)i * ldd + d, dj = grad + (size_t)j * ldd + d;
                        dq[di] += (float)(ds * a.k[(size_t)j * ld + d]);
                        dk[dj] += (float)(ds * a.q[(size_t)i * ld + d]);
                        dv[dj] += (float)(p * f * up[d]);
                    }
                }
            }
        }
    }
}
