/* electroscope export: the store as CSV. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/pieces.h"
#include "src/base/visible.h"
#include "ui/cli/cli.h"
#include "ui/cli/rows.h"
#include "ui/cli/score_rows.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))

struct export_args {
    struct text_list runs;
    const char *output, *metric;
    int archived, source;
};
enum { SOURCE_SNAPSHOT, SOURCE_PROBE, SOURCE_USER, SOURCE_LIVE };

struct export {
    const struct workspace *w;
    const struct export_args *a;
    struct query *q;
    struct csv_out *out;
    int metric;
};

static const char *piece(const void *ud, int id)
{
    return pieces_get(ud, id);
}

static int tokens_of(struct export *x, const struct query_run *run, struct err *err)
{
    static const int sources[] = {TOKENS_SNAPSHOT, TOKENS_PROBE, TOKENS_USER, TOKENS_LIVE};
    int source = sources[x->a->source], n = 0;
    struct arena a;
    arena_init(&a);
    int64_t *steps = NULL, live = 0, step;
    double age;
    if (source == TOKENS_LIVE)
        n = 1, steps = &live;
    else
        n = query_snapshots(x->q, run->id, source, &a, &steps, err);
    struct pieces *pieces = n > 0 ? pieces_open(x->w, &run->config, run->checkpoint, err) : NULL;
    int rc = n < 0 ? n : n && !pieces ? err->code : 0;
    for (int i = 0; !rc && i < n; i++) {
        struct token_seq **seqs;
        int count = query_tokens(x->q, run->id, source, steps[i], &a, &seqs, &step, &age, err);
        struct rows_source s = {.token = piece, .ud = pieces, .run = run->id, .step = step,
                                .has_generator = 1, .has_discriminator = 1};
        for (int k = 0; k < count; k++)
            rows_tokens(x->out, seqs[k], &s);
        rc = count < 0 && !(source == TOKENS_LIVE && count == E_NOTFOUND) ? count : 0;
    }
    pieces_close(pieces);
    arena_free(&a);
    return rc;
}

static int one(struct export *x, const char *what, const struct query_run *run, struct err *err)
{
    if (*what == 'm')
        return rows_metrics(x->out, x->q, run->id, x->metric, err);
    if (*what == 's')
        return score_rows(x->out, x->q, run->id, NULL, err);
    if (*what == 't')
        return tokens_of(x, run, err);
    rows_run(x->out, run);
    return 0;
}

static int rows(struct export *x, const char *what, struct err *err)
{
    int rc = 0;
    if (x->a->runs.n) {
        struct query_run *run = calloc(1, sizeof *run);
        rc = run ? 0 : err_nomem(err, "the run");
        for (int i = 0; !rc && i < x->a->runs.n; i++) {
            rc = query_run_find(x->q, x->a->runs.items[i], run, err);
            if (!rc)
                rc = one(x, what, run, err);
        }
        free(run);
        return rc;
    }
    if (*what == 's') /* of models from elsewhere, too */
        return score_rows(x->out, x->q, 0, NULL, err);
    struct arena a;
    struct query_run *runs;
    arena_init(&a);
    int n = query_runs(x->q, x->a->archived, &a, &runs, err);
    for (int i = n - 1; !rc && i >= 0; i--) /* oldest first */
        rc = one(x, what, &runs[i], err);
    arena_free(&a);
    return n < 0 ? n : rc;
}

static int write_all(struct export *x, const char *what, FILE *f, struct err *err)
{
    x->out = csv_new(f);
    if (!x->out)
        return err_nomem(err, "the export");
    *what == 'm'   ? rows_metrics_heading(x->out)
    : *what == 't' ? rows_tokens_heading(x->out)
    : *what == 's' ? score_rows_heading(x->out)
                   : rows_runs_heading(x->out);
    int rc = rows(x, what, err), end = csv_finish(x->out, rc ? NULL : err);
    return rc ? rc : end;
}

/* Into a file beside it, then renamed: a failed export leaves the old file. */
static int to_file(struct export *x, const char *what, struct err *err)
{
    char beside[4200];
    snprintf(beside, sizeof beside, "%.4000s.tmp.%ld", x->a->output, (long)getpid());
    FILE *f = fopen(beside, "wb");
    if (!f)
        return err_errno(err, "cannot write %s", SHOW(x->a->output));
    int rc = write_all(x, what, f, err);
    if (fclose(f) && !rc)
        rc = err_errno(err, "cannot write %s", SHOW(x->a->output));
    if (!rc && rename(beside, x->a->output))
        rc = err_errno(err, "cannot write %s", SHOW(x->a->output));
    if (rc)
        unlink(beside);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    static const char *const kinds[] = {"runs", "metrics", "tokens", "scores"};
    const struct export_args *a = c->own;
    const char *what = NULL;
    struct workspace w;
    for (int i = 0; i < 4; i++)
        if (!strcmp(kinds[i], c->args[0]))
            what = kinds[i];
    if (!what)
        return err_set(err, E_USAGE, "export: '%s' is not one of runs, metrics, tokens, scores", SHOW(c->args[0]));
    struct export x = {.w = &w, .a = a, .metric = a->metric ? metric_find(a->metric) : -1};
    if (a->metric && x.metric < 0)
        return err_set(err, E_USAGE, "--metric: there is no metric '%s'", SHOW(a->metric));
    int rc = cli_workspace(c, 0, &w, err);
    if (rc)
        return rc;
    x.q = query_open(w.db, err);
    if (!x.q)
        return err->code;
    rc = a->output && strcmp(a->output, "-") ? to_file(&x, what, err) : write_all(&x, what, stdout, err);
    query_close(x.q);
    return rc;
}

static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_LIST, .offset = offsetof(struct export_args, runs), .arg = "RUN",
     .help = "only this run, by number or name; may be given again"},
    {.name = "metric", .kind = OPTION_TEXT, .offset = offsetof(struct export_args, metric),
     .arg = "NAME", .help = "metrics: only this one"},
    {.name = "source", .kind = OPTION_CHOICE, .offset = offsetof(struct export_args, source),
     .arg = "snapshot|probe|user|live", .choices = "snapshot|probe|user|live",
     .help = "tokens: which stored sequences (default: snapshot)"},
    {.name = "archived", .kind = OPTION_FLAG, .offset = offsetof(struct export_args, archived),
     .help = "archived runs too"},
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT,
     .offset = offsetof(struct export_args, output), .arg = "FILE", .help = "file to write instead of standard output"},
    {.name = NULL},
};

const struct command cmd_export = {.options = options, .own_size = sizeof(struct export_args),
                                   .min_args = 1, .max_args = 1, .run = run};
