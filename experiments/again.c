/* See again.h. */
#include "experiments/again.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/branch.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/data/corpus.h"
#include "src/train/checkpoint.h"

#define SHOW(s) visible((char[300]){0}, 300, (s))

struct series {
    struct query_point *points;
    int n, known;
};
struct work {
    const struct query_run *run;
    struct query *q;
    struct arena arena;
    struct series series[METRIC_COUNT];
    struct again *out;
    void (*progress)(void *ud, int64_t step);
    void *ud;
};

static int load(struct work *w, int metric, struct err *err)
{
    struct series *s = &w->series[metric];
    if (s->known)
        return 0;
    s->n = query_points(w->q, w->run->id, metric, &w->arena, &s->points, err);
    s->known = s->n >= 0;
    return s->n < 0 ? s->n : 0;
}

/* Index of the first point at or after the step. */
static int first_at(const struct series *s, int64_t step)
{
    int lo = 0, hi = s->n;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (s->points[mid].step < step)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int same(double a, double b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

static int compare(void *ud, const struct event *e, struct err *err)
{
    struct work *w = ud;
    int compared = 0;
    for (int i = 0; i < e->nmetrics; i++) {
        int id = e->metrics[i].id;
        double now = e->metrics[i].value;
        if (id == METRIC_tokens_per_s)
            continue;
        int rc = load(w, id, err);
        if (rc)
            return rc;
        const struct series *s = &w->series[id];
        int at = first_at(s, e->step);
        if (at == s->n || s->points[at].step != e->step)
            continue;
        if (!same(now, s->points[at].value))
            return err_set(err, E_INPUT, "step %" PRId64 " is not the same: %s was %.17g when run %" PRId64
                           " was trained and is %.17g now (trained by version %.20s on kernel set %.20s)",
                           e->step, metric_name(id), s->points[at].value, w->run->id, now,
                           SHOW(w->run->program), SHOW(w->run->kernel));
        w->out->values++;
        compared = 1;
    }
    w->out->steps += compared;
    if (compared)
        w->out->last = e->step;
    return 0;
}

static void on_progress(void *ud, int64_t step)
{
    struct work *w = ud;
    if (w->progress)
        w->progress(w->ud, step);
}

/* The corpus the run was begun on, held against the store. */
static int find_corpus(const struct workspace *w, const struct query_run *run, char *dir, size_t size,
                       struct err *err)
{
    char path[1300], *text = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%" PRId64 "/corpus", w->checkpoints, run->id);
    int rc = file_read(path, 4096, &text, &n, err);
    if (rc)
        return rc;
    snprintf(dir, size, "%s%s%s", *text == '/' ? "" : w->corpora, *text == '/' ? "" : "/", text);
    free(text);
    struct corpus *c = corpus_open(dir, 0, err);
    if (!c)
        return err->code;
    if (run->corpus_hash && corpus_hash(c) != run->corpus_hash)
        rc = err_set(err, E_INPUT, "the corpus in %s is not the one that run %" PRId64 " was trained on",
                     SHOW(dir), run->id);
    corpus_close(c);
    return rc;
}

/* The nearest checkpoint before the step; *path "": from the start. */
static int find_checkpoint(const struct workspace *w, const struct query_run *run, int64_t step, char *path,
                           size_t size, int *branch, struct err *err)
{
    char dir[1200];
    int64_t at, parent, origin;
    struct err why = {0};
    snprintf(dir, sizeof dir, "%s/%" PRId64, w->checkpoints, run->id);
    int is_branch = branch_origin(w, run->id, &parent, &origin);
    if (is_branch && step <= origin)
        return err_set(err, E_INPUT, "run %" PRId64 " begins at step %" PRId64 ": step %" PRId64 " is its "
                       "parent's, run %" PRId64, run->id, origin, step, parent);
    int rc = checkpoint_before(dir, step, path, (int)size, &at, &why);
    *branch = is_branch && !rc && at == origin;
    if (rc == E_NOTFOUND && run->parent)
        return err_set(err, rc, "run %" PRId64 " is a branch and has no checkpoint before step %" PRId64,
                       run->id, step);
    if (rc == E_NOTFOUND)
        *path = 0;
    return rc && rc != E_NOTFOUND ? err_set(err, rc, "%s", why.text) : 0;
}

int again_step(const struct workspace *w, const struct query_run *run, int64_t step,
               void (*progress)(void *ud, int64_t step), void *ud, struct again *out, struct err *err)
{
    char corpus[2400], checkpoint[1300];
    struct work *work = calloc(1, sizeof *work);
    memset(out, 0, sizeof *out);
    if (!work)
        return err_nomem(err, "a replay");
    work->run = run;
    work->out = out;
    work->progress = progress;
    work->ud = ud;
    arena_init(&work->arena);
    struct replay_args a = {.config = run->config, .corpus_dir = corpus, .step = step, .until = step,
                            .metrics = compare, .progress = on_progress, .ud = work};
    int rc = step >= 1 && step <= run->step
                 ? 0 : err_set(err, E_USAGE, "step: run %" PRId64 " has steps 1 to %" PRId64 ", not %" PRId64,
                               run->id, run->step, step);
    if (!rc)
        rc = find_corpus(w, run, corpus, sizeof corpus, err);
    if (!rc)
        rc = find_checkpoint(w, run, step, checkpoint, sizeof checkpoint, &a.branch, err);
    if (!rc)
        rc = (work->q = query_open(w->db, err)) ? load(work, METRIC_total_loss, err) : err->code;
    if (!rc) {
        const struct series *s = &work->series[METRIC_total_loss];
        int at = first_at(s, step);
        out->logged = at < s->n && s->points[at].step == step;
        a.until = at < s->n && s->points[at].step <= run->config.steps ? s->points[at].step : step;
        a.from = *checkpoint ? checkpoint : NULL;
        if (*run->kernel)
            config_set(&a.config, "cpu", run->kernel, NULL); /* the very kernels, or a clear refusal */
        rc = replay_step(&a, &out->replay, err);
    }
    if (work->q)
        query_close(work->q);
    arena_free(&work->arena);
    free(work);
    return rc;
}

void again_free(struct again *a)
{
    replay_free(&a->replay);
}
