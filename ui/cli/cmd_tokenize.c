/* electroscope tokenize: lines of standard input to ids or pieces, one line each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/text/vocab.h"
#include "src/text/wordpiece.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

struct tokenize_args {
    const char *vocab;
    struct text_options text;
    int special, add, pieces;
};

static void put_id(int32_t id)
{
    char digits[12];
    int n = 0;
    do {
        digits[n++] = (char)('0' + id % 10);
        id /= 10;
    } while (id);
    while (n)
        putchar_unlocked(digits[--n]);
}

static void put_line(const struct ids *ids, const struct vocab *v, int pieces, int tty)
{
    for (size_t i = 0; i < ids->len; i++) {
        if (i)
            putchar_unlocked(' ');
        if (!pieces)
            put_id(ids->data[i]);
        else if (tty)
            print_text(stdout, vocab_token(v, ids->data[i]));
        else
            fputs(vocab_token(v, ids->data[i]), stdout);
    }
    putchar_unlocked('\n');
}

static int lines(struct wordpiece *w, const struct vocab *v, const struct tokenize_args *a,
                 struct err *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    struct ids ids = {0};
    int rc = 0, tty = isatty(STDOUT_FILENO);
    while (!rc && (n = getline(&line, &cap, stdin)) >= 0) {
        if (n && line[n - 1] == '\n')
            n--;
        ids.len = 0;
        if (a->add)
            rc = ids_push(&ids, vocab_special(v, VOCAB_CLS));
        if (!rc)
            rc = wordpiece_encode(w, line, (size_t)n, &ids);
        if (!rc && a->add)
            rc = ids_push(&ids, vocab_special(v, VOCAB_SEP));
        if (!rc)
            put_line(&ids, v, a->pieces, tty);
    }
    if (rc)
        err_nomem(err, "a line of standard input");
    else if (ferror(stdin))
        rc = err_errno(err, "cannot read standard input");
    free(line);
    ids_free(&ids);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct tokenize_args *a = c->own;
    if (!a->vocab)
        return err_set(err, E_USAGE, "tokenize: --vocab names the vocabulary");
    struct vocab *v = vocab_load(a->vocab, print_warning, NULL, err);
    if (!v)
        return err->code;
    struct wordpiece_options o;
    text_options_get(&a->text, &o);
    o.special_in_text = a->special;
    struct wordpiece *w = wordpiece_new(v, &o, err);
    int rc = w ? lines(w, v, a, err) : err->code;
    if (!rc && wordpiece_invalid(w)) {
        char text[128];
        snprintf(text, sizeof text, "%zu bytes of the text are no UTF-8 and were left out",
                 wordpiece_invalid(w));
        print_warning(NULL, text);
    }
    wordpiece_free(w);
    vocab_free(v);
    return rc;
}

static const struct option_row options[] = {
    {.name = "vocab", .kind = OPTION_TEXT, .offset = offsetof(struct tokenize_args, vocab),
     .arg = "FILE", .help = "vocabulary, one token a line"},
    TEXT_OPTIONS(struct tokenize_args, text),
    {.name = "special-in-text", .kind = OPTION_FLAG,
     .offset = offsetof(struct tokenize_args, special),
     .help = "[MASK] and the like in the text are special tokens"},
    {.name = "add-special", .kind = OPTION_FLAG, .offset = offsetof(struct tokenize_args, add),
     .help = "[CLS] before and [SEP] after each line"},
    {.name = "pieces", .kind = OPTION_FLAG, .offset = offsetof(struct tokenize_args, pieces),
     .help = "print the pieces, not their ids"},
    {.name = NULL},
};

const struct command cmd_tokenize = {.options = options,
                                     .own_size = sizeof(struct tokenize_args), .run = run};
