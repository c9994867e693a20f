/* Speed of the pre-training step (or of the main network's forward pass) on random tokens: no
 * corpus, no files, no store. Two ways in: bench_run measures once; bench_open, bench_steps and
 * bench_close go on as long as the caller likes (bench --serve). */
#ifndef ES_TRAIN_BENCH_H
#define ES_TRAIN_BENCH_H
#include "src/config/config.h"

struct err;
struct bench_args {
    struct config config; /* resolved; seq_stages and corpus are ignored */
    int vocab;            /* tokens of the vocabulary, 8 or more */
    int steps;            /* bench_run: steps that are measured */
    int warmup;           /* bench_run: steps before them; bench_open runs none */
    int infer;            /* 1: forward pass of the main network only, dropout off */
    int threads;          /* 0: config.threads, and if that is 0 all cores */
    int peak;             /* bench_run: measure bench_peak too */
};

struct bench;
/* Memory is checked against what is free. NULL with err set on failure. */
struct bench *bench_open(const struct bench_args *a, struct err *err);
/* Runs n more steps; seconds [n] may be NULL. Allocates nothing. */
void bench_steps(struct bench *b, int n, double *seconds);
/* Seconds that the last step spent on clipping and AdamW. */
double bench_optimiser(const struct bench *b);
/* Of the step: tokens; FLOP of the matrix products, backward = 2 x forward. */
double bench_tokens(const struct bench *b);
double bench_flop(const struct bench *b);
int bench_threads(const struct bench *b);
const char *bench_kernel(const struct bench *b); /* "avx2", ... */
void bench_close(struct bench *b);
/* Peak resident memory of this process so far, in MB (1e6 bytes). */
double bench_rss_mb(void);
/* GFLOP/s of a product of 2048 x 2048 matrices on so many threads: the largest of one call on OpenBLAS's
 * own threads, its single-threaded calls on threads of ours, and the best kernel set there. */
double bench_peak(int threads);

struct bench_report {
    int steps, threads;
    double *seconds;          /* [steps], malloc'd: free it */
    double median, best;      /* seconds a step */
    double tokens_per_s;      /* at the median */
    double gflop;             /* a step */
    double gflops;            /* GFLOP/s at the median */
    double gflops_best;       /* GFLOP/s of the fastest step */
    double peak;              /* bench_peak, 0 when not asked */
    double rss_mb;            /* before the peak was measured */
    char kernel[32];
};
int bench_run(const struct bench_args *a, struct bench_report *out, struct err *err);

/* Two runs of a->steps steps each: one after the other on all threads; side by side on half of them
 * each (as a host packs runs); side by side on all threads each. Medians of `rounds` rounds. */
struct bench_pair {
    int threads; /* of a run on all of them */
    double in_turn, halves, crowded; /* seconds for both runs */
};
/* a->threads 2 or more, else E_USAGE. */
int bench_pair(const struct bench_args *a, int rounds, struct bench_pair *out, struct err *err);
#endif
