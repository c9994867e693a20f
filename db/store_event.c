/* See store_int.h: events as rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"

static int run_exists(struct store *s, int64_t run, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT 1 FROM run WHERE id = ?", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "i", run);
    int rc = sql_row(&s->sql, st, err);
    sqlite3_reset(st);
    if (rc < 0)
        return rc;
    return rc ? 0 : err_set(err, E_NOTFOUND, "there is no run %lld", (long long)run);
}

static int write_logged(struct store *s, const struct event *e, int held_out, struct err *err)
{
    return sql_run(&s->sql, err, "INSERT OR REPLACE INTO logged(run, held_out, step, tokens, wall) "
                   "VALUES(?, ?, ?, ?, ?)", "iiiid", e->run, (int64_t)held_out, e->step, e->tokens,
                   e->wall);
}

static int write_metrics(struct store *s, const struct event *e, struct err *err)
{
    int rc = sql_run(&s->sql, err, "UPDATE run SET step = max(step, ?), tokens = max(tokens, ?) "
                     "WHERE id = ?", "iii", e->step, e->tokens, e->run);
    int kinds[2] = {0, 0};
    int n = e->nmetrics < EVENT_METRICS_MAX ? e->nmetrics : EVENT_METRICS_MAX;
    for (int i = 0; i < n && !rc; i++) {
        if (!metric_get(e->metrics[i].id))
            continue;
        kinds[e->metrics[i].id >= METRIC_VAL] = 1;
        rc = store_write_point(s, e->run, e->metrics[i].id, e->step, e->metrics[i].value, err);
    }
    for (int held = 0; held < 2 && !rc; held++)
        if (kinds[held])
            rc = write_logged(s, e, held, err);
    return rc;
}

/* Rows of checkpoints whose directories were cleared away go too. */
static int forget_gone(struct store *s, int64_t run, struct err *err)
{
    int64_t gone[64];
    int n = 0, rc;
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT step, path FROM checkpoint WHERE run = ?", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "i", run);
    while ((rc = sql_row(&s->sql, st, err)) > 0)
        if (n < 64 && access((const char *)sqlite3_column_text(st, 1), F_OK))
            gone[n++] = sqlite3_column_int64(st, 0);
    for (int i = 0; i < n && !rc; i++)
        rc = sql_run(&s->sql, err, "DELETE FROM checkpoint WHERE run = ? AND step = ?", "ii", run,
                     gone[i]);
    return rc;
}

static int write_checkpoint(struct store *s, const struct event *e, struct err *err)
{
    int rc = forget_gone(s, e->run, err);
    if (!rc && e->best)
        rc = sql_run(&s->sql, err, "UPDATE checkpoint SET best = 0 WHERE run = ?", "i", e->run);
    if (!rc)
        rc = sql_run(&s->sql, err, "INSERT OR REPLACE INTO checkpoint(run, step, path, best, time) "
                     "VALUES(?, ?, ?, ?, ?)", "iitid", e->run, e->step, e->text, (int64_t)!!e->best,
                     clock_utc());
    return rc;
}

static int write_threads(struct store *s, const struct event *e, struct err *err)
{
    double now = clock_utc();
    int n = e->nthreads < 16 ? e->nthreads : 16;
    int rc = sql_run(&s->sql, err, "DELETE FROM thread WHERE run = ? AND slot >= ?", "ii", e->run,
                     (int64_t)n);
    for (int i = 0; i < n && !rc; i++)
        rc = sql_run(&s->sql, err, "INSERT OR REPLACE INTO thread(run, slot, what, cpu, time) "
                     "VALUES(?, ?, ?, ?, ?)", "iitdd", e->run, (int64_t)i, e->threads[i].what,
                     e->threads[i].cpu, now);
    return rc;
}

int store_write_event(struct store *s, const struct event *e, struct err *err)
{
    if (e->step < 0)
        return err_set(err, E_INPUT, "run %lld: an event of step %lld", (long long)e->run,
                       (long long)e->step);
    int rc = e->run ? run_exists(s, e->run, err) : 0;
    if (rc)
        return rc;
    switch (e->kind) {
    case EVENT_STATE:
        return store_write_state(s, e->run, e->step, e->state, e->text, err);
    case EVENT_METRICS:
        return write_metrics(s, e, err);
    case EVENT_TOKENS:
        return e->seq ? store_write_tokens(s, e, err) : 0;
    case EVENT_CHECKPOINT:
        return write_checkpoint(s, e, err);
    case EVENT_MESSAGE:
        return store_write_message(s, e->run, e->step, e->severity, e->text, err);
    case EVENT_PROGRESS:
        return sql_run(&s->sql, err, "UPDATE run SET progress = ?, done = ? WHERE id = ?", "tdi",
                       e->text, e->done, e->run);
    case EVENT_THREADS:
        return write_threads(s, e, err);
    }
    return 0;
}

/* "[17,0.53,12,0.2]", or NULL where the generator was not asked. */
static const char *top_text(const struct token_row *t, char *out, size_t size)
{
    if (t->top_id[0] < 0 || !t->chosen)
        return NULL;
    size_t n = 0;
    for (int i = 0; i < EVENT_TOPK && t->top_id[i] >= 0 && isfinite(t->top_prob[i]); i++)
        n += (size_t)snprintf(out + n, size - n, "%c%d,%.9g", i ? ',' : '[', t->top_id[i],
                              (double)t->top_prob[i]);
    if (!n)
        return NULL;
    snprintf(out + n, size - n, "]");
    return out;
}

static void bind_id(sqlite3_stmt *st, int i, int32_t id)
{
    if (id < 0)
        sqlite3_bind_null(st, i);
    else
        sqlite3_bind_int(st, i, id);
}

static int write_token(struct store *s, int64_t sequence, int position, const struct token_row *t,
                       struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "INSERT INTO token(sequence, position, original, masked, "
                                "sampled, gen_prob, disc_prob, gen_entropy, disc_loss, gen_loss, "
                                "gen_rank, chosen, label, same, top) VALUES(?, ?, ?, ?, ?, ?, ?, ?, "
                                "?, ?, ?, ?, ?, ?, ?)", err);
    if (!st)
        return s->sql.code;
    char top[256];
    sqlite3_bind_int64(st, 1, sequence);
    sqlite3_bind_int(st, 2, position);
    bind_id(st, 3, t->original);
    bind_id(st, 4, t->masked);
    bind_id(st, 5, t->sampled);
    sqlite3_bind_double(st, 6, (double)t->gen_prob);
    sqlite3_bind_double(st, 7, (double)t->disc_prob);
    sqlite3_bind_double(st, 8, (double)t->gen_entropy);
    sqlite3_bind_double(st, 9, (double)t->disc_loss);
    sqlite3_bind_double(st, 10, (double)t->gen_loss);
    sqlite3_bind_int(st, 11, t->gen_rank);
    sqlite3_bind_int(st, 12, t->chosen);
    sqlite3_bind_int(st, 13, t->label);
    sqlite3_bind_int(st, 14, t->same);
    const char *text = top_text(t, top, sizeof top);
    sqlite3_bind_text(st, 15, text, -1, SQLITE_TRANSIENT);
    return sql_done(&s->sql, st, err);
}

/* Live sequences are of one step: those of an earlier step go. */
static int clear_place(struct store *s, const struct event *e, struct err *err)
{
    const char *const live[2] = {
        "DELETE FROM token WHERE sequence IN (SELECT id FROM sequence WHERE run = ?1 AND source = ?2 "
        "AND (step <> ?3 OR sentence = ?4))",
        "DELETE FROM sequence WHERE run = ?1 AND source = ?2 AND (step <> ?3 OR sentence = ?4)"};
    const char *const one[2] = {
        "DELETE FROM token WHERE sequence IN (SELECT id FROM sequence WHERE run = ?1 AND source = ?2 "
        "AND step = ?3 AND sentence = ?4)",
        "DELETE FROM sequence WHERE run = ?1 AND source = ?2 AND step = ?3 AND sentence = ?4"};
    const char *const *text = e->source == TOKENS_LIVE ? live : one;
    int rc = 0;
    for (int i = 0; i < 2 && !rc; i++)
        rc = sql_run(&s->sql, err, text[i], "iiii", e->run, (int64_t)e->source, e->step,
                     (int64_t)e->seq->sentence);
    return rc;
}

int store_write_tokens(struct store *s, const struct event *e, struct err *err)
{
    int rc = clear_place(s, e, err);
    if (!rc)
        rc = sql_run(&s->sql, err, "INSERT INTO sequence(run, source, step, sentence, n, wall, "
                     "written) VALUES(?, ?, ?, ?, ?, ?, ?)", "iiiiidd", e->run, (int64_t)e->source,
                     e->step, (int64_t)e->seq->sentence, (int64_t)e->seq->n, e->wall, clock_utc());
    int64_t id = sqlite3_last_insert_rowid(s->sql.db);
    for (int i = 0; i < e->seq->n && !rc; i++)
        rc = write_token(s, id, i, &e->seq->rows[i], err);
    return rc;
}

int store_add_score(struct store *s, const struct store_score *sc, struct err *err)
{
    int rc = store_begin(s, err);
    if (rc)
        return rc;
    rc = sql_run(&s->sql, err, "INSERT OR REPLACE INTO score(run, checkpoint_step, model, task, "
                 "metric, seed, value, kind, n, settings, state, program, time) "
                 "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iitttidiitttd", sc->run,
                 sc->checkpoint_step, sc->model ? sc->model : "", sc->task, sc->metric, sc->seed,
                 isfinite(sc->value) ? sc->value : (double)NAN, (int64_t)sql_kind(sc->value), sc->n,
                 sc->settings ? sc->settings : "", sc->state ? sc->state : "",
                 sc->program ? sc->program : "", clock_utc());
    return store_end(s, rc, err);
}
