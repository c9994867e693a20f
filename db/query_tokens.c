/* See query.h: token snapshots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/query_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"

/* A list of steps: a statement's first column. */
static int read_list(struct query *q, sqlite3_stmt *st, struct arena *a, int64_t **out,
                     struct err *err)
{
    int n = 0, cap = 0, rc;
    *out = NULL;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (n == cap) {
            int64_t *p = arena_alloc(a, (size_t)(cap = cap ? 2 * cap : 64), sizeof *p);
            if (!p) {
                sqlite3_reset(st);
                return err_nomem(err, "a list of steps");
            }
            if (n)
                memcpy(p, *out, (size_t)n * sizeof *p);
            *out = p;
        }
        (*out)[n++] = sql_count(st, 0);
    }
    return rc ? rc : n;
}

int query_snapshots(struct query *q, int64_t run, int source, struct arena *a, int64_t **steps,
                    struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT DISTINCT step FROM sequence WHERE run = ? AND "
                                "source = ? ORDER BY step", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", run, (int64_t)source);
    return read_list(q, st, a, steps, err);
}

int query_resumes(struct query *q, int64_t run, struct arena *a, int64_t **steps, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT step FROM resume WHERE run = ? ORDER BY id", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "i", run);
    return read_list(q, st, a, steps, err);
}

static int32_t id_column(sqlite3_stmt *st, int i)
{
    return sqlite3_column_type(st, i) == SQLITE_NULL ? -1 : sqlite3_column_int(st, i);
}

static float real_column(sqlite3_stmt *st, int i)
{
    return sqlite3_column_type(st, i) == SQLITE_NULL ? NAN : (float)sqlite3_column_double(st, i);
}

/* "[17,0.53,12,0.2]" */
static void read_top(const char *text, struct token_row *t)
{
    for (int i = 0; i < EVENT_TOPK; i++) {
        t->top_id[i] = -1;
        t->top_prob[i] = NAN;
    }
    for (int i = 0; i < EVENT_TOPK && text && (*text == '[' || *text == ','); i++) {
        char *end;
        long id = strtol(text + 1, &end, 10);
        if (*end != ',' || id < 0 || id > INT32_MAX)
            return;
        const char *number = end + 1;
        float p = strtof(number, &end);
        if (end == number)
            return;
        t->top_id[i] = (int32_t)id;
        t->top_prob[i] = p;
        text = end;
    }
}

static void read_token(sqlite3_stmt *st, struct token_row *t)
{
    t->original = id_column(st, 1);
    t->masked = id_column(st, 2);
    t->sampled = id_column(st, 3);
    t->gen_prob = real_column(st, 4);
    t->disc_prob = real_column(st, 5);
    t->gen_entropy = real_column(st, 6);
    t->disc_loss = real_column(st, 7);
    t->gen_loss = real_column(st, 8);
    t->gen_rank = sqlite3_column_int(st, 9);
    t->chosen = (uint8_t)sqlite3_column_int(st, 10);
    t->label = (uint8_t)sqlite3_column_int(st, 11);
    t->same = (uint8_t)sqlite3_column_int(st, 12);
    read_top((const char *)sqlite3_column_text(st, 13), t);
}

static int read_sequence(struct query *q, int64_t id, struct token_seq *s, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT position, original, masked, sampled, gen_prob, "
                                "disc_prob, gen_entropy, disc_loss, gen_loss, gen_rank, chosen, "
                                "label, same, top FROM token WHERE sequence = ? ORDER BY position",
                                err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "i", id);
    int n = 0, rc = 0;
    while (n < s->n && (rc = sql_row(&q->sql, st, err)) > 0)
        read_token(st, &s->rows[n++]);
    sqlite3_reset(st);
    s->n = n;
    return rc < 0 ? rc : 0;
}

static int newest_step(struct query *q, int64_t run, int source, int64_t *step, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT step FROM sequence WHERE run = ? AND source = ? "
                                "ORDER BY step DESC LIMIT 1", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", run, (int64_t)source);
    int rc = sql_row(&q->sql, st, err);
    if (rc > 0)
        *step = sql_count(st, 0);
    sqlite3_reset(st);
    return rc;
}

static int read_snapshot(struct query *q, int64_t run, int source, int64_t step, struct arena *a,
                         struct token_seq ***out, double *written, struct err *err)
{
    sqlite3_stmt *count = sql_stmt(&q->sql, "SELECT count(*) FROM sequence WHERE run = ? AND "
                                   "source = ? AND step = ?", err);
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT id, sentence, min(n, (SELECT count(*) FROM "
                                "token t WHERE t.sequence = s.id)), written FROM sequence s WHERE "
                                "run = ? AND source = ? AND step = ? ORDER BY sentence", err);
    if (!count || !st)
        return q->sql.code;
    sql_bind(count, "iii", run, (int64_t)source, step);
    sql_bind(st, "iii", run, (int64_t)source, step);
    int rc = sql_row(&q->sql, count, err), n = 0;
    if (rc < 0)
        return rc;
    int max = sqlite3_column_int(count, 0);
    sqlite3_reset(count);
    *out = arena_alloc(a, (size_t)max + 1, sizeof **out);
    if (!*out)
        return err_nomem(err, "tokens");
    rc = 0;
    while (n < max && (rc = sql_row(&q->sql, st, err)) > 0) {
        int64_t tokens = sqlite3_column_int64(st, 2);
        struct token_seq *s = NULL;
        tokens = tokens > 0 ? tokens : 0;
        if (tokens < 1 << 20)
            s = arena_alloc(a, sizeof *s + (size_t)tokens * sizeof s->rows[0], 1);
        rc = s ? 0 : err_nomem(err, "tokens");
        if (rc)
            break;
        s->n = (int)tokens;
        s->sentence = sqlite3_column_int(st, 1);
        *written = fmax(*written, sqlite3_column_double(st, 3));
        (*out)[n++] = s;
        if ((rc = read_sequence(q, sqlite3_column_int64(st, 0), s, err)))
            break;
    }
    sqlite3_reset(st);
    return rc < 0 ? rc : n;
}

int query_tokens(struct query *q, int64_t run, int source, int64_t step, struct arena *a,
                 struct token_seq ***out, int64_t *step_out, double *age, struct err *err)
{
    double written = 0;
    *out = NULL;
    int rc = sql_run(&q->sql, err, "BEGIN", "");
    if (rc)
        return rc;
    rc = source == TOKENS_LIVE || step < 0 ? newest_step(q, run, source, &step, err) : 1;
    if (rc > 0)
        rc = read_snapshot(q, run, source, step, a, out, &written, err);
    sql_run(&q->sql, NULL, "END", "");
    if (rc <= 0)
        return rc;
    if (step_out)
        *step_out = step;
    if (age)
        *age = fmax(0, clock_utc() - written);
    return rc;
}

int query_last_sentence(struct query *q, int source)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT max(sentence) FROM sequence WHERE source = ?", NULL);
    int64_t last = 0;
    if (!st)
        return 0;
    sql_bind(st, "i", (int64_t)source);
    if (sql_row(&q->sql, st, NULL) > 0)
        last = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return last < 0 ? 0 : last < QUERY_SENTENCES ? (int)last : QUERY_SENTENCES;
}
