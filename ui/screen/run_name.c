/* See run_name.h. */
#include "ui/screen/run_name.h"

#include <stdio.h>
#include <string.h>

#include "experiments/sweep.h"

#define STEM_LEAST 4 /* columns; a shorter piece of a sweep's name says nothing */

size_t run_stem(const char *name, const char *tags)
{
    char sweep[128];
    size_t n = sweep_of_tags(tags, 0, sweep, sizeof sweep) ? strlen(sweep) : 0;
    return n && !strncmp(name, sweep, n) && name[n] == ' ' && name[n + 1] ? n + 1 : 0;
}

int run_tail(const char *name, const char *tags)
{
    size_t n = run_stem(name, tags);
    return n ? text_columns(name + n) : 0;
}

int run_name_draw(struct grid *g, struct rect clip, int y, int x, int w, int tail, struct style s,
                  const char *name, const char *tags)
{
    char stem[128];
    size_t n = run_stem(name, tags);
    struct style dim = s;
    if (!n)
        return grid_middle(g, clip, y, x, w, s, name);
    snprintf(stem, sizeof stem, "%.*s", (int)n - 1, name);
    int whole = text_columns(stem), mine = text_columns(name + n);
    int room = w - (tail > mine ? tail : mine) - 1, used = 0;
    dim.role = s.role == ROLE_TEXT ? ROLE_DIM : s.role;
    if (room >= whole) {
        used = grid_text(g, clip, y, x, whole, dim, stem) + 1;
    } else if (room >= STEM_LEAST) { /* cut at its end: the same for all of the list */
        used = grid_end(g, clip, y, x, room, dim, stem) + 1;
    }
    if (used > 1)
        grid_text(g, clip, y, x + used - 1, 1, s, " ");
    return used + grid_middle(g, clip, y, x + used, w - used, s, name + n);
}

int run_name_columns(int w, int tail, const char *name, const char *tags)
{
    size_t n = run_stem(name, tags);
    int all = text_columns(name), mine = text_columns(name + n), room = w - (tail > mine ? tail : mine) - 1;
    if (n && room < all - mine - 1)
        all = mine + (room >= STEM_LEAST ? room + 1 : 0);
    return all < w ? all : w;
}

/* 1: a tag of n bytes says what the name says already. */
static int in_the_name(const struct query_run *r, const char *tag, size_t n)
{
    size_t stem = run_stem(r->name, r->tags), head = sizeof SWEEP_TAG - 1;
    return stem && n == head + stem - 1 && !strncmp(tag, SWEEP_TAG, head) && !strncmp(tag + head, r->name, stem - 1);
}

char *run_tags(const struct query_run *r, char *out, size_t size)
{
    static const char scale[] = "scale:";
    size_t n = 0;
    out[0] = 0;
    for (int last = 0; last < 2; last++) /* the scale, which every member has, comes last */
        for (const char *p = r->tags; *p && n < size; p += *p == ',') {
            size_t len = strcspn(p, ",");
            if ((strncmp(p, scale, sizeof scale - 1) == 0) == last && !in_the_name(r, p, len))
                n += (size_t)snprintf(out + n, size - n, "%s%.*s", n ? "," : "", (int)len, p);
            p += len;
        }
    return out;
}
