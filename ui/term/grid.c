/* See grid.h. A text is first made visible, then composed (NFC), then walked cluster by cluster;
 * a cluster is placed whole or not at all. A cell holds one character that takes columns and the
 * marks on it, because that is what a terminal's cell holds; a cluster of several such characters
 * takes several cells.
 *
 * Letters of the style dump: a background wins (selected 's', heat '1'-'4', band 'v', track 't'),
 * else the role: text '.', dim 'd', accent 'a', good 'g', warn 'w', bad 'b', series 'm'-'r'. Bold
 * is the capital ('.' becomes 'T'), underlined text '_', reversed '%'. */
#include "ui/term/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "ui/term/jamo.h"
#include "ui/term/sign.h"

#define GRID_MAX 4096 /* rows and columns: more than any terminal has */

int grid_resize(struct grid *g, int h, int w)
{
    h = h < 0 ? 0 : h > GRID_MAX ? GRID_MAX : h;
    w = w < 0 ? 0 : w > GRID_MAX ? GRID_MAX : w;
    if (h * w > g->cells_cap) {
        struct cell *cells = realloc(g->cells, (size_t)h * (size_t)w * sizeof *cells);
        if (!cells)
            return E_NOMEM;
        g->cells = cells;
        g->cells_cap = h * w;
    }
    g->h = h;
    g->w = w;
    grid_clear(g);
    return 0;
}

void grid_free(struct grid *g)
{
    free(g->cells);
    memset(g, 0, sizeof *g);
}

void grid_clear(struct grid *g)
{
    for (int i = 0; i < g->h * g->w; i++) {
        memset(&g->cells[i], 0, sizeof g->cells[i]);
        g->cells[i].text[0] = ' ';
    }
    g->cursor_y = g->cursor_x = -1;
}

static struct rect clip_to_grid(const struct grid *g, struct rect r)
{
    int y1 = r.y + r.h, x1 = r.x + r.w;
    r.y = r.y < 0 ? 0 : r.y;
    r.x = r.x < 0 ? 0 : r.x;
    y1 = y1 > g->h ? g->h : y1;
    x1 = x1 > g->w ? g->w : x1;
    r.h = y1 > r.y ? y1 - r.y : 0;
    r.w = x1 > r.x ? x1 - r.x : 0;
    return r;
}

static struct cell *at(const struct grid *g, int y, int x)
{
    return &g->cells[y * g->w + x];
}

/* A wide character that loses one of its halves becomes a space. */
static void unhook(struct grid *g, int y, int x)
{
    if (!at(g, y, x)->text[0] && x > 0)
        strcpy(at(g, y, x - 1)->text, " ");
    if (x + 1 < g->w && !at(g, y, x + 1)->text[0])
        strcpy(at(g, y, x + 1)->text, " ");
}

/* Places one character of `cols` columns (1 or 2) whose cell lies in [x0,x1). */
static void put(struct grid *g, int y, int x, int x0, int x1, struct style s, const char *text,
                int cols)
{
    if (x + cols <= x0 || x >= x1)
        return;
    if (cols == 2 && (x < x0 || x + 2 > x1)) {
        text = " ";
        x = x < x0 ? x0 : x;
        cols = 1;
    }
    struct cell *c = at(g, y, x);
    unhook(g, y, x);
    if (cols == 2)
        unhook(g, y, x + 1);
    const char *fold = g->ascii || sign_is_wide(text) ? sign_fold(text) : NULL;
    str_copy(c->text, sizeof c->text, fold ? fold : text);
    c->style = s;
    if (cols == 2) {
        c[1].text[0] = 0;
        c[1].style = s;
    }
}

/* The visible, composed form of a text; lives in `small` when short enough. */
struct shown {
    char small[512];
    char *text, *big;
};

static int is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7E)
            return 0;
    return 1;
}

static void show(struct shown *sh, const char *utf8)
{
    size_t n = strlen(utf8), need = n * 5 + 8;
    sh->big = NULL;
    sh->text = sh->small;
    if (n < sizeof sh->small && is_plain(utf8, n)) {
        memcpy(sh->small, utf8, n + 1);
        return;
    }
    char *v = need <= sizeof sh->small ? sh->small : (sh->big = malloc(need));
    if (!v) {
        strcpy(sh->small, "");
        return;
    }
    sh->text = visible(v, need <= sizeof sh->small ? sizeof sh->small : need, utf8);
    utf8proc_uint8_t *nfc = NULL;
    if (is_plain(v, strlen(v)) ||
        utf8proc_map((const utf8proc_uint8_t *)v, 0, &nfc,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE) < 0)
        return;
    free(sh->big);
    sh->text = sh->big = (char *)nfc;
    jamo_stand_alone(sh->text);
}

static void show_free(struct shown *sh)
{
    free(sh->big);
}

/* Terminals and ncurses use the C library's widths; where the locale does not know a character
 * (LC_ALL=C) Unicode's are the best guess. */
static int columns_of(uint32_t cp)
{
    if (cp < 0x7F)
        return 1;
    int w = wcwidth((wchar_t)cp);
    if (w < 0)
        w = utf8proc_charwidth((utf8proc_int32_t)cp);
    return w < 0 ? 0 : w > 2 ? 2 : w;
}

/* One cluster: bytes [s, s+len), `cols` columns. Returns its length, 0 at the end. */
static int cluster(const char *s, int *cols)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = strlen(s), len;
    uint32_t cp, next;
    *cols = 0;
    if (!n)
        return 0;
    if (u[0] < 0x7F && u[1] < 0x7F) {
        *cols = 1;
        return 1;
    }
    len = (size_t)utf8_decode(u, n, &cp);
    if (!len) {
        *cols = 1;
        return 1;
    }
    *cols = columns_of(cp);
    utf8proc_int32_t state = 0;
    while (len < n) {
        int m = utf8_decode(u + len, n - len, &next);
        if (!m || utf8proc_grapheme_break_stateful((utf8proc_int32_t)cp,
                                                   (utf8proc_int32_t)next, &state))
            break;
        *cols += columns_of(next);
        len += (size_t)m;
        cp = next;
    }
    if (!*cols)
        *cols = 1; /* a mark without a base stands on a space */
    return (int)len;
}

/* Puts a cluster at column x, a cell for each character that takes columns. */
static void put_cluster(struct grid *g, int y, int x, int x0, int x1, struct style s,
                        const char *text, int len)
{
    char cell[CELL_BYTES] = "";
    int used = 0, cols = 0;
    for (int i = 0; i < len;) {
        uint32_t cp;
        int m = utf8_decode((const unsigned char *)text + i, (size_t)(len - i), &cp);
        int w = m ? columns_of(cp) : 1;
        if (w && cols) {
            put(g, y, x, x0, x1, s, cell, cols);
            x += cols;
            used = cols = 0;
        }
        if (!w && !used) {
            cell[used++] = ' ';
            cols = 1;
        }
        if (w)
            cols = w;
        m = m ? m : 1;
        if (used + m < CELL_BYTES) {
            memcpy(cell + used, text + i, (size_t)m);
            used += m;
            cell[used] = 0;
        }
        i += m;
    }
    if (used)
        put(g, y, x, x0, x1, s, cell, cols);
}

int text_columns(const char *utf8)
{
    struct shown sh;
    show(&sh, utf8);
    int total = 0, cols, len;
    for (const char *p = sh.text; (len = cluster(p, &cols)) > 0; p += len)
        total += cols;
    show_free(&sh);
    return total;
}

/* Writes the shown text p until `width` columns are used; returns the columns. */
static int write_shown(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                       const char *p)
{
    int used = 0, cols, len;
    int in = y >= clip.y && y < clip.y + clip.h;
    for (; (len = cluster(p, &cols)) > 0; p += len) {
        if (used + cols > width) {
            if (in && used < width)
                put(g, y, x + used, clip.x, clip.x + clip.w, s, " ", 1);
            break;
        }
        if (in)
            put_cluster(g, y, x + used, clip.x, clip.x + clip.w, s, p, len);
        used += cols;
    }
    return used;
}

int grid_text(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
              const char *utf8)
{
    struct shown sh;
    clip = clip_to_grid(g, clip);
    int room = clip.x + clip.w - x;
    if (width < 0 || width > room)
        width = room;
    if (width <= 0)
        return 0;
    show(&sh, utf8);
    int used = write_shown(g, clip, y, x, width, s, sh.text);
    show_free(&sh);
    return used;
}

int grid_textf(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
               const char *fmt, ...)
{
    char small[512], *text = small;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof small && (text = malloc((size_t)n + 1))) {
        va_start(ap, fmt);
        vsnprintf(text, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    int used = grid_text(g, clip, y, x, width, s, text ? text : small);
    if (text != small)
        free(text);
    return used;
}

int grid_right(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
               const char *utf8)
{
    int cols = text_columns(utf8);
    if (cols >= width)
        return grid_text(g, clip, y, x, width, s, utf8);
    grid_text(g, clip, y, x + width - cols, cols, s, utf8);
    return width;
}

int grid_end(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
             const char *utf8)
{
    int room = clip.x + clip.w - x;
    width = width < 0 || width > room ? room : width;
    if (width < 3 || text_columns(utf8) <= width)
        return grid_text(g, clip, y, x, width, s, utf8);
    int used = grid_text(g, clip, y, x, width - 1, s, utf8);
    grid_cell(g, clip, y, x + used, s, sign(SIGN_ELLIPSIS));
    return used + 1;
}

int grid_middle(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                const char *utf8)
{
    int cols = text_columns(utf8), len, c;
    if (cols <= width || width < 3)
        return grid_text(g, clip, y, x, width, s, utf8);
    struct shown sh;
    clip = clip_to_grid(g, clip);
    show(&sh, utf8);
    int tail = (width - 1) / 2, head = width - 1 - tail, used = 0;
    const char *p = sh.text;
    for (; (len = cluster(p, &c)) > 0 && used + c <= head; p += len) {
        if (y >= clip.y && y < clip.y + clip.h)
            put_cluster(g, y, x + used, clip.x, clip.x + clip.w, s, p, len);
        used += c;
    }
    if (y >= clip.y && y < clip.y + clip.h)
        put(g, y, x + used, clip.x, clip.x + clip.w, s, sign(SIGN_ELLIPSIS), 1);
    int left = cols - used;
    for (; (len = cluster(p, &c)) > 0 && left > width - used - 1; p += len)
        left -= c;
    used += 1 + write_shown(g, clip, y, x + used + 1, width - used - 1, s, p);
    show_free(&sh);
    return used;
}

void grid_fill(struct grid *g, struct rect r, struct style s, const char *utf8)
{
    r = clip_to_grid(g, r);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            put(g, y, x, r.x, r.x + r.w, s, utf8, 1);
}

void grid_back(struct grid *g, struct rect r, uint8_t back)
{
    r = clip_to_grid(g, r);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            at(g, y, x)->style.back = back;
}

void grid_cell(struct grid *g, struct rect clip, int y, int x, struct style s, const char *utf8)
{
    clip = clip_to_grid(g, clip);
    if (y >= clip.y && y < clip.y + clip.h)
        put(g, y, x, clip.x, clip.x + clip.w, s, utf8, 1);
}

static char style_letter(struct style s)
{
    static const char role[] = ".dagwbmnopqr", back[] = "\0sv1234t";
    char c = s.back < BACK_COUNT && back[s.back] ? back[s.back]
             : s.role < ROLE_COUNT ? role[s.role] : '?';
    if (s.attr & ATTR_REVERSE)
        return '%';
    if (c == '.' && s.attr & ATTR_UNDERLINE)
        return '_';
    if (s.attr & ATTR_BOLD)
        c = c == '.' ? 'T' : c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    return c;
}

char *grid_dump(const struct grid *g, char **styles)
{
    size_t cells = (size_t)g->h * (size_t)g->w, rows = (size_t)g->h;
    char *text = malloc(cells * CELL_BYTES + rows + 1), *t = text;
    char *style = malloc(cells + rows + 1), *s = style;
    if (!text || !style) {
        free(text);
        free(style);
        return NULL;
    }
    for (int y = 0; y < g->h; y++) {
        for (int x = 0; x < g->w; x++) {
            const struct cell *c = at(g, y, x);
            t += strlen(strcpy(t, c->text));
            *s++ = style_letter(c->style);
        }
        *t++ = '\n';
        *s++ = '\n';
    }
    *t = *s = 0;
    if (styles)
        *styles = style;
    else
        free(style);
    return text;
}
