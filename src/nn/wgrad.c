/* See wgrad.h. */
#include "src/nn/wgrad.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"
#include "src/nn/encoder.h"

/* Blocks of a gradient (tests/bench/NOTES.md): of all columns where those are few, so that x is read in
 * place; else of many rows, so that x is packed for few blocks. Small tensors come in pieces of SMALL. */
enum { NARROW = 512, NARROW_ROWS = 128, NARROW_FLOATS = 1 << 16, WIDE_ROWS = 512, ALL_ROWS = 1024, SMALL = 1 << 14 };

struct wgrad_piece {
    int row, from, rows, col, cols; /* of the tensor; a small one: floats from..from+cols */
};

static int add_piece(struct wgrad *p, struct wgrad_piece piece)
{
    if (p->count == p->cap) {
        int cap = p->cap ? 2 * p->cap : 256;
        struct wgrad_piece *more = realloc(p->pieces, (size_t)cap * sizeof *more);
        if (!more)
            return E_NOMEM;
        p->pieces = more;
        p->cap = cap;
    }
    p->pieces[p->count++] = piece;
    return 0;
}

static int cut(struct wgrad *p, int row)
{
    const struct param *w = &p->table->rows[row];
    int cols = w->cols < NARROW ? w->cols : NARROW, rc = 0;
    int rows = w->rows <= ALL_ROWS ? w->rows : WIDE_ROWS;
    if (w->cols <= NARROW && w->rows > w->cols)
        rows = w->rows <= ALL_ROWS || NARROW_FLOATS / cols < NARROW_ROWS ? NARROW_ROWS : NARROW_FLOATS / cols;
    for (int from = 0; from < w->rows; from += rows)
        for (int col = 0; col < w->cols && !rc; col += cols)
            rc = add_piece(p, (struct wgrad_piece){row, from, w->rows - from < rows ? w->rows - from : rows, col,
                                                   w->cols - col < cols ? w->cols - col : cols});
    return rc;
}

static int cut_small(struct wgrad *p, int row)
{
    int size = (int)p->table->rows[row].size, rc = 0;
    p->small[row] = p->small_floats + 1;
    p->small_floats += (size_t)(size + 15) / 16 * 16;
    for (int from = 0; from < size && !rc; from += SMALL)
        rc = add_piece(p, (struct wgrad_piece){row, from, 0, 0, size - from < SMALL ? size - from : SMALL});
    return rc;
}

static int is_word(const struct param_table *t, const struct net *net, int row)
{
    return net && net->layer && param_canonical(t, net->word) == row;
}

int wgrad_init(struct wgrad *p, const struct math *math, const struct param_table *table,
               const struct weight_packs *packs, const struct net *a, const struct net *b,
               struct err *err)
{
    int rc = 0;
    memset(p, 0, sizeof *p);
    p->math = math;
    p->table = table;
    p->small = calloc((size_t)table->n + 1, sizeof *p->small);
    if (!p->small)
        return err_nomem(err, "the plan of gradients");
    for (int large = 1; large >= 0; large--) {
        for (int i = 0; i < table->n && !rc; i++) {
            int noted = packs_backward(packs, i) || is_word(table, a, i) || is_word(table, b, i);
            if (table->rows[i].alias < 0 && noted == large)
                rc = large ? cut(p, i) : cut_small(p, i);
        }
    }
    return rc ? err_nomem(err, "the plan of gradients") : 0;
}

void wgrad_free(struct wgrad *p)
{
    free(p->small);
    free(p->pieces);
    memset(p, 0, sizeof *p);
}

int wgrad_notes_init(struct wgrad_notes *s, const struct wgrad *p, int cap, struct err *err)
{
    size_t n = (size_t)p->table->n + 1;
    s->plan = p;
    s->cap = cap;
    s->small = large_alloc((p->small_floats + 1) * sizeof *s->small);
    s->first = malloc(n * sizeof *s->first);
    s->last = malloc(n * sizeof *s->last);
    s->items = malloc((size_t)cap * sizeof *s->items);
    return s->small && s->first && s->last && s->items ? 0 : err_nomem(err, "notes of gradients");
}

void wgrad_notes_free(struct wgrad_notes *s)
{
    free(s->small);
    free(s->first);
    free(s->last);
    free(s->items);
}

void wgrad_start(struct wgrad_notes *s)
{
    s->n = 0;
    memset(s->small, 0, s->plan->small_floats * sizeof *s->small);
    for (int i = 0; i < s->plan->table->n; i++)
        s->first[i] = -1;
}

float *wgrad_small(const struct wgrad_notes *s, int row)
{
    size_t at = s->plan->small[param_canonical(s->plan->table, row)];
    assert(at);
    return s->small + at - 1;
}

static void note(struct wgrad_notes *s, int row, struct wgrad_item item)
{
    int at = s->n++;
    row = param_canonical(s->plan->table, row);
    assert(at < s->cap && !s->plan->small[row]);
    item.next = -1;
    s->items[at] = item;
    if (s->first[row] < 0)
        s->first[row] = at;
    else
        s->items[s->last[row]].next = at;
    s->last[row] = at;
}

void wgrad_product(struct wgrad_notes *s, int row, int count, const float *dy, int lddy,
                   const float *x, int ldx)
{
    note(s, row, (struct wgrad_item){.count = count, .dy = dy, .lddy = lddy, .x = x, .ldx = ldx});
}

void wgrad_rows(struct wgrad_notes *s, int row, int count, const float *dy, int lddy,
                const int32_t *ids)
{
    note(s, row, (struct wgrad_item){.count = count, .dy = dy, .lddy = lddy, .ids = ids});
}

struct adding {
    const struct wgrad *p;
    struct math_ws *const *ws;
    const struct wgrad_notes *notes;
    int n, more;
    float *grads;
};

static void add_small(const struct adding *u, const struct wgrad_piece *t)
{
    float *g = u->grads + u->p->table->rows[t->row].offset + t->from;
    for (int s = 0; s < u->n; s++) {
        const float *from = wgrad_small(&u->notes[s], t->row) + t->from;
        if (s || u->more)
            u->p->math->axpy((size_t)t->cols, 1, from, g);
        else
            memcpy(g, from, (size_t)t->cols * sizeof *g);
    }
}

static void clear(const struct wgrad_piece *t, float *g, int ld)
{
    for (int i = 0; i < t->rows; i++)
        memset(g + (size_t)i * (size_t)ld, 0, (size_t)t->cols * sizeof *g);
}

/* The rows of an item that fall into the piece. */
static void add_rows(const struct adding *u, const struct wgrad_piece *t, const struct wgrad_item *item,
                     float *g, int ld)
{
    for (int i = 0; i < item->count; i++) {
        unsigned at = (unsigned)(item->ids[i] - t->from);
        if (at < (unsigned)t->rows)
            u->p->math->axpy((size_t)t->cols, 1, item->dy + (size_t)i * (size_t)item->lddy + t->col,
                             g + (size_t)at * (size_t)ld);
    }
}

static void add_piece_task(void *ud, int task, int worker)
{
    const struct adding *u = ud;
    const struct wgrad_piece *t = &u->p->pieces[task];
    const struct param *w = &u->p->table->rows[t->row];
    float *g = u->grads + w->offset + (size_t)t->from * (size_t)w->cols + t->col;
    int more = u->more;
    if (u->p->small[t->row]) {
        add_small(u, t);
        return;
    }
    for (int s = 0; s < u->n; s++) {
        const struct wgrad_item *items = u->notes[s].items;
        for (int i = u->notes[s].first[t->row]; i >= 0; i = items[i].next, more = 1) {
            if (items[i].x) {
                u->p->math->gemm(1, 0, t->rows, t->cols, items[i].count, items[i].dy + t->from, items[i].lddy,
                                 items[i].x + t->col, items[i].ldx, (float)more, g, w->cols, u->ws[worker]);
                continue;
            }
            if (!more)
                clear(t, g, w->cols);
            add_rows(u, t, &items[i], g, w->cols);
        }
    }
    if (!more)
        clear(t, g, w->cols);
}

void wgrad_add(const struct wgrad *p, struct pool *pool, struct math_ws *const *ws,
               const struct wgrad_notes *notes, int n, int more, float *grads)
{
    struct adding u = {p, ws, notes, n, more, grads};
    pool_run(pool, p->count, add_piece_task, &u);
}
