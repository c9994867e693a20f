/* Matrix product. B is packed in blocks of KC x NC (panels of NR columns, zero filled), A in
 * panels of MR rows; a micro-kernel keeps an MR x NR tile of C in registers for KC steps.
 *
 * 1. Every element of C is a chain of multiply-adds over k in order, cut into blocks at
 *    multiples of KC only: tiles of fewer rows or columns run the same chain, so a row's bits
 *    depend neither on M nor on the row's place.
 * 2. Space: KC * NC + MR * KP floats at the start of ws.
 * A panel lies either as rows (A as stored, row length KP) or as columns (A transposed, row
 * length MR), whichever is a plain copy. */
#include "src/math/simd/kernels.h"
#include "src/math/simd/vec.h"

#if W == 4
enum { MR = 4 };
#elif W == 8
enum { MR = 6 };
#else
enum { MR = 12 };
#endif
enum { NR = 2 * W, KC = 256, KP = KC + 16, NC = 512 };

_Static_assert(KC * NC + MR * KP <= ES_GEMM_FLOATS, "the packing space is too small");

#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* One tile: mr rows, nv vectors of columns, the last of which holds `last` columns. */
INLINE void tile(int mr, int nv, int kc, const float *a, int rs, int cs, const float *b,
                 float *C, int ldc, int add, int last)
{
#define START(i) vf c##i##_0 = v_zero(), c##i##_1 = v_zero();
    ROWS(START)
    for (int k = 0; k < kc; k++) {
        vf b0 = v_load(b), b1 = nv > 1 ? v_load(b + W) : b0;
#define STEP(i)                                                                               \
    if (i < mr) {                                                                             \
        vf x = v_set(a[i * rs]);                                                              \
        c##i##_0 = v_fma(x, b0, c##i##_0);                                                    \
        if (nv > 1)                                                                           \
            c##i##_1 = v_fma(x, b1, c##i##_1);                                                \
    }
        ROWS(STEP)
        a += cs;
        b += NR;
    }
#define END(i)                                                                                \
    if (i < mr) {                                                                             \
        float *c = C + (size_t)(i) * (size_t)ldc;                                             \
        if (nv > 1) {                                                                         \
            v_store(c, add ? v_load(c) + c##i##_0 : c##i##_0);                                \
            c += W;                                                                           \
            c##i##_0 = c##i##_1;                                                              \
        }                                                                                     \
        v_put(c, add ? v_get(c, last) + c##i##_0 : c##i##_0, last);                           \
    }
    ROWS(END)
}

#define TILE(name, mr, nv, rs, cs)                                                            \
    static void name(int kc, const float *a, const float *b, float *C, int ldc, int add,      \
                     int last)                                                                \
    {                                                                                         \
        tile(mr, nv, kc, a, rs, cs, b, C, ldc, add, last);                                    \
    }
#define TILES(mr)                                                                             \
    TILE(rows_##mr##_1, mr, 1, KP, 1)                                                         \
    TILE(rows_##mr##_2, mr, 2, KP, 1)                                                         \
    TILE(cols_##mr##_1, mr, 1, 1, MR)                                                         \
    TILE(cols_##mr##_2, mr, 2, 1, MR)
#define ENTRY(mr) {mr, {{rows_##mr##_1, rows_##mr##_2}, {cols_##mr##_1, cols_##mr##_2}}}

TILES(1)
TILES(2)
TILES(4)
#if W == 8
TILES(6)
#elif W == 16
TILES(8)
TILES(12)
#endif

static const struct {
    int mr;
    void (*run[2][2])(int kc, const float *a, const float *b, float *C, int ldc, int add,
                      int last);
} tiles[] = {
#if W == 8
    ENTRY(6),
#elif W == 16
    ENTRY(12), ENTRY(8),
#endif
    ENTRY(4), ENTRY(2), ENTRY(1),
};

/* B[0..kc) x [0..n) as stored to panels of NR columns. */
static void pack_plain(int kc, int n, const float *B, int ldb, float *out)
{
    for (int j = 0; j < n; j += NR) {
        int left = n - j;
        const float *from = B + j;
        for (int k = 0; k < kc; k++, from += ldb, out += NR) {
            if (left >= NR) {
                v_store(out, v_load(from));
                v_store(out + W, v_load(from + W));
            } else {
                v_store(out, v_get(from, left));
                v_store(out + W, left > W ? v_load_n(from + W, left - W) : v_zero());
            }
        }
    }
}

/* Rows m, m+4, ... of the W at p, four values of each: one vector. */
INLINE vf gather4(const float *p, size_t ld, int m)
{
#if W == 16
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(p + (size_t)m * ld));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(p + (size_t)(m + 4) * ld), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(p + (size_t)(m + 8) * ld), 2);
    return (vf)_mm512_insertf32x4(x, _mm_loadu_ps(p + (size_t)(m + 12) * ld), 3);
#elif W == 8
    __m256 x = _mm256_castps128_ps256(_mm_loadu_ps(p + (size_t)m * ld));
    return (vf)_mm256_insertf128_ps(x, _mm_loadu_ps(p + (size_t)(m + 4) * ld), 1);
#else
    return v_load(p + (size_t)m * ld);
#endif
}

/* Four values of W rows to four rows of W, row length NR. */
INLINE void transpose4(const float *p, size_t ld, float *out)
{
    vf a = gather4(p, ld, 0), b = gather4(p, ld, 1);
    vf c = gather4(p, ld, 2), d = gather4(p, ld, 3);
    vf x = v_low1(a, b), y = v_low1(c, d), z = v_high1(a, b), w = v_high1(c, d);
    v_store(out, v_low2(x, y));
    v_store(out + NR, v_high2(x, y));
    v_store(out + 2 * NR, v_low2(z, w));
    v_store(out + 3 * NR, v_high2(z, w));
}

/* The same from B stored transposed: n rows of kc. */
static void pack_turned(int kc, int n, const float *B, int ldb, float *out)
{
    for (int j = 0; j < n; j += NR, out += (size_t)NR * kc) {
        int wide = n - j > W ? NR : W; /* a tile of one vector does not read the second */
        for (int c = 0; c < wide; c += W) {
            int rows = n - j - c < W ? n - j - c : W, k = 0;
            const float *from = B + (size_t)(j + c) * ldb;
            if (rows == W)
                for (; k + 4 <= kc; k += 4)
                    transpose4(from + k, (size_t)ldb, out + (size_t)k * NR + c);
            for (; k < kc; k++)
                for (int i = 0; i < W; i++)
                    out[(size_t)k * NR + c + i] = i < rows ? from[(size_t)i * ldb + k] : 0;
        }
    }
}

/* Rows i..i+m of op(A), columns k..k+kc, to a panel. */
static void pack_a(int ta, int m, int kc, const float *A, int lda, float *out)
{
    if (!ta) {
        for (int i = 0; i < m; i++)
            memcpy(out + (size_t)i * KP, A + (size_t)i * lda, (size_t)kc * sizeof *out);
        return;
    }
    for (int k = 0; k < kc; k++, A += lda, out += MR)
        for (int i = 0; i < m; i += W)
            v_put(out + i, v_get(A + i, m - i), m - i);
}

void KERNEL(gemm)(int ta, int tb, int M, int N, int K, const float *A, int lda, const float *B,
                  int ldb, float beta, float *C, int ldc, struct math_ws *ws)
{
    float *pb = ws->data, *pa = pb + KC * NC;
    if (K <= 0 && beta == 0)
        for (int i = 0; i < M; i++)
            memset(C + (size_t)i * ldc, 0, (size_t)N * sizeof *C);
    for (int j0 = 0; j0 < N; j0 += NC) {
        int nc = N - j0 < NC ? N - j0 : NC;
        for (int k0 = 0; k0 < K; k0 += KC) {
            int kc = K - k0 < KC ? K - k0 : KC, add = k0 > 0 || beta != 0;
            if (tb)
                pack_turned(kc, nc, B + (size_t)j0 * ldb + k0, ldb, pb);
            else
                pack_plain(kc, nc, B + (size_t)k0 * ldb + j0, ldb, pb);
            for (int i0 = 0; i0 < M; i0 += MR) {
                int m = M - i0 < MR ? M - i0 : MR;
                pack_a(ta, m, kc,
                       ta ? A + (size_t)k0 * lda + i0 : A + (size_t)i0 * lda + k0, lda, pa);
                for (int i = 0, t = 0; i < m; i += tiles[t].mr) {
                    while (tiles[t].mr > m - i)
                        t++;
                    const float *a = pa + (size_t)i * (ta ? 1 : KP);
                    for (int j = 0; j < nc; j += NR) {
                        int left = nc - j, two = left > W;
                        int last = left >= NR ? W : two ? left - W : left;
                        tiles[t].run[ta != 0][two](kc, a, pb + (size_t)j * kc,
                                                   C + (size_t)(i0 + i) * ldc + j0 + j, ldc,
                                                   add, last);
                    }
                }
            }
        }
    }
}
