/* Kernels on plain float arrays; no model words. One table of functions per kernel set
 * (portable, avx2, avx512), chosen at run time by CPU; every entry is tested against math_ref,
 * the plain one. Matrices are row-major, ld = elements between rows.
 *
 * Bit promises, on one kernel set: a row of gemm's C depends only on that row of op(A), on B
 * and on K (never on M, on the row's place, or on threads); accumulation runs over k in order.
 * So a batch may be cut between rows without changing a bit. All functions are thread-safe;
 * nothing allocates: gemm takes its packing space from `ws`. */
#ifndef ES_MATH_MATH_H
#define ES_MATH_MATH_H
#include <stddef.h>
#include <stdint.h>

struct err;

/* Packing space of one thread. math_ws_init allocates; free with math_ws_free. */
struct math_ws {
    float *data;
    size_t floats;
};
int math_ws_init(struct math_ws *ws, struct err *err);
void math_ws_free(struct math_ws *ws);

/* A dropout site: which counter-based bits to use. An element's keep/drop is a pure function of
 * (key, row, col); 16 bits of rng_words(seed, use, step, row, col / 8) decide, so p is exact to
 * 1/65536. p == 0: no dropout, nothing drawn. */
struct dropout {
    float p;         /* probability of zeroing; the rest is scaled by 1/(1-p) */
    uint64_t seed;
    uint32_t use, step;
};

struct math {
    const char *name;

    /* C[M,N] = op(A) op(B) + beta C; op(A) is [M,K], op(B) is [K,N]. ta/tb: stored transposed.
     * beta is 0 (C may be uninitialised) or 1. */
    void (*gemm)(int ta, int tb, int M, int N, int K, const float *A, int lda, const float *B,
                 int ldb, float beta, float *C, int ldc, struct math_ws *ws);

    /* op(B) [K,N] laid out for gemm_packed, packed_floats(N, K) floats: for a factor that many
     * products share. Factors side by side in N are one factor where all but the last have a
     * multiple of `panel` columns. */
    int panel;
    size_t (*packed_floats)(int N, int K);
    void (*pack)(int tb, int N, int K, const float *B, int ldb, float *packed);
    /* gemm with ta = 0, to the bit. */
    void (*gemm_packed)(int M, int N, int K, const float *A, int lda, const float *packed,
                        float beta, float *C, int ldc, struct math_ws *ws);

    /* y[r,:] = x[r,:] + b for all rows (in place allowed). */
    void (*bias)(int rows, int n, const float *x, const float *b, float *y);
    /* db += column sums of dy[rows,n], rows in order. */
    void (*bias_grad)(int rows, int n, const float *dy, float *db);
    /* Exact GELU u/2 (1+erf(u/sqrt 2)) of u = x + b, and its slope for the backward pass. b may
     * be NULL, slope too (evaluation). In place allowed. */
    void (*bias_gelu)(int rows, int n, const float *x, const float *b, float *slope, float *y);
    /* dx = dy * slope. In place allowed. */
    void (*gelu_grad)(size_t n, const float *slope, const float *dy, float *dx);

    /* z = drop(x + b) + residual; y = LN(z) g + beta. Keeps xhat [rows,n] and rstd [rows] for
     * the backward pass. b and residual may be NULL; row0: global number of the first row, for
     * dropout. Statistics in enough precision for eps 1e-12. */
    void (*norm)(int rows, int n, const float *x, const float *b, const float *residual,
                 const struct dropout *drop, uint32_t row0, const float *g, const float *beta,
                 float eps, float *xhat, float *rstd, float *y);
    /* Given dy: dz (gradient of z: what flows into the residual), and dx = drop'(dz) (what
     * flows into the dense layer; may be == dz when p == 0 or NULL when not wanted).
     * dg and dbeta are added to. */
    void (*norm_grad)(int rows, int n, const float *dy, const float *xhat, const float *rstd,
                      const float *g, const struct dropout *drop, uint32_t row0, float *dz,
                      float *dx, float *dg, float *dbeta);
    /* y = drop(x); its own gradient is the same call on dy. In place allowed. */
    void (*dropout)(int rows, int n, const float *x, const struct dropout *drop, uint32_t row0,
                    float *y);

    /* Multi-head attention over nseq sequences of T tokens; q,k,v,o are [nseq*T, ld] with head
     * h at columns h*hd up. A sequence without any key seen gets o = 0, lse = 0.
     * The gradients are overwritten, not added to; d_o has the row length ldo.
     * mask [nseq,T]: 0 = key not seen (NULL: all seen). scale is 1/sqrt(hd). Probabilities get
     * dropout with row = (row0seq + seq)*H + h, col = q*T + k. lse [nseq,H,T] is kept for the
     * backward pass, which recomputes the probabilities (no [T,T] is stored beyond one head).
     * T is at most 7,900. */
    void (*attention)(int nseq, int T, int H, int hd, const float *q, const float *k,
                      const float *v, int ld, const uint8_t *mask, const struct dropout *drop,
                      uint32_t row0seq, float *o, int ldo, float *lse, struct math_ws *ws);
    void (*attention_grad)(int nseq, int T, int H, int hd, const float *q, const float *k,
                           const float *v, int ld, const uint8_t *mask,
                           const struct dropout *drop, uint32_t row0seq, const float *o, int ldo,
                           const float *lse, const float *d_o, float *dq, float *dk, float *dv,
                           int ldd, struct math_ws *ws);

    /* Rows of logits [rows, V] (bias already added or b given): per row max and log-sum-exp
     * of (logit), entropy in nats, argmax. In place: x becomes the softmax probabilities. */
    void (*softmax)(int rows, int V, float *x, const float *b, float *lse, float *entropy,
                    int *argmax);
    /* First index whose cumulative probability exceeds u * sum (inverse CDF). */
    int (*sample)(int V, const float *p, double u);

    /* Sum of squares in double, in a fixed order. */
    double (*sumsq)(size_t n, const float *x);
    /* y += a x */
    void (*axpy)(size_t n, float a, const float *x, float *y);
    /* One AdamW update (see optim/adamw.h): scale multiplies the gradient first; wd is 0 where
     * decay does not apply; c1, c2: bias corrections (1 when off). Update: m, v, then
     * p -= lr (m c1 / (sqrt(v c2) + eps) + wd p). */
    void (*adamw)(size_t n, float *p, const float *g, float *m, float *v, float scale, float lr,
                  double beta1, double beta2, float eps, float wd, float c1, float c2);
};

extern const struct math math_ref; /* obvious loops, double accumulation: the definition */
/* The best kernel set of this CPU, or the one named ("portable", "avx2", "avx512", "auto");
 * E_USAGE when the CPU lacks it. "portable" runs anywhere: plain vector C, its own gemm
 * too, since OpenBLAS gives a row other bits when the batch is cut elsewhere. */
const struct math *math_select(const char *name, struct err *err);
/* "Zen", "SkylakeX", ...: OpenBLAS's kernel set. */
const char *math_blas_core(void);
/* "AMD EPYC ..." from the CPU. */
const char *math_cpu_name(char *out, size_t size);
/* Sets OpenBLAS to one thread. Called once at start. */
void math_init(void);
#endif
