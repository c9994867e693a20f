/* The table of one kernel set. */
#include "src/math/simd/kernels.h"
#include "src/math/simd/vec.h"

#define ES_TEXT2(a) #a
#define ES_TEXT(a) ES_TEXT2(a)

const struct math ES_PASTE(math, ES_SET) = {
    .name = ES_TEXT(ES_SET),
    .gemm = KERNEL(gemm),
    .panel = 2 * W,
    .packed_floats = KERNEL(packed_floats),
    .pack = KERNEL(pack),
    .gemm_packed = KERNEL(gemm_packed),
    .bias = KERNEL(bias),
    .bias_grad = KERNEL(bias_grad),
    .bias_gelu = KERNEL(bias_gelu),
    .gelu_grad = KERNEL(gelu_grad),
    .norm = KERNEL(norm),
    .norm_grad = KERNEL(norm_grad),
    .dropout = KERNEL(dropout),
    .attention = KERNEL(attention),
    .attention_grad = KERNEL(attention_grad),
    .softmax = KERNEL(softmax),
    .sample = KERNEL(sample),
    .sumsq = KERNEL(sumsq),
    .axpy = KERNEL(axpy),
    .adamw = KERNEL(adamw),
};
