/* See bar.h. */
#include "ui/widget/bar.h"

#include <math.h>

#include "ui/term/sign.h"

static double unit(double v)
{
    return v > 1 ? 1 : v > 0 ? v : 0;
}

void bar_draw(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
              double share)
{
    if (g->ascii) {
        int inner = width - 2, full = (int)lround(unit(share) * inner);
        grid_cell(g, clip, y, x, STYLE(ROLE_DIM, 0), "[");
        for (int i = 0; i < inner; i++)
            grid_cell(g, clip, y, x + 1 + i, i < full ? s : STYLE(ROLE_DIM, 0),
                      i < full ? "#" : "-");
        grid_cell(g, clip, y, x + width - 1, STYLE(ROLE_DIM, 0), "]");
        return;
    }
    int eighths = (int)lround(unit(share) * width * 8);
    s.back = BACK_TRACK;
    for (int i = 0; i < width; i++) {
        int part = eighths - i * 8;
        grid_cell(g, clip, y, x + i, s,
                  part <= 0 ? " " : sign(part >= 8 ? SIGN_BAR8 : SIGN_BAR1 + part - 1));
    }
}

void progress_draw(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                   double share)
{
    if (g->ascii) {
        bar_draw(g, clip, y, x, width, s, share);
        return;
    }
    int halves = (int)lround(unit(share) * width * 2);
    for (int i = 0; i < width; i++) {
        int part = halves - i * 2;
        if (part >= 2)
            grid_cell(g, clip, y, x + i, s, sign(SIGN_DONE_LINE));
        else if (part == 1)
            grid_cell(g, clip, y, x + i, s, sign(SIGN_DONE_HALF));
        else
            grid_cell(g, clip, y, x + i, STYLE(ROLE_DIM, 0), sign(SIGN_HLINE));
    }
}

void spark_draw(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                const double *v, const unsigned char *bad, int n)
{
    double lo = INFINITY, hi = -INFINITY;
    int first = n > width ? n - width : 0;
    for (int i = first; i < n; i++) {
        if (!isfinite(v[i]) || (bad && bad[i]))
            continue;
        lo = fmin(lo, v[i]);
        hi = fmax(hi, v[i]);
    }
    for (int i = first; i < n; i++) {
        int col = x + width - (n - i);
        if (bad && bad[i]) {
            grid_cell(g, clip, y, col, STYLE(ROLE_BAD, 0), "!");
        } else if (isfinite(v[i])) {
            int level = hi > lo ? (int)lround((v[i] - lo) / (hi - lo) * 7) : 3;
            grid_cell(g, clip, y, col, s, sign(SIGN_SPARK1 + level));
        }
    }
}

void leaves_draw(struct grid *g, struct rect clip, int y, int x, double angle)
{
    if (!(angle >= .05)) {
        grid_cell(g, clip, y, x + 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_LEAF_SHUT));
        return;
    }
    int open = (int)((unit(angle) - .05) / .95 * 5);
    struct style s = STYLE(open < 4 ? ROLE_ACCENT : ROLE_GOOD, open % 2 ? ATTR_BOLD : 0);
    grid_cell(g, clip, y, x, s, sign(SIGN_LEAF_LEFT));
    grid_cell(g, clip, y, x + (open < 2 ? 1 : 2), s, sign(SIGN_LEAF_RIGHT));
}
