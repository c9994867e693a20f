/* See rows.h. */
#include "ui/cli/rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/visible.h"

void rows_foreign(struct csv_out *out, const char *text)
{
    char shown[4096];
    csv_text(out, isatty(STDOUT_FILENO) ? visible(shown, sizeof shown, text) : text);
}

static void cells(struct csv_out *out, const char *const *names)
{
    for (; *names; names++)
        csv_text(out, *names);
}

void rows_runs_heading(struct csv_out *out)
{
    static const char *const names[] = {"run", "state", "step", "tokens", "parent", "archived",
                                        "created", "started", "ended", "config_hash",
                                        "corpus_hash", "params", "kernel", "blas_core", "program",
                                        "note", "reason", "checkpoint", NULL};
    char name[80];
    cells(out, names);
    for (int i = 0; i < config_nfields; i++)
        csv_text(out, config_fields[i].name);
    for (int kind = 0; kind < 3; kind++) {
        for (int i = 0; i < METRIC_COUNT; i++) {
            static const char *const prefix[] = {"", "val_", "best_val_"};
            snprintf(name, sizeof name, "%s%s", prefix[kind], metric_table[i].name);
            csv_text(out, name);
        }
    }
    csv_end_row(out);
}

static void time_cell(struct csv_out *out, double utc)
{
    char text[32];
    if (utc > 0)
        clock_iso(utc, text, sizeof text);
    csv_text(out, utc > 0 ? text : "");
}

static void hash_cell(struct csv_out *out, uint64_t hash)
{
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    csv_text(out, text);
}

static void config_cell(struct csv_out *out, const struct config *c, const struct config_field *f)
{
    char value[CONFIG_TEXT];
    config_get(c, f, value, sizeof value);
    if (f->type == CONFIG_INT || f->type == CONFIG_BOOL)
        csv_int(out, strtoll(value, NULL, 10));
    else if (f->type == CONFIG_REAL)
        csv_real(out, strtod(value, NULL));
    else
        rows_foreign(out, value);
}

void rows_run(struct csv_out *out, const struct query_run *run)
{
    csv_int(out, run->id);
    csv_text(out, run_state_name(run->state));
    csv_int(out, run->step);
    csv_int(out, run->tokens);
    if (run->parent)
        csv_int(out, run->parent);
    else
        csv_text(out, "");
    csv_int(out, run->archived);
    time_cell(out, run->created);
    time_cell(out, run->started);
    time_cell(out, run->ended);
    hash_cell(out, run->config_hash);
    hash_cell(out, run->corpus_hash);
    csv_int(out, (int64_t)run->params);
    rows_foreign(out, run->kernel);
    rows_foreign(out, run->blas_core);
    rows_foreign(out, run->program);
    rows_foreign(out, run->note);
    rows_foreign(out, run->reason);
    rows_foreign(out, run->checkpoint);
    for (int i = 0; i < config_nfields; i++)
        config_cell(out, &run->config, &config_fields[i]);
    for (int kind = 0; kind < 3; kind++) {
        const double *values = kind == 0 ? run->last : kind == 1 ? run->val_last : run->val_best;
        const uint8_t *has = kind == 0 ? run->has : run->val_has;
        for (int i = 0; i < METRIC_COUNT; i++) {
            if (has[i])
                csv_real(out, values[i]);
            else
                csv_text(out, "");
        }
    }
    csv_end_row(out);
}

void rows_metrics_heading(struct csv_out *out)
{
    static const char *const names[] = {"run", "step", "metric", "value", "wall_time", "tokens", NULL};
    cells(out, names);
    csv_end_row(out);
}

int rows_metrics(struct csv_out *out, struct query *q, int64_t run, int metric, struct err *err)
{
    int ids[METRIC_COUNT * 2], n = query_metrics(q, run, ids, err);
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < n; i++) {
        struct query_point *points;
        if (metric >= 0 && ids[i] != metric)
            continue;
        int count = query_points(q, run, ids[i], &a, &points, err);
        if (count < 0)
            n = count;
        for (int k = 0; k < count; k++) {
            csv_int(out, run);
            csv_int(out, points[k].step);
            csv_text(out, metric_name(ids[i]));
            csv_real(out, points[k].value);
            csv_real(out, points[k].wall);
            csv_int(out, points[k].tokens);
            csv_end_row(out);
        }
        arena_reset(&a);
    }
    arena_free(&a);
    return n < 0 ? n : 0;
}

void rows_tokens_heading(struct csv_out *out)
{
    static const char *const names[] = {"position", "original", "masked", "sampled", "gen_prob",
                                        "disc_prob", "label", "outcome", "gen_rank", "gen_entropy",
                                        "disc_loss", "same", "run", "step", "sentence", NULL};
    cells(out, names);
    csv_end_row(out);
}

const char *rows_outcome(const struct token_row *row, const struct rows_source *s)
{
    if (!s->has_discriminator)
        return "";
    int said = row->disc_prob > 0.5f;
    return row->label ? (said ? "caught" : "missed") : said ? "false_alarm" : "kept";
}

static void token_cell(struct csv_out *out, const struct rows_source *s, int id)
{
    const char *text = id < 0 ? "" : s->token(s->ud, id);
    rows_foreign(out, text ? text : "");
}

void rows_tokens(struct csv_out *out, const struct token_seq *seq, const struct rows_source *s)
{
    for (int i = 0; i < seq->n; i++) {
        const struct token_row *row = &seq->rows[i];
        int generated = s->has_generator && row->chosen;
        csv_int(out, i);
        token_cell(out, s, row->original);
        token_cell(out, s, row->masked);
        token_cell(out, s, row->sampled);
        generated ? csv_float(out, row->gen_prob) : csv_text(out, "");
        s->has_discriminator ? csv_float(out, row->disc_prob) : csv_text(out, "");
        csv_int(out, row->label);
        csv_text(out, rows_outcome(row, s));
        generated ? csv_int(out, row->gen_rank) : csv_text(out, "");
        generated ? csv_float(out, row->gen_entropy) : csv_text(out, "");
        s->has_discriminator ? csv_float(out, row->disc_loss) : csv_text(out, "");
        csv_int(out, row->same);
        s->run ? csv_int(out, s->run) : csv_text(out, "");
        s->run ? csv_int(out, s->step) : csv_text(out, "");
        csv_int(out, seq->sentence);
        csv_end_row(out);
    }
}
