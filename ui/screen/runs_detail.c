/* The run under the cursor: below the list, and its own page. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/event/event.h"
#include "ui/screen/run_diagnosis.h"
#include "ui/screen/runs.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define WHY 800
#define FACTS 4 /* rows of facts; more where there is room */

/* Facts of a run, flowing: `spare` more rows may be begun where one does not fit. */
struct flow {
    struct grid *g;
    struct rect row;
    int x, spare, cut; /* cut: what follows is text, which may be cut */
};
#define CUT_LEAST 12 /* columns of a text */

static void next_row(struct flow *f)
{
    f->row.y++;
    f->x = f->row.x;
}

/* "name value", the name dim; what no row has room for is left out, unless it begins a row. */
static void pair(struct flow *f, const char *name, const char *value, int role)
{
    int w = text_columns(name) + 1 + text_columns(value), end = f->row.x + f->row.w;
    if (f->x > f->row.x && f->x + w > end && f->spare > 0) {
        next_row(f);
        f->spare--;
    }
    int begin = f->cut && end - f->x > text_columns(name) + CUT_LEAST;
    if (f->x > f->row.x && f->x + w > end && !begin) {
        f->x = end;
        return;
    }
    f->x += grid_text(f->g, f->row, f->row.y, f->x, -1, STYLE(ROLE_DIM, 0), name) + 1;
    f->x += grid_end(f->g, f->row, f->row.y, f->x, end - f->x, STYLE((uint8_t)role, 0), value) + 3;
}

static void metric_pair(struct flow *f, const char *name, const struct query_run *r, int metric, int val)
{
    char text[FMT];
    const struct metric_info *m = &metric_table[metric];
    if (val ? !r->val_has[metric] : !r->has[metric])
        return;
    double v = val ? r->val_last[metric] : r->last[metric];
    fmt_metric(text, sizeof text, v, m->unit, m->decimals, metric_is_share(metric));
    pair(f, name, text, isfinite(v) ? ROLE_TEXT : ROLE_BAD);
}

/* A label with the step of the held-out values where the run is further by now. */
static const char *held_out(const struct query_run *r, const char *label, char *out, size_t size)
{
    char step[FMT];
    if (r->val_step < 0 || r->val_step >= r->step)
        snprintf(out, size, "%s", label);
    else
        snprintf(out, size, "%s at step %s", label, fmt_exact(step, sizeof step, r->val_step));
    return out;
}

static void losses(struct flow *f, const struct query_run *r)
{
    char text[200], a[FMT], b[FMT], c[FMT], d[FMT], w[FMT], held[64];
    if (r->has[METRIC_total_loss] && r->has[METRIC_gen_loss] && r->has[METRIC_disc_loss]) {
        snprintf(text, sizeof text, "%s = %s × gen %s + %s × disc %s",
                 fmt_fixed(a, sizeof a, r->last[METRIC_total_loss], 3),
                 fmt_round(w, sizeof w, r->config.gen_weight),
                 fmt_fixed(b, sizeof b, r->last[METRIC_gen_loss], 3),
                 fmt_round(c, sizeof c, r->config.disc_weight),
                 fmt_fixed(d, sizeof d, r->last[METRIC_disc_loss], 4));
        pair(f, "loss", text, ROLE_TEXT);
    } else {
        metric_pair(f, "loss", r, METRIC_total_loss, 0);
    }
    metric_pair(f, held_out(r, "held-out", held, sizeof held), r, METRIC_total_loss, 1);
    metric_pair(f, "learning rate", r, METRIC_learning_rate, 0);
    metric_pair(f, "gradient norm", r, METRIC_grad_norm, 0);
}

static void discrimination(struct flow *f, const struct query_run *r)
{
    char held[64];
    int common = r->val_has[METRIC_rtd_auc_common];
    metric_pair(f, held_out(r, "AUC common", held, sizeof held), r, METRIC_rtd_auc_common, 1);
    metric_pair(f, common ? "AUC own" : held_out(r, "AUC own", held, sizeof held), r, METRIC_rtd_auc, 1);
    metric_pair(f, "recall", r, METRIC_rtd_recall, r->val_has[METRIC_rtd_recall]);
    metric_pair(f, "precision", r, METRIC_rtd_precision, r->val_has[METRIC_rtd_precision]);
    metric_pair(f, "replaced", r, METRIC_fake_share, r->val_has[METRIC_fake_share]);
    metric_pair(f, "said replaced", r, METRIC_said_share, r->val_has[METRIC_said_share]);
    metric_pair(f, "leaves", r, METRIC_leaf_angle, 0);
    metric_pair(f, "generator right", r, METRIC_mlm_accuracy, 0);
}

/* "64 × 16", of the stage that a run with stages is in: "128 × 8, stage 1 of 2". */
static void batch_now(const struct query_run *r, char *out, size_t size)
{
    struct seq_stage all[SEQ_STAGES_MAX];
    int n = *r->config.seq_stages ? config_stages(&r->config, all, NULL) : 1, i = 0;
    if (n < 2) {
        snprintf(out, size, "%ld × %ld", r->config.batch, r->config.seq);
        return;
    }
    while (i < n - 1 && r->step >= all[i].end)
        i++;
    snprintf(out, size, "%ld × %ld, stage %d of %d", all[i].batch, all[i].seq, i + 1, n);
}

static void shape(struct flow *f, const struct query_run *r)
{
    char text[160], n[FMT], t[FMT], gen[16], objective[40], tie[40];
    config_get(&r->config, config_find("objective"), objective, sizeof objective);
    config_get(&r->config, config_find("tie"), tie, sizeof tie);
    pair(f, "objective", objective, ROLE_TEXT);
    pair(f, "sharing", tie, ROLE_TEXT);
    pair(f, "generator", run_generator(r, gen, sizeof gen), ROLE_TEXT);
    snprintf(text, sizeof text, "%ld × %ld", r->config.layers, r->config.hidden_size);
    pair(f, "layers", text, ROLE_TEXT);
    if (r->params)
        pair(f, "parameters", fmt_exact(n, sizeof n, (int64_t)r->params), ROLE_TEXT);
    batch_now(r, text, sizeof text);
    pair(f, "batch", text, ROLE_TEXT);
    snprintf(text, sizeof text, "%s of %s", fmt_exact(n, sizeof n, r->step),
             fmt_exact(t, sizeof t, r->config.steps));
    pair(f, "step", text, ROLE_TEXT);
    if (r->tokens)
        pair(f, "tokens", fmt_exact(n, sizeof n, r->tokens), ROLE_TEXT);
    if (r->kernel[0])
        pair(f, "kernels", r->kernel, ROLE_TEXT);
}

static void origin(const struct runs *s, struct flow *f, const struct query_run *r)
{
    char text[320], step[FMT];
    run_standing(s, r, text, sizeof text);
    if (r->state == RUN_RUNNING && isfinite(run_eta(r)))
        strncat(text, " left", sizeof text - strlen(text) - 1);
    const char *state = run_state_name(r->state);
    pair(f, strncmp(text, state, strlen(state)) ? state : "state", text,
         r->state == RUN_FAILED || r->state == RUN_LOST ? ROLE_BAD : ROLE_TEXT);
    if (r->checkpoint[0])
        pair(f, "checkpoint", fmt_exact(step, sizeof step, r->checkpoint_step), ROLE_TEXT);
    if (r->parent) {
        const struct query_run *p = app_run(s->app, r->parent);
        snprintf(text, sizeof text, "%s", p ? p->name : "gone");
        pair(f, "from", text, ROLE_TEXT);
    }
    f->cut = 1;
    if (r->tags[0])
        pair(f, "tags", r->tags, ROLE_TEXT);
    if (r->note[0])
        pair(f, "note", r->note, ROLE_TEXT);
}

/* The rows that a preview of a run needs: title, four of facts, what is unusual in full, one event. */
static int rows_for(const struct runs *s, const struct query_run *r, int width)
{
    char why[WHY];
    if (!r || !run_why(r, app_query(s->app), why, sizeof why))
        return 0;
    return 6 + wrap_text(NULL, (struct rect){ 0, 0, 1, width - 2 }, STYLE(ROLE_WARN, 0), why);
}

int runs_detail_rows(const struct runs *s, int width)
{
    return rows_for(s, runs_current(s), width);
}

int runs_preview_rows(struct runs *s, int width, int rows)
{
    if (width != s->preview_width)
        s->preview = 0;
    s->preview_width = width;
    for (int i = s->top; i < s->n && i < s->top + rows; i++) {
        int need = rows_for(s, s->rows[i], width);
        s->preview = need > s->preview ? need : s->preview;
    }
    int here = runs_detail_rows(s, width);
    s->preview = here > s->preview ? here : s->preview;
    return s->preview;
}

void runs_draw_detail(struct runs *s, struct grid *g, struct rect area)
{
    const struct query_run *r = runs_current(s);
    int rows = area.h - 1, end = area.y + area.h;
    char why[WHY];
    const char *parts[] = { r ? r->name : "no run", s->wide || s->detail ? NULL : "Tab: events, threads" };
    pane_title(g, area.y, area.x, area.w, 0, parts, 2);
    if (!r)
        return;
    struct rect row = { area.y + 1, area.x + 1, 1, area.w - 2 };
    if (run_why(r, app_query(s->app), why, sizeof why)) { /* first what matters most */
        struct rect all = { row.y, row.x, rows, row.w };
        int used = wrap_text(g, all, STYLE(ROLE_WARN, 0), why);
        row.y += used;
        rows -= used;
    }
    struct flow f = { g, row, row.x, rows - FACTS - (s->detail ? 0 : 2), 0 };
    losses(&f, r);
    if (f.x > f.row.x)
        next_row(&f);
    if (rows >= 3)
        discrimination(&f, r);
    if (f.x > f.row.x)
        next_row(&f);
    if (rows >= 5) {
        shape(&f, r);
        next_row(&f);
    }
    if (f.row.y < end)
        origin(s, &f, r);
    next_row(&f);
    row = f.row;
    for (int i = 0; i < s->nown && s->own[i].run == r->id && row.y < end; i++)
        row.y += runs_draw_event(s, g, (struct rect){ row.y, row.x, end - row.y, row.w }, &s->own[i], 1);
}

#define METRICS_W 54 /* columns without what they mean */
#define MEANING_W 40 /* least for that */

/* `top` of its lines are scrolled away, as far as there are more than fit. */
static void draw_metrics(struct grid *g, struct rect area, const struct query_run *r, int top)
{
    int y = area.y + 1, n = 0, skip;
    char held[64];
    const char *at = held_out(r, "held-out", held, sizeof held);
    for (int m = 0; m < METRIC_COUNT; m++)
        n += r->has[m] || r->val_has[m];
    skip = n - (area.h - 2);
    skip = skip < 0 ? 0 : skip > top ? top : skip;
    const char *parts[] = { "metrics", strcmp(at, "held-out") ? at : NULL, n > area.h - 2 ? "PgDn scrolls" : NULL };
    pane_title(g, area.y, area.x, area.w, 0, parts, 3);
    static const char *const heads[] = { "training", "held-out", "best" };
    int shown = (area.w - 18) / 11; /* whole ones */
    shown = shown > 3 ? 3 : shown;
    for (int k = 0; k < shown; k++)
        grid_right(g, area, y, area.x + 19 + 11 * k, 10, STYLE(ROLE_DIM, 0), heads[k]);
    y++;
    for (int m = 0; m < METRIC_COUNT && y < area.y + area.h; m++) {
        char text[FMT];
        const struct metric_info *info = &metric_table[m];
        double v[3] = { r->last[m], r->val_last[m], r->val_best[m] };
        int has[3] = { r->has[m], r->val_has[m], r->val_has[m] && info->better };
        if ((!has[0] && !has[1]) || skip-- > 0)
            continue;
        grid_text(g, area, y, area.x + 1, 18, STYLE(ROLE_TEXT, 0), info->name);
        for (int k = 0; k < shown; k++) {
            int bad = has[k] && !isfinite(v[k]);
            if (has[k])
                fmt_metric(text, sizeof text, v[k], info->unit, info->decimals, metric_is_share(m));
            grid_right(g, area, y, area.x + 19 + 11 * k, 10, STYLE(bad ? ROLE_BAD : ROLE_TEXT, 0),
                       has[k] ? text : "-");
        }
        if (area.w - METRICS_W >= MEANING_W)
            grid_text(g, area, y, area.x + METRICS_W, area.w - METRICS_W, STYLE(ROLE_DIM, 0), info->help);
        y++;
    }
}

const char *run_preset(const struct query_run *r, struct config *plain)
{
    static char name[40];
    config_default(plain);
    config_get(&r->config, config_find("preset"), name, sizeof name);
    config_preset(plain, name, NULL);
    config_resolve(plain, NULL);
    return name;
}

/* Fields that are not the preset's come first and bold; `top` lines are scrolled away. */
static void draw_config(struct grid *g, struct rect area, const struct query_run *r, int top)
{
    struct config plain;
    char text[CONFIG_TEXT], was[CONFIG_TEXT];
    int line = 0, rows = area.h - 1;
    const char *preset = run_preset(r, &plain);
    snprintf(text, sizeof text, "configuration, bold where it is not %s's", preset);
    const char *parts[] = { text, "PgDn scrolls" };
    pane_title(g, area.y, area.x, area.w, 0, parts, 2);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < config_nfields; i++) {
            const struct config_field *f = &config_fields[i];
            if (!(f->flags & CONFIG_ID))
                continue;
            config_show(&r->config, f, text, sizeof text);
            int differs = strcmp(text, config_show(&plain, f, was, sizeof was)) != 0;
            if (differs == pass || line++ < top || line - top > rows)
                continue;
            int y = area.y + line - top;
            grid_text(g, area, y, area.x + 1, 22, STYLE(differs ? ROLE_TEXT : ROLE_DIM, 0), f->name);
            int x = area.x + 24, room = area.w - 25;
            x += grid_middle(g, area, y, x, room, STYLE(ROLE_TEXT, differs ? ATTR_BOLD : 0),
                             *text ? text : "-");
            if (differs && *was)
                grid_textf(g, area, y, x + 2, area.x + area.w - x - 3, STYLE(ROLE_DIM, 0), "%s: %s", preset,
                           was);
        }
    }
}

/* The run's own page: everything the list has no room for. */
void runs_draw_page(struct runs *s, struct grid *g, struct rect area)
{
    const struct query_run *r = runs_current(s);
    int rows = runs_detail_rows(s, area.w);
    rows = (rows < 6 ? 6 : rows) + (area.w < 100 ? 3 : 1); /* its facts, all of them */
    rows = rows > area.h / 2 ? area.h / 2 : rows;
    struct rect top = { area.y, area.x, rows, area.w }, left, right;
    runs_draw_detail(s, g, top);
    left = (struct rect){ area.y + rows, area.x, area.h - rows, area.w };
    right = left;
    if (left.h < 3)
        return;
    if (area.w < 100) {
        left.h = left.h / 2 > 16 ? 16 : left.h / 2;
        draw_metrics(g, left, r, s->page_top);
        right.y += left.h;
        right.h -= left.h;
        draw_config(g, right, r, s->page_top);
        return;
    }
    left.w = area.w >= 160 ? area.w * 3 / 5 : METRICS_W;
    right.x = left.w + 1;
    right.w = area.w - right.x;
    draw_metrics(g, left, r, s->page_top);
    draw_config(g, right, r, s->page_top);
    pane_hline(g, left.y, left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, left.y, left.w, left.h, STYLE(ROLE_DIM, 0));
}
