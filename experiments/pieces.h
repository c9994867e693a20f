/* The vocabulary of a run, for showing its tokens: ids to pieces. From its newest checkpoint, its
 * packed corpus or its vocab setting, whichever is there. */
#ifndef ES_EXPERIMENTS_PIECES_H
#define ES_EXPERIMENTS_PIECES_H
#include "experiments/workspace.h"
#include "src/config/config.h"

struct err;
struct pieces;
/* checkpoint: a directory or "" . E_NOTFOUND names what was looked for. */
struct pieces *pieces_open(const struct workspace *w, const struct config *c,
                           const char *checkpoint, struct err *err);
void pieces_close(struct pieces *p); /* NULL allowed */
int pieces_size(const struct pieces *p);
/* Raw bytes of a piece ("##ing"); NULL for an id that is not in the vocabulary. */
const char *pieces_get(const struct pieces *p, int id);
/* How frequent a piece is in the packed corpus: 1 the most frequent; 0: not known (no corpus here, or
 * the piece is not in it). */
int pieces_rank(const struct pieces *p, int id);
int pieces_ranked(const struct pieces *p); /* 1: the frequencies are known */
/* 1 for [PAD], [UNK], [CLS], [SEP], [MASK]. */
int pieces_special(const struct pieces *p, int id);
#endif
