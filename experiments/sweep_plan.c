/* What of an experiment is still to be done, what it will cost, and handing it over. See sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "experiments/edit.h"
#include "experiments/host.h"
#include "experiments/prepare.h"
#include "experiments/speed.h"
#include "experiments/sweep.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/model/model.h"

#define MEASURE_SECONDS 2 /* spent on a measurement */

static const char *const status_names[] = {"new", "done", "running", "resume", "failed"};

const char *sweep_status_name(int status)
{
    return status >= 0 && status <= SWEEP_FAILED ? status_names[status] : "unknown";
}

/* The main network alone, as the second phase of two_stage trains it. */
static double main_flops(const struct config *c, int V, int seq, int batch, int paper)
{
    struct config alone = *c;
    alone.generator = GEN_UNIFORM;
    alone.objective = OBJ_ELECTRA;
    return model_flops(&alone, V, seq, batch, paper);
}

double sweep_flops(const struct config *c, int V, int paper)
{
    struct seq_stage stages[SEQ_STAGES_MAX];
    double sum = 0;
    int n = config_stages(c, stages, NULL);
    for (int i = 0; i < n; i++) {
        int T = (int)stages[i].seq, B = (int)stages[i].batch;
        double one = model_flops(c, V, T, B, paper), steps = (double)(stages[i].end - stages[i].first);
        if (c->objective == OBJ_TWO_STAGE) { /* half the steps each: generator, then the other */
            double alone = main_flops(c, V, T, B, paper), passes = paper ? 2 : 3;
            one = ((one - alone) + alone + (one - alone) / passes) / 2;
        }
        sum += one * steps;
    }
    return sum;
}

static double run_tokens(const struct config *c)
{
    return (double)c->steps * (double)c->batch * (double)c->seq;
}

/* Without a host nothing is at work, whatever a host that was killed has left in the store. */
static int status_of(const struct query_run *r, int host)
{
    if (r->state == RUN_DONE)
        return SWEEP_DONE;
    if (r->state == RUN_FAILED)
        return SWEEP_FAILED;
    return r->state == RUN_STOPPED || r->state == RUN_LOST || !host ? SWEEP_RESUME : SWEEP_LIVE;
}

int sweep_of_tags(const char *tags, int i, char *out, size_t size)
{
    for (const char *p = tags; *p; p += *p == ',') {
        size_t n = strcspn(p, ","), head = sizeof SWEEP_TAG - 1;
        if (n > head && !strncmp(p, SWEEP_TAG, head) && i-- == 0) {
            snprintf(out, size, "%.*s", (int)(n - head), p + head);
            return 1;
        }
        p += n;
    }
    return 0;
}

/* A run that is there already has the tags of whoever began it: `out` is those and this sweep's; ""
 * where it has it, or where they are too long. */
static void shared_tags(const char *have, const char *want, char out[CONFIG_TEXT])
{
    char mine[CONFIG_TEXT], name[CONFIG_TEXT];
    out[0] = 0;
    if (!sweep_of_tags(want, 0, mine, sizeof mine))
        return;
    for (int i = 0; sweep_of_tags(have, i, name, sizeof name); i++)
        if (!strcmp(name, mine))
            return;
    if (snprintf(out, CONFIG_TEXT, "%s%s" SWEEP_TAG "%s", have, *have ? "," : "", mine) >= CONFIG_TEXT)
        out[0] = 0;
}

/* Of several runs of one configuration the furthest counts: done, running, to resume, failed. */
static void look_up(const struct sweep *s, const struct query_run *runs, int n, int host,
                    struct sweep_plan *p)
{
    for (int i = 0; i < s->n; i++) {
        uint64_t hash = config_hash(&s->runs[i].config);
        struct sweep_item *item = &p->items[i];
        for (int k = 0; k < n; k++) {
            int status = status_of(&runs[k], host);
            if (runs[k].config_hash != hash || (item->status && item->status <= status))
                continue;
            item->status = status;
            item->run = runs[k].id;
            shared_tags(runs[k].tags, s->runs[i].config.tags, item->tags);
        }
    }
}

static int same_shape(const struct config *a, const struct config *b)
{
    return a->layers == b->layers && a->hidden_size == b->hidden_size && a->ffn_size == b->ffn_size &&
           a->generator_hidden_size == b->generator_hidden_size && a->objective == b->objective;
}

/* FLOP/s that a run of this shape (c NULL: of any shape) reached here. */
static double known_rate(const struct config *c, const struct query_run *runs, int n, int64_t *run)
{
    for (int i = 0; i < n; i++) {
        const struct query_run *r = &runs[i];
        double flops = r->last[METRIC_flops], speed = r->last[METRIC_tokens_per_s];
        if (!r->has[METRIC_flops] || !r->has[METRIC_tokens_per_s] ||
            (c && !same_shape(c, &r->config)) || !(flops > 0) || !(speed > 0) || r->tokens <= 0)
            continue;
        *run = r->id;
        return flops / (double)r->tokens * speed;
    }
    return 0;
}

/* A few steps of this shape, cut down where one would take long. */
static double measured_rate(const struct config *c, int V, char *source, size_t size)
{
    struct speed s;
    struct err why = {0};
    if (speed_measure(c, V, MEASURE_SECONDS, NULL, &s, &why)) {
        snprintf(source, size, "not known: %.150s", why.text);
        return 0;
    }
    snprintf(source, size, "%.1f GFLOP/s, measured just now on %d threads with the %s kernels%s%s",
             s.rate * 1e-9, s.threads, s.kernel, *s.of ? ", " : "", s.of);
    return s.rate;
}

static int costliest(const struct sweep *s, const struct sweep_plan *p)
{
    int best = 0;
    for (int i = 1; i < s->n; i++)
        if (p->items[i].flops > p->items[best].flops)
            best = i;
    return best;
}

static void estimate(const struct sweep *s, const struct query_run *runs, int n, int measure,
                     int retry_failed, int V, struct sweep_plan *p)
{
    int64_t run = 0;
    int most = costliest(s, p);
    p->rate = known_rate(&s->runs[most].config, runs, n, &run);
    if (p->rate > 0)
        snprintf(p->source, sizeof p->source, "%.1f GFLOP/s, as run %lld of this shape reached here",
                 p->rate / 1e9, (long long)run);
    else if (measure)
        p->rate = measured_rate(&s->runs[most].config, V, p->source, sizeof p->source);
    else
        snprintf(p->source, sizeof p->source, "not known: no run of this shape yet");
    p->rough = known_rate(NULL, runs, n, &p->rough_run);
    for (int i = 0; i < s->n; i++) {
        struct sweep_item *item = &p->items[i];
        double rate = known_rate(&s->runs[i].config, runs, n, &run);
        item->seconds = item->flops / (rate > 0 ? rate : p->rate > 0 ? p->rate : NAN);
        if (item->status != SWEEP_NEW && item->status != SWEEP_RESUME &&
            (item->status != SWEEP_FAILED || !retry_failed))
            continue;
        p->todo++;
        p->tokens += item->tokens;
        p->flops += item->flops;
        p->flops_paper += item->flops_paper;
        p->seconds += item->seconds;
    }
}

static int read_store(const struct workspace *w, struct arena *a, struct query_run **runs,
                      struct err *err)
{
    struct err why = {0};
    struct query *q = query_open(w->db, &why);
    if (!q)
        return why.code == E_NOTFOUND ? 0 : err_set(err, why.code, "%s", why.text);
    int n = query_runs(q, 1, a, runs, err);
    query_close(q);
    return n;
}

/* Runs of a sweep mostly share a vocabulary: it is read once. */
static int vocab_size_after(const struct workspace *w, const struct config *before, int V,
                            const struct config *c, struct err *err)
{
    if (before && !strcmp(before->corpus, c->corpus) && !strcmp(before->vocab, c->vocab) &&
        before->vocab_size == c->vocab_size)
        return V;
    return prepare_vocab_size(w, c, err);
}

int sweep_plan(const struct workspace *w, const struct sweep *s, int retry_failed, int measure,
               struct sweep_plan *out, struct err *err)
{
    struct query_run *runs = NULL;
    struct arena a;
    memset(out, 0, sizeof *out);
    out->items = calloc((size_t)s->n + 1, sizeof *out->items);
    if (!out->items)
        return err_nomem(err, "a plan");
    arena_init(&a);
    int n = read_store(w, &a, &runs, err), V = 0;
    for (int i = 0; n >= 0 && V >= 0 && i < s->n; i++) {
        struct sweep_item *item = &out->items[i];
        const struct config *c = &s->runs[i].config;
        V = vocab_size_after(w, i ? &s->runs[i - 1].config : NULL, V, c, err);
        item->tokens = run_tokens(c);
        item->flops = V > 0 ? sweep_flops(c, V, 0) : 0;
        item->flops_paper = V > 0 ? sweep_flops(c, V, 1) : 0;
    }
    if (n >= 0 && V >= 0) {
        look_up(s, runs, n, host_alive(w), out);
        estimate(s, runs, n, measure, retry_failed, V, out);
        for (int i = 0; i < s->n; i++) /* what is not to be retried is no longer to do */
            if (out->items[i].status == SWEEP_FAILED && retry_failed)
                out->items[i].status = SWEEP_RESUME;
    }
    arena_free(&a);
    if (n < 0 || V < 0) {
        sweep_plan_free(out);
        return n < 0 ? n : V;
    }
    return 0;
}

void sweep_plan_free(struct sweep_plan *p)
{
    free(p->items);
    memset(p, 0, sizeof *p);
}

int sweep_submit(const struct sweep *s, struct sweep_plan *p, const struct sweep_sink *sink,
                 struct err *err)
{
    int rc = 0;
    for (int i = 0; !rc && i < s->n; i++) {
        struct sweep_item *item = &p->items[i];
        if (item->status == SWEEP_NEW)
            item->tags[0] = 0; /* the new run has its own */
        if (item->status == SWEEP_NEW)
            rc = sink->submit(sink->ud, &s->runs[i].config, &item->run, err);
        else if (item->status == SWEEP_RESUME)
            rc = sink->resume(sink->ud, item->run, err);
        else
            continue;
        if (!rc)
            item->status = SWEEP_LIVE;
    }
    for (int i = 0; !rc && sink->tag && i < s->n; i++) /* last: the runs matter more */
        if (p->items[i].run && *p->items[i].tags) {
            rc = sink->tag(sink->ud, p->items[i].run, p->items[i].tags, err);
            p->items[i].tags[0] = 0;
        }
    return rc;
}

static int submit_here(void *ud, const struct config *c, int64_t *id, struct err *err)
{
    return host_submit(ud, c, id, err);
}

static int resume_here(void *ud, int64_t run, struct err *err)
{
    return host_resume_run(ud, run, err);
}

static int tag_here(void *ud, int64_t run, const char *tags, struct err *err)
{
    return host_tag(ud, run, tags, err);
}

struct sweep_sink sweep_to_host(struct host *h)
{
    return (struct sweep_sink){submit_here, resume_here, tag_here, h};
}

static int submit_there(void *ud, const struct config *c, int64_t *id, struct err *err)
{
    return host_client_submit(ud, c, 1, id, err);
}

static int resume_there(void *ud, int64_t run, struct err *err)
{
    return host_client_op(ud, "resume", run, 1, err);
}

static int tag_there(void *ud, int64_t run, const char *tags, struct err *err)
{
    return edit_run(ud, "tag", run, tags, err);
}

struct sweep_sink sweep_to_client(const struct workspace *w)
{
    return (struct sweep_sink){submit_there, resume_there, tag_there, (void *)w};
}
