/* See pairs.h. */
#define _GNU_SOURCE
#include "src/train/pairs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/data/corpus.h"
#include "src/text/vocab.h"
#include "src/train/fill.h"
#include "src/train/run.h"

#define SHOW(s) visible((char[300]){0}, 300, (s))
#define GROUPS_MOST 10000

enum { BY_DISC, BY_GEN, BY_UNIGRAM, WAYS };

struct reader {
    const struct pairs_args *a;
    struct pairs_result *out;
    struct scorer *disc, *gen;
    const float *unigram;       /* [V] log p, or NULL */
    const char *path;
    int64_t line;
    int good, bad, term;        /* columns; term -1: none */
    double total, read;         /* bytes */
};

double pairs_percent(const struct pairs_tally *t)
{
    return t->n ? 100 * t->good / (double)t->n : NAN;
}

void pairs_free(struct pairs_result *r)
{
    free(r->groups);
    memset(r, 0, sizeof *r);
}

static int say_line(const struct reader *r, struct err *err)
{
    char why[512];
    snprintf(why, sizeof why, "%s", err ? err->text : "");
    return err_set(err, err ? err->code : E_INPUT, "%s line %lld: %.300s", SHOW(r->path), (long long)r->line, why);
}

/* Splits a line at its tabs, in place. Returns the number of fields, at most `most`. */
static int split(char *line, char **field, int most)
{
    int n = 0;
    for (char *p = line; p && n < most; n++) {
        field[n] = p;
        p = strchr(p, '\t');
        if (p)
            *p++ = 0;
    }
    return n;
}

#define FIELDS 64

static int read_heading(struct reader *r, char *line, struct err *err)
{
    char *field[FIELDS];
    int n = split(line, field, FIELDS);
    r->good = r->bad = r->term = -1;
    for (int i = 0; i < n; i++) {
        if (!strcmp(field[i], "good"))
            r->good = i;
        else if (!strcmp(field[i], "bad"))
            r->bad = i;
        else if (!strcmp(field[i], "term"))
            r->term = i;
    }
    if (r->good >= 0 && r->bad >= 0)
        return 0;
    return err_set(err, E_INPUT, "%s: the heading has no column %s", SHOW(r->path), r->good < 0 ? "good" : "bad");
}

/* Sums over the tokens of the text between [CLS] and [SEP]; the networks are two scorers. */
static int score(struct reader *r, const char *text, double sum[WAYS], struct err *err)
{
    struct scorer *each[] = {r->disc, r->gen};
    int rc = 0;
    for (int i = 0; i < 2 && !rc; i++) {
        struct pll *p = NULL;
        if (!each[i])
            continue;
        rc = scorer_pll(each[i], text, &p, err);
        if (rc)
            break;
        sum[i] = i == BY_DISC ? p->disc_sum : p->gen_sum;
        sum[BY_UNIGRAM] = 0;
        for (int t = 1; r->unigram && t < p->n - 1; t++)
            sum[BY_UNIGRAM] += (double)r->unigram[p->ids[t]];
        pll_free(p);
    }
    return rc;
}

/* The same tokens in another order add up to the same, but for rounding. */
static void count(struct pairs_tally *t, double good, double bad)
{
    double gap = good - bad, least = 1e-9 * (fabs(good) + fabs(bad));
    t->n++;
    t->good += gap > least ? 1 : gap < -least ? 0 : .5;
}

static struct pairs_group *group_of(struct pairs_result *out, const char *name)
{
    for (int i = out->n - 1; i >= 0; i--)
        if (!strncmp(out->groups[i].name, name, sizeof out->groups[i].name - 1))
            return &out->groups[i];
    if (out->n == GROUPS_MOST)
        return NULL;
    struct pairs_group *more = realloc(out->groups, ((size_t)out->n + 1) * sizeof *more);
    if (!more)
        return NULL;
    out->groups = more;
    struct pairs_group *g = &out->groups[out->n++];
    memset(g, 0, sizeof *g);
    snprintf(g->name, sizeof g->name, "%s", name);
    return g;
}

static void base_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(out, size, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(out, '.');
    if (dot && dot > out)
        *dot = 0;
}

static int one_pair(struct reader *r, char *line, struct err *err)
{
    char *field[FIELDS], name[80];
    int n = split(line, field, FIELDS);
    double good[WAYS], bad[WAYS];
    if (n <= r->good || n <= r->bad || n <= r->term)
        return err_set(err, E_INPUT, "%s line %lld has %d columns, fewer than its heading", SHOW(r->path),
                       (long long)r->line, n);
    base_name(r->path, name, sizeof name);
    if (!r->a->by_file && r->term >= 0)
        snprintf(name, sizeof name, "%s", field[r->term]);
    if (score(r, field[r->good], good, err) || score(r, field[r->bad], bad, err))
        return say_line(r, err);
    struct pairs_group *g = group_of(r->out, name), *both[] = {g, &r->out->all};
    if (!g)
        return err_nomem(err, "the terms of minimal pairs");
    for (int i = 0; i < 2; i++) {
        if (r->disc)
            count(&both[i]->disc, good[BY_DISC], bad[BY_DISC]);
        if (r->gen)
            count(&both[i]->gen, good[BY_GEN], bad[BY_GEN]);
        if (r->unigram)
            count(&both[i]->unigram, good[BY_UNIGRAM], bad[BY_UNIGRAM]);
    }
    return 0;
}

static int read_file(struct reader *r, FILE *f, struct err *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int64_t pairs = 0;
    int rc = 0;
    r->line = 0;
    while (!rc && (!r->a->limit || pairs < r->a->limit) && (n = getline(&line, &cap, f)) >= 0) {
        double read = r->read + (double)ftello(f);
        r->line++;
        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = 0;
        if (strlen(line) != (size_t)n)
            rc = err_set(err, E_INPUT, "%s line %lld holds a NUL byte", SHOW(r->path), (long long)r->line);
        else if (r->line == 1)
            rc = read_heading(r, line, err);
        else if (n) {
            rc = one_pair(r, line, err);
            pairs++;
        }
        if (!rc && r->a->progress && r->a->progress(r->a->ud, "scoring pairs", read / r->total))
            rc = err_set(err, E_STOPPED, "stopped");
    }
    if (!rc && ferror(f))
        rc = err_errno(err, "cannot read %s", SHOW(r->path));
    if (!rc && !r->line)
        rc = err_set(err, E_INPUT, "%s is empty", SHOW(r->path));
    free(line);
    return rc;
}

static int read_all(struct reader *r, struct err *err)
{
    int rc = 0;
    for (int i = 0; i < r->a->nfiles; i++) {
        int64_t size = file_size(r->a->files[i]);
        r->total += size > 0 ? (double)size : 1;
    }
    for (int i = 0; i < r->a->nfiles && !rc; i++) {
        r->path = r->a->files[i];
        FILE *f = fopen(r->path, "rb");
        if (!f)
            return err_errno(err, "cannot read %s", SHOW(r->path));
        rc = read_file(r, f, err);
        fclose(f);
        r->read += (double)file_size(r->path);
    }
    return rc;
}

/* The floor is of the ids, so the corpus must have the network's vocabulary. */
static void use_corpus(struct reader *r)
{
    const struct vocab *v = scorer_vocab(r->disc ? r->disc : r->gen);
    if (r->a->corpus && vocab_hash(v) == vocab_hash(corpus_vocab(r->a->corpus)))
        r->unigram = corpus_log_unigram(r->a->corpus);
    else if (r->a->corpus && r->a->warn)
        r->a->warn(r->a->ud, "the corpus has another vocabulary than the network: no unigram floor");
}

int pairs_run(const struct pairs_args *a, struct pairs_result *out, struct err *err)
{
    struct reader r = {.a = a, .out = out};
    int rc = 0;
    memset(out, 0, sizeof *out);
    snprintf(out->all.name, sizeof out->all.name, "all");
    if (!a->disc_dir && !a->gen_dir)
        return err_set(err, E_USAGE, "there is no network to score pairs with");
    if (a->disc_dir && !(r.disc = scorer_open(a->disc_dir, NULL, "auto", a->warn, a->ud, err)))
        rc = err ? err->code : E_FAIL;
    if (!rc && a->gen_dir && !(r.gen = scorer_open(NULL, a->gen_dir, "auto", a->warn, a->ud, err)))
        rc = err ? err->code : E_FAIL;
    if (!rc) {
        use_corpus(&r);
        rc = read_all(&r, err);
    }
    scorer_close(r.disc);
    scorer_close(r.gen);
    return rc;
}
