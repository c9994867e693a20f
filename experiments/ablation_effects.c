/* What follows from the rows: main effects, missing cells, the paper's numbers beside them. */
#include <math.h>
#include <string.h>

#include "experiments/ablation_int.h"
#include "src/base/err.h"

#define GRID_MOST 4096

/* GLUE dev averages of the ELECTRA paper (ICLR 2020), base size. What it shows as curves only
 * (figure 3) has no number here. */
static const struct paper {
    const char *field, *level;
    struct ablation_paper row;
} papers[] = {
    {"tie", "none", {"tie=none", "section 3.2: base, 500k steps, GLUE dev", 83.6}},
    {"tie", "embeddings", {"tie=embeddings", "section 3.2: base, 500k steps, GLUE dev", 84.3}},
    {"tie", "all", {"tie=all", "section 3.2: base, 500k steps, GLUE dev", 84.4}},
    {"objective", "electra", {"objective=electra", "table 5: base, GLUE dev", 85.0}},
    {"objective", "all_tokens_mlm", {"objective=all_tokens_mlm", "table 5: base, GLUE dev", 84.3}},
    {"objective", "replace_mlm", {"objective=replace_mlm", "table 5: base, GLUE dev", 82.4}},
    {"objective", "electra15", {"objective=electra15", "table 5: base, GLUE dev", 82.4}},
    {"objective", "bert_mlm", {"objective=bert_mlm", "table 5: base, GLUE dev", 82.2}},
};
#define PAPERS ((int)(sizeof papers / sizeof papers[0]))

static int varies(const struct ablation *t, const char *name)
{
    for (int k = 0; k < t->nfields; k++)
        if (!strcmp(t->fields[k].field->name, name))
            return t->fields[k].nlevels > 1 ? k + 1 : 0;
    return 0;
}

static int varying(const struct ablation *t)
{
    int n = 0;
    for (int k = 0; k < t->nfields; k++)
        n += t->fields[k].nlevels > 1;
    return n;
}

/* The paper varied one thing at a time, so its numbers stand beside the rows of tables that do too;
 * other tables have them for reference only. */
static int add_papers(struct ablation *t, struct err *err)
{
    t->paper = arena_alloc(&t->arena, PAPERS, sizeof *t->paper);
    if (!t->paper)
        return err_nomem(err, "the table of ablations");
    int tie = varies(t, "tie"), objective = varies(t, "objective");
    for (int i = 0; i < PAPERS; i++) {
        int k = !strcmp(papers[i].field, "tie") ? tie : objective;
        if (!k || (tie && objective))
            continue;
        t->paper[t->npaper++] = &papers[i].row;
        for (int r = 0; r < t->nrows && varying(t) == 1; r++)
            if (!strcmp(t->fields[k - 1].levels[t->rows[r].value[k - 1]], papers[i].level))
                t->rows[r].paper = papers[i].row.value;
    }
    return 0;
}

/* 1: alike in all fields but `k`. */
static int alike(const struct ablation *t, const int *a, const int *b, int k)
{
    for (int i = 0; i < t->nfields; i++)
        if (i != k && a[i] != b[i])
            return 0;
    return 1;
}

static double value_of(const struct ablation *t, int row)
{
    return t->rows[row].cell[t->ranked].s.mean;
}

/* Adds the levels' means over the rows like row `first`; 1 when every level is there. */
static int add_block(const struct ablation *t, int k, int first, double *sum)
{
    int n = t->fields[k].nlevels, have = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int r = 0; r < t->nrows; r++) {
            if (!alike(t, t->rows[r].value, t->rows[first].value, k) || isnan(value_of(t, r)))
                continue;
            if (pass)
                sum[t->rows[r].value[k]] += value_of(t, r);
            else
                have++;
        }
        if (have < n)
            return 0;
    }
    return 1;
}

static int is_first_alike(const struct ablation *t, int k, int row)
{
    for (int r = 0; r < row; r++)
        if (alike(t, t->rows[r].value, t->rows[row].value, k))
            return 0;
    return 1;
}

static void marginal(const struct ablation *t, int k, struct ablation_effect *e)
{
    for (int level = 0; level < t->fields[k].nlevels; level++) {
        double sum = 0;
        int n = 0;
        for (int r = 0; r < t->nrows; r++) {
            if (t->rows[r].value[k] != level || isnan(value_of(t, r)))
                continue;
            sum += value_of(t, r);
            n++;
        }
        e->mean[level] = n ? sum / n : NAN;
    }
}

static int add_effect(struct ablation *t, int k, struct err *err)
{
    int n = t->fields[k].nlevels, better = t->metrics[t->ranked].better;
    struct ablation_effect *e = &t->effects[t->neffects];
    *e = (struct ablation_effect){.field = k, .best = -1, .worst = -1};
    e->mean = arena_zalloc(&t->arena, (size_t)n, sizeof *e->mean);
    if (!e->mean)
        return err_nomem(err, "the table of ablations");
    for (int r = 0; r < t->nrows; r++)
        if (is_first_alike(t, k, r))
            e->blocks += add_block(t, k, r, e->mean);
    e->balanced = e->blocks > 0;
    if (e->balanced)
        for (int i = 0; i < n; i++)
            e->mean[i] /= e->blocks;
    else
        marginal(t, k, e);
    for (int i = 0; i < n; i++) {
        if (isnan(e->mean[i]))
            continue;
        if (e->best < 0 || better * (e->mean[i] - e->mean[e->best]) > 0)
            e->best = i;
        if (e->worst < 0 || better * (e->mean[i] - e->mean[e->worst]) < 0)
            e->worst = i;
    }
    t->neffects += e->best >= 0;
    return 0;
}

static int field_at(const struct ablation *t, const char *name)
{
    for (int k = 0; k < t->nfields; k++)
        if (!strcmp(t->fields[k].field->name, name))
            return k;
    return -1;
}

/* The generator's size says nothing where the generator is a table of frequencies: its field, -1 where
 * it does say something, or is no field of the table. */
static int idle_field(const struct ablation *t, const int *value)
{
    int generator = field_at(t, "generator");
    if (generator < 0 || !strcmp(t->fields[generator].levels[value[generator]], "mlm"))
        return -1;
    return field_at(t, "generator_size");
}

static int find_missing(struct ablation *t, struct err *err)
{
    int64_t cells = 1;
    for (int k = 0; k < t->nfields && cells <= GRID_MOST; k++)
        cells *= t->fields[k].nlevels;
    if (t->nfields < 2 || cells > GRID_MOST)
        return 0;
    t->missing = arena_zalloc(&t->arena, (size_t)cells + 1, sizeof *t->missing);
    if (!t->missing)
        return err_nomem(err, "the table of ablations");
    for (int64_t c = 0; c < cells; c++) {
        struct ablation_missing *m = &t->missing[t->nmissing];
        int64_t rest = c, there = 0;
        for (int k = t->nfields - 1; k >= 0; k--) {
            m->value[k] = (int)(rest % t->fields[k].nlevels);
            rest /= t->fields[k].nlevels;
        }
        int idle = idle_field(t, m->value);
        for (int r = 0; r < t->nrows; r++)
            there |= alike(t, t->rows[r].value, m->value, idle);
        there |= idle >= 0 && m->value[idle] > 0; /* one cell for all sizes */
        t->nmissing += !there;
    }
    return 0;
}

int ablation_effects(struct ablation *t, struct err *err)
{
    int rc = add_papers(t, err);
    t->effects = arena_zalloc(&t->arena, ABLATION_FIELDS, sizeof *t->effects);
    if (!rc && !t->effects)
        rc = err_nomem(err, "the table of ablations");
    for (int k = 0; k < t->nfields && !rc && t->ranked >= 0; k++)
        if (t->fields[k].nlevels > 1)
            rc = add_effect(t, k, err);
    return rc ? rc : find_missing(t, err);
}
