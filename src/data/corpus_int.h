/* Inside the data room: an open corpus. */
#ifndef ES_DATA_CORPUS_INT_H
#define ES_DATA_CORPUS_INT_H
#include <pthread.h>

#include "src/base/file.h"
#include "src/data/corpus.h"
#include "src/text/vocab.h"

/* One piece: a document, or 2,048 tokens of a longer one (so that a corpus of few long documents
 * can be split too). */
#define PIECE_TOKENS 2048
enum { PIECE_HELDOUT = 1, PIECE_CONTINUES = 2 /* the same document as the piece before */ };
struct piece {
    uint64_t first; /* token number */
    uint32_t length, flags;
};

struct corpus {
    struct map tokens, pieces, counts, lines;
    const uint32_t *ids;
    const struct piece *piece;
    size_t npieces;
    const uint64_t *count; /* [V] on the training split */
    const uint64_t *line_end; /* [nlines] token number after each line, ascending */
    size_t nlines;         /* 0: packed without lines */
    struct vocab *vocab;
    struct wordpiece_options text;
    struct corpus_stats stats;
    uint64_t hash;
    float *log_unigram;
    /* bigrams of the training split, built on first use */
    pthread_mutex_t lock;
    int has_bigrams;
    uint64_t *bigram;      /* sorted left << 32 | right, one per occurrence */
    size_t nbigrams;
    size_t *left;          /* [V + 1] */
    double *cumulative;    /* [V + 1] of the unigram counts */
};
#endif
