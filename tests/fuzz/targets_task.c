/* Fine-tuning's files: GLUE, tables, SQuAD, predictions; minimal pairs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/hf.h"
#include "src/task/examples.h"
#include "src/task/items.h"
#include "src/task/score.h"
#include "src/task/squad.h"
#include "src/text/vocab.h"
#include "src/train/pairs.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/task/toy.h"

static struct vocab *vocab;
static struct wordpiece *wordpiece;

static void make_model(void)
{
    struct wordpiece_options o = {.strip_accents = -1};
    struct err err = {0};
    toy_model("m");
    vocab = vocab_load("m/vocab.txt", NULL, NULL, &err);
    fuzz_check(vocab != NULL, "%s", err.text);
    wordpiece = wordpiece_new(vocab, &o, &err);
    fuzz_check(wordpiece != NULL, "%s", err.text);
}

/* --- tables --------------------------------------------------------------------------------- */

/* Ways to read a file; its first byte picks one. */
static const struct way {
    enum task_layout layout;
    const char *columns, *labels;
    int labelled, regression, heading, collect;
} ways[] = {
    {LAYOUT_GLUE_PLAIN, "1,3", "0|1", 1, 0, 0, 0},
    {LAYOUT_GLUE, "1,0", "0|1", 1, 0, 1, 0},
    {LAYOUT_GLUE, "-1,-3,-2", "", 1, 1, 1, 0},
    {LAYOUT_GLUE, "3,4", "0|1", 0, 0, 1, 0},
    {LAYOUT_GLUE, "-1,8,9", "contradiction|entailment|neutral", 1, 0, 1, 0},
    {LAYOUT_TABLE, "label,text", "", 1, 0, 1, 1},
    {LAYOUT_TABLE, "label,text,other", "no|yes", 1, 0, 1, 0},
    {LAYOUT_TABLE, "score,a,b", "", 1, 1, 1, 0},
    {LAYOUT_TABLE, "text", "", 0, 0, 1, 0},
};
#define WAYS (sizeof ways / sizeof *ways)

static int read_examples(const struct way *way, const char *path)
{
    struct label_set labels;
    struct examples e;
    struct err err = {0};
    fuzz_check(!label_set_parse(&labels, way->labels, '|', &err), "%s", err.text);
    struct examples_args a = {.path = path,
                              .layout = way->layout,
                              .columns = way->columns,
                              .labelled = way->labelled,
                              .regression = way->regression,
                              .heading = way->heading,
                              .labels = &labels,
                              .collect = way->collect,
                              .warn = fuzz_warn};
    int rc = fuzz_refused(examples_read(&e, &a, &err), &err);
    for (size_t i = 0; !rc && i < e.n; i++) {
        const struct example *x = &e.rows[i];
        fuzz_check(x->a < e.text.len && x->b < e.text.len, "row %zu: text out of place", i);
        fuzz_check(!way->labelled || way->regression || (x->label >= 0 && x->label < labels.n),
                   "row %zu: label %d", i, x->label);
        fuzz_check(x->line > (size_t)way->heading, "row %zu: line %zu", i, x->line);
    }
    if (!rc) {
        struct item_set items;
        fuzz_refused(items_encode(&items, &e, vocab, wordpiece, 16, 1, &err), &err);
        items_free(&items);
        examples_free(&e);
    }
    label_set_free(&labels);
    return rc;
}

static int read_as(const char *data, size_t size, size_t from, size_t to, const char *path)
{
    size_t n = to - from, which = size ? (unsigned char)data[0] % n : 0;
    fuzz_file(path, size ? data + 1 : data, size ? size - 1 : 0);
    return read_examples(&ways[from + which], path);
}

void fuzz_setup_glue(struct fuzz *f)
{
    static const char *const words[] = {
        "\t", "\n", "\r\n", "\"", "1", "0", "\t\t", "\xEF\xBB\xBF", "5.0", "entailment", "neutral",
        NULL};
    make_model();
    fuzz_seed_text(f, "#x\t1\t\tthe cat is good .\nx\t0\t*\tthe dog is bad .\n");
    fuzz_seed_text(f, "$sentence\tlabel\nthe cat is good\t1\nthe dog\t0\n");
    fuzz_seed_text(f, "%index\tgenre\tsentence1\tsentence2\tscore\n0\tg\tthe cat\tthe "
                      "dog\t2.5\n1\tg\ta\tb\t5.0\n");
    fuzz_seed_text(f, "&index\tid\tid\ts1\ts2\n0\t1\t2\tthe cat\tthe dog\n1\t1\t2\tis\tin\n");
    fuzz_seed_text(
        f, "'0\t1\t2\t3\t4\t5\t6\t7\ta\tb\tl\n0\t1\t2\t3\t4\t5\t6\t7\tthe cat\tthe dog\tneutral\n");
    fuzz_seed_fixtures(f, "glue", "cola.tsv", '#');
    fuzz_seed_fixtures(f, "glue", "stsb.tsv", '%');
    f->dict = words;
}

int fuzz_run_glue(const char *data, size_t size)
{
    return read_as(data, size, 0, 5, "f.tsv");
}

void fuzz_setup_table(struct fuzz *f)
{
    static const char *const words[] = {
        "\t", ",", "\n", "\r\n", "\"", "\"\"", "label", "text", "score", "yes", "no",
        "\xEF\xBB\xBF", NULL};
    make_model();
    fuzz_seed_text(f, " label,text\nyes,\"the \"\"cat\"\", good\"\nno,the dog\n");
    fuzz_seed_text(f, "!other,label,text\nthe cat,yes,\"a\nb\"\r\nthe dog,no,the hat\r\n");
    fuzz_seed_text(f, "\"a,b,score\nthe cat,the dog,0.5\nthe hat,the hat,4\n");
    fuzz_seed_text(f, "#id,text\n1,the cat\n2,the dog\n");
    fuzz_seed_text(f, "$label\ttext\nyes\tthe \"cat\nno\tthe dog\n");
    fuzz_seed_text(f, "%text\tlabel\tother\nthe cat\tyes\tthe dog\n");
    f->dict = words;
}

/* Commas in the first four ways, tabs in the others. */
int fuzz_run_table(const char *data, size_t size)
{
    int tab = size && (unsigned char)data[0] & 4;
    return read_as(data, size, 5, WAYS, tab ? "f.tsv" : "f.csv");
}

/* --- questions ------------------------------------------------------------------------------ */

static const char *const squad_words[] = {
    "\"answer_start\": 0", "\"answers\": []", "\"is_impossible\": true", "\"version\": \"v2.0\"",
    "\"qas\": [", "\"paragraphs\": [", "\"context\": \"\"", "\"text\": \"\"", "\"id\": \"q1\"",
    "{", "}", "[", "]", ",", "null", "\\u0041", "\\ud83d\\udcbb", NULL};

static void seed_toy(struct fuzz *f)
{
    static const char *const files[] = {"q1.json", "q2.json"};
    make_model();
    for (int i = 0; i < 2; i++) {
        char *data;
        size_t size;
        toy_squad(files[i], 6, i);
        fuzz_check(!file_read(files[i], FUZZ_INPUT_MAX, &data, &size, NULL), "the fuzzer's file");
        fuzz_seed(f, data, size);
        free(data);
    }
    f->dict = squad_words;
}

void fuzz_setup_squad(struct fuzz *f)
{
    seed_toy(f);
    fuzz_seed_fixtures(f, "squad", "squad.json", 0);
}

static void check_windows(const struct squad_set *s, const struct squad_windows *w)
{
    for (size_t i = 0; i < w->items.n; i++) {
        const struct item *x = &w->items.items[i];
        const struct squad_window *r = &w->rows[i];
        fuzz_check(x->len <= 24 && x->start >= 0 && x->start <= x->end && x->end < x->len,
                   "window %zu", i);
        fuzz_check(r->question >= 0 && (size_t)r->question < s->n && r->count >= 0 &&
                       r->offset + r->count <= 24,
                   "window %zu is of question %d", i, r->question);
    }
}

int fuzz_run_squad(const char *data, size_t size)
{
    const struct squad_window_args a = {.max_length = 24, .stride = 8, .max_query = 6};
    struct squad_set s;
    struct squad_windows w;
    struct squad_result scored;
    struct err err = {0};
    fuzz_file("s.json", data, size);
    int rc = fuzz_refused(squad_read(&s, "s.json", size % 2 == 0, fuzz_warn, NULL, &err), &err);
    if (rc)
        return rc;
    for (size_t i = 0; i < s.n; i++) {
        const struct squad_item *q = &s.questions[i];
        long n = (long)strlen(q->context);
        fuzz_check((q->start < 0 && q->end < 0) || (q->start < q->end && q->end <= n),
                   "question %zu at %ld to %ld", i, q->start, q->end);
    }
    if (!fuzz_refused(squad_windows(&w, &s, vocab, wordpiece, &a, &err), &err)) {
        check_windows(&s, &w);
        squad_windows_free(&w);
    }
    if (!fuzz_refused(
            squad_score_json(s.json, NULL, NULL, "s.json", &scored, fuzz_warn, NULL, &err), &err))
        squad_result_free(&scored);
    squad_set_free(&s);
    return 0;
}

/* The first byte: the predictions, or the odds of no answer beside whole ones. */
void fuzz_setup_squad_predictions(struct fuzz *f)
{
    static const char good[] =
        "{\"q0\": \"oslo\", \"q1\": \"\", \"q2\": \"the cairo.\", \"q3\": \"lima lima\"}";
    seed_toy(f);
    while (f->n)
        free(f->seeds[--f->n].data);
    fuzz_seed_text(
        f, "0{\"q0\": \"oslo\", \"q1\": \"\", \"q2\": \"the cairo.\", \"q3\": \"lima lima\"}");
    fuzz_seed_text(f, "1{\"q0\": 0.5, \"q1\": -3e2, \"q2\": 1e308, \"q3\": 0}");
    fuzz_file("p.json", good, sizeof good - 1);
}

int fuzz_run_squad_predictions(const char *data, size_t size)
{
    struct squad_result r;
    struct err err = {0};
    int odds = size && data[0] & 1;
    fuzz_file("f.json", size ? data + 1 : data, size ? size - 1 : 0);
    int rc = squad_score_files("q2.json", odds ? "p.json" : "f.json", odds ? "f.json" : NULL, &r,
                               fuzz_warn, NULL, &err);
    if (fuzz_refused(rc, &err))
        return rc;
    for (int which = 0; which < 2; which++) {
        struct squad_best best = squad_best_threshold(r.questions, r.n, which);
        double at = squad_at(r.questions, r.n, best.threshold, which, 0, NULL);
        fuzz_check(best.score >= 0 && best.score <= 100 && at >= 0 && at <= 100,
                   "a score of %g, %g", best.score, at);
    }
    squad_result_free(&r);
    return 0;
}

/* --- minimal pairs -------------------------------------------------------------------------- */

static struct model model;

void fuzz_setup_pairs(struct fuzz *f)
{
    static const char *const words[] = {
        "good", "bad", "term", "\t", "\n", "\r\n", "the cat", "[MASK]", NULL};
    struct hf_dir d;
    struct wordpiece_options text = {.strip_accents = -1};
    struct err err = {0};
    make_model();
    int rc = hf_read_config("m", &d, NULL, NULL, &err);
    d.shape.hidden = d.shape.ffn = d.shape.embedding = 4;
    d.shape.layers = 1;
    if (!rc)
        rc = model_build_shapes(&model, NULL, 0, &d.shape, HEAD_RTD, "discriminator", 0, &err);
    float *values = rc ? NULL : calloc(model.table.floats, sizeof *values);
    if (values)
        param_init_block(&model.table, 1, values);
    if (!rc)
        rc = file_mkdirs("d", &err);
    if (!rc)
        rc = hf_save("d", &model, &model.disc, values, vocab, &text, &err);
    fuzz_check(!rc && values, "%s", err.text);
    free(values);
    fuzz_seed_text(
        f, "good\tbad\tterm\nthe cat is good\tthe cat in good\tis\nthe dog\tdog the\tthe\n");
    fuzz_seed_text(f, "id\tbad\tgood\n1\tcat the\tthe cat\n\n2\tx\ty\n");
    f->dict = words;
}

int fuzz_run_pairs(const char *data, size_t size)
{
    static const char *const files[] = {"p.tsv"};
    struct pairs_args a = {.disc_dir = "d",
                           .files = files,
                           .nfiles = 1,
                           .limit = 20,
                           .warn = fuzz_warn,
                           .by_file = size % 2 == 0};
    struct pairs_result r;
    struct err err = {0};
    fuzz_file("p.tsv", data, size);
    int rc = fuzz_refused(pairs_run(&a, &r, &err), &err);
    if (!rc)
        fuzz_check(r.all.disc.n == 0 ||
                       (r.all.disc.good >= 0 && r.all.disc.good <= (double)r.all.disc.n),
                   "%g of %lld", r.all.disc.good, (long long)r.all.disc.n);
    pairs_free(&r);
    return rc;
}
