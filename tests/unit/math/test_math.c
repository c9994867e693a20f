/* Every entry of every kernel set this CPU can run, set against math_ref over odd shapes.
 * Tolerances: a float sum of n terms of size 1/3 in one chain grows to n^(1/2)/3 and collects n
 * roundings: about n/3 2^-24 = 1e-5 at 513 terms (gemm, 3e-5); sums over lanes are shorter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/math/math.h"

enum { BIG = 1 << 19 };

static const struct math *sets[3];
static int nsets;
static struct math_ws ws;
static float *space[12]; /* BIG floats each */

static const struct dropout some = {.p = 0.1f, .seed = 77, .use = RNG_DROPOUT + 100, .step = 5};
static const struct dropout none = {.p = 0};

static void fill(float *x, size_t n, uint32_t row, float scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (2 * rng_uniform(1, RNG_TEST, 0, row, (uint32_t)i) - 1) * scale;
}

static void fill_all(float scale)
{
    for (uint32_t i = 0; i < 12; i++)
        fill(space[i], 40000, i, scale);
}

static void expect_close(const char *set, const char *what, const float *got, const float *want,
                         size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance * (1 + fabs((double)want[i]))))
            fail_msg("%s %s [%zu]: %.9g, reference %.9g", set, what, i, (double)got[i],
                     (double)want[i]);
}

static int setup(void **state)
{
    static const char *const names[] = {"portable", "avx2", "avx512"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        const struct math *m = math_select(names[i], NULL);
        if (m)
            sets[nsets++] = m;
    }
    for (int i = 0; i < 12; i++)
        if (!(space[i] = calloc(BIG, sizeof(float))))
            return -1;
    return math_ws_init(&ws, NULL);
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++)
        free(space[i]);
    math_ws_free(&ws);
    return 0;
}

static void select_names_sets_and_refuses_others(void **state)
{
    struct err err = {0};
    (void)state;
    assert_non_null(math_select("auto", NULL));
    assert_string_equal(math_select("portable", NULL)->name, "portable");
    assert_null(math_select("fastest", &err));
    assert_int_equal(err.code, E_USAGE);
    char name[64];
    assert_true(strlen(math_cpu_name(name, sizeof name)) > 0);
    assert_true(strlen(math_blas_core()) > 0);
}

static const struct {
    int M, N, K;
} shapes[] = {
    {1, 1, 1},      {1, 17, 5},    {3, 33, 7},    {12, 32, 64},  {13, 31, 65},  {24, 64, 256},
    {5, 3, 257},    {37, 100, 300}, {11, 513, 33}, {6, 545, 513}, {128, 64, 64}, {2, 16, 128},
    {170, 150, 90}, {16, 600, 20}, {27, 520, 260},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void gemm_agrees_in_all_forms(void **state)
{
    (void)state;
    fill_all(1);
    for (int c = 0; c < SHAPES * 8; c++) {
        int M = shapes[c / 8].M, N = shapes[c / 8].N, K = shapes[c / 8].K;
        int ta = c & 1, tb = c >> 1 & 1, add = c >> 2 & 1;
        int lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = N + 2;
        float *A = space[0], *B = space[1], *want = space[2], *got = space[3];
        fill(A, (size_t)lda * (size_t)(ta ? K : M), 1, 1);
        fill(B, (size_t)ldb * (size_t)(tb ? N : K), 2, 1);
        for (int s = 0; s < nsets; s++) {
            fill(want, (size_t)M * (size_t)ldc, 3, 1);
            fill(got, (size_t)M * (size_t)ldc, 3, 1);
            if (!add)
                got[0] = NAN;
            math_ref.gemm(ta, tb, M, N, K, A, lda, B, ldb, (float)add, want, ldc, NULL);
            sets[s]->gemm(ta, tb, M, N, K, A, lda, B, ldb, (float)add, got, ldc, &ws);
            expect_close(sets[s]->name, "gemm", got, want, (size_t)M * (size_t)ldc, 3e-5);
        }
    }
}

static void gemm_rows_keep_their_bits_when_cut(void **state)
{
    (void)state;
    for (int c = 0; c < SHAPES * 4; c++) {
        int M = shapes[c / 4].M, N = shapes[c / 4].N, K = shapes[c / 4].K;
        int ta = c & 1, tb = c >> 1 & 1, lda = ta ? M : K, ldb = tb ? K : N;
        float *A = space[0], *B = space[1], *whole = space[2], *cut = space[3];
        fill(A, (size_t)M * (size_t)K, 4, 1);
        fill(B, (size_t)N * (size_t)K, 5, 1);
        for (int s = 0; s < nsets; s++) {
            sets[s]->gemm(ta, tb, M, N, K, A, lda, B, ldb, 0, whole, N, &ws);
            for (int at = 0, n; at < M; at += n) {
                n = 1 + (int)(rng_u32(3, RNG_TEST, 1, (uint32_t)c, (uint32_t)at) % 14);
                n = n > M - at ? M - at : n;
                sets[s]->gemm(ta, tb, n, N, K, A + (ta ? at : at * lda), lda, B, ldb, 0,
                              cut + (size_t)at * (size_t)N, N, &ws);
            }
            if (memcmp(whole, cut, (size_t)M * (size_t)N * sizeof *cut))
                fail_msg("%s: %dx%dx%d ta %d tb %d changes when cut", sets[s]->name, M, N, K,
                         ta, tb);
        }
    }
}

static void packed_gemm_has_the_bits_of_gemm(void **state)
{
    (void)state;
    for (int c = 0; c < SHAPES * 4; c++) {
        int M = shapes[c / 4].M, N = shapes[c / 4].N, K = shapes[c / 4].K;
        int tb = c & 1, add = c >> 1 & 1, lda = K + 1, ldb = (tb ? K : N) + 2, ldc = N + 3;
        float *A = space[0], *B = space[1], *want = space[2], *got = space[3], *pack = space[4];
        fill(A, (size_t)M * (size_t)lda, 6, 1);
        fill(B, (size_t)(tb ? N : K) * (size_t)ldb, 7, 1);
        for (int s = -1; s < nsets; s++) {
            const struct math *m = s < 0 ? &math_ref : sets[s];
            assert_true(m->packed_floats(N, K) <= BIG);
            fill(want, (size_t)M * (size_t)ldc, 8, 1);
            fill(got, (size_t)M * (size_t)ldc, 8, 1);
            m->gemm(0, tb, M, N, K, A, lda, B, ldb, (float)add, want, ldc, &ws);
            m->pack(tb, N, K, B, ldb, pack);
            m->gemm_packed(M, N, K, A, lda, pack, (float)add, got, ldc, &ws);
            if (memcmp(want, got, (size_t)M * (size_t)ldc * sizeof *got))
                fail_msg("%s: %dx%dx%d tb %d add %d differs when packed", m->name, M, N, K, tb,
                         add);
        }
    }
}

/* Two factors side by side, the first of whole panels, are one. */
static void packed_factors_join(void **state)
{
    enum { M = 5, K = 70, LEFT = 64, RIGHT = 37 };
    (void)state;
    fill(space[0], M * K, 9, 1);
    fill(space[1], (LEFT + RIGHT) * K, 10, 1);
    for (int s = -1; s < nsets; s++) {
        const struct math *m = s < 0 ? &math_ref : sets[s];
        assert_int_equal(LEFT % m->panel, 0);
        m->pack(1, LEFT, K, space[1], K, space[4]);
        m->pack(1, RIGHT, K, space[1] + LEFT * K, K, space[4] + m->packed_floats(LEFT, K));
        m->gemm_packed(M, LEFT + RIGHT, K, space[0], K, space[4], 0, space[3], LEFT + RIGHT, &ws);
        m->gemm(0, 1, M, LEFT + RIGHT, K, space[0], K, space[1], K, 0, space[2], LEFT + RIGHT, &ws);
        assert_memory_equal(space[2], space[3], M * (LEFT + RIGHT) * sizeof(float));
    }
}

static const int widths[] = {1, 3, 4, 8, 15, 16, 17, 64, 67, 128, 131, 256, 300};
enum { WIDTHS = sizeof widths / sizeof *widths, ROWS = 7 };

static void bias_and_gelu_agree(void **state)
{
    (void)state;
    fill_all(6);
    for (int c = 0; c < WIDTHS * nsets; c++) {
        const struct math *m = sets[c % nsets];
        int n = widths[c / nsets];
        size_t all = (size_t)n * ROWS;
        float **f = space;
        math_ref.bias(ROWS, n, f[0], f[1], f[2]);
        m->bias(ROWS, n, f[0], f[1], f[3]);
        assert_memory_equal(f[2], f[3], all * sizeof(float)); /* one rounding each */
        memcpy(f[4], f[5], all * sizeof(float));
        math_ref.bias_grad(ROWS, n, f[0], f[4]);
        memcpy(f[6], f[5], all * sizeof(float));
        m->bias_grad(ROWS, n, f[0], f[6]);
        expect_close(m->name, "bias_grad", f[6], f[4], all, 1e-5);
        for (int with = 0; with < 2; with++) {
            math_ref.bias_gelu(ROWS, n, f[0], with ? f[1] : NULL, f[2], f[3]);
            m->bias_gelu(ROWS, n, f[0], with ? f[1] : NULL, f[7], f[8]);
            expect_close(m->name, "slope of gelu", f[7], f[2], all, 3e-6);
            expect_close(m->name, "bias_gelu", f[8], f[3], all, 2e-6);
            m->bias_gelu(ROWS, n, f[0], with ? f[1] : NULL, NULL, f[9]);
            assert_memory_equal(f[8], f[9], all * sizeof(float));
            math_ref.gelu_grad(all, f[2], f[0], f[3]);
            m->gelu_grad(all, f[2], f[0], f[8]);
            expect_close(m->name, "gelu_grad", f[8], f[3], all, 3e-6);
        }
    }
}

/* The whole float range that matters, as points 0.001 apart. */
static void gelu_agrees_everywhere(void **state)
{
    enum { N = 24001 };
    (void)state;
    for (int i = 0; i < N; i++)
        space[0][i] = (float)(i - 12000) * 1e-3f;
    math_ref.bias_gelu(1, N, space[0], NULL, space[1], space[2]);
    for (int s = 0; s < nsets; s++) {
        sets[s]->bias_gelu(1, N, space[0], NULL, space[3], space[4]);
        expect_close(sets[s]->name, "gelu", space[4], space[2], N, 1e-6);
        expect_close(sets[s]->name, "slope of gelu", space[3], space[1], N, 1e-6);
    }
}

static void norm_agrees_with_and_without_everything(void **state)
{
    (void)state;
    fill_all(1);
    for (int c = 0; c < WIDTHS * nsets * 8; c++) {
        const struct math *m = sets[c / 8 % nsets];
        int n = widths[c / 8 / nsets];
        size_t all = (size_t)n * ROWS;
        float **f = space;
        const float *b = c & 1 ? f[1] : NULL, *residual = c & 2 ? f[2] : NULL;
        const struct dropout *drop = c & 4 ? &some : &none;
        if (n < 3)
            continue; /* a row of one value has no spread: all rounding */
        fill(f[0], all, 20, 1);
        math_ref.norm(ROWS, n, f[0], b, residual, drop, 40, f[3], f[4], 1e-12f, f[5], f[6],
                      f[7]);
        m->norm(ROWS, n, f[0], b, residual, drop, 40, f[3], f[4], 1e-12f, f[8], f[9], f[10]);
        expect_close(m->name, "norm xhat", f[8], f[5], all, 1e-5);
        expect_close(m->name, "norm rstd", f[9], f[6], ROWS, 1e-5);
        expect_close(m->name, "norm y", f[10], f[7], all, 1e-5);
        fill(f[7], all, 21, 1);
        memcpy(f[8], f[9], (size_t)n * sizeof(float));
        memset(f[10], 0, 2 * (size_t)n * sizeof(float));
        memset(f[11], 0, 2 * (size_t)n * sizeof(float));
        float *dz = f[0], *dx = f[0] + all, *dz2 = f[9], *dx2 = f[9] + all;
        math_ref.norm_grad(ROWS, n, f[7], f[5], f[6], f[3], drop, 40, dz, dx, f[10],
                           f[10] + n);
        m->norm_grad(ROWS, n, f[7], f[5], f[6], f[3], drop, 40, dz2, dx2, f[11], f[11] + n);
        double scale = 0;
        for (int r = 0; r < ROWS; r++)
            scale = fmax(scale, f[6][r]);
        expect_close(m->name, "norm dz", dz2, dz, all, 1e-5 * fmax(1, scale));
        expect_close(m->name, "norm dx", dx2, dx, all, 1e-5 * fmax(1, scale));
        expect_close(m->name, "norm dg", f[11], f[10], (size_t)n * 2, 1e-5);
        fill(f[2], all, 2, 1);
    }
}

static void dropout_bits_are_those_of_the_definition(void **state)
{
    (void)state;
    fill_all(1);
    int zeros = 0, total = 0;
    for (int c = 0; c < WIDTHS * nsets; c++) {
        const struct math *m = sets[c % nsets];
        int n = widths[c / nsets];
        math_ref.dropout(ROWS, n, space[0], &some, 1000, space[1]);
        m->dropout(ROWS, n, space[0], &some, 1000, space[2]);
        assert_memory_equal(space[1], space[2], (size_t)n * ROWS * sizeof(float));
        for (int i = 0; i < n * ROWS; i++, total++)
            zeros += space[2][i] == 0;
        m->dropout(ROWS, n, space[0], &none, 0, space[2]);
        assert_memory_equal(space[0], space[2], (size_t)n * ROWS * sizeof(float));
    }
    assert_true(abs(zeros - total / 10) < total / 40);
}

static const struct {
    int nseq, T, H, hd, masked, drop;
} heads[] = {
    {1, 1, 1, 4, 0, 0},   {2, 5, 2, 16, 1, 1},  {1, 16, 4, 16, 0, 1}, {2, 33, 1, 64, 1, 0},
    {1, 128, 2, 64, 1, 1}, {1, 67, 3, 10, 1, 1}, {1, 300, 1, 32, 1, 1},
};
enum { HEADS = sizeof heads / sizeof *heads };

static void attention_agrees_forward_and_backward(void **state)
{
    uint8_t mask[512];
    (void)state;
    for (int c = 0; c < HEADS * nsets; c++) {
        const struct math *m = sets[c % nsets];
        int nseq = heads[c / nsets].nseq, T = heads[c / nsets].T, H = heads[c / nsets].H;
        int hd = heads[c / nsets].hd, ld = 3 * H * hd, ldo = H * hd;
        size_t in = (size_t)nseq * (size_t)T * (size_t)ld, out = in / 3;
        const uint8_t *seen = heads[c / nsets].masked ? mask : NULL;
        const struct dropout *drop = heads[c / nsets].drop ? &some : &none;
        float **f = space, *lse = f[3], *lse2 = f[4];
        for (int i = 0; i < nseq * T; i++)
            mask[i] = i % T == 0 || rng_u32(4, RNG_TEST, 2, 0, (uint32_t)i) % 4 != 0;
        fill(f[0], in, 30, 2);
        math_ref.attention(nseq, T, H, hd, f[0], f[0] + ldo, f[0] + 2 * ldo, ld, seen, drop, 9,
                           f[1], ldo, lse, NULL);
        m->attention(nseq, T, H, hd, f[0], f[0] + ldo, f[0] + 2 * ldo, ld, seen, drop, 9, f[2],
                     ldo, lse2, &ws);
        expect_close(m->name, "attention", f[2], f[1], out, 1e-5);
        expect_close(m->name, "lse", lse2, lse, (size_t)(nseq * H * T), 1e-5);
        fill(f[5], out, 31, 1);
        math_ref.attention_grad(nseq, T, H, hd, f[0], f[0] + ldo, f[0] + 2 * ldo, ld, seen,
                                drop, 9, f[1], ldo, lse, f[5], f[6], f[6] + ldo,
                                f[6] + 2 * ldo, ld, NULL);
        memset(f[7], 0x7f, in * sizeof(float));
        m->attention_grad(nseq, T, H, hd, f[0], f[0] + ldo, f[0] + 2 * ldo, ld, seen, drop, 9,
                          f[1], ldo, lse, f[5], f[7], f[7] + ldo, f[7] + 2 * ldo, ld, &ws);
        expect_close(m->name, "attention_grad", f[7], f[6], in, 1e-5);
    }
}

static void attention_without_any_key_gives_zero(void **state)
{
    const uint8_t mask[3] = {0, 0, 0};
    (void)state;
    fill_all(1);
    for (int s = -1; s < nsets; s++) {
        const struct math *m = s < 0 ? &math_ref : sets[s];
        fill(space[1], 12, 3, 1);
        m->attention(1, 3, 1, 4, space[0], space[0], space[0], 4, mask, NULL, 0, space[1], 4,
                     space[2], &ws);
        for (int i = 0; i < 12; i++)
            assert_true(space[1][i] == 0);
        assert_true(space[2][0] == 0);
    }
}

static void softmax_agrees(void **state)
{
    static const int V[] = {1, 2, 15, 16, 17, 100, 1024, 1031, 30522};
    (void)state;
    for (int c = 0; c < 9 * nsets * 2; c++) {
        const struct math *m = sets[c / 2 % nsets];
        int n = V[c / 2 / nsets], best[2] = {-1, -1}, rows = 2;
        float **f = space, stats[2][4];
        fill(f[0], (size_t)n * 2, 40, 20);
        fill(f[2], (size_t)n, 41, 1);
        f[0][n / 2] = -INFINITY;
        f[0][0] = n == 1 ? 1 : f[0][0];
        memcpy(f[1], f[0], (size_t)n * 2 * sizeof(float));
        math_ref.softmax(rows, n, f[0], c & 1 ? f[2] : NULL, stats[0], stats[0] + 2, best);
        int want[2] = {best[0], best[1]};
        m->softmax(rows, n, f[1], c & 1 ? f[2] : NULL, stats[1], stats[1] + 2, best);
        expect_close(m->name, "softmax", f[1], f[0], (size_t)n * 2, 2e-6);
        expect_close(m->name, "softmax lse, entropy", stats[1], stats[0], 4, 1e-5);
        assert_memory_equal(want, best, sizeof best);
    }
}

static void softmax_shows_nan(void **state)
{
    (void)state;
    for (int s = 0; s < nsets; s++) {
        float lse;
        fill(space[0], 100, 42, 1);
        space[0][37] = NAN;
        sets[s]->softmax(1, 100, space[0], NULL, &lse, NULL, NULL);
        assert_true(isnan(lse));
    }
}

static void sample_inverts_the_distribution(void **state)
{
    (void)state;
    for (int s = 0; s < nsets; s++) {
        int n = 3001, moved = 0;
        for (int i = 0; i < n; i++)
            space[0][i] = i % 3 ? rng_uniform(9, RNG_TEST, 3, 0, (uint32_t)i) : 0;
        for (int i = 0; i < 2000; i++) {
            double u = i < 1999 ? i / 1999.0 : 1 - 0x1p-53;
            int a = math_ref.sample(n, space[0], u), b = sets[s]->sample(n, space[0], u);
            assert_true(space[0][b] > 0);
            moved += a != b;
        }
        assert_true(moved <= 2); /* only where u falls on a boundary to a rounding */
        float one[5] = {0, 0, 1, 0, 0};
        assert_int_equal(sets[s]->sample(5, one, 0), 2);
        assert_int_equal(sets[s]->sample(5, one, 1 - 0x1p-53), 2);
    }
}

static void passes_over_parameters_agree(void **state)
{
    static const size_t lengths[] = {1, 7, 8, 16, 33, 1000};
    (void)state;
    for (int c = 0; c < 6 * nsets; c++) {
        const struct math *m = sets[c % nsets];
        size_t n = lengths[c / nsets];
        float **f = space;
        fill_all(1);
        double a = math_ref.sumsq(n, f[0]), b = m->sumsq(n, f[0]);
        assert_true(fabs(a - b) <= 1e-13 * a); /* both in double */
        memcpy(f[2], f[1], n * sizeof(float));
        math_ref.axpy(n, 0.3f, f[0], f[1]);
        m->axpy(n, 0.3f, f[0], f[2]);
        expect_close(m->name, "axpy", f[2], f[1], n, 2e-7);
        fill(f[2], n, 1, 1);
        fill(f[1], n, 1, 1);
        for (size_t i = 0; i < n; i++)
            f[6][i] = f[7][i] = fabsf(f[7][i]);
        memcpy(f[4], f[5], n * sizeof(float));
        math_ref.adamw(n, f[1], f[0], f[4], f[6], 0.5f, 0.01f, 0.9f, 0.999f, 1e-6f, 0.01f, 1.2f,
                       1.1f);
        m->adamw(n, f[2], f[0], f[5], f[7], 0.5f, 0.01f, 0.9f, 0.999f, 1e-6f, 0.01f, 1.2f,
                 1.1f);
        expect_close(m->name, "adamw p", f[2], f[1], n, 1e-6);
        expect_close(m->name, "adamw m", f[5], f[4], n, 1e-6);
        expect_close(m->name, "adamw v", f[7], f[6], n, 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(select_names_sets_and_refuses_others),
        cmocka_unit_test(gemm_agrees_in_all_forms),
        cmocka_unit_test(gemm_rows_keep_their_bits_when_cut),
        cmocka_unit_test(packed_gemm_has_the_bits_of_gemm),
        cmocka_unit_test(packed_factors_join),
        cmocka_unit_test(bias_and_gelu_agree),
        cmocka_unit_test(gelu_agrees_everywhere),
        cmocka_unit_test(norm_agrees_with_and_without_everything),
        cmocka_unit_test(dropout_bits_are_those_of_the_definition),
        cmocka_unit_test(attention_agrees_forward_and_backward),
        cmocka_unit_test(attention_without_any_key_gives_zero),
        cmocka_unit_test(softmax_agrees),
        cmocka_unit_test(softmax_shows_nan),
        cmocka_unit_test(sample_inverts_the_distribution),
        cmocka_unit_test(passes_over_parameters_agree),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
