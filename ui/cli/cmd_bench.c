/* electroscope bench: speed of the training step, beside the largest matrix product of this machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/visible.h"
#include "src/math/math.h"
#include "src/train/bench.h"
#include "ui/cli/bench_table.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

#define STEPS 10  /* measured when --steps is not given */
#define BATCH 8   /* when --batch is not given */
#define VOCAB 30522

struct bench_options {
    int infer, all, serve, json;
    long warmup;
    struct text_list text;
    const char *vocab;
};

static void defaults(void *own)
{
    struct bench_options *a = own;
    a->warmup = 2;
}

static int arguments(const struct cli *c, const char *preset, struct bench_args *a, struct err *err)
{
    const struct bench_options *o = c->own;
    memset(a, 0, sizeof *a);
    int rc = cli_config(c, NULL, &a->config, err);
    if (!rc && preset)
        rc = config_preset(&a->config, preset, err);
    a->steps = cli_field(c, "steps") ? (int)a->config.steps : STEPS;
    /* The preset is only a start: what the line says goes over it. */
    for (int i = 0; !rc && i < c->nfields; i++)
        if (strcmp(c->fields[i].field->name, "preset"))
            rc = config_set(&a->config, c->fields[i].field->name, c->fields[i].value, err);
    if (!cli_field(c, "batch"))
        a->config.batch = BATCH;
    if (!cli_field(c, "seq_stages"))
        a->config.seq_stages[0] = 0;
    a->config.steps = 1000000;
    a->vocab = a->config.vocab_size ? (int)a->config.vocab_size : VOCAB;
    a->warmup = (int)o->warmup;
    a->infer = o->infer;
    a->threads = (int)a->config.threads;
    a->peak = 1;
    return rc ? rc : config_resolve(&a->config, err);
}

static void machine(void)
{
    char cpu[128], shown[256];
    printf("%s, OpenBLAS core %s\n",
           visible(shown, sizeof shown, math_cpu_name(cpu, sizeof cpu)), math_blas_core());
}

static void heading(void)
{
    printf("%-8s %-6s %6s %5s %4s %10s %10s %11s %11s %9s %8s\n", "preset", "pass", "batch", "seq",
           "thr", "ms/step", "best ms", "tokens/s", "GFLOP/s", "% of peak", "RSS MB");
}

static void as_row(const struct bench_args *a, const struct bench_report *r)
{
    char preset[32];
    config_choice(config_find("preset"), a->config.preset, preset, sizeof preset);
    printf("%-8s %-6s %6ld %5ld %4d %10.2f %10.2f %11.0f %11.1f %8.1f%% %8.0f\n", preset,
           a->infer ? "infer" : "train", a->config.batch, a->config.seq, r->threads,
           r->median * 1e3, r->best * 1e3, r->tokens_per_s, r->gflops,
           r->peak > 0 ? 100 * r->gflops / r->peak : 0.0, r->rss_mb);
    fflush(stdout);
}

void bench_json(struct json_out *j, const struct bench_args *a, const struct bench_report *r)
{
    char preset[32], cpu[128];
    config_choice(config_find("preset"), a->config.preset, preset, sizeof preset);
    json_text(j, "preset", preset);
    json_text(j, "pass", a->infer ? "infer" : "train");
    json_int(j, "batch", a->config.batch);
    json_int(j, "seq", a->config.seq);
    json_int(j, "vocab_size", a->vocab);
    json_int(j, "threads", r->threads);
    json_text(j, "kernel", r->kernel);
    json_text(j, "cpu", math_cpu_name(cpu, sizeof cpu));
    json_text(j, "blas_core", math_blas_core());
    json_int(j, "steps", r->steps);
    json_double(j, "median_s", r->median);
    json_double(j, "best_s", r->best);
    json_double(j, "tokens_per_s", r->tokens_per_s);
    json_double(j, "gflop_per_step", r->gflop);
    json_double(j, "gflops", r->gflops);
    json_double(j, "gflops_best", r->gflops_best);
    json_double(j, "peak_gflops", r->peak);
    json_double(j, "rss_mb", r->rss_mb);
}

static void as_json(const struct bench_args *a, const struct bench_report *r)
{
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    bench_json(&j, a, r);
    json_open(&j, "times", '[');
    for (int i = 0; i < r->steps; i++)
        json_double(&j, NULL, r->seconds[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

static int measure(const struct bench_args *a, int json, struct err *err)
{
    struct bench_report r;
    int rc = bench_run(a, &r, err);
    if (rc)
        return rc;
    json ? as_json(a, &r) : as_row(a, &r);
    free(r.seconds);
    return 0;
}

/* A line when ready; then for each line N of standard input N steps and their times. */
static int serve(const struct bench_args *a, struct err *err)
{
    struct bench *b = bench_open(a, err);
    if (!b)
        return err->code;
    struct json_out j = {.f = stdout};
    double first, *seconds = NULL;
    int rc = 0;
    bench_steps(b, 1, &first);
    json_open(&j, NULL, '{');
    json_bool(&j, "ready", 1);
    json_double(&j, "first", first);
    json_int(&j, "threads", bench_threads(b));
    json_text(&j, "kernel", bench_kernel(b));
    json_double(&j, "tokens", bench_tokens(b));
    json_double(&j, "flop", bench_flop(b));
    json_close(&j, '}');
    json_end(&j);
    char line[64];
    while (!rc && fgets(line, sizeof line, stdin)) {
        char *end;
        long n = strtol(line, &end, 10);
        double *more = end == line || n < 1 || n > 1000000 ? NULL : realloc(seconds, (size_t)n * sizeof *more);
        if (!more) {
            rc = err_set(err, E_USAGE, "bench --serve: a line of standard input is not a number "
                         "of steps from 1 to 1000000");
            break;
        }
        seconds = more;
        bench_steps(b, (int)n, seconds);
        json_open(&j, NULL, '{');
        json_open(&j, "times", '[');
        for (long i = 0; i < n; i++)
            json_double(&j, NULL, seconds[i]);
        json_close(&j, ']');
        json_double(&j, "rss_mb", bench_rss_mb());
        json_close(&j, '}');
        json_end(&j);
    }
    free(seconds);
    bench_close(b);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct bench_options *o = c->own;
    struct bench_args a;
    int rc = arguments(c, NULL, &a, err);
    if (rc)
        return rc;
    if (o->serve)
        return serve(&a, err);
    if (!o->json)
        machine();
    if (o->all)
        return bench_table(c, arguments, &o->text, o->json, err);
    if (o->text.n)
        return bench_texts(&o->text, o->vocab, o->json, err);
    if (!o->json)
        heading();
    return measure(&a, o->json, err);
}

static const struct option_row options[] = {
    {.name = "infer", .kind = OPTION_FLAG, .offset = offsetof(struct bench_options, infer),
     .help = "the main network's forward pass only"},
    {.name = "all", .kind = OPTION_FLAG, .offset = offsetof(struct bench_options, all),
     .help = "the whole table: training, inference, threads, two runs, text"},
    {.name = "text", .kind = OPTION_LIST, .offset = offsetof(struct bench_options, text), .arg = "FILE",
     .help = "tokenizer and vocabulary training on this text (may be repeated; without it --all makes text up)"},
    {.name = "vocab", .kind = OPTION_TEXT, .offset = offsetof(struct bench_options, vocab), .arg = "FILE",
     .help = "tokenize --text with this vocabulary instead of training one"},
    {.name = "warmup", .kind = OPTION_INT, .offset = offsetof(struct bench_options, warmup),
     .arg = "N", .min = 0, .max = 1000, .help = "steps before those measured (default 2)"},
    {.name = "serve", .kind = OPTION_FLAG, .offset = offsetof(struct bench_options, serve),
     .help = "read step counts from standard input, answer each with the times"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct bench_options, json),
     .help = "one JSON object a measurement"},
    {.name = NULL},
};

const struct command cmd_bench = {.options = options, .own_size = sizeof(struct bench_options),
                                  .defaults = defaults, .flags = COMMAND_CONFIG, .run = run};
