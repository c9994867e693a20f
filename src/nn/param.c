/* See param.h. */
#include "src/nn/param.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"

#define PAD 16u /* floats: one cache line */

void param_table_free(struct param_table *t)
{
    free(t->rows);
    memset(t, 0, sizeof *t);
}

static struct param *grow(struct param_table *t, struct err *err)
{
    if (t->n == PARAM_MAX) {
        err_set(err, E_INPUT, "more than %d tensors", PARAM_MAX);
        return NULL;
    }
    if (t->n == t->cap) {
        int cap = t->cap ? t->cap * 2 : 128;
        struct param *p = realloc(t->rows, (size_t)cap * sizeof *p);
        if (!p) {
            err_nomem(err, "the parameter table");
            return NULL;
        }
        t->rows = p;
        t->cap = cap;
    }
    struct param *p = &t->rows[t->n];
    memset(p, 0, sizeof *p);
    return p;
}

int param_add(struct param_table *t, const char *name, int rows, int cols, int rank,
              enum param_init init, float std, int layer, struct err *err)
{
    struct param *p = grow(t, err);
    if (!p)
        return err ? err->code : E_FAIL;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->rows = rows;
    p->cols = cols;
    p->rank = rank;
    p->size = (size_t)rows * (size_t)cols;
    p->alias = -1;
    p->decay = !strstr(name, "LayerNorm") && !strstr(name, "layer_norm") && !strstr(name, "bias");
    p->layer = layer;
    p->init = init;
    p->std = std;
    return t->n++;
}

int param_tie(struct param_table *t, const char *name, int canonical, struct err *err)
{
    struct param *p = grow(t, err);
    if (!p)
        return err ? err->code : E_FAIL;
    while (t->rows[canonical].alias >= 0)
        canonical = t->rows[canonical].alias;
    *p = t->rows[canonical];
    snprintf(p->name, sizeof p->name, "%s", name);
    p->alias = canonical;
    return t->n++;
}

int param_canonical(const struct param_table *t, int row)
{
    return t->rows[row].alias >= 0 ? t->rows[row].alias : row;
}

int param_find(const struct param_table *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->rows[i].name, name))
            return i;
    return -1;
}

void param_layout(struct param_table *t)
{
    t->floats = 0;
    for (int i = 0; i < t->n; i++) {
        struct param *p = &t->rows[i];
        if (p->alias >= 0) {
            p->offset = t->rows[p->alias].offset;
            continue;
        }
        p->offset = t->floats;
        t->floats += (p->size + PAD - 1) / PAD * PAD;
    }
}

uint64_t param_count(const struct param_table *t)
{
    uint64_t sum = 0;
    for (int i = 0; i < t->n; i++)
        if (t->rows[i].alias < 0)
            sum += t->rows[i].size;
    return sum;
}

float *param_at(const struct param_table *t, float *block, int row)
{
    return block + t->rows[row].offset;
}

/* A stream of its own for each tensor: by name, so that adding a tensor moves no other. */
static uint32_t name_hash(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

/* Box-Muller on one counter; attempt numbers the redraws of the truncated normal. */
static double normal(uint64_t seed, uint32_t tensor, uint32_t i, uint32_t attempt)
{
    uint32_t w[4];
    rng_words(seed, RNG_INIT, tensor, attempt, i, w);
    double u = ((double)w[0] + 0.5) * 0x1p-32, v = (double)w[1] * 0x1p-32;
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

void param_init_block(const struct param_table *t, uint64_t seed, float *block)
{
    for (int r = 0; r < t->n; r++) {
        const struct param *p = &t->rows[r];
        if (p->alias >= 0)
            continue;
        float *x = block + p->offset;
        uint32_t tensor = name_hash(p->name);
        double limit = sqrt(6.0 / ((double)p->rows + p->cols)) * (double)p->std;
        for (size_t i = 0; i < p->size; i++) {
            double z = 0;
            switch (p->init) {
            case INIT_ZEROS:
                break;
            case INIT_ONES:
                z = 1;
                break;
            case INIT_NORMAL:
                z = normal(seed, tensor, (uint32_t)i, 0) * (double)p->std;
                break;
            case INIT_TRUNC_NORMAL:
                for (uint32_t a = 0; a < 64; a++) {
                    z = normal(seed, tensor, (uint32_t)i, a);
                    if (fabs(z) <= 2)
                        break;
                }
                z *= (double)p->std;
                break;
            case INIT_GLOROT:
                z = (2 * rng_uniform53(seed, RNG_INIT, tensor, 0, (uint32_t)i) - 1) * limit;
                break;
            }
            x[i] = (float)z;
        }
        size_t padded = (p->size + PAD - 1) / PAD * PAD;
        memset(x + p->size, 0, (padded - p->size) * sizeof *x);
    }
}
