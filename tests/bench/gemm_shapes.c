/* GFLOP/s of the best kernel set's gemm beside OpenBLAS on one thread, at the shapes of
 * ELECTRA: forward (NT), input gradient (NN), weight gradient (TN), generator head, attention.
 * Best of several rounds. Not a test: run by hand. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/math/math.h"

static const struct {
    int ta, tb, M, N, K;
} shapes[] = {
    {0, 1, 128, 64, 64},     {0, 1, 256, 64, 64},     {0, 1, 256, 256, 64},
    {0, 1, 1024, 128, 128},  {0, 1, 512, 512, 128},   {0, 1, 512, 128, 512},
    {0, 1, 256, 256, 256},   {0, 1, 1024, 256, 256},  {0, 1, 512, 1024, 256},
    {0, 1, 1024, 1024, 256}, {0, 1, 1024, 256, 1024}, {0, 0, 1024, 256, 256},
    {0, 0, 1024, 1024, 256}, {0, 0, 1024, 256, 1024}, {0, 0, 512, 128, 512},
    {1, 0, 256, 256, 1024},  {1, 0, 1024, 256, 1024}, {1, 0, 256, 1024, 1024},
    {1, 0, 128, 128, 512},   {1, 0, 64, 64, 256},     {0, 1, 38, 30522, 128},
    {0, 1, 152, 30522, 128}, {0, 0, 152, 128, 30522}, {1, 0, 30522, 128, 152},
    {1, 0, 30522, 128, 38},  {0, 1, 128, 128, 64},    {0, 0, 128, 64, 128},
    {1, 0, 128, 64, 128},    {0, 1, 16, 16, 32},      {0, 0, 16, 32, 16},
    {0, 0, 2048, 2048, 2048},
};

static double rate(const struct math *m, int c, const float *A, const float *B, float *C,
                   struct math_ws *ws)
{
    int ta = shapes[c].ta, tb = shapes[c].tb, M = shapes[c].M, N = shapes[c].N, K = shapes[c].K;
    int lda = ta ? M : K, ldb = tb ? K : N;
    double flop = 2.0 * M * N * K, best = 0;
    int times = 1 + (int)(2e8 / flop);
    for (int round = 0; round < 8; round++) {
        double start = clock_now();
        for (int i = 0; i < times; i++) {
            if (m)
                m->gemm(ta, tb, M, N, K, A, lda, B, ldb, 0, C, N, ws);
            else
                cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans,
                            tb ? CblasTrans : CblasNoTrans, M, N, K, 1, A, lda, B, ldb, 0, C, N);
        }
        double r = flop * times / (clock_now() - start) * 1e-9;
        best = r > best ? r : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t n = 5 * 1024 * 1024;
    float *x = malloc(3 * n * sizeof *x);
    struct math_ws ws;
    const struct math *m = math_select(argc > 1 ? argv[1] : "auto", NULL);
    if (!x || !m || math_ws_init(&ws, NULL))
        return 1;
    math_init();
    for (size_t i = 0; i < 3 * n; i++)
        x[i] = (float)(i % 977) * 1e-3f - 0.5f;
    printf("%-5s %6s %6s %6s %10s %10s %6s\n", "form", "M", "N", "K", m->name, "OpenBLAS",
           "ratio");
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        double a = rate(m, (int)c, x, x + n, x + 2 * n, &ws);
        double b = rate(NULL, (int)c, x, x + n, x + 2 * n, &ws);
        printf("%c%c    %6d %6d %6d %10.1f %10.1f %6.2f\n", shapes[c].ta ? 'T' : 'N',
               shapes[c].tb ? 'T' : 'N', shapes[c].M, shapes[c].N, shapes[c].K, a, b, a / b);
    }
    math_ws_free(&ws);
    free(x);
    return 0;
}
