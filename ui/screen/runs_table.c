/* The list of runs: columns, cells, order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/screen/run_diagnosis.h"
#include "ui/screen/run_name.h"
#include "ui/screen/runs.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

#define NAME_TAIL 18 /* columns of a name at 80 that leave the columns of priority 4 and less */
#define NAME_STEM 5  /* more of them where there is room, for the sweep's name */
#define NAME_WIDE 44 /* at most, where there is room */

static const char AUC_COMMON[] = "AUC common", AUC_COMMON_SHORT[] = "AUC comm", AUC_OWN[] = "AUC own";

const struct column run_columns[COL_COUNT] = {
    [COL_NAME] = { "name", 0, 12, NAME_WIDE, ALIGN_MIDDLE_CUT },
    [COL_OBJECTIVE] = { "objective", 3, 9, 9, ALIGN_LEFT },
    [COL_TIE] = { "sharing", 4, 7, 7, ALIGN_LEFT },
    [COL_GEN] = { "gen", 2, 4, 4, ALIGN_RIGHT },
    [COL_SEED] = { "seed", 8, 4, 4, ALIGN_RIGHT },
    [COL_STEP] = { "step", 1, 5, 5, ALIGN_RIGHT },
    [COL_TOKENS] = { "tokens", 10, 6, 6, ALIGN_RIGHT },
    [COL_LOSS] = { "loss", 0, 6, 6, ALIGN_RIGHT },
    [COL_GEN_LOSS] = { "gen loss", 12, 8, 8, ALIGN_RIGHT },
    [COL_DISC_LOSS] = { "disc loss", 13, 9, 9, ALIGN_RIGHT },
    [COL_AUC] = { "AUC", 1, 5, 5, ALIGN_RIGHT },
    [COL_TREND] = { "trend", 7, 10, 16, ALIGN_LEFT },
    [COL_RATE] = { "tok/s", 9, 5, 5, ALIGN_RIGHT },
    [COL_STATE] = { "left", 1, 11, 40, ALIGN_LEFT },
    [COL_TAGS] = { "tags", 11, 5, 20, ALIGN_LEFT },
};

double run_last(const struct query_run *r, int metric)
{
    return r->has[metric] ? r->last[metric] : NAN;
}

double run_val(const struct query_run *r, int metric)
{
    return r->val_has[metric] ? r->val_last[metric] : NAN;
}

double run_loss(const struct query_run *r)
{
    return r->has[METRIC_total_loss] ? r->last[METRIC_total_loss]
                                     : run_val(r, METRIC_total_loss);
}

double run_auc(const struct query_run *r)
{
    if (r->val_has[METRIC_rtd_auc_common])
        return r->val_last[METRIC_rtd_auc_common];
    return run_val(r, METRIC_rtd_auc);
}

int run_auc_is_own(const struct query_run *r)
{
    return !r->val_has[METRIC_rtd_auc_common] && r->val_has[METRIC_rtd_auc];
}

double run_eta(const struct query_run *r)
{
    double rate = run_last(r, METRIC_tokens_per_s);
    double left = (double)(r->config.steps - r->step) * (double)r->config.batch *
                  (double)r->config.seq;
    return rate > 0 && left >= 0 ? left / rate : NAN;
}

static int has_generator(const struct query_run *r)
{
    int o = r->config.objective;
    return o != OBJ_BERT_MLM && r->config.generator == GEN_MLM;
}

char *run_generator(const struct query_run *r, char *out, size_t size)
{
    double v = config_fraction(r->config.generator_size);
    if (!has_generator(r)) {
        snprintf(out, size, "-");
        return out;
    }
    if (r->config.generator_hidden_size > 0 && r->config.hidden_size > 0)
        v = (double)r->config.generator_hidden_size / (double)r->config.hidden_size;
    for (int d = 1; d <= 16; d++) {
        for (int n = 1; n <= d; n++) {
            if (fabs(v - (double)n / d) < .004) {
                snprintf(out, size, "%d/%d", n, d);
                return out;
            }
        }
    }
    snprintf(out, size, "%.2f", v);
    return out;
}

static const char *objective_word(int objective)
{
    static const char *const words[] = { "electra", "electra15", "replace", "alltokens", "bert",
                                         "two-stage", "adversar" };
    return objective >= 0 && objective < 7 ? words[objective] : "?";
}

static const char *tie_word(const struct query_run *r)
{
    static const char *const words[] = { "none", "wordpos", "embed", "all" };
    int t = r->config.tie;
    return !has_generator(r) ? "-" : t >= 0 && t < 4 ? words[t] : "?";
}

void run_standing(const struct runs *s, const struct query_run *r, char *out, size_t size)
{
    char t[FMT];
    double ran = r->started > 0 && r->ended > r->started ? r->ended - r->started : NAN;
    out[0] = 0;
    switch (r->state) {
    case RUN_PREPARING:
        snprintf(out, size, "%s", r->progress[0] ? r->progress : "preparing");
        break;
    case RUN_RUNNING:
        if (isfinite(run_eta(r)))
            fmt_time(out, size, run_eta(r));
        else
            snprintf(out, size, "starting");
        break;
    case RUN_DONE:
        if (isfinite(ran))
            snprintf(out, size, "done %s", fmt_time(t, sizeof t, ran));
        else
            snprintf(out, size, "done");
        break;
    case RUN_LOST:
        snprintf(out, size, "lost %s", fmt_age(t, sizeof t, app_utc(s->app) - r->heartbeat));
        break;
    default:
        snprintf(out, size, "%s", r->reason[0] ? r->reason : run_state_name(r->state));
    }
}

static void number(char *out, size_t size, struct style *style, int missing_later, double v,
                   int has, char *(*format)(char *, size_t, double))
{
    if (!has) {
        snprintf(out, size, "%s", missing_later ? sign(SIGN_DOT) : "-");
        style->role = ROLE_DIM;
    } else if (!isfinite(v)) {
        snprintf(out, size, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
        style->role = ROLE_BAD;
    } else {
        format(out, size, v);
    }
}

static char *loss2(char *out, size_t size, double v)
{
    return fmt_fixed(out, size, v, v < 100 ? 2 : v < 1000 ? 1 : 0);
}

static char *loss4(char *out, size_t size, double v)
{
    return fmt_fixed(out, size, v, 4);
}

static const struct query_run *shown(const struct runs *s, int64_t id)
{
    for (int i = 0; i < s->nmatched; i++)
        if (s->matched[i]->id == id)
            return s->matched[i];
    return NULL;
}

/* In groups a branch may be far from its parent: all stand level there. */
int run_depth(const struct runs *s, const struct query_run *r)
{
    int depth = 0;
    while (depth < 4 && !s->ngroup_fields && r->parent && r->parent < r->id &&
           (r = shown(s, r->parent)))
        depth++;
    return depth;
}

double run_number(const struct query_run *r, int col)
{
    switch (col) {
    case COL_STEP: return r->step > 0 ? (double)r->step : NAN;
    case COL_TOKENS: return r->tokens > 0 ? (double)r->tokens : NAN;
    case COL_LOSS: return run_loss(r);
    case COL_GEN_LOSS: return run_last(r, METRIC_gen_loss);
    case COL_DISC_LOSS: return run_last(r, METRIC_disc_loss);
    case COL_AUC: return run_auc(r);
    case COL_RATE:
        return r->state == RUN_RUNNING || r->state == RUN_DONE ? run_last(r, METRIC_tokens_per_s)
                                                               : NAN;
    default: return NAN;
    }
}

int run_has_number(const struct query_run *r, int col)
{
    switch (col) {
    case COL_STEP: return r->step > 0;
    case COL_TOKENS: return r->tokens > 0;
    case COL_LOSS: return r->val_has[METRIC_total_loss] || r->has[METRIC_total_loss];
    case COL_GEN_LOSS: return r->has[METRIC_gen_loss];
    case COL_DISC_LOSS: return r->has[METRIC_disc_loss];
    case COL_AUC: return r->val_has[METRIC_rtd_auc_common] || r->val_has[METRIC_rtd_auc];
    case COL_RATE: return r->has[METRIC_tokens_per_s] && (r->state == RUN_RUNNING || r->state == RUN_DONE);
    default: return 0;
    }
}

/* How a column's numbers are written; NULL: it has none. */
static char *(*number_format(int col))(char *, size_t, double)
{
    switch (col) {
    case COL_STEP: case COL_TOKENS: case COL_RATE: return fmt_count;
    case COL_LOSS: case COL_GEN_LOSS: return loss2;
    case COL_DISC_LOSS: return loss4;
    case COL_AUC: return fmt_prob;
    default: return NULL;
    }
}

char *run_format(int col, char *out, size_t size, double v)
{
    return number_format(col)(out, size, v);
}

/* The signs of ended runs carry the colour; the words beside stay plain. */
void run_cell(const struct runs *s, const struct query_run *r, int col, char *out, size_t size,
              struct style *style)
{
    out[0] = 0;
    if (col >= COL_COUNT) {
        filter_value(r, s->extra[col - COL_COUNT], out, size);
        return;
    }
    if (number_format(col)) {
        if (col != COL_RATE || r->state == RUN_RUNNING || r->state == RUN_DONE)
            number(out, size, style, r->ended <= 0, run_number(r, col), run_has_number(r, col),
                   number_format(col));
        if (col == COL_AUC && run_auc_is_own(r)) {
            char own[FMT];
            snprintf(own, sizeof own, "%s", out);
            snprintf(out, size, "own %s", own);
        }
        return;
    }
    switch (col) {
    case COL_NAME: snprintf(out, size, "%s", r->name); break;
    case COL_OBJECTIVE: snprintf(out, size, "%s", objective_word(r->config.objective)); break;
    case COL_TIE: snprintf(out, size, "%s", tie_word(r)); break;
    case COL_GEN: run_generator(r, out, size); break;
    case COL_SEED: snprintf(out, size, "%ld", r->config.seed); break;
    case COL_STATE: run_standing(s, r, out, size); break;
    case COL_TAGS: run_tags(r, out, size); break;
    default: break;
    }
}

static int by_number(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b) > 0 ? -1 : isnan(b) - isnan(a) > 0 ? 1 : 0;
    return a < b ? -1 : a > b;
}

int run_compare(const struct query_run *a, const struct query_run *b, int col)
{
    switch (col) {
    case COL_NAME: return strcmp(a->name, b->name);
    case COL_OBJECTIVE: return a->config.objective - b->config.objective;
    case COL_TIE: return a->config.tie - b->config.tie;
    case COL_GEN: return by_number(config_fraction(a->config.generator_size),
                                   config_fraction(b->config.generator_size));
    case COL_SEED: return by_number((double)a->config.seed, (double)b->config.seed);
    case COL_STEP: return by_number((double)a->step, (double)b->step);
    case COL_TOKENS: return by_number((double)a->tokens, (double)b->tokens);
    case COL_TREND: return by_number(run_loss(a), run_loss(b));
    case COL_LOSS: case COL_GEN_LOSS: case COL_DISC_LOSS: case COL_AUC: case COL_RATE:
        return by_number(run_number(a, col), run_number(b, col));
    case COL_STATE: return a->state - b->state;
    case COL_TAGS: return strcmp(a->tags, b->tags);
    default: return by_number((double)a->id, (double)b->id);
    }
}

static int sign_role(int state)
{
    switch (state) {
    case RUN_DONE: return ROLE_GOOD;
    case RUN_FAILED: case RUN_LOST: return ROLE_BAD;
    case RUN_RUNNING: return ROLE_ACCENT;
    case RUN_PAUSED: return ROLE_WARN;
    default: return ROLE_DIM;
    }
}

static void draw_standing(const struct runs *s, struct grid *g, struct rect cell,
                          const struct query_run *r)
{
    char text[320], percent[16];
    run_standing(s, r, text, sizeof text);
    const char *odd = r->state == RUN_PREPARING ? NULL : run_complaint(r, app_query(s->app));
    if (odd) { /* Tokens says why */
        int used = grid_text(g, cell, cell.y, cell.x, cell.w, STYLE(ROLE_WARN, 0), "! ");
        if (cell.w >= 22)
            used += grid_textf(g, cell, cell.y, cell.x + used, cell.w - used, STYLE(ROLE_WARN, 0), "%s ", odd);
        cell.x += used;
        cell.w -= used;
    }
    if (r->state != RUN_PREPARING || cell.w < 9) {
        grid_end(g, cell, cell.y, cell.x, cell.w, STYLE(ROLE_TEXT, 0), text);
        return;
    }
    snprintf(percent, sizeof percent, "%d %%", (int)floor(r->done * 100));
    int words = cell.w >= 20 ? (cell.w - 7) / 2 : 0;
    if (words) {
        int used = grid_text(g, cell, cell.y, cell.x, words, STYLE(ROLE_TEXT, 0), text);
        words = used + 1;
    }
    int width = cell.w - words - 6;
    width = width > 16 ? 16 : width;
    progress_draw(g, cell, cell.y, cell.x + words, width, STYLE(ROLE_ACCENT, 0), r->done);
    grid_right(g, cell, cell.y, cell.x + words + width, 6, STYLE(ROLE_TEXT, 0), percent);
}

/* Buckets without a point repeat the one before: few points are no gap in training. A loss that
 * is not finite now closes the line with '!'. */
static void draw_trend(const struct runs *s, struct grid *g, struct rect cell, const struct query_run *r)
{
    const double *trend = app_query(s->app) ? query_trend(app_query(s->app), r->id) : NULL;
    double v[QUERY_TREND];
    unsigned char bad[QUERY_TREND] = { 0 };
    int n = 0;
    for (int i = 0; trend && i < QUERY_TREND; i++) {
        if (isfinite(trend[i]))
            v[n++] = trend[i];
        else if (n)
            v[n] = v[n - 1], n++;
    }
    if (n && r->has[METRIC_total_loss] && !isfinite(r->last[METRIC_total_loss]))
        bad[n - 1] = 1;
    spark_draw(g, cell, cell.y, cell.x, cell.w, STYLE(ROLE_DIM, 0), v, bad, n);
}

/* Branches are indented under their parent. */
static void draw_name(const struct runs *s, struct grid *g, struct rect cell, const struct query_run *r,
                      struct style style)
{
    int depth = run_depth(s, r), in = 2 * depth;
    if (in >= cell.w)
        in = 0;
    if (in)
        grid_cell(g, cell, cell.y, cell.x + in - 2, style, sign(SIGN_CORNER_BL));
    run_name_draw(g, cell, cell.y, cell.x + in, cell.w - in, s->tail, style, r->name, r->tags);
}

/* 1: the number moved at the last tick. */
static int changed(const struct runs *s, const struct query_run *r, int col)
{
    const struct seen *v = &s->seen[r - s->all];
    if (col == COL_LOSS)
        return isfinite(v->loss_before) && v->loss != v->loss_before;
    return col == COL_AUC && isfinite(v->auc_before) && v->auc != v->auc_before;
}

/* Cursor, mark and state sign stand before the columns. */
static void draw_row(struct runs *s, struct grid *g, struct rect row, const struct table_layout *t,
                     const struct column *cols, const struct query_run *r)
{
    char text[600];
    if (app_is_marked(s->app, r->id))
        grid_cell(g, row, row.y, row.x + 1, STYLE(ROLE_ACCENT, ATTR_BOLD), sign(SIGN_MARK));
    grid_cell(g, row, row.y, row.x + 2, STYLE((uint8_t)sign_role(r->state), 0),
              sign(SIGN_STATE + r->state));
    struct rect cells = { row.y, row.x + 4, 1, row.w - 4 };
    for (int i = 0; i < t->n; i++) {
        struct rect cell = { row.y, cells.x + t->x[i], 1, t->w[i] };
        struct style style = STYLE(r->archived ? ROLE_DIM : ROLE_TEXT, 0);
        if (t->col[i] == COL_TREND) {
            draw_trend(s, g, cell, r);
            continue;
        }
        if (t->col[i] == COL_STATE) {
            draw_standing(s, g, cell, r);
            continue;
        }
        if ((t->col[i] == COL_NAME && r->state == RUN_RUNNING) || changed(s, r, t->col[i]))
            style.attr = ATTR_BOLD;
        if (t->col[i] == COL_NAME) {
            draw_name(s, g, cell, r, style);
            continue;
        }
        run_cell(s, r, t->col[i], text, sizeof text, &style);
        int named = t->col[i] == COL_AUC && run_auc_is_own(r) && /* by the heading, or not at all */
                    (cols[COL_AUC].title == AUC_OWN || t->w[i] < text_columns(text));
        table_cell(g, cells, row.y, t, cols, i, style, named ? text + strlen("own ") : text);
    }
}

/* The group's label up to its first number, then the means of its runs. */
static void draw_heading(struct runs *s, struct grid *g, struct rect row,
                         const struct table_layout *t, const struct column *cols, int k)
{
    const struct run_group *group = &s->groups[k];
    struct rect cells = { row.y, row.x + 4, 1, row.w - 4 };
    int end = cells.w;
    char text[200], label[160];
    for (int i = 0; i < t->n; i++) {
        int c = t->col[i];
        if (c >= COL_COUNT || isnan(group->mean[c]))
            continue;
        number_format(c)(text, sizeof text, group->mean[c]);
        int x = t->x[i] + t->w[i] - text_columns(text) - 1;
        end = x < end ? x : end;
        table_cell(g, cells, row.y, t, cols, i, STYLE(ROLE_TEXT, 0), text);
    }
    grid_cell(g, row, row.y, row.x + 2, STYLE(ROLE_ACCENT, 0),
              sign(group->closed ? SIGN_MORE_RIGHT : SIGN_DESCENDING));
    snprintf(label, sizeof label, "%s (%d)", group->label, group->n);
    grid_middle(g, row, row.y, row.x + 4, end, STYLE(ROLE_TEXT, ATTR_BOLD), label);
}

/* A column of one's own choice is as wide as what it says of the runs on the screen. */
static struct column extra_column(const struct runs *s, int i, int rows)
{
    const char *title = filter_name(s->extra[i]);
    int w = text_columns(title) + 1;
    char text[600];
    for (int k = s->top; k < s->n && k < s->top + rows; k++) {
        if (!s->rows[k])
            continue;
        filter_value(s->rows[k], s->extra[i], text, sizeof text);
        int cols = text_columns(text);
        w = cols > w ? cols : w;
    }
    w = w > 24 ? 24 : w;
    return (struct column){ title, 2, w, w, ALIGN_RIGHT };
}

/* What the column of AUC holds: its whole name where there is room, "own" beside a value of own fakes
 * in a list that has others too. */
static void head_auc(struct column *auc, int width, int common, int own)
{
    if (width < 80)
        return;
    auc->title = own && !common ? AUC_OWN : width >= 140 ? AUC_COMMON : AUC_COMMON_SHORT;
    auc->min = auc->max = text_columns(auc->title) + (width >= 140 && !own);
}

/* The state's column is as wide as what is said in it; it does not shrink while one looks. */
static int standing_columns(struct runs *s, int width, int rows)
{
    char text[320];
    if (width != s->standing_width)
        s->standing = run_columns[COL_STATE].min;
    s->standing_width = width;
    for (int i = s->top; i < s->n && i < s->top + rows; i++) {
        const struct query_run *r = s->rows[i];
        if (!r)
            continue;
        run_standing(s, r, text, sizeof text);
        const char *odd = r->state == RUN_PREPARING ? NULL : run_complaint(r, app_query(s->app));
        int w = text_columns(text) + (odd ? 3 + text_columns(odd) : 0) + (r->state == RUN_PREPARING ? 24 : 0);
        s->standing = w > s->standing ? w : s->standing;
    }
    return s->standing < run_columns[COL_STATE].max ? s->standing : run_columns[COL_STATE].max;
}

/* The columns for the runs shown: a name column is no wider than the longest name, and has room for
 * what differs in a sweep. Those that are not chosen never fit. */
static int fit_columns(struct runs *s, int width, int rows, struct column cols[RUN_COLUMNS])
{
    int longest = run_columns[COL_NAME].min, least = width >= 100 ? 20 : 15, common = 0, own_auc = 0;
    memcpy(cols, run_columns, sizeof run_columns);
    s->tail = 0;
    for (int i = 0; i < s->n; i++) {
        if (!s->rows[i])
            continue;
        int w = text_columns(s->rows[i]->name) + 2 * run_depth(s, s->rows[i]);
        int own = run_tail(s->rows[i]->name, s->rows[i]->tags);
        longest = w > longest ? w : longest;
        common |= s->rows[i]->val_has[METRIC_rtd_auc_common];
        own_auc |= run_auc_is_own(s->rows[i]);
        s->tail = own > s->tail ? own : s->tail;
    }
    int tail = s->tail + (width >= 110 && s->tail ? NAME_STEM : 0), most = NAME_TAIL + (width >= 110 ? NAME_STEM : 0);
    least = tail > least ? tail < most ? tail : most : least;
    head_auc(&cols[COL_AUC], width, common, own_auc);
    cols[COL_TREND].title = "loss trend";
    cols[COL_STATE].max = standing_columns(s, width, rows);
    if (longest < cols[COL_NAME].max)
        cols[COL_NAME].max = longest;
    if (width >= 60)
        cols[COL_NAME].min = longest < least ? longest : least;
    for (int c = COL_NAME + 1; s->columns_text[0] && c < COL_COUNT; c++)
        if (!s->chosen[c])
            cols[c].priority = COLUMN_NEVER;
    for (int i = 0; i < s->nextra; i++)
        cols[COL_COUNT + i] = extra_column(s, i, rows);
    return COL_COUNT + s->nextra;
}

static void draw_line(struct runs *s, struct grid *g, struct rect row, const struct table_layout *t,
                      const struct column *cols, int line)
{
    int on = s->ids[line] == s->cursor;
    if (s->rows[line])
        draw_row(s, g, row, t, cols, s->rows[line]);
    else
        draw_heading(s, g, row, t, cols, (int)(-1 - s->ids[line]));
    if (!on)
        return;
    grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    grid_back(g, row, BACK_SELECTED);
    g->cursor_y = row.y;
    g->cursor_x = row.x;
}

void runs_draw_list(struct runs *s, struct grid *g, struct rect area)
{
    struct table_layout t;
    struct column cols[RUN_COLUMNS];
    struct rect head = { area.y + 1, area.x + 4, 1, area.w - 4 };
    int rows = area.h - 2, cursor = runs_cursor_row(s);
    if (rows > 0) /* first the rows: some columns are as wide as what they say in them */
        s->top = table_top(s->top, cursor < 0 ? 0 : cursor, rows, s->n);
    int n = fit_columns(s, area.w, rows, cols);
    int most = table_max_scroll(cols, n, area.w - 5);
    s->scroll = s->scroll > most ? most : s->scroll;
    runs_draw_title(s, g, area);
    if (rows < 1)
        return;
    table_layout(&t, cols, n, area.w - 5, s->scroll);
    s->shown = t;
    table_head(g, head, head.y, &t, cols, s->sort, s->descending);
    s->page = rows;
    s->list = (struct rect){ area.y + 2, area.x, rows, area.w };
    for (int i = 0; i < rows && s->top + i < s->n; i++)
        draw_line(s, g, (struct rect){ area.y + 2 + i, area.x, 1, area.w }, &t, cols, s->top + i);
    if (!s->n && s->nall)
        grid_textf(g, area, area.y + 2, area.x + 4, -1, STYLE(ROLE_TEXT, 0),
                   "0 of %d match  %s · Esc clears", s->nall, s->filter_text);
}
