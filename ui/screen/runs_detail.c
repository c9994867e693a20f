/* Beside the list: the run under the cursor, what its threads do, what happened. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/event/event.h"
#include "ui/screen/runs.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

#define EVENTS 100

void runs_read_side(struct runs *s)
{
    struct query *q = app_query(s->app);
    struct query_threads now = { 0 };
    if (!q)
        return;
    arena_reset(&s->arena);
    s->nevents = query_events(q, 0, EVENTS, &s->arena, &s->events, NULL);
    s->nevents = s->nevents < 0 ? 0 : s->nevents;
    if (query_run_threads(q, s->cursor, &now, NULL) < 0)
        now.n = 0;
    if (s->threads_of != s->cursor)
        memset(&s->before, 0, sizeof s->before);
    else if (now.time != s->threads.time)
        s->before = s->threads;
    s->threads = now;
    s->threads_of = s->cursor;
}

static double seq_tokens(const struct query_run *r)
{
    return (double)r->config.batch * (double)r->config.seq;
}

/* "name value" pairs, the name dim, cut where the row ends. */
static int pair(struct grid *g, struct rect row, int x, const char *name, const char *value,
                int role)
{
    int w = text_columns(name) + 1 + text_columns(value);
    if (x > row.x && x + w > row.x + row.w)
        return row.x + row.w;
    x += grid_text(g, row, row.y, x, -1, STYLE(ROLE_DIM, 0), name) + 1;
    x += grid_text(g, row, row.y, x, -1, STYLE((uint8_t)role, 0), value);
    return x + 3;
}

static int metric_pair(struct grid *g, struct rect row, int x, const char *name,
                       const struct query_run *r, int metric, int val)
{
    char text[FMT];
    const struct metric_info *m = &metric_table[metric];
    if (val ? !r->val_has[metric] : !r->has[metric])
        return x;
    double v = val ? r->val_last[metric] : r->last[metric];
    int share = !*m->unit && m->decimals == 3 && metric != METRIC_grad_norm &&
                metric != METRIC_rl_loss && metric != METRIC_baseline_loss;
    fmt_metric(text, sizeof text, v, m->unit, m->decimals, share && v >= 0);
    return pair(g, row, x, name, text, isfinite(v) ? ROLE_TEXT : ROLE_BAD);
}

static void losses(struct grid *g, struct rect row, const struct query_run *r)
{
    char text[200], a[FMT], b[FMT], c[FMT], d[FMT], w[FMT];
    int x = row.x;
    if (r->has[METRIC_total_loss] && r->has[METRIC_gen_loss] && r->has[METRIC_disc_loss]) {
        snprintf(text, sizeof text, "%s = %s × gen %s + %s × disc %s",
                 fmt_fixed(a, sizeof a, r->last[METRIC_total_loss], 3),
                 fmt_round(w, sizeof w, r->config.gen_weight),
                 fmt_fixed(b, sizeof b, r->last[METRIC_gen_loss], 3),
                 fmt_round(c, sizeof c, r->config.disc_weight),
                 fmt_fixed(d, sizeof d, r->last[METRIC_disc_loss], 4));
        x = pair(g, row, x, "loss", text, ROLE_TEXT);
    } else {
        x = metric_pair(g, row, x, "loss", r, METRIC_total_loss, 0);
    }
    x = metric_pair(g, row, x, "held-out", r, METRIC_total_loss, 1);
    x = metric_pair(g, row, x, "learning rate", r, METRIC_learning_rate, 0);
    metric_pair(g, row, x, "gradient norm", r, METRIC_grad_norm, 0);
}

static void discrimination(struct grid *g, struct rect row, const struct query_run *r)
{
    int x = row.x;
    x = metric_pair(g, row, x, "AUC on common fakes", r, METRIC_rtd_auc_common, 1);
    x = metric_pair(g, row, x, "on own fakes", r, METRIC_rtd_auc, 1);
    x = metric_pair(g, row, x, "recall", r, METRIC_rtd_recall, r->val_has[METRIC_rtd_recall]);
    x = metric_pair(g, row, x, "precision", r, METRIC_rtd_precision,
                    r->val_has[METRIC_rtd_precision]);
    x = metric_pair(g, row, x, "replaced", r, METRIC_fake_share, r->val_has[METRIC_fake_share]);
    x = metric_pair(g, row, x, "said replaced", r, METRIC_said_share, r->val_has[METRIC_said_share]);
    x = metric_pair(g, row, x, "leaves", r, METRIC_leaf_angle, 0);
    metric_pair(g, row, x, "generator right", r, METRIC_mlm_accuracy, 0);
}

static void shape(struct grid *g, struct rect row, const struct query_run *r)
{
    char text[160], n[FMT], t[FMT], gen[16], objective[40], tie[40];
    int x = row.x;
    config_get(&r->config, config_find("objective"), objective, sizeof objective);
    config_get(&r->config, config_find("tie"), tie, sizeof tie);
    x = pair(g, row, x, "objective", objective, ROLE_TEXT);
    x = pair(g, row, x, "sharing", tie, ROLE_TEXT);
    x = pair(g, row, x, "generator", run_generator(r, gen, sizeof gen), ROLE_TEXT);
    snprintf(text, sizeof text, "%ld × %ld", r->config.layers, r->config.hidden_size);
    x = pair(g, row, x, "layers", text, ROLE_TEXT);
    if (r->params)
        x = pair(g, row, x, "parameters", fmt_count(n, sizeof n, (double)r->params), ROLE_TEXT);
    snprintf(text, sizeof text, "%ld × %ld", r->config.batch, r->config.seq);
    x = pair(g, row, x, "batch", text, ROLE_TEXT);
    snprintf(text, sizeof text, "%s of %s", fmt_exact(n, sizeof n, r->step),
             fmt_exact(t, sizeof t, r->config.steps));
    x = pair(g, row, x, "step", text, ROLE_TEXT);
    if (r->kernel[0])
        pair(g, row, x, "kernels", r->kernel, ROLE_TEXT);
}

static void origin(const struct runs *s, struct grid *g, struct rect row, const struct query_run *r)
{
    char text[320], step[FMT];
    int x = row.x;
    run_standing(s, r, text, sizeof text);
    if (r->state == RUN_RUNNING && isfinite(run_eta(r)))
        strncat(text, " left", sizeof text - strlen(text) - 1);
    const char *state = run_state_name(r->state);
    x = pair(g, row, x, strncmp(text, state, strlen(state)) ? state : "state", text,
             r->state == RUN_FAILED || r->state == RUN_LOST ? ROLE_BAD : ROLE_TEXT);
    if (r->checkpoint[0])
        x = pair(g, row, x, "checkpoint", fmt_exact(step, sizeof step, r->checkpoint_step),
                 ROLE_TEXT);
    if (r->parent) {
        const struct query_run *p = app_run(s->app, r->parent);
        snprintf(text, sizeof text, "%s", p ? p->name : "gone");
        x = pair(g, row, x, "from", text, ROLE_TEXT);
    }
    if (r->tags[0])
        x = pair(g, row, x, "tags", r->tags, ROLE_TEXT);
    if (r->note[0])
        pair(g, row, x, "note", r->note, ROLE_TEXT);
}

static const char *event_time(double t, char *out, size_t size)
{
    time_t at = (time_t)t;
    struct tm tm;
    localtime_r(&at, &tm);
    strftime(out, size, "%H:%M:%S", &tm);
    return out;
}

static void draw_event(const struct runs *s, struct grid *g, struct rect row,
                       const struct query_event *e)
{
    char t[16];
    int bad = e->severity == SEV_ERROR, warn = e->severity == SEV_WARN, x = row.x;
    const struct query_run *r = app_run(s->app, e->run);
    x += grid_text(g, row, row.y, x, 8, STYLE(ROLE_DIM, 0), event_time(e->time, t, sizeof t)) + 1;
    grid_cell(g, row, row.y, x, STYLE(bad ? ROLE_BAD : warn ? ROLE_WARN : ROLE_DIM, 0),
              bad || warn ? "!" : sign(SIGN_DOT));
    x += 2;
    x += grid_middle(g, row, row.y, x, row.w > 70 ? 22 : 14, STYLE(ROLE_TEXT, 0),
                     r ? r->name : "") + 2;
    grid_text(g, row, row.y, x, -1, STYLE(ROLE_TEXT, 0), e->text);
}

void runs_draw_detail(struct runs *s, struct grid *g, struct rect area)
{
    const struct query_run *r = runs_current(s);
    int rows = area.h - 1, y = area.y + 1;
    pane_titlef(g, area.y, area.x, area.w, 0, "%s", r ? r->name : "no run");
    if (!r)
        return;
    struct rect row = { y, area.x + 1, 1, area.w - 2 };
    losses(g, row, r);
    row.y++;
    if (rows >= 3) {
        discrimination(g, row, r);
        row.y++;
    }
    if (rows >= 5) {
        shape(g, row, r);
        row.y++;
    }
    origin(s, g, row, r);
    row.y++;
    for (int i = 0; i < s->nevents && row.y < area.y + area.h; i++) {
        if (s->events[i].run == r->id || rows < 5) {
            draw_event(s, g, row, &s->events[i]);
            row.y++;
        }
    }
}

void runs_draw_events(struct runs *s, struct grid *g, struct rect area)
{
    const struct app_message *said;
    int n = app_messages(s->app, &said), rows = area.h - 1, i = s->event_top, k = n - 1;
    pane_titlef(g, area.y, area.x, area.w, s->focus == 1, "events %d", s->nevents);
    for (int y = 0; y < rows; y++) {
        struct rect row = { area.y + 1 + y, area.x + 2, 1, area.w - 3 };
        int own = k >= 0 && s->focus == 0 &&
                  (i >= s->nevents || said[k].utc >= s->events[i].time);
        if (own) {
            struct query_event e = { .time = said[k].utc, .severity = said[k].severity };
            snprintf(e.text, sizeof e.text, "%s", said[k--].text);
            draw_event(s, g, row, &e);
        } else if (i < s->nevents) {
            draw_event(s, g, row, &s->events[i]);
            if (s->focus == 1 && i == s->event_top) {
                grid_cell(g, area, row.y, area.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
                grid_back(g, (struct rect){ row.y, area.x, 1, area.w }, BACK_SELECTED);
                g->cursor_y = row.y;
                g->cursor_x = area.x;
            }
            i++;
        }
    }
    if (!s->nevents && !n)
        grid_text(g, area, area.y + 1, area.x + 2, area.w - 3, STYLE(ROLE_DIM, 0),
                  "Nothing yet: NaN, lost runs, best values and checkpoints are told here.");
}

/* Share of one core since the sample before; NAN when there is none. */
static double cpu_share(const struct runs *s, int i)
{
    double dt = s->threads.time - s->before.time;
    if (i >= s->before.n || !(dt > 0) || strcmp(s->before.threads[i].what, "") == 0)
        return NAN;
    return (s->threads.threads[i].cpu - s->before.threads[i].cpu) / dt;
}

void runs_draw_threads(struct runs *s, struct grid *g, struct rect area)
{
    const struct query_run *r = runs_current(s);
    char title[96] = "threads", rate[FMT], text[FMT], steps[48];
    struct rect in = { area.y + 1, area.x + 1, area.h - 1, area.w - 2 };
    double per_s = r ? run_last(r, METRIC_tokens_per_s) / seq_tokens(r) : NAN;
    steps[0] = 0;
    if (r && isfinite(per_s) && r->state == RUN_RUNNING)
        snprintf(steps, sizeof steps, "%s steps/s", fmt_count(rate, sizeof rate, per_s));
    const char *parts[] = { title, steps };
    pane_title(g, area.y, area.x, area.w, 0, parts, 2);
    int n = r && run_state_name(r->state) ? s->threads.n : 0;
    if (!n || r->state != RUN_RUNNING) {
        grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_DIM, 0),
                  r && r->state == RUN_RUNNING ? "no report yet" : "this run is not running");
        return;
    }
    for (int i = 0; i < n && i < in.h; i++) {
        double share = cpu_share(s, i);
        int y = in.y + i, cpu = in.w >= 30 ? in.w - 18 : in.w;
        grid_text(g, in, y, in.x, cpu - 1, STYLE(ROLE_TEXT, 0), s->threads.threads[i].what);
        if (cpu == in.w)
            continue;
        if (isfinite(share)) {
            bar_draw(g, in, y, in.x + cpu, 10, STYLE(ROLE_ACCENT, 0), share);
            snprintf(text, sizeof text, "%d %%", (int)lround(share * 100));
        } else {
            fmt_time(text, sizeof text, s->threads.threads[i].cpu);
        }
        grid_right(g, in, y, in.x + cpu + 11, 7, STYLE(ROLE_TEXT, 0), text);
    }
}

static void draw_metrics(struct grid *g, struct rect area, const struct query_run *r)
{
    int y = area.y + 1;
    pane_titlef(g, area.y, area.x, area.w, 0, "metrics");
    grid_right(g, area, y, area.x + 19, 10, STYLE(ROLE_DIM, 0), "training");
    grid_right(g, area, y, area.x + 30, 10, STYLE(ROLE_DIM, 0), "held-out");
    grid_right(g, area, y, area.x + 41, 10, STYLE(ROLE_DIM, 0), "best");
    y++;
    for (int m = 0; m < METRIC_COUNT && y < area.y + area.h; m++) {
        char text[FMT];
        const struct metric_info *info = &metric_table[m];
        double v[3] = { r->last[m], r->val_last[m], r->val_best[m] };
        int has[3] = { r->has[m], r->val_has[m], r->val_has[m] && info->better };
        if (!has[0] && !has[1])
            continue;
        grid_text(g, area, y, area.x + 1, 18, STYLE(ROLE_TEXT, 0), info->name);
        for (int k = 0; k < 3; k++) {
            int bad = has[k] && !isfinite(v[k]);
            if (has[k])
                fmt_metric(text, sizeof text, v[k], info->unit, info->decimals, 0);
            grid_right(g, area, y, area.x + 19 + 11 * k, 10, STYLE(bad ? ROLE_BAD : ROLE_TEXT, 0),
                       has[k] ? text : "-");
        }
        grid_text(g, area, y, area.x + 54, area.w - 54, STYLE(ROLE_DIM, 0), info->help);
        y++;
    }
}

/* Fields that are not the preset's come first and bold; `top` lines are scrolled away. */
static void draw_config(struct grid *g, struct rect area, const struct query_run *r, int top)
{
    struct config plain;
    char preset[40], text[CONFIG_TEXT], was[CONFIG_TEXT];
    int line = 0, rows = area.h - 1;
    config_default(&plain);
    config_get(&r->config, config_find("preset"), preset, sizeof preset);
    config_preset(&plain, preset, NULL);
    config_resolve(&plain, NULL);
    pane_titlef(g, area.y, area.x, area.w, 0, "configuration, bold where it is not %s's", preset);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < config_nfields; i++) {
            const struct config_field *f = &config_fields[i];
            if (!(f->flags & CONFIG_ID))
                continue;
            config_get(&r->config, f, text, sizeof text);
            int differs = strcmp(text, config_get(&plain, f, was, sizeof was)) != 0;
            if (differs == pass || line++ < top || line - top > rows)
                continue;
            int y = area.y + line - top;
            grid_text(g, area, y, area.x + 1, 22, STYLE(differs ? ROLE_TEXT : ROLE_DIM, 0), f->name);
            grid_middle(g, area, y, area.x + 24, area.w - 25,
                        STYLE(ROLE_TEXT, differs ? ATTR_BOLD : 0), *text ? text : "-");
        }
    }
}

/* The run's own page: everything the list has no room for. */
void runs_draw_page(struct runs *s, struct grid *g, struct rect area)
{
    const struct query_run *r = runs_current(s);
    struct rect top = { area.y, area.x, 6, area.w }, left, right;
    runs_draw_detail(s, g, top);
    left = (struct rect){ area.y + 6, area.x, area.h - 6, area.w };
    right = left;
    if (left.h < 3)
        return;
    if (area.w < 100) {
        left.h = left.h / 2 > 16 ? 16 : left.h / 2;
        draw_metrics(g, left, r);
        right.y += left.h;
        right.h -= left.h;
        draw_config(g, right, r, s->page_top);
        return;
    }
    left.w = area.w * 3 / 5;
    right.x = left.w + 1;
    right.w = area.w - right.x;
    draw_metrics(g, left, r);
    draw_config(g, right, r, s->page_top);
    pane_hline(g, left.y, left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, left.y, left.w, left.h, STYLE(ROLE_DIM, 0));
}
