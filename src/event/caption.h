/* One line under a picture: what a run does just now, by fixed rules from its numbers. Where the
 * verdict sums up, the caption tells the next thing that happened. Pure. */
#ifndef ES_EVENT_CAPTION_H
#define ES_EVENT_CAPTION_H
#include <stddef.h>
#include <stdint.h>

#include "src/event/verdict.h"

enum caption {
    CAPTION_NONE,       /* no number yet */
    CAPTION_BROKEN,     /* a loss is not finite */
    CAPTION_STUCK,      /* it does not learn */
    CAPTION_CAUGHT,     /* the first replaced token was caught, not long ago */
    CAPTION_LONGER,     /* the sequences have become longer, not long ago */
    CAPTION_FREQUENCIES_COMING, /* the generator's loss is above unigram entropy still */
    CAPTION_FREQUENCIES,/* it has come to it */
    CAPTION_GUESSING,   /* under it; the discriminator cannot tell fakes yet */
    CAPTION_TELLING     /* ... can */
};
struct caption_input {
    struct verdict_input run;
    int64_t caught_step;     /* snapshot of the first replaced token caught; < 0: none yet */
    const char *caught_word; /* its sample; NULL: not known */
    int64_t longer_step;     /* from which the sequences are longer_seq tokens long; 0: no news */
    long longer_seq;
};
/* Writes one sentence without a full stop, "" for CAPTION_NONE. */
enum caption caption_say(const struct caption_input *in, char *out, size_t size);
#endif
