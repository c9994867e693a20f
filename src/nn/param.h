/* The parameter table of a run's networks. Every tensor is declared once, with its Hugging Face
 * name behind a prefix ("generator.", "discriminator.", "main."); ties are aliases to another
 * row. Allocation, initialisation, tying, decay, clipping, AdamW, checkpoints, counts and the
 * gradient checker are loops over this table. All values lie in one block; gradients and moments
 * mirror it, so a tensor is an offset. Sizes are padded to 16 floats. */
#ifndef ES_NN_PARAM_H
#define ES_NN_PARAM_H
#include <stddef.h>
#include <stdint.h>

struct err;
enum param_init { INIT_ZEROS, INIT_ONES, INIT_TRUNC_NORMAL, INIT_NORMAL, INIT_GLOROT };

#define PARAM_NAME 128
#define PARAM_MAX 4096
struct param {
    char name[PARAM_NAME];
    int rows, cols;          /* cols 1..; a vector is rows = 1 */
    int rank;                /* 1 or 2: how it is written to a file */
    size_t offset, size;     /* in floats, in the block of its canonical row */
    int alias;               /* index of the canonical row, or -1 */
    int decay;               /* weight decay applies */
    int frozen;              /* no update (two_stage) */
    int layer;               /* depth for layer-wise decay: 0 embeddings, i+1, L+2 head (-1: none) */
    enum param_init init;
    float std;               /* for the normals; factor for glorot */
};

struct param_table {
    struct param *rows;
    int n, cap;
    size_t floats; /* of one block */
};

void param_table_free(struct param_table *t);
/* Declares a tensor; returns its index or a negative code. */
int param_add(struct param_table *t, const char *name, int rows, int cols, int rank,
              enum param_init init, float std, int layer, struct err *err);
/* Declares `name` as another name of row `canonical` (same shape). */
int param_tie(struct param_table *t, const char *name, int canonical, struct err *err);
/* The row whose values `row` names: itself, unless it is tied. */
int param_canonical(const struct param_table *t, int row);
int param_find(const struct param_table *t, const char *name); /* -1 */
/* Lays out the block: call once, after all rows. */
void param_layout(struct param_table *t);
uint64_t param_count(const struct param_table *t); /* trainable numbers, ties once */
/* Value (or gradient, moment) of a row in its block. */
float *param_at(const struct param_table *t, float *block, int row);
/* Draws all start values: a pure function of (seed, canonical name). */
void param_init_block(const struct param_table *t, uint64_t seed, float *block);
#endif
