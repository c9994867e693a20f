/* Matrix product. A micro-kernel keeps an MR x NR tile of C in registers for up to KC steps, with
 * a panel of MR rows of A, which stays in the first cache, and panels of NR columns of B.
 *
 * 1. Every element of C is a chain of multiply-adds over k in order, cut into blocks at
 *    multiples of KC only: tiles of fewer rows or columns run the same chain, so a row's bits
 *    depend neither on M nor on the row's place.
 * 2. A and B are packed unless they are used too rarely to pay for it. Weights that many
 *    products share are packed beforehand, once (pack, gemm_packed): panel after panel, each of
 *    all K rows. None of this changes a bit.
 * 3. Space: KC * NC + A_FLOATS floats at the start of ws.
 * A packed panel of A lies either as rows (A as stored, row length KP) or as columns (A
 * transposed, row length MR), whichever is a plain copy. */
#include "src/math/simd/kernels.h"
#include "src/math/simd/vec.h"

#if W == 4
enum { MR = 4 };
#elif W == 8
enum { MR = 6 };
#else
enum { MR = 12 };
#endif
enum {
    NR = 2 * W,
    KC = 256,
    KP = KC + 16,
    NC = 512,
    LINE = 16,                         /* floats of a cache line */
    AHEAD = 32,                        /* rows of B to ask for: hardware stops at a page */
    A_IN_PLACE = 128,                  /* columns of C: a row of A is read only a few times */
    B_IN_PLACE = W == 16 ? 512 : 0,    /* row length: farther apart, a page a row costs more */
    B_IN_PLACE_ROWS = 160,             /* rows of C: B is read only a few times */
    PANELS = 4,                        /* of A transposed, packed at once: whole cache lines */
    A_FLOATS = PANELS * MR * KC > MR * KP ? PANELS * MR * KC : MR * KP
};

_Static_assert(KC * NC + A_FLOATS <= ES_GEMM_FLOATS, "the packing space is too small");

#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* One tile: mr rows, nv vectors of columns, the last of which holds `last` columns. */
INLINE void tile(int mr, int nv, int kc, const float *a, size_t rs, size_t cs, const float *b,
                 size_t ldb, float *C, int ldc, int add, int last)
{
#define START(i) vf c##i##_0 = v_zero(), c##i##_1 = v_zero();
    ROWS(START)
    for (int k = 0; k < kc; k++) {
        vf b0 = v_load(b), b1 = nv > 1 ? v_load(b + W) : b0;
        __builtin_prefetch(b + AHEAD * ldb);
        if (nv > 1 && W == 16)
            __builtin_prefetch(b + AHEAD * ldb + W);
#define STEP(i)                                                                               \
    if (i < mr) {                                                                             \
        vf x = v_set(a[i * rs]);                                                              \
        c##i##_0 = v_fma(x, b0, c##i##_0);                                                    \
        if (nv > 1)                                                                           \
            c##i##_1 = v_fma(x, b1, c##i##_1);                                                \
    }
        ROWS(STEP)
        a += cs;
        b += ldb;
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
    static void name(int kc, const float *a, size_t lda, const float *b, size_t ldb, float *C, \
                     int ldc, int add, int last)                                              \
    {                                                                                         \
        (void)lda;                                                                            \
        tile(mr, nv, kc, a, rs, cs, b, ldb, C, ldc, add, last);                               \
    }
#define TILES(mr)                                                                             \
    TILE(rows_##mr##_1, mr, 1, KP, 1)                                                         \
    TILE(rows_##mr##_2, mr, 2, KP, 1)                                                         \
    TILE(cols_##mr##_1, mr, 1, 1, MR)                                                         \
    TILE(cols_##mr##_2, mr, 2, 1, MR)                                                         \
    TILE(here_##mr##_1, mr, 1, lda, 1)                                                        \
    TILE(here_##mr##_2, mr, 2, lda, 1)
#define ENTRY(mr)                                                                             \
    {mr, {{rows_##mr##_1, rows_##mr##_2}, {cols_##mr##_1, cols_##mr##_2},                      \
          {here_##mr##_1, here_##mr##_2}}}

TILES(1)
TILES(2)
TILES(4)
#if W == 8
TILES(6)
#elif W == 16
TILES(8)
TILES(12)
#endif

/* How the rows of op(A) lie: row length KP, MR, or as stored. */
enum { PACKED, COLUMNS, HERE };

static const struct {
    int mr;
    void (*run[3][2])(int kc, const float *a, size_t lda, const float *b, size_t ldb, float *C,
                      int ldc, int add, int last);
} tiles[] = {
#if W == 8
    ENTRY(6),
#elif W == 16
    ENTRY(12), ENTRY(8),
#endif
    ENTRY(4), ENTRY(2), ENTRY(1),
};

/* B[0..kc) x [0..n) as stored to panels of NR columns, `panel` floats apart. */
static void pack_plain(int kc, int n, const float *B, int ldb, size_t panel, float *out)
{
    for (int j = 0; j < n; j += NR, out += panel) {
        int left = n - j;
        const float *from = B + j;
        float *to = out;
        for (int k = 0; k < kc; k++, from += ldb, to += NR) {
            if (left >= NR) {
                v_store(to, v_load(from));
                v_store(to + W, v_load(from + W));
            } else {
                v_store(to, v_get(from, left));
                v_store(to + W, left > W ? v_load_n(from + W, left - W) : v_zero());
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
static void pack_turned(int kc, int n, const float *B, int ldb, size_t panel, float *out)
{
    for (int j = 0; j < n; j += NR, out += panel) {
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

/* m rows of A, kc columns, to a panel. */
static void pack_rows(int m, int kc, const float *A, int lda, float *out)
{
    for (int i = 0; i < m; i++, A += lda, out += KP)
        for (int k = 0; k < kc; k += W)
            v_store(out + k, v_get(A + k, kc - k));
}

/* Rows of the next panel of A: a last tile of four rows would wait for B. */
static int panel_rows(int left)
{
    if (W == 16 && left > MR && left <= MR + 4)
        return 8;
    return left < MR ? left : MR;
}

INLINE void copy(int n, const float *from, float *to)
{
    for (int i = 0; i < n; i += W)
        v_put(to + i, v_get(from + i, n - i), n - i);
}

/* The next PANELS panels of A stored transposed, of `left` rows of op(A), kc columns; one after the
 * other, MR * KC floats apart. */
static void pack_columns(int left, int kc, const float *A, int lda, float *out)
{
    for (int k = 0; k < kc; k++, A += lda, out += MR) {
        for (int i = 0; i < PANELS * MR; i += 16)
            __builtin_prefetch(A + (size_t)AHEAD / 2 * lda + i);
        for (int p = 0, i = 0, m; p < PANELS && i < left; p++, i += m) {
            m = panel_rows(left - i);
            if (m == MR)
                copy(MR, A + i, out + p * MR * KC);
            else
                copy(m, A + i, out + p * MR * KC);
        }
    }
}

/* A block of B as the tiles read it: panels of NR columns, `panel` floats apart, with row length
 * ld; the last `n % NR` columns, if any, in a panel of their own at `tail` with row length NR. */
struct block {
    const float *b, *tail;
    size_t panel;
    int ld, n;
};

/* Asks for a piece of the next panel of A, one for each panel of B that this one meets. */
INLINE void ask_for_rows(int rows, const float *A, int lda)
{
    for (int i = 0; i < rows; i++)
        __builtin_prefetch(A + (size_t)i * (size_t)lda);
}

/* C[M,n] (+)= op(A)[M,kc] times a block of B. */
static void block_product(int ta, int M, int kc, const float *A, int lda, const struct block *B,
                          float *C, int ldc, int add, float *pa)
{
    int form = ta ? COLUMNS : B->n <= A_IN_PLACE ? HERE : PACKED;
    for (int i0 = 0, number = 0, m; i0 < M; i0 += m, number++) {
        const float *rows = pa;
        size_t ld = form == HERE ? (size_t)lda : KP;
        m = panel_rows(M - i0);
        if (form == HERE)
            rows = A + (size_t)i0 * lda;
        else if (form == COLUMNS)
            rows = pa + number % PANELS * MR * KC;
        else
            pack_rows(m, kc, A + (size_t)i0 * lda, lda, pa);
        if (form == COLUMNS && number % PANELS == 0)
            pack_columns(M - i0, kc, A + i0, lda, pa);
        for (int i = 0, t = 0; i < m; i += tiles[t].mr) {
            while (tiles[t].mr > m - i)
                t++;
            const float *a = rows + (size_t)i * (ta ? 1 : ld), *b = B->b;
            float *c = C + (size_t)(i0 + i) * ldc;
            int j = 0;
            for (; j + NR <= B->n; j += NR, b += B->panel) {
                if (form == PACKED && j / NR * LINE < kc)
                    ask_for_rows(panel_rows(M - i0 - m), A + (size_t)(i0 + m) * lda + j / NR * LINE, lda);
                tiles[t].run[form][1](kc, a, ld, b, (size_t)B->ld, c + j, ldc, add, W);
            }
            if (j < B->n) {
                int left = B->n - j, two = left > W;
                tiles[t].run[form][two](kc, a, ld, B->tail, NR, c + j, ldc, add,
                                           two ? left - W : left);
            }
        }
    }
}

static void clear(int M, int N, float *C, int ldc)
{
    for (int i = 0; i < M; i++)
        memset(C + (size_t)i * ldc, 0, (size_t)N * sizeof *C);
}

void KERNEL(gemm)(int ta, int tb, int M, int N, int K, const float *A, int lda, const float *B,
                  int ldb, float beta, float *C, int ldc, struct math_ws *ws)
{
    float *pb = ws->data, *pa = pb + KC * NC;
    if (K <= 0 && beta == 0)
        clear(M, N, C, ldc);
    for (int j0 = 0; j0 < N; j0 += NC) {
        int nc = N - j0 < NC ? N - j0 : NC, whole = nc - nc % NR;
        for (int k0 = 0; k0 < K; k0 += KC) {
            int kc = K - k0 < KC ? K - k0 : KC;
            struct block block = {pb, pb + (size_t)whole * kc, (size_t)NR * kc, NR, nc};
            if (tb) {
                pack_turned(kc, nc, B + (size_t)j0 * ldb + k0, ldb, block.panel, pb);
            } else if (ldb <= B_IN_PLACE && M <= B_IN_PLACE_ROWS) {
                const float *from = B + (size_t)k0 * ldb + j0;
                block = (struct block){from, pb, NR, ldb, nc};
                pack_plain(kc, nc - whole, from + whole, ldb, 0, pb);
            } else {
                pack_plain(kc, nc, B + (size_t)k0 * ldb + j0, ldb, block.panel, pb);
            }
            block_product(ta, M, kc, ta ? A + (size_t)k0 * lda : A + k0, lda, &block, C + j0, ldc,
                    k0 > 0 || beta != 0, pa);
        }
    }
}

size_t KERNEL(packed_floats)(int N, int K)
{
    return (size_t)(N + NR - 1) / NR * NR * (size_t)K;
}

void KERNEL(pack)(int tb, int N, int K, const float *B, int ldb, float *packed)
{
    (tb ? pack_turned : pack_plain)(K, N, B, ldb, (size_t)NR * K, packed);
}

void KERNEL(gemm_packed)(int M, int N, int K, const float *A, int lda, const float *packed,
                         float beta, float *C, int ldc, struct math_ws *ws)
{
    if (K <= 0 && beta == 0)
        clear(M, N, C, ldc);
    for (int j0 = 0; j0 < N; j0 += NC) {
        int nc = N - j0 < NC ? N - j0 : NC;
        for (int k0 = 0; k0 < K; k0 += KC) {
            const float *from = packed + (size_t)j0 * K + (size_t)k0 * NR;
            struct block block = {from, from + (size_t)(nc - nc % NR) * K, (size_t)NR * K, NR, nc};
            block_product(0, M, K - k0 < KC ? K - k0 : KC, A + k0, lda, &block, C + j0, ldc,
                    k0 > 0 || beta != 0, ws->data);
        }
    }
}
