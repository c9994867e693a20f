/* electroscope tokens: stored sequences of runs, token by token, without a terminal. */
#include <stdlib.h>
#include <string.h>

#include "experiments/pieces.h"
#include "ui/cli/export_rows.h"
#include "ui/cli/inspect.h"
#include "ui/cli/sheet.h"

struct args {
    int csv, json, md, source, archived;
    long step;
};

static void defaults(void *own)
{
    ((struct args *)own)->step = -1;
}

struct tokens {
    const struct workspace *w;
    const struct args *a;
    struct query *q;
    int every;        /* 1: all snapshots; 0: the newest, or the one asked for */
    int found;
    struct sheet *md; /* NULL: printed at once */
};

static const char *piece(const void *ud, int id)
{
    return pieces_get(ud, id);
}

static void md_rows(struct sheet *s, const struct token_seq *seq, const struct rows_source *src)
{
    for (int i = 0; i < seq->n; i++) {
        const struct token_row *r = &seq->rows[i];
        const char *original = piece(src->ud, r->original), *seen = piece(src->ud, r->sampled);
        sheet_cellf(s, "%lld", (long long)src->run);
        sheet_cellf(s, "%lld", (long long)src->step);
        sheet_cellf(s, "%d", seq->sentence);
        sheet_cellf(s, "%d", i);
        sheet_cell(s, original ? original : "");
        sheet_cell(s, seen ? seen : "");
        r->chosen ? sheet_cellf(s, "%.3f", (double)r->gen_prob) : sheet_cell(s, "");
        src->has_discriminator ? sheet_cellf(s, "%.3f", (double)r->disc_prob) : sheet_cell(s, "");
        sheet_cell(s, rows_outcome(r, src));
    }
}

static int show(struct tokens *x, const struct query_run *run, int source, int64_t step,
                struct pieces *pieces, struct arena *arena, struct err *err)
{
    struct token_seq **seqs;
    int64_t at;
    double age;
    int n = query_tokens(x->q, run->id, source, step, arena, &seqs, &at, &age, err);
    if (n <= 0)
        return n == E_NOTFOUND ? 0 : n;
    struct inspect_out out = {
        .source = {.token = piece, .ud = pieces, .run = run->id, .step = at, .has_generator = 1,
                   .has_discriminator = 1},
        .form = x->a->json ? INSPECT_JSON : INSPECT_TABLE};
    x->found = 1;
    if (x->md) {
        for (int i = 0; i < n; i++)
            md_rows(x->md, seqs[i], &out.source);
        return 0;
    }
    int rc = inspect_begin(&out, err);
    for (int i = 0; !rc && i < n; i++)
        inspect_put(&out, seqs[i]);
    int end = inspect_end(&out, rc ? NULL : err);
    return rc ? rc : end;
}

static int tokens_of(void *ud, const struct query_run *run, struct err *err)
{
    struct tokens *x = ud;
    int source = export_source(x->a->source), rc = 0;
    struct arena a;
    int64_t *steps = NULL, newest = x->a->step;
    arena_init(&a);
    int n = 1;
    if (x->every && source != TOKENS_LIVE)
        n = query_snapshots(x->q, run->id, source, &a, &steps, err);
    struct pieces *pieces = NULL;
    for (int i = 0; i < n && !rc; i++) {
        struct token_seq **seqs;
        int some = query_tokens(x->q, run->id, source, steps ? steps[i] : newest, &a, &seqs, NULL,
                                NULL, err);
        if (some <= 0) {
            rc = some == E_NOTFOUND ? 0 : some;
            continue;
        }
        if (!pieces && !(pieces = pieces_open(x->w, &run->config, run->checkpoint, err)))
            rc = err->code;
        else
            rc = show(x, run, source, steps ? steps[i] : newest, pieces, &a, err);
    }
    pieces_close(pieces);
    arena_free(&a);
    return n < 0 ? n : rc;
}

static int print(struct tokens *x, const struct export_filter *f, struct err *err)
{
    static const char *const heads[] = {"run", "step", "sentence", "position", "original", "sampled",
                                        "gen_prob", "disc_prob", "outcome"};
    x->md = x->a->md ? sheet_new("rrrrllrrl") : NULL;
    for (size_t i = 0; x->md && i < sizeof heads / sizeof heads[0]; i++)
        sheet_cell(x->md, heads[i]);
    int rc = export_each_run(x->q, f, tokens_of, x, err);
    if (x->md) {
        int end = sheet_end(x->md, stdout, SHEET_MD, rc ? NULL : err);
        rc = rc ? rc : end;
    }
    if (!rc && !x->found)
        fputs("electroscope: there are no stored tokens of this kind yet\n", stderr);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct args *a = c->own;
    struct export_filter f = {c->args, c->nargs, NULL, a->source, a->archived};
    struct workspace w;
    if (a->csv + a->json + a->md > 1)
        return err_set(err, E_USAGE, "tokens: one of --csv, --json and --md");
    if (a->csv && a->step >= 0)
        return err_set(err, E_USAGE, "tokens: --csv writes every snapshot; --step is for the other forms");
    int rc = cli_workspace(c, 0, &w, err);
    struct tokens x = {.w = &w, .a = a, .every = a->json && a->step < 0};
    x.q = rc ? NULL : query_open(w.db, err);
    if (!x.q)
        return rc ? rc : err->code;
    rc = a->csv ? export_rows(stdout, &w, x.q, EXPORT_TOKENS, &f, err) : print(&x, &f, err);
    query_close(x.q);
    return rc;
}

#define AT(member) offsetof(struct args, member)
static const struct option_row options[] = {
    {.name = "source", .kind = OPTION_CHOICE, .offset = AT(source), .arg = EXPORT_SOURCES,
     .choices = EXPORT_SOURCES, .help = "which stored sequences (default: snapshot)"},
    {.name = "step", .kind = OPTION_INT, .offset = AT(step), .arg = "S", .min = 0, .max = 1e12,
     .help = "of that step (default: the newest; with --json and --csv all)"},
    {.name = "archived", .kind = OPTION_FLAG, .offset = AT(archived), .help = "archived runs too"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv),
     .help = "a line a token of every snapshot: the rows of `export tokens`"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "one JSON object a sentence"},
    {.name = "md", .kind = OPTION_FLAG, .offset = AT(md), .help = "a Markdown table"},
    {.name = NULL},
};

const struct command cmd_tokens = {.options = options, .own_size = sizeof(struct args),
                                   .defaults = defaults, .max_args = -1, .run = run};
