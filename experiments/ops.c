/* What may be asked over the socket: one row an op. A request is a JSON object with "v": 1 and
 * "op"; most name a "run". The answer is {"ok":true,...} or {"ok":false,"error":sentence}. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/edit.h"
#include "experiments/scores.h"
#include "experiments/host_int.h"
#include "src/base/clock.h"
#include "src/base/visible.h"
#include "src/train/checkpoint.h"

#define SHOW(s) visible((char[100]){0}, 100, (s))
#define LATER 1          /* the answer comes from another thread */
#define LISTED_MAX 200   /* runs in one answer: it must stay below 64 KiB */

struct request {
    struct host *h;
    struct connection *c;
    json_t *in, *out;
    int64_t run;
    struct job *job; /* of this host's life, or NULL */
};

static int not_here(const struct request *r, struct err *err)
{
    return err_set(err, E_NOTFOUND, "run %lld is not at work in this host", (long long)r->run);
}

/* Strings by field; preset first, because the others are on top of it. */
static int read_config(const json_t *fields, struct config *c, struct err *err)
{
    const char *key;
    json_t *value;
    config_default(c);
    const char *preset = json_string_value(json_object_get(fields, "preset"));
    int rc = preset ? config_preset(c, preset, err) : 0;
    json_object_foreach((json_t *)fields, key, value) {
        if (rc)
            return rc;
        if (!json_is_string(value))
            return err_set(err, E_USAGE, "%s: the value is not a string", SHOW(key));
        if (strcmp(key, "preset"))
            rc = config_set(c, key, json_string_value(value), err);
    }
    return rc;
}

static int op_submit(struct request *r, struct err *err)
{
    json_t *fields = json_object_get(r->in, "config");
    struct config c;
    int64_t id = 0;
    if (!json_is_object(fields))
        return err_set(err, E_USAGE, "submit: config is not an object of strings");
    int rc = read_config(fields, &c, err);
    if (!rc)
        rc = host_submit(r->h, &c, &id, err);
    if (!rc)
        json_object_set_new(r->out, "run", json_integer(id));
    return rc;
}

static int op_branch(struct request *r, struct err *err)
{
    json_t *fields = json_object_get(r->in, "config"), *step = json_object_get(r->in, "step");
    struct config c;
    int64_t id = 0;
    if (!json_is_object(fields))
        return err_set(err, E_USAGE, "branch: config is not an object of strings");
    int rc = read_config(fields, &c, err);
    if (!rc)
        rc = host_branch(r->h, r->run, step ? json_integer_value(step) : -1, &c, &id, err);
    if (!rc)
        json_object_set_new(r->out, "run", json_integer(id));
    return rc;
}

static int op_open(struct request *r, struct err *err)
{
    const char *dir = json_string_value(json_object_get(r->in, "dir"));
    int64_t id = 0;
    if (!dir || !*dir)
        return err_set(err, E_USAGE, "open: dir is missing");
    int rc = host_open_checkpoint(r->h, dir, &id, err);
    if (!rc)
        json_object_set_new(r->out, "run", json_integer(id));
    return rc;
}

static int op_pause(struct request *r, struct err *err)
{
    return r->job ? job_pause(r->job, err) : not_here(r, err);
}

static int op_resume(struct request *r, struct err *err)
{
    return host_resume_run(r->h, r->run, err);
}

static int op_stop(struct request *r, struct err *err)
{
    return r->job ? job_stop(r->job, 0, err) : not_here(r, err);
}

static int op_kill(struct request *r, struct err *err)
{
    return r->job ? job_stop(r->job, 1, err) : not_here(r, err);
}

static int op_checkpoint(struct request *r, struct err *err)
{
    return r->job ? job_checkpoint(r->job, err) : not_here(r, err);
}

static int op_watch(struct request *r, struct err *err)
{
    json_t *seconds = json_object_get(r->in, "seconds");
    return r->job ? job_watch(r->job, seconds ? json_number_value(seconds) : 10, err)
                  : not_here(r, err);
}

struct edit {
    struct host *h;
    const char *op, *text;
    int64_t run;
    struct err *err;
};

static int edit_call(struct store *s, void *ud)
{
    struct edit *e = ud;
    return edit_store(s, &e->h->w, e->op, e->run, e->text, e->err);
}

int host_tag(struct host *h, int64_t run, const char *tags, struct err *err)
{
    struct edit e = {h, "tag", tags, run, err};
    return recorder_call(h->recorder, edit_call, &e);
}

static int op_edit(struct request *r, struct err *err)
{
    const char *text = json_string_value(json_object_get(r->in, "text"));
    struct edit e = {r->h, json_string_value(json_object_get(r->in, "op")), text, r->run, err};
    if (!strcmp(e.op, "delete") && r->job && (job_live(r->job) || r->job->has_thread))
        return err_set(err, E_BUSY, "run %lld is %s: stop it before it is deleted",
                       (long long)r->run, run_state_name(atomic_load(&r->job->state)));
    if ((!strcmp(e.op, "tag") || !strcmp(e.op, "note")) && !text)
        return err_set(err, E_USAGE, "%s: text is missing", e.op);
    return recorder_call(r->h->recorder, edit_call, &e);
}

/* A run at work that has no checkpoint yet writes one for the sentence: a checkpoint changes no
 * bit of it. Returns 1 when one will come. */
static int first_checkpoint(struct request *r)
{
    char dir[1200], path[1200];
    int64_t step;
    snprintf(dir, sizeof dir, "%s/%lld", r->h->w.checkpoints, (long long)r->run);
    return r->job && checkpoint_newest(dir, path, sizeof path, &step, NULL) == E_NOTFOUND &&
           !job_checkpoint(r->job, NULL);
}

static int is_at_work(struct job *j)
{
    int state = atomic_load(&j->state);
    return state == RUN_RUNNING || state == RUN_PAUSED;
}

static int small_number(const json_t *j)
{
    json_int_t v = json_integer_value(j);
    return v > 0 && v < INT32_MAX ? (int)v : 0;
}

static int op_score(struct request *r, struct err *err)
{
    const char *text = json_string_value(json_object_get(r->in, "text"));
    json_t *list = json_object_get(r->in, "positions"), *seed = json_object_get(r->in, "seed");
    size_t n = json_array_size(list);
    int *positions = NULL;
    if (!text || !*text)
        return err_set(err, E_USAGE, "score: text is missing");
    if (json_is_array(list) && !(positions = malloc((n + 1) * sizeof *positions)))
        return err_nomem(err, "mask positions");
    for (size_t i = 0; i < n; i++) {
        json_int_t p = json_integer_value(json_array_get(list, i));
        positions[i] = p < 0 || p > 65535 ? -1 : (int)p;
    }
    json_t *step = json_object_get(r->in, "step");
    struct score_request q = {.run = r->run, .step = json_is_integer(step) ? json_integer_value(step) : -1,
                              .text = text, .seed = (uint64_t)json_integer_value(seed),
                              .positions = positions, .npositions = (int)n,
                              .sentence = small_number(json_object_get(r->in, "sentence")),
                              .fill = json_is_true(json_object_get(r->in, "fill")),
                              .pll = json_is_true(json_object_get(r->in, "pll"))};
    if (!q.pll && json_is_true(json_object_get(r->in, "live")) && r->job && is_at_work(r->job))
        q.live = r->job;
    q.wait = q.step < 0 && !q.pll && (!q.live || strstr(text, "[MASK]") || q.fill) && first_checkpoint(r);
    int rc = scoring_add(r->h->scoring, r->c, &q, err);
    return rc ? rc : LATER;
}

static int op_add_scores(struct request *r, struct err *err)
{
    return host_store_scores(r->h, json_object_get(r->in, "scores"), err);
}

static int op_list(struct request *r, struct err *err)
{
    json_t *runs = json_array();
    int listed = 0, left = 0;
    (void)err;
    for (struct job *j = r->h->jobs; j; j = j->next) {
        if (++listed > LISTED_MAX) {
            left++;
            continue;
        }
        json_array_append_new(runs, json_pack("{s:I, s:s, s:s, s:I, s:i}", "run", (json_int_t)j->id,
                                              "name", j->config.name, "state",
                                              run_state_name(atomic_load(&j->state)), "step",
                                              (json_int_t)atomic_load(&j->step), "threads",
                                              j->threads));
    }
    json_object_set_new(r->out, "runs", runs);
    json_object_set_new(r->out, "left_out", json_integer(left));
    return 0;
}

static int op_status(struct request *r, struct err *err)
{
    int count[RUN_STATES] = {0};
    (void)err;
    for (struct job *j = r->h->jobs; j; j = j->next)
        count[atomic_load(&j->state)]++;
    json_t *states = json_object();
    for (int i = 0; i < RUN_STATES; i++)
        if (count[i])
            json_object_set_new(states, run_state_name(i), json_integer(count[i]));
    json_object_set_new(r->out, "pid", json_integer(getpid()));
    json_object_set_new(r->out, "started", json_real(r->h->started));
    json_object_set_new(r->out, "max_runs", json_integer(queue_most(r->h)));
    json_object_set_new(r->out, "stopping", json_boolean(r->h->stopping));
    json_object_set_new(r->out, "queue_depth", json_integer(recorder_queue_depth(r->h->recorder)));
    json_object_set_new(r->out, "states", states);
    struct err why = {0};
    if (recorder_error(r->h->recorder, &why))
        json_object_set_new(r->out, "store_error", json_string(why.text));
    return 0;
}

static int op_ping(struct request *r, struct err *err)
{
    (void)err;
    json_object_set_new(r->out, "pid", json_integer(getpid()));
    return 0;
}

static int op_quit(struct request *r, struct err *err)
{
    (void)err;
    if (!r->h->stopping)
        host_ask_stop(r->h, 0);
    return 0;
}

static const struct {
    const char *name;
    int needs_run;
    int (*answer)(struct request *r, struct err *err);
} ops[] = {
    {"submit", 0, op_submit},         {"branch", 1, op_branch}, {"pause", 1, op_pause},   {"resume", 1, op_resume},
    {"stop", 1, op_stop},             {"kill", 1, op_kill},     {"checkpoint", 1, op_checkpoint},
    {"watch", 1, op_watch},           {"tag", 1, op_edit},      {"note", 1, op_edit},
    {"archive", 1, op_edit},          {"unarchive", 1, op_edit}, {"delete", 1, op_edit},
    {"score", 1, op_score},           {"list", 0, op_list},     {"status", 0, op_status},
    {"ping", 0, op_ping},             {"quit", 0, op_quit},     {"add_scores", 0, op_add_scores},
    {"open", 0, op_open},
};

static int run_op(struct request *r, struct err *err)
{
    const char *op = json_string_value(json_object_get(r->in, "op"));
    json_t *run = json_object_get(r->in, "run");
    if (json_integer_value(json_object_get(r->in, "v")) != 1)
        return err_set(err, E_USAGE, "the request's version \"v\" is not 1");
    for (size_t i = 0; op && i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(op, ops[i].name))
            continue;
        r->run = json_integer_value(run);
        if (ops[i].needs_run && (!json_is_integer(run) || r->run <= 0))
            return err_set(err, E_USAGE, "%s: \"run\" is not the number of a run", op);
        r->job = job_find(r->h, r->run);
        return ops[i].answer(r, err);
    }
    return err_set(err, E_USAGE, "'%s' is no operation of the host", op ? SHOW(op) : "");
}

void host_answer(struct host *h, struct connection *c, const char *line, size_t n)
{
    struct err err = {E_FAIL, "the request is not a JSON object"};
    struct request r = {.h = h, .c = c, .out = json_object()};
    r.in = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    int rc = json_is_object(r.in) ? run_op(&r, &err) : E_USAGE;
    json_decref(r.in);
    if (rc != LATER) {
        json_object_set_new(r.out, "ok", json_boolean(!rc));
        if (rc) {
            json_object_set_new(r.out, "error", json_string(err.text));
            json_object_set_new(r.out, "code", json_integer(rc));
        }
        char *text = json_dumps(r.out, JSON_COMPACT);
        if (text)
            wire_send(c, text, strlen(text));
        else
            c->close = 1;
        free(text);
        if (!rc)
            queue_turn(h);
    }
    json_decref(r.out);
}
