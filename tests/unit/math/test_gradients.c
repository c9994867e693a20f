/* The reference gradients against difference quotients of the reference functions. The quotient
 * is the five-point one with h = 1/32: its own error is about h^4 / 30 = 3e-8 times the fifth
 * derivative, and float outputs add about 2^-24 n^(1/2) / h = 2e-5; hence 2e-4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "src/base/rng.h"
#include "src/math/math.h"

enum { N = 24, ROWS = 3, T = 5, H = 2, HD = 3, LD = 3 * H * HD, MAX = 128 };

static const struct dropout drop = {.p = 0.25f, .seed = 5, .use = RNG_DROPOUT + 3, .step = 1};
static float weight[MAX]; /* the loss is the sum of weight times output */

static void fill(float *x, int n, uint32_t row)
{
    for (int i = 0; i < n; i++)
        x[i] = 2 * rng_uniform(2, RNG_TEST, 0, row, (uint32_t)i) - 1;
}

static double weigh(const float *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)y[i] * weight[i];
    return sum;
}

/* d loss / d *x, where ud holds what the loss reads. */
static double quotient(double (*loss)(void *ud), void *ud, float *x)
{
    const float h = 1.0f / 32;
    float kept = *x;
    double f[4];
    static const int at[4] = {-2, -1, 1, 2};
    for (int i = 0; i < 4; i++) {
        *x = kept + (float)at[i] * h;
        f[i] = loss(ud);
    }
    *x = kept;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * (double)h);
}

static void expect_gradient(const char *what, double (*loss)(void *ud), void *ud, float *x,
                            const float *gradient, int n)
{
    for (int i = 0; i < n; i++) {
        double q = quotient(loss, ud, x + i);
        if (!(fabs(q - gradient[i]) <= 2e-4 * (1 + fabs(q))))
            fail_msg("%s [%d]: gradient %g, quotient %g", what, i, (double)gradient[i], q);
    }
}

static double gelu_loss(void *ud)
{
    float y[N];
    math_ref.bias_gelu(1, N, ud, NULL, NULL, y);
    return weigh(y, N);
}

static void gelu_gradient_is_the_slope(void **state)
{
    float x[N], dx[N], slope[N], y[N];
    (void)state;
    for (int i = 0; i < N; i++)
        x[i] = (float)(i - N / 2) * 0.25f;
    fill(weight, N, 1);
    math_ref.bias_gelu(1, N, x, NULL, slope, y);
    math_ref.gelu_grad(N, slope, weight, dx);
    expect_gradient("gelu", gelu_loss, x, x, dx, N);
}

struct norm_case {
    float x[ROWS * N], residual[ROWS * N], g[N], beta[N];
    float xhat[ROWS * N], rstd[ROWS], y[ROWS * N];
};

static double norm_loss(void *ud)
{
    struct norm_case *c = ud;
    math_ref.norm(ROWS, N, c->x, NULL, c->residual, &drop, 6, c->g, c->beta, 1e-12f, c->xhat,
                  c->rstd, c->y);
    return weigh(c->y, ROWS * N);
}

static void norm_gradient_is_the_slope(void **state)
{
    static struct norm_case c;
    float dz[ROWS * N], dx[ROWS * N], dg[N] = {0}, dbeta[N] = {0};
    (void)state;
    fill(c.x, ROWS * N, 2);
    fill(c.residual, ROWS * N, 3);
    fill(c.g, N, 4);
    fill(c.beta, N, 5);
    fill(weight, ROWS * N, 6);
    norm_loss(&c);
    math_ref.norm_grad(ROWS, N, weight, c.xhat, c.rstd, c.g, &drop, 6, dz, dx, dg, dbeta);
    expect_gradient("norm x", norm_loss, &c, c.x, dx, ROWS * N);
    expect_gradient("norm residual", norm_loss, &c, c.residual, dz, ROWS * N);
    expect_gradient("norm g", norm_loss, &c, c.g, dg, N);
    expect_gradient("norm beta", norm_loss, &c, c.beta, dbeta, N);
}

struct attention_case {
    float qkv[T * LD], o[T * H * HD], lse[H * T];
    uint8_t mask[T];
};

static double attention_loss(void *ud)
{
    struct attention_case *c = ud;
    math_ref.attention(1, T, H, HD, c->qkv, c->qkv + H * HD, c->qkv + 2 * H * HD, LD, c->mask,
                       &drop, 3, c->o, H * HD, c->lse, NULL);
    return weigh(c->o, T * H * HD);
}

static void attention_gradient_is_the_slope(void **state)
{
    struct attention_case c = {.mask = {1, 1, 0, 1, 1}};
    float grad[T * LD];
    (void)state;
    fill(c.qkv, T * LD, 7);
    fill(weight, T * H * HD, 8);
    attention_loss(&c);
    math_ref.attention_grad(1, T, H, HD, c.qkv, c.qkv + H * HD, c.qkv + 2 * H * HD, LD, c.mask,
                            &drop, 3, c.o, H * HD, c.lse, weight, grad, grad + H * HD,
                            grad + 2 * H * HD, LD, NULL);
    expect_gradient("attention", attention_loss, &c, c.qkv, grad, T * LD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gelu_gradient_is_the_slope),
        cmocka_unit_test(norm_gradient_is_the_slope),
        cmocka_unit_test(attention_gradient_is_the_slope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
