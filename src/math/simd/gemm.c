/* Matrix product. B is packed in blocks of KC x NC (panels of NR columns, zero filled), A in panels
 * of MR rows; a micro-kernel keeps an MR x NR tile of C in registers for KC steps.
 *
 * 1. Every element of C is a chain of multiply-adds over k in order, cut into blocks at multiples
 *    of KC only: tiles of fewer rows or columns run the same chain, so a row's bits depend neither
 *    on M nor on the row's place.
 * 2. Space: KC * NC + MR * KP floats at the start of ws.
 * A panel lies either as rows (A as stored, row length KP) or as columns (A transposed, row length
 * MR), whichever is a plain copy. */
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
#define STEP(i)                                                                                  \
    if (i < mr) {                                                                                \
        vf x = v_set(a[i * rs]);                                                                 \
        c##i##_0 = v_fma(x, b0, c##i##_0);                                                       \
        if (nv > 1)                                                                              \
            c##i##_1 = v_fma(x, b1, c##i##_1);                                                   \
    }
        ROWS(STEP)
        a += cs;
        b += NR;
    }
#define END(i)                                                                                   \
    if (i < mr) {                                                                                \
        float *c = C + (size_t)(i) * (size_t)ldc;                                                \
        if (nv > 1) {                                                                            \
            v_store(c, add ? v_load(c) + c##i##_0 : c##i##_0);                                   \
            c += W;                                                                              \
            c##i##_0 = c##i##_1;                                                                 \
        }                                                                                        \
        v_put(c, add ? v_get(c, last) + c##i##_0 : c##i##_0, last);                              \
    }
    ROWS(END)
}

#define TILE(name, mr, nv, rs, cs)                                                               \
    static __attribute__((noinline)) void name(int kc, const float *a, const float *b, float *C, \
                                               int ldc, int add, int last)                       \
    {                                                                                            \
        tile(mr, nv, kc, a, rs, cs, b, C, ldc, add, last);                                       \
    }
#define TILES(mr)                                                                                \
    TILE(rows_##mr##_1, mr, 1, KP, 1)                                                            \
    TILE(rows_##mr##_2, mr, 2, KP, 1)                                                            \
    TILE(cols_##mr##_1, mr, 1, 1, MR)                                                            \
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

typedef float v4 __attribute__((vector_size(16)));
typedef float v4_free __attribute__((vector_size(16), aligned(4), may_alias));

/* Columns k..k+3 of rows row[0..3] to out[0..3][0..3], row length NR. */
INLINE void transpose4(const float *const row[4], int k, float *out)
{
    v4 a = *(const v4_free *)(row[0] + k), b = *(const v4_free *)(row[1] + k);
    v4 c = *(const v4_free *)(row[2] + k), d = *(const v4_free *)(row[3] + k);
    v4 p = __builtin_shufflevector(a, b, 0, 4, 1, 5), q = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    v4 r = __builtin_shufflevector(a, b, 2, 6, 3, 7), s = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(v4_free *)(out) = __builtin_shufflevector(p, q, 0, 1, 4, 5);
    *(v4_free *)(out + NR) = __builtin_shufflevector(p, q, 2, 3, 6, 7);
    *(v4_free *)(out + 2 * NR) = __builtin_shufflevector(r, s, 0, 1, 4, 5);
    *(v4_free *)(out + 3 * NR) = __builtin_shufflevector(r, s, 2, 3, 6, 7);
}

/* The same from B stored transposed: n rows of kc. */
static void pack_turned(int kc, int n, const float *B, int ldb, float *out)
{
    static const float none[KC];
    for (int j = 0; j < n; j += NR, out += (size_t)NR * kc) {
        for (int c = 0; c < NR; c += 4) {
            const float *row[4];
            for (int i = 0; i < 4; i++)
                row[i] = j + c + i < n ? B + (size_t)(j + c + i) * ldb : none;
            int k = 0;
            for (; k + 4 <= kc; k += 4)
                transpose4(row, k, out + (size_t)k * NR + c);
            for (; k < kc; k++)
                for (int i = 0; i < 4; i++)
                    out[(size_t)k * NR + c + i] = row[i][k];
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
