/* What `e` writes of the Runs screen: the lines, columns and order shown, with all digits; the pages
 * and panes that lie over the list; and from the palette every column of the store. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "ui/screen/run_diagnosis.h"
#include "ui/screen/runs.h"

#define ALL "export-all"

/* As they are called in the store; the last column is seconds where the words say a time. */
static const char *const heads[COL_COUNT] = {
    "name", "objective", "tie", "generator_size", "seed", "step", "tokens", "loss", "gen_loss",
    "disc_loss", "auc", "trend", "tokens_per_s", "left", "tags",
};

static void heading(const struct runs *s, int col, struct csv_out *out)
{
    csv_text(out, col < COL_COUNT ? heads[col] : filter_name(s->extra[col - COL_COUNT]));
    if (col == COL_STATE)
        csv_text(out, "seconds");
    if (col == COL_AUC)
        csv_text(out, "auc_of");
}

static void config_text(const struct query_run *r, const char *field, struct csv_out *out)
{
    char text[CONFIG_TEXT];
    csv_text(out, config_get(&r->config, config_find(field), text, sizeof text));
}

/* The points of the line, a blank between. */
static void trend(const struct runs *s, const struct query_run *r, struct csv_out *out)
{
    const double *v = app_query(s->app) ? query_trend(app_query(s->app), r->id) : NULL;
    char text[QUERY_TREND * 26 + 1] = "";
    size_t n = 0;
    for (int i = 0; v && i < QUERY_TREND; i++)
        if (isfinite(v[i]))
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.17g", n ? " " : "", v[i]);
    csv_text(out, text);
}

/* Where it stands, as the screen words it; then the seconds of that. */
static void standing(const struct runs *s, const struct query_run *r, struct csv_out *out)
{
    char text[320], all[400];
    const char *odd = r->state == RUN_PREPARING ? NULL : run_complaint(r, app_query(s->app));
    double seconds = r->state == RUN_RUNNING ? run_eta(r) : r->state == RUN_DONE ? r->ended - r->started : NAN;
    run_standing(s, r, text, sizeof text);
    snprintf(all, sizeof all, "%s%s%s", odd ? odd : "", odd ? " " : "", text);
    csv_text(out, all);
    if (isfinite(seconds) && seconds >= 0 && r->started > 0)
        csv_real(out, seconds);
    else
        csv_text(out, "");
}

static void extra(const struct query_run *r, int field, struct csv_out *out)
{
    char text[600];
    double v = filter_value(r, field, text, sizeof text);
    if (isnan(v) || !*text || config_find(filter_name(field)))
        csv_text(out, text);
    else
        csv_real(out, v);
}

/* Whose fakes the AUC is of. */
static const char *auc_of(const struct query_run *r)
{
    return run_auc_is_own(r) ? "own" : run_has_number(r, COL_AUC) ? "common" : "";
}

static void cell(const struct runs *s, const struct query_run *r, int col, struct csv_out *out)
{
    if (col >= COL_COUNT) {
        extra(r, s->extra[col - COL_COUNT], out);
        return;
    }
    switch (col) {
    case COL_NAME: csv_text(out, r->name); break;
    case COL_OBJECTIVE: case COL_TIE: case COL_GEN: config_text(r, heads[col], out); break;
    case COL_SEED: csv_int(out, r->config.seed); break;
    case COL_STEP: csv_int(out, r->step); break;
    case COL_TOKENS: csv_int(out, r->tokens); break;
    case COL_TREND: trend(s, r, out); break;
    case COL_STATE: standing(s, r, out); break;
    case COL_TAGS: csv_text(out, r->tags); break;
    default:
        if (run_has_number(r, col))
            csv_real(out, run_number(r, col));
        else
            csv_text(out, "");
    }
    if (col == COL_AUC)
        csv_text(out, auc_of(r));
}

/* A heading's line: the means of its runs. */
static void group_cell(const struct run_group *k, int col, struct csv_out *out)
{
    if (col < COL_COUNT && isfinite(k->mean[col]))
        csv_real(out, k->mean[col]);
    else
        csv_text(out, "");
    if (col == COL_STATE || col == COL_AUC)
        csv_text(out, "");
}

static int columns_shown(const struct runs *s, int col[RUN_COLUMNS])
{
    int n = 0;
    for (int i = 0; i < s->shown.n; i++)
        col[n++] = s->shown.col[i];
    for (int c = 0; !s->shown.n && c < COL_COUNT + s->nextra; c++) /* nothing was drawn yet */
        col[n++] = c;
    return n;
}

static int export_list(const struct runs *s, struct csv_out *out)
{
    int col[RUN_COLUMNS], n = columns_shown(s, col);
    if (s->ngroups) {
        csv_text(out, "group");
        csv_text(out, "runs");
    }
    csv_text(out, "state");
    for (int i = 0; i < n; i++)
        heading(s, col[i], out);
    csv_end_row(out);
    const struct run_group *k = NULL;
    for (int line = 0; line < s->n; line++) {
        const struct query_run *r = s->rows[line];
        k = r ? k : &s->groups[-1 - s->ids[line]];
        if (k) {
            csv_text(out, k->label);
            csv_int(out, r ? 1 : k->n);
        }
        csv_text(out, r ? run_state_name(r->state) : "");
        for (int i = 0; i < n; i++)
            r ? cell(s, r, col[i], out) : group_cell(k, col[i], out);
        csv_end_row(out);
    }
    return s->n;
}

static void value(struct csv_out *out, int has, double v)
{
    if (has)
        csv_real(out, v);
    else
        csv_text(out, "");
}

/* A run's page: its metrics, then its configuration beside the preset's. */
static int export_page(const struct query_run *r, struct csv_out *out)
{
    static const char *const names[] = { "kind", "name", "training", "held_out", "best", "value", "preset" };
    struct config plain;
    char text[CONFIG_TEXT], was[CONFIG_TEXT];
    int rows = 0;
    csv_heads(out, names, sizeof names / sizeof names[0]);
    csv_end_row(out);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (!r->has[m] && !r->val_has[m])
            continue;
        csv_text(out, "metric");
        csv_text(out, metric_table[m].name);
        value(out, r->has[m], r->last[m]);
        value(out, r->val_has[m], r->val_last[m]);
        value(out, r->val_has[m] && metric_table[m].better, r->val_best[m]);
        csv_text(out, "");
        csv_text(out, "");
        csv_end_row(out);
        rows++;
    }
    run_preset(r, &plain);
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        if (!(f->flags & CONFIG_ID))
            continue;
        csv_text(out, "configuration");
        csv_text(out, f->name);
        for (int k = 0; k < 3; k++)
            csv_text(out, "");
        csv_text(out, config_get(&r->config, f, text, sizeof text));
        csv_text(out, config_get(&plain, f, was, sizeof was));
        csv_end_row(out);
        rows++;
    }
    return rows;
}

static int export_events(const struct runs *s, struct csv_out *out)
{
    static const char *const words[] = { "info", "warning", "error" };
    static const char *const names[] = { "time", "run", "name", "step", "severity", "event" };
    csv_heads(out, names, sizeof names / sizeof names[0]);
    csv_end_row(out);
    for (int i = 0; i < s->nevents; i++) {
        const struct query_event *e = &s->events[i];
        const struct query_run *r = app_run(s->app, e->run);
        csv_real(out, e->time);
        csv_int(out, e->run);
        csv_text(out, r ? r->name : "");
        csv_int(out, e->step);
        csv_text(out, e->severity >= 0 && e->severity < 3 ? words[e->severity] : "");
        csv_text(out, e->text);
        csv_end_row(out);
    }
    return s->nevents;
}

int runs_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    struct runs *s = self;
    (void)a;
    (void)err;
    if (s->detail && runs_current(s))
        return export_page(runs_current(s), out);
    if (s->focus == FOCUS_EVENTS)
        return export_events(s, out);
    return export_list(s, out);
}

static void every_column(const struct query_run *r, struct csv_out *out)
{
    char text[CONFIG_TEXT];
    csv_int(out, r->id);
    csv_text(out, r->name);
    csv_text(out, run_state_name(r->state));
    csv_text(out, r->reason);
    csv_int(out, r->step);
    csv_int(out, r->tokens);
    csv_real(out, run_loss(r));
    csv_real(out, run_auc(r));
    csv_text(out, auc_of(r));
    csv_real(out, run_last(r, METRIC_gen_loss));
    csv_real(out, run_last(r, METRIC_disc_loss));
    csv_real(out, run_last(r, METRIC_tokens_per_s));
    csv_text(out, r->tags);
    csv_text(out, r->note);
    for (int i = 0; i < config_nfields; i++)
        if (config_fields[i].flags & CONFIG_ID)
            csv_text(out, config_get(&r->config, &config_fields[i], text, sizeof text));
    csv_end_row(out);
}

/* The runs that match, folded ones too, with every field. */
static int export_all(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    static const char *const names[] = { "run", "name", "state", "reason", "step", "tokens", "loss",
                                         "auc", "auc_of", "gen_loss", "disc_loss", "tokens_per_s", "tags",
                                         "note" };
    struct runs *s = self;
    (void)a;
    (void)err;
    csv_heads(out, names, sizeof names / sizeof names[0]);
    for (int i = 0; i < config_nfields; i++)
        if (config_fields[i].flags & CONFIG_ID)
            csv_text(out, config_fields[i].name);
    csv_end_row(out);
    for (int i = 0; i < s->nmatched; i++)
        every_column(s->matched[i], out);
    return s->nmatched;
}

int runs_command(void *self, struct app *a, int i, struct choice *out)
{
    const struct runs *s = self;
    if (i)
        return runs_view_command(self, a, i - 1, out);
    snprintf(out->name, sizeof out->name, ALL);
    snprintf(out->help, sizeof out->help, "%d run%s with every field of the store, shown or not", s->nmatched,
             s->nmatched == 1 ? "" : "s");
    return 1;
}

void runs_run_command(void *self, struct app *a, const char *name)
{
    if (strcmp(name, ALL))
        runs_run_view(self, a, name);
    else
        app_export(a, "export every field to:", "runs-all", export_all);
}
