/* See report.h. */
#include "ui/cli/report.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/visible.h"
#include "src/event/diagnosis.h"
#include "src/event/verdict.h"
#include "ui/cli/print.h"

#define EARLY 64      /* events kept before the run's number is known */
#define SMOOTH 0.1    /* share of a new training value in the shown mean */

struct report {
    int json, nearly, heading, narrow, state;
    int64_t shown_step;
    double every, started, shown;
    int64_t run;
    struct config config;
    pthread_mutex_t lock;
    struct event *early;  /* [EARLY] */
    struct verdict_input now;
    enum verdict verdict;
    int rule;             /* of the diagnosis told last, -1: none */
    int64_t tokens;
    double rate;          /* tokens a second, smoothed */
    char stage[64];
};

struct report *report_new(int json, double every)
{
    struct report *r = calloc(1, sizeof *r);
    struct event *early = calloc(EARLY, sizeof *early);
    if (!r || !early) {
        free(r);
        free(early);
        return NULL;
    }
    r->early = early;
    r->json = json;
    r->every = every;
    r->state = -1;
    r->rule = -1;
    r->started = clock_now();
    r->rate = NAN;
    verdict_input_init(&r->now);
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r->early);
    free(r);
}

static void json_begin(struct json_out *j, const char *event, const struct event *e)
{
    json_open(j, NULL, '{');
    json_text(j, "event", event);
    json_int(j, "run", e->run);
}

static void json_event(const struct event *e)
{
    struct json_out j = {.f = stdout};
    int training = 0;
    switch (e->kind) {
    case EVENT_METRICS:
        for (int i = 0; i < e->nmetrics; i++)
            training |= e->metrics[i].id < METRIC_VAL;
        json_begin(&j, training ? "step" : "eval", e);
        json_int(&j, "step", e->step);
        json_int(&j, "tokens", e->tokens);
        json_double(&j, "wall_time", e->wall);
        for (int i = 0; i < e->nmetrics; i++)
            json_double(&j, metric_name(e->metrics[i].id), e->metrics[i].value);
        break;
    case EVENT_STATE:
        json_begin(&j, "state", e);
        json_text(&j, "state", run_state_name(e->state));
        break;
    case EVENT_CHECKPOINT:
        json_begin(&j, "checkpoint", e);
        json_int(&j, "step", e->step);
        json_text(&j, "path", e->text);
        json_bool(&j, "best", e->best);
        break;
    case EVENT_MESSAGE:
        json_begin(&j, "message", e);
        json_text(&j, "severity", e->severity == SEV_ERROR ? "error"
                                  : e->severity == SEV_WARN ? "warning" : "info");
        json_text(&j, "text", e->text);
        break;
    case EVENT_PROGRESS:
        json_begin(&j, "progress", e);
        json_text(&j, "stage", e->text);
        json_double(&j, "done", e->done);
        break;
    case EVENT_TOKENS:
    case EVENT_THREADS:
        return;
    }
    json_close(&j, '}');
    json_end(&j);
}

/* The mean that is shown: held-out values as they are, training values smoothed. */
static void take_metrics(struct report *r, const struct event *e)
{
    for (int i = 0; i < e->nmetrics; i++) {
        int id = e->metrics[i].id, row = id >= METRIC_VAL ? id - METRIC_VAL : id;
        double v = e->metrics[i].value;
        if (row < 0 || row >= METRIC_COUNT)
            continue;
        if (id >= METRIC_VAL) {
            int better = metric_table[row].better;
            r->now.val[row] = v;
            if (better && !(better * v <= better * r->now.best[row]))
                r->now.best[row] = v;
        } else if (row == METRIC_tokens_per_s)
            r->rate = isnan(r->rate) ? v : r->rate + SMOOTH * (v - r->rate);
        else {
            double old = r->now.last[row];
            r->now.last[row] = isfinite(old) ? old + SMOOTH * (v - old) : v;
        }
        if (id == METRIC_total_loss)
            r->now.broken = !isfinite(v);
    }
    r->now.step = e->step;
    r->now.steps = r->config.steps;
    r->tokens = e->tokens;
}

static double newest(const struct report *r, int metric)
{
    return isnan(r->now.val[metric]) ? r->now.last[metric] : r->now.val[metric];
}

static void cell(double v, int decimals)
{
    if (isnan(v))
        printf(" %9s", "-");
    else
        printf(" %9.*f", decimals, v);
}

static long stage_seq(const struct report *r, int64_t step)
{
    struct seq_stage stages[SEQ_STAGES_MAX];
    int n = config_stages(&r->config, stages, NULL);
    for (int i = 0; i < n; i++)
        if (step <= stages[i].end)
            return stages[i].seq;
    return r->config.seq;
}

/* A terminal of less than 105 columns gets the columns that fit 80. */
static void heading(struct report *r)
{
    if (r->heading)
        return;
    r->heading = 1;
    r->narrow = print_width() < 105;
    printf("%6s %*s %4s %7s %7s %9s %9s %9s", "done", r->narrow ? 11 : 15, "step", "T", "tokens",
           "tok/s", "generator", "unigram", "AUC own");
    if (!r->narrow)
        printf(" %9s %9s", "AUC comm", "main loss");
    printf("  left\n");
}

static void progress_line(struct report *r)
{
    char a[32], b[32], left[32] = "", step[40];
    double share = r->config.steps ? (double)r->now.step / (double)r->config.steps : 0;
    heading(r);
    int gen = isnan(newest(r, METRIC_mlm_loss_masked)) ? METRIC_gen_loss : METRIC_mlm_loss_masked;
    int loss = isnan(r->now.last[METRIC_disc_loss]) ? METRIC_main_loss : METRIC_disc_loss;
    if (r->rate > 0 && r->tokens > 0 && share > 0)
        print_duration((double)r->tokens * (1 / share - 1) / r->rate, left, sizeof left);
    snprintf(step, sizeof step, "%lld/%ld", (long long)r->now.step, r->config.steps);
    printf("%4.0f %% %*s %4ld %7s %7s", share * 100, r->narrow ? 11 : 15, step,
           stage_seq(r, r->now.step),
           print_count((double)r->tokens, a, sizeof a),
           isnan(r->rate) ? "-" : print_count(r->rate, b, sizeof b));
    cell(newest(r, gen), 3);
    cell(newest(r, METRIC_unigram_loss), 3);
    cell(newest(r, METRIC_rtd_auc), 3);
    if (!r->narrow) {
        cell(newest(r, METRIC_rtd_auc_common), 3);
        cell(newest(r, loss), 4);
    }
    printf("  %s\n", left);
}

/* The verdict, when it is another one than last time. */
static void verdict_line(struct report *r)
{
    char words[256];
    enum verdict v = verdict_say(&r->now, words, sizeof words);
    if (v == r->verdict || !*words)
        return;
    r->verdict = v;
    printf("  -> %s\n", words);
}

/* What is unusual, when it is something else than last time. */
static void diagnosis_line(struct report *r)
{
    struct diagnosis_input in;
    struct diagnosis found[DIAG_RULES];
    diagnosis_input_init(&in, &r->config);
    in.step = r->now.step;
    in.tokens = r->tokens;
    in.not_finite = r->now.broken;
    memcpy(in.last, r->now.last, sizeof in.last);
    memcpy(in.val, r->now.val, sizeof in.val);
    memcpy(in.val_best, r->now.best, sizeof in.val_best);
    int n = diagnose(&in, found), rule = n && found[0].severity > SEV_INFO ? (int)found[0].rule : -1;
    if (rule == r->rule)
        return;
    r->rule = rule;
    if (rule >= 0)
        printf("  !! %s\n     %s: %s\n     seen: %s\n     expected: %s\n", diagnosis_title(rule),
               found[0].cause ? "likely" : "look at", found[0].look, found[0].seen, found[0].expected);
}

static double interval(const struct report *r)
{
    double age = clock_now() - r->started;
    return r->every > 0 ? r->every : age < 60 ? 1 : age < 600 ? 10 : 60;
}

static void plain_event(struct report *r, const struct event *e)
{
    char text[1100];
    double now = clock_now();
    switch (e->kind) {
    case EVENT_METRICS:
        if (e->step == r->shown_step || (now - r->shown < interval(r) && e->step < r->config.steps))
            return;
        r->shown = now;
        r->shown_step = e->step;
        progress_line(r);
        verdict_line(r);
        diagnosis_line(r);
        break;
    case EVENT_STATE:
        if (e->state == r->state)
            return;
        r->state = e->state;
        if (e->state == RUN_PAUSED || e->state == RUN_STOPPING || e->state == RUN_RUNNING)
            printf("run %lld %s\n", (long long)e->run, run_state_name(e->state));
        break;
    case EVENT_MESSAGE:
        if (run_state_find(e->text) >= 0)
            return; /* the store's note of a change of state */
        printf("%s%s\n", e->severity == SEV_INFO ? "" : e->severity == SEV_WARN ? "warning: " : "error: ",
               visible(text, sizeof text, e->text));
        break;
    case EVENT_PROGRESS:
        if (!strncmp(r->stage, e->text, 60) && now - r->shown < interval(r))
            return;
        r->shown = now;
        snprintf(r->stage, sizeof r->stage, "%.60s", e->text);
        printf("%s: %.0f %%\n", visible(text, sizeof text, e->text), e->done * 100);
        break;
    case EVENT_CHECKPOINT:
    case EVENT_TOKENS:
    case EVENT_THREADS:
        return;
    }
    fflush(stdout);
}

static void tell(struct report *r, const struct event *e)
{
    if (e->run != r->run)
        return;
    if (e->kind == EVENT_METRICS)
        take_metrics(r, e);
    if (ferror(stdout))
        return; /* nobody reads any more: the run goes on */
    r->json ? json_event(e) : plain_event(r, e);
}

void report_event(void *report, const struct event *e)
{
    struct report *r = report;
    pthread_mutex_lock(&r->lock);
    if (r->run)
        tell(r, e);
    else if (r->nearly < EARLY && e->kind != EVENT_TOKENS) {
        r->early[r->nearly] = *e;
        r->early[r->nearly++].seq = NULL;
    }
    pthread_mutex_unlock(&r->lock);
}

static void json_config(struct json_out *j, const struct config *c)
{
    char value[CONFIG_TEXT];
    json_open(j, "config", '{');
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        config_get(c, f, value, sizeof value);
        if (f->type == CONFIG_CHOICE || f->type == CONFIG_TEXTUAL)
            json_text(j, f->name, value);
        else
            json_double(j, f->name, strtod(value, NULL));
    }
    json_close(j, '}');
}

void report_start(struct report *r, int64_t run, const struct config *c)
{
    struct json_out j = {.f = stdout};
    char name[CONFIG_TEXT * 2];
    pthread_mutex_lock(&r->lock);
    r->run = run;
    r->config = *c;
    if (r->json) {
        json_open(&j, NULL, '{');
        json_text(&j, "event", "start");
        json_int(&j, "run", run);
        json_text(&j, "name", c->name);
        json_int(&j, "steps", c->steps);
        json_config(&j, c);
        json_close(&j, '}');
        json_end(&j);
    } else {
        printf("run %lld %s: %ld steps of %ld x %ld tokens\n", (long long)run,
               visible(name, sizeof name, c->name), c->steps, c->batch, c->seq);
        fflush(stdout);
    }
    for (int i = 0; i < r->nearly; i++)
        tell(r, &r->early[i]);
    r->nearly = 0;
    pthread_mutex_unlock(&r->lock);
}

static void json_last(const struct query_run *run)
{
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "event", run_state_name(run->state));
    json_int(&j, "run", run->id);
    json_int(&j, "step", run->step);
    json_text(&j, "checkpoint", run->checkpoint);
    if (*run->reason)
        json_text(&j, "reason", run->reason);
    json_close(&j, '}');
    json_end(&j);
}

static void figure(const char *label, double v, int decimals)
{
    if (!isnan(v))
        printf("  %s %.*f", label, decimals, v);
}

static void summary(struct report *r, const struct query_run *run)
{
    char words[256], a[32], b[32], path[2048];
    double used = run->ended > run->started && run->started > 0 ? run->ended - run->started
                                                                 : clock_now() - r->started;
    printf("run %lld %s after %lld of %ld steps, %s tokens in %s\n", (long long)run->id,
           run_state_name(run->state), (long long)run->step, run->config.steps,
           print_count((double)run->tokens, a, sizeof a), print_duration(used, b, sizeof b));
    if (run->state == RUN_FAILED && run->step == 0)
        return; /* it has nothing to tell but its reason */
    printf(" ");
    figure("generator", newest(r, METRIC_mlm_loss_masked), 3);
    figure("unigram", newest(r, METRIC_unigram_loss), 3);
    figure("main", r->now.val[METRIC_main_loss], 3);
    figure("AUC own", newest(r, METRIC_rtd_auc), 3);
    figure("AUC common", newest(r, METRIC_rtd_auc_common), 3);
    figure("skill", newest(r, METRIC_disc_skill), 3);
    printf("\n");
    if (verdict_say(&r->now, words, sizeof words) != VERDICT_NONE)
        printf("  verdict: %s\n", words);
    if (*run->checkpoint)
        printf("  checkpoint: %s\n", visible(path, sizeof path, run->checkpoint));
    if (run->state == RUN_STOPPED)
        printf("  go on: electroscope train --resume %lld\n", (long long)run->id);
    if (run->state == RUN_DONE && *run->checkpoint)
        printf("  look inside: electroscope inspect --run %lld --text 'your sentence'\n",
               (long long)run->id);
    fflush(stdout);
}

void report_end(struct report *r, const struct query_run *run)
{
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < METRIC_COUNT; i++) { /* what was not heard as it happened */
        if (isnan(r->now.last[i]) && run->has[i])
            r->now.last[i] = run->last[i];
        if (run->val_has[i]) {
            r->now.val[i] = run->val_last[i];
            r->now.best[i] = run->val_best[i];
        }
    }
    r->now.step = run->step;
    r->now.steps = run->config.steps;
    if (!ferror(stdout))
        r->json ? json_last(run) : summary(r, run);
    pthread_mutex_unlock(&r->lock);
}
