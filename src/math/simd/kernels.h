/* The entries of one kernel set, as its files see each other. ES_SET names the set;
 * KERNEL(gemm) is avx2_gemm and so on. The packing space of a thread: first the gemm's, then
 * attention's. */
#ifndef ES_MATH_SIMD_KERNELS_H
#define ES_MATH_SIMD_KERNELS_H
#include "src/math/math.h"
#include "src/math/simd/simd.h"

#define ES_PASTE2(a, b) a##_##b
#define ES_PASTE(a, b) ES_PASTE2(a, b)
#define KERNEL(name) ES_PASTE(ES_SET, name)

void KERNEL(gemm)(int ta, int tb, int M, int N, int K, const float *A, int lda, const float *B,
                  int ldb, float beta, float *C, int ldc, struct math_ws *ws);
size_t KERNEL(packed_floats)(int N, int K);
void KERNEL(pack)(int tb, int N, int K, const float *B, int ldb, float *packed);
void KERNEL(gemm_packed)(int M, int N, int K, const float *A, int lda, const float *packed,
                         float beta, float *C, int ldc, struct math_ws *ws);
void KERNEL(bias)(int rows, int n, const float *x, const float *b, float *y);
void KERNEL(bias_grad)(int rows, int n, const float *dy, float *db);
void KERNEL(bias_gelu)(int rows, int n, const float *x, const float *b, float *slope, float *y);
void KERNEL(gelu_grad)(size_t n, const float *slope, const float *dy, float *dx);
void KERNEL(norm)(int rows, int n, const float *x, const float *b, const float *residual,
                  const struct dropout *drop, uint32_t row0, const float *g, const float *beta,
                  float eps, float *xhat, float *rstd, float *y);
void KERNEL(norm_grad)(int rows, int n, const float *dy, const float *xhat, const float *rstd,
                       const float *g, const struct dropout *drop, uint32_t row0, float *dz,
                       float *dx, float *dg, float *dbeta);
void KERNEL(dropout)(int rows, int n, const float *x, const struct dropout *drop,
                     uint32_t row0, float *y);
void KERNEL(attention)(int nseq, int T, int H, int hd, const float *q, const float *k,
                       const float *v, int ld, const uint8_t *mask, const struct dropout *drop,
                       uint32_t row0seq, float *o, int ldo, float *lse, struct math_ws *ws);
void KERNEL(attention_grad)(int nseq, int T, int H, int hd, const float *q, const float *k,
                            const float *v, int ld, const uint8_t *mask,
                            const struct dropout *drop, uint32_t row0seq, const float *o,
                            int ldo, const float *lse, const float *d_o, float *dq, float *dk,
                            float *dv, int ldd, struct math_ws *ws);
void KERNEL(softmax)(int rows, int V, float *x, const float *b, float *lse, float *entropy,
                     int *argmax);
int KERNEL(sample)(int V, const float *p, double u);
double KERNEL(sumsq)(size_t n, const float *x);
void KERNEL(axpy)(size_t n, float a, const float *x, float *y);
void KERNEL(adamw)(size_t n, float *p, const float *g, float *m, float *v, float scale,
                   float lr, double beta1, double beta2, float eps, float wd, float c1, float c2);
#endif
