/* Runs, metrics, tokens and the small tables: what goes in comes out. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/schema.h"
#include "db/store_int.h"
#include "src/base/arena.h"
#include "src/base/file.h"

static const char *path;

static int setup(void **state)
{
    (void)state;
    path = rig_path();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_clean();
    return 0;
}

static void put(struct store *s, const struct event *e)
{
    struct err err = {0, ""};
    ok(store_begin(s, &err));
    ok(store_write_event(s, e, &err));
    ok(store_commit(s, &err));
}

/* Every field of config.def, each with a value that is not its default. */
static void config_round_trip(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct config c;
    memset(&c, 0, sizeof c);
    config_default(&c);
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        char value[CONFIG_TEXT];
        snprintf(value, sizeof value, "%.17g", floor(f->min + (f->max - f->min) / 3));
        if (f->type == CONFIG_REAL)
            snprintf(value, sizeof value, "%.17g", f->min + (f->max - f->min) / 3);
        else if (f->type == CONFIG_BOOL)
            snprintf(value, sizeof value, "%d", f->def[0] == '0');
        else if (f->type == CONFIG_CHOICE)
            config_choice(f, 1, value, sizeof value);
        else if (f->type == CONFIG_TEXTUAL)
            snprintf(value, sizeof value, "%s", strcmp(f->name, "generator_size") ? "it's \"x\",é"
                                                                                 : "1/3");
        ok(config_set(&c, f->name, value, &err));
    }
    struct store *s = rig_store(path);
    int64_t id, second, third;
    ok(store_add_run(s, &c, 0xfedcba9876543210u, "9.9", &id, &err));
    struct config again = c;
    ok(store_add_run(s, &again, 1, "9.9", &second, &err));
    assert_string_equal(again.name, "it's \"x\",é-2");
    again = c;
    ok(store_add_run(s, &again, 1, "9.9", &third, &err));
    assert_string_equal(again.name, "it's \"x\",é-3");
    ok(store_set_identity(s, id, 0x8000000000000001u, "avx2", "Zen", 14000000, &err));
    ok(store_set_parent(s, second, id, &err));
    store_close(s);
    struct query *q = rig_query(path);
    struct query_run r;
    ok(query_run_find(q, "1", &r, &err));
    for (int i = 0; i < config_nfields; i++) {
        char a[CONFIG_TEXT], b[CONFIG_TEXT];
        assert_string_equal(config_get(&r.config, &config_fields[i], a, sizeof a),
                            config_get(&c, &config_fields[i], b, sizeof b));
    }
    assert_true(r.config_hash == 0xfedcba9876543210u && r.corpus_hash == 0x8000000000000001u);
    assert_int_equal(r.params, 14000000);
    assert_string_equal(r.kernel, "avx2");
    assert_string_equal(r.blas_core, "Zen");
    assert_string_equal(r.program, "9.9");
    assert_int_equal(r.state, RUN_QUEUED);
    ok(query_run_find(q, "it's \"x\",é-2", &r, &err));
    assert_int_equal(r.id, second);
    assert_int_equal(r.parent, id);
    assert_int_equal(query_run_find(q, "nobody", &r, &err), E_NOTFOUND);
    assert_non_null(strstr(err.text, "nobody"));
    query_close(q);
}

static void metrics_keep_what_is_not_finite(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    const double values[] = {3.5, NAN, INFINITY, -INFINITY, 0.1 + 0.2};
    for (int i = 0; i < 5; i++) {
        struct event e = rig_metric(run, i + 1, METRIC_total_loss, values[i]);
        e.metrics[e.nmetrics].id = METRIC_rtd_auc;
        e.metrics[e.nmetrics++].value = 0.5 + 0.1 * (i == 2);
        put(s, &e);
    }
    struct event val = rig_metric(run, 5, METRIC_VAL + METRIC_total_loss, NAN);
    val.wall = 77;
    put(s, &val);
    store_close(s);
    struct query *q = rig_query(path);
    struct arena a;
    arena_init(&a);
    struct query_point *p;
    assert_int_equal(query_points(q, run, METRIC_total_loss, &a, &p, &err), 5);
    for (int i = 0; i < 5; i++) {
        assert_true(isnan(values[i]) ? isnan(p[i].value) : p[i].value == values[i]);
        assert_int_equal(p[i].step, i + 1);
        assert_int_equal(p[i].tokens, (i + 1) * 128);
        assert_true(p[i].wall == 0.5 * (i + 1));
    }
    assert_int_equal(query_points_after(q, run, METRIC_total_loss, 3, &a, &p, &err), 2);
    assert_true(p[0].step == 4 && p[0].value == -INFINITY && p[0].tokens == 512 && p[1].step == 5);
    assert_int_equal(query_points_after(q, run, METRIC_total_loss, 5, &a, &p, &err), 0);
    assert_int_equal(query_points(q, run, METRIC_VAL + METRIC_total_loss, &a, &p, &err), 1);
    assert_true(isnan(p[0].value) && p[0].wall == 77);
    struct query_bucket *b;
    assert_int_equal(query_series(q, run, METRIC_total_loss, 0, -1, 2, &a, &b, &err), 2);
    assert_true(b[0].n == 2 && b[0].last_step == 2 && b[0].wall == 1 && b[0].tokens == 256);
    assert_true(b[1].n == 3 && b[1].nonfinite == 2 && b[1].wall == 2.5 && b[1].tokens == 640);
    struct query_run r;
    ok(query_run_find(q, "a", &r, &err));
    assert_true(r.has[METRIC_total_loss] && r.last[METRIC_total_loss] == 0.1 + 0.2);
    assert_true(r.best[METRIC_total_loss] == 0.1 + 0.2);
    assert_true(r.best[METRIC_rtd_auc] == 0.6 && r.last[METRIC_rtd_auc] == 0.5);
    assert_true(r.val_has[METRIC_total_loss] && isnan(r.val_last[METRIC_total_loss]));
    assert_true(isnan(r.val_best[METRIC_total_loss]) && !r.has[METRIC_grad_norm]);
    assert_int_equal(r.step, 5);
    assert_int_equal(r.tokens, 640);
    int ids[2 * METRIC_COUNT];
    assert_int_equal(query_metrics(q, run, ids, &err), 3);
    assert_int_equal(ids[2], METRIC_VAL + METRIC_total_loss);
    struct query_summary sum;
    assert_int_equal(query_metric_summary(q, run, METRIC_rtd_auc, &sum, &err), 1);
    assert_true(sum.n == 5 && sum.best_step == 3 && sum.best == 0.6);
    query_close(q);
    arena_free(&a);
    /* For others, too. */
    assert_true(rig_sql(path, "SELECT count(*) FROM v_metrics WHERE value IN ('nan','inf','-inf')") == 4);
    assert_true(rig_sql(path, "SELECT wall_time FROM v_metrics WHERE metric='val_total_loss'") == 77);
}

static int same_float(float a, float b)
{
    return isnan(a) ? isnan(b) : a == b;
}

static void tokens_round_trip(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct token_seq *seqs[3];
    for (int i = 0; i < 3; i++) {
        seqs[i] = rig_seq(20 + i, i, (unsigned)i);
        struct event e = {.kind = EVENT_TOKENS, .run = run, .step = i < 2 ? 10 : 20,
                          .source = TOKENS_SNAPSHOT, .seq = seqs[i]};
        put(s, &e);
        e.source = TOKENS_LIVE;
        put(s, &e);
    }
    struct query *q = rig_query(path);
    struct arena a;
    arena_init(&a);
    int64_t *steps, at = 0;
    double age = -1;
    assert_int_equal(query_snapshots(q, run, TOKENS_SNAPSHOT, &a, &steps, &err), 2);
    assert_true(steps[0] == 10 && steps[1] == 20);
    struct token_seq **got;
    assert_int_equal(query_tokens(q, run, TOKENS_SNAPSHOT, 10, &a, &got, &at, &age, &err), 2);
    assert_true(at == 10 && age >= 0 && age < 60);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got[i]->n, seqs[i]->n);
        assert_int_equal(got[i]->sentence, i);
        for (int k = 0; k < seqs[i]->n; k++) {
            struct token_row *x = &got[i]->rows[k], *y = &seqs[i]->rows[k];
            assert_true(x->original == y->original && x->masked == y->masked &&
                        x->sampled == y->sampled && x->gen_rank == y->gen_rank &&
                        x->chosen == y->chosen && x->label == y->label && x->same == y->same);
            assert_true(same_float(x->gen_prob, y->gen_prob) &&
                        same_float(x->disc_prob, y->disc_prob) &&
                        same_float(x->gen_entropy, y->gen_entropy) &&
                        same_float(x->gen_loss, y->gen_loss) &&
                        same_float(x->disc_loss, y->disc_loss));
            assert_memory_equal(x->top_id, y->top_id, sizeof x->top_id);
            for (int j = 0; j < EVENT_TOPK; j++)
                assert_true(same_float(x->top_prob[j], y->top_prob[j]));
        }
    }
    /* Live ones are of one step. */
    assert_int_equal(query_tokens(q, run, TOKENS_LIVE, 0, &a, &got, &at, NULL, &err), 1);
    assert_true(at == 20 && got[0]->sentence == 2);
    assert_int_equal(query_tokens(q, run, TOKENS_SNAPSHOT, -1, &a, &got, &at, NULL, &err), 1);
    assert_int_equal(at, 20);
    assert_int_equal(query_tokens(q, run, TOKENS_PROBE, 10, &a, &got, &at, NULL, &err), 0);
    assert_true(rig_sql(path, "SELECT count(*) FROM v_tokens WHERE source='snapshot' AND step=10") == 41);
    query_close(q);
    arena_free(&a);
    store_close(s);
    for (int i = 0; i < 3; i++)
        free(seqs[i]);
}

/* Two held-out values are no course while training has forty; eight are. */
static void the_trend_is_of_what_has_a_course(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct query *q = rig_query(path);
    struct query_run *runs;
    struct arena a;
    arena_init(&a);
    for (int held = 2; held <= 8; held += 6) {
        for (int step = held == 2 ? 1 : 41; step <= 40 * (1 + held / 8); step++) {
            struct event e = {.kind = EVENT_METRICS, .run = run, .step = step, .nmetrics = 1};
            e.metrics[0].id = METRIC_total_loss;
            e.metrics[0].value = 100 - step;
            put(s, &e);
            if (step % (held == 2 ? 20 : 6))
                continue;
            e.metrics[0].id += METRIC_VAL;
            e.metrics[0].value = 1000;
            put(s, &e);
        }
        assert_int_equal(query_runs(q, 0, &a, &runs, &err), 1);
        const double *trend = query_trend(q, run);
        int seen = 0;
        for (int i = 0; i < QUERY_TREND; i++)
            seen += held == 2 ? trend[i] < 100 && (!i || trend[i] < trend[i - 1]) : trend[i] == 1000;
        assert_int_equal(seen, held == 2 ? QUERY_TREND : 8);
    }
    query_close(q);
    arena_free(&a);
    store_close(s);
}

static void small_tables(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), other = rig_run(s, "b");
    struct query *q = rig_query(path);
    int64_t v = query_version(q);
    assert_int_equal(query_version(q), v);
    struct event e = {.kind = EVENT_CHECKPOINT, .run = run, .step = 10, .best = 1};
    snprintf(e.text, sizeof e.text, "%s", rig_file("10"));
    ok(file_mkdirs(e.text, &err));
    put(s, &e);
    assert_true(query_version(q) != v);
    e.step = 20;
    snprintf(e.text, sizeof e.text, "%s", rig_file("20"));
    ok(file_mkdirs(e.text, &err));
    put(s, &e);
    e = (struct event){.kind = EVENT_THREADS, .run = run, .nthreads = 2,
                       .threads = {{"forward", 1.5}, {"idle", 0.25}}};
    put(s, &e);
    e = (struct event){.kind = EVENT_MESSAGE, .run = run, .step = 3, .severity = SEV_WARN,
                       .text = "slow"};
    put(s, &e);
    e = (struct event){.kind = EVENT_PROGRESS, .run = other, .text = "packing", .done = 0.25};
    put(s, &e);
    struct store_score score = {.run = run, .checkpoint_step = 20, .task = "cola", .metric = "mcc",
                                .seed = 3, .n = 1043, .value = NAN, .state = "done"};
    ok(store_add_score(s, &score, &err));
    score.value = 0.61;
    ok(store_add_score(s, &score, &err)); /* replaces */
    ok(store_tag(s, run, "x,y", &err));
    ok(store_note(s, run, "a note", &err));
    ok(store_rename(s, run, "c", &err));
    assert_true(store_rename(s, run, "b", &err) < 0);
    assert_int_equal(store_tag(s, 99, "x", &err), E_NOTFOUND);
    struct arena a;
    arena_init(&a);
    struct query_checkpoint *c;
    assert_int_equal(query_checkpoints(q, run, &a, &c, &err), 2);
    assert_true(c[0].step == 10 && !c[0].best && c[1].best);
    for (int step = 15; step < 30; step += 10) {
        e = (struct event){.kind = EVENT_METRICS, .run = run, .step = step, .nmetrics = 1};
        e.metrics[0].id = METRIC_VAL + METRIC_rtd_auc_common;
        e.metrics[0].value = step == 15 ? .75 : .5;
        put(s, &e);
    }
    struct query_mark *m;
    assert_int_equal(query_marks(q, run, 10, &a, &m, &err), 2);
    assert_true(m[0].run == run && m[0].step == 20 && m[0].best && m[0].value == .75);
    assert_int_equal(m[0].metric, METRIC_rtd_auc_common);
    assert_true(m[1].step == 10 && !m[1].best && isnan(m[1].value));
    assert_int_equal(query_marks(q, 0, 1, &a, &m, &err), 1);
    assert_int_equal(query_marks(q, other, 10, &a, &m, &err), 0);
    struct query_threads t;
    ok(query_run_threads(q, run, &t, &err));
    assert_true(t.n == 2 && t.threads[1].cpu == 0.25);
    assert_string_equal(t.threads[0].what, "forward");
    struct query_event *ev;
    assert_int_equal(query_events(q, run, 10, &a, &ev, &err), 1);
    assert_true(ev[0].severity == SEV_WARN && ev[0].step == 3);
    assert_string_equal(ev[0].text, "slow");
    struct query_score *sc;
    assert_int_equal(query_scores(q, 0, "cola", &a, &sc, &err), 1);
    assert_true(sc[0].value == 0.61 && sc[0].n == 1043 && sc[0].seed == 3);
    assert_int_equal(query_scores(q, other, NULL, &a, &sc, &err), 0);
    struct query_run *runs;
    assert_int_equal(query_runs(q, 0, &a, &runs, &err), 2);
    assert_int_equal(runs[0].id, other); /* newest first */
    assert_string_equal(runs[0].progress, "packing");
    assert_true(runs[0].done == 0.25 && runs[0].checkpoint_step == -1);
    assert_string_equal(runs[1].name, "c");
    assert_string_equal(runs[1].tags, "x,y");
    assert_string_equal(runs[1].note, "a note");
    assert_int_equal(runs[1].checkpoint_step, 20);
    assert_string_equal(runs[1].checkpoint, c[1].path);
    /* A checkpoint that was cleared away is forgotten with the next one. */
    assert_int_equal(rmdir(c[0].path), 0);
    e = (struct event){.kind = EVENT_CHECKPOINT, .run = run, .step = 30};
    snprintf(e.text, sizeof e.text, "%s", rig_file("20"));
    put(s, &e);
    assert_int_equal(query_checkpoints(q, run, &a, &c, &err), 2);
    assert_int_equal(c[0].step, 20);
    ok(store_archive(s, other, 1, &err));
    assert_int_equal(query_runs(q, 0, &a, &runs, &err), 1);
    assert_int_equal(query_runs(q, 1, &a, &runs, &err), 2);
    query_close(q);
    arena_free(&a);
    store_close(s);
}

static void states_and_lost_runs(void **state)
{
    (void)state;
    struct err err = {0, ""};
    char boot[64];
    store_boot_id(boot);
    struct store *s = rig_store(path);
    int64_t mine = rig_run(s, "mine"), dead = rig_run(s, "dead"), boots = rig_run(s, "boots"),
            waits = rig_run(s, "waits");
    ok(store_heartbeat(s, mine, getpid(), boot, &err));
    ok(store_heartbeat(s, dead, 0x3ffffff, boot, &err)); /* above any pid */
    ok(store_heartbeat(s, boots, getpid(), "another boot", &err));
    ok(store_set_state(s, mine, RUN_RUNNING, "", &err));
    ok(store_set_state(s, dead, RUN_RUNNING, "", &err));
    ok(store_set_state(s, boots, RUN_PAUSED, "", &err));
    struct query *q = rig_query(path);
    struct query_run r;
    ok(query_run_find(q, "dead", &r, &err));
    assert_int_equal(r.state, RUN_LOST); /* seen before anybody says so */
    assert_true(r.started > 0 && r.ended == 0);
    ok(query_run_find(q, "boots", &r, &err));
    assert_int_equal(r.state, RUN_PAUSED); /* may live on another machine: its heartbeat is fresh */
    ok(store_mark_lost(s, &err));
    ok(query_run_find(q, "boots", &r, &err));
    assert_int_equal(r.state, RUN_LOST);
    assert_true(r.ended > 0);
    assert_true(*r.reason);
    ok(query_run_find(q, "mine", &r, &err));
    assert_int_equal(r.state, RUN_RUNNING);
    /* The same pid from before this store was opened: an earlier process's, as in a container. */
    ok(sql_exec(&s->sql, "UPDATE run SET heartbeat = heartbeat - 30 WHERE name = 'mine'", &err));
    ok(store_mark_lost(s, &err));
    ok(query_run_find(q, "mine", &r, &err));
    assert_int_equal(r.state, RUN_LOST);
    ok(store_set_state(s, mine, RUN_RUNNING, "", &err));
    ok(query_run_find(q, "waits", &r, &err));
    assert_int_equal(r.state, RUN_QUEUED);
    assert_int_equal(waits, r.id);
    struct event e = {.kind = EVENT_STATE, .run = mine, .step = 9, .state = RUN_FAILED, .text = "boom"};
    put(s, &e);
    ok(query_run_find(q, "mine", &r, &err));
    assert_true(r.state == RUN_FAILED && r.ended > 0);
    assert_string_equal(r.reason, "boom");
    query_close(q);
    store_close(s);
}

static void delete_leaves_nothing(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), other = rig_run(s, "b");
    double values[300];
    for (int i = 0; i < 300; i++)
        values[i] = i;
    rig_points(s, run, METRIC_gen_loss, values, 300, 1, 1);
    rig_points(s, other, METRIC_gen_loss, values, 300, 1, 1);
    struct event e = rig_metric(run, 301, METRIC_disc_loss, 1);
    put(s, &e);
    e = (struct event){.kind = EVENT_TOKENS, .run = run, .source = TOKENS_PROBE,
                       .seq = rig_seq(5, 0, 1)};
    put(s, &e);
    free(e.seq);
    ok(store_delete_run(s, run, &err));
    assert_int_equal(store_delete_run(s, run, &err), E_NOTFOUND);
    assert_int_equal(store_begin(s, &err), 0);
    assert_int_equal(store_write_event(s, &(struct event){.kind = EVENT_MESSAGE, .run = run}, &err),
                     E_NOTFOUND);
    store_rollback(s);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == 300);
    assert_true(rig_sql(path, "SELECT count(*) FROM rollup WHERE level = 1") == 18);
    assert_true(rig_sql(path, "SELECT (SELECT count(*) FROM token) + (SELECT count(*) FROM sequence)"
                        "+ (SELECT count(*) FROM logged)") == 0);
    assert_true(rig_sql(path, "SELECT count(*) FROM run") == 1);
}

/* No column of config.def may hide one of the schema's own. */
static void fields_do_not_collide(void **state)
{
    (void)state;
    store_close(rig_store(path));
    char sql[256];
    for (int i = 0; i < config_nfields; i++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM pragma_table_info('run') WHERE name = '%s'",
                 config_fields[i].name);
        assert_true(rig_sql(path, sql) == 1);
    }
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pragma_table_info('run')");
    assert_true(rig_sql(path, sql) == 24 - 2 + config_nfields); /* name and tags are both */
}

/* A fine-tuning's progress is one row that goes when it is over; its mistakes replace those before. */
static void keeps_fine_tunings(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    struct query *q = rig_query(path);
    int64_t run = rig_run(s, "a");
    struct tuning_key key = {.run = run, .checkpoint_step = 20, .seed = 3, .model = "", .task = "rte"};
    struct store_tuning t = {.key = key, .state = "running", .epoch = 1, .epochs = 3, .step = 5,
                             .steps = 30, .loss = 0.5, .score = NAN, .seconds_left = 9};
    struct query_tuning *got;
    struct query_mistake *m;
    struct arena a;
    arena_init(&a);
    ok(store_tuning(s, &t, &err));
    t.step = 6;
    ok(store_tuning(s, &t, &err));
    t.key.seed = 4;
    ok(store_tuning(s, &t, &err));
    assert_int_equal(query_tunings(q, &a, &got, &err), 2);
    assert_true(got[0].seed == 3 && got[0].step == 6 && got[0].steps == 30 && got[0].loss == 0.5);
    assert_true(isnan(got[0].score) && got[0].seconds_left == 9);
    assert_string_equal(got[0].task, "rte");
    t.state = NULL;
    ok(store_tuning(s, &t, &err));
    assert_int_equal(query_tunings(q, &a, &got, &err), 1);
    struct store_mistake wrong[] = {{7, "one", "", "yes", "no", .6}, {2, "two", "more", "no", "yes", .9},
                                    {1, "three", "", "no", "yes", NAN}};
    ok(store_mistakes(s, &key, wrong, 1, &err));
    ok(store_mistakes(s, &key, wrong, 3, &err));
    struct query_score whose = {.run = run, .checkpoint_step = 20, .seed = 3, .task = "rte"};
    assert_int_equal(query_mistakes(q, &whose, &a, &m, &err), 3);
    assert_true(m[0].place == 2 && m[0].confidence == .9 && m[1].place == 7); /* the surest first */
    assert_string_equal(m[0].second, "more");
    assert_string_equal(m[1].said, "no");
    whose.seed = 4;
    assert_int_equal(query_mistakes(q, &whose, &a, &m, &err), 0);
    ok(store_delete_run(s, run, &err));
    whose.seed = 3;
    assert_int_equal(query_mistakes(q, &whose, &a, &m, &err), 0);
    assert_int_equal(query_tunings(q, &a, &got, &err), 0);
    arena_free(&a);
    query_close(q);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_fine_tunings, setup, teardown),
        cmocka_unit_test_setup_teardown(config_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_keep_what_is_not_finite, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(the_trend_is_of_what_has_a_course, setup, teardown),
        cmocka_unit_test_setup_teardown(small_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(states_and_lost_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(delete_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_do_not_collide, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
