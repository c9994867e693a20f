/* Trains a WordPiece vocabulary by frequency merges (contracts: Text). Deterministic. */
#ifndef ES_TEXT_VOCAB_TRAIN_H
#define ES_TEXT_VOCAB_TRAIN_H
#include "src/text/wordpiece.h"

struct vocab_trainer;
struct vocab_train_options {
    int size;          /* tokens asked for, special tokens included */
    int min_frequency; /* 2 */
    struct wordpiece_options text;
    /* done in [0,1]; stage is a static word. May be NULL. Non-zero return stops: E_STOPPED. */
    int (*progress)(void *ud, const char *stage, double done);
    void *ud;
};
struct vocab_trainer *vocab_trainer_new(const struct vocab_train_options *o, struct err *err);
void vocab_trainer_free(struct vocab_trainer *t);
int vocab_trainer_add(struct vocab_trainer *t, const char *text, size_t n, struct err *err);
/* On success *out is the text of vocab.txt (malloc'd, caller frees). */
int vocab_trainer_finish(struct vocab_trainer *t, char **out, size_t *size, struct err *err);
#endif
