/* Fine-tuning in the store: how far it is, and what the tuned network got wrong. */
#include <math.h>
#include <stddef.h>

#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"

#define WHOSE "run = ? AND checkpoint_step = ? AND model = ? AND task = ? AND seed = ?"

int store_tuning(struct store *s, const struct store_tuning *t, struct err *err)
{
    const struct tuning_key *k = &t->key;
    int rc = store_begin(s, err);
    if (rc)
        return rc;
    if (!t->state)
        rc = sql_run(&s->sql, err, "DELETE FROM tuning WHERE " WHOSE, "iitti", k->run,
                     k->checkpoint_step, k->model, k->task, k->seed);
    else
        rc = sql_run(&s->sql, err, "INSERT OR REPLACE INTO tuning(run, checkpoint_step, model, task, "
                     "seed, state, epoch, epochs, step, steps, loss, score, seconds_left, why, time) "
                     "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iittitiiiidddtd", k->run,
                     k->checkpoint_step, k->model, k->task, k->seed, t->state, t->epoch, t->epochs,
                     t->step, t->steps, t->loss, t->score, t->seconds_left, t->why ? t->why : "",
                     clock_utc());
    return store_end(s, rc, err);
}

int store_mistakes(struct store *s, const struct tuning_key *k, const struct store_mistake *m, int n,
                   struct err *err)
{
    int rc = store_begin(s, err);
    if (rc)
        return rc;
    rc = sql_run(&s->sql, err, "DELETE FROM mistake WHERE " WHOSE, "iitti", k->run,
                 k->checkpoint_step, k->model, k->task, k->seed);
    for (int i = 0; i < n && !rc; i++)
        rc = sql_run(&s->sql, err, "INSERT OR REPLACE INTO mistake(run, checkpoint_step, model, task, "
                     "seed, place, text, second, label, said, confidence) VALUES(?, ?, ?, ?, ?, ?, ?, "
                     "?, ?, ?, ?)", "iittiittttd", k->run, k->checkpoint_step, k->model, k->task,
                     k->seed, m[i].place, m[i].text, m[i].second, m[i].label, m[i].said,
                     m[i].confidence);
    return store_end(s, rc, err);
}
