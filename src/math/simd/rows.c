/* Entries that work row by row: bias, GELU, layer norm, dropout. */
#include "src/math/simd/kernels.h"
#include "src/math/simd/philox.h"
#include "src/math/simd/vec.h"

/* Floats to ask for ahead in what was kept since the forward pass and left the caches. */
enum { AHEAD = 512 };

void KERNEL(bias)(int rows, int n, const float *x, const float *b, float *y)
{
    for (int r = 0; r < rows; r++, x += n, y += n)
        for (int j = 0; j < n; j += W)
            v_put(y + j, v_get(x + j, n - j) + v_get(b + j, n - j), n - j);
}

void KERNEL(bias_grad)(int rows, int n, const float *dy, float *db)
{
    int j = 0;
    for (; j + 4 * W <= n; j += 4 * W) {
        vf s0 = v_zero(), s1 = v_zero(), s2 = v_zero(), s3 = v_zero();
        const float *p = dy + j;
        for (int r = 0; r < rows; r++, p += n) {
            s0 += v_load(p);
            s1 += v_load(p + W);
            s2 += v_load(p + 2 * W);
            s3 += v_load(p + 3 * W);
        }
        v_store(db + j, v_load(db + j) + s0);
        v_store(db + j + W, v_load(db + j + W) + s1);
        v_store(db + j + 2 * W, v_load(db + j + 2 * W) + s2);
        v_store(db + j + 3 * W, v_load(db + j + 3 * W) + s3);
    }
    for (; j < n; j += W) {
        vf s = v_zero();
        for (int r = 0; r < rows; r++)
            s += v_get(dy + (size_t)r * n + j, n - j);
        v_put(db + j, v_get(db + j, n - j) + s, n - j);
    }
}

/* The normal distribution function, to 2e-7. */
INLINE vf normal_cdf(vf x)
{
    vf half = v_set(0.5f);
    return v_fma(half, v_erf(x * v_set(0.70710678118654752f)), half);
}

void KERNEL(bias_gelu)(int rows, int n, const float *x, const float *b, float *slope, float *y)
{
    for (int r = 0; r < rows; r++, x += n, y += n) {
        for (int j = 0; j < n; j += W) {
            vf u = v_get(x + j, n - j);
            if (b)
                u += v_get(b + j, n - j);
            vf cdf = normal_cdf(u);
            if (slope) {
                vf density = v_exp(u * u * v_set(-0.5f)) * v_set(0.39894228040143268f);
                v_put(slope + j, v_fma(u, density, cdf), n - j);
            }
            v_put(y + j, u * cdf, n - j);
        }
        slope = slope ? slope + n : NULL;
    }
}

void KERNEL(gelu_grad)(size_t n, const float *slope, const float *dy, float *dx)
{
    for (size_t i = 0; i < n; i += W) {
        int left = n - i < W ? (int)(n - i) : W;
        __builtin_prefetch(slope + i + AHEAD);
        v_put(dx + i, v_get(dy + i, left) * v_get(slope + i, left), left);
    }
}

/* z = drop(x + b) + residual of one row; returns its sum. */
static float norm_input(int n, const float *x, const float *b, const float *residual,
                        const struct dropout *drop, uint32_t row, float *z)
{
    float factor[DROP_BLOCK];
    int active = drop_active(drop);
    vf sum = v_zero();
    for (int j0 = 0; j0 < n; j0 += DROP_BLOCK) {
        int end = n - j0 < DROP_BLOCK ? n : j0 + DROP_BLOCK;
        if (active)
            drop_block(drop, row, (uint32_t)j0, factor);
        for (int j = j0; j < end; j += W) {
            vf t = v_get(x + j, n - j);
            if (b)
                t += v_get(b + j, n - j);
            if (active)
                t *= v_load(factor + (j - j0));
            if (residual)
                t += v_get(residual + j, n - j);
            v_put(z + j, t, n - j);
            sum += t;
        }
    }
    return v_hsum(sum);
}

void KERNEL(norm)(int rows, int n, const float *x, const float *b, const float *residual,
                  const struct dropout *drop, uint32_t row0, const float *g, const float *beta,
                  float eps, float *xhat, float *rstd, float *y)
{
    for (int r = 0; r < rows; r++, x += n, xhat += n, y += n) {
        vf mean = v_set(norm_input(n, x, b, residual, drop, row0 + (uint32_t)r, xhat) /
                        (float)n);
        vf squares = v_zero();
        int j = 0;
        for (; j + W <= n; j += W) {
            vf d = v_load(xhat + j) - mean;
            squares = v_fma(d, d, squares);
        }
        if (j < n) {
            float ones[W] = {0};
            for (int i = 0; i < n - j; i++)
                ones[i] = 1;
            vf d = (v_load_n(xhat + j, n - j) - mean) * v_load(ones);
            squares = v_fma(d, d, squares);
        }
        rstd[r] = (float)(1 / sqrt((double)v_hsum(squares) / n + eps));
        vf inverse = v_set(rstd[r]);
        for (j = 0; j < n; j += W) {
            vf h = (v_get(xhat + j, n - j) - mean) * inverse;
            v_put(xhat + j, h, n - j);
            v_put(y + j, v_fma(h, v_get(g + j, n - j), v_get(beta + j, n - j)), n - j);
        }
        residual = residual ? residual + n : NULL;
    }
}

void KERNEL(norm_grad)(int rows, int n, const float *dy, const float *xhat, const float *rstd,
                       const float *g, const struct dropout *drop, uint32_t row0, float *dz,
                       float *dx, float *dg, float *dbeta)
{
    float factor[DROP_BLOCK];
    int active = drop_active(drop);
    for (int r = 0; r < rows; r++, dy += n, xhat += n, dz += n) {
        vf sum = v_zero(), slope = v_zero();
        for (int j = 0; j < n; j += W) {
            int left = n - j;
            __builtin_prefetch(xhat + j + AHEAD);
            vf d = v_get(dy + j, left), h = v_get(xhat + j, left), t = d * v_get(g + j, left);
            sum += t;
            slope = v_fma(t, h, slope);
            v_put(dg + j, v_fma(d, h, v_get(dg + j, left)), left);
            v_put(dbeta + j, v_get(dbeta + j, left) + d, left);
        }
        vf a = v_set(-v_hsum(sum) / (float)n), c = v_set(-v_hsum(slope) / (float)n);
        vf inverse = v_set(rstd[r]);
        for (int j0 = 0; j0 < n; j0 += DROP_BLOCK) {
            int end = n - j0 < DROP_BLOCK ? n : j0 + DROP_BLOCK;
            if (active && dx)
                drop_block(drop, row0 + (uint32_t)r, (uint32_t)j0, factor);
            for (int j = j0; j < end; j += W) {
                int left = n - j;
                vf t = v_fma(v_get(dy + j, left), v_get(g + j, left), a);
                t = v_fma(v_get(xhat + j, left), c, t) * inverse;
                v_put(dz + j, t, left);
                if (dx)
                    v_put(dx + j, active ? t * v_load(factor + (j - j0)) : t, left);
            }
        }
        dx = dx ? dx + n : NULL;
    }
}

void KERNEL(dropout)(int rows, int n, const float *x, const struct dropout *drop,
                     uint32_t row0, float *y)
{
    float factor[DROP_BLOCK];
    if (!drop_active(drop)) {
        if (x != y)
            memmove(y, x, (size_t)rows * (size_t)n * sizeof *x);
        return;
    }
    for (int r = 0; r < rows; r++, x += n, y += n) {
        for (int j0 = 0; j0 < n; j0 += DROP_BLOCK) {
            int end = n - j0 < DROP_BLOCK ? n : j0 + DROP_BLOCK;
            drop_block(drop, row0 + (uint32_t)r, (uint32_t)j0, factor);
            for (int j = j0; j < end; j += W)
                v_put(y + j, v_get(x + j, n - j) * v_load(factor + (j - j0)), n - j);
        }
    }
}
