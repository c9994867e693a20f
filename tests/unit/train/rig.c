/* See rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>
#include <xxhash.h>

#include "src/base/file.h"
#include "src/base/rng.h"
#include "src/data/corpus.h"
#include "src/model/safetensors.h"
#include "tests/unit/train/rig.h"

#define WORDS 60
#define DOCS 3600
#define LEN 40

static char root[32], corpus[128];
static int runs;

static int build(const char *text, const char *vocab, const char *out)
{
    const char *paths[] = {text};
    struct err err = {0, ""};
    struct corpus_stats stats;
    struct corpus_build b = {.paths = paths, .npaths = 1, .vocab_path = vocab,
                             .text.strip_accents = -1, .out_dir = out};
    if (corpus_build(&b, &stats, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

/* A word depends on the one before, so that there is something to learn. */
static int pack(const char *name, int docs, int words, uint64_t seed)
{
    char text[128], vocab[128], out[128];
    snprintf(text, sizeof text, "%s/%s.txt", root, name);
    snprintf(vocab, sizeof vocab, "%s/%s.vocab", root, name);
    snprintf(out, sizeof out, "%s/%s", root, name);
    FILE *f = fopen(vocab, "w");
    fputs("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", f);
    for (int i = 0; i < words; i++)
        fprintf(f, "w%d\n", i);
    fclose(f);
    f = fopen(text, "w");
    for (int d = 0, w = 0; d < docs; d++) {
        for (int i = 0; i < LEN; i++) {
            uint32_t u = rng_u32(seed, RNG_TEST, 0, (uint32_t)d, (uint32_t)i);
            w = u % 4 ? (w * 7 + 3) % WORDS : (int)(u / 4 % WORDS);
            fprintf(f, "w%d%c", w, i % 10 == 9 ? '\n' : ' ');
        }
        fputc('\n', f);
    }
    fclose(f);
    return build(text, vocab, out);
}

int rig_setup(void **state)
{
    (void)state;
    /* in memory where there is such a place: a checkpoint syncs some thirty times */
    strcpy(root, "/dev/shm/test_train.XXXXXX");
    if (!mkdtemp(root)) {
        strcpy(root, "test_train.XXXXXX");
        if (!mkdtemp(root))
            return -1;
    }
    snprintf(corpus, sizeof corpus, "%s/corpus", root);
    return pack("corpus", DOCS, WORDS, 1);
}

const char *rig_pack(const char *name, int docs, int more)
{
    static char path[128];
    assert_int_equal(pack(name, docs, WORDS + more, 2), 0);
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void remove_all(const char *path)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    if (system(command))
        fprintf(stderr, "cannot remove %s\n", path);
}

int rig_teardown(void **state)
{
    (void)state;
    remove_all(root);
    return 0;
}

const char *rig_corpus(void)
{
    return corpus;
}

const char *rig_root(void)
{
    return root;
}

void rig_set(struct rig *r, const char *name, const char *value)
{
    struct err err = {0, ""};
    if (config_set(&r->config, name, value, &err))
        fail_msg("%s", err.text);
}

void rig_new(struct rig *r, int objective)
{
    static const char *const fields[][2] = {
        {"layers", "2"}, {"hidden_size", "16"}, {"ffn_size", "32"}, {"heads", "2"},
        {"embedding_size", "12"}, {"max_positions", "64"}, {"steps", "20"}, {"batch", "8"},
        {"seq", "16"}, {"seq_stages", "8:0.45,16"}, {"warmup_steps", "3"}, {"eval_every", "5"},
        {"checkpoint_every", "8"}, {"snapshot_every", "6"}, {"eval_sequences", "20"}, {"threads", "2"},
        {"learning_rate", "2e-3"}, {"mask_prob", "0.25"}};
    if (r->dir[0])
        remove_all(r->dir);
    memset(r, 0, sizeof *r);
    config_default(&r->config);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        rig_set(r, fields[i][0], fields[i][1]);
    r->config.objective = objective;
    if (objective == OBJ_TWO_STAGE)
        rig_set(r, "generator_size", "1");
    else
        rig_set(r, "generator_size", "0.5");
    snprintf(r->dir, sizeof r->dir, "%s/run%d", root, runs++);
    r->best = -1;
}

static void keep_metrics(struct rig *r, const struct event *e)
{
    for (int i = 0; i < e->nmetrics; i++) {
        assert_true(r->nrows < RIG_ROWS);
        r->row[r->nrows++] = (struct rig_row){e->step, e->metrics[i].id, e->metrics[i].value};
    }
    if (r->stop_at && e->step == r->stop_at && e->nmetrics && e->metrics[0].id < METRIC_VAL)
        atomic_store(&r->control.ask, r->ask ? r->ask : ASK_STOP);
}

static void keep_tokens(struct rig *r, const struct event *e)
{
    assert_true(e->seq->n > 2);
    if (e->source == TOKENS_LIVE) {
        r->nlive++;
    } else {
        *(e->source == TOKENS_PROBE ? &r->nprobe : &r->nsnapshot) += 1;
        uint64_t h = XXH3_64bits_withSeed(&e->step, sizeof e->step, r->tokens);
        for (int i = 0; i < e->seq->n; i++) { /* field by field: padding has any value */
            const struct token_row *t = &e->seq->rows[i];
            h = XXH3_64bits_withSeed(t, offsetof(struct token_row, chosen), h);
            h = XXH3_64bits_withSeed(t->top_id, sizeof t->top_id, h ^ t->chosen);
        }
        r->tokens = h;
    }
    free(e->seq);
}

static void keep(void *ud, const struct event *e)
{
    struct rig *r = ud;
    if (r->each)
        r->each(r->ud, e);
    switch (e->kind) {
    case EVENT_METRICS: keep_metrics(r, e); break;
    case EVENT_TOKENS: keep_tokens(r, e); break;
    case EVENT_STATE: r->states[r->nstates++ % 64] = e->state; break;
    case EVENT_THREADS: r->nthreads++; break;
    case EVENT_MESSAGE:
        r->nmessages++;
        memcpy(r->message, e->text, sizeof r->message);
        break;
    case EVENT_CHECKPOINT:
        r->ncheckpoints++;
        assert_true(r->flushes + r->resumes >= r->ncheckpoints); /* one resumed from is on disk */
        memcpy(r->checkpoint, e->text, sizeof e->text);
        if (e->best)
            r->best = e->step;
        break;
    default: break;
    }
}

static int flush(void *ud)
{
    ((struct rig *)ud)->flushes++;
    return 0;
}

int rig_run(struct rig *r, const char *resume, struct err *err)
{
    static const char *const probes[] = {"w1 w10 w13 w34 w1 [MASK]", "w5 w38", NULL};
    struct run_args a = {.id = 3, .config = r->config, .corpus_dir = corpus, .checkpoint_dir = r->dir, .validation_dir = r->validation,
                         .resume = resume, .probes = probes, .control = &r->control,
                         .sink = {.emit = keep, .ud = r, .flush = flush}, .tune = r->tune, .tune_ud = r};
    atomic_store(&r->control.ask, ASK_NONE);
    r->resumes += resume != NULL;
    return run_train(&a, err);
}

static int is_rate(int id)
{
    return id == METRIC_tokens_per_s;
}

void rig_same_rows(const struct rig *a, const struct rig *b)
{
    int j = 0, compared = 0;
    for (int i = 0; i < a->nrows; i++) {
        if (is_rate(a->row[i].id))
            continue;
        while (j < b->nrows && is_rate(b->row[j].id))
            j++;
        if (j == b->nrows)
            fail_msg("row %d of %d is missing", i, a->nrows);
        const struct rig_row *x = &a->row[i], *y = &b->row[j++];
        if (x->step != y->step || x->id != y->id || memcmp(&x->value, &y->value, sizeof x->value))
            fail_msg("step %lld %s is %.17g, and step %lld %s %.17g", (long long)x->step,
                     metric_name(x->id), x->value, (long long)y->step, metric_name(y->id), y->value);
        compared++;
    }
    while (j < b->nrows)
        assert_true(is_rate(b->row[j++].id));
    assert_true(compared > 20 * 5);
    assert_true(a->tokens == b->tokens);
}

static void same_file(const char *a, const char *b, const char *name)
{
    struct safetensors x, y;
    char pa[4200], pb[4200];
    snprintf(pa, sizeof pa, "%s/%s", a, name);
    snprintf(pb, sizeof pb, "%s/%s", b, name);
    assert_int_equal(file_exists(pa), file_exists(pb));
    if (!file_exists(pa))
        return;
    assert_int_equal(st_open(&x, pa, NULL), 0);
    assert_int_equal(st_open(&y, pb, NULL), 0);
    assert_int_equal(x.n, y.n);
    for (int i = 0; i < x.n; i++) {
        const struct st_tensor *t = st_find(&y, x.tensors[i].name);
        assert_non_null(t);
        assert_int_equal(t->bytes, x.tensors[i].bytes);
        if (memcmp(t->data, x.tensors[i].data, t->bytes))
            fail_msg("%s: %s differs", name, t->name);
    }
    st_close(&x);
    st_close(&y);
}

void rig_same_tensors(const char *a, const char *b)
{
    char trainer[4200];
    snprintf(trainer, sizeof trainer, "%s/trainer.safetensors", a);
    assert_true(file_exists(trainer));
    same_file(a, b, "trainer.safetensors");
    same_file(a, b, "generator/model.safetensors");
    same_file(a, b, "discriminator/model.safetensors");
    same_file(a, b, "main/model.safetensors");
}

const char *rig_path(const struct rig *r, int step)
{
    static char path[8][128];
    static int next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%d", r->dir, step);
    return p;
}

int rig_pair(struct rig *r, char *disc, char *gen, size_t size)
{
    rig_new(r, OBJ_ELECTRA);
    if (rig_run(r, NULL, NULL))
        return -1;
    snprintf(disc, size, "%s/discriminator", rig_path(r, 20));
    snprintf(gen, size, "%s/generator", rig_path(r, 20));
    return 0;
}
