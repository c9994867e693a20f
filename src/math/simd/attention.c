/* Attention of one head at a time, over blocks of query rows: scores and their gradients stand
 * in the packing space, the products are the set's own gemm. The formulas are those of
 * ref_attention.c. */
#include <assert.h>

#include "src/math/simd/kernels.h"
#include "src/math/simd/philox.h"
#include "src/math/simd/vec.h"

/* Two score blocks, a row of key biases and a row of dropout factors share the space. */
enum {
    SCORES = 64 * 1024,
    KEYS = 8 * 1024, /* of such a row; whole blocks of factors must fit */
    ROWS_MAX = 256   /* of a block: SCORES / T is below T from here on */
};
_Static_assert(2 * SCORES + 2 * KEYS <= ES_ATTENTION_FLOATS, "the score space is too small");

struct head {
    int T, hd, ld;
    const struct dropout *drop;
    uint32_t row;
    vf scale;
    const float *bias; /* 0 or -inf for each key; NULL: all are seen */
    float *factors;
};

/* Query rows of a block. */
static int block_rows(int T)
{
    assert(T <= KEYS - 2 * DROP_BLOCK);
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

/* Dropout factors of row i, NULL when nothing drops. A row may start inside a block of 8 columns:
 * factors are made from the multiple of 8 below. */
static const float *row_factors(const struct head *h, int i)
{
    uint32_t from = (uint32_t)i * (uint32_t)h->T;
    int shift = (int)(from % 8);
    if (!drop_active(h->drop))
        return NULL;
    for (int j = 0; j < h->T + shift; j += DROP_BLOCK)
        drop_block(h->drop, h->row, from - (uint32_t)shift + (uint32_t)j, h->factors + j);
    return h->factors + shift;
}

/* Scaled and masked scores; -inf beyond the row. */
INLINE vf scores(const struct head *h, const float *s, int j)
{
    int left = h->T - j;
    vf x = v_get(s + j, left) * h->scale;
    if (h->bias)
        x += v_get(h->bias + j, left);
    return left < W ? v_first(x, left, v_set(-INFINITY)) : x;
}

/* One row of scores to exp(score - max) times dropout; the row's log-sum-exp, and by what to
 * multiply its output. */
static float score_row(const struct head *h, const float *factor, float *s, float *inverse)
{
    vf max = v_set(-INFINITY), sum = v_zero();
    int T = h->T;
    for (int j = 0; j < T; j += W)
        max = v_max(max, scores(h, s, j));
    float top = v_hmax(max);
    *inverse = 1;
    if (top == -INFINITY) {
        memset(s, 0, (size_t)T * sizeof *s);
        return 0;
    }
    for (int j = 0; j < T; j += W) {
        vf e = v_exp(scores(h, s, j) - v_set(top));
        sum += e;
        v_put(s + j, factor ? e * v_load(factor + j) : e, T - j);
    }
    double total = (double)v_hsum(sum);
    *inverse = (float)(1 / total);
    return (float)((double)top + log(total));
}

/* x *= f */
static void scale_row(int n, float f, float *x)
{
    for (int j = 0; j < n; j += W)
        v_put(x + j, v_get(x + j, n - j) * v_set(f), n - j);
}

void KERNEL(attention)(int nseq, int T, int H, int hd, const float *q, const float *k,
                       const float *v, int ld, const uint8_t *mask, const struct dropout *drop,
                       uint32_t row0seq, float *o, int ldo, float *lse, struct math_ws *ws)
{
    float *s = ws->data + ES_GEMM_FLOATS, *space = s + 2 * SCORES;
    float inverse[ROWS_MAX];
    int block = block_rows(T);
    for (int n = 0; n < nseq; n++) {
        float *bias = mask_bias(mask ? mask + (size_t)n * T : NULL, T, space);
        for (int j = 0; j < H; j++, lse += T) {
            size_t in = (size_t)n * T * ld + (size_t)j * hd;
            size_t out = (size_t)n * T * ldo + (size_t)j * hd;
            struct head h = {T, hd, ld, drop,
                             (row0seq + (uint32_t)n) * (uint32_t)H + (uint32_t)j,
                             v_set((float)(1 / sqrt(hd))), bias, space + KEYS};
            for (int i0 = 0; i0 < T; i0 += block) {
                int rows = T - i0 < block ? T - i0 : block;
                KERNEL(gemm)(0, 1, rows, T, hd, q + in + (size_t)i0 * ld, ld, k + in, ld, 0, s,
                             T, ws);
                for (int i = 0; i < rows; i++)
                    lse[i0 + i] = score_row(&h, row_factors(&h, i0 + i), s + (size_t)i * T,
                                            &inverse[i]);
                float *oi = o + out + (size_t)i0 * ldo;
                KERNEL(gemm)(0, 0, rows, hd, T, s, T, v + in, ld, 0, oi, ldo, ws);
                for (int i = 0; i < rows; i++)
                    scale_row(hd, inverse[i], oi + (size_t)i * ldo);
            }
        }
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

/* s: scores, d: do.v. Afterwards s = P', d = scale dS. */
static void grad_row(const struct head *h, const float *factor, float lse, float mean, float *s,
                     float *d)
{
    for (int j = 0; j < h->T; j += W) {
        int left = h->T - j;
        vf p = v_exp(scores(h, s, j) - v_set(lse)), t = v_get(d + j, left);
        vf f = factor ? v_load(factor + j) : v_set(1);
        v_put(s + j, p * f, left);
        v_put(d + j, p * (v_fma(t, f, v_set(-mean)) * h->scale), left);
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
                             v_set((float)(1 / sqrt(hd))), bias, space + KEYS};
            for (int i0 = 0; i0 < T; i0 += block) {
                int rows = T - i0 < block ? T - i0 : block;
                float beta = i0 > 0;
                const float *qi = q + in + (size_t)i0 * ld;
                const float *up = d_o + out + (size_t)i0 * ldo;
                KERNEL(gemm)(0, 1, rows, T, hd, qi, ld, k + in, ld, 0, s, T, ws);
                KERNEL(gemm)(0, 1, rows, T, hd, up, ldo, v + in, ld, 0, d, T, ws);
                for (int i = 0; i < rows; i++) {
                    float mean = row_dot(hd, up + (size_t)i * ldo,
                                         o + out + (size_t)(i0 + i) * ldo);
                    grad_row(&h, row_factors(&h, i0 + i), lse[i0 + i], mean,
                             s + (size_t)i * T, d + (size_t)i * T);
                }
                KERNEL(gemm)(1, 0, T, hd, rows, s, T, up, ldo, beta, dv + grad, ldd, ws);
                KERNEL(gemm)(1, 0, T, hd, rows, d, T, qi, ld, beta, dk + grad, ldd, ws);
                KERNEL(gemm)(0, 0, rows, hd, T, d, T, k + in, ld, 0,
                             dq + grad + (size_t)i0 * ldd, ldd, ws);
            }
        }
    }
}
