/* electroscope runs: what runs there are, how one stands, and what can be done to it. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/branch.h"
#include "experiments/edit.h"
#include "experiments/host.h"
#include "src/base/clock.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/event/verdict.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"
#include "ui/cli/rows.h"
#include "ui/cli/sheet.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))

struct runs_args {
    int json, csv, md, archived, yes;
};

static void json_time(struct json_out *j, const char *key, double utc)
{
    char text[32] = "";
    if (utc > 0)
        clock_iso(utc, text, sizeof text);
    json_text(j, key, text);
}

static void json_metrics(struct json_out *j, const char *key, const double *values, const uint8_t *has)
{
    json_open(j, key, '{');
    for (int i = 0; i < METRIC_COUNT; i++)
        if (has[i])
            json_double(j, metric_table[i].name, values[i]);
    json_close(j, '}');
}

static void json_config(struct json_out *j, const struct config *c)
{
    char value[CONFIG_TEXT];
    json_open(j, "config", '{');
    for (int i = 0; i < config_nfields; i++) {
        config_get(c, &config_fields[i], value, sizeof value);
        json_text(j, config_fields[i].name, value);
    }
    json_close(j, '}');
}

static void as_json(const struct query_run *run)
{
    char hash[24];
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    json_int(&j, "run", run->id);
    json_text(&j, "name", run->name);
    json_int(&j, "parent", run->parent);
    json_text(&j, "state", run_state_name(run->state));
    json_int(&j, "step", run->step);
    json_int(&j, "steps", run->config.steps);
    json_int(&j, "tokens", run->tokens);
    json_int(&j, "host_pid", run->pid);
    json_text(&j, "checkpoint", run->checkpoint);
    json_int(&j, "checkpoint_step", run->checkpoint_step);
    json_text(&j, "tags", run->tags);
    json_text(&j, "note", run->note);
    json_text(&j, "reason", run->reason);
    json_bool(&j, "archived", run->archived);
    json_time(&j, "created", run->created);
    json_time(&j, "started", run->started);
    json_time(&j, "ended", run->ended);
    snprintf(hash, sizeof hash, "%016" PRIx64, run->config_hash);
    json_text(&j, "config_hash", hash);
    snprintf(hash, sizeof hash, "%016" PRIx64, run->corpus_hash);
    json_text(&j, "corpus_hash", hash);
    json_int(&j, "params", (int64_t)run->params);
    json_text(&j, "kernel", run->kernel);
    json_text(&j, "blas_core", run->blas_core);
    json_text(&j, "program", run->program);
    json_config(&j, &run->config);
    json_metrics(&j, "last", run->last, run->has);
    json_metrics(&j, "val_last", run->val_last, run->val_has);
    json_metrics(&j, "val_best", run->val_best, run->val_has);
    json_close(&j, '}');
    json_end(&j);
}

static void number(double v, int width, int decimals)
{
    if (isnan(v))
        printf(" %*s", width, "-");
    else
        printf(" %*.*f", width, decimals, v);
}

/* The loss as the Runs screen has it: in training, the held-out one where there is no other. */
static double loss(const struct query_run *run)
{
    const int m = METRIC_total_loss;
    return run->has[m] ? run->last[m] : run->val_has[m] ? run->val_last[m] : NAN;
}

/* On the common fakes, which compares runs; where that is missing, "own" and the other. */
static const char *auc(const struct query_run *run, char *out, size_t size)
{
    int own = !run->val_has[METRIC_rtd_auc_common], m = own ? METRIC_rtd_auc : METRIC_rtd_auc_common;
    if (run->val_has[m])
        snprintf(out, size, "%s%.3f", own ? "own " : "", run->val_last[m]);
    else
        snprintf(out, size, "-");
    return out;
}

/* Columns of a row without its name: all, without the objective, without the tokens either. */
enum { ROW_WIDE, ROW_NARROW, ROW_SLIM };
static const int row_rest[] = { 90, 69, 61 };

static void as_row(const struct query_run *run, int form, int name)
{
    char step[48], tokens[32], age[32] = "", objective[32], area[32];
    double now = clock_utc();
    snprintf(step, sizeof step, "%" PRId64 "/%ld", run->step, run->config.steps);
    if (run->created > 0)
        print_duration(now - run->created, age, sizeof age);
    config_choice(config_find("objective"), run->config.objective, objective, sizeof objective);
    printf("%4" PRId64 "  ", run->id);
    print_name(stdout, run->name, name);
    printf(" %-9s", run_state_name(run->state));
    if (form == ROW_WIDE)
        printf(" %-15s", objective);
    printf(" %*s", form == ROW_WIDE ? 14 : 11, step);
    if (form < ROW_SLIM)
        printf(" %7s", print_count((double)run->tokens, tokens, sizeof tokens));
    number(loss(run), 8, 3);
    printf(" %9s  %s\n", auc(run, area, sizeof area), age);
}

static void table(const struct query_run *runs, int n)
{
    int room = print_width(), form = room >= 110 ? ROW_WIDE : room >= 92 ? ROW_NARROW : ROW_SLIM, name = 4;
    for (int i = 0; i < n; i++) {
        int w = print_columns(runs[i].name);
        name = w > name ? w : name;
    }
    room -= row_rest[form];
    name = room < name ? room : name;
    name = name < 12 ? 12 : name > 60 ? 60 : name;
    printf("%4s  %-*s %-9s", "run", name, "name", "state");
    if (form == ROW_WIDE)
        printf(" %-15s", "objective");
    printf(" %*s", form == ROW_WIDE ? 14 : 11, "step");
    if (form < ROW_SLIM)
        printf(" %7s", "tokens");
    printf(" %8s %9s  %s\n", "loss", "AUC comm", "age");
    for (int i = 0; i < n; i++)
        as_row(&runs[i], form, name);
}

static int print_md(const struct query_run *runs, int n, struct err *err)
{
    static const char *const heads[] = { "run", "name", "state", "objective", "sharing", "generator",
                                         "seed", "step", "steps", "tokens", "loss", "AUC common", "tags" };
    static const char *const fields[] = { "objective", "tie", "generator_size", "seed" };
    struct sheet *s = sheet_new("rllllrrrrrrrl");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        sheet_cell(s, heads[i]);
    for (int i = 0; i < n; i++) {
        const struct query_run *r = &runs[i];
        const int common = METRIC_rtd_auc_common;
        const double figures[] = { loss(r), r->val_has[common] ? r->val_last[common] : NAN };
        char value[CONFIG_TEXT];
        sheet_cellf(s, "%" PRId64, r->id);
        sheet_cell(s, r->name);
        sheet_cell(s, run_state_name(r->state));
        for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
            sheet_cell(s, config_show(&r->config, config_find(fields[k]), value, sizeof value));
        }
        sheet_cellf(s, "%" PRId64, r->step);
        sheet_cellf(s, "%ld", r->config.steps);
        sheet_cellf(s, "%" PRId64, (int64_t)r->tokens);
        for (int k = 0; k < 2; k++)
            isnan(figures[k]) ? sheet_cell(s, "-") : sheet_cellf(s, "%.3f", figures[k]);
        sheet_cell(s, r->tags);
    }
    return sheet_end(s, stdout, SHEET_MD, err);
}

static int list(const struct workspace *w, const struct runs_args *a, struct err *err)
{
    struct err why = {0};
    struct query *q = query_open(w->db, &why);
    struct query_run *runs = NULL;
    struct arena arena;
    if (!q && why.code != E_NOTFOUND)
        return err_set(err, why.code, "%s", why.text);
    arena_init(&arena);
    int n = q ? query_runs(q, a->archived, &arena, &runs, err) : 0;
    if (a->csv && n >= 0) {
        struct csv_out *out = csv_new(stdout);
        if (!out)
            n = err_nomem(err, "the list");
        else {
            rows_runs_heading(out);
            for (int i = n - 1; i >= 0; i--)
                rows_run(out, &runs[i]);
            int rc = csv_finish(out, err);
            n = rc ? rc : n;
        }
    } else if (a->md && n >= 0) {
        int rc = print_md(runs, n, err);
        n = rc ? rc : n;
    } else if (!a->json && n > 0)
        table(runs, n);
    for (int i = 0; i < n && a->json && !a->csv; i++)
        as_json(&runs[i]);
    if (!n && !a->json && !a->csv && !a->md)
        fprintf(stderr, "electroscope: no runs yet in %s; `electroscope demo` makes one\n", SHOW(w->dir));
    arena_free(&arena);
    query_close(q);
    return n < 0 ? n : 0;
}

static void show_line(const char *key, const char *value)
{
    char out[2048];
    printf("%-22s %s\n", key, visible(out, sizeof out, value));
}

static void show_metrics(const struct query_run *run)
{
    printf("\n%-22s %14s %14s %14s\n", "metric", "last", "held out", "best");
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *m = &metric_table[i];
        if (!run->has[i] && !run->val_has[i])
            continue;
        printf("%-22s", m->name);
        number(run->has[i] ? run->last[i] : NAN, 14, m->decimals);
        number(run->val_has[i] ? run->val_last[i] : NAN, 14, m->decimals);
        number(run->val_has[i] && m->better ? run->val_best[i] : NAN, 14, m->decimals);
        printf(" %s\n", m->unit);
    }
}

/* Where a run came from, and what came from it. */
static void show_lineage(const struct workspace *w, const struct query_run *run)
{
    struct query *q = query_open(w->db, NULL);
    struct query_run *runs = NULL;
    struct arena arena;
    struct str children;
    char text[600];
    int64_t parent, step;
    arena_init(&arena);
    str_init(&children);
    int n = q ? query_runs(q, 1, &arena, &runs, NULL) : 0;
    for (int i = n - 1; i >= 0; i--) {
        if (run->parent && runs[i].id == run->parent) {
            int at = branch_origin(w, run->id, &parent, &step);
            int used = snprintf(text, sizeof text, "%" PRId64 " %s", run->parent, runs[i].name);
            if (at)
                snprintf(text + used, sizeof text - (size_t)used, ", from its step %" PRId64, step);
            show_line("parent", text);
        }
        if (runs[i].parent == run->id) {
            snprintf(text, sizeof text, "%s%" PRId64 " %s", children.len ? ", " : "", runs[i].id, runs[i].name);
            str_add(&children, text);
        }
    }
    if (children.len)
        show_line("branches", str_get(&children));
    str_free(&children);
    arena_free(&arena);
    if (q)
        query_close(q);
}

static void show(const struct workspace *w, const struct query_run *run)
{
    char text[2048], words[256];
    struct verdict_input in;
    snprintf(text, sizeof text, "%" PRId64 " %s", run->id, run->name);
    show_line("run", text);
    snprintf(text, sizeof text, "%s%s%s", run_state_name(run->state), *run->reason ? ": " : "", run->reason);
    show_line("state", text);
    snprintf(text, sizeof text, "%" PRId64 " of %ld", run->step, run->config.steps);
    show_line("step", text);
    if (*run->checkpoint)
        show_line("checkpoint", run->checkpoint);
    show_lineage(w, run);
    if (*run->tags)
        show_line("tags", run->tags);
    if (*run->note)
        show_line("note", run->note);
    verdict_input_init(&in);
    in.step = run->step;
    in.steps = run->config.steps;
    for (int i = 0; i < METRIC_COUNT; i++) {
        in.last[i] = run->has[i] ? run->last[i] : NAN;
        in.val[i] = run->val_has[i] ? run->val_last[i] : NAN;
        in.best[i] = run->val_has[i] ? run->val_best[i] : NAN;
    }
    in.broken = run->has[METRIC_total_loss] && !isfinite(run->last[METRIC_total_loss]);
    if (verdict_say(&in, words, sizeof words) != VERDICT_NONE)
        show_line("verdict", words);
    show_metrics(run);
    printf("\n");
    for (int i = 0; i < config_nfields; i++) {
        config_get(&run->config, &config_fields[i], text, sizeof text);
        if (strcmp(text, config_fields[i].def))
            show_line(config_fields[i].name, text);
    }
}

/* Words from `first` on, with spaces between. */
static int joined(const struct cli *c, int first, struct str *out, struct err *err)
{
    str_init(out);
    for (int i = first; i < c->nargs; i++) {
        if (i > first)
            str_addc(out, ' ');
        str_add(out, c->args[i]);
    }
    return out->failed ? err_nomem(err, "the text") : 0;
}

static const struct {
    const char *verb, *done;
} verbs[] = {{"list", ""}, {"show", ""}, {"pause", "will pause"}, {"resume", "goes on"},
             {"stop", "will stop after a checkpoint"}, {"tag", "tagged"}, {"note", "noted"},
             {"archive", "archived"}, {"unarchive", "no longer archived"}, {"delete", "deleted"}};
#define VERBS ((int)(sizeof verbs / sizeof verbs[0]))

static int change(const struct cli *c, const struct workspace *w, const char *verb, int64_t id,
                  struct err *err)
{
    const struct runs_args *a = c->own;
    if (!strcmp(verb, "pause") || !strcmp(verb, "stop") || !strcmp(verb, "resume"))
        return host_client_op(w, verb, id, *verb == 'r', err);
    if (!strcmp(verb, "delete") && !a->yes)
        return err_set(err, E_USAGE, "runs delete: run %" PRId64 ", its metrics and its checkpoints "
                       "go for good; say --yes", id);
    if ((!strcmp(verb, "tag") || !strcmp(verb, "note")) && c->nargs < 3)
        return err_set(err, E_USAGE, "runs %s: the text is missing", verb);
    struct str text;
    int rc = joined(c, 2, &text, err);
    if (!rc)
        rc = edit_run(w, verb, id, str_get(&text), err);
    str_free(&text);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct runs_args *a = c->own;
    const char *verb = c->nargs ? c->args[0] : "list";
    struct workspace w;
    const char *names[VERBS], *done = NULL;
    for (int i = 0; i < VERBS; i++) {
        names[i] = verbs[i].verb;
        if (!strcmp(verbs[i].verb, verb))
            done = verbs[i].done;
    }
    if (!done) {
        const char *near = suggest(verb, names, VERBS);
        return err_set(err, E_USAGE, "runs: '%s' is unknown%s%s%s", SHOW(verb),
                       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (a->csv + a->json + a->md > 1)
        return err_set(err, E_USAGE, "runs: one of --csv, --json and --md");
    int rc = cli_workspace(c, 0, &w, err);
    if (rc || !strcmp(verb, "list"))
        return rc ? rc : list(&w, a, err);
    if (c->nargs < 2)
        return err_set(err, E_USAGE, "runs %s: which run? Give its number or name", verb);
    struct query_run *found = calloc(1, sizeof *found);
    if (!found)
        return err_nomem(err, "the run");
    rc = launch_find_run(&w, c->args[1], found, err);
    if (!rc && *done) {
        rc = change(c, &w, verb, found->id, err);
        if (!rc)
            printf("run %" PRId64 " %s\n", found->id, done);
    } else if (!rc)
        a->json ? as_json(found) : show(&w, found);
    free(found);
    return rc;
}

static const struct option_row options[] = {
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct runs_args, json),
     .help = "list, show: one JSON object a run"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = offsetof(struct runs_args, csv),
     .help = "list: the rows of `export runs`"},
    {.name = "md", .kind = OPTION_FLAG, .offset = offsetof(struct runs_args, md),
     .help = "list: a Markdown table"},
    {.name = "archived", .kind = OPTION_FLAG, .offset = offsetof(struct runs_args, archived),
     .help = "list: archived runs too"},
    {.name = "yes", .kind = OPTION_FLAG, .offset = offsetof(struct runs_args, yes),
     .help = "delete: yes, really"},
    {.name = NULL},
};

const struct command cmd_runs = {.options = options, .own_size = sizeof(struct runs_args),
                                 .max_args = -1, .run = run};
