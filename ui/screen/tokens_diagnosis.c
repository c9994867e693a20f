/* The diagnosis on the Tokens screen: the first finding in full; in focus all of them, scrolled where they
 * do not fit. */
#include <stdio.h>
#include <string.h>

#include "src/event/event.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define LABEL STYLE(ROLE_DIM, 0)
#define PLAIN STYLE(ROLE_TEXT, 0)

/* A label and its text, wrapped, from row y on; returns the rows it takes. g NULL: only counts. */
static int labelled(struct grid *g, struct rect in, int y, const char *label, const char *text)
{
    int indent = text_columns(label) + 1, left = in.y + in.h - y;
    struct rect r = {y, in.x + indent, left, in.w - indent};
    if (g && left < 1) return 0;
    if (g) grid_text(g, in, y, in.x, -1, LABEL, label);
    return wrap_text(g, r, PLAIN, text);
}

/* One finding, the likeliest cause first. Returns the rows it takes; g NULL: only counts. */
static int finding(const struct diagnosis *d, struct grid *g, struct rect in, int y)
{
    int start = y;
    uint8_t role = d->severity == SEV_ERROR  ? ROLE_BAD
                   : d->severity == SEV_WARN ? ROLE_WARN
                                             : ROLE_DIM;
    char title[96];
    struct rect r = {y, in.x + 2, in.y + in.h - y, in.w - 2};
    struct style st = STYLE(ROLE_TEXT, d->severity == SEV_INFO ? 0 : ATTR_BOLD);
    snprintf(title, sizeof title, "%s%s", d->severity == SEV_INFO ? "so far " : "", diagnosis_title(d->rule));
    if (g && r.h > 0) grid_text(g, in, y, in.x, 1, STYLE(role, 0), d->severity == SEV_INFO ? sign(SIGN_DOT) : "!");
    y += !g || r.h > 0 ? wrap_text(g, r, st, title) : 1;
    y += labelled(g, in, y, d->cause ? "likely" : "look at", d->look);
    y += labelled(g, in, y, "seen", d->seen);
    y += labelled(g, in, y, "expected", d->expected);
    return y - start;
}

/* All findings with a free row between them, or the first and the titles of the others. */
static int findings(const struct tokens *s, struct grid *g, struct rect in, int all)
{
    int y = in.y;
    for (int i = 0; i < s->ndiagnosis; i++)
        if (i && !all) {
            y += labelled(g, in, y, "also", diagnosis_title(s->diagnosis[i].rule));
        } else {
            y += i > 0;
            y += finding(&s->diagnosis[i], g, in, y);
        }
    return y - in.y;
}

int tokens_diagnosis_rows(const struct tokens *s, int width, int all)
{
    struct rect in = {0, 0, 0, width - 1};
    return s->ndiagnosis ? 1 + findings(s, NULL, in, all) : 2;
}

/* Draws them whole beside the screen and copies the rows from `top` on. */
static void scrolled(struct tokens *s, struct grid *g, struct rect in, int rows)
{
    struct grid page = {.ascii = g->ascii};
    if (in.w < 1 || in.x + in.w > g->w || in.y + in.h > g->h || grid_resize(&page, rows, in.w)) return;
    findings(s, &page, (struct rect){0, 0, rows, in.w}, 1);
    s->diagnosis_top = s->diagnosis_top > rows - in.h ? rows - in.h : s->diagnosis_top;
    for (int y = 0; y < in.h; y++)
        memcpy(&g->cells[(in.y + y) * g->w + in.x], &page.cells[(s->diagnosis_top + y) * in.w],
               (size_t)in.w * sizeof *g->cells);
    grid_free(&page);
}

void tokens_pane_diagnosis(struct tokens *s, struct grid *g, struct rect r)
{
    struct rect in = {r.y + 1, r.x + 1, r.h - 1, r.w - 1};
    int here = s->focus == ON_DIAGNOSIS, rows = findings(s, NULL, in, here), more = rows > in.h && in.h > 0;
    char count[48] = "diagnosis", place[48] = "";
    if (s->ndiagnosis > 1) snprintf(count, sizeof count, "diagnosis, %d findings", s->ndiagnosis);
    if (!more || !here) s->diagnosis_top = 0;
    if (more && here) {
        int top = s->diagnosis_top > rows - in.h ? rows - in.h : s->diagnosis_top;
        snprintf(place, sizeof place, "lines %d to %d of %d, Down scrolls", top + 1, top + in.h, rows);
    }
    const char *parts[] = {count, place, !here ? more ? "Tab reads it" : "" : s->alone ? "z Esc back" : "z alone"};
    pane_title(g, r.y, r.x, r.w, here, parts, 3);
    if (!s->ndiagnosis) {
        grid_text(g, in, in.y, in.x, -1, LABEL, "nothing unusual in the metrics");
        return;
    }
    if (more && here) scrolled(s, g, in, rows);
    else findings(s, g, in, here);
    if (here) g->cursor_y = in.y, g->cursor_x = in.x;
}
