/* Groups of runs on the Runs screen: headings that fold, with how many and their mean. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "ui/screen/runs.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

#define FIELD_SEEDS -2     /* runs that differ in nothing but the seed */
#define CLOSED_BY "\x1f"

int runs_group_by(struct runs *s, const char *text)
{
    char copy[sizeof s->group_text], *rest, *word;
    int field[RUN_GROUP_FIELDS], n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (word = strtok_r(copy, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
        int f = !strcmp(word, "seeds") ? FIELD_SEEDS : filter_find(word);
        if (f == -1) {
            snprintf(s->error, sizeof s->error, "%.40s is no field to group by", word);
            return E_USAGE;
        }
        if (n == RUN_GROUP_FIELDS) {
            snprintf(s->error, sizeof s->error, "at most %d fields group runs", RUN_GROUP_FIELDS);
            return E_USAGE;
        }
        field[n++] = f;
    }
    memcpy(s->group_field, field, sizeof field[0] * (size_t)n);
    s->ngroup_fields = n;
    snprintf(s->group_text, sizeof s->group_text, "%s", text);
    return 0;
}

/* "gen1/4-tie-emb" of "gen1/4-tie-emb-s2", "sharing tie=all" of "sharing tie=all s2" */
static int without_seed(const char *name)
{
    const char *dash = strrchr(name, '-'), *blank = strrchr(name, ' ');
    const char *last = !dash || (blank && blank > dash) ? blank : dash;
    size_t n = last ? strcspn(last + 1, "0123456789") : 0;
    int tail = last && (n == 1 || n == 4) && !strncmp(last + 1, "seed", n) && last[1 + n] &&
               last[1 + n + strspn(last + 1 + n, "0123456789")] == 0;
    return tail ? (int)(last - name) : (int)strlen(name);
}

/* What tells a run's group from the others, and what the heading says. */
static void group_of(const struct runs *s, const struct query_run *r, struct str *key,
                     struct str *label)
{
    char text[600];
    for (int i = 0; i < s->ngroup_fields; i++) {
        const char *between = i ? " · " : "";
        if (s->group_field[i] == FIELD_SEEDS) {
            struct config alike = r->config;
            alike.seed = 0;
            str_addf(key, "%s%016llx", between, (unsigned long long)config_hash(&alike));
            str_addf(label, "%s%.*s", between, without_seed(r->name), r->name);
            continue;
        }
        filter_value(r, s->group_field[i], text, sizeof text);
        str_addf(key, "%s%s", between, text);
        str_addf(label, "%s%s", between, *text ? text : "-");
    }
}

static int is_closed(const struct runs *s, const char *label)
{
    size_t n = strlen(label);
    for (const char *p = s->closed; *p; p += strcspn(p, CLOSED_BY), p += *p != 0)
        if (!strncmp(p, label, n) && (!p[n] || p[n] == CLOSED_BY[0]))
            return 1;
    return 0;
}

struct item { const struct query_run *run; int group, at; };
static const struct run_group *ordering; /* qsort has no argument of its own */
static int order_column, order_down;

/* Groups by their mean in the column sorted by; else as their first runs stand. */
static int order_groups(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    const struct run_group *g = &ordering[a->group], *h = &ordering[b->group];
    double u = order_column < 0 ? NAN : g->mean[order_column];
    double v = order_column < 0 ? NAN : h->mean[order_column];
    int c = isnan(u) || isnan(v) ? isnan(u) - isnan(v) : u == v ? 0 : (u < v) == order_down ? 1 : -1;
    c = c ? c : g->first - h->first;
    return c ? c : a->at - b->at;
}

/* An AUC of own fakes is in no mean with others: 1 where the group has no other. */
static int own_auc(const struct run_group *g, const struct query_run *const *runs)
{
    int own = 1;
    for (int i = 0; i < g->n; i++)
        own &= !runs[g->first + i]->val_has[METRIC_rtd_auc_common];
    return own;
}

/* Of the group's runs that have a number in the column. */
struct spread { int n; double mean, sd, lo, hi; };
static struct spread spread_of(const struct run_group *g, const struct query_run *const *runs, int col)
{
    struct spread p = { 0, NAN, 0, INFINITY, -INFINITY };
    double sum = 0, sq = 0;
    int own = own_auc(g, runs);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < g->n; i++) {
            const struct query_run *r = runs[g->first + i];
            double v = col == COL_AUC && run_auc_is_own(r) != own ? NAN : run_number(r, col);
            if (!isfinite(v))
                continue;
            if (pass)
                sq += (v - p.mean) * (v - p.mean);
            else
                sum += v, p.n++;
            p.lo = fmin(p.lo, v), p.hi = fmax(p.hi, v);
        }
        if (p.n)
            p.mean = sum / p.n;
    }
    if (p.n > 1)
        p.sd = sqrt(sq / (p.n - 1));
    return p;
}

static void mean_of(struct run_group *g, const struct query_run *const *runs)
{
    for (int c = 0; c < COL_COUNT; c++)
        g->mean[c] = spread_of(g, runs, c).mean;
}

void runs_group_means(struct runs *s)
{
    for (int k = 0; k < s->ngroups; k++)
        mean_of(&s->groups[k], s->matched);
}

/* item[i] gets its group; groups are numbered as they come. Returns 0 or E_NOMEM. */
static int number_groups(struct runs *s, struct item *item)
{
    struct str key, label;
    char **seen = calloc((size_t)s->nmatched + 1, sizeof *seen);
    int rc = seen ? 0 : E_NOMEM;
    for (int i = 0; i < s->nmatched && !rc; i++) {
        int k = 0;
        str_init(&key);
        str_init(&label);
        group_of(s, s->matched[i], &key, &label);
        while (k < s->ngroups && strcmp(seen[k], str_get(&key)))
            k++;
        if (k == s->ngroups && !(rc = (seen[k] = strdup(str_get(&key))) ? 0 : E_NOMEM)) {
            struct run_group *g = &s->groups[s->ngroups++];
            *g = (struct run_group){ .first = i };
            snprintf(g->label, sizeof g->label, "%s", str_get(&label));
            g->closed = is_closed(s, g->label);
        }
        item[i] = (struct item){ s->matched[i], k, i };
        if (!rc)
            s->groups[k].n++;
        str_free(&key);
        str_free(&label);
    }
    for (int k = 0; seen && k < s->ngroups; k++)
        free(seen[k]);
    free(seen);
    return rc;
}

/* Means need the runs of a group side by side: `first` is where they stand. */
static void place_groups(struct runs *s, struct item *item)
{
    int *start = calloc((size_t)s->ngroups, sizeof *start), at = 0;
    struct run_group *sorted = calloc((size_t)s->ngroups, sizeof *sorted);
    if (start && sorted) {
        for (int k = 0; k < s->ngroups; k++) {
            struct run_group one = s->groups[k];
            const struct query_run **mine = &s->matched[at]; /* rewritten below */
            for (int i = 0, m = 0; i < s->nmatched; i++)
                if (item[i].group == k)
                    mine[m++] = item[i].run;
            one.first = at;
            mean_of(&one, s->matched);
            memcpy(s->groups[k].mean, one.mean, sizeof one.mean);
            at += one.n;
        }
        ordering = s->groups;
        order_column = s->sort < COL_COUNT ? s->sort : -1;
        order_down = s->descending;
        qsort(item, (size_t)s->nmatched, sizeof *item, order_groups);
        for (int i = 0, k = -1; i < s->nmatched; i++) {
            if (!i || item[i].group != item[i - 1].group) {
                sorted[++k] = s->groups[item[i].group];
                sorted[k].first = i;
            }
            s->matched[i] = item[i].run;
        }
        memcpy(s->groups, sorted, (size_t)s->ngroups * sizeof *sorted);
    } else {
        s->ngroups = 0;
    }
    free(start);
    free(sorted);
}

/* Lines of the list from the matched runs and their groups. */
static void lay_out(struct runs *s)
{
    s->n = 0;
    for (int k = 0; k < (s->ngroups ? s->ngroups : 1); k++) {
        struct run_group whole = { .n = s->nmatched }, *g = s->ngroups ? &s->groups[k] : &whole;
        if (s->ngroups) {
            s->rows[s->n] = NULL;
            s->ids[s->n++] = -1 - k;
        }
        for (int i = g->first; i < g->first + g->n && !g->closed; i++) {
            s->rows[s->n] = s->matched[i];
            s->ids[s->n++] = s->matched[i]->id;
        }
    }
}

void runs_group(struct runs *s)
{
    struct item *item = NULL;
    s->ngroups = 0;
    if (s->ngroup_fields && s->nmatched)
        item = calloc((size_t)s->nmatched, sizeof *item);
    if (item && !number_groups(s, item))
        place_groups(s, item);
    else
        s->ngroups = 0;
    free(item);
    lay_out(s);
}

const struct run_group *runs_current_group(const struct runs *s)
{
    return s->cursor < 0 && -1 - s->cursor < s->ngroups ? &s->groups[-1 - s->cursor] : NULL;
}

void runs_toggle_group(struct runs *s)
{
    char next[sizeof s->closed] = "";
    size_t n = 0;
    if (!runs_current_group(s))
        return;
    s->groups[-1 - s->cursor].closed ^= 1;
    for (int k = 0; k < s->ngroups; k++)
        if (s->groups[k].closed && n + strlen(s->groups[k].label) + 2 < sizeof next)
            n += (size_t)snprintf(next + n, sizeof next - n, "%s%s", n ? CLOSED_BY : "",
                                  s->groups[k].label);
    memcpy(s->closed, next, sizeof next);
    app_set_state(s->app, "runs.closed", s->closed);
    lay_out(s);
}

void runs_mark_group(struct runs *s)
{
    const struct run_group *g = runs_current_group(s);
    int all = 1;
    for (int i = 0; g && i < g->n; i++)
        all &= app_is_marked(s->app, s->matched[g->first + i]->id);
    for (int i = 0; g && i < g->n; i++)
        app_mark(s->app, s->matched[g->first + i]->id, !all);
}

/* The pane below the list when the cursor is on a heading: what the group's runs have. */
void runs_draw_group(struct runs *s, struct grid *g, struct rect area)
{
    static const int cols[] = { COL_LOSS, COL_GEN_LOSS, COL_DISC_LOSS, COL_AUC, COL_RATE };
    const struct run_group *group = runs_current_group(s);
    struct rect in = { area.y + 1, area.x + 1, area.h - 1, area.w - 2 };
    char count[32], text[80], lo[FMT], hi[FMT];
    if (!group)
        return;
    snprintf(count, sizeof count, "%d run%s", group->n, group->n == 1 ? "" : "s");
    const char *parts[] = { group->label, count };
    pane_title(g, area.y, area.x, area.w, 0, parts, 2);
    for (size_t k = 0, y = 0; k < sizeof cols / sizeof cols[0] && (int)y < in.h; k++) {
        struct spread p = spread_of(group, s->matched, cols[k]);
        const char *auc = own_auc(group, s->matched) ? "AUC own" : "AUC common";
        if (!p.n)
            continue;
        int line = in.y + (int)y++, x = in.x + 12;
        grid_text(g, in, line, in.x, 11, STYLE(ROLE_DIM, 0), cols[k] == COL_AUC ? auc : run_columns[cols[k]].title);
        if (cols[k] == COL_RATE && p.n < 2)
            snprintf(text, sizeof text, "%s (1)", fmt_count(lo, sizeof lo, p.mean));
        else if (cols[k] == COL_RATE)
            snprintf(text, sizeof text, "%s ± %s (%d)", fmt_count(lo, sizeof lo, p.mean), fmt_count(hi, sizeof hi, p.sd),
                     p.n);
        else
            fmt_mean(text, sizeof text, p.mean, p.sd, p.n);
        x += grid_text(g, in, line, x, -1, STYLE(ROLE_TEXT, 0), text) + 3;
        if (p.n > 1)
            grid_textf(g, in, line, x, -1, STYLE(ROLE_DIM, 0), "from %s to %s", run_format(cols[k], lo, sizeof lo, p.lo),
                       run_format(cols[k], hi, sizeof hi, p.hi));
    }
}
