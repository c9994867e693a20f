/* See faithful.h. */
#include "src/data/faithful.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"

#define SINGLE_SHARE 0.1   /* examples of one segment */
#define SHORT_SHARE 0.05   /* examples with a shorter target */
#define SHORTEST 5

enum { DRAW_SINGLE, DRAW_COIN, DRAW_SHORT, DRAW_TARGET };

struct example {
    uint64_t first, end; /* tokens */
    uint32_t target;
};
struct faithful {
    const struct corpus *c;
    int T;
    uint64_t seed, n, cap, dropped;
    struct example *example;
};

static double draw(const struct faithful *f, uint32_t kind, uint64_t example, uint64_t sentence)
{
    return rng_uniform53(f->seed, RNG_FAITHFUL, kind, (uint32_t)example, (uint32_t)sentence);
}

/* Number of the first line that ends after token `at`. */
static size_t line_after(const struct corpus *c, uint64_t at)
{
    size_t low = 0, high = c->nlines;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c->line_end[mid] > at)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static uint64_t line_end(const struct corpus *c, size_t line, uint64_t end)
{
    return line < c->nlines && c->line_end[line] < end ? c->line_end[line] : end;
}

static uint32_t next_target(const struct faithful *f)
{
    if (f->T <= SHORTEST || draw(f, DRAW_SHORT, f->n, 0) >= SHORT_SHARE)
        return (uint32_t)f->T;
    return SHORTEST + (uint32_t)(draw(f, DRAW_TARGET, f->n, 0) * (f->T - SHORTEST + 1));
}

static int emit(struct faithful *f, uint64_t first, uint64_t end, uint32_t *target, struct err *err)
{
    if (f->n == f->cap) {
        uint64_t cap = f->cap ? 2 * f->cap : 256;
        struct example *more = realloc(f->example, cap * sizeof *more);
        if (!more)
            return err_nomem(err, "the examples of a corpus");
        f->example = more;
        f->cap = cap;
    }
    f->example[f->n++] = (struct example){first, end, *target};
    f->dropped += end - first - faithful_get(f, f->n - 1, NULL, NULL, NULL);
    *target = next_target(f);
    return 0;
}

int faithful_new(const struct corpus *c, const struct span *docs, size_t ndocs, int T, uint64_t seed,
                 struct faithful **out, struct err *err)
{
    if (!c->nlines)
        return err_set(err, E_INPUT, "pack: faithful needs lines, which this corpus was packed without; "
                                     "pack the text again");
    struct faithful *f = calloc(1, sizeof *f);
    if (!f)
        return err_nomem(err, "the examples of a corpus");
    *f = (struct faithful){.c = c, .T = T, .seed = seed};
    uint32_t target = (uint32_t)T;
    int rc = 0;
    for (size_t d = 0; !rc && d < ndocs; d++) {
        uint64_t first = docs[d].first, at = first;
        for (size_t line = line_after(c, at); !rc && at < docs[d].end; line++) {
            at = line_end(c, line, docs[d].end);
            if (at - first < target && at < docs[d].end)
                continue;
            rc = emit(f, first, at, &target, err);
            first = at;
        }
    }
    if (rc)
        faithful_free(f);
    else
        *out = f;
    return rc;
}

void faithful_free(struct faithful *f)
{
    if (f)
        free(f->example);
    free(f);
}

uint64_t faithful_count(const struct faithful *f)
{
    return f->n;
}

uint64_t faithful_dropped(const struct faithful *f)
{
    return f->dropped;
}

/* Length of segment A (which 0) or B (1) before it is cut; its first `room` tokens go to ids, if
 * not NULL. A short sentence can land in A behind an earlier one in B: as released. */
static uint64_t segment(const struct faithful *f, uint64_t example, int which, int32_t *ids,
                        uint64_t room)
{
    const struct corpus *c = f->c;
    const struct example *e = &f->example[example];
    uint64_t goal = e->target > 3 ? (e->target - 3) / 2 : 0, at = e->first, length[2] = {0, 0};
    int single = draw(f, DRAW_SINGLE, example, 0) < SINGLE_SHARE;
    uint64_t sentence = 0;
    for (size_t line = line_after(c, at); at < e->end; line++, sentence++) {
        uint64_t end = line_end(c, line, e->end), n = end - at;
        int to = !(single || !length[0] || length[0] + n < goal ||
                   (!length[1] && length[0] < goal && draw(f, DRAW_COIN, example, sentence) < 0.5));
        for (uint64_t i = 0; ids && to == which && i < n && length[to] + i < room; i++)
            ids[length[to] + i] = (int32_t)c->ids[at + i];
        length[to] += n;
        at = end;
    }
    return length[which];
}

uint64_t faithful_get(const struct faithful *f, uint64_t example, int32_t *ids, uint8_t *segments,
                      uint8_t *mask)
{
    uint64_t T = (uint64_t)f->T, a = segment(f, example, 0, ids ? ids + 1 : NULL, T - 2);
    a = a < T - 2 ? a : T - 2;
    uint64_t room = T > a + 3 ? T - a - 3 : 0;
    uint64_t b = room ? segment(f, example, 1, ids ? ids + a + 2 : NULL, room) : 0;
    b = b < room ? b : room;
    if (!ids)
        return a + b;
    uint64_t used = a + 2 + (b ? b + 1 : 0);
    const struct vocab *v = f->c->vocab;
    ids[0] = vocab_special(v, VOCAB_CLS);
    ids[a + 1] = vocab_special(v, VOCAB_SEP);
    if (b)
        ids[used - 1] = vocab_special(v, VOCAB_SEP);
    for (uint64_t t = 0; t < T; t++) {
        mask[t] = t < used;
        segments[t] = t > a + 1 && t < used;
        if (t >= used)
            ids[t] = vocab_special(v, VOCAB_PAD);
    }
    return a + b;
}
