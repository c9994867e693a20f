/* Vectors of W floats: 16 with AVX-512, 8 with AVX2 and FMA, else 4 in plain vector C. Partial
 * loads fill with zeros; a lane's result never depends on its neighbours, so tails have the
 * bits of full vectors. */
#ifndef ES_MATH_SIMD_VEC_H
#define ES_MATH_SIMD_VEC_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(ES_AVX512) || defined(ES_AVX2)
#include <immintrin.h>
#endif
#ifdef ES_AVX512
#define W 16
#elif defined(ES_AVX2)
#define W 8
#else
#define W 4
#endif
#define INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(W * 4)));
typedef float vf_free __attribute__((vector_size(W * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(W * 4)));
typedef uint32_t vu __attribute__((vector_size(W * 4)));
typedef uint64_t vq __attribute__((vector_size(W * 4)));
typedef double vd __attribute__((vector_size(W * 4)));

INLINE vf v_load(const float *p)
{
    return *(const vf_free *)p;
}

INLINE void v_store(float *p, vf x)
{
    *(vf_free *)p = x;
}

INLINE vf v_set(float x)
{
#ifdef ES_AVX512
    return (vf)_mm512_set1_ps(x);
#elif defined(ES_AVX2)
    return (vf)_mm256_set1_ps(x);
#else
    return (vf){x, x, x, x};
#endif
}

INLINE vf v_zero(void)
{
    return (vf){0};
}

#ifdef ES_AVX2
INLINE __m256i v_tail(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/* The first n of W elements. */
INLINE vf v_load_n(const float *p, int n)
{
#ifdef ES_AVX512
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined(ES_AVX2)
    return (vf)_mm256_maskload_ps(p, v_tail(n));
#else
    vf x = {0};
    memcpy(&x, p, (size_t)n * sizeof *p);
    return x;
#endif
}

INLINE void v_store_n(float *p, vf x, int n)
{
#ifdef ES_AVX512
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
#elif defined(ES_AVX2)
    _mm256_maskstore_ps(p, v_tail(n), (__m256)x);
#else
    memcpy(p, &x, (size_t)n * sizeof *p);
#endif
}

INLINE vf v_get(const float *p, int n)
{
    return n >= W ? v_load(p) : v_load_n(p, n);
}

INLINE void v_put(float *p, vf x, int n)
{
    if (n >= W)
        v_store(p, x);
    else
        v_store_n(p, x, n);
}

/* a b + c; fused where the CPU can. */
INLINE vf v_fma(vf a, vf b, vf c)
{
#ifdef ES_AVX512
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(ES_AVX2)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

INLINE vf v_select(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

/* The first n lanes of x, then those of other. */
INLINE vf v_first(vf x, int n, vf other)
{
    vi lane;
    for (int i = 0; i < W; i++)
        lane[i] = i;
    return v_select((vi)(lane < n), x, other);
}

/* a > b ? a : b, so a NaN in b stays. */
INLINE vf v_max(vf a, vf b)
{
#ifdef ES_AVX512
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(ES_AVX2)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return v_select((vi)(a > b), a, b);
#endif
}

/* a < b ? a : b */
INLINE vf v_min(vf a, vf b)
{
#ifdef ES_AVX512
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(ES_AVX2)
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return v_select((vi)(a < b), a, b);
#endif
}

INLINE vf v_sqrt(vf x)
{
#ifdef ES_AVX512
    return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(ES_AVX2)
    return (vf)_mm256_sqrt_ps((__m256)x);
#else
    return (vf){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
#endif
}

/* In every stretch of four lanes: the low (high) two of a and b alternating by ones; the low
 * (high) pair of a, then that of b. */
INLINE vf v_low1(vf a, vf b)
{
#ifdef ES_AVX512
    return (vf)_mm512_unpacklo_ps((__m512)a, (__m512)b);
#elif defined(ES_AVX2)
    return (vf)_mm256_unpacklo_ps((__m256)a, (__m256)b);
#else
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}

INLINE vf v_high1(vf a, vf b)
{
#ifdef ES_AVX512
    return (vf)_mm512_unpackhi_ps((__m512)a, (__m512)b);
#elif defined(ES_AVX2)
    return (vf)_mm256_unpackhi_ps((__m256)a, (__m256)b);
#else
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}

INLINE vf v_low2(vf a, vf b)
{
#ifdef ES_AVX512
    return (vf)_mm512_shuffle_ps((__m512)a, (__m512)b, 0x44);
#elif defined(ES_AVX2)
    return (vf)_mm256_shuffle_ps((__m256)a, (__m256)b, 0x44);
#else
    return __builtin_shufflevector(a, b, 0, 1, 4, 5);
#endif
}

INLINE vf v_high2(vf a, vf b)
{
#ifdef ES_AVX512
    return (vf)_mm512_shuffle_ps((__m512)a, (__m512)b, 0xee);
#elif defined(ES_AVX2)
    return (vf)_mm256_shuffle_ps((__m256)a, (__m256)b, 0xee);
#else
    return __builtin_shufflevector(a, b, 2, 3, 6, 7);
#endif
}

/* Nearest integer of |x| < 2^22. */
INLINE vi v_round(vf x)
{
#ifdef ES_AVX512
    return (vi)_mm512_cvtps_epi32((__m512)x);
#elif defined(ES_AVX2)
    return (vi)_mm256_cvtps_epi32((__m256)x);
#else
    vf magic = v_set(0x1.8p23f);
    return (vi)(x + magic) - (vi)magic;
#endif
}

typedef float v4 __attribute__((vector_size(16)));

INLINE float v4_hsum(v4 x)
{
    float a = x[0] + x[2], b = x[1] + x[3];
    return a + b;
}

INLINE float v4_hmax(v4 x)
{
    float a = x[0] > x[2] ? x[0] : x[2], b = x[1] > x[3] ? x[1] : x[3];
    return a > b ? a : b;
}

#if W == 4
#define V_FOLD(x, OP, fold) return fold(x)
#elif W == 8
#define V_FOLD(x, OP, fold)                                                                   \
    return fold((v4)_mm_##OP##_ps(_mm256_castps256_ps128((__m256)(x)),                        \
                                  _mm256_extractf128_ps((__m256)(x), 1)))
#else
#define V_FOLD(x, OP, fold)                                                                   \
    __m256 half = _mm256_##OP##_ps(_mm512_castps512_ps256((__m512)(x)),                       \
                                   _mm512_extractf32x8_ps((__m512)(x), 1));                   \
    return fold((v4)_mm_##OP##_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)))
#endif

/* Sum and maximum over the lanes, by halves. */
INLINE float v_hsum(vf x)
{
    V_FOLD(x, add, v4_hsum);
}

INLINE float v_hmax(vf x)
{
    V_FOLD(x, max, v4_hmax);
}

/* e^x to 2 ulp; 0 below -87.3 (also at -inf), e^88 above 88. Cephes's polynomial. */
INLINE vf v_exp(vf x)
{
    vi under = (vi)(x < v_set(-87.3f));
    vf c = v_min(v_set(88.0f), v_max(v_set(-87.3f), x));
    vi n = v_round(c * v_set(1.44269504088896341f));
    vf f = __builtin_convertvector(n, vf);
    vf r = v_fma(f, v_set(-0.693359375f), c);
    r = v_fma(f, v_set(2.12194440e-4f), r);
    vf p = v_set(1.9875691500e-4f);
    p = v_fma(p, r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    p = v_fma(p, r * r, r) + v_set(1.0f);
    vf y = p * (vf)((n + 127) << 23);
    return (vf)((vi)y & ~under);
}

/* erf(x): the rational approximation x P(x^2) / Q(x^2), within 3e-7 everywhere. */
INLINE vf v_erf(vf x)
{
    vf c = v_min(v_set(3.92572478f), v_max(v_set(-3.92572478f), x));
    vf s = c * c;
    vf p = v_set(-2.72614225801306e-10f);
    p = v_fma(p, s, v_set(2.77068142495902e-08f));
    p = v_fma(p, s, v_set(-2.10102402082508e-06f));
    p = v_fma(p, s, v_set(-5.69250639462346e-05f));
    p = v_fma(p, s, v_set(-7.34990630326855e-04f));
    p = v_fma(p, s, v_set(-2.95459980854025e-03f));
    p = v_fma(p, s, v_set(-1.60960333262415e-02f));
    vf q = v_set(-1.45660718464996e-05f);
    q = v_fma(q, s, v_set(-2.13374055278905e-04f));
    q = v_fma(q, s, v_set(-1.68282697438203e-03f));
    q = v_fma(q, s, v_set(-7.37332916720468e-03f));
    q = v_fma(q, s, v_set(-1.42647390514189e-02f));
    return c * p / q;
}
#endif
