/* See squad.h: the JSON file. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/task/readers.h"
#include "src/task/squad.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define SHOW_ID(s) visible((char[64]){0}, 64, (s))
#define WARNINGS_MAX 5

struct reader {
    struct squad_set *s;
    const char *path;
    int labelled;
    size_t told;
    void (*warn)(void *, const char *);
    void *ud;
    struct err *err;
};

static json_t *load(const char *path, struct err *err)
{
    char *text;
    size_t size;
    json_error_t e;
    if (file_read(path, TASK_FILE_MAX, &text, &size, err))
        return NULL;
    size_t skip = size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    json_t *j = json_loadb(text + skip, size - skip, 0, &e);
    free(text);
    if (!j)
        err_set(err, E_INPUT, "%s line %d: %s", SHOW(path), e.line, SHOW(e.text));
    return j;
}

/* Leaves a question out, with a warning for the first few. */
static int skip(struct reader *r, const char *id, const char *why)
{
    char text[400];
    r->s->skipped++;
    if (++r->told <= WARNINGS_MAX && r->warn) {
        snprintf(text, sizeof text, "%s: question %s %s, it is skipped", SHOW(r->path), SHOW_ID(id), why);
        r->warn(r->ud, text);
    }
    return 0;
}

/* Byte offset of code point number `at`, or -1. */
static long byte_of(const char *text, long long at)
{
    size_t n = strlen(text), i = 0;
    uint32_t cp;
    for (; at > 0 && i < n; at--) {
        int len = utf8_decode((const unsigned char *)text + i, n - i, &cp);
        i += (size_t)(len ? len : 1);
    }
    return at == 0 && i < n ? (long)i : -1;
}

static int append(struct reader *r, const struct squad_item *q)
{
    struct squad_set *s = r->s;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        void *p = realloc(s->questions, cap * sizeof *s->questions);
        if (!p)
            return err_nomem(r->err, "questions");
        s->questions = p;
        s->cap = cap;
    }
    s->questions[s->n++] = *q;
    return 0;
}

/* The first answer's place. Returns 1 when the question is to be taken, 0 when it was skipped. */
static int take_answer(struct reader *r, json_t *qa, struct squad_item *q)
{
    json_t *answers = json_object_get(qa, "answers"), *first = json_array_get(answers, 0);
    q->start = q->end = -1;
    if (q->impossible)
        return 1;
    if (answers && !json_is_array(answers))
        return err_set(r->err, E_INPUT, "%s: answers of question %s is not an array", SHOW(r->path), SHOW_ID(q->id));
    if (!first)
        return r->labelled ? skip(r, q->id, "has no answer") : 1;
    json_t *start = json_object_get(first, "answer_start");
    const char *text = json_string_value(json_object_get(first, "text"));
    if (!json_is_integer(start) || !text)
        return err_set(r->err, E_INPUT, "%s: an answer of question %s has no text or no whole number as answer_start",
                       SHOW(r->path), SHOW_ID(q->id));
    json_int_t at = json_integer_value(start);
    long from = at < 0 ? -1 : byte_of(q->context, at);
    if (from < 0)
        return r->labelled ? skip(r, q->id, "has an answer_start outside its context") : 1;
    size_t n = strlen(text);
    if (!n || strncmp(q->context + from, text, n))
        return r->labelled ? skip(r, q->id, "has another text at answer_start than its answer") : 1;
    q->start = from;
    q->end = from + (long)n;
    return 1;
}

static int take_question(struct reader *r, json_t *qa, const char *context)
{
    struct squad_item q = {.id = json_string_value(json_object_get(qa, "id")),
                           .question = json_string_value(json_object_get(qa, "question")),
                           .context = context, .doc = r->s->docs,
                           .impossible = json_is_true(json_object_get(qa, "is_impossible"))};
    if (!q.id || !q.question)
        return err_set(r->err, E_INPUT, "%s: a question has no id or no question", SHOW(r->path));
    r->s->v2 |= q.impossible;
    int take = take_answer(r, qa, &q);
    return take > 0 ? append(r, &q) : take;
}

static int take_paragraph(struct reader *r, json_t *paragraph)
{
    const char *context = json_string_value(json_object_get(paragraph, "context"));
    json_t *qas = json_object_get(paragraph, "qas"), *qa;
    size_t i;
    int rc = 0;
    if (!context || !json_is_array(qas))
        return err_set(r->err, E_INPUT, "%s: a paragraph has no context or no qas", SHOW(r->path));
    json_array_foreach(qas, i, qa) {
        rc = take_question(r, qa, context);
        if (rc)
            return rc;
    }
    r->s->docs++;
    return 0;
}

static int walk(struct reader *r, json_t *root)
{
    json_t *data = json_object_get(root, "data"), *article, *paragraph;
    const char *version = json_string_value(json_object_get(root, "version"));
    size_t i, k;
    if (!json_is_array(data))
        return err_set(r->err, E_INPUT, "%s: data is not an array", SHOW(r->path));
    r->s->v2 = version && (!strcmp(version, "v2.0") || !strcmp(version, "2.0"));
    json_array_foreach(data, i, article) {
        json_t *paragraphs = json_object_get(article, "paragraphs");
        if (!json_is_array(paragraphs))
            return err_set(r->err, E_INPUT, "%s: paragraphs of data[%zu] is not an array", SHOW(r->path), i);
        json_array_foreach(paragraphs, k, paragraph) {
            int rc = take_paragraph(r, paragraph);
            if (rc)
                return rc;
        }
    }
    return 0;
}

int squad_read(struct squad_set *s, const char *path, int labelled,
               void (*warn)(void *ud, const char *text), void *ud, struct err *err)
{
    struct reader r = {.s = s, .path = path, .labelled = labelled, .warn = warn, .ud = ud, .err = err};
    memset(s, 0, sizeof *s);
    s->json = load(path, err);
    int rc = s->json ? walk(&r, s->json) : E_INPUT;
    if (!rc && !s->n)
        rc = err_set(err, E_INPUT, "%s holds no question with an answer that can be used", SHOW(path));
    if (!rc && r.told > WARNINGS_MAX && warn) {
        char text[300];
        snprintf(text, sizeof text, "%s: %zu questions were skipped", SHOW(path), s->skipped);
        warn(ud, text);
    }
    if (rc)
        squad_set_free(s);
    return rc;
}

void squad_set_free(struct squad_set *s)
{
    free(s->questions);
    json_decref(s->json);
    memset(s, 0, sizeof *s);
}
