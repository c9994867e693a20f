/* See items.h. */
#define _GNU_SOURCE /* qsort_r */
#include "src/task/items.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/task/examples.h"
#include "src/task/tuner.h"
#include "src/text/vocab.h"

int items_add(struct item_set *s, const struct vocab *v, const struct ids *a, const struct ids *b,
              int max_length, struct item **out, struct err *err)
{
    size_t na = a->len, nb = b ? b->len : 0, room = (size_t)max_length - (b ? 3 : 2);
    while (na + nb > room)
        *(na > nb ? &na : &nb) -= 1;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 1024;
        void *items = realloc(s->items, cap * sizeof *s->items);
        if (!items)
            return err_nomem(err, "encoded examples");
        s->items = items;
        s->cap = cap;
    }
    struct item *x = &s->items[s->n];
    *x = (struct item){.at = s->ids.len, .len = (int)(na + nb + (b ? 3 : 2)), .len_a = (int)na + 2,
                       .label = -1};
    int rc = ids_push(&s->ids, vocab_special(v, VOCAB_CLS));
    for (size_t i = 0; !rc && i < na; i++)
        rc = ids_push(&s->ids, a->data[i]);
    rc = rc ? rc : ids_push(&s->ids, vocab_special(v, VOCAB_SEP));
    for (size_t i = 0; !rc && i < nb; i++)
        rc = ids_push(&s->ids, b->data[i]);
    if (!rc && b)
        rc = ids_push(&s->ids, vocab_special(v, VOCAB_SEP));
    if (rc)
        return err_nomem(err, "encoded examples");
    s->n++;
    *out = x;
    return 0;
}

static int encode_one(struct item_set *s, const struct examples *e, size_t i, const struct vocab *v,
                      struct wordpiece *wp, struct ids side[2], int max_length, int swap,
                      struct err *err)
{
    const struct example *x = &e->rows[i];
    size_t at[2] = {x->a, x->b};
    for (int k = 0; k < 2; k++) {
        const char *text = examples_text(e, at[k]);
        side[k].len = 0;
        if (wordpiece_encode(wp, text, strlen(text), &side[k]))
            return err_nomem(err, "tokens");
    }
    struct item *item;
    int rc = items_add(s, v, &side[swap], x->b ? &side[!swap] : NULL, max_length, &item, err);
    if (rc)
        return rc;
    item->label = x->label;
    item->target = (float)x->score;
    item->owner = (int)i;
    return 0;
}

int items_encode(struct item_set *s, const struct examples *e, const struct vocab *v,
                 struct wordpiece *wp, int max_length, int unordered, struct err *err)
{
    struct ids side[2] = {{0}, {0}};
    int rc = 0;
    memset(s, 0, sizeof *s);
    for (int swap = 0; !rc && swap <= unordered; swap++)
        for (size_t i = 0; !rc && i < e->n; i++)
            if (!swap || e->rows[i].b)
                rc = encode_one(s, e, i, v, wp, side, max_length, swap, err);
    ids_free(&side[0]);
    ids_free(&side[1]);
    if (rc)
        items_free(s);
    return rc;
}

void items_free(struct item_set *s)
{
    free(s->items);
    ids_free(&s->ids);
    memset(s, 0, sizeof *s);
}

int batching_init(struct batching *b, const struct item_set *s, int batch, struct err *err)
{
    *b = (struct batching){.order = malloc((s->n + 1) * sizeof *b->order), .n = s->n, .batch = batch};
    return b->order ? 0 : err_nomem(err, "the order of the examples");
}

void batching_free(struct batching *b)
{
    free(b->order);
    memset(b, 0, sizeof *b);
}

/* By length, ties by number. */
static int by_length(const void *a, const void *b, void *ud)
{
    const struct item *items = ud;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int d = items[x].len - items[y].len;
    return d ? d : x < y ? -1 : x > y;
}

static int by_falling_length(const void *a, const void *b, void *ud)
{
    return by_length(b, a, ud);
}

/* Shuffles whole batches of order[0..n); a last, smaller one stays last. */
static void shuffle_batches(uint32_t *order, size_t n, int batch, uint64_t seed, uint32_t key)
{
    size_t B = (size_t)batch, whole = n / B;
    for (size_t i = whole; i > 1; i--) {
        size_t j = rng_u32(seed, RNG_TASK, key, 2, (uint32_t)i) % i;
        for (size_t k = 0; j != i - 1 && k < B; k++) {
            uint32_t t = order[(i - 1) * B + k];
            order[(i - 1) * B + k] = order[j * B + k];
            order[j * B + k] = t;
        }
    }
}

void batching_train(struct batching *b, const struct item_set *s, uint64_t seed, uint32_t epoch)
{
    for (size_t i = 0; i < b->n; i++)
        b->order[i] = rng_permute(seed, RNG_TASK, epoch, (uint32_t)b->n, (uint32_t)i);
    size_t pool = (size_t)POOL_BATCHES * (size_t)b->batch;
    for (size_t from = 0; from < b->n; from += pool) {
        size_t n = b->n - from < pool ? b->n - from : pool;
        qsort_r(b->order + from, n, sizeof *b->order, by_length, s->items);
        shuffle_batches(b->order + from, n, b->batch, seed, (uint32_t)(epoch << 20 | from / pool));
    }
}

void batching_eval(struct batching *b, const struct item_set *s)
{
    for (size_t i = 0; i < b->n; i++)
        b->order[i] = (uint32_t)i;
    qsort_r(b->order, b->n, sizeof *b->order, by_falling_length, s->items);
}

int batch_rows_init(struct batch_rows *r, int batch, int max_length, struct err *err)
{
    size_t B = (size_t)batch, n = B * (size_t)max_length;
    *r = (struct batch_rows){
        .ids = malloc(n * sizeof *r->ids), .labels = malloc(B * sizeof *r->labels),
        .start = malloc(B * sizeof *r->start), .end = malloc(B * sizeof *r->end),
        .impossible = malloc(B * sizeof *r->impossible), .mask = malloc(n), .segments = malloc(n),
        .targets = malloc(B * sizeof *r->targets), .max_length = max_length};
    if (r->ids && r->labels && r->start && r->end && r->impossible && r->mask && r->segments &&
        r->targets)
        return 0;
    batch_rows_free(r);
    return err_nomem(err, "a batch");
}

void batch_rows_free(struct batch_rows *r)
{
    free(r->ids);
    free(r->labels);
    free(r->start);
    free(r->end);
    free(r->impossible);
    free(r->mask);
    free(r->segments);
    free(r->targets);
    memset(r, 0, sizeof *r);
}

void batch_rows_fill(struct batch_rows *r, const struct item_set *s, const uint32_t *order, int B,
                     int pad, struct tune_batch *b)
{
    int T = 1;
    for (int i = 0; i < B; i++)
        T = s->items[order[i]].len > T ? s->items[order[i]].len : T;
    T = (T + 7) / 8 * 8 < r->max_length ? (T + 7) / 8 * 8 : r->max_length;
    for (int i = 0; i < B; i++) {
        const struct item *x = &s->items[order[i]];
        for (int t = 0; t < T; t++) {
            int at = i * T + t, in = t < x->len;
            r->ids[at] = in ? s->ids.data[x->at + (size_t)t] : pad;
            r->mask[at] = (uint8_t)in;
            r->segments[at] = (uint8_t)(in && t >= x->len_a);
        }
        r->labels[i] = x->label;
        r->targets[i] = x->target;
        r->start[i] = x->start;
        r->end[i] = x->end;
        r->impossible[i] = x->impossible;
    }
    b->B = B;
    b->T = T;
    b->ids = r->ids;
    b->mask = r->mask;
    b->segments = r->segments;
}
