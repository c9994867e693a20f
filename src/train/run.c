/* A run from its configuration to its last checkpoint. The loop is in train(): between steps it
 * does what it is asked to, then one step, then whatever is due at that step. What is due is a
 * function of the step and the configuration, so that a resumed run does the same. */
#include "src/train/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/visible.h"
#include "src/train/run_int.h"

#define PATH_SIZE 4096

/* Writes the state as it is. kept: part of the schedule, so older ones may go. */
static int save(struct run *r, int kept, struct err *err)
{
    const struct run_args *a = r->args;
    char path[PATH_SIZE];
    int best = 0;
    if (r->saved == r->s.step)
        return 0;
    r->doing = "checkpoint";
    report_threads(r, r->doing, 0);
    r->s.updates = r->core.opt.updates;
    r->s.wall = run_wall(r);
    if (kept && !isnan(r->s.last)) {
        int higher = r->objective->main_heads & HEAD_RTD;
        best = isnan(r->s.best) || (higher ? r->s.last > r->s.best : r->s.last < r->s.best);
    }
    struct checkpoint_state s = r->s;
    if (kept)
        s.health.good = s.step;
    if (best) {
        s.best = s.last;
        s.best_step = s.step;
    }
    const float *values = learner_values(r->core.learner);
    if (!isfinite(r->core.math->sumsq(r->core.model.table.floats, values)))
        return err_set(err, E_FAIL, "step %" PRId64 ": the weights are not finite, so no checkpoint is written",
                       s.step);
    int rc = a->sink.flush ? a->sink.flush(a->sink.ud) : 0;
    if (rc) /* a run that went on from it would miss those rows for ever */
        return err_set(err, rc, "the store cannot be written and lacks rows up to step %" PRId64, s.step);
    rc = checkpoint_save(a->checkpoint_dir, &r->core.model, values, r->core.opt.m, r->core.opt.v, &s,
                             &r->core.config, corpus_vocab(r->corpus), corpus_text_options(r->corpus), path,
                             sizeof path, err);
    if (rc)
        return rc;
    r->s = s;
    r->saved = s.step;
    memcpy(r->path, path, sizeof r->path);
    report_checkpoint(r, path, best);
    struct err why = {0, ""};
    if (kept && checkpoint_prune(a->checkpoint_dir, (int)r->core.config.keep_checkpoints, r->s.best_step, &why))
        report_message(r, SEV_WARN, "an old checkpoint stays: %.400s", why.text);
    return 0;
}

/* A checkpoint that may fail: the run goes on with what is on disk already. */
static void try_save(struct run *r, int kept)
{
    struct err why = {0, ""};
    if (save(r, kept, &why))
        report_message(r, SEV_ERROR, "no checkpoint at step %" PRId64 ": %.400s", r->s.step, why.text);
}

static int asked(const struct run *r)
{
    return r->args->control ? atomic_load(&r->args->control->ask) : ASK_NONE;
}

static int wants_checkpoint(struct run *r)
{
    return r->args->control && atomic_exchange(&r->args->control->checkpoint, 0);
}

static void pause_run(struct run *r)
{
    report_state(r, RUN_PAUSED, "");
    report_threads(r, "paused", 1);
    while (asked(r) == ASK_PAUSE) {
        if (wants_checkpoint(r))
            try_save(r, 0);
        evaluate_live(r);
        evaluate_own(r);
        clock_sleep(0.05);
    }
    if (asked(r) != ASK_STOP && asked(r) != ASK_KILL)
        report_state(r, RUN_RUNNING, "");
}

/* What the world asks for, between steps. E_STOPPED ends the run. */
static int obey(struct run *r, struct err *err)
{
    if (wants_checkpoint(r))
        try_save(r, 0);
    if (asked(r) == ASK_PAUSE)
        pause_run(r);
    if (asked(r) == ASK_KILL)
        return err_set(err, E_STOPPED, "stopped at step %" PRId64 " without a checkpoint", r->s.step);
    if (asked(r) != ASK_STOP)
        return 0;
    report_state(r, RUN_STOPPING, "");
    int rc = save(r, 0, err);
    return rc ? rc : err_set(err, E_STOPPED, "stopped at step %" PRId64 " after a checkpoint", r->s.step);
}

struct fill {
    struct run *r;
    const struct sequences *s;
    uint64_t first;
};

static void fill_row(void *ud, int row)
{
    struct fill *f = ud;
    struct batch_room *t = &f->r->core.train;
    size_t at = (size_t)row * (size_t)t->b.T;
    sequences_get(f->s, f->first + (uint64_t)row, t->ids + at, t->segments + at, t->mask + at);
}

static double batch_tokens(const struct batch *b)
{
    double n = 0;
    for (int i = 0; b->mask && i < b->B * b->T; i++)
        n += b->mask[i];
    return b->mask ? n : (double)b->B * (double)b->T;
}

/* Who asks about a sentence does not wait for the end of a long step. */
static void within_step(void *run)
{
    evaluate_own(run);
}

/* One step: batch -> masked -> learner -> update. Allocates nothing. */
static void step(struct run *r, struct update *u, struct auc *auc)
{
    struct core *c = &r->core;
    int64_t index = r->s.step;
    int stage = run_stage(r, index), phase = run_phase(r, index);
    int B = (int)c->stages[stage].batch, T = (int)c->stages[stage].seq;
    double start = clock_now();
    uint64_t batch = (uint64_t)config_batch(r->skip, r->nskip, index);
    struct fill f = {r, r->stream[stage], batch * (uint64_t)B};
    batch_room_set(&c->train, &c->config, B, T);
    c->train.b.step = (uint32_t)index;
    core_mask(c, &c->train, fill_row, &f);
    u->stage = phase;
    u->optimiser = &r->phase[phase];
    u->rate = schedule_rate(u->optimiser, phase ? index - r->phase_first : index);
    core_update(c, u, auc);
    r->stepped = 1;
    r->s.row = f.first + (uint64_t)B;
    r->s.tokens += (int64_t)batch_tokens(&c->train.b);
    r->s.flops += core_flops(c, T, B, phase, 0);
    r->s.flops_paper += core_flops(c, T, B, phase, 1);
    r->step_tokens += batch_tokens(&c->train.b);
    r->step_seconds += clock_now() - start;
}

/* A loss or gradient that is not finite; the update was not applied. 0: go on with the next step. */
static int odd_loss(struct run *r, struct err *err)
{
    int policy = r->core.config.on_nan;
    int64_t at = r->s.step + 1;
    r->odd_steps++;
    if (policy == NAN_STOP) {
        try_save(r, 0); /* weights of the last finite step, beside the older checkpoints */
        return err_set(err, E_FAIL, "step %" PRId64 ": the loss or its gradient is not finite; the weights "
                       "of step %" PRId64 " were kept", at, r->s.step);
    }
    if (!(r->odd_steps & (r->odd_steps - 1))) /* not a line for each of many */
        report_message(r, SEV_ERROR, "step %" PRId64 ": the loss or its gradient is not finite; the update "
                       "is left out", at);
    if (policy == NAN_PAUSE && r->args->control)
        atomic_store(&r->args->control->ask, ASK_PAUSE);
    return 0;
}

/* Everything that is due after step s.step. */
static int due(struct run *r, struct err *err)
{
    const struct config *c = &r->core.config;
    int64_t at = r->s.step;
    /* the first too: its learning rate is 0 with warm-up, so it shows the untrained networks */
    int ends = at == 1 || at == c->steps, last = at == c->steps, rc = 0;
    if (ends || at % c->eval_every == 0) {
        report_threads(r, "validation", 0);
        rc = evaluate(r, err);
    }
    if (!rc && (ends || at % c->snapshot_every == 0))
        evaluate_snapshot(r);
    if (rc || last)
        return rc ? rc : save(r, 1, err);
    if (at % c->checkpoint_every == 0)
        try_save(r, 1);
    return 0;
}

int run_is_logged(const struct config *c, int64_t at)
{
    return at <= 100 || at % c->log_every == 0 || at == c->steps;
}

void run_advance(struct run *r, struct update *u)
{
    int64_t index = r->s.step, at = index + 1;
    int logged = run_is_logged(&r->core.config, at), stage = run_stage(r, index);
    if (index == r->phase_first)
        run_switch(r);
    if (logged)
        memset(&r->auc, 0, sizeof r->auc);
    step(r, u, logged ? &r->auc : NULL);
    if (logged || !u->finite)
        report_step(r, u, logged ? &r->auc : NULL, (int)r->core.stages[stage].seq, at);
}

/* What the rules of health.h find in a finite step. Said before anything is due, so that the rows
 * are in the store before a checkpoint that knows of them. */
static int look(struct run *r, const struct update *u)
{
    int64_t index = r->s.step - 1, first = r->phase_first;
    int phase = run_phase(r, index);
    if (index == first || (index > 0 && run_stage(r, index) != run_stage(r, index - 1)))
        health_turn(&r->s.health);
    struct health_step s = {.config = &r->core.config, .losses = &u->losses, .step = r->s.step,
                            .tokens = r->s.tokens,
                            .first = phase ? first : 0, .phase = phase,
                            .steps = phase ? r->core.config.steps - first : first};
    int n = health_step(&r->s.health, &s, r->findings);
    for (int i = 0; i < n; i++)
        report_message(r, r->findings[i].policy == HEALTH_STOP ? SEV_ERROR : SEV_WARN, "%s",
                       r->findings[i].text);
    return n;
}

/* What the configuration says of the n findings of this step. */
static int heed(struct run *r, int n, struct err *err)
{
    for (int i = 0; i < n; i++) {
        if (r->findings[i].policy == HEALTH_STOP) {
            try_save(r, 0); /* the state as it is; older checkpoints stay */
            return err_set(err, E_FAIL, "%s", r->findings[i].text);
        }
        if (r->findings[i].policy == HEALTH_PAUSE && r->args->control)
            atomic_store(&r->args->control->ask, ASK_PAUSE);
    }
    return 0;
}

/* Fine-tunes on the way, before the step after a probe step, so that a run that was cut short
 * there, or goes on from there, does it again. Its failure is no failure of the run. */
static void tune(struct run *r)
{
    const struct run_args *a = r->args;
    struct err why = {0, ""};
    double score;
    if (!a->tune || r->tuned == r->s.step || !config_probes_at(&r->core.config, r->s.step))
        return;
    try_save(r, 0);
    if (r->saved != r->s.step)
        return;
    r->doing = "fine-tuning";
    report_threads(r, r->doing, 1);
    int rc = a->tune(a->tune_ud, r->s.step, r->path, &score, &why);
    if (rc == E_STOPPED)
        return;
    r->tuned = r->s.step;
    if (rc)
        report_message(r, SEV_WARN, "no fine-tuning at step %" PRId64 ": %.400s", r->s.step, why.text);
    else
        report_tuned(r, score);
}

/* Obeys, and tunes where the step at hand says so: what is asked meanwhile comes first. */
static int between_steps(struct run *r, struct err *err)
{
    for (;;) {
        int rc = obey(r, err);
        if (rc)
            return rc;
        tune(r);
        int ask = asked(r);
        if (ask == ASK_NONE || ask == ASK_RUN)
            return 0;
    }
}

static int train(struct run *r, struct err *err)
{
    const struct config *c = &r->core.config;
    while (r->s.step < c->steps) {
        int rc = between_steps(r, err), found = 0;
        if (rc)
            return rc;
        struct update u = {0};
        struct checkpoint_state before = r->s;
        run_advance(r, &u);
        if (!u.finite) {
            struct checkpoint_state after = r->s;
            r->s = before;
            rc = odd_loss(r, err);
            if (rc)
                return rc;
            r->s = after;
        } else {
            r->odd_steps = 0;
        }
        r->s.step++;
        if (u.finite)
            found = look(r, &u);
        report_threads(r, "step", 0);
        rc = due(r, err);
        if (!rc)
            rc = heed(r, found, err);
        if (rc)
            return rc;
        evaluate_live(r);
        evaluate_own(r);
    }
    /* a stop that comes after the last step has nothing left to stop, but for this */
    return config_probes_at(c, r->s.step) ? between_steps(r, err) : 0;
}

static void finish(struct run *r, int rc, const struct err *err)
{
    int state = rc == 0 ? RUN_DONE : rc == E_STOPPED ? RUN_STOPPED : RUN_FAILED;
    if (rc && rc != E_STOPPED)
        report_message(r, SEV_ERROR, "%s", err->text);
    report_state(r, state, rc ? err->text : "");
}

/* The checkpoint that a run goes on from may be news to the store: its writer died, or could not
 * sync the directory, between giving it its name and telling of it. */
static void report_known(struct run *r)
{
    const char *path = r->args->resume, *dir = r->args->checkpoint_dir;
    size_t n = strlen(dir);
    if (path && !strncmp(path, dir, n) && path[n] == '/')
        report_checkpoint(r, path, r->s.best_step == r->s.step);
}

int run_train(const struct run_args *args, struct err *err)
{
    struct err mine = {0, ""};
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err, "a run");
    r->args = args;
    r->started = clock_now();
    report_state(r, RUN_PREPARING, "");
    checkpoint_sweep(args->checkpoint_dir);
    int rc = run_open(r, args, &mine);
    if (!rc) {
        report_known(r);
        learner_between(r->core.learner, within_step, r);
        report_state(r, RUN_RUNNING, "");
        rc = train(r, &mine);
    }
    finish(r, rc, &mine);
    run_close(r);
    free(r);
    return rc ? err_set(err, rc, "%s", mine.text) : 0;
}
