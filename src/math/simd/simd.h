/* The kernel sets and the size of the packing space. One source (this folder) is compiled once for
 * each vector width; ES_KERNELS names the set. */
#ifndef ES_MATH_SIMD_SIMD_H
#define ES_MATH_SIMD_SIMD_H
#include "src/math/math.h"

enum { MATH_WS_FLOATS = 512 * 1024 };

extern const struct math math_portable;
#endif
