/* The line above the list: how many runs, the filter, the order, groups, marks, what is looked for. */
#include <stdio.h>
#include <string.h>

#include "ui/screen/runs.h"
#include "ui/term/sign.h"
#include "ui/widget/pane.h"

#define PART_LEAST 9 /* columns of a text that is cut */

/* Cuts a text at its end to at most `columns`. */
static void cut(char *text, size_t size, int columns)
{
    size_t n = strlen(text);
    if (text_columns(text) <= columns)
        return;
    while (n && text_columns(text) > columns - 1) {
        do
            n--;
        while (n && ((unsigned char)text[n] & 0xC0) == 0x80);
        text[n] = 0;
    }
    snprintf(text + n, size - n, "%s", sign(SIGN_ELLIPSIS));
}

/* Columns that the parts take beyond those of the line. */
static int too_wide(const char *const *parts, int n, int width)
{
    int w = 4;
    for (int i = 0; i < n; i++)
        w += parts[i][0] ? text_columns(parts[i]) + 3 : 0;
    return w - width;
}

static void say_find(const struct runs *s, char *out, size_t size)
{
    int at = 0, hits = 0, on = runs_cursor_row(s);
    for (int i = 0; i < s->n; i++) {
        hits += runs_found(s, i);
        at = i == on && runs_found(s, i) ? hits : at;
    }
    snprintf(out, size, "find %s %d/%d", s->find, at, hits);
}

/* What is too long for the line is cut, the filter first: that there is one is never left out. */
void runs_draw_title(struct runs *s, struct grid *g, struct rect area)
{
    char count[48], filter[300], sorted[64], marks[32] = "", find[96] = "", groups[160] = "";
    const int64_t *ids;
    int nmarks = app_marks(s->app, &ids), over;
    snprintf(count, sizeof count, s->nmatched == s->nall ? "runs %d" : "runs %d of %d", s->nmatched, s->nall);
    snprintf(filter, sizeof filter, "%s", s->filter_text);
    snprintf(sorted, sizeof sorted, "%s %s", runs_column_title(s, s->sort),
             sign(s->descending ? SIGN_DESCENDING : SIGN_ASCENDING));
    if (nmarks)
        snprintf(marks, sizeof marks, "marked %d", nmarks);
    if (s->find[0])
        say_find(s, find, sizeof find);
    if (s->ngroups)
        snprintf(groups, sizeof groups, "means by %s", s->group_text);
    const char *parts[] = { count, filter, sorted, groups, marks, find };
    struct { char *text; size_t size; } cuts[] = { { filter, sizeof filter }, { groups, sizeof groups }, { find, sizeof find } };
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && (over = too_wide(parts, 6, area.w)) > 0; i++) {
        int room = text_columns(cuts[i].text) - over;
        cut(cuts[i].text, cuts[i].size, room > PART_LEAST ? room : PART_LEAST);
    }
    pane_title(g, area.y, area.x, area.w, s->focus == 0, parts, 6);
}
