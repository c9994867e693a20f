/* electroscope vocab: trains a WordPiece vocabulary. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/text/corpus_reader.h"
#include "src/text/vocab_train.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

struct vocab_args {
    long size, min_frequency;
    const char *output;
    struct text_options text;
};

static void defaults(void *own)
{
    struct vocab_args *a = own;
    a->min_frequency = 2;
}

static int read_all(struct vocab_trainer *t, struct corpus_reader *r, struct progress *p,
                    struct err *err)
{
    struct corpus_line line;
    int rc;
    while ((rc = corpus_reader_next(r, &line, err)) == 1) {
        rc = vocab_trainer_add(t, line.text, line.len, err);
        if (rc)
            return rc;
        progress_show(p, "reading", corpus_reader_progress(r));
    }
    return rc;
}

static int write_vocab(const char *path, const char *text, size_t size, struct err *err)
{
    if (strcmp(path, "-"))
        return file_write_atomic(path, text, size, err);
    if (!isatty(STDOUT_FILENO)) {
        fwrite(text, 1, size, stdout);
        return 0;
    }
    for (const char *s = text, *end = text + size; s < end;) {
        size_t n = strcspn(s, "\n");
        char token[512];
        snprintf(token, sizeof token, "%.*s", (int)n, s);
        print_text(stdout, token);
        putchar('\n');
        s += n + 1;
    }
    return 0;
}

static int run(struct cli *c, struct err *err)
{
    const struct vocab_args *a = c->own;
    if (!a->size)
        return err_set(err, E_USAGE, "vocab: --size says how many tokens are wanted");
    if (!a->output)
        return err_set(err, E_USAGE, "vocab: -o names the file to write ('-': standard output)");
    struct progress p;
    progress_start(&p, "B");
    struct vocab_train_options o = {.size = (int)a->size, .min_frequency = (int)a->min_frequency,
                                    .progress = progress_show, .ud = &p};
    text_options_get(&a->text, &o.text);
    struct vocab_trainer *t = vocab_trainer_new(&o, err);
    if (!t)
        return err->code;
    char *text = NULL, bytes[32], used[32];
    size_t size = 0, tokens = 0;
    int rc = 0;
    struct corpus_reader *r = corpus_reader_open(c->args, c->nargs, err);
    if (!r)
        rc = err->code;
    if (!rc)
        rc = read_all(t, r, &p, err);
    if (!rc)
        rc = vocab_trainer_finish(t, &text, &size, err);
    if (!rc)
        rc = write_vocab(a->output, text, size, err);
    progress_end(&p);
    for (size_t i = 0; !rc && i < size; i++)
        tokens += text[i] == '\n';
    if (!rc && strcmp(a->output, "-"))
        printf("%zu tokens from %sB of text in %s\n", tokens,
               print_count((double)corpus_reader_bytes(r), bytes, sizeof bytes),
               print_duration(clock_now() - p.start, used, sizeof used));
    free(text);
    corpus_reader_close(r);
    vocab_trainer_free(t);
    return rc;
}

static const struct option_row options[] = {
    {.name = "size", .kind = OPTION_INT, .offset = offsetof(struct vocab_args, size), .arg = "N",
     .min = 6, .max = 10000000, .help = "tokens, the five special ones included"},
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT,
     .offset = offsetof(struct vocab_args, output), .arg = "FILE",
     .help = "file to write; '-' is standard output"},
    {.name = "min-frequency", .kind = OPTION_INT,
     .offset = offsetof(struct vocab_args, min_frequency), .arg = "N", .min = 1, .max = 1e9,
     .help = "rarer pairs are not merged (default 2)"},
    TEXT_OPTIONS(struct vocab_args, text),
    {.name = NULL},
};

const struct command cmd_vocab = {.options = options, .own_size = sizeof(struct vocab_args),
                                  .defaults = defaults, .min_args = 1, .max_args = -1, .run = run};
