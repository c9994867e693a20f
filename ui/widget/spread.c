/* See spread.h. */
#include "ui/widget/spread.h"

#include <math.h>

#include "ui/term/sign.h"
#include "ui/widget/scale.h"

#define PLOT_LEAST 20 /* columns of the plot that long labels leave */
#define APART 3 /* lines a row takes at most */

struct spread {
    struct grid *g;
    struct rect plot; /* where values are */
    double lo, hi;
};

static int column_of(const struct spread *p, double v)
{
    double share = p->hi > p->lo ? (v - p->lo) / (p->hi - p->lo) : .5;
    int x = (int)(share * (p->plot.w - 1) + .5);
    return p->plot.x + (x < 0 ? 0 : x >= p->plot.w ? p->plot.w - 1 : x);
}

static void draw_row(const struct spread *p, int y, const struct spread_row *r, int base)
{
    uint8_t role = r->on ? ROLE_ACCENT : ROLE_TEXT;
    double min = INFINITY, max = -INFINITY;
    for (int k = 0; k < r->n; k++)
        if (isfinite(r->values[k])) {
            min = fmin(min, r->values[k]);
            max = fmax(max, r->values[k]);
        }
    if (!(min <= max) || isnan(r->centre))
        return;
    for (int c = column_of(p, min); c <= column_of(p, max); c++)
        grid_cell(p->g, p->plot, y, c, STYLE(ROLE_DIM, 0), sign(c == base ? SIGN_DOT : SIGN_HLINE));
    grid_cell(p->g, p->plot, y, column_of(p, r->centre), STYLE(role, ATTR_BOLD), sign(SIGN_VLINE));
    for (int k = 0; k < r->n; k++) {
        int c = column_of(p, r->values[k]), here = 0;
        char many[2] = "";
        if (!isfinite(r->values[k]))
            continue;
        for (int j = 0; j < r->n; j++)
            here += isfinite(r->values[j]) && column_of(p, r->values[j]) == c;
        *many = (char)('0' + (here < 9 ? here : 9));
        int centre = c == column_of(p, r->centre); /* it hides the line of the centre */
        grid_cell(p->g, p->plot, y, c, STYLE(role, centre ? ATTR_BOLD : 0), here > 1 ? many : sign(SIGN_DONE));
    }
}

static void draw_axis(const struct spread *p, int y, int share)
{
    struct ticks t;
    ticks_linear(&t, p->lo, p->hi, p->plot.w / 12 + 1, share ? SCALE_SHARE : SCALE_PLAIN);
    for (int i = 0; i < t.n; i++) {
        int w = text_columns(t.label[i]), x = column_of(p, t.at[i]) - w / 2;
        x = x + w > p->plot.x + p->plot.w ? p->plot.x + p->plot.w - w : x < p->plot.x ? p->plot.x : x;
        grid_text(p->g, p->plot, y, x, -1, STYLE(ROLE_DIM, 0), t.label[i]);
    }
}

void spread_plot(struct grid *g, struct rect area, const struct spread_row *rows, int n, double lo, double hi,
                 double base, int share)
{
    double pad = hi > lo ? .05 * (hi - lo) : fmax(.001, fabs(hi) * .01);
    struct spread p = {g, area, lo - pad, hi + pad};
    int w = 0;
    for (int i = 0; i < n; i++) {
        int mine = text_columns(rows[i].label);
        w = mine > w ? mine : w;
    }
    int most = area.w - 7 - PLOT_LEAST > area.w / 3 ? area.w - 7 - PLOT_LEAST : area.w / 3;
    w = w > most ? most : w;
    p.plot.x = area.x + w + 5;
    p.plot.w = area.w - w - 7;
    if (p.plot.w < 8 || !(lo <= hi) || n < 1)
        return;
    int at = isnan(base) ? -1 : column_of(&p, base), apart = (area.h - 1) / n, y = area.y;
    apart = apart < 1 ? 1 : apart > APART ? APART : apart;
    for (int i = 0; i < n; i++) {
        int end = i + 1 < n ? y + apart : y + 1;
        for (int line = y; at >= 0 && line < end; line++)
            grid_cell(g, p.plot, line, at, STYLE(ROLE_DIM, 0), sign(SIGN_DOT));
        grid_middle(g, area, y, area.x + 3, w, STYLE(rows[i].on ? ROLE_ACCENT : ROLE_TEXT, 0), rows[i].label);
        draw_row(&p, y, &rows[i], at);
        y = end;
    }
    draw_axis(&p, y, share);
}
