/* Softmax over a vocabulary, sampling, and the passes over all parameters. */
#include "src/math/simd/kernels.h"
#include "src/math/simd/vec.h"

/* Floats are summed per chunk, chunks in double: the error stays at that of a short sum. */
enum { CHUNK = 64 * W };

/* x += b; returns the largest. */
static float row_max(int V, float *x, const float *b)
{
    vf m0 = v_set(-INFINITY), m1 = m0;
    int j = 0;
    for (; j + 2 * W <= V; j += 2 * W) {
        vf p = v_load(x + j), q = v_load(x + j + W);
        if (b) {
            p += v_load(b + j);
            q += v_load(b + j + W);
            v_store(x + j, p);
            v_store(x + j + W, q);
        }
        m0 = v_max(p, m0);
        m1 = v_max(q, m1);
    }
    float max = v_hmax(v_max(m0, m1));
    for (; j < V; j++) {
        x[j] = b ? x[j] + b[j] : x[j];
        max = x[j] > max ? x[j] : max;
    }
    return max;
}

/* x = exp(x - max); the sums of that and of that times (x - max). */
static double row_exp(int V, float *x, float max, double *weighted)
{
    double sum = 0, slope = 0;
    for (int j0 = 0; j0 < V; j0 += CHUNK) {
        int end = V - j0 < CHUNK ? V : j0 + CHUNK;
        vf s = v_zero(), w = v_zero();
        for (int j = j0; j < end; j += W) {
            int left = V - j;
            vf d = v_get(x + j, left) - v_set(max);
            vf e = v_exp(d);
            v_put(x + j, e, left);
            if (left < W)
                e = v_load_n(x + j, left);
            s += e;
            w = v_fma(e, v_max(d, v_set(-1e30f)), w);
        }
        sum += (double)v_hsum(s);
        slope += (double)v_hsum(w);
    }
    *weighted = slope;
    return sum;
}

void KERNEL(softmax)(int rows, int V, float *x, const float *b, float *lse, float *entropy,
                     int *argmax)
{
    for (int r = 0; r < rows; r++, x += V) {
        float max = row_max(V, x, b);
        double weighted;
        if (argmax) {
            int at = 0;
            while (at < V - 1 && x[at] != max)
                at++;
            argmax[r] = at;
        }
        double sum = row_exp(V, x, max, &weighted);
        vf scale = v_set((float)(1 / sum));
        for (int j = 0; j < V; j += W)
            v_put(x + j, v_get(x + j, V - j) * scale, V - j);
        if (lse)
            lse[r] = (float)(max + log(sum));
        if (entropy)
            entropy[r] = (float)(log(sum) - weighted / sum);
    }
}

static double chunk_sum(const float *p, int n)
{
    vf s = v_zero();
    for (int j = 0; j < n; j += W)
        s += v_get(p + j, n - j);
    return (double)v_hsum(s);
}

int KERNEL(sample)(int V, const float *p, double u)
{
    double total = 0, sum = 0;
    int last = 0;
    for (int j = 0; j < V; j += CHUNK)
        total += chunk_sum(p + j, V - j < CHUNK ? V - j : CHUNK);
    for (int j0 = 0; j0 < V; j0 += CHUNK) {
        int end = V - j0 < CHUNK ? V : j0 + CHUNK;
        double next = sum + chunk_sum(p + j0, end - j0);
        if (next <= u * total) {
            sum = next;
            continue;
        }
        for (int j = j0; j < end; j++) {
            sum += p[j];
            last = p[j] > 0 ? j : last;
            if (sum > u * total)
                return j;
        }
        return last; /* the chunk's sum and its parts differ by a rounding */
    }
    for (int j = 0; j < V; j++)
        last = p[j] > 0 ? j : last;
    return last;
}

typedef float vh __attribute__((vector_size(W * 2), aligned(4), may_alias));

double KERNEL(sumsq)(size_t n, const float *x)
{
    vd s0 = {0}, s1 = {0};
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vd a = __builtin_convertvector(*(const vh *)(x + i), vd);
        vd b = __builtin_convertvector(*(const vh *)(x + i + W / 2), vd);
        s0 += a * a;
        s1 += b * b;
    }
    s0 += s1;
    double sum = 0;
    for (int j = 0; j < W / 2; j++)
        sum += s0[j];
    for (; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

void KERNEL(axpy)(size_t n, float a, const float *x, float *y)
{
    vf f = v_set(a);
    for (size_t i = 0; i < n; i += W) {
        int left = n - i < W ? (int)(n - i) : W;
        v_put(y + i, v_fma(f, v_get(x + i, left), v_get(y + i, left)), left);
    }
}

void KERNEL(adamw)(size_t n, float *p, const float *g, float *m, float *v, float scale,
                   float lr, double beta1, double beta2, float eps, float wd, float c1, float c2)
{
    vf b1 = v_set((float)beta1), b2 = v_set((float)beta2), grad = v_set(scale);
    vf a1 = v_set((float)(1 - beta1)), a2 = v_set((float)(1 - beta2));
    for (size_t i = 0; i < n; i += W) {
        int left = n - i < W ? (int)(n - i) : W;
        vf d = v_get(g + i, left) * grad, old = v_get(p + i, left);
        vf first = v_fma(b1, v_get(m + i, left), a1 * d);
        vf second = v_fma(b2, v_get(v + i, left), a2 * d * d);
        v_put(m + i, first, left);
        v_put(v + i, second, left);
        vf step = first * v_set(c1) / (v_sqrt(second * v_set(c2)) + v_set(eps));
        step = v_fma(v_set(wd), old, step);
        v_put(p + i, v_fma(v_set(-lr), step, old), left);
    }
}
