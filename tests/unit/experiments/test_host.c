/* Runs in a host: side by side, in order, paused, stopped, signalled, resumed, edited. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/edit.h"
#include "experiments/follow.h"
#include "experiments/host.h"
#include "experiments/host_int.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/experiments/host_rig.h"

static struct rig rig;
static struct query_run run;

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_host");
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static int64_t submit(struct host_rig *h, int steps, const char *name)
{
    struct config c;
    struct err err = {0};
    int64_t id = 0;
    rig_config(&rig, &c, steps);
    if (steps > 400)
        c.checkpoint_every = steps;
    rig_put(c.name, sizeof c.name, "%s", name);
    if (host_client_submit(&h->rig->w, &c, 0, &id, &err))
        fail_msg("%s", err.text);
    return id;
}

static void op(const char *name, int64_t id)
{
    struct err err = {0};
    if (host_client_op(&rig.w, name, id, 0, &err))
        fail_msg("%s %lld: %s", name, (long long)id, err.text);
}

static void two_runs_at_once_both_finish(void **state)
{
    (void)state;
    struct host_options o = {.max_runs = 2};
    struct config c;
    struct err err = {0};
    int64_t a, b;
    struct host *h = host_open(&rig.w, &o, &err);
    if (!h)
        fail_msg("%s", err.text);
    rig_config(&rig, &c, 30);
    rig_put(c.name, sizeof c.name, "pair");
    assert_int_equal(host_submit(h, &c, &a, &err), 0);
    c.shards = 2;
    assert_int_equal(host_submit(h, &c, &b, &err), 0);
    assert_int_equal(host_serve(h, -1, &err), 0); /* no linger: ends with the last run */
    host_close(h);
    assert_false(file_exists(rig.w.sock));
    assert_int_equal(rig_run(&rig, a, &run), 0);
    assert_int_equal(run.state, RUN_DONE);
    assert_int_equal(run.step, 30);
    assert_true(run.params > 1000 && run.corpus_hash && *run.kernel);
    assert_string_equal(run.name, "pair");
    assert_int_equal(rig_run(&rig, b, &run), 0);
    assert_int_equal(run.state, RUN_DONE);
    assert_string_equal(run.name, "pair-2");
    assert_true(file_exists(run.checkpoint));
}

/* What the store committed, in order. */
static int64_t began[8];
static int nbegan, at_work, most_at_work;

static void committed(void *ud, const struct event *e)
{
    (void)ud;
    if (e->kind != EVENT_STATE)
        return;
    if (e->state == RUN_RUNNING) {
        began[nbegan++ % 8] = e->run;
        if (++at_work > most_at_work)
            most_at_work = at_work;
    }
    at_work -= e->state == RUN_DONE;
}

static void a_queue_is_worked_off_in_order(void **state)
{
    (void)state;
    struct host_options o = {.max_runs = 1, .committed = committed};
    struct config c;
    struct err err = {0};
    int64_t id[3];
    struct host *h = host_open(&rig.w, &o, &err);
    assert_non_null(h);
    for (int i = 0; i < 3; i++) {
        rig_config(&rig, &c, 8);
        c.seed = i;
        assert_int_equal(host_submit(h, &c, &id[i], &err), 0);
    }
    assert_int_equal(host_serve(h, -1, &err), 0);
    host_close(h);
    assert_int_equal(nbegan, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(began[i], id[i]);
    assert_int_equal(most_at_work, 1);
    assert_int_equal(at_work, 0);
}

/* More runs at once where there are cores that two cannot use; a run's own wish is kept. */
static void cores_are_shared_among_runs(void **state)
{
    (void)state;
    struct config c;
    config_default(&c);
    c.threads = 0;
    c.shards = 4;
    const struct {
        int cores, places, live, threads;
    } want[] = {{1, 2, 1, 1}, {2, 2, 1, 2}, {2, 2, 2, 1}, {2, 2, 9, 1}, {4, 2, 9, 2},
                {8, 2, 9, 4}, {16, 4, 9, 4}, {16, 4, 2, 8}, {256, HOST_RUNS_MAX, 99, 16}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(queue_places(want[i].cores, &c), want[i].places);
        assert_int_equal(queue_threads(want[i].cores, want[i].places, want[i].live, &c), want[i].threads);
    }
    c.threads = 3;
    assert_int_equal(queue_places(16, &c), 5);
    assert_int_equal(queue_threads(16, 5, 9, &c), 3);
}

static void pauses_and_stops_change_no_bit(void **state)
{
    (void)state;
    struct host_rig h;
    enum { STEPS = 2000 }; /* long enough to be met at work on a busy machine */
    assert_int_equal(host_rig_start(&h, &rig, 2), 0);
    int64_t plain = submit(&h, STEPS, "plain"), rough = submit(&h, STEPS, "rough");
    assert_int_equal(rig_wait(&rig, rough, -1, 5), 0);
    op("pause", rough);
    assert_int_equal(rig_wait(&rig, rough, RUN_PAUSED, 0), 0);
    op("checkpoint", rough);
    op("watch", rough);
    op("resume", rough);
    assert_int_equal(rig_wait(&rig, rough, RUN_RUNNING, 0), 0);
    op("stop", rough);
    assert_int_equal(rig_wait(&rig, rough, RUN_STOPPED, 0), 0);
    assert_int_equal(rig_run(&rig, rough, &run), 0);
    assert_true(run.step < STEPS && run.checkpoint_step == run.step);
    op("resume", rough);
    assert_int_equal(rig_wait(&rig, rough, RUN_DONE, 0), 0);
    assert_int_equal(rig_wait(&rig, plain, RUN_DONE, 0), 0);
    struct err err = {0};
    assert_int_equal(host_client_op(&rig.w, "resume", rough, 0, &err), E_USAGE);
    assert_non_null(strstr(err.text, "done"));
    assert_int_equal(host_client_op(&rig.w, "pause", plain, 0, &err), E_FAIL);
    assert_int_equal(host_client_op(&rig.w, "pause", 999, 0, &err), E_NOTFOUND);
    assert_int_equal(host_rig_end(&h), 0);
    rig_same_metrics(&rig, plain, rough);
    rig_same_weights(&rig, plain, rough, STEPS);
}

static void a_queued_run_can_be_stopped_and_resumed(void **state)
{
    (void)state;
    struct host_rig h;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t first = submit(&h, 100000, "long"), second = submit(&h, 10, "short");
    assert_int_equal(rig_wait(&rig, second, RUN_QUEUED, 0), 0);
    op("stop", second);
    assert_int_equal(rig_wait(&rig, second, RUN_STOPPED, 0), 0);
    op("resume", second); /* nothing was trained: from the start */
    assert_int_equal(rig_wait(&rig, second, RUN_QUEUED, 0), 0);
    op("kill", first);
    assert_int_equal(rig_wait(&rig, second, RUN_DONE, 0), 0);
    assert_int_equal(rig_run(&rig, first, &run), 0);
    assert_int_equal(run.state, RUN_STOPPED);
    assert_int_equal(host_rig_end(&h), 0);
}

static void the_first_signal_keeps_what_was_trained(void **state)
{
    (void)state;
    struct host_rig h;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t a = submit(&h, 100000, "signalled"), b = submit(&h, 100000, "waiting");
    assert_int_equal(rig_wait(&rig, a, -1, 3), 0);
    assert_int_equal(host_rig_signal(&h, (char[]){SIGTERM}, 1), 0);
    assert_int_equal(h.rc, E_STOPPED);
    assert_int_equal(h.signal, SIGTERM);
    assert_int_equal(rig_run(&rig, a, &run), 0);
    assert_int_equal(run.state, RUN_STOPPED);
    assert_true(run.step >= 3 && run.checkpoint_step == run.step);
    assert_int_equal(rig_run(&rig, b, &run), 0);
    assert_int_equal(run.state, RUN_STOPPED);
}

static void two_signals_do_not_wait_for_a_checkpoint(void **state)
{
    (void)state;
    struct host_rig h;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t a = submit(&h, 100000, "twice");
    assert_int_equal(rig_wait(&rig, a, -1, 3), 0);
    assert_int_equal(host_rig_signal(&h, (char[]){SIGINT, SIGINT}, 2), 0);
    assert_int_equal(h.rc, E_STOPPED);
    assert_int_equal(h.signal, SIGINT);
    assert_int_equal(rig_run(&rig, a, &run), 0);
    assert_int_equal(run.state, RUN_STOPPED);
}

static void a_bad_run_fails_with_a_sentence(void **state)
{
    (void)state;
    struct host_rig h;
    struct config c;
    struct err err = {0};
    int64_t id;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    rig_config(&rig, &c, 10);
    c.heads = 3;
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &id, &err), E_USAGE);
    assert_non_null(strstr(err.text, "heads"));
    rig_config(&rig, &c, 10);
    rig_put(c.vocab, sizeof c.vocab, "%s", rig.text);
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &id, &err), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_FAILED, 0), 0);
    assert_int_equal(rig_run(&rig, id, &run), 0);
    assert_non_null(strstr(run.reason, "text.txt"));
    assert_int_equal(host_rig_end(&h), 0);
}

/* A task of two words, tuned on the way: scores with their steps in the store, a metric of the run. */
static void tasks_are_tuned_on_the_way(void **state)
{
    (void)state;
    struct host_rig h;
    struct config c;
    struct err err = {0};
    struct arena arena;
    struct query_score *scores;
    struct query_point *points;
    char path[600];
    int64_t id, bad;
    for (int dev = 0; dev < 2; dev++) {
        rig_put(path, sizeof path, "%s/%s.tsv", rig.dir, dev ? "dev" : "train");
        FILE *f = fopen(path, "w");
        for (int i = 0; i < 16; i++)
            fprintf(f, "x\t%d\t\t%s\n", i % 2, i % 2 ? "w1 w2" : "w3 w4 w5");
        fclose(f);
    }
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    rig_config(&rig, &c, 12);
    strcpy(c.probe_tasks, "cola");
    rig_put(c.probe_data, sizeof c.probe_data, "%s", rig.dir);
    strcpy(c.probe_steps, "5");
    c.probe_seeds = 2;
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &id, &err), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    strcpy(c.probe_tasks, "cola,nonsense");
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &bad, &err), 0);
    assert_int_equal(rig_wait(&rig, bad, RUN_FAILED, 0), 0);
    assert_int_equal(rig_run(&rig, bad, &run), 0);
    assert_non_null(strstr(run.reason, "nonsense"));
    assert_int_equal(host_rig_end(&h), 0);
    struct query *q = query_open(rig.w.db, &err);
    arena_init(&arena);
    int n = query_scores(q, id, "cola", &arena, &scores, &err), main_ones = 0;
    for (int i = 0; i < n; i++)
        main_ones += !strcmp(scores[i].metric, "matthews") &&
                     (scores[i].checkpoint_step == 5 || scores[i].checkpoint_step == 12);
    assert_int_equal(main_ones, 4);
    assert_int_equal(query_points(q, id, METRIC_probe_score, &arena, &points, &err), 2);
    assert_int_equal(points[0].step, 5);
    assert_int_equal(points[1].step, 12);
    query_close(q);
    arena_free(&arena);
}

static void entries_change_with_and_without_a_host(void **state)
{
    (void)state;
    struct host_rig h;
    struct err err = {0};
    char dir[1200];
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(&h, 5, "edited"), busy = submit(&h, 100000, "busy");
    assert_int_equal(rig_wait(&rig, busy, -1, 1), 0);
    assert_int_equal(edit_run(&rig.w, "tag", id, "a,b", &err), 0);
    assert_int_equal(edit_run(&rig.w, "delete", busy, NULL, &err), E_BUSY);
    assert_int_equal(edit_run(&rig.w, "paint", id, NULL, &err), E_USAGE);
    assert_int_equal(host_rig_end(&h), 0);
    assert_int_equal(edit_run(&rig.w, "note", id, "seen \xe2\x88\x80", &err), 0);
    assert_int_equal(edit_run(&rig.w, "archive", id, NULL, &err), 0);
    assert_int_equal(rig_run(&rig, id, &run), 0);
    assert_string_equal(run.tags, "a,b");
    assert_string_equal(run.note, "seen \xe2\x88\x80");
    assert_int_equal(run.archived, 1);
    snprintf(dir, sizeof dir, "%s/%lld", rig.w.checkpoints, (long long)id);
    assert_true(file_exists(dir));
    assert_int_equal(edit_run(&rig.w, "delete", id, NULL, &err), 0);
    assert_false(file_exists(dir));
    assert_true(rig_run(&rig, id, &run) < 0);
    assert_true(edit_run(&rig.w, "tag", id, "x", &err) < 0);
}

/* Everything that a host says of a run is told by following it, once, in order. */
struct told {
    int64_t step, rows;
    int done, checkpoints, losses;
};

static void tell(void *ud, const struct event *e)
{
    struct told *t = ud;
    t->done += e->kind == EVENT_STATE && e->state == RUN_DONE;
    t->checkpoints += e->kind == EVENT_CHECKPOINT;
    if (e->kind != EVENT_METRICS)
        return;
    assert_false(t->done);
    t->rows += e->nmetrics;
    for (int i = 0; i < e->nmetrics; i++) {
        if (e->metrics[i].id != METRIC_total_loss)
            continue;
        assert_true(e->step > t->step);
        t->step = e->step;
        t->losses++;
    }
}

static void following_tells_every_row_once(void **state)
{
    (void)state;
    struct host_rig h;
    struct told t = {0};
    struct follow f = {.event = tell, .ud = &t, .every = 0.02, .after_step = -1};
    struct err err = {0};
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(&h, 80, "followed");
    if (host_follow(&rig.w, id, &f, &run, &err))
        fail_msg("%s", err.text);
    assert_int_equal(run.state, RUN_DONE);
    assert_int_equal(t.done, 1);
    assert_int_equal(t.losses, 80);
    assert_true(t.checkpoints >= 1);
    assert_int_equal(host_rig_end(&h), 0);
    struct query *q = query_open(rig.w.db, &err);
    int ids[METRIC_COUNT * 2], n = query_metrics(q, id, ids, &err);
    int64_t rows = 0;
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < n; i++) {
        struct query_point *p;
        rows += query_points(q, id, ids[i], &a, &p, &err);
    }
    arena_free(&a);
    query_close(q);
    assert_int_equal(t.rows, rows);
}

static void own_sentences_are_scored_beside_the_run(void **state)
{
    (void)state;
    struct host_rig h;
    struct err err = {0};
    int64_t step = 0;
    int sentence = 0, mask[] = {2};
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(&h, 20, "scored");
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    if (host_client_score(&rig.w, id, "waa wab wac", 7, mask, 1, &step, &sentence, &err))
        fail_msg("%s", err.text);
    assert_int_equal(step, 20);
    struct query *q = query_open(rig.w.db, &err);
    struct arena a;
    struct token_seq **seq = NULL;
    arena_init(&a);
    int n = query_tokens(q, id, TOKENS_USER, step, &a, &seq, NULL, NULL, &err), found = 0;
    for (int i = 0; i < n; i++)
        if (seq[i]->sentence == sentence) {
            found = 1;
            assert_int_equal(seq[i]->rows[2].chosen, 1);
            assert_int_equal(seq[i]->rows[1].chosen, 0);
        }
    assert_int_equal(found, 1);
    arena_free(&a);
    query_close(q);
    assert_int_equal(host_client_score(&rig.w, 12345, "waa", 7, NULL, 0, NULL, NULL, &err), E_NOTFOUND);
    assert_int_equal(host_client_score(&rig.w, id, "", 7, NULL, 0, NULL, NULL, &err), E_USAGE);
    assert_int_equal(host_rig_end(&h), 0);
}

/* The very first checkpoint is written for the sentence, and the run's bits stay what they were. */
static void a_young_run_scores_too(void **state)
{
    (void)state;
    struct host_rig h;
    struct config c;
    struct err err = {0};
    int64_t id, plain, step = 0;
    assert_int_equal(host_rig_start(&h, &rig, 2), 0);
    rig_config(&rig, &c, 600);
    c.checkpoint_every = c.steps;
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &id, &err), 0);
    assert_int_equal(rig_wait(&rig, id, -1, 1), 0);
    if (host_client_score(&rig.w, id, "waa wab", 1, NULL, 0, &step, NULL, &err))
        fail_msg("%s", err.text);
    assert_true(step > 0 && step < 600);
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &plain, &err), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    assert_int_equal(rig_wait(&rig, plain, RUN_DONE, 0), 0);
    assert_int_equal(host_rig_end(&h), 0);
    rig_same_metrics(&rig, id, plain);
    rig_same_weights(&rig, id, plain, 600);
}

/* Its files are gone, and nobody can ask it to stop. The last test: the rig goes. */
static void a_deleted_workspace_ends_its_host(void **state)
{
    (void)state;
    struct host_rig h;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(&h, 100000, "deleted");
    assert_int_equal(rig_wait(&rig, id, -1, 3), 0);
    rig_close(&rig);
    assert_int_equal(host_rig_ended(&h), 0);
    assert_int_equal(setup(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs_at_once_both_finish),
        cmocka_unit_test(a_queue_is_worked_off_in_order),
        cmocka_unit_test(cores_are_shared_among_runs),
        cmocka_unit_test_teardown(pauses_and_stops_change_no_bit, host_rig_clean),
        cmocka_unit_test_teardown(a_queued_run_can_be_stopped_and_resumed, host_rig_clean),
        cmocka_unit_test_teardown(the_first_signal_keeps_what_was_trained, host_rig_clean),
        cmocka_unit_test_teardown(two_signals_do_not_wait_for_a_checkpoint, host_rig_clean),
        cmocka_unit_test_teardown(a_bad_run_fails_with_a_sentence, host_rig_clean),
        cmocka_unit_test_teardown(tasks_are_tuned_on_the_way, host_rig_clean),
        cmocka_unit_test_teardown(entries_change_with_and_without_a_host, host_rig_clean),
        cmocka_unit_test_teardown(following_tells_every_row_once, host_rig_clean),
        cmocka_unit_test_teardown(own_sentences_are_scored_beside_the_run, host_rig_clean),
        cmocka_unit_test_teardown(a_young_run_scores_too, host_rig_clean),
        cmocka_unit_test_teardown(a_deleted_workspace_ends_its_host, host_rig_clean),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
