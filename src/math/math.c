/* Choice of the kernel set, packing space, and what is known of CPU and BLAS. */
#include "src/math/math.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"
#include "src/math/simd/simd.h"

int math_ws_init(struct math_ws *ws, struct err *err)
{
    ws->floats = ES_WS_FLOATS;
    ws->data = large_alloc(ws->floats * sizeof *ws->data);
    if (!ws->data)
        return err_nomem(err, "packing space of the kernels");
    return 0;
}

void math_ws_free(struct math_ws *ws)
{
    free(ws->data);
    ws->data = NULL;
    ws->floats = 0;
}

const struct math *math_select(const char *name, struct err *err)
{
    int any = !strcmp(name, "auto");
#ifdef __x86_64__
    __builtin_cpu_init();
    int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx512 && (any || !strcmp(name, "avx512")))
        return &math_avx512;
    if (avx2 && (any || !strcmp(name, "avx2")))
        return &math_avx2;
#endif
    if (any || !strcmp(name, "portable"))
        return &math_portable;
    if (!strcmp(name, "avx2") || !strcmp(name, "avx512"))
        err_set(err, E_USAGE, "This CPU has no %s kernels: choose portable or auto.", name);
    else
        err_set(err, E_USAGE,
                "There is no kernel set of that name: choose auto, portable, avx2 or avx512.");
    return NULL;
}

const char *math_blas_core(void)
{
    return openblas_get_corename();
}

const char *math_cpu_name(char *out, size_t size)
{
    snprintf(out, size, "unknown CPU");
#ifdef __x86_64__
    uint32_t r[12] = {0};
    for (uint32_t leaf = 0; leaf < 3; leaf++) {
        uint32_t *w = r + 4 * leaf;
        if (!__get_cpuid(0x80000002u + leaf, &w[0], &w[1], &w[2], &w[3]))
            return out;
    }
    char brand[49] = {0};
    memcpy(brand, r, 48);
    for (char *c = brand; *c; c++)
        *c = *c < 0x20 || *c > 0x7e ? ' ' : *c;
    snprintf(out, size, "%s", brand + strspn(brand, " "));
    for (size_t n = strlen(out); n && out[n - 1] == ' '; n--)
        out[n - 1] = 0;
#endif
    return out;
}

void math_init(void)
{
    openblas_set_num_threads(1);
}
