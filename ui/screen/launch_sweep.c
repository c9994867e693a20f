/* An experiment file whose rows are no grid of fields (lists, conditions, budgets, draws) in the place
 * of the form: its runs, what each costs, and the options of `electroscope sweep` on top. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/visible.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/launch.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/table.h"
#include "ui/widget/wrap.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define OPTIONS 32

/* The options cut at blanks; seeds apart. Returns their number, or E_USAGE. */
static int cut_options(char *text, const char *out[OPTIONS + 1], int *seeds, struct err *err)
{
    char *save = NULL;
    int n = 0;
    *seeds = 0;
    for (char *t = strtok_r(text, " \t", &save); t; t = strtok_r(NULL, " \t", &save)) {
        char *eq = strchr(t, '='), name[64];
        if (!eq)
            return err_set(err, E_USAGE, "'%s' is not field=value", SHOW(t));
        snprintf(name, sizeof name, "%.*s", (int)(eq - t), t);
        if (!strcmp(name, "seeds"))
            *seeds = atoi(eq + 1);
        if (!strcmp(name, "seeds") ? *seeds < 1 : !config_find(name))
            return err_set(err, E_USAGE, !strcmp(name, "seeds") ? "seeds: '%s' is no number of seeds"
                           : "there is no field '%s'", SHOW(!strcmp(name, "seeds") ? eq + 1 : name));
        if (n == OPTIONS)
            return err_set(err, E_USAGE, "more than %d options", OPTIONS);
        if (strcmp(name, "seeds"))
            out[n++] = t;
    }
    out[n] = NULL;
    return n;
}

int draft_sweep(const struct draft *d, const struct workspace *w, struct sweep *out, struct err *err)
{
    char text[sizeof d->options];
    const char *over[OPTIONS + 1];
    struct sweep_options o = { .scale = *d->scale ? d->scale : NULL, .overrides = over };
    memset(out, 0, sizeof *out);
    memcpy(text, d->options, sizeof text);
    int n = cut_options(text, over, &o.seeds, err);
    return n < 0 ? n : sweep_load(out, w, d->file, &o, err);
}

void draft_sweep_options(const struct draft *d, struct str *out)
{
    if (*d->scale)
        str_addf(out, " --scale %s", d->scale);
    for (const char *p = d->options; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        int name = 1;
        str_add(out, " --");
        for (; n; n--, p++) {
            name &= *p != '=';
            str_addc(out, name && *p == '_' ? '-' : *p);
        }
    }
}

/* --- what is asked ------------------------------------------------------------------------------ */

static void options_done(void *ud, const char *text)
{
    struct launch *s = ud;
    struct err err = { 0 };
    struct draft next = s->draft, was = s->draft;
    struct sweep runs;
    if (!text)
        return;
    snprintf(next.options, sizeof next.options, "%.*s", (int)sizeof next.options - 1, text);
    int rc = draft_sweep(&next, app_workspace(s->app), &runs, &err);
    sweep_free(&runs);
    if (rc) {
        app_say(s->app, SEV_ERROR, "%s", err.text);
        return;
    }
    s->draft = next;
    launch_remember(s, &was, "options");
    launch_changed(s);
}

void launch_options(struct launch *s)
{
    app_prompt(s->app, "options (steps=20 seeds=3 ...):", s->draft.options, options_done, NULL, s);
}

void launch_close_file(struct launch *s)
{
    struct draft was = s->draft;
    s->draft.file[0] = s->draft.scale[0] = s->draft.options[0] = 0;
    s->cursor = s->top = 0;
    launch_remember(s, &was, "closing the file");
    launch_changed(s);
    app_say(s->app, SEV_INFO, "the form again · u undo");
}

int launch_export_plan(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    static const char *const heads[] = { "row", "seed", "status", "run", "steps", "tokens", "flops", "seconds" };
    const struct launch *s = self;
    (void)a;
    if (!s->has_cost)
        return err_set(err, E_NOTFOUND, "%s", s->err.text);
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; i < s->runs.n; i++) {
        const struct sweep_item *it = &s->cost.plan.items[i];
        csv_text(out, s->runs.runs[i].label);
        csv_int(out, s->runs.runs[i].config.seed);
        csv_text(out, sweep_status_name(it->status));
        if (it->run)
            csv_int(out, it->run);
        else
            csv_text(out, "");
        csv_int(out, s->runs.runs[i].config.steps);
        csv_real(out, it->tokens);
        csv_real(out, it->flops);
        csv_real(out, it->seconds);
        csv_end_row(out);
    }
    return s->runs.n;
}

/* --- its runs ----------------------------------------------------------------------------------- */

enum { RUN_ROW, RUN_SEED, RUN_STATUS, RUN_STEPS, RUN_TOKENS, RUN_FLOPS, RUN_TIME, RUN_COLS };
static const struct column columns[RUN_COLS] = {
    [RUN_ROW] = { "row", 0, 30, 70, ALIGN_MIDDLE_CUT }, [RUN_SEED] = { "seed", 1, 5, 5, ALIGN_RIGHT },
    [RUN_STATUS] = { "status", 0, 7, 7, ALIGN_LEFT },   [RUN_STEPS] = { "steps", 2, 7, 7, ALIGN_RIGHT },
    [RUN_TOKENS] = { "tokens", 3, 6, 6, ALIGN_RIGHT },  [RUN_FLOPS] = { "FLOPs", 4, 7, 7, ALIGN_RIGHT },
    [RUN_TIME] = { "time", 1, 8, 8, ALIGN_RIGHT },
};

static void run_text(const struct launch *s, int i, int col, char *out, size_t size)
{
    const struct sweep_run *r = &s->runs.runs[i];
    const struct sweep_item *it = s->has_cost ? &s->cost.plan.items[i] : NULL;
    *out = 0;
    switch (col) {
    case RUN_ROW: snprintf(out, size, "%s", r->label); break;
    case RUN_SEED: snprintf(out, size, "%ld", r->config.seed); break;
    case RUN_STATUS: snprintf(out, size, "%s", it ? sweep_status_name(it->status) : ""); break;
    case RUN_STEPS: fmt_exact(out, size, r->config.steps); break;
    case RUN_TOKENS: it ? fmt_count(out, size, it->tokens) : out; break;
    case RUN_FLOPS: it ? fmt_exp(out, size, it->flops) : out; break;
    default:
        if (it && it->seconds >= 0)
            fmt_time(out, size, it->seconds);
        else
            snprintf(out, size, "-");
    }
}

static void draw_run(const struct launch *s, struct grid *g, struct rect row, const struct table_layout *t, int i)
{
    struct rect cells = { row.y, row.x + 2, 1, row.w - 2 };
    int fresh = !s->has_cost || s->cost.plan.items[i].status == SWEEP_NEW;
    char text[240];
    for (int c = 0; c < t->n; c++) {
        run_text(s, i, t->col[c], text, sizeof text);
        table_cell(g, cells, row.y, t, columns, c, STYLE(fresh ? ROLE_TEXT : ROLE_DIM, 0), text);
    }
    if (i != s->cursor)
        return;
    grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    if (s->focus)
        return;
    grid_back(g, row, BACK_SELECTED);
    g->cursor_y = row.y;
    g->cursor_x = row.x;
}

void launch_draw_sweep(struct launch *s, struct grid *g, struct rect area)
{
    const char *slash = strrchr(s->draft.file, '/');
    char runs[64], scale[32] = "", options[300] = "";
    struct table_layout t;
    snprintf(runs, sizeof runs, "%d run%s", s->runs.n, s->runs.n == 1 ? "" : "s");
    if (*s->draft.scale)
        snprintf(scale, sizeof scale, "scale %s", s->draft.scale);
    snprintf(options, sizeof options, "%s", *s->draft.options ? s->draft.options : "no options");
    const char *parts[] = { slash ? slash + 1 : s->draft.file, scale, runs, options };
    pane_title(g, area.y, area.x, area.w, !s->focus, parts, 4);
    int rows = area.h - 2;
    s->form = (struct rect){ area.y + 2, area.x, rows < 0 ? 0 : rows, area.w };
    if (rows < 1)
        return;
    if (!s->runs.n) {
        struct rect in = { area.y + 1, area.x + 2, area.h - 1, area.w - 3 };
        wrap_text(g, in, STYLE(ROLE_BAD, 0), s->err.text);
        return;
    }
    struct rect head = { area.y + 1, area.x + 2, 1, area.w - 3 };
    table_layout(&t, columns, RUN_COLS, head.w - 1, 0);
    table_head(g, head, head.y, &t, columns, -1, 0);
    s->top = table_top(s->top, s->cursor, rows, s->runs.n);
    for (int i = 0; i < rows && s->top + i < s->runs.n; i++)
        draw_run(s, g, (struct rect){ area.y + 2 + i, area.x, 1, area.w }, &t, s->top + i);
}
