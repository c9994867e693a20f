/* The reference kernels: the definition of every entry of struct math, in obvious loops with
 * double accumulation. Speed does not matter here. */
#include "src/math/ref.h"

#include <math.h>

#include "src/math/drop.h"

static double factor(const struct dropout *d, uint32_t row, uint32_t col)
{
    return drop_active(d) ? (double)drop_factor(d, row, col) : 1.0;
}

static void ref_gemm(int ta, int tb, int M, int N, int K, const float *A, int lda,
                     const float *B, int ldb, float beta, float *C, int ldc, struct math_ws *ws)
{
    (void)ws;
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < K; k++) {
                float a = ta ? A[(size_t)k * lda + i] : A[(size_t)i * lda + k];
                float b = tb ? B[(size_t)j * ldb + k] : B[(size_t)k * ldb + j];
                sum += (double)a * b;
            }
            float *c = &C[(size_t)i * ldc + j];
            *c = (float)(beta != 0 ? *c + sum : sum);
        }
    }
}

/* Packed is op(B) turned: one column after the other. */
static size_t ref_packed_floats(int N, int K)
{
    return (size_t)N * (size_t)K;
}

static void ref_pack(int tb, int N, int K, const float *B, int ldb, float *packed)
{
    for (int j = 0; j < N; j++)
        for (int k = 0; k < K; k++)
            *packed++ = tb ? B[(size_t)j * ldb + k] : B[(size_t)k * ldb + j];
}

static void ref_gemm_packed(int M, int N, int K, const float *A, int lda, const float *packed,
                            float beta, float *C, int ldc, struct math_ws *ws)
{
    ref_gemm(0, 1, M, N, K, A, lda, packed, K, beta, C, ldc, ws);
}

static void ref_bias(int rows, int n, const float *x, const float *b, float *y)
{
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < n; j++)
            y[(size_t)r * n + j] = x[(size_t)r * n + j] + b[j];
}

static void ref_bias_grad(int rows, int n, const float *dy, float *db)
{
    for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int r = 0; r < rows; r++)
            sum += dy[(size_t)r * n + j];
        db[j] = (float)(db[j] + sum);
    }
}

static void ref_bias_gelu(int rows, int n, const float *x, const float *b, float *slope,
                          float *y)
{
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < n; j++) {
            size_t i = (size_t)r * n + j;
            double u = b ? x[i] + b[j] : x[i];
            double cdf = 0.5 * (1 + erf(u * M_SQRT1_2));
            double density = exp(-0.5 * u * u) * 0.5 * M_SQRT1_2 * M_2_SQRTPI;
            if (slope)
                slope[i] = (float)(cdf + u * density);
            y[i] = (float)(u * cdf);
        }
    }
}

static void ref_gelu_grad(size_t n, const float *slope, const float *dy, float *dx)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * slope[i];
}

static void ref_norm(int rows, int n, const float *x, const float *b, const float *residual,
                     const struct dropout *drop, uint32_t row0, const float *g,
                     const float *beta, float eps, float *xhat, float *rstd, float *y)
{
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * n;
        double mean = 0, var = 0;
        for (int j = 0; j < n; j++) {
            double z = x[at + j] + (b ? (double)b[j] : 0);
            z *= factor(drop, row0 + (uint32_t)r, (uint32_t)j);
            z += residual ? (double)residual[at + j] : 0;
            xhat[at + j] = (float)z;
            mean += z;
        }
        mean /= n;
        for (int j = 0; j < n; j++)
            var += (xhat[at + j] - mean) * (xhat[at + j] - mean);
        double inverse = 1 / sqrt(var / n + eps);
        rstd[r] = (float)inverse;
        for (int j = 0; j < n; j++) {
            double h = (xhat[at + j] - mean) * inverse;
            xhat[at + j] = (float)h;
            y[at + j] = (float)(h * g[j] + beta[j]);
        }
    }
}

static void ref_norm_grad(int rows, int n, const float *dy, const float *xhat,
                          const float *rstd, const float *g, const struct dropout *drop,
                          uint32_t row0, float *dz, float *dx, float *dg, float *dbeta)
{
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * n;
        double mean = 0, slope = 0;
        for (int j = 0; j < n; j++) {
            double d = (double)dy[at + j] * g[j];
            mean += d;
            slope += d * xhat[at + j];
            dg[j] += dy[at + j] * xhat[at + j];
            dbeta[j] += dy[at + j];
        }
        mean /= n;
        slope /= n;
        for (int j = 0; j < n; j++) {
            double d = (double)dy[at + j] * g[j] - mean - xhat[at + j] * slope;
            float z = (float)(d * rstd[r]);
            dz[at + j] = z;
            if (dx)
                dx[at + j] = (float)(z * factor(drop, row0 + (uint32_t)r, (uint32_t)j));
        }
    }
}

static void ref_dropout(int rows, int n, const float *x, const struct dropout *drop,
                        uint32_t row0, float *y)
{
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < n; j++)
            y[(size_t)r * n + j] = (float)(x[(size_t)r * n + j] *
                                           factor(drop, row0 + (uint32_t)r, (uint32_t)j));
}

static void ref_softmax(int rows, int V, float *x, const float *b, float *lse, float *entropy,
                        int *argmax)
{
    for (int r = 0; r < rows; r++) {
        float *row = x + (size_t)r * V;
        int best = 0;
        double sum = 0, weighted = 0;
        for (int j = 0; j < V; j++) {
            row[j] = b ? row[j] + b[j] : row[j];
            best = row[j] > row[best] ? j : best;
        }
        double max = row[best];
        for (int j = 0; j < V; j++) {
            double e = exp(row[j] - max);
            sum += e;
            weighted += e > 0 ? e * (row[j] - max) : 0;
        }
        for (int j = 0; j < V; j++)
            row[j] = (float)(exp(row[j] - max) / sum);
        if (lse)
            lse[r] = (float)(max + log(sum));
        if (entropy)
            entropy[r] = (float)(log(sum) - weighted / sum);
        if (argmax)
            argmax[r] = best;
    }
}

static int ref_sample(int V, const float *p, double u)
{
    double total = 0, sum = 0;
    int last = 0;
    for (int j = 0; j < V; j++)
        total += p[j];
    for (int j = 0; j < V; j++) {
        sum += p[j];
        if (sum > u * total)
            return j;
        last = p[j] > 0 ? j : last;
    }
    return last;
}

static double ref_sumsq(size_t n, const float *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

static void ref_axpy(size_t n, float a, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (float)((double)a * x[i] + y[i]);
}

static void ref_adamw(size_t n, float *p, const float *g, float *m, float *v, float scale,
                      float lr, double beta1, double beta2, float eps, float wd, float c1,
                      float c2)
{
    for (size_t i = 0; i < n; i++) {
        double grad = (double)g[i] * scale;
        m[i] = (float)(beta1 * m[i] + (1 - beta1) * grad);
        v[i] = (float)(beta2 * v[i] + (1 - beta2) * grad * grad);
        double step = (double)m[i] * c1 / (sqrt((double)v[i] * c2) + eps);
        p[i] = (float)(p[i] - lr * (step + (double)wd * p[i]));
    }
}

const struct math math_ref = {
    .name = "ref",
    .gemm = ref_gemm,
    .panel = 1,
    .packed_floats = ref_packed_floats,
    .pack = ref_pack,
    .gemm_packed = ref_gemm_packed,
    .bias = ref_bias,
    .bias_grad = ref_bias_grad,
    .bias_gelu = ref_bias_gelu,
    .gelu_grad = ref_gelu_grad,
    .norm = ref_norm,
    .norm_grad = ref_norm_grad,
    .dropout = ref_dropout,
    .attention = ref_attention,
    .attention_grad = ref_attention_grad,
    .softmax = ref_softmax,
    .sample = ref_sample,
    .sumsq = ref_sumsq,
    .axpy = ref_axpy,
    .adamw = ref_adamw,
};
