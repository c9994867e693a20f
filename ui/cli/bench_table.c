/* See bench_table.h. */
#include "ui/cli/bench_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/math/math.h"
#include "src/text/vocab.h"
#include "src/train/bench_text.h"
#include "ui/cli/print.h"

enum { VOCAB_ASKED = 30000, ROUNDS = 5, PAIR_STEPS = 4, PAIR_ROUNDS = 3, MADE_BYTES = 10 * 1000 * 1000 };
#define TEXT_LIMIT ((size_t)1 << 30)

static const struct row {
    const char *preset;
    int batch, infer, one_thread, steps;
    double goal; /* least share of the sgemm peak, 0: none */
} rows[] = {
    {"tiny", 8, 0, 0, 30, 0},    {"tiny", 32, 0, 0, 12, 0},   {"small", 8, 0, 0, 9, .70},
    {"small", 32, 0, 0, 5, .70}, {"base", 8, 0, 0, 3, .75},   {"small", 1, 1, 0, 80, 0},
    {"small", 32, 1, 0, 9, 0},   {"small", 8, 0, 1, 5, 0},
};
enum { NROWS = sizeof rows / sizeof *rows, SMALL_8 = 2, SMALL_8_ALONE = NROWS - 1 };

/* Runs measure(ud, out) in a child; what it wrote comes back through a pipe. */
static int apart(int (*measure)(void *ud, void *out, struct err *err), void *ud, void *out, size_t size,
                 struct err *err)
{
    struct answer {
        int rc;
        struct err err;
    } answer = {0};
    int ends[2], status = 0;
    fflush(stdout);
    if (pipe(ends))
        return err_set(err, E_IO, "cannot start a measurement: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        answer.rc = measure(ud, out, &answer.err);
        int sent = file_write_all(ends[1], &answer, sizeof answer, "pipe", NULL) ||
                   file_write_all(ends[1], out, size, "pipe", NULL);
        _exit(sent ? 1 : 0);
    }
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    int whole = f && pid > 0 && fread(&answer, sizeof answer, 1, f) == 1 && fread(out, size, 1, f) == 1;
    if (f)
        fclose(f);
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (!whole)
        return err_set(err, E_FAIL, "a measurement ended without a result (status %d)", status);
    if (answer.rc)
        *err = answer.err;
    return answer.rc;
}

static int steps_apart(void *ud, void *out, struct err *err)
{
    return bench_run(ud, out, err);
}

static int pair_apart(void *ud, void *out, struct err *err)
{
    return bench_pair(ud, PAIR_ROUNDS, out, err);
}

static void put_value(int json, const char *row, const char *key, double value, double goal)
{
    struct json_out j = {.f = stdout};
    if (!json) {
        printf("%-28s %.2f (asked: %.2f)\n", row, value, goal);
        return;
    }
    json_open(&j, NULL, '{');
    json_text(&j, "row", row);
    json_double(&j, key, value);
    json_double(&j, "asked", goal);
    json_close(&j, '}');
    json_end(&j);
}

static void put_steps(int json, const struct row *row, const struct bench_args *a, const struct bench_report *r)
{
    char name[64];
    struct json_out j = {.f = stdout};
    snprintf(name, sizeof name, "%s%s, batch %d%s", row->preset, row->infer ? " inference" : "", row->batch,
             row->one_thread ? ", 1 thread" : "");
    if (json) {
        json_open(&j, NULL, '{');
        json_text(&j, "row", name);
        bench_json(&j, a, r);
        json_double(&j, "asked_share_of_peak", row->goal);
        json_close(&j, '}');
        json_end(&j);
        return;
    }
    char asked[32] = "";
    if (row->goal > 0)
        snprintf(asked, sizeof asked, "(asked: %.0f)", 100 * row->goal);
    printf("%-28s %9.2f %9.2f %9.0f %8.1f %7.1f %6.1f %7.0f  %s\n", name, r->median * 1e3, r->best * 1e3,
           r->tokens_per_s, r->gflops, r->peak, r->peak > 0 ? 100 * r->gflops / r->peak : 0.0, r->rss_mb, asked);
    fflush(stdout);
}

static int put_text(int json, const char *name, const char *text, size_t n, const struct vocab *v, struct err *err)
{
    struct bench_text_report r;
    struct json_out j = {.f = stdout};
    int rc = bench_text(text, n, v, VOCAB_ASKED, ROUNDS, &r, err);
    if (rc)
        return rc;
    if (json) {
        json_open(&j, NULL, '{');
        json_text(&j, "row", "text");
        json_text(&j, "text", name);
        json_double(&j, "mb", r.mb);
        json_double(&j, "tokenize_mb_per_s", r.mb_per_s);
        json_double(&j, "tokens", r.tokens);
        json_double(&j, "train_mb", r.train_mb);
        json_double(&j, "train_s", r.train_seconds);
        json_int(&j, "vocab_size", r.vocab_size);
        json_close(&j, '}');
        json_end(&j);
        return 0;
    }
    print_cell(stdout, name, 28, 1);
    printf(" %9.2f %9.1f %9.0f %8d", r.mb, r.mb_per_s, r.tokens, r.vocab_size);
    if (!v)
        printf(" %9.2f (%.1f MB)", r.train_seconds, r.train_mb);
    putchar('\n');
    fflush(stdout);
    return 0;
}

static void text_heading(int json)
{
    if (!json)
        printf("\n%-28s %9s %9s %9s %8s %9s\n", "text, one core", "MB", "MB/s", "tokens", "words", "training s");
}

int bench_texts(const struct text_list *text, const char *vocab, int json, struct err *err)
{
    struct vocab *v = vocab ? vocab_load(vocab, print_warning, NULL, err) : NULL;
    int rc = vocab && !v ? err->code : 0;
    text_heading(json);
    for (int i = 0; i < text->n && !rc; i++) {
        char *data = NULL;
        size_t n = 0;
        rc = file_read(text->items[i], TEXT_LIMIT, &data, &n, err);
        if (!rc && !n)
            rc = err_set(err, E_INPUT, "%s: there is no text in it", text->items[i]);
        if (!rc)
            rc = put_text(json, text->items[i], data, n, v, err);
        free(data);
    }
    vocab_free(v);
    return rc;
}

static int made_texts(int json, struct err *err)
{
    static const char *const names[] = {"made-up English", "made-up Korean"};
    int rc = 0;
    text_heading(json);
    for (int korean = 0; korean < 2 && !rc; korean++) {
        size_t n;
        char *data = bench_text_made(korean, MADE_BYTES, &n, err);
        rc = data ? put_text(json, names[korean], data, n, NULL, err) : err->code;
        free(data);
    }
    return rc;
}

static int pair_rows(const struct cli *c,
                     int (*get)(const struct cli *c, const char *preset, struct bench_args *a, struct err *err),
                     int json, struct err *err)
{
    struct bench_args a;
    struct bench_pair p = {0};
    int rc = get(c, "small", &a, err);
    a.steps = PAIR_STEPS;
    a.config.batch = 8;
    if (!rc)
        rc = apart(pair_apart, &a, &p, sizeof p, err);
    if (rc == E_USAGE) { /* one core */
        fprintf(stderr, "bench: %s\n", err->text);
        return 0;
    }
    if (!rc) {
        put_value(json, "two runs, half the threads", "ratio", p.in_turn / p.halves, 1);
        put_value(json, "two runs, all threads each", "ratio", p.in_turn / p.crowded, 1);
    }
    return rc;
}

int bench_table(const struct cli *c,
                int (*get)(const struct cli *c, const char *preset, struct bench_args *a, struct err *err),
                const struct text_list *text, int json, struct err *err)
{
    double tokens[NROWS] = {0};
    int threads = 1, rc = 0;
    if (!json)
        printf("%-28s %9s %9s %9s %8s %7s %6s %7s\n", "sequences of 128", "ms", "best ms", "tokens/s", "GFLOP/s",
               "sgemm", "%", "RSS MB");
    for (int i = 0; i < NROWS && !rc; i++) {
        struct bench_args a;
        struct bench_report r = {0};
        rc = get(c, rows[i].preset, &a, err);
        a.config.batch = rows[i].batch;
        a.config.seq = 128;
        a.infer = rows[i].infer;
        a.steps = rows[i].steps;
        a.threads = rows[i].one_thread ? 1 : a.threads;
        if (rows[i].one_thread && threads < 2)
            break;
        if (!rc)
            rc = apart(steps_apart, &a, &r, sizeof r, err);
        r.seconds = NULL; /* the child's */
        r.steps = 0;
        if (rc)
            return rc;
        threads = r.threads > threads ? r.threads : threads;
        tokens[i] = r.tokens_per_s;
        put_steps(json, &rows[i], &a, &r);
    }
    if (!rc && tokens[SMALL_8_ALONE] > 0) {
        char name[64];
        snprintf(name, sizeof name, "1 -> %d threads", threads);
        if (!json)
            putchar('\n');
        put_value(json, name, "ratio", tokens[SMALL_8] / tokens[SMALL_8_ALONE], threads == 2 ? 1.9 : 0.95 * threads);
    }
    rc = rc ? rc : pair_rows(c, get, json, err);
    if (!rc)
        rc = text->n ? bench_texts(text, NULL, json, err) : made_texts(json, err);
    return rc;
}
