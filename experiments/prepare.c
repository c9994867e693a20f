/* Text to packed corpus, kept in WORKSPACE/corpora by the hash of everything that it depends on.
 * See prepare.h.
 *
 *   names -> hash of the text -> vocabulary (given, or trained) -> packed -> checked
 */
#include "experiments/prepare.h"

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/data/sequences.h"
#include "src/text/corpus_reader.h"
#include "src/text/vocab.h"
#include "src/text/vocab_train.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define PATHS_MAX 64
#define VOCAB_DEFAULT 30522

/* One build at a time in this process: the second finds the first one's corpus. */
static pthread_mutex_t building = PTHREAD_MUTEX_INITIALIZER;

struct list {
    char text[CONFIG_TEXT];
    const char *item[PATHS_MAX];
    int n;
};

struct prep {
    const struct workspace *w;
    const struct config *c;
    const struct prepare_hooks *h;
    struct list text, heldout;
    struct wordpiece_options options;
    char vocab[1300];
    int trained;
};

static int split(struct list *l, const char *field, const char *value, struct err *err)
{
    char *save = NULL;
    snprintf(l->text, sizeof l->text, "%s", value);
    l->n = 0;
    for (char *t = strtok_r(l->text, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
        if (l->n == PATHS_MAX)
            return err_set(err, E_USAGE, "%s: more than %d files; give a directory", field, PATHS_MAX);
        l->item[l->n++] = t;
    }
    return 0;
}

int prepare_corpus_dir(const struct workspace *w, const char *name, char *out, size_t size,
                       struct err *err)
{
    int bad = !*name || *name == '.' || strlen(name) > 80;
    for (const char *p = name; *p && !bad; p++)
        bad = (unsigned char)*p < ' ' || *p == 127 || *p == '/' || *p == ',';
    if (bad)
        return err_set(err, E_USAGE, "'%s' is no name for a corpus: no '/', no ',', no '.' first, at "
                       "most 80 bytes", SHOW(name));
    snprintf(out, size, "%s/%s", w->corpora, name);
    return 0;
}

/* 1 when `name` is a packed corpus; its directory in out. */
static int is_packed(const struct workspace *w, const char *name, char *out, size_t size)
{
    char manifest[1400];
    if (!prepare_corpus_dir(w, name, out, size, NULL)) {
        snprintf(manifest, sizeof manifest, "%s/manifest.json", out);
        if (file_exists(manifest))
            return 1;
    }
    snprintf(out, size, "%s", name);
    snprintf(manifest, sizeof manifest, "%s/manifest.json", name);
    return file_exists(manifest);
}

static int absolute(const char *field, char value[CONFIG_TEXT], struct err *err)
{
    char full[PATH_MAX];
    if (!*value)
        return 0;
    if (!realpath(value, full))
        return err_errno(err, "%s: cannot open %s", field, SHOW(value));
    if (strlen(full) >= CONFIG_TEXT || strchr(full, ','))
        return err_set(err, E_USAGE, "%s: the path %s is longer than %d bytes or has a comma in it",
                       field, SHOW(full), CONFIG_TEXT - 1);
    memcpy(value, full, strlen(full) + 1);
    return 0;
}

static int absolute_list(const char *field, char value[CONFIG_TEXT], struct err *err)
{
    struct list l;
    char joined[CONFIG_TEXT] = "";
    size_t used = 0;
    int rc = split(&l, field, value, err);
    for (int i = 0; !rc && i < l.n; i++) {
        char one[CONFIG_TEXT];
        snprintf(one, sizeof one, "%s", l.item[i]);
        rc = absolute(field, one, err);
        size_t room = sizeof joined - used;
        if (!rc && (size_t)snprintf(joined + used, room, "%s%s", used ? "," : "", one) >= room)
            rc = err_set(err, E_USAGE, "%s: the files' paths are longer than %d bytes together: give "
                         "a directory", field, CONFIG_TEXT - 1);
        used = strlen(joined);
    }
    if (!rc)
        memcpy(value, joined, sizeof joined);
    return rc;
}

int prepare_paths(const struct workspace *w, struct config *c, struct err *err)
{
    char dir[1200];
    int rc = 0;
    if (!*c->corpus)
        return err_set(err, E_USAGE, "corpus: name a packed corpus or text files with --corpus");
    if (is_packed(w, c->corpus, dir, sizeof dir)) {
        if (strchr(c->corpus, '/'))
            rc = absolute("corpus", c->corpus, err);
    } else if (!strpbrk(c->corpus, "/,") && !file_exists(c->corpus)) {
        rc = err_set(err, E_NOTFOUND, "corpus: '%s' is neither a packed corpus in %s nor a text file",
                     SHOW(c->corpus), SHOW(w->corpora));
    } else {
        rc = absolute_list("corpus", c->corpus, err);
    }
    if (!rc)
        rc = absolute_list("validation", c->validation, err);
    if (!rc)
        rc = absolute("vocab", c->vocab, err);
    if (!rc)
        rc = absolute("init_generator", c->init_generator, err);
    if (!rc)
        rc = absolute("init_discriminator", c->init_discriminator, err);
    return rc ? rc : absolute("probe_data", c->probe_data, err);
}

/* Progress of all stages; non-zero stops. */
static int on_progress(void *ud, const char *stage, double done)
{
    const struct prepare_hooks *h = ud;
    if (h && h->progress)
        h->progress(h->ud, stage, done);
    return h && h->stop && h->stop(h->ud);
}

static void on_warn(void *ud, const char *text)
{
    const struct prepare_hooks *h = ud;
    if (h && h->warn)
        h->warn(h->ud, text);
}

/* Calls line() for each line of the files, with progress. */
static int read_lines(struct prep *p, const struct list *l, const char *stage,
                      int (*line)(void *ud, const struct corpus_line *line, struct err *err),
                      void *ud, struct err *err)
{
    struct corpus_reader *r = corpus_reader_open(l->item, l->n, err);
    struct corpus_line x;
    int rc = r ? 0 : E_INPUT, more = 1;
    for (uint64_t i = 0; !rc && (more = corpus_reader_next(r, &x, err)) > 0; i++) {
        rc = line(ud, &x, err);
        if (!rc && i % 4096 == 0 && on_progress((void *)p->h, stage, corpus_reader_progress(r)))
            rc = err_set(err, E_STOPPED, "%s was stopped", stage);
    }
    corpus_reader_close(r);
    return more < 0 ? more : rc;
}

static int hash_line(void *ud, const struct corpus_line *l, struct err *err)
{
    (void)err;
    uint64_t head[2] = {l->len, (uint64_t)l->blank | (uint64_t)l->file_end << 1};
    XXH3_64bits_update(ud, head, sizeof head);
    XXH3_64bits_update(ud, l->text, l->len);
    return 0;
}

static int vocab_wanted(const struct prep *p)
{
    return p->c->vocab_size ? (int)p->c->vocab_size : VOCAB_DEFAULT;
}

/* The hash of what the corpus will depend on. */
static int key_of(struct prep *p, uint64_t *key, struct err *err)
{
    XXH3_state_t *s = XXH3_createState();
    if (!s)
        return err_nomem(err, "a hash");
    XXH3_64bits_reset(s);
    int32_t options[4] = {p->options.cased, p->options.strip_accents, p->options.no_cjk_split, 1};
    XXH3_64bits_update(s, options, sizeof options);
    int rc = 0;
    if (*p->c->vocab) {
        struct vocab *v = vocab_load(p->c->vocab, on_warn, (void *)p->h, err);
        if (v)
            XXH3_64bits_update(s, &(uint64_t){vocab_hash(v)}, 8);
        rc = v ? 0 : E_INPUT;
        vocab_free(v);
    } else {
        XXH3_64bits_update(s, &(int32_t){vocab_wanted(p)}, sizeof(int32_t));
    }
    if (!rc)
        rc = read_lines(p, &p->text, "reading text", hash_line, s, err);
    XXH3_64bits_update(s, "held out", 8);
    if (!rc && p->heldout.n)
        rc = read_lines(p, &p->heldout, "reading text", hash_line, s, err);
    *key = XXH3_64bits_digest(s);
    XXH3_freeState(s);
    return rc;
}

/* corpora/STEM-KEY: the stem is for people. */
static void name_dir(const struct prep *p, uint64_t key, char *out, size_t size)
{
    const char *base = strrchr(p->text.item[0], '/');
    char stem[41] = "";
    size_t n = 0;
    base = base ? base + 1 : p->text.item[0];
    while (*base && *base != '.') { /* letters of every script; in place of the rest '-' */
        uint32_t cp;
        int bytes = utf8_decode((const unsigned char *)base, strlen(base), &cp);
        int keep = bytes && (cp < 128 ? isalnum((int)cp) : !visible_is_control(cp));
        size_t len = keep ? (size_t)bytes : 1;
        if (n + len >= sizeof stem)
            break;
        if (keep)
            memcpy(stem + n, base, len);
        else
            stem[n] = '-';
        n += len;
        base += bytes ? bytes : 1;
    }
    snprintf(out, size, "%s/%s-%016llx", p->w->corpora, n ? stem : "text", (unsigned long long)key);
}

static int train_line(void *ud, const struct corpus_line *l, struct err *err)
{
    return l->blank ? 0 : vocab_trainer_add(ud, l->text, l->len, err);
}

static int train_vocab(struct prep *p, struct err *err)
{
    struct vocab_train_options o = {.size = vocab_wanted(p), .min_frequency = 2,
                                    .text = p->options, .progress = on_progress,
                                    .ud = (void *)p->h};
    struct vocab_trainer *t = vocab_trainer_new(&o, err);
    char *text = NULL;
    size_t size = 0;
    int rc = t ? 0 : E_NOMEM;
    if (!rc)
        rc = read_lines(p, &p->text, "counting words", train_line, t, err);
    if (!rc)
        rc = vocab_trainer_finish(t, &text, &size, err);
    if (!rc)
        rc = file_write_atomic(p->vocab, text, size, err);
    p->trained = !rc;
    free(text);
    vocab_trainer_free(t);
    return rc;
}

static int build(struct prep *p, const char *dir, struct err *err)
{
    int rc = 0;
    if (*p->c->vocab) {
        snprintf(p->vocab, sizeof p->vocab, "%s", p->c->vocab);
    } else {
        snprintf(p->vocab, sizeof p->vocab, "%s.vocab.%ld", dir, (long)getpid());
        rc = train_vocab(p, err);
    }
    struct corpus_build b = {.paths = p->text.item, .npaths = p->text.n,
                             .heldout_paths = p->heldout.item, .nheldout = p->heldout.n,
                             .vocab_path = p->vocab, .text = p->options, .out_dir = dir,
                             .progress = on_progress, .warn = on_warn, .ud = (void *)p->h};
    if (!rc)
        rc = corpus_build(&b, NULL, err);
    if (p->trained)
        unlink(p->vocab);
    return rc;
}

/* A packed corpus brings its own vocabulary: another one would give other ids. */
/* have: the packed corpus's, NULL: there is none yet. */
static int check_vocab(const struct config *c, const struct vocab *have, struct err *err)
{
    if (!*c->vocab)
        return 0;
    struct vocab *v = vocab_load(c->vocab, NULL, NULL, err);
    if (!v)
        return E_INPUT;
    int same = !have || vocab_hash(v) == vocab_hash(have);
    vocab_free(v);
    return same ? 0 : err_set(err, E_USAGE, "vocab: the packed corpus '%s' has another vocabulary "
                              "than %s: leave vocab out", SHOW(c->corpus), SHOW(c->vocab));
}

int prepare_vocab_size(const struct workspace *w, const struct config *c, struct err *err)
{
    char path[1300];
    if (is_packed(w, c->corpus, path, 1200))
        strcat(path, "/vocab.txt");
    else if (*c->vocab)
        snprintf(path, sizeof path, "%s", c->vocab);
    else
        return c->vocab_size ? (int)c->vocab_size : VOCAB_DEFAULT;
    struct vocab *v = vocab_load(path, NULL, NULL, err);
    int n = v ? vocab_size(v) : E_INPUT;
    vocab_free(v);
    return n;
}

static int finish(const struct config *c, struct prepared *out, struct err *err)
{
    struct corpus *corpus = corpus_open(out->dir, 0, err);
    if (!corpus)
        return E_INPUT;
    out->corpus_hash = corpus_hash(corpus);
    out->vocab_size = vocab_size(corpus_vocab(corpus));
    out->stats = *corpus_stats(corpus);
    int rc = check_vocab(c, corpus_vocab(corpus), err);
    for (int heldout = 0; !rc && heldout < 2; heldout++) {
        struct sequences *s = sequences_open(corpus, (int)c->seq, c->pack, heldout, 0, err);
        rc = s ? 0 : c->pack == PACK_FAITHFUL ? E_USAGE : E_INPUT;
        sequences_close(s);
    }
    corpus_close(corpus);
    return rc;
}

static int prepare_text(struct prep *p, struct prepared *out, struct err *err)
{
    char manifest[1300];
    uint64_t key = 0;
    int rc = split(&p->text, "corpus", p->c->corpus, err);
    if (!rc)
        rc = split(&p->heldout, "validation", p->c->validation, err);
    if (!rc && !p->text.n)
        rc = err_set(err, E_USAGE, "corpus: name a packed corpus or text files with --corpus");
    if (!rc)
        rc = key_of(p, &key, err);
    if (rc)
        return rc;
    name_dir(p, key, out->dir, sizeof out->dir);
    snprintf(manifest, sizeof manifest, "%s/manifest.json", out->dir);
    out->reused = file_exists(manifest);
    return out->reused ? 0 : build(p, out->dir, err);
}

int prepare_vocab_check(const struct workspace *w, const struct config *c, struct err *err)
{
    char path[1300];
    struct vocab *have = NULL;
    if (*c->vocab && is_packed(w, c->corpus, path, 1200)) {
        strcat(path, "/vocab.txt");
        have = vocab_load(path, NULL, NULL, err);
        if (!have)
            return E_INPUT;
    }
    int rc = check_vocab(c, have, err);
    vocab_free(have);
    return rc;
}

int prepare_corpus(const struct workspace *w, const struct config *c, const struct prepare_hooks *h,
                   struct prepared *out, struct err *err)
{
    struct prep p = {.w = w, .c = c, .h = h,
                     .options = {.cased = c->cased, .strip_accents = -1}};
    memset(out, 0, sizeof *out);
    int rc = 0;
    if (is_packed(w, c->corpus, out->dir, sizeof out->dir)) {
        out->reused = 1;
        if (*c->validation)
            rc = err_set(err, E_USAGE, "validation: the packed corpus '%s' has its held-out documents "
                         "inside: give text files as corpus", SHOW(c->corpus));
    } else {
        pthread_mutex_lock(&building);
        rc = prepare_text(&p, out, err);
        pthread_mutex_unlock(&building);
    }
    return rc ? rc : finish(c, out, err);
}
