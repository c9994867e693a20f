/* electroscope compare: what differs between runs, and their results where all have come to. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "experiments/compare.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"
#include "ui/cli/sheet.h"

struct args {
    int csv, json, md, all, at;
};

static void value_cell(struct sheet *s, const struct compare_metric *m, double v)
{
    if (isnan(v))
        sheet_cell(s, "-");
    else if (fabs(v) >= 1e7)
        sheet_cellf(s, "%.3e", v);
    else
        sheet_cellf(s, "%.*f", m->decimals, v);
}

static int table(const struct compare *c, const struct args *a, struct err *err)
{
    char align[COMPARE_RUNS + 4] = "l", where[64];
    int lines = a->all ? c->nlines : c->ndiffer;
    for (int i = 0; i < c->n; i++)
        align[1 + i] = 'r';
    align[1 + c->n] = 'l';
    struct sheet *s = sheet_new(align);
    sheet_cell(s, "");
    for (int i = 0; i < c->n; i++)
        sheet_cell(s, c->runs[i]->name);
    sheet_cell(s, "best");
    for (int k = 0; k < lines; k++) {
        sheet_cell(s, c->lines[k].name);
        for (int i = 0; i < c->n; i++)
            sheet_cell(s, *c->lines[k].value[i] ? c->lines[k].value[i] : "-");
        sheet_cell(s, "");
    }
    for (int k = 0; k < c->nmetrics; k++) {
        const struct compare_metric *m = &c->metrics[k];
        sheet_cell(s, m->name);
        for (int i = 0; i < c->n; i++)
            value_cell(s, m, m->value[i]);
        sheet_cell(s, m->own ? "(own)" : m->best >= 0 ? c->runs[m->best]->name : "");
    }
    int rc = sheet_end(s, stdout, a->md ? SHEET_MD : SHEET_TEXT, err);
    snprintf(where, sizeof where, "at the last common step %" PRId64, c->step);
    if (!rc && !a->md)
        printf("\nresults %s; %d equal fields %s\n",
               c->at == COMPARE_COMMON ? where : c->at == COMPARE_LAST ? "at each run's end" : "at each run's best",
               c->nlines - c->ndiffer, a->all ? "at the end" : "left out (--all)");
    return rc;
}

static void json(const struct compare *c, int all)
{
    struct json_out j = {.f = stdout};
    int lines = all ? c->nlines : c->ndiffer;
    json_open(&j, NULL, '{');
    json_open(&j, "runs", '[');
    for (int i = 0; i < c->n; i++) {
        json_open(&j, NULL, '{');
        json_int(&j, "run", c->runs[i]->id);
        json_text(&j, "name", c->runs[i]->name);
        json_int(&j, "step", c->runs[i]->step);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    if (c->at == COMPARE_COMMON)
        json_int(&j, "common_step", c->step);
    json_open(&j, "config", '{');
    for (int k = 0; k < lines; k++) {
        json_open(&j, c->lines[k].name, '[');
        for (int i = 0; i < c->n; i++)
            json_text(&j, NULL, c->lines[k].value[i]);
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_open(&j, "results", '{');
    for (int k = 0; k < c->nmetrics; k++) {
        json_open(&j, c->metrics[k].name, '[');
        for (int i = 0; i < c->n; i++)
            json_double(&j, NULL, c->metrics[k].value[i]);
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_close(&j, '}');
    json_end(&j);
}

static int write_out(const struct compare *c, const struct args *a, struct err *err)
{
    if (a->json) {
        json(c, a->all);
        return 0;
    }
    if (!a->csv)
        return table(c, a, err);
    struct csv_out *out = csv_new(stdout);
    if (!out)
        return err_nomem(err, "the comparison");
    compare_csv(c, a->all, out);
    return csv_finish(out, err);
}

static int run(struct cli *c, struct err *err)
{
    const struct args *a = c->own;
    struct workspace w;
    struct compare x;
    int64_t ids[COMPARE_RUNS];
    if (a->csv + a->json + a->md > 1)
        return err_set(err, E_USAGE, "compare: one of --csv, --json and --md");
    int rc = cli_workspace(c, 0, &w, err);
    struct query *q = rc ? NULL : query_open(w.db, err);
    if (!q)
        return rc ? rc : err->code;
    struct query_run *found = calloc(1, sizeof *found);
    rc = found ? 0 : err_nomem(err, "the run");
    for (int i = 0; i < c->nargs && !rc; i++) {
        rc = query_run_find(q, c->args[i], found, err);
        ids[i] = found->id;
    }
    free(found);
    if (!rc) {
        rc = compare_open(&x, q, ids, c->nargs, (enum compare_at)a->at, err);
        if (!rc)
            rc = write_out(&x, a, err);
        compare_close(&x);
    }
    query_close(q);
    return rc;
}

#define AT(member) offsetof(struct args, member)
static const struct option_row options[] = {
    {.name = "at", .kind = OPTION_CHOICE, .offset = AT(at), .arg = "common|last|best",
     .choices = "common|last|best", .help = "where results are read (default: the last common step)"},
    {.name = "all", .kind = OPTION_FLAG, .offset = AT(all), .help = "fields that are equal too"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv), .help = "a line a field or result"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "one JSON object"},
    {.name = "md", .kind = OPTION_FLAG, .offset = AT(md), .help = "a Markdown table"},
    {.name = NULL},
};

const struct command cmd_compare = {.options = options, .own_size = sizeof(struct args),
                                    .min_args = 2, .max_args = COMPARE_RUNS, .run = run};
