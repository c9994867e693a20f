/* From a configuration to (packed corpus, vocabulary): what is there already is reused, by the
 * hash of the text, the vocabulary and the options. */
#ifndef ES_EXPERIMENTS_PREPARE_H
#define ES_EXPERIMENTS_PREPARE_H
#include <stddef.h>
#include <stdint.h>

#include "experiments/workspace.h"
#include "src/config/config.h"
#include "src/data/corpus.h"

struct err;
struct prepare_hooks { /* each may be NULL */
    void (*progress)(void *ud, const char *stage, double done); /* done in [0,1] */
    void (*warn)(void *ud, const char *text);
    int (*stop)(void *ud); /* non-zero: end with E_STOPPED */
    void *ud;
};
struct prepared {
    char dir[1200];
    uint64_t corpus_hash;
    int vocab_size, reused;
    struct corpus_stats stats;
};
/* config.corpus: a packed corpus by name (WORKSPACE/corpora/NAME) or directory, or text files,
 * .gz, .zst and directories separated by commas. E_INPUT when fewer than 64 sequences are held
 * out at config.seq. */
int prepare_corpus(const struct workspace *w, const struct config *c, const struct prepare_hooks *h,
                   struct prepared *out, struct err *err);
/* WORKSPACE/corpora/NAME: NAME is at most 80 bytes without '/', ',' and '.' at its front. */
int prepare_corpus_dir(const struct workspace *w, const char *name, char *out, size_t size,
                       struct err *err);
/* Paths in the configuration become absolute: a host lives in another directory. Names of packed
 * corpora stay. E_NOTFOUND names what is neither. Idempotent. */
int prepare_paths(const struct workspace *w, struct config *c, struct err *err);
/* Tokens that the vocabulary will have: of the packed corpus, the given file, or at most as many
 * as will be trained. Negative on failure. */
int prepare_vocab_size(const struct workspace *w, const struct config *c, struct err *err);
/* Says before anything is packed that config.vocab is no vocabulary, or another than the packed corpus
 * has. */
int prepare_vocab_check(const struct workspace *w, const struct config *c, struct err *err);
/* The text of `demo`: the King James Bible of Debian's bible-kjv, a verse a line and a chapter a
 * document, written once to WORKSPACE/demo.txt. Its first verse becomes a probe (probes.h).
 * E_NOTFOUND names the package to install. */
/* 1: it is there, or the program that gives it. */
int prepare_demo_ready(const struct workspace *w);
int prepare_demo_text(const struct workspace *w, char *path, size_t size, struct err *err);
#endif
