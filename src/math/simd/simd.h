/* The kernel sets and the size of the packing space. The sources of this folder are compiled
 * once for each set, with its vector width. */
#ifndef ES_MATH_SIMD_SIMD_H
#define ES_MATH_SIMD_SIMD_H
#include "src/math/math.h"

/* Of a thread's packing space: the part of gemm, that of attention, all. */
enum {
    ES_GEMM_FLOATS = 144 * 1024,
    ES_ATTENTION_FLOATS = 144 * 1024,
    ES_WS_FLOATS = ES_GEMM_FLOATS + ES_ATTENTION_FLOATS
};

extern const struct math math_portable;
#if defined(__x86_64__)
extern const struct math math_avx2, math_avx512;
#endif
#endif
