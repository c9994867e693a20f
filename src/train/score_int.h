/* Inside scoring: what one scorer holds. */
#ifndef ES_TRAIN_SCORE_INT_H
#define ES_TRAIN_SCORE_INT_H
#include "src/text/vocab.h"
#include "src/text/wordpiece.h"
#include "src/train/core.h"

struct scorer {
    struct config config;
    struct model model;
    const struct math *math;
    struct pool *pool;
    struct learner *learner;
    struct vocab *vocab;
    struct wordpiece *wordpiece;
    struct batch_room room;
    int special[VOCAB_SPECIALS], has_disc, has_gen, longest;
    float *logits;
    void (*warn)(void *, const char *);
    void *ud;
};

/* Ids of the text between [CLS] and [SEP] into room.ids, cut to what the model takes (with a
 * warning). masks: "[MASK]" in the text is the token, else it is text. Returns their number or a
 * negative code. */
int scorer_tokenise(struct scorer *s, const char *text, int masks, struct err *err);
#endif
