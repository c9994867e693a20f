/* electroscope pairs: minimal pairs, without any training: how often the networks prefer the sentence
 * that is right. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "db/query.h"
#include "experiments/scores.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/data/corpus.h"
#include "src/train/pairs.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/nets.h"
#include "ui/cli/print.h"
#include "ui/cli/sheet.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))

struct args {
    const char *run, *model, *generator, *corpus, *task;
    long step, limit;
    int csv, json, md, by_file, no_generator, no_store;
};

static void defaults(void *own)
{
    ((struct args *)own)->step = -1;
}

/* Where the scored networks come from, and what is needed beside them. */
struct job {
    const struct args *a;
    struct workspace w;
    struct nets nets;
    struct scores_source source;
    struct corpus *corpus;
    char model[4200];
    struct progress progress;
};

/* The packed corpus of the run, for the unigram floor; none is no error. */
static void find_corpus(struct job *j, const struct query_run *run)
{
    char path[5000], *name = NULL;
    size_t n;
    if (j->a->corpus) {
        snprintf(path, sizeof path, "%s/%s", j->w.corpora, j->a->corpus);
    } else if (run) {
        snprintf(path, sizeof path, "%s/%" PRId64 "/corpus", j->w.checkpoints, run->id);
        if (file_read(path, 4000, &name, &n, NULL))
            name = NULL;
        const char *of = name ? name : run->config.corpus;
        snprintf(path, sizeof path, "%s%s%s", *of == '/' ? "" : j->w.corpora, *of == '/' ? "" : "/", of);
        free(name);
    } else {
        return;
    }
    j->corpus = corpus_open(path, 0, NULL);
}

static int find_networks(struct job *j, struct err *err)
{
    const struct args *a = j->a;
    if (a->model) {
        j->source.model = a->model;
        find_corpus(j, NULL);
        return nets_find(a->model, a->generator, &j->nets, err);
    }
    struct query_run *run = calloc(1, sizeof *run);
    int rc = run ? launch_find_run(&j->w, a->run, run, err) : err_nomem(err, "the run");
    int64_t step = 0;
    if (!rc)
        rc = launch_find_checkpoint(&j->w, run, a->step, j->model, sizeof j->model, &step, err);
    if (!rc) {
        j->source = (struct scores_source){run->id, step, j->model};
        find_corpus(j, run);
        rc = nets_find(j->model, NULL, &j->nets, err);
    }
    free(run);
    return rc;
}

static void percent(struct sheet *s, const struct pairs_tally *t)
{
    if (t->n)
        sheet_cellf(s, "%.1f", pairs_percent(t));
    else
        sheet_cell(s, "-");
}

static void table_row(struct sheet *s, const struct pairs_group *g)
{
    int64_t n = g->disc.n ? g->disc.n : g->gen.n;
    sheet_cell(s, g->name);
    sheet_cellf(s, "%" PRId64, n);
    percent(s, &g->disc);
    percent(s, &g->gen);
    percent(s, &g->unigram);
}

static int table(const struct job *j, const struct pairs_result *r, struct err *err)
{
    static const char *const heads[] = {"pairs", "discriminator", "generator", "unigram floor"};
    struct sheet *s = sheet_new("lrrrr");
    sheet_cell(s, j->a->by_file ? "file" : "term");
    for (int i = 0; i < 4; i++)
        sheet_cell(s, heads[i]);
    for (int i = 0; i < r->n; i++)
        table_row(s, &r->groups[i]);
    table_row(s, &r->all);
    return sheet_end(s, stdout, j->a->md ? SHEET_MD : SHEET_TEXT, err);
}

static void csv_percent(struct csv_out *out, const struct pairs_tally *t)
{
    if (t->n)
        csv_real(out, pairs_percent(t));
    else
        csv_text(out, "");
}

static int csv(const struct job *j, const struct pairs_result *r, struct err *err)
{
    static const char *const heads[] = {"run", "checkpoint_step", "group", "pairs", "discriminator", "generator",
                                        "unigram"};
    struct csv_out *out = csv_new(stdout);
    if (!out)
        return err_nomem(err, "the rows");
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; i <= r->n; i++) {
        const struct pairs_group *g = i < r->n ? &r->groups[i] : &r->all;
        csv_int(out, j->source.run);
        csv_int(out, j->source.step);
        csv_text(out, g->name);
        csv_int(out, g->disc.n ? g->disc.n : g->gen.n);
        csv_percent(out, &g->disc);
        csv_percent(out, &g->gen);
        csv_percent(out, &g->unigram);
        csv_end_row(out);
    }
    return csv_finish(out, err);
}

static void json(const struct job *j, const struct pairs_result *r)
{
    for (int i = 0; i <= r->n; i++) {
        const struct pairs_group *g = i < r->n ? &r->groups[i] : &r->all;
        struct json_out o = {.f = stdout};
        json_open(&o, NULL, '{');
        json_int(&o, "run", j->source.run);
        json_int(&o, "checkpoint_step", j->source.step);
        json_text(&o, "group", g->name);
        json_int(&o, "pairs", g->disc.n ? g->disc.n : g->gen.n);
        if (g->disc.n)
            json_double(&o, "discriminator", pairs_percent(&g->disc));
        if (g->gen.n)
            json_double(&o, "generator", pairs_percent(&g->gen));
        if (g->unigram.n)
            json_double(&o, "unigram", pairs_percent(&g->unigram));
        json_close(&o, '}');
        json_end(&o);
    }
}

/* "pairs-blimp": the set is named after the directory of the first file. */
static void task_name(const char *file, const char *given, char *out, size_t size)
{
    char dir[4200];
    snprintf(dir, sizeof dir, "%.4100s", file);
    char *slash = strrchr(dir, '/');
    if (slash)
        *slash = 0;
    const char *name = slash && strrchr(dir, '/') ? strrchr(dir, '/') + 1 : slash ? dir : "";
    if (given)
        name = given;
    snprintf(out, size, "pairs%s%.48s", *name && strcmp(name, ".") && strcmp(name, "..") ? "-" : "",
             strcmp(name, ".") && strcmp(name, "..") ? name : "");
}

static int store(const struct job *j, const struct pairs_result *r, int nfiles, const char *file, struct err *err)
{
    struct scores_value v[3];
    char task[64], settings[96];
    int n = 0;
    if (r->all.disc.n)
        v[n++] = (struct scores_value){"accuracy", pairs_percent(&r->all.disc), r->all.disc.n};
    if (r->all.gen.n)
        v[n++] = (struct scores_value){"generator_accuracy", pairs_percent(&r->all.gen), r->all.gen.n};
    if (r->all.unigram.n)
        v[n++] = (struct scores_value){"unigram_accuracy", pairs_percent(&r->all.unigram), r->all.unigram.n};
    task_name(file, j->a->task, task, sizeof task);
    snprintf(settings, sizeof settings, "{\"files\":%d,\"limit\":%ld}", nfiles, j->a->limit);
    return scores_add_values(&j->w, &j->source, task, settings, v, n, err);
}

static int print(const struct job *j, const struct pairs_result *r, struct err *err)
{
    if (j->a->csv)
        return csv(j, r, err);
    if (!j->a->json)
        return table(j, r, err);
    json(j, r);
    return 0;
}

static int score(struct job *j, const struct cli *c, struct err *err)
{
    struct pairs_args a = {.disc_dir = *j->nets.main ? j->nets.main : NULL,
                           .gen_dir = *j->nets.gen && !j->a->no_generator ? j->nets.gen : NULL,
                           .files = c->args, .nfiles = c->nargs, .limit = j->a->limit,
                           .by_file = j->a->by_file, .corpus = j->corpus, .progress = progress_show,
                           .warn = NULL, .ud = &j->progress};
    /* main/ of a masked language model: it is read token by token */
    size_t n = strlen(j->nets.main);
    if (n > 5 && !strcmp(j->nets.main + n - 5, "/main")) {
        a.gen_dir = j->nets.main;
        a.disc_dir = NULL;
    }
    struct pairs_result r;
    progress_start(&j->progress, "pairs");
    int rc = pairs_run(&a, &r, err);
    progress_end(&j->progress);
    if (!rc && !r.all.disc.n && !r.all.gen.n)
        rc = err_set(err, E_INPUT, "%s holds no pair", SHOW(c->args[0]));
    if (!rc)
        rc = print(j, &r, err);
    if (!rc && !j->a->no_store)
        rc = store(j, &r, c->nargs, c->args[0], err);
    pairs_free(&r);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct args *a = c->own;
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return err_nomem(err, "the pairs");
    j->a = a;
    int rc = !a->run == !a->model ? err_set(err, E_USAGE, "pairs: give one of --run RUN and --model DIR")
             : a->csv + a->json + a->md > 1 ? err_set(err, E_USAGE, "pairs: one of --csv, --json and --md")
                                            : cli_workspace(c, !a->no_store, &j->w, err);
    if (!rc)
        rc = find_networks(j, err);
    if (!rc)
        rc = score(j, c, err);
    corpus_close(j->corpus);
    free(j);
    return rc;
}

#define AT(member) offsetof(struct args, member)
static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_TEXT, .offset = AT(run), .arg = "RUN", .help = "networks of a run's checkpoint"},
    {.name = "step", .kind = OPTION_INT, .offset = AT(step), .arg = "S", .min = 0, .max = 1e12,
     .help = "of that step (default: the newest)"},
    {.name = "model", .kind = OPTION_TEXT, .offset = AT(model), .arg = "DIR",
     .help = "network in Hugging Face's layout, or a directory with discriminator/ and generator/"},
    {.name = "generator", .kind = OPTION_TEXT, .offset = AT(generator), .arg = "DIR", .help = "generator for --model"},
    {.name = "corpus", .kind = OPTION_TEXT, .offset = AT(corpus), .arg = "NAME",
     .help = "packed corpus whose word frequencies give the floor (default: the run's own)"},
    {.name = "limit", .kind = OPTION_INT, .offset = AT(limit), .arg = "N", .min = 0, .max = 1e9,
     .help = "at most so many pairs of each file (0: all)"},
    {.name = "by-file", .kind = OPTION_FLAG, .offset = AT(by_file), .help = "a row a file instead of a term"},
    {.name = "no-generator", .kind = OPTION_FLAG, .offset = AT(no_generator),
     .help = "the discriminator only: one pass a sentence instead of one a token"},
    {.name = "task", .kind = OPTION_TEXT, .offset = AT(task), .arg = "NAME",
     .help = "name of the set in the store (default: the files' directory)"},
    {.name = "no-store", .kind = OPTION_FLAG, .offset = AT(no_store), .help = "do not keep the result as scores"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv), .help = "one row a group"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "one JSON object a group"},
    {.name = "md", .kind = OPTION_FLAG, .offset = AT(md), .help = "a Markdown table"},
    {.name = NULL},
};

const struct command cmd_pairs = {.options = options, .own_size = sizeof(struct args), .defaults = defaults,
                                  .min_args = 1, .max_args = -1, .run = run};
