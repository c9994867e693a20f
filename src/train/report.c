/* What a run tells: events from losses. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/train/run_int.h"

static struct event *start(struct run *r, enum event_kind kind)
{
    struct event *e = &r->event;
    e->kind = kind;
    e->run = r->args->id;
    e->step = r->s.step;
    e->tokens = r->s.tokens;
    e->wall = run_wall(r);
    e->text[0] = 0;
    e->nmetrics = e->nthreads = e->best = 0;
    e->seq = NULL;
    return e;
}

static void emit(struct run *r)
{
    if (r->args->sink.emit)
        r->args->sink.emit(r->args->sink.ud, &r->event);
    else
        free(r->event.seq);
    r->event.seq = NULL;
}

void report_state(struct run *r, int state, const char *text)
{
    struct event *e = start(r, EVENT_STATE);
    e->state = state;
    snprintf(e->text, sizeof e->text, "%s", text ? text : "");
    emit(r);
}

void report_message(struct run *r, int severity, const char *fmt, ...)
{
    struct event *e = start(r, EVENT_MESSAGE);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    e->severity = severity;
    emit(r);
}

void report_warning(void *run, const char *text)
{
    report_message(run, SEV_WARN, "%s", text);
}

void report_checkpoint(struct run *r, const char *path, int best)
{
    struct event *e = start(r, EVENT_CHECKPOINT);
    snprintf(e->text, sizeof e->text, "%s", path);
    e->best = best;
    emit(r);
}

void report_threads(struct run *r, const char *what, int always)
{
    double now = clock_now();
    if (!always && now < r->threads_at + 1)
        return;
    struct event *e = start(r, EVENT_THREADS);
    int most = (int)(sizeof e->threads / sizeof e->threads[0]);
    r->threads_at = now;
    e->nthreads = r->core.threads < most ? r->core.threads : most;
    for (int i = 0; i < e->nthreads; i++) {
        const char *does = i == 0 ? what : strcmp(what, "paused") ? "slices" : "idle";
        snprintf(e->threads[i].what, sizeof e->threads[i].what, "%s", does);
        e->threads[i].cpu = i == 0 ? clock_thread_cpu() : pool_cpu(r->core.pool, i);
    }
    emit(r);
}

static void put(struct event *e, int id, double value)
{
    if (e->nmetrics == EVENT_METRICS_MAX)
        return;
    e->metrics[e->nmetrics].id = id;
    e->metrics[e->nmetrics++].value = value;
}

static double share(double a, double b)
{
    return b > 0 ? a / b : 0;
}

/* 1 - disc_loss / H(share of fakes among the tokens that count). */
static double disc_skill(const struct losses *l)
{
    double p = share(l->fake_n, l->disc_n), h = -p * log(p) - (1 - p) * log1p(-p);
    return p > 0 && p < 1 ? 1 - l->disc / h : 0;
}

/* The value of one metric; *there 0 where this step has none (another phase, no such token). */
static double metric_value(const struct losses *l, const struct auc *auc, double common, int id,
                           int *there)
{
    double all = l->tp + l->fp + l->fn + l->tn, masked = l->masked_n, slots = l->gen_weight;
    double real = all - l->fake_n;
    switch (id) {
    case METRIC_total_loss: return l->total;
    case METRIC_main_loss: return l->main;
    case METRIC_rl_loss: return l->rl;
    case METRIC_baseline_loss: return l->baseline;
    case METRIC_gen_loss: *there = slots > 0; return l->gen;
    case METRIC_mlm_loss_masked: *there = masked > 0; return l->masked_sum / masked;
    case METRIC_unigram_loss: *there = masked > 0; return l->unigram_sum / masked;
    case METRIC_mlm_accuracy: *there = slots > 0; return l->correct / slots;
    case METRIC_sampled_accuracy: *there = slots > 0; return l->sampled_same / slots;
    case METRIC_gen_entropy: *there = slots > 0; return l->entropy_sum / slots;
    case METRIC_rtd_auc_common: *there = !isnan(common); return common;
    default: break;
    }
    *there = all > 0;
    switch (id) {
    case METRIC_disc_loss: return l->disc;
    case METRIC_disc_skill: return disc_skill(l);
    case METRIC_fake_share: return share(l->fake_n, all);
    case METRIC_said_share: return share(l->tp + l->fp, all);
    case METRIC_rtd_accuracy: return share(l->tp + l->tn, all);
    case METRIC_rtd_majority: return share(fmax(l->fake_n, real), all);
    case METRIC_rtd_precision: return share(l->tp, l->tp + l->fp);
    case METRIC_rtd_recall: return share(l->tp, l->fake_n);
    case METRIC_leaf_angle:
        *there = l->fake_n > 0 && real > 0;
        return l->p_fake_sum / l->fake_n - l->p_real_sum / real;
    case METRIC_rtd_auc: {
        double value = auc ? auc_value(auc) : NAN;
        *there = !isnan(value);
        return value;
    }
    default: *there = 0; return 0;
    }
}

static void put_losses(struct run *r, const struct losses *l, const struct auc *auc, double common,
                       int prefix)
{
    for (const int *id = r->objective->metrics; *id >= 0; id++) {
        int there = 1;
        double value = metric_value(l, auc, common, *id, &there);
        if (there)
            put(&r->event, prefix + *id, value);
    }
}

void report_step(struct run *r, const struct update *u, const struct auc *auc, int T, int64_t step)
{
    struct event *e = start(r, EVENT_METRICS);
    e->step = step;
    put_losses(r, &u->losses, auc, NAN, 0);
    put(e, METRIC_learning_rate, u->rate);
    put(e, METRIC_grad_norm, u->norm);
    if (r->step_seconds > 0)
        put(e, METRIC_tokens_per_s, r->step_tokens / r->step_seconds);
    put(e, METRIC_flops, r->s.flops);
    put(e, METRIC_flops_paper, r->s.flops_paper);
    put(e, METRIC_seq_len, T);
    r->step_seconds = r->step_tokens = 0;
    emit(r);
}

void report_tuned(struct run *r, double score)
{
    struct event *e = start(r, EVENT_METRICS);
    put(e, METRIC_probe_score, score);
    emit(r);
}

void report_validation(struct run *r, const struct losses *l, const struct auc *auc, double common)
{
    start(r, EVENT_METRICS);
    put_losses(r, l, auc, common, METRIC_VAL);
    emit(r);
}

void report_tokens(struct run *r, int source, int sentence, const struct token_row *rows, int n)
{
    struct token_seq *seq = malloc(sizeof *seq + (size_t)n * sizeof *rows);
    if (!seq)
        return; /* one picture less: training goes on */
    seq->n = n;
    seq->sentence = sentence;
    memcpy(seq->rows, rows, (size_t)n * sizeof *rows);
    struct event *e = start(r, EVENT_TOKENS);
    e->source = source;
    e->seq = seq;
    emit(r);
}
