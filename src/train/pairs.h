/* Minimal pairs: how often a network prefers the sentence that is right to its twin that is not.
 * Nothing is trained. The discriminator scores a sentence by -sum softplus(z_t) over its tokens
 * (the log probability that none was replaced, each judged for itself), in one forward pass; a
 * masked language model by its pseudo-likelihood (Salazar et al., ACL 2020): the sum of log p of
 * each token with that token masked. [CLS] and [SEP] are not counted. Ties count one half.
 *
 * Files are tab separated with a heading: columns good, bad and, if there, term; without a term
 * the file's name stands for it. */
#ifndef ES_TRAIN_PAIRS_H
#define ES_TRAIN_PAIRS_H
#include <stdint.h>

struct err;
struct corpus;

struct pairs_tally { double good; int64_t n; }; /* good: wins, ties one half; n 0: not scored */
struct pairs_group {
    char name[80];
    struct pairs_tally disc, gen, unigram; /* unigram: by the frequencies of `corpus` alone */
};
struct pairs_args {
    const char *disc_dir, *gen_dir;  /* either may be NULL; gen_dir: main/ of a checkpoint too */
    const char *const *files;
    int nfiles;
    int64_t limit;                   /* pairs of a file, 0: all */
    int by_file;                     /* groups are files, not terms */
    const struct corpus *corpus;     /* of the same vocabulary, for the floor; NULL: none */
    int (*progress)(void *ud, const char *stage, double done); /* non-zero stops (E_STOPPED) */
    void (*warn)(void *, const char *);
    void *ud;
};
struct pairs_result {
    struct pairs_group *groups; /* in the order met; malloc'd */
    int n;
    struct pairs_group all;
};
/* Errors name file and line. pairs_free in every case. */
int pairs_run(const struct pairs_args *a, struct pairs_result *out, struct err *err);
void pairs_free(struct pairs_result *r);
/* Per cent; NAN when nothing was scored. */
double pairs_percent(const struct pairs_tally *t);
#endif
