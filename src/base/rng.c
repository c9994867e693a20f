/* See rng.h. */
#include "src/base/rng.h"

static void round_once(uint32_t c[4], const uint32_t k[2])
{
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0];
    uint64_t p1 = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t c1 = c[1], c3 = c[3];
    c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k[0];
    c[1] = (uint32_t)p1;
    c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k[1];
    c[3] = (uint32_t)p0;
}

void rng_words(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos,
               uint32_t out[4])
{
    uint32_t k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    out[0] = pos;
    out[1] = row;
    out[2] = step;
    out[3] = use;
    for (int i = 0; i < 10; i++) {
        round_once(out, k);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
}

uint32_t rng_u32(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos)
{
    uint32_t w[4];
    rng_words(seed, use, step, row, pos, w);
    return w[0];
}

float rng_uniform(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos)
{
    return (float)(rng_u32(seed, use, step, row, pos) >> 8) * 0x1p-24f;
}

double rng_uniform53(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos)
{
    uint32_t w[4];
    rng_words(seed, use, step, row, pos, w);
    uint64_t bits = ((uint64_t)w[0] << 32 | w[1]) >> 11;
    return (double)bits * 0x1p-53;
}

uint32_t rng_permute(uint64_t seed, uint32_t use, uint32_t step, uint32_t n, uint32_t i)
{
    if (n <= 1)
        return 0;
    int bits = 1;
    while (bits < 16 && (uint64_t)1 << (2 * bits) < n)
        bits++;
    uint32_t mask = (1u << bits) - 1;
    uint32_t x = i;
    do {
        uint32_t left = x >> bits, right = x & mask;
        for (uint32_t r = 0; r < 4; r++) {
            uint32_t f = rng_u32(seed, use, step, right, 0x80000000u | r) & mask;
            uint32_t t = left ^ f;
            left = right;
            right = t;
        }
        x = left << bits | right;
    } while (x >= n);
    return x;
}
