/* Attention of one head at a time, over blocks of query rows: scores and their gradients stand
 * in the packing space, the products are the set's own gemm. The formulas are those of
 * ref_attention.c. */
#include <assert.h>

#include "src/math/simd/kernels.h"
#include "src/math/simd/philox.h"
#include "src/math/simd/vec.h"

/* Two score blocks, a mask row and slack for whole vectors share the space. */
enum { SCORES = 64 * 1024, MASK = ES_ATTENTION_FLOATS - 2 * SCORES, MASK_MAX = MASK - 2 * W };

struct head {
    int T, hd, ld;
    const struct dropout *drop;
    uint32_t row;
    vf scale;
    const float *bias; /* 0 or -inf for each key; NULL: all are seen */
};

/* Query rows of a block. */
static int block_rows(int T)
{
    assert(T <= MASK_MAX);
    int rows = SCORES / T;
    return rows > T ? T : rows;
}

static float *mask_bias(const uint8_t *mask, int T, float *space)
{
    if (!mask)
        return NULL;
    for (int j = 0; j < T; j++)
        space[j] = mask[j] ? 0 : -INFINITY;
    return space;
}

/* Dropout of row i. A row of T keys may start inside a block of 8 columns: factors are made from
 * the multiple of 8 below. */
static void drop_keys(const struct head *h, int i, float *p)
{
    float factor[DROP_BLOCK + W];
    uint32_t from = (uint32_t)i * (uint32_t)h->T;
    int shift = (int)(from % 8), step = DROP_BLOCK - 8;
    if (!shift)
        step = DROP_BLOCK;
    for (int j0 = 0; j0 < h->T; j0 += step) {
        int end = h->T - j0 < step ? h->T : j0 + step;
        drop_block(h->drop, h->row, from + (uint32_t)j0 - (uint32_t)shift, factor);
        for (int j = j0; j < end; j += W) {
            int left = end - j;
            v_put(p + j, v_get(p + j, left) * v_get(factor + (j - j0 + shift), left), left);
        }
    }
}

/* One row of scores to probabilities, before dropout; its log-sum-exp. */
static float score_row(const struct head *h, float *s)
{
    vf max = v_set(-INFINITY), sum = v_zero();
    int T = h->T;
    for (int j = 0; j < T; j += W) {
        int left = T - j;
        vf x = v_get(s + j, left) * h->scale;
        if (h->bias)
            x += v_get(h->bias + j, left);
        v_put(s + j, x, left);
        if (left >= W)
            max = v_max(x, max);
        else
            for (int i = 0; i < left; i++)
                max = v_max(v_set(x[i]), max);
    }
    float top = v_hmax(max);
    if (top == -INFINITY) {
        memset(s, 0, (size_t)T * sizeof *s);
        return 0;
    }
    for (int j = 0; j < T; j += W) {
        int left = T - j;
        vf e = v_exp(v_get(s + j, left) - v_set(top));
        v_put(s + j, e, left);
        sum += left < W ? v_load_n(s + j, left) : e;
    }
    double total = (double)v_hsum(sum);
    vf inverse = v_set((float)(1 / total));
    for (int j = 0; j < T; j += W)
        v_put(s + j, v_get(s + j, T - j) * inverse, T - j);
    return (float)((double)top + log(total));
}

void KERNEL(attention)(int nseq, int T, int H, int hd, const float *q, const float *k,
                       const float *v, int ld, const uint8_t *mask, const struct dropout *drop,
                       uint32_t row0seq, float *o, int ldo, float *lse, struct math_ws *ws)
{
    float *s = ws->data + ES_GEMM_FLOATS, *space = s + 2 * SCORES;
    int block = block_rows(T);
    for (int n = 0; n < nseq; n++) {
        float *bias = mask_bias(mask ? mask + (size_t)n * T : NULL, T, space);
        for (int j = 0; j < H; j++, lse += T) {
            size_t in = (size_t)n * T * ld + (size_t)j * hd;
            size_t out = (size_t)n * T * ldo + (size_t)j * hd;
            struct head h = {T, hd, ld, drop,
                             (row0seq + (uint32_t)n) * (uint32_t)H + (uint32_t)j,
                             v_set((float)(1 / sqrt(hd))), bias};
            for (int i0 = 0; i0 < T; i0 += block) {
                int rows = T - i0 < block ? T - i0 : block;
                KERNEL(gemm)(0, 1, rows, T, hd, q + in + (size_t)i0 * ld, ld, k + in, ld, 0, s,
                             T, ws);
                for (int i = 0; i < rows; i++) {
                    lse[i0 + i] = score_row(&h, s + (size_t)i * T);
                    if (drop_active(drop))
                        drop_keys(&h, i0 + i, s + (size_t)i * T);
                }
                KERNEL(gemm)(0, 0, rows, hd, T, s, T, v + in, ld, 0,
                             o + out + (size_t)i0 * ldo, ldo, ws);
            }
        }
    }
}

/* Scores to probabilities by the kept log-sum-exp. */
static void again_row(const struct head *h, float lse, float *s)
{
    for (int j = 0; j < h->T; j += W) {
        int left = h->T - j;
        vf x = v_fma(v_get(s + j, left), h->scale, v_set(-lse));
        if (h->bias)
            x += v_get(h->bias + j, left);
        v_put(s + j, v_exp(x), left);
    }
}

/* D = sum over the head's columns of do and o. */
static float row_dot(int n, const float *a, const float *b)
{
    vf sum = v_zero();
    for (int j = 0; j < n; j += W)
        sum = v_fma(v_get(a + j, n - j), v_get(b + j, n - j), sum);
    return v_hsum(sum);
}

/* p: probabilities, d: do.v; afterwards d = scale dS. */
static void grad_row(const struct head *h, float mean, const float *p, float *d)
{
    for (int j = 0; j < h->T; j += W) {
        int left = h->T - j;
        vf t = (v_get(d + j, left) - v_set(mean)) * h->scale;
        v_put(d + j, v_get(p + j, left) * t, left);
    }
}

void KERNEL(attention_grad)(int nseq, int T, int H, int hd, const float *q, const float *k,
                            const float *v, int ld, const uint8_t *mask,
                            const struct dropout *drop, uint32_t row0seq, const float *o,
                            int ldo, const float *lse, const float *d_o, float *dq, float *dk,
                            float *dv, int ldd, struct math_ws *ws)
{
    float *s = ws->data + ES_GEMM_FLOATS, *d = s + SCORES, *space = d + SCORES;
    int block = block_rows(T);
    for (int n = 0; n < nseq; n++) {
        float *bias = mask_bias(mask ? mask + (size_t)n * T : NULL, T, space);
        for (int j = 0; j < H; j++, lse += T) {
            size_t in = (size_t)n * T * ld + (size_t)j * hd;
            size_t out = (size_t)n * T * ldo + (size_t)j * hd;
            size_t grad = (size_t)n * T * ldd + (size_t)j * hd;
            struct head h = {T, hd, ld, drop,
                             (row0seq + (uint32_t)n) * (uint32_t)H + (uint32_t)j,
                             v_set((float)(1 / sqrt(hd))), bias};
            for (int i0 = 0; i0 < T; i0 += block) {
                int rows = T - i0 < block ? T - i0 : block;
                float beta = i0 > 0;
                const float *qi = q + in + (size_t)i0 * ld;
                const float *up = d_o + out + (size_t)i0 * ldo;
                KERNEL(gemm)(0, 1, rows, T, hd, qi, ld, k + in, ld, 0, s, T, ws);
                KERNEL(gemm)(0, 1, rows, T, hd, up, ldo, v + in, ld, 0, d, T, ws);
                for (int i = 0; i < rows; i++) {
                    float *p = s + (size_t)i * T, *di = d + (size_t)i * T;
                    float mean = row_dot(hd, up + (size_t)i * ldo,
                                         o + out + (size_t)(i0 + i) * ldo);
                    again_row(&h, lse[i0 + i], p);
                    if (drop_active(drop))
                        drop_keys(&h, i0 + i, di);
                    grad_row(&h, mean, p, di);
                    if (drop_active(drop))
                        drop_keys(&h, i0 + i, p);
                }
                KERNEL(gemm)(1, 0, T, hd, rows, s, T, up, ldo, beta, dv + grad, ldd, ws);
                KERNEL(gemm)(1, 0, T, hd, rows, d, T, qi, ld, beta, dk + grad, ldd, ws);
                KERNEL(gemm)(0, 0, rows, hd, T, d, T, k + in, ld, 0,
                             dq + grad + (size_t)i0 * ldd, ldd, ws);
            }
        }
    }
}
