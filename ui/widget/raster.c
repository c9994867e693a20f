#include "ui/widget/raster.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"

static const uint8_t BIT[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

int raster_init(struct raster *r, int h, int w)
{
    *r = (struct raster){h, w, calloc((size_t)h * (size_t)w, 1)};
    return r->dots ? 0 : E_NOMEM;
}

void raster_free(struct raster *r)
{
    free(r->dots);
    r->dots = NULL;
}

void raster_clear(struct raster *r) { memset(r->dots, 0, (size_t)r->h * (size_t)r->w); }

void raster_dot(struct raster *r, int x, int y)
{
    if (x < 0 || y < 0 || x >= 2 * r->w || y >= 4 * r->h) return;
    r->dots[y / 4 * r->w + x / 2] |= BIT[x & 1][y & 3];
}

void raster_stroke(struct raster *r, int x, int y0, int y1)
{
    if (y0 > y1) {
        int t = y0;
        y0 = y1, y1 = t;
    }
    int last = 4 * r->h - 1;
    if (y1 < 0) y0 = y1 = 0;
    if (y0 > last) y0 = y1 = last;
    if (y0 < 0) y0 = 0;
    if (y1 > last) y1 = last;
    for (int y = y0; y <= y1; y++) raster_dot(r, x, y);
}

void raster_join(struct raster *r, int x0, int y0, int x1, int y1)
{
    int dx = x1 - x0;
    if (dx <= 0) {
        raster_stroke(r, x0, y0, y1);
        return;
    }
    /* Column i covers the line from i - 1/2 to i + 1/2, so that neighbours meet. */
    for (int i = 0; i <= dx; i++) {
        double a = i == 0 ? 0 : i - 0.5, b = i == dx ? dx : i + 0.5;
        double ya = y0 + (y1 - y0) * a / dx, yb = y0 + (y1 - y0) * b / dx;
        int ia = (int)(ya < 0 ? ya - 0.5 : ya + 0.5), ib = (int)(yb < 0 ? yb - 0.5 : yb + 0.5);
        /* The half step is shared: the later column starts one dot further. */
        if (i > 0 && ib > ia) ia++;
        if (i > 0 && ib < ia) ia--;
        raster_stroke(r, x0 + i, ia, ib);
    }
}

void raster_dotted(struct raster *r, int x0, int y0, int x1, int y1)
{
    int dx = x1 - x0, dy = abs(y1 - y0), n = dx > dy ? dx : dy;
    for (int i = 3; i < n; i += 3)
        raster_dot(r, x0 + (dx * i + n / 2) / n, y0 + (y1 - y0) * i / n);
}

static const char *ascii_char(uint8_t dots)
{
    int left = 0, right = 0, top = 4, bottom = -1;
    int side_row[2] = {-1, -1};
    for (int x = 0; x < 2; x++)
        for (int y = 0; y < 4; y++)
            if (dots & BIT[x][y]) {
                if (x) right++;
                else left++;
                if (y < top) top = y;
                if (y > bottom) bottom = y;
                if (side_row[x] < 0 || (x == 0 && y > side_row[x])) side_row[x] = y;
            }
    if (bottom < 0) return " ";
    if (left && right && bottom - top >= 2)
        return side_row[0] > side_row[1] ? "/" : "\\";
    if (bottom - top >= 2) return "|";
    return top == 0 ? "'" : bottom == 3 ? "_" : "-";
}

const char *raster_char(uint8_t dots, int ascii, char out[4])
{
    if (ascii) return ascii_char(dots);
    out[0] = (char)0xE2;
    out[1] = (char)(0xA0 | (dots >> 6));
    out[2] = (char)(0x80 | (dots & 0x3F));
    out[3] = 0;
    return out;
}
