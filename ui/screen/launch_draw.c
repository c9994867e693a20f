/* The looks of the Launch screen: the form, the help of its field, what it will cost. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/launch.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define NAME_W 22
#define LABEL_W 11
#define DIM STYLE(ROLE_DIM, 0)
#define PLAIN STYLE(ROLE_TEXT, 0)

/* A packed corpus's size, or that a text is packed before it is trained on. */
static void corpus_note(const struct launch *s, const char *value, char *out, size_t size)
{
    char tokens[FMT];
    snprintf(out, size, "packed first");
    for (int i = 0; i < s->ncorpora; i++)
        if (!strcmp(s->corpora[i].name, value))
            snprintf(out, size, "%s tokens", fmt_count(tokens, sizeof tokens, (double)s->corpora[i].tokens));
}

/* What -1 and 0 hang on. */
static const char *by_what(int field)
{
    return field == LAUNCH_disc_weight || field == LAUNCH_gen_weight ? "by objective: " : "";
}

/* An error without "NAME: " before it, which stands beside it already. */
static const char *after_name(const char *text, const char *name)
{
    size_t n = strlen(name);
    return n && !strncmp(text, name, n) && text[n] == ':' && text[n + 1] == ' ' ? text + n + 2 : text;
}

/* What stands beside a value: its error, how many it is, or what it comes to. */
static void note(const struct launch *s, int field, const char *value, char *out, size_t size, int *bad)
{
    const struct config_field *f = &config_fields[field];
    struct draft_values v;
    char got[CONFIG_TEXT], n[FMT];
    *bad = 0;
    *out = 0;
    if (s->editing == field && s->typed_error[0]) {
        *bad = 1;
        snprintf(out, size, "! %s", s->typed_error);
        return;
    }
    if (s->bad == field && s->err.code && s->editing != field) { /* which is of the value before */
        *bad = 1;
        snprintf(out, size, "! %s", after_name(after_name(s->err.text, f->name), value));
        return;
    }
    if (field == LAUNCH_corpus && *value && !strchr(value, '|')) {
        corpus_note(s, value, out, size);
        return;
    }
    if (*value && !draft_split(field, value, &v, NULL) && v.n > 1) {
        snprintf(out, size, "%d values", v.n);
        return;
    }
    if (s->runs.n) { /* what -1 and 0 stand for */
        config_show(&s->runs.runs[0].config, f, got, sizeof got);
        int derived = f->type == CONFIG_INT || f->type == CONFIG_REAL;
        if (derived && strcmp(got, value) && (!strcmp(value, "0") || !strcmp(value, "-1"))) {
            snprintf(out, size, "(%s%s%s%s)", by_what(field), got, *f->unit ? " " : "", f->unit);
            return;
        }
    }
    if (f->type == CONFIG_INT && strlen(value) > 4)
        snprintf(out, size, "%s %s", fmt_round(n, sizeof n, strtod(value, NULL)), f->unit);
    else
        snprintf(out, size, "%s", f->unit);
}

/* What an empty field stands for: the name that the run will have. */
static const char *made_up(const struct launch *s, int field)
{
    if (field != LAUNCH_name || !s->runs.n)
        return "-";
    return s->runs.n > 1 ? s->runs.name : s->runs.runs[0].config.name;
}

static void draw_field(struct launch *s, struct grid *g, struct rect row, int field, int here)
{
    char value[CONFIG_TEXT], text[520];
    int bad, x = row.x + NAME_W + 3, w = row.w >= 64 ? 28 : 20;
    const struct config_field *f = &config_fields[field];
    int set = s->draft.set[field];
    draft_get(&s->draft, &s->plain, field, value, sizeof value);
    if (s->editing == field)
        snprintf(value, sizeof value, "%s", s->typed);
    note(s, field, value, text, sizeof text, &bad);
    if (f->type == CONFIG_BOOL && (!strcmp(value, "0") || !strcmp(value, "1")))
        snprintf(value, sizeof value, "%s", *value == '1' ? "yes" : "no");
    grid_text(g, row, row.y, row.x + 2, NAME_W, STYLE(ROLE_TEXT, 0), f->name);
    struct style st = STYLE(set ? ROLE_TEXT : ROLE_DIM, set ? ATTR_BOLD : 0);
    if (s->editing == field)
        st = STYLE(ROLE_ACCENT, ATTR_BOLD);
    int long_value = text_columns(value) > w;
    int room = row.x + row.w - x;
    if (long_value && !bad) { /* a value goes before its note, but not past what tells it apart */
        int left = room - 2 - text_columns(text);
        left = left > w ? left : room - 1;
        w = text_columns(value) < left ? text_columns(value) : left;
    }
    int used = *value ? grid_middle(g, row, row.y, x, w, st, value)
                      : grid_middle(g, row, row.y, x, w, DIM, made_up(s, field));
    int nx = x + (used > w || long_value ? used : bad ? used : w) + 1;
    if (nx < row.x + row.w)
        grid_end(g, row, row.y, nx, row.x + row.w - nx, bad ? STYLE(ROLE_BAD, 0) : DIM, text);
    if (here)
        grid_text(g, row, row.y, row.x, 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
}

static void draw_more(const struct launch *s, struct grid *g, struct rect row, int here)
{
    int shown = s->more ? LAUNCH_FIELDS : s->nrows - 1;
    if (here)
        grid_text(g, row, row.y, row.x, 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    grid_textf(g, row, row.y, row.x + 2, -1, STYLE(ROLE_ACCENT, 0), s->more ? "all fields" : "more");
    grid_textf(g, row, row.y, row.x + NAME_W + 3, -1, DIM,
               s->more ? "Enter hides what is the preset's" : "%d fields as the preset has them",
               LAUNCH_FIELDS - shown);
}

/* "whole number 1 to 1,000,000 steps", "one of a b c" */
static void kind(const struct launch *s, int field, char *out, size_t size)
{
    const struct config_field *f = &config_fields[field];
    char plain[CONFIG_TEXT];
    size_t n = 0;
    config_get(&s->plain, f, plain, sizeof plain);
    if (field == LAUNCH_corpus) {
        n = (size_t)snprintf(out, size, "Space chooses:");
        for (int i = 0; i < s->ncorpora && n < size; i++)
            n += (size_t)snprintf(out + n, size - n, " %s,", s->corpora[i].name);
        if (n < size)
            snprintf(out + n, size - n, " demo · or Enter and text files, which are packed first");
        return;
    }
    switch (f->type) {
    case CONFIG_INT: case CONFIG_REAL:
        n = (size_t)snprintf(out, size, "%s %.10g to %.10g%s%s", f->type == CONFIG_INT ? "whole number"
                             : "number", f->min, f->max, *f->unit ? " " : "", f->unit);
        break;
    case CONFIG_CHOICE:
        n = (size_t)snprintf(out, size, "one of %s", f->choices);
        for (char *p = out; *p; p++)
            *p = *p == '|' ? ' ' : *p;
        break;
    case CONFIG_BOOL: n = (size_t)snprintf(out, size, "yes or no"); break;
    default: n = (size_t)snprintf(out, size, "text"); break;
    }
    if (n < size && *plain && field != LAUNCH_preset)
        n += (size_t)snprintf(out + n, size - n, " · preset's %s",
                              f->type == CONFIG_BOOL ? *plain == '1' ? "yes" : "no" : plain);
    if (n < size && field == LAUNCH_seed)
        snprintf(out + n, size - n, " · several: 1,2,3 or 1-5");
    else if (n < size && field != LAUNCH_name && field != LAUNCH_preset)
        snprintf(out + n, size - n, " · several make a sweep: a%sb", f->type == CONFIG_TEXTUAL &&
                 field != LAUNCH_generator_size ? "|" : ",");
}

static void draw_help(struct launch *s, struct grid *g, struct rect r)
{
    char text[1024];
    int field = s->row[s->cursor];
    if (r.h > 2) {
        pane_titlef(g, r.y, r.x, r.w, 0, "%s", field == LAUNCH_MORE ? "more" : config_fields[field].name);
        r.y++;
        r.h--;
    }
    r.x += 2;
    r.w -= 4;
    if (field == LAUNCH_MORE) {
        grid_text(g, r, r.y, r.x, -1, DIM, s->more ? "" : "Enter shows every field; / finds one");
        return;
    }
    const char *help = config_fields[field].help;
    kind(s, field, text, sizeof text);
    int used = wrap_text(NULL, r, PLAIN, help), more = wrap_text(NULL, r, DIM, text);
    if (used + more > r.h) { /* few rows: one paragraph, or what can be typed at the cost of the help */
        char both[1400];
        snprintf(both, sizeof both, "%s · %s", help, text);
        if (wrap_text(NULL, r, PLAIN, both) <= r.h) {
            wrap_text(g, r, PLAIN, both);
            return;
        }
        int help_rows = r.h > 1 && s->editing != field; /* while it is edited all is for what can be typed */
        used = r.h - more > help_rows ? r.h - more : r.h == 1 ? s->editing != field : help_rows;
    }
    wrap_text(g, (struct rect){ r.y, r.x, used, r.w }, PLAIN, help);
    wrap_text(g, (struct rect){ r.y + used, r.x, r.h - used, r.w }, DIM, text);
}

static void draw_form(struct launch *s, struct grid *g, struct rect area, int help)
{
    char runs[64], preset[CONFIG_TEXT], more[32] = "";
    int rows = area.h - 1 - help;
    if (s->draft.file[0]) {
        launch_draw_sweep(s, g, area);
        return;
    }
    snprintf(runs, sizeof runs, s->runs.n > 1 ? "new sweep of %d runs" : "new run", s->runs.n);
    draft_get(&s->draft, &s->plain, LAUNCH_preset, preset, sizeof preset);
    rows = rows < 0 ? 0 : rows;
    s->form = (struct rect){ area.y + 1, area.x, rows, area.w };
    if (s->cursor < s->top)
        s->top = s->cursor;
    if (s->cursor >= s->top + rows)
        s->top = s->cursor - rows + 1;
    if (s->top > s->nrows - rows)
        s->top = s->nrows - rows;
    s->top = s->top < 0 ? 0 : s->top;
    int below = s->nrows - s->top - rows;
    if (below > 0)
        snprintf(more, sizeof more, "%d more below", below);
    else if (s->top)
        snprintf(more, sizeof more, "%d more above", s->top);
    const char *parts[] = { runs, preset, s->find, more };
    pane_title(g, area.y, area.x, area.w, !s->focus, parts, 4);
    for (int i = s->top; i < s->nrows && i - s->top < rows; i++) {
        struct rect row = { area.y + 1 + i - s->top, area.x, 1, area.w };
        int here = i == s->cursor;
        if (s->row[i] == LAUNCH_MORE)
            draw_more(s, g, row, here);
        else
            draw_field(s, g, row, s->row[i], here);
        if (here && !s->focus) {
            grid_back(g, row, BACK_SELECTED);
            g->cursor_y = row.y;
            g->cursor_x = row.x;
        }
    }
    if (help > 0)
        draw_help(s, g, (struct rect){ area.y + area.h - help, area.x, help, area.w });
}

/* --- what it will cost ------------------------------------------------------------------------ */

struct line { char label[16], text[400]; uint8_t role; };

static void runs_line(const struct launch *s, struct line *l)
{
    const struct sweep_plan *p = &s->cost.plan;
    char which[160] = "";
    int there = s->runs.n - p->todo, shown = 0;
    for (int i = 0; i < s->runs.n; i++) {
        there += p->items[i].status == SWEEP_RESUME;
        if (p->items[i].run && shown++ < 4) {
            size_t n = strlen(which);
            snprintf(which + n, sizeof which - n, "%s%lld", n ? ", " : "", (long long)p->items[i].run);
        }
    }
    l->role = there ? ROLE_WARN : ROLE_TEXT;
    if (s->runs.n == 1 && there)
        snprintf(l->text, sizeof l->text, "run %s has this configuration: %s", which,
                 p->items[0].status == SWEEP_RESUME ? "stopped"
                                                    : sweep_status_name(p->items[0].status));
    else if (s->runs.n == 1)
        snprintf(l->text, sizeof l->text, "1, new");
    else if (there)
        snprintf(l->text, sizeof l->text, "%d, %d in the store already (run %s%s)", s->runs.n, there,
                 which, shown > 4 ? ", ..." : "");
    else
        snprintf(l->text, sizeof l->text, "%d, all new · %d row%s × %d seed%s", s->runs.n, s->runs.rows,
                 s->runs.rows == 1 ? "" : "s", s->runs.seeds, s->runs.seeds == 1 ? "" : "s");
    size_t used = strlen(l->text);
    if (s->left.n) {
        l->role = ROLE_WARN;
        snprintf(l->text + used, sizeof l->text - used, " · ! %d left out: %.*s", s->left.n,
                 (int)strcspn(s->left.why, ";"), s->left.why);
    }
}

static void params_line(const struct launch *s, struct line *l)
{
    const struct estimate *e = &s->cost;
    char d[FMT], g[FMT], t[FMT], sh[FMT], v[FMT];
    const char *most = e->vocab_exact ? " " : " to ";
    fmt_count(d, sizeof d, (double)e->disc_params);
    fmt_count(g, sizeof g, (double)e->gen_params);
    fmt_count(sh, sizeof sh, (double)e->shared_params);
    fmt_exact(t, sizeof t, (int64_t)e->params);
    if (e->vocab_exact)
        fmt_exact(v, sizeof v, e->vocab);
    else
        fmt_count(v, sizeof v, e->vocab);
    if (!e->gen_params)
        snprintf(l->text, sizeof l->text, "%s · one network · vocab%s%s", t, most, v);
    else if (e->shared_params)
        snprintf(l->text, sizeof l->text, "%s · disc %s + gen %s, %s shared · vocab%s%s", t, d, g,
                 sh, most, v);
    else
        snprintf(l->text, sizeof l->text, "%s · disc %s + gen %s · vocab%s%s", t, d, g, most, v);
}

static void memory_line(const struct launch *s, struct line *l)
{
    char need[FMT], have[FMT], disk[FMT];
    const struct config *c = &s->runs.runs[s->cost.largest].config;
    int known = s->machine.memory_free > 0;
    int short_of = known && (double)s->cost.memory > s->machine.memory_free;
    l->role = short_of ? ROLE_BAD : ROLE_TEXT;
    fmt_size(need, sizeof need, (double)s->cost.memory);
    fmt_size(have, sizeof have, s->machine.memory_free);
    fmt_size(disk, sizeof disk, (double)s->cost.checkpoint);
    snprintf(l->text, sizeof l->text, "%s%s%s%s%s · checkpoints %ld x %s", short_of ? "! " : "", need,
             known ? " of " : "", known ? have : "", known ? " free" : "", c->keep_checkpoints + 1, disk);
}

static int cost_lines(const struct launch *s, struct line *l)
{
    char a[FMT], b[FMT];
    int n = 0;
    const struct estimate *e = &s->cost;
    if (s->err.code) {
        l[n] = (struct line){ "not yet", "", ROLE_BAD };
        snprintf(l[n++].text, sizeof l->text, "! %.390s", s->err.text);
    }
    if (!s->has_cost)
        return n;
    l[n] = (struct line){ "runs", "", ROLE_TEXT };
    if (!s->err.code)
        runs_line(s, &l[n++]);
    l[n] = (struct line){ "parameters", "", ROLE_TEXT };
    params_line(s, &l[n++]);
    l[n] = (struct line){ "memory", "", ROLE_TEXT };
    memory_line(s, &l[n++]);
    l[n] = (struct line){ "work", "", ROLE_TEXT };
    double tokens = 0, flops = 0, seconds = 0; /* of all, where none is to do */
    for (int i = 0; i < s->runs.n; i++) {
        tokens += e->plan.items[i].tokens;
        flops += e->plan.items[i].flops;
        seconds += e->plan.items[i].seconds;
    }
    int all = !e->plan.todo;
    snprintf(l[n++].text, sizeof l->text, "%s tokens · %s FLOPs",
             fmt_count(a, sizeof a, all ? tokens : e->plan.tokens),
             fmt_exp(b, sizeof b, all ? flops : e->plan.flops));
    l[n] = (struct line){ "time", "", ROLE_TEXT };
    snprintf(l[n++].text, sizeof l->text, "~%s · %s", fmt_time(a, sizeof a, all ? seconds : e->seconds), e->source);
    return n;
}

/* The buttons in as many rows as they take; returns those. g NULL: only measures. */
static int draw_buttons(struct launch *s, struct grid *g, struct rect r)
{
    char start[48];
    int n = s->has_cost ? s->cost.plan.todo : s->runs.n, x = r.x + 1, y = r.y;
    snprintf(start, sizeof start, n > 1 ? "Start %d runs" : "Start", n);
    const char *names[BUTTONS] = { start, s->measure ? "Measuring" : "Measure speed",
                                   s->draft.file[0] ? "Options" : "Save file", "Open file", "Copy" };
    for (int i = 0; i < BUTTONS; i++) {
        int on = s->focus && i == s->button, w = (int)strlen(names[i]) + 4;
        if (x + w > r.x + r.w && x > r.x + 1) {
            x = r.x + 1;
            y++;
        }
        int ready = i == BUTTON_START ? !s->err.code && s->has_cost && !app_readonly(s->app)
                    : i == BUTTON_MEASURE ? s->has_cost : i == BUTTON_OPEN || s->runs.n;
        struct style st = STYLE(ready ? ROLE_ACCENT : ROLE_DIM, i == BUTTON_START ? ATTR_BOLD : 0);
        if (g) {
            s->button_at[i] = (struct rect){ y, x, 1, w };
            grid_textf(g, r, y, x, -1, st, "[ %s ]", names[i]);
        }
        if (g && on) {
            grid_back(g, s->button_at[i], BACK_SELECTED);
            g->cursor_y = y;
            g->cursor_x = x;
        }
        x += w + 1;
    }
    return y - r.y + 1;
}

static void draw_corpora(const struct launch *s, struct grid *g, struct rect r)
{
    char tokens[FMT], vocab[FMT];
    if (r.h < 2)
        return;
    pane_titlef(g, r.y, r.x, r.w, 0, "packed corpora %d", s->ncorpora);
    if (!s->ncorpora)
        wrap_text(g, (struct rect){ r.y + 1, r.x + 1, r.h - 1, r.w - 2 }, DIM,
                "None yet: a text file as corpus is packed once, then listed here.");
    for (int i = 0; i < s->ncorpora && i + 1 < r.h; i++) {
        const struct packed_corpus *c = &s->corpora[i];
        grid_middle(g, r, r.y + 1 + i, r.x + 1, r.w - 30, PLAIN, c->name);
        grid_textf(g, r, r.y + 1 + i, r.x + r.w - 28, -1, DIM, "%6s tokens  vocab %s",
                   fmt_count(tokens, sizeof tokens, (double)c->tokens),
                   fmt_exact(vocab, sizeof vocab, c->vocab));
    }
}

/* What Start would begin, a line a run. */
static void draw_runs(const struct launch *s, struct grid *g, struct rect r)
{
    char time[FMT];
    int n = s->has_cost && s->runs.n > 1 && !s->draft.file[0] ? s->runs.n : 0, rows = r.h - 1 < n ? r.h - 1 : n;
    if (rows < 2)
        return;
    pane_titlef(g, r.y, r.x, r.w, 0, rows < n ? "the first %d of %d runs" : "%d of %d runs", rows, n);
    for (int i = 0; i < rows; i++) {
        const struct sweep_item *it = &s->cost.plan.items[i];
        int fresh = it->status == SWEEP_NEW;
        const struct sweep_run *run = &s->runs.runs[i]; /* the sweep's name would be the same in all rows */
        char name[sizeof run->label + 24];
        snprintf(name, sizeof name, "%s s%ld", s->runs.rows > 1 ? run->label : s->runs.name, run->config.seed);
        grid_middle(g, r, r.y + 1 + i, r.x + 1, r.w - 21, STYLE(fresh ? ROLE_TEXT : ROLE_DIM, 0), name);
        grid_right(g, r, r.y + 1 + i, r.x + r.w - 19, 8, fresh ? PLAIN : DIM, sweep_status_name(it->status));
        grid_right(g, r, r.y + 1 + i, r.x + r.w - 10, 9, DIM, fmt_time(time, sizeof time, it->seconds));
    }
}

static void draw_cost(struct launch *s, struct grid *g, struct rect area, int wide)
{
    struct line l[8];
    int n = cost_lines(s, l), y = area.y + 1, end = area.y + area.h - (wide ? 0 : 1);
    pane_titlef(g, area.y, area.x, area.w, s->focus, s->runs.n > 1 ? "what they will cost"
                                                                     : "what it will cost");
    int text_w = area.w - LABEL_W - 3;
    for (int i = 0; i < n && y < end; i++) {
        struct rect in = { y, area.x + LABEL_W + 2, wide ? end - y : 1, text_w };
        grid_text(g, area, y, area.x + 1, LABEL_W, DIM, l[i].label);
        y += wide ? wrap_text(g, in, STYLE(l[i].role, 0), l[i].text)
                  : (grid_end(g, in, y, in.x, in.w, STYLE(l[i].role, 0), l[i].text), 1);
    }
    if (y < end && s->runs.n) {
        struct rect in = { y, area.x + LABEL_W + 2, wide ? (end - y < 7 ? end - y : 7) : 1, text_w };
        grid_text(g, area, y, area.x + 1, LABEL_W, DIM, "command");
        if (wide)
            y += wrap_text(g, in, PLAIN, str_get(&s->command));
        else {
            char first[400];
            snprintf(first, sizeof first, "%.*s", (int)strcspn(str_get(&s->command), "\n"),
                     str_get(&s->command));
            grid_middle(g, in, y, in.x, in.w, PLAIN, first);
            y++;
        }
    }
    if (wide && y < end) {
        struct rect rest = { y, area.x, end - y, area.w };
        int used = draw_buttons(s, g, rest);
        int corpora = 1 + (s->ncorpora ? s->ncorpora : 1);
        y += used;
        corpora = corpora > end - y || s->runs.n < 2 ? end - y : corpora;
        draw_corpora(s, g, (struct rect){ y, area.x, corpora, area.w });
        draw_runs(s, g, (struct rect){ y + corpora, area.x, end - y - corpora, area.w });
    } else if (!wide) {
        draw_buttons(s, g, (struct rect){ end, area.x, 1, area.w });
    }
}

void launch_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct launch *s = self;
    (void)a;
    memset(s->button_at, 0, sizeof s->button_at);
    if (area.w >= 110 && area.h >= 20) {
        struct rect form = area, cost = area;
        form.w = area.w * 3 / 5;
        cost.x = area.x + form.w + 1;
        cost.w = area.x + area.w - cost.x;
        draw_form(s, g, form, 5);
        draw_cost(s, g, cost, 1);
        pane_hline(g, area.y, area.x + form.w, 1, DIM);
        pane_vline(g, area.y, area.x + form.w, area.h, DIM);
        return;
    }
    int cost = area.h >= 17 ? 8 : area.h >= 11 ? 3 : 0, help = area.h >= 17 ? 2 : area.h >= 8 ? 1 : 0;
    struct rect form = { area.y, area.x, area.h - cost, area.w };
    draw_form(s, g, form, help);
    if (cost)
        draw_cost(s, g, (struct rect){ area.y + form.h, area.x, cost, area.w }, 0);
}
