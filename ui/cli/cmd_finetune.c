/* electroscope finetune: what the pre-training was for. Trains a task's head and the encoder, over
 * several seeds side by side, and stores the scores beside the checkpoint they came from. */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/query.h"
#include "experiments/finetune_run.h"
#include "experiments/tuning.h"
#include "src/base/clock.h"
#include "src/base/visible.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))
#define LINE_EVERY 10.0 /* seconds between lines where there is no terminal */
#define STORE_EVERY 2.0 /* seconds between rows of progress in the store, a seed */
#define FINETUNES 64    /* seeds whose progress the store has */

struct finetune_options {
    const char *task, *run, *model, *data, *train, *dev, *test, *columns, *labels, *separator, *output;
    long step, seeds, at_once;
    int check, save_model, no_store, json, tasks;
    struct finetune_config config;
};

static void defaults(void *own)
{
    struct finetune_options *o = own;
    o->step = -1;
    o->seeds = 1;
    finetune_defaults(&o->config);
}

/* What the callbacks need. */
struct session {
    const struct finetune_options *o;
    struct finetune_seeds_args args;
    struct workspace workspace;
    struct scores_source source, as; /* as: under what it tells of itself */
    char as_model[1200];
    char model[4300];
    double told;
    double seed_stored[FINETUNES];  /* clock of the last row, by seed from the first */
    struct finetune_progress last[FINETUNES];
    int tty, wipe, code;
    struct err err; /* of storing */
};

static atomic_int stop;
static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    if (stop_signal)
        _exit(128 + number);
    stop_signal = number;
    atomic_store(&stop, 1);
}

static void wipe(struct session *s)
{
    if (s->wipe)
        fprintf(stderr, "\r%*s\r", s->wipe, "");
    s->wipe = 0;
}

static void json_scores(struct json_out *j, const struct finetune_score *scores, int n)
{
    json_open(j, "scores", '{');
    for (int i = 0; i < n; i++)
        json_double(j, scores[i].name, scores[i].value);
    json_close(j, '}');
}

static void progress_json(const struct finetune_progress *p)
{
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "event", p->scores ? "epoch" : "step");
    json_int(&j, "seed", p->seed);
    json_int(&j, "epoch", p->epoch);
    json_int(&j, "step", p->step);
    json_int(&j, "steps", p->steps);
    json_double(&j, "loss", p->loss);
    json_double(&j, "learning_rate", p->learning_rate);
    if (p->scores)
        json_scores(&j, p->scores, p->nscores);
    json_close(&j, '}');
    json_end(&j);
}

static const char *task_name(const struct session *s)
{
    return s->args.base.task->name;
}

/* Progress for the screens. It is no loss when it cannot be stored: the scores will be. */
static void store_progress(struct session *s, const struct finetune_progress *p, double now)
{
    long i = p->seed - s->o->config.seed;
    if (s->o->no_store || i < 0 || i >= FINETUNES || (now - s->seed_stored[i] < STORE_EVERY && !p->scores))
        return;
    s->seed_stored[i] = now;
    s->last[i] = *p;
    s->last[i].scores = NULL;
    s->last[i].nscores = 0;
    tuning_tell(&s->workspace, &s->as, task_name(s), "running", NULL, p, NULL);
}

/* Those that were cut off say so in their row. */
static void store_ends(struct session *s, const char *state, const char *why)
{
    for (int i = 0; i < FINETUNES && !s->o->no_store; i++)
        if (s->seed_stored[i] > 0)
            tuning_tell(&s->workspace, &s->as, task_name(s), state, why, &s->last[i], NULL);
}

static void on_mistakes(void *ud, const struct finetune_mistakes *m)
{
    struct session *s = ud;
    if (!s->o->no_store && !s->code)
        s->code = tuning_mistakes(&s->workspace, &s->as, task_name(s), m, &s->err);
}

static void on_progress(void *ud, const struct finetune_progress *p)
{
    struct session *s = ud;
    char left[32];
    double now = clock_now();
    store_progress(s, p, now);
    if (s->o->json) {
        progress_json(p);
        return;
    }
    if (!p->scores && !s->tty && now - s->told < LINE_EVERY)
        return;
    s->told = now;
    wipe(s);
    int n = fprintf(stderr, "seed %d  epoch %ld/%ld  step %ld/%ld", p->seed, p->epoch, p->epochs, p->step,
                    p->steps);
    if (isfinite(p->loss))
        n += fprintf(stderr, "  loss %.4f", p->loss);
    if (p->scores) {
        fprintf(stderr, "  %s %.2f\n", p->scores[0].name, p->scores[0].value);
        return;
    }
    n += fprintf(stderr, "  %.0f examples/s  %s left", p->examples_per_s,
                 isfinite(p->seconds_left) ? print_duration(p->seconds_left, left, sizeof left) : "?");
    if (s->tty)
        s->wipe = n;
    else
        fputc('\n', stderr);
    fflush(stderr);
}

static void on_warning(void *ud, const char *text)
{
    wipe(ud);
    print_warning(NULL, text);
}

static void on_done(void *ud, const struct finetune_seed *seed)
{
    struct session *s = ud;
    const struct finetune_result *r = &seed->result;
    if (!s->o->no_store && !s->code)
        s->code = scores_add(&s->workspace, &s->source, &s->args.base, seed, &s->err);
    long i = seed->seed - s->o->config.seed;
    if (!s->o->no_store && i >= 0 && i < FINETUNES) {
        s->last[i].seed = seed->seed;
        s->seed_stored[i] = 0;
        tuning_tell(&s->workspace, &s->as, task_name(s), NULL, NULL, &s->last[i], NULL);
    }
    if (s->o->json) {
        struct json_out j = {.f = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "event", "seed");
        json_int(&j, "seed", seed->seed);
        json_text(&j, "state", r->failed ? "stuck" : "done");
        if (r->failed)
            json_text(&j, "why", r->why);
        json_double(&j, "loss", r->loss);
        json_int(&j, "steps", r->steps);
        json_double(&j, "seconds", r->seconds);
        json_scores(&j, r->scores, r->n);
        json_close(&j, '}');
        json_end(&j);
    } else if (r->failed) {
        wipe(s);
        fprintf(stderr, "seed %d is stuck: %s\n", seed->seed, r->why);
    }
}

/* The directory to start from, and what the store will call it. */
static int find_model(const struct cli *c, struct session *s, struct err *err)
{
    const struct finetune_options *o = s->o;
    if (o->model && o->run)
        return err_set(err, E_USAGE, "finetune: give --run or --model, not both");
    if (o->model) {
        finetune_model_dir(o->model, s->model, sizeof s->model);
        s->source.model = o->model;
        return 0;
    }
    char path[4200];
    struct query_run *run = calloc(1, sizeof *run);
    int rc = run ? cli_workspace(c, 0, &s->workspace, err) : err_nomem(err, "the run");
    if (!rc)
        rc = launch_find_run(&s->workspace, o->run, run, err);
    if (!rc)
        rc = launch_find_checkpoint(&s->workspace, run, o->step, path, sizeof path, &s->source.step, err);
    if (!rc) {
        s->source.run = run->id;
        finetune_model_dir(path, s->model, sizeof s->model);
        s->source.model = "";
    }
    free(run);
    return rc;
}

static int separator(const char *text, char *out, struct err *err)
{
    *out = 0;
    if (!text)
        return 0;
    *out = !strcmp(text, "tab") ? '\t' : !strcmp(text, "comma") ? ',' : text[0];
    return *out && (!text[1] || text[1] == 'a' || text[1] == 'o')
               ? 0
               : err_set(err, E_USAGE, "--separator: '%s' is not tab, comma or one character", SHOW(text));
}

static int prepare(const struct cli *c, struct session *s, struct err *err)
{
    const struct finetune_options *o = s->o;
    struct finetune_args *a = &s->args.base;
    *a = (struct finetune_args){.config = o->config, .model = s->model, .data = o->data,
                                .train = o->train, .dev = o->dev, .test = o->test,
                                .columns = o->columns, .labels = o->labels, .output = o->output,
                                .save_model = o->save_model, .stop = &stop, .progress = on_progress,
                                .warn = on_warning, .mistakes = on_mistakes,
                                .ud = s};
    s->args.seeds = (int)o->seeds;
    s->args.at_once = (int)o->at_once;
    s->args.done = on_done;
    s->tty = isatty(STDERR_FILENO);
    if (!o->task)
        return err_set(err, E_USAGE, "finetune: --task is missing; --tasks lists them");
    int rc = task_get(o->task, &a->task, err);
    if (!rc)
        rc = separator(o->separator, &a->separator, err);
    if (!rc && !o->data && !o->train)
        rc = err_set(err, E_USAGE, "finetune: give --data DIR, or --train and --dev");
    if (!rc && o->test && !o->output)
        rc = err_set(err, E_USAGE, "finetune: --test needs --output DIR, where its predictions are written");
    if (!rc && o->save_model && !o->output)
        rc = err_set(err, E_USAGE, "finetune: --save-model needs --output DIR");
    rc = rc ? rc : find_model(c, s, err);
    if (rc)
        return rc;
    s->as = s->source;
    s->as.model = score_tuned_as(s->source.model, s->o->config.random_init, s->as_model, sizeof s->as_model);
    return 0;
}

static int check(struct session *s, struct err *err)
{
    struct finetune_check k;
    int rc = finetune_check(&s->args.base, &k, err);
    if (rc)
        return rc;
    if (s->o->json) {
        struct json_out j = {.f = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "task", s->args.base.task->name);
        json_int(&j, "examples", (int64_t)k.examples);
        json_int(&j, "sequences", (int64_t)k.items);
        json_int(&j, "skipped", (int64_t)k.skipped);
        json_int(&j, "tokens", (int64_t)k.tokens);
        json_int(&j, "longest", (int64_t)k.longest);
        json_int(&j, "full_length", (int64_t)k.cut);
        json_open(&j, "per_label", '[');
        for (int i = 0; i < k.labels && i < 16; i++)
            json_int(&j, NULL, (int64_t)k.per_label[i]);
        json_close(&j, ']');
        json_close(&j, '}');
        json_end(&j);
        return 0;
    }
    printf("%s: %zu examples in %zu sequences, %.1f tokens on average, %zu at most, %zu at full length, "
           "%zu skipped\n", s->args.base.task->name, k.examples, k.items,
           (double)k.tokens / (double)(k.items ? k.items : 1), k.longest, k.cut, k.skipped);
    for (int i = 0; i < k.labels && i < 16; i++)
        printf("class %d: %zu\n", i, k.per_label[i]);
    return 0;
}

static void summary_json(const struct session *s, const struct finetune_seeds *r)
{
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "event", "done");
    json_text(&j, "task", s->args.base.task->name);
    json_int(&j, "run", s->source.run);
    json_int(&j, "checkpoint_step", s->source.step);
    json_text(&j, "model", s->model);
    json_int(&j, "seeds", r->n);
    json_int(&j, "stuck", r->failed);
    json_double(&j, "majority", r->seeds[0].result.majority);
    json_open(&j, "scores", '{');
    for (int i = 0; i < r->nsummary; i++) {
        const struct finetune_summary *x = &r->summary[i];
        json_open(&j, x->name, '{');
        json_double(&j, "median", x->median);
        json_double(&j, "q1", x->q1);
        json_double(&j, "q3", x->q3);
        json_double(&j, "min", x->min);
        json_double(&j, "max", x->max);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    json_close(&j, '}');
    json_end(&j);
}

static void summary_table(const struct session *s, const struct finetune_seeds *r)
{
    const struct finetune_result *first = &r->seeds[0].result;
    printf("%s, %d seed%s from ", s->args.base.task->name, r->n, r->n == 1 ? "" : "s");
    if (s->o->config.random_init)
        fputs("random weights of the shape of ", stdout);
    if (s->source.run)
        printf("run %" PRId64 " at step %" PRId64, s->source.run, s->source.step);
    else
        print_text(stdout, s->model);
    const char *what = task_is_span(s->args.base.task) ? "questions" : "examples";
    printf("; %ld %s", first->sources, what);
    if (first->examples != first->sources) /* windows, or both orders of a pair */
        printf(" in %ld sequences", first->examples);
    printf(", %ld to score\n\n", first->dev_examples);
    printf("%-22s %8s %8s %8s %8s %8s\n", "score", "median", "q1", "q3", "min", "max");
    for (int i = 0; i < r->nsummary; i++) {
        const struct finetune_summary *x = &r->summary[i];
        printf("%-22s %8.2f %8.2f %8.2f %8.2f %8.2f\n", x->name, x->median, x->q1, x->q3, x->min, x->max);
    }
    if (isfinite(first->majority))
        printf("%-22s %8.2f  %s of always giving the most frequent answer\n", "majority",
               first->majority, s->args.base.task->metric);
    if (r->failed)
        printf("\n%d of %d runs stuck: %s\n", r->failed, r->n, "they give one answer to everything");
    if (s->o->output) {
        fputs("\npredictions are in ", stdout);
        print_text(stdout, s->o->output);
        puts(r->n > 1 ? ", a folder a seed" : "");
    }
}

static int train(const struct cli *c, struct session *s, struct err *err)
{
    struct finetune_seeds result;
    struct sigaction act = {.sa_handler = on_signal};
    int rc = s->o->no_store ? 0 : cli_workspace(c, 1, &s->workspace, err);
    if (rc)
        return rc;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    rc = finetune_run_seeds(&s->args, &result, err);
    wipe(s);
    if (rc)
        store_ends(s, rc == E_STOPPED ? "stopped" : "failed", rc == E_STOPPED || !err ? "" : err->text);
    if (rc == E_STOPPED && stop_signal) {
        fprintf(stderr, "stopped: %d of %ld seeds are done\n", result.n, s->o->seeds);
        rc = 128 + stop_signal;
    } else if (!rc) {
        s->o->json ? summary_json(s, &result) : summary_table(s, &result);
        rc = s->code;
        if (rc && err)
            *err = s->err;
    }
    finetune_seeds_free(&result);
    return rc;
}

static int list_tasks(void)
{
    printf("%-16s %-8s %-10s %6s  %s\n", "task", "folder", "score", "epochs", "what");
    for (int i = 0; i < task_count; i++)
        printf("%-16s %-8s %-10s %6d  %s\n", task_table[i].name, task_table[i].dir, task_table[i].metric,
               task_table[i].epochs, task_table[i].help);
    return 0;
}

static int run(struct cli *c, struct err *err)
{
    const struct finetune_options *o = c->own;
    if (o->tasks)
        return list_tasks();
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err, "fine-tuning");
    s->o = o;
    int rc = prepare(c, s, err);
    if (!rc)
        rc = o->check ? check(s, err) : train(c, s, err);
    free(s);
    return rc;
}

#define AT(member) .offset = offsetof(struct finetune_options, member)
#define TEXT_ROW(option, member, what, says) \
    {.name = option, .kind = OPTION_TEXT, AT(member), .arg = what, .help = says}
#define FLAG_ROW(option, member, says) {.name = option, .kind = OPTION_FLAG, AT(member), .help = says}
#define SETTING_INT(list) .kind = OPTION_INT, .arg = "N"
#define SETTING_REAL(list) .kind = OPTION_REAL, .arg = "X"
#define SETTING_CHOICE(list) .kind = OPTION_CHOICE, .arg = list, .choices = list
#define SETTING_FLAG(list) .kind = OPTION_FLAG
static const struct option_row options[] = {
    TEXT_ROW("task", task, "TASK", "task: cola, sst2, mrpc, stsb, squad2, ...; --tasks lists them"),
    FLAG_ROW("tasks", tasks, "list the tasks"),
    TEXT_ROW("data", data, "DIR", "folder with the task's files, or with a folder for each task"),
    TEXT_ROW("run", run, "RUN", "start from a checkpoint of this run (default: the newest run)"),
    {.name = "step", .kind = OPTION_INT, AT(step), .arg = "S", .min = 0, .max = 1e12,
     .help = "of that step (default: the newest)"},
    TEXT_ROW("model", model, "DIR", "start from a directory in Hugging Face's layout"),
    {.name = "seeds", .kind = OPTION_INT, AT(seeds), .arg = "N", .min = 1, .max = 1000,
     .help = "fine-tunings, each with a seed of its own, for a median and its spread"},
    {.name = "at-once", .kind = OPTION_INT, AT(at_once), .arg = "N", .min = 0, .max = 64,
     .help = "seeds side by side (0: as many as there are cores)"},
    TEXT_ROW("train", train, "FILE", "training file instead of the task's"),
    TEXT_ROW("dev", dev, "FILE", "file to score on instead of the task's"),
    TEXT_ROW("test", test, "FILE", "file to predict without labels"),
    TEXT_ROW("columns", columns, "LABEL,TEXT[,TEXT]", "columns of a table, by their headings"),
    TEXT_ROW("labels", labels, "A,B,...", "classes of a table (default: those in the training file)"),
    TEXT_ROW("separator", separator, "tab|comma", "between the columns of a table (default: by the file's name)"),
    TEXT_ROW("output", output, "DIR", "write predictions there, in the form the boards take"),
    FLAG_ROW("save-model", save_model, "write the tuned model there too"),
    FLAG_ROW("check", check, "read the training file and load the model, train nothing"),
    FLAG_ROW("no-store", no_store, "keep the scores out of the workspace's store"),
    FLAG_ROW("json", json, "one JSON object a line"),
#define F(type, member, option, def, least, most, list, says) \
    {.name = option, SETTING_##type(list), AT(config.member), .min = least, .max = most, .help = says, .unless = #def},
#include "src/task/finetune.def"
#undef F
    {.name = NULL},
};

const struct command cmd_finetune = {.options = options, .own_size = sizeof(struct finetune_options),
                                     .defaults = defaults, .max_args = 0, .run = run};
