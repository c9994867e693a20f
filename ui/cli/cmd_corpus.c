/* electroscope corpus: packs text into a corpus of the workspace, or lists the corpora. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/data/corpus.h"
#include "src/text/vocab.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

#define SHOW(s) visible((char[128]){0}, 128, (s))

struct corpus_args {
    const char *vocab;
    struct text_options text;
    int json;
};

/* A corpus is a directory below corpora/: its name must not lead elsewhere. */
static int check_name(const char *name, struct err *err)
{
    if (!*name || name[0] == '.' || strchr(name, '/') || strchr(name, ',') || strlen(name) > 80)
        return err_set(err, E_USAGE, "corpus: '%s' cannot be a name (no '/' or ',', no dot first, "
                       "at most 80 bytes)", SHOW(name));
    return 0;
}

static void as_json(const char *name, const struct corpus *corpus)
{
    const struct corpus_stats *s = corpus_stats(corpus);
    char hash[24];
    struct json_out j = {.f = stdout};
    snprintf(hash, sizeof hash, "%016" PRIx64, corpus_hash(corpus));
    json_open(&j, NULL, '{');
    json_text(&j, "corpus", name);
    json_text(&j, "hash", hash);
    json_int(&j, "vocab_size", vocab_size(corpus_vocab(corpus)));
    json_int(&j, "bytes", (int64_t)s->bytes);
    json_int(&j, "lines", (int64_t)s->lines);
    json_int(&j, "documents", (int64_t)s->documents);
    json_int(&j, "tokens", (int64_t)s->tokens);
    json_int(&j, "unk", (int64_t)s->unk);
    json_int(&j, "invalid", (int64_t)s->invalid);
    json_int(&j, "nul_bytes", (int64_t)s->nul_bytes);
    json_int(&j, "train_tokens", (int64_t)s->train_tokens);
    json_int(&j, "heldout_tokens", (int64_t)s->heldout_tokens);
    json_int(&j, "heldout_documents", (int64_t)s->heldout_documents);
    json_close(&j, '}');
    json_end(&j);
}

static void as_row(const char *name, const struct corpus *corpus)
{
    const struct corpus_stats *s = corpus_stats(corpus);
    char a[32], b[32], d[32];
    print_cell(stdout, name, 24, 1);
    printf(" %8s %8s %8s %7d  %016" PRIx64 "\n", print_count((double)s->tokens, a, sizeof a),
           print_count((double)s->documents, b, sizeof b),
           print_count((double)s->bytes, d, sizeof d), vocab_size(corpus_vocab(corpus)),
           corpus_hash(corpus));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const struct workspace *w, int json, struct err *err)
{
    DIR *dir = opendir(w->corpora);
    if (!dir)
        return errno == ENOENT ? 0 : err_errno(err, "cannot open %s", SHOW(w->corpora));
    char **names = NULL;
    size_t n = 0;
    struct dirent *e;
    while ((e = readdir(dir))) {
        char **more = e->d_name[0] == '.' || strstr(e->d_name, ".tmp") ? NULL
                      : realloc(names, (n + 1) * sizeof *names);
        if (!more)
            continue;
        names = more;
        if ((names[n] = strdup(e->d_name)))
            n++;
    }
    closedir(dir);
    if (n)
        qsort(names, n, sizeof *names, by_name);
    if (n && !json)
        printf("%-24s %8s %8s %8s %7s  %s\n", "corpus", "tokens", "docs", "bytes", "vocab", "hash");
    for (size_t i = 0; i < n; i++) {
        char path[1400];
        struct err why = {0};
        snprintf(path, sizeof path, "%s/%s", w->corpora, names[i]);
        struct corpus *corpus = corpus_open(path, 0, &why);
        if (corpus)
            json ? as_json(names[i], corpus) : as_row(names[i], corpus);
        else
            print_warning(NULL, why.text);
        corpus_close(corpus);
        free(names[i]);
    }
    free(names);
    return 0;
}

static void say(const char *name, const struct corpus_stats *s, double seconds)
{
    char a[32], b[32], d[32];
    printf("corpus ");
    print_text(stdout, name);
    printf(": %s tokens of %s documents in %s", print_count((double)s->tokens, a, sizeof a),
           print_count((double)s->documents, b, sizeof b), print_duration(seconds, d, sizeof d));
    printf("; %s to train on, %s held out; %.2f %% unknown\n",
           print_count((double)s->train_tokens, a, sizeof a),
           print_count((double)s->heldout_tokens, b, sizeof b),
           s->tokens ? 100.0 * (double)s->unk / (double)s->tokens : 0.0);
}

static int run(struct cli *c, struct err *err)
{
    const struct corpus_args *a = c->own;
    struct workspace w;
    if (!c->nargs) {
        int rc = cli_workspace(c, 0, &w, err);
        return rc ? rc : list(&w, a->json, err);
    }
    const char *name = c->args[0];
    int rc = check_name(name, err);
    if (rc)
        return rc;
    if (!a->vocab || c->nargs < 2)
        return err_set(err, E_USAGE, "corpus: give --vocab FILE and the text to pack");
    rc = cli_workspace(c, 1, &w, err);
    if (rc)
        return rc;
    char dir[1400];
    snprintf(dir, sizeof dir, "%s/%s", w.corpora, name);
    struct progress p;
    progress_start(&p, "B");
    struct corpus_build b = {.paths = c->args + 1, .npaths = c->nargs - 1, .vocab_path = a->vocab,
                             .out_dir = dir, .progress = progress_show, .warn = print_warning,
                             .ud = &p};
    text_options_get(&a->text, &b.text);
    struct corpus_stats stats;
    rc = corpus_build(&b, &stats, err);
    progress_end(&p);
    if (rc)
        return rc;
    if (!a->json) {
        say(name, &stats, clock_now() - p.start);
        return 0;
    }
    struct corpus *corpus = corpus_open(dir, 0, err);
    if (!corpus)
        return err->code;
    as_json(name, corpus);
    corpus_close(corpus);
    return 0;
}

static const struct option_row options[] = {
    {.name = "vocab", .kind = OPTION_TEXT, .offset = offsetof(struct corpus_args, vocab),
     .arg = "FILE", .help = "vocabulary, one token a line"},
    TEXT_OPTIONS(struct corpus_args, text),
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct corpus_args, json),
     .help = "one JSON object a corpus"},
    {.name = NULL},
};

const struct command cmd_corpus = {.options = options, .own_size = sizeof(struct corpus_args),
                                   .max_args = -1, .run = run};
