/* See squad.h: passages into pieces, pieces into windows, answers onto pieces. */
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/task/squad.h"
#include "src/text/vocab.h"

static long code_points(const char *text, long n)
{
    long count = 0;
    uint32_t cp;
    for (long i = 0; i < n; count++) {
        int len = utf8_decode((const unsigned char *)text + i, (size_t)(n - i), &cp);
        i += len ? len : 1;
    }
    return count;
}

/* Bytes of the first `count` code points. */
static long advance(const char *text, long n, long count)
{
    long i = 0;
    uint32_t cp;
    for (; count > 0 && i < n; count--) {
        int len = utf8_decode((const unsigned char *)text + i, (size_t)(n - i), &cp);
        i += len ? len : 1;
    }
    return i;
}

static const char *piece_text(const struct vocab *v, int32_t id, int inner)
{
    const char *text = vocab_token(v, id);
    return inner && text[0] == '#' && text[1] == '#' ? text + 2 : text;
}

/* Pieces [from, to) come from one word: gives each its own bytes where the normalised word has as
 * many characters as the word in the text; else all keep the whole word's. */
static void split_word(struct squad_doc *d, const struct vocab *v, const char *context, size_t from,
                       size_t to)
{
    long start = d->start.data[from], end = d->end.data[from], total = 0;
    for (size_t i = from; i < to; i++) {
        const char *text = piece_text(v, d->ids.data[i], i > from);
        total += code_points(text, (long)strlen(text));
    }
    if (to - from < 2 || total != code_points(context + start, end - start))
        return;
    for (size_t i = from; i < to; i++) {
        const char *text = piece_text(v, d->ids.data[i], i > from);
        long n = advance(context + start, end - start, code_points(text, (long)strlen(text)));
        d->start.data[i] = (int32_t)start;
        start += n;
        d->end.data[i] = (int32_t)start;
    }
}

static int encode_doc(struct squad_doc *d, const struct vocab *v, struct wordpiece *wp,
                      const char *context, struct err *err)
{
    if (wordpiece_encode_offsets(wp, context, strlen(context), &d->ids, &d->start, &d->end))
        return err_nomem(err, "a passage");
    for (size_t i = 0, k; i < d->ids.len; i = k) {
        int32_t start = d->start.data[i], end = d->end.data[i];
        for (k = i + 1; k < d->ids.len && d->start.data[k] == start && d->end.data[k] == end; k++)
            ;
        split_word(d, v, context, i, k);
    }
    return 0;
}

/* First and last piece of the answer; 0 when no piece overlaps it. */
static int answer_pieces(const struct squad_doc *d, const struct squad_item *q, int *first, int *last)
{
    *first = *last = -1;
    for (size_t i = 0; q->start >= 0 && i < d->ids.len; i++) {
        if (d->end.data[i] <= q->start || d->start.data[i] >= q->end)
            continue;
        if (*first < 0)
            *first = (int)i;
        *last = (int)i;
    }
    return *first >= 0;
}

static struct squad_window *add_window(struct squad_windows *w, struct err *err)
{
    if (w->items.n >= w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 512;
        void *rows = realloc(w->rows, cap * sizeof *w->rows);
        if (!rows) {
            err_nomem(err, "windows");
            return NULL;
        }
        w->rows = rows;
        w->cap = cap;
    }
    return &w->rows[w->items.n];
}

static int cut(struct squad_windows *w, const struct squad_set *s, int question,
               const struct vocab *v, struct ids *query, const struct squad_window_args *a,
               struct err *err)
{
    const struct squad_item *q = &s->questions[question];
    const struct squad_doc *d = &w->docs[q->doc];
    int pieces = (int)d->ids.len, room = a->max_length - (int)query->len - 3, first, last;
    int stride = a->stride < room ? a->stride : room > 1 ? room / 2 : 1;
    int known = answer_pieces(d, q, &first, &last);
    for (int from = 0;; from += stride) {
        int count = pieces - from < room ? pieces - from : room;
        struct squad_window *row = add_window(w, err);
        struct item *item;
        struct ids part = {.data = d->ids.data + from, .len = (size_t)count};
        if (!row)
            return E_NOMEM;
        int rc = items_add(&w->items, v, query, &part, a->max_length, &item, err);
        if (rc)
            return rc;
        *row = (struct squad_window){.question = question, .first = from, .count = count,
                                     .offset = (int)query->len + 2};
        item->owner = question;
        item->impossible = q->impossible;
        if (known && first >= from && last < from + count) {
            item->start = row->offset + first - from;
            item->end = row->offset + last - from;
        }
        if (from + count >= pieces)
            return 0;
    }
}

int squad_windows(struct squad_windows *w, const struct squad_set *s, const struct vocab *v,
                  struct wordpiece *wp, const struct squad_window_args *a, struct err *err)
{
    struct ids query = {0};
    int rc = 0, done = -1;
    memset(w, 0, sizeof *w);
    if (a->max_length < 8)
        return err_set(err, E_USAGE, "windows of %d tokens are too short", a->max_length);
    w->ndocs = s->docs;
    w->docs = calloc((size_t)s->docs + 1, sizeof *w->docs);
    if (!w->docs)
        return err_nomem(err, "passages");
    for (size_t i = 0; !rc && i < s->n; i++) {
        const struct squad_item *q = &s->questions[i];
        if (q->doc != done)
            rc = encode_doc(&w->docs[q->doc], v, wp, q->context, err);
        done = q->doc;
        query.len = 0;
        if (!rc && wordpiece_encode(wp, q->question, strlen(q->question), &query))
            rc = err_nomem(err, "a question");
        size_t most = (size_t)(a->max_query < a->max_length / 2 ? a->max_query : a->max_length / 2);
        if (query.len > most)
            query.len = most;
        if (!rc)
            rc = cut(w, s, (int)i, v, &query, a, err);
    }
    ids_free(&query);
    if (rc)
        squad_windows_free(w);
    return rc;
}

void squad_windows_free(struct squad_windows *w)
{
    for (int i = 0; w->docs && i < w->ndocs; i++) {
        ids_free(&w->docs[i].ids);
        ids_free(&w->docs[i].start);
        ids_free(&w->docs[i].end);
    }
    free(w->docs);
    free(w->rows);
    items_free(&w->items);
    memset(w, 0, sizeof *w);
}
