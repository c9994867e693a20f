/* A run store that somebody else wrote: a store with something in every table, its schema without
 * the constraints; then any value in any column, and any byte of the file. All that reads it for the
 * screens and the command line is called. A case is a list of changes of four bytes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "db/query.h"
#include "db/store_int.h"
#include "experiments/ablation.h"
#include "experiments/compare.h"
#include "experiments/score_table.h"
#include "src/base/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/store_damage.h"
#include "ui/cli/export_rows.h"
#include "ui/cli/rows.h"

#define RUNS 2
#define STEPS 36
static struct damage store;

/* --- a store with something in every table -------------------------------------------------- */

static void need(int rc, const struct err *err)
{
    fuzz_check(rc >= 0, "the fuzzer's store: %s", err->text);
}

static struct token_seq *sequence(int n, int sentence)
{
    struct token_seq *s = calloc(1, sizeof *s + (size_t)n * sizeof s->rows[0]);
    if (!s)
        abort();
    s->n = n;
    s->sentence = sentence;
    for (int i = 0; i < n; i++)
        s->rows[i] = (struct token_row){.original = i, .masked = 4, .sampled = i + 1, .chosen = 1,
                                        .gen_prob = 0.5f, .disc_prob = 0.25f, .gen_rank = 2,
                                        .label = 1, .top_id = {1, 2, 3}};
    return s;
}

static void write_events(struct store *s, int64_t run)
{
    struct err err = {0};
    need(store_begin(s, &err), &err);
    for (int64_t step = 1; step <= STEPS; step++) {
        struct event e = {.kind = EVENT_METRICS, .run = run, .step = step, .tokens = step * 64,
                          .wall = 0.5 * (double)step, .nmetrics = 1};
        e.metrics[0].value = step == 20 ? NAN : (double)step;
        if (step % 12 == 0)
            e.metrics[0].id = METRIC_VAL;
        need(store_write_event(s, &e, &err), &err);
    }
    for (int source = TOKENS_LIVE; source <= TOKENS_USER; source++) {
        struct event e = {.kind = EVENT_TOKENS, .run = run, .step = 20, .source = source,
                          .seq = sequence(4, 1)};
        need(store_write_event(s, &e, &err), &err);
        free(e.seq);
    }
    struct event more[] = {
        {.kind = EVENT_CHECKPOINT, .run = run, .step = 20, .text = "some/path", .best = 1},
        {.kind = EVENT_MESSAGE, .run = run, .step = 3, .severity = 1, .text = "a message"},
        {.kind = EVENT_THREADS, .run = run, .nthreads = 2, .threads = {{"step", 1}, {"idle", 0}}},
        {.kind = EVENT_STATE, .run = run, .step = 40, .state = RUN_DONE}};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        need(store_write_event(s, &more[i], &err), &err);
    need(store_commit(s, &err), &err);
}

static void write_scores(struct store *s, int64_t run)
{
    struct err err = {0};
    struct tuning_key key = {run, 20, 1, "", "cola"};
    struct store_mistake m = {3, "a text", "another", "0", "1", 0.9};
    struct store_tuning t = {.key = key, .state = "running", .why = "", .epoch = 1, .epochs = 3,
                             .step = 2, .steps = 9, .loss = 0.5, .score = NAN, .seconds_left = 3};
    struct store_score x = {.run = run, .checkpoint_step = 20, .model = "", .task = "cola",
                            .settings = "{\"epochs\":3}", .state = "done", .program = "p", .seed = 1,
                            .n = 100, .metric = "matthews", .value = 40.5};
    need(store_add_score(s, &x, &err), &err);
    x.metric = "majority";
    need(store_add_score(s, &x, &err), &err);
    need(store_tuning(s, &t, &err), &err);
    need(store_mistakes(s, &key, &m, 1, &err), &err);
}

void fuzz_setup_store(struct fuzz *f)
{
    struct err err = {0};
    struct store *s = store_open("s.db", &err);
    fuzz_check(s != NULL, "%s", err.text);
    for (int i = 0; i < RUNS; i++) {
        struct config c;
        int64_t run;
        config_default(&c);
        snprintf(c.name, sizeof c.name, "run %d", i);
        c.seed = i + 1;
        need(store_add_run(s, &c, 7, "0.1", &run, &err), &err);
        write_events(s, run);
        write_scores(s, run);
        need(store_resume(s, run, 30, &err), &err);
    }
    store_close(s);
    damage_take(&store, "s.db");
    for (int i = 0; i < 8 * store.ntables; i++) {
        const char seed[] = {(char)(i % store.ntables), (char)(i * 5), (char)(i % 3), (char)i,
                             (char)((i + 3) % store.ntables), (char)(i * 7), 1, (char)(i * 3)};
        fuzz_seed(f, seed, sizeof seed);
    }
    static const char bytes[] = "\x80\x00\x40\x05\x80\x20\x00\xFF\x00\x07\x01\x20";
    fuzz_seed(f, bytes, sizeof bytes - 1);
}

/* --- a case --------------------------------------------------------------------------------- */

static const char *no_piece(const void *ud, int id)
{
    (void)ud;
    return id >= 0 && id < 3000 ? "piece" : NULL;
}

static void read_metrics(struct query *q, int64_t run, struct arena *a)
{
    struct err err = {0};
    struct query_bucket *b;
    struct query_point *points;
    struct query_summary sum;
    int ids[2 * METRIC_COUNT];
    int n = query_metrics(q, run, ids, &err);
    fuzz_check(n <= 2 * METRIC_COUNT, "%d metrics", n);
    for (int i = 0; i < n; i++) {
        fuzz_check(metric_get(ids[i]) != NULL, "metric %d", ids[i]);
        for (int buckets = 1; buckets < 9; buckets += 7) {
            int k = query_series(q, run, ids[i], 0, -1, buckets, a, &b, &err);
            fuzz_refused(k < 0 ? k : 0, &err);
            for (int j = 0; j < k; j++)
                fuzz_check(b[j].n >= b[j].nonfinite && !isinf(b[j].mean) && !isinf(b[j].max) &&
                               b[j].last_step >= b[j].first_step, "a bucket that cannot be");
        }
        int k = query_points(q, run, ids[i], a, &points, &err);
        fuzz_refused(k < 0 ? k : 0, &err);
        query_metric_summary(q, run, ids[i], &sum, &err);
    }
    query_trend(q, run);
}

static void read_tokens(struct query *q, int64_t run, struct csv_out *csv, struct arena *a)
{
    struct err err = {0};
    struct token_seq **seqs;
    int64_t *steps;
    struct rows_source piece = {.token = no_piece, .run = run, .has_generator = 1,
                                .has_discriminator = 1};
    for (int source = TOKENS_LIVE; source <= TOKENS_USER; source++) {
        double age;
        query_snapshots(q, run, source, a, &steps, &err);
        int n = query_tokens(q, run, source, source % 2 ? 20 : -1, a, &seqs, &piece.step, &age, &err);
        fuzz_refused(n < 0 ? n : 0, &err);
        for (int i = 0; i < n; i++) {
            fuzz_check(seqs[i]->n >= 0 && seqs[i]->n <= 4, "a sequence of %d", seqs[i]->n);
            rows_tokens(csv, seqs[i], &piece);
        }
    }
}

static void read_run(struct query *q, int64_t run, struct csv_out *csv, struct arena *a)
{
    struct err err = {0};
    struct query_threads threads;
    struct query_checkpoint *checkpoints;
    struct query_mark *marks;
    struct query_event *events;
    int64_t *steps;
    read_metrics(q, run, a);
    read_tokens(q, run, csv, a);
    query_events(q, run, 5, a, &events, &err);
    query_run_threads(q, run, &threads, &err);
    fuzz_check(threads.n <= 16, "%d threads", threads.n);
    query_checkpoints(q, run, a, &checkpoints, &err);
    query_marks(q, run, 5, a, &marks, &err);
    query_least(q, run, METRIC_VAL + METRIC_total_loss, 5, 20);
    query_value_at(q, run, METRIC_VAL + METRIC_rtd_recall, 10);
    query_resumes(q, run, a, &steps, &err);
}

static void read_tables(struct query *q, const int64_t *runs, int n, FILE *out)
{
    struct err err = {0};
    struct score_table scores;
    struct compare compare;
    struct ablation ablation;
    struct ablation_args args = {0};
    struct export_filter all = {.archived = 1};
    struct csv_out *csv = csv_new(out);
    for (int kind = EXPORT_RUNS; kind <= EXPORT_SCORES; kind++)
        if (kind != EXPORT_TOKENS) /* which wants the run's vocabulary */
            fuzz_refused(export_rows(out, NULL, q, kind, &all, &err), &err);
    if (!fuzz_refused(score_table_open(&scores, q, &err), &err))
        score_table_csv(&scores, csv);
    score_table_close(&scores);
    if (!fuzz_refused(compare_open(&compare, q, runs, n, COMPARE_COMMON, &err), &err))
        compare_csv(&compare, 1, csv);
    compare_close(&compare);
    if (!fuzz_refused(ablation_open(&ablation, q, &args, &err), &err))
        ablation_csv(&ablation, NULL, csv);
    ablation_free(&ablation);
    csv_finish(csv, NULL);
}

static void read_store(struct query *q, struct arena *a)
{
    struct err err = {0};
    struct query_run *runs, *one = calloc(1, sizeof *one);
    struct query_score *scores;
    struct query_tuning *tunings;
    struct query_mistake *mistakes;
    int64_t ids[8];
    int n = query_runs(q, 1, a, &runs, &err), k;
    FILE *out = fopen("/dev/null", "w");
    struct csv_out *csv = out ? csv_new(out) : NULL;
    if (!csv || !one)
        abort();
    fuzz_refused(n < 0 ? n : 0, &err);
    for (int i = 0; i < n && i < 8; i++) {
        char text[32];
        fuzz_check(runs[i].state >= 0 && runs[i].state < RUN_STATES, "state %d", runs[i].state);
        snprintf(text, sizeof text, "%lld", (long long)runs[i].id);
        query_run_find(q, text, one, &err);
        read_run(q, ids[i] = runs[i].id, csv, a);
    }
    csv_finish(csv, NULL);
    k = query_scores(q, 0, NULL, a, &scores, &err);
    for (int i = 0; i < k && i < 4; i++)
        query_mistakes(q, &scores[i], a, &mistakes, &err);
    query_tunings(q, a, &tunings, &err);
    query_last_sentence(q, TOKENS_USER);
    read_tables(q, ids, n < 0 ? 0 : n < 8 ? n : 8, out);
    fclose(out);
    free(one);
}

int fuzz_run_store(const char *data, size_t size)
{
    struct arena a;
    struct err err = {0};
    damage_make(&store, "s.db", (const unsigned char *)data, size);
    struct query *q = query_open("s.db", &err);
    if (!q)
        return fuzz_refused(err.code, &err);
    arena_init(&a);
    read_store(q, &a);
    arena_free(&a);
    query_close(q);
    return 0;
}
