/* See score.h: SQuAD's official rules, as the published evaluation scripts apply them. */
#include "src/task/score.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[192]){0}, 192, (s))

static int is_space(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F) || c == 0x85 ||
           k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP;
}

/* A letter, digit or underscore: \w of Python's re. */
static int is_word(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return c == '_' || (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
           (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO);
}

static int is_letter(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LT;
}

/* Decodes to an array of code points (caller frees); an invalid byte stands for itself. */
static uint32_t *decode(const char *text, size_t *count)
{
    size_t n = strlen(text), used = 0;
    uint32_t *out = malloc((n + 1) * sizeof *out);
    for (size_t i = 0; out && i < n;) {
        int len = utf8_decode((const unsigned char *)text + i, n - i, &out[used]);
        if (!len) {
            out[used] = (unsigned char)text[i];
            len = 1;
        }
        used++;
        i += (size_t)len;
    }
    *count = used;
    return out;
}

static void add_code_point(struct str *s, uint32_t c)
{
    char buf[4];
    str_addn(s, buf, (size_t)utf8_encode(c, buf));
}

/* Lower-cases in place where one code point stays one; the capital final sigma gives its final
 * form, as in Python. U+0130 becomes i + U+0307 on output. */
static void lower(uint32_t *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c[i] == 0x3A3) {
            int before = i > 0 && is_letter(c[i - 1]);
            int after = i + 1 < n && is_letter(c[i + 1]);
            c[i] = before && !after ? 0x3C2 : 0x3C3;
        } else if (c[i] != 0x130) {
            c[i] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c[i]);
        }
    }
}

static int is_punctuation(uint32_t c)
{
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
           (c >= 123 && c <= 126);
}

static size_t article(const uint32_t *c, size_t n)
{
    if (n >= 3 && c[0] == 't' && c[1] == 'h' && c[2] == 'e' && (n == 3 || !is_word(c[3])))
        return 3;
    if (n >= 2 && c[0] == 'a' && c[1] == 'n' && (n == 2 || !is_word(c[2])))
        return 2;
    if (n >= 1 && c[0] == 'a' && (n == 1 || !is_word(c[1])))
        return 1;
    return 0;
}

char *squad_normalise(const char *text)
{
    size_t n, kept = 0;
    uint32_t *c = decode(text, &n);
    if (!c)
        return NULL;
    lower(c, n);
    for (size_t i = 0; i < n; i++)
        if (!is_punctuation(c[i]))
            c[kept++] = c[i];
    struct str out;
    str_init(&out);
    int gap = 0;
    for (size_t i = 0; i < kept;) {
        size_t skip = i == 0 || !is_word(c[i - 1]) ? article(c + i, kept - i) : 0;
        if (skip || is_space(c[i])) {
            gap = 1;
            i += skip ? skip : 1;
            continue;
        }
        if (gap && out.len)
            str_addc(&out, ' ');
        gap = 0;
        if (c[i] == 0x130)
            str_add(&out, "i\xCC\x87");
        else
            add_code_point(&out, c[i]);
        i++;
    }
    free(c);
    str_add(&out, "");
    if (out.failed) {
        str_free(&out);
        return NULL;
    }
    return out.data;
}

double squad_exact(const char *gold, const char *pred)
{
    char *a = squad_normalise(gold), *b = squad_normalise(pred);
    double same = a && b && !strcmp(a, b);
    free(a);
    free(b);
    return same;
}

static size_t split_words(char *text, char **words, size_t max)
{
    size_t n = 0;
    char *save = NULL;
    for (char *w = strtok_r(text, " ", &save); w && n < max; w = strtok_r(NULL, " ", &save))
        words[n++] = w;
    return n;
}

double squad_f1(const char *gold, const char *pred, int v2)
{
    char *a = squad_normalise(gold), *b = squad_normalise(pred);
    size_t most = a && b ? (strlen(a) > strlen(b) ? strlen(a) : strlen(b)) / 2 + 2 : 0;
    char **wa = malloc((most + 1) * sizeof *wa), **wb = malloc((most + 1) * sizeof *wb);
    double f1 = 0;
    if (a && b && wa && wb) {
        size_t na = split_words(a, wa, most), nb = split_words(b, wb, most), common = 0;
        for (size_t i = 0; i < na; i++) {
            for (size_t j = 0; j < nb; j++) {
                if (wb[j] && !strcmp(wa[i], wb[j])) {
                    common++;
                    wb[j] = NULL;
                    break;
                }
            }
        }
        if (v2 && (!na || !nb)) {
            f1 = na == nb;
        } else if (common) {
            double p = (double)common / (double)nb, r = (double)common / (double)na;
            f1 = 2 * p * r / (p + r);
        }
    }
    free(wa);
    free(wb);
    free(a);
    free(b);
    return f1;
}

double squad_at(const struct squad_question *q, size_t n, double threshold, int which, int subset,
                size_t *count)
{
    double sum = 0;
    size_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        if ((subset == 1 && !q[i].answerable) || (subset == 2 && q[i].answerable))
            continue;
        seen++;
        sum += q[i].na_prob > threshold ? !q[i].answerable : which ? q[i].f1 : q[i].exact;
    }
    if (count)
        *count = seen;
    return seen ? 100 * sum / (double)seen : 0;
}

struct order {
    double na_prob;
    size_t index;
};

static int by_na(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->na_prob != y->na_prob)
        return x->na_prob < y->na_prob ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

struct squad_best squad_best_threshold(struct squad_question *q, size_t n, int which)
{
    struct squad_best best = {0, 0};
    struct order *order = malloc((n + 1) * sizeof *order);
    double now = 0;
    for (size_t i = 0; order && i < n; i++) {
        order[i] = (struct order){q[i].na_prob, i};
        now += !q[i].answerable;
    }
    best.score = now;
    if (order)
        qsort(order, n, sizeof *order, by_na);
    for (size_t i = 0; order && i < n; i++) {
        const struct squad_question *x = &q[order[i].index];
        now += x->answerable ? (which ? x->f1 : x->exact) : x->empty ? 0 : -1;
        if (now > best.score) {
            best.score = now;
            best.threshold = x->na_prob;
        }
    }
    free(order);
    best.score = n ? 100 * best.score / (double)n : 0;
    return best;
}

static json_t *load_object(const char *path, struct err *err)
{
    json_error_t e;
    json_t *j = json_load_file(path, 0, &e);
    if (!j) {
        err_set(err, E_INPUT, "%s line %d: %s", SHOW(path), e.line, SHOW(e.text));
        return NULL;
    }
    if (!json_is_object(j)) {
        json_decref(j);
        err_set(err, E_INPUT, "%s: the top level is not an object", SHOW(path));
        return NULL;
    }
    return j;
}

static int score_question(json_t *qa, json_t *preds, json_t *na, int v2, const char *path,
                          struct squad_question *out, void (*warn)(void *, const char *), void *ud,
                          struct err *err)
{
    const char *id = json_string_value(json_object_get(qa, "id"));
    json_t *answers = json_object_get(qa, "answers");
    if (!id || !json_is_array(answers))
        return err_set(err, E_INPUT, "%s: a question without id or answers", SHOW(path));
    const char *pred = json_string_value(json_object_get(preds, id));
    size_t golds = 0;
    *out = (struct squad_question){.id = id};
    out->na_prob = json_number_value(json_object_get(na, id));
    out->empty = pred && !*pred;
    if (!pred && warn) {
        char text[256];
        snprintf(text, sizeof text, "no prediction for question %s", SHOW(id));
        warn(ud, text);
    }
    size_t i;
    json_t *a;
    json_array_foreach(answers, i, a) {
        const char *gold = json_string_value(json_object_get(a, "text"));
        char *plain = gold ? squad_normalise(gold) : NULL;
        int counts = gold && (!v2 || (plain && *plain));
        free(plain);
        out->answerable |= gold != NULL;
        if (!counts)
            continue;
        golds++;
        if (!pred)
            continue;
        double exact = squad_exact(gold, pred), f1 = squad_f1(gold, pred, v2);
        out->exact = exact > out->exact ? exact : out->exact;
        out->f1 = f1 > out->f1 ? f1 : out->f1;
    }
    if (!golds && pred) {
        out->exact = squad_exact("", pred);
        out->f1 = squad_f1("", pred, v2);
    }
    return 0;
}

/* Takes every question of one article. */
static int score_article(json_t *article_, json_t *preds, json_t *na, const char *path,
                         struct squad_result *out, size_t *cap, void (*warn)(void *, const char *),
                         void *ud, struct err *err)
{
    json_t *paragraph, *qa;
    size_t j, k;
    json_array_foreach(json_object_get(article_, "paragraphs"), j, paragraph) {
        json_array_foreach(json_object_get(paragraph, "qas"), k, qa) {
            if (json_is_true(json_object_get(qa, "is_impossible")))
                out->v2 = 1;
            if (out->n == *cap) {
                *cap = *cap ? *cap * 2 : 256;
                void *p = realloc(out->questions, *cap * sizeof *out->questions);
                if (!p)
                    return err_nomem(err, "questions");
                out->questions = p;
            }
            int rc = score_question(qa, preds, na, out->v2, path, &out->questions[out->n], warn, ud, err);
            if (rc)
                return rc;
            out->n++;
        }
    }
    return 0;
}

int squad_score_json(void *data, void *preds, void *na, const char *path, struct squad_result *out,
                     void (*warn)(void *, const char *), void *ud, struct err *err)
{
    json_t *articles = json_object_get(data, "data");
    const char *version = json_string_value(json_object_get(data, "version"));
    size_t cap = 0;
    int rc = 0;
    memset(out, 0, sizeof *out);
    out->v2 = version && (!strcmp(version, "v2.0") || !strcmp(version, "2.0"));
    if (!json_is_array(articles))
        rc = err_set(err, E_INPUT, "%s: data is not an array", SHOW(path));
    for (size_t i = 0; !rc && i < json_array_size(articles); i++)
        rc = score_article(json_array_get(articles, i), preds, na, path, out, &cap, warn, ud, err);
    if (rc)
        squad_result_free(out);
    return rc;
}

int squad_score_files(const char *data_path, const char *pred_path, const char *na_path,
                      struct squad_result *out, void (*warn)(void *, const char *), void *ud,
                      struct err *err)
{
    json_t *data = load_object(data_path, err);
    json_t *preds = data ? load_object(pred_path, err) : NULL;
    json_t *na = preds && na_path ? load_object(na_path, err) : NULL;
    memset(out, 0, sizeof *out);
    int rc = !data || !preds || (na_path && !na) ? E_INPUT : 0;
    if (!rc)
        rc = squad_score_json(data, preds, na, data_path, out, warn, ud, err);
    json_decref(preds);
    json_decref(na);
    if (rc)
        json_decref(data);
    else
        out->own = data;
    return rc;
}

void squad_result_free(struct squad_result *r)
{
    free(r->questions);
    json_decref(r->own);
    memset(r, 0, sizeof *r);
}
