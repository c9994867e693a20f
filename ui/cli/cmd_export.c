/* electroscope export: the store as CSV, the table of ablations as Markdown or LaTeX too. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "src/base/visible.h"
#include "ui/cli/ablations.h"
#include "ui/cli/export_rows.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))

struct export_args {
    struct text_list runs;
    struct ablations_args table;
    const char *output, *metric;
    int archived, source, md, tex;
};
static const char *const kinds[] = {"runs", "metrics", "tokens", "scores", "ablations"};
enum { ABLATIONS = 4, KINDS };

static int write_all(const struct workspace *w, struct query *q, const struct export_args *a, int kind,
                     FILE *f, struct err *err)
{
    struct export_filter x = {a->runs.items, a->runs.n, a->metric, a->source, a->archived};
    if (kind != ABLATIONS)
        return export_rows(f, w, q, (enum export_kind)kind, &x, err);
    struct ablations_args t = a->table;
    t.runs = a->runs;
    t.metric = a->metric;
    return ablations_write(f, q, &t, a->md ? ABLATIONS_MD : a->tex ? ABLATIONS_TEX : ABLATIONS_CSV, err);
}

/* Into a file beside it, then renamed: a failed export leaves the old file. */
static int to_file(const struct workspace *w, struct query *q, const struct export_args *a, int kind,
                   struct err *err)
{
    char beside[4200];
    snprintf(beside, sizeof beside, "%.4000s.tmp.%ld", a->output, (long)getpid());
    FILE *f = fopen(beside, "wb");
    if (!f)
        return err_errno(err, "cannot write %s", SHOW(a->output));
    int rc = write_all(w, q, a, kind, f, err);
    if (rc && err && ferror(f)) {
        struct err why = *err;
        err_set(err, rc, "%s: %.300s", SHOW(a->output), why.text);
    }
    if (fclose(f) && !rc)
        rc = err_errno(err, "cannot write %s", SHOW(a->output));
    if (!rc && rename(beside, a->output))
        rc = err_errno(err, "cannot write %s", SHOW(a->output));
    if (rc)
        unlink(beside);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct export_args *a = c->own;
    struct workspace w;
    int kind = 0;
    while (kind < KINDS && strcmp(kinds[kind], c->args[0]))
        kind++;
    if (kind == KINDS)
        return err_set(err, E_USAGE, "export: '%s' is not one of runs, metrics, tokens, scores, "
                       "ablations", SHOW(c->args[0]));
    if ((a->md || a->tex) && kind != ABLATIONS)
        return err_set(err, E_USAGE, "export %s writes CSV; --md and --tex are for ablations",
                       kinds[kind]);
    if (a->md && a->tex)
        return err_set(err, E_USAGE, "export: one of --md and --tex");
    int rc = cli_workspace(c, 0, &w, err);
    struct query *q = rc ? NULL : query_open(w.db, err);
    if (!q)
        return rc ? rc : err->code;
    rc = a->output && strcmp(a->output, "-") ? to_file(&w, q, a, kind, err)
                                             : write_all(&w, q, a, kind, stdout, err);
    query_close(q);
    return rc;
}

#define AT(member) offsetof(struct export_args, member)
static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_LIST, .offset = AT(runs), .arg = "RUN",
     .help = "only this run, by number or name; may be given again"},
    {.name = "metric", .kind = OPTION_TEXT, .offset = AT(metric), .arg = "NAME",
     .help = "metrics: only this one; ablations: the one to rank and test by"},
    {.name = "source", .kind = OPTION_CHOICE, .offset = AT(source), .arg = EXPORT_SOURCES,
     .choices = EXPORT_SOURCES, .help = "tokens: which stored sequences (default: snapshot)"},
    {.name = "archived", .kind = OPTION_FLAG, .offset = AT(archived), .help = "archived runs too"},
    ABLATIONS_OPTIONS(struct export_args, table),
    {.name = "md", .kind = OPTION_FLAG, .offset = AT(md), .help = "ablations: a Markdown table"},
    {.name = "tex", .kind = OPTION_FLAG, .offset = AT(tex), .help = "ablations: a LaTeX table"},
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT, .offset = AT(output), .arg = "FILE",
     .help = "file to write instead of standard output"},
    {.name = NULL},
};

const struct command cmd_export = {.options = options, .own_size = sizeof(struct export_args),
                                   .min_args = 1, .max_args = 1, .run = run};
