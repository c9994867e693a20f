/* One frame: bar, the screen between, status line, footer. Small terminals lose the footer, then
 * the bar; under 40x8 one line says the essentials. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/app/app_int.h"
#include "ui/screen/runs.h"
#include "ui/screen/screens.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"

static void add_hit(struct app *a, int y, int x0, int x1, int action)
{
    if (a->nhits < APP_HITS)
        a->hits[a->nhits++] = (struct hit){ y, x0, x1, action };
}

/* The run that the leaves show: the selected one, else the newest that runs and has leaves. */
static const struct query_run *watched(struct app *a)
{
    const struct query_run *runs, *r = app_run(a, a->selected);
    int n = app_runs(a, &runs);
    if (r && r->has[METRIC_leaf_angle])
        return r;
    for (int i = 0; i < n; i++)
        if (runs[i].state == RUN_RUNNING && runs[i].has[METRIC_leaf_angle])
            return &runs[i];
    return r;
}

/* How much the bar's right part says: all in words, counts as signs, all as signs, or nothing. */
enum { RIGHT_WORDS, RIGHT_COUNTS, RIGHT_SIGNS, RIGHT_NONE };
#define LEAVES "leaves"

static void count(char *out, size_t size, int n, int state, const char *word, int level)
{
    size_t at = strlen(out);
    if (!n)
        return;
    if (level == RIGHT_WORDS)
        snprintf(out + at, size - at, "%s%d %s", at ? " · " : "", n, word);
    else
        snprintf(out + at, size - at, "%s%s%d", at ? " " : "", sign(SIGN_STATE + state), n);
}

static void counts(const struct app *a, char *out, size_t size, int level)
{
    snprintf(out, size, "%s", level == RIGHT_NONE && a->readonly ? "read-only" : "");
    if (level == RIGHT_NONE)
        return;
    count(out, size, a->active - a->preparing, RUN_RUNNING, "running", level);
    count(out, size, a->preparing, RUN_PREPARING, "preparing", level);
    count(out, size, a->queued, RUN_QUEUED, "queued", level);
    size_t at = strlen(out);
    if (a->unread)
        snprintf(out + at, size - at, "%s%lld new%s", at ? level == RIGHT_WORDS ? " · " : " " : "",
                 (long long)(a->unread < 999 ? a->unread : 999),
                 level != RIGHT_WORDS ? "" : a->unread == 1 ? " event" : " events");
    at = strlen(out);
    if (a->readonly)
        snprintf(out + at, size - at, "%sread-only", at ? " · " : "");
}

/* Draws the right part (g NULL: only measures). Returns its columns with the space before. */
static int bar_right(struct app *a, struct grid *g, struct rect line, int level)
{
    char text[96], angle[FMT];
    const struct query_run *r = watched(a);
    counts(a, text, sizeof text, level);
    int w = text_columns(text), leaves = 0;
    double v = r && r->has[METRIC_leaf_angle] ? r->last[METRIC_leaf_angle] : NAN;
    int named = level < RIGHT_SIGNS ? (int)sizeof LEAVES : 0;
    if (isfinite(v) && level != RIGHT_NONE)
        leaves = named + (named ? 8 : 3) + (w ? 2 : 0);
    if (!g || !(w + leaves))
        return w + leaves ? w + leaves + 2 : 0;
    int x = line.x + line.w - w - leaves - 1;
    if (leaves) {
        if (named)
            x += grid_text(g, line, line.y, x, -1, STYLE(ROLE_DIM, 0), LEAVES) + 1;
        leaves_draw(g, line, line.y, x, v);
        if (named)
            grid_text(g, line, line.y, x + 4, 5, STYLE(ROLE_DIM, 0),
                      fmt_prob(angle, sizeof angle, v < 0 ? 0 : v));
    }
    grid_text(g, line, line.y, line.x + line.w - w - 1, w, STYLE(ROLE_TEXT, 0), text);
    return w + leaves + 2;
}

/* The screens' names: two blanks apart, one, or cut to three letters but for the one we are on. */
enum { NAMES_WIDE, NAMES_TIGHT, NAMES_CUT };
static int names_width(const struct app *a, int form)
{
    int w = 1;
    for (int i = 0; i < screen_count; i++)
        w += (form == NAMES_TIGHT ? 3 : 4) +
             (form == NAMES_CUT && i != a->current ? 3 : (int)strlen(screens[i]->name));
    return w;
}

static void draw_names(struct app *a, struct grid *g, struct rect part, int x, int form)
{
    for (int i = ACT_SCREEN1; i <= ACT_SCREEN7; i++) {
        int index = app_screen_index(action_table[i].word);
        if (index < 0)
            continue;
        int here = index == a->current, x0 = x;
        x += grid_text(g, part, part.y, x, -1, STYLE(ROLE_ACCENT, here ? ATTR_BOLD : 0),
                       action_table[i].keys);
        x += grid_text(g, part, part.y, x + 1, form == NAMES_CUT && !here ? 3 : -1,
                       STYLE(here ? ROLE_ACCENT : ROLE_TEXT, here ? ATTR_BOLD | ATTR_UNDERLINE : 0),
                       screens[index]->name) + 1;
        add_hit(a, part.y, x0, x, i);
        x += form == NAMES_TIGHT ? 1 : 2;
    }
}

#define OWN_NAME_FROM 100 /* columns; from here on the program's name is always there */

/* Where the line is too narrow, first the counts get short, then the names, then the counts go. */
static void draw_bar(struct app *a, struct grid *g, struct rect line)
{
    static const struct { int names, level; } steps[] = {
        { NAMES_WIDE, RIGHT_WORDS }, { NAMES_WIDE, RIGHT_COUNTS },  { NAMES_WIDE, RIGHT_SIGNS },
        { NAMES_TIGHT, RIGHT_SIGNS }, { NAMES_CUT, RIGHT_SIGNS }, { NAMES_CUT, RIGHT_NONE },
    };
    int k = 0, own = line.w >= OWN_NAME_FROM ? 15 : 0;
    while (k < 5 && own + names_width(a, steps[k].names) + bar_right(a, NULL, line, steps[k].level) > line.w)
        k++;
    int right = bar_right(a, g, line, steps[k].level), x = line.x + 1;
    struct rect part = { line.y, line.x, 1, line.w - right };
    if (own) {
        grid_text(g, part, line.y, x, -1, STYLE(ROLE_TEXT, ATTR_BOLD), "electroscope");
        x += own;
    }
    draw_names(a, g, part, x, steps[k].names);
}

static void draw_status(struct app *a, struct grid *g, struct rect line)
{
    char text[512] = "";
    if (a->question.open) {
        grid_text(g, line, line.y, line.x + 1, -1, STYLE(ROLE_WARN, ATTR_BOLD), a->question.text);
        g->cursor_y = line.y;
        g->cursor_x = line.x;
        return;
    }
    if (a->field.open) {
        field_draw(a, g, line);
        return;
    }
    int right = 0;
    if (a->message_until > 0 && a->nmessages) {
        const struct app_message *m = &a->messages[a->nmessages - 1];
        int role = m->severity == SEV_ERROR ? ROLE_BAD : m->severity == SEV_WARN ? ROLE_WARN
                                                                              : ROLE_TEXT;
        char said[sizeof m->text + 4];
        snprintf(said, sizeof said, "%s%s", m->severity == SEV_INFO ? "" : "! ", m->text);
        int w = text_columns(said), most = line.w - 2;
        right = w < most ? w : most;
        int path = m->severity == SEV_INFO && strstr(said, "→") != NULL; /* its file's name stays */
        (path ? grid_middle : grid_end)(g, line, line.y, line.x + line.w - 1 - right, right,
                                         STYLE((uint8_t)role, 0), said);
        right += 3;
    }
    app_ops(a)->status(app_self(a), a, text, sizeof text);
    if (line.w - right - 1 > 0)
        grid_end(g, line, line.y, line.x + 1, line.w - right - 1, STYLE(ROLE_DIM, 0), text);
}

static int footer_pair(struct app *a, struct grid *g, struct rect line, int x, const char *key,
                       const char *word, int action)
{
    int x0 = x;
    x += grid_text(g, line, line.y, x, -1, STYLE(ROLE_ACCENT, 0), key) + 1;
    x += grid_text(g, line, line.y, x, -1, STYLE(ROLE_DIM, 0), word);
    if (action != ACT_NONE)
        add_hit(a, line.y, x0, x, action);
    return x + 2;
}

static const char *action_word(struct app *a, int action)
{
    const struct screen_ops *ops = app_ops(a);
    const char *own = ops->word ? ops->word(app_self(a), a, action) : NULL;
    return own ? own : action_table[action].word;
}

/* Its place there: the screen's own, else the table's. */
int app_place(struct app *a, int action)
{
    const struct screen_ops *ops = app_ops(a);
    int own = ops->place ? ops->place(app_self(a), a, action) : 0;
    return own ? own : action_table[action].priority;
}

/* Where q leads: back on this screen, to the one before, or out. */
static void quit_word(struct app *a, char *out, size_t size)
{
    if (app_ops(a)->can(app_self(a), a, ACT_QUIT))
        snprintf(out, size, "back");
    else if (a->nback)
        snprintf(out, size, "to %s", screens[a->back[a->nback - 1]]->name);
    else
        snprintf(out, size, "leave");
}

static void draw_footer(struct app *a, struct grid *g, struct rect line)
{
    char key[16];
    int x = line.x + 1;
    if (a->field.open || a->question.open) {
        if (a->question.open)
            return;
        x = footer_pair(a, g, line, x, "Enter", a->field.palette ? "run" : "accept", ACT_NONE);
        x = footer_pair(a, g, line, x, "Esc", "cancel", ACT_NONE);
        if (a->field.item || a->field.path)
            x = footer_pair(a, g, line, x, "Tab", "complete", ACT_NONE);
        if (a->field.fresh)
            x = footer_pair(a, g, line, x, "End", "edit it (typing replaces it)", ACT_NONE);
        else if (!a->field.palette && a->field.text[0])
            x = footer_pair(a, g, line, x, "^U", "clear", ACT_NONE);
        return;
    }
    if (a->help.open) {
        x = footer_pair(a, g, line, x, "/", "find", ACT_NONE);
        if (a->help.runs)
            x = footer_pair(a, g, line, x, "Enter", "run it", ACT_NONE);
        x = footer_pair(a, g, line, x, "Esc", "close", ACT_NONE);
        if (a->help.pages > 1)
            footer_pair(a, g, line, x, "PgDn PgUp", "page", ACT_NONE);
        return;
    }
    char quit[32];
    quit_word(a, quit, sizeof quit);
    int tail = (int)strlen("? keys  q ") + (int)strlen(quit), end = line.x + line.w - tail;
    for (int p = 1; p < 100; p++) {
        for (int i = 0; i < ACT_COUNT; i++) {
            if (app_place(a, i) != p || !app_can(a, i) || !action_key(i, 0, key, sizeof key))
                continue;
            const char *word = action_word(a, i);
            int w = (int)strlen(key) + (int)strlen(word) + 3;
            if (x + w > end)
                goto last;
            x = footer_pair(a, g, line, x, key, word, i);
        }
    }
last:
    x = footer_pair(a, g, line, x, "?", "keys", ACT_HELP);
    footer_pair(a, g, line, x, "q", quit, ACT_QUIT);
}

/* "3 run 1 q  best AUC .812  ETA 1h20" */
static void draw_one_line(struct app *a, struct grid *g)
{
    struct rect line = { 0, 0, 1, g->w };
    char text[160], n[FMT];
    const struct query_run *runs;
    int count = app_runs(a, &runs), used;
    double best = NAN, left = NAN; /* until the last of them ends */
    for (int i = 0; i < count; i++) {
        double eta = runs[i].state == RUN_RUNNING ? run_eta(&runs[i]) : NAN;
        left = isfinite(eta) && !(eta <= left) ? eta : left;
        double v = runs[i].val_best[METRIC_rtd_auc_common];
        v = runs[i].val_has[METRIC_rtd_auc_common] ? v : NAN;
        best = isfinite(v) && !(v <= best) ? v : best;
    }
    used = snprintf(text, sizeof text, "%d run %d q", a->active, a->queued);
    if (isfinite(best))
        used += snprintf(text + used, sizeof text - (size_t)used, "  best AUC %s", fmt_prob(n, sizeof n, best));
    if (isfinite(left))
        snprintf(text + used, sizeof text - (size_t)used, "  ETA %s", fmt_time(n, sizeof n, left));
    grid_text(g, line, 0, 0, -1, STYLE(ROLE_TEXT, 0), text);
    if (a->question.open || a->field.open || (a->message_until > 0 && a->nmessages)) {
        grid_fill(g, (struct rect){ g->h - 1, 0, 1, g->w }, STYLE(ROLE_TEXT, 0), " ");
        draw_status(a, g, (struct rect){ g->h - 1, 0, 1, g->w });
    }
}

void app_frame(struct app *a, struct grid *g)
{
    g->ascii = a->ascii;
    grid_clear(g);
    a->nhits = 0;
    a->width = g->w;
    a->dirty = 0;
    if (g->h < 1 || g->w < 1)
        return;
    if ((g->h < 8 || g->w < 40) && !a->help.open) {
        draw_one_line(a, g);
        return;
    }
    int bar = g->h >= 8, footer = g->h >= 10;
    struct rect area = { bar, 0, g->h - bar - footer - 1, g->w };
    if (area.h < 0)
        area.h = 0;
    if (bar)
        draw_bar(a, g, (struct rect){ 0, 0, 1, g->w });
    if (a->help.open)
        help_draw(a, g, area);
    else
        app_ops(a)->draw(app_self(a), a, g, area);
    if (a->field.open && a->field.item)
        choice_draw(a, g, area);
    if (a->field.open && a->field.path)
        path_draw(a, g, area);
    draw_status(a, g, (struct rect){ g->h - 1 - footer, 0, 1, g->w });
    if (footer)
        draw_footer(a, g, (struct rect){ g->h - 1, 0, 1, g->w });
}
