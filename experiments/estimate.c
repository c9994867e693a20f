/* See estimate.h. */
#include "experiments/estimate.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/prepare.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/model.h"
#include "src/train/core.h"

#define MANIFEST_MAX (1 << 20)

/* Numbers of the networks. Within one network a tied tensor (decoder and embeddings) counts once;
 * one that both have counts for each, and once in the sum. */
static int count_params(const struct config *c, int V, struct estimate *e, struct err *err)
{
    struct model m;
    int rc = model_build(&m, c, V, err);
    unsigned char *in = rc ? NULL : calloc((size_t)m.table.n + 1, 1); /* 1 generator, 2 the other */
    if (!in) {
        if (!rc)
            model_free(&m);
        return rc ? rc : err_nomem(err, "parameter counts");
    }
    for (int i = 0; i < m.table.n; i++) {
        const struct param *p = &m.table.rows[i];
        in[param_canonical(&m.table, i)] |= strncmp(p->name, "generator.", 10) ? 2 : 1;
    }
    for (int i = 0; i < m.table.n; i++) {
        uint64_t size = (uint64_t)m.table.rows[i].rows * (uint64_t)m.table.rows[i].cols;
        e->gen_params += in[i] & 1 ? size : 0;
        e->disc_params += in[i] & 2 ? size : 0;
        e->shared_params += in[i] == 3 ? size : 0;
    }
    free(in);
    e->params = param_count(&m.table);
    e->checkpoint = e->params * 3 * sizeof(float); /* values and two moments */
    model_free(&m);
    return 0;
}

static int is_exact(const struct workspace *w, const struct config *c)
{
    char dir[1200], manifest[1300];
    if (*c->vocab)
        return 1;
    if (strchr(c->corpus, '/') || prepare_corpus_dir(w, c->corpus, dir, sizeof dir, NULL))
        snprintf(dir, sizeof dir, "%s", c->corpus);
    snprintf(manifest, sizeof manifest, "%s/manifest.json", dir);
    return file_exists(manifest);
}

/* Seconds where the store knows no run of the shape: by FLOPs, at the best rate there is. */
static void guess_time(const struct sweep *s, const struct measured_speed *measured,
                       const struct machine *m, struct estimate *e)
{
    struct sweep_plan *p = &e->plan;
    double rate = speed_guess(m);
    if (measured && measured->rate > 0 &&
        measured->shape == speed_shape(&s->runs[e->largest].config, e->vocab)) {
        rate = measured->rate;
        e->from = ESTIMATE_MEASURED;
        snprintf(e->source, sizeof e->source, "%.1f GFLOP/s, measured here", rate * 1e-9);
    } else if (p->rough > 0) {
        rate = p->rough;
        e->from = ESTIMATE_OTHER_RUN;
        snprintf(e->source, sizeof e->source, "by the speed of run %lld (other sizes): %.1f GFLOP/s",
                 (long long)p->rough_run, rate * 1e-9);
    } else {
        e->from = ESTIMATE_GUESS;
        snprintf(e->source, sizeof e->source, "from FLOPs, guessing %.0f GFLOP/s on %d idle core%s",
                 rate * 1e-9, m->cores, m->cores == 1 ? "" : "s");
    }
    for (int i = 0; i < s->n; i++)
        if (!isfinite(p->items[i].seconds))
            p->items[i].seconds = p->items[i].flops / rate;
}

int estimate_runs(const struct workspace *w, const struct sweep *s,
                  const struct measured_speed *measured, struct estimate *out, struct err *err)
{
    struct machine m;
    memset(out, 0, sizeof *out);
    int rc = sweep_plan(w, s, 0, 0, &out->plan, err);
    if (rc)
        return rc;
    struct sweep_plan *p = &out->plan;
    for (int i = 1; i < s->n; i++)
        if (p->items[i].flops > p->items[out->largest].flops)
            out->largest = i;
    const struct config *c = &s->runs[out->largest].config;
    speed_machine(&m);
    out->vocab = prepare_vocab_size(w, c, err);
    out->vocab_exact = is_exact(w, c);
    rc = out->vocab < 0 ? out->vocab : count_params(c, out->vocab, out, err);
    if (rc) {
        estimate_free(out);
        return rc;
    }
    out->memory = model_memory(c, out->vocab, c->threads > 0 ? (int)c->threads : m.cores);
    snprintf(out->source, sizeof out->source, "%s", p->source);
    if (!(p->rate > 0))
        guess_time(s, measured, &m, out);
    for (int i = 0; i < s->n; i++)
        if (p->items[i].status == SWEEP_NEW || p->items[i].status == SWEEP_RESUME)
            out->seconds += p->items[i].seconds;
    return 0;
}

void estimate_free(struct estimate *e)
{
    sweep_plan_free(&e->plan);
    memset(e, 0, sizeof *e);
}

static int read_manifest(const struct workspace *w, const char *name, struct packed_corpus *out)
{
    char path[1400], *text = NULL;
    size_t n;
    snprintf(path, sizeof path, "%s/%s/manifest.json", w->corpora, name);
    if (strlen(name) >= sizeof out->name || file_read(path, MANIFEST_MAX, &text, &n, NULL))
        return -1;
    json_t *j = json_loadb(text, n, 0, NULL);
    free(text);
    if (!json_is_object(j)) {
        json_decref(j);
        return -1;
    }
    snprintf(out->name, sizeof out->name, "%s", name);
    out->tokens = json_integer_value(json_object_get(j, "train_tokens"));
    out->documents = json_integer_value(json_object_get(j, "documents"));
    out->vocab = (int)json_integer_value(json_object_get(j, "vocab_size"));
    json_decref(j);
    return out->tokens < 0 || out->documents < 0 || out->vocab < 0 ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct packed_corpus *)a)->name, ((const struct packed_corpus *)b)->name);
}

int estimate_corpora(const struct workspace *w, struct packed_corpus **out, struct err *err)
{
    DIR *d = opendir(w->corpora);
    const struct dirent *e;
    int n = 0, cap = 0;
    *out = NULL;
    while (d && (e = readdir(d)) && n < 4096) {
        if (e->d_name[0] == '.')
            continue;
        if (n == cap) {
            cap = cap ? 2 * cap : 16;
            struct packed_corpus *more = realloc(*out, (size_t)cap * sizeof *more);
            if (!more) {
                closedir(d);
                free(*out);
                *out = NULL;
                return err_nomem(err, "the list of corpora");
            }
            *out = more;
        }
        n += !read_manifest(w, e->d_name, &(*out)[n]);
    }
    if (d)
        closedir(d);
    if (n)
        qsort(*out, (size_t)n, sizeof **out, by_name);
    return n;
}
