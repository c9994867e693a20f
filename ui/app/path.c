/* Paths in a field: what is there to complete them with, and `~` for the home directory. A text may
 * hold several, cut by commas; the last one is completed. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/visible.h"
#include "ui/app/app_int.h"
#include "ui/term/sign.h"

#define PATH_ROWS 10
#define LOOKED_MAX 20000 /* entries of a directory that are looked at */

static const char *last_path(const char *text)
{
    const char *comma = strrchr(text, ',');
    const char *p = comma ? comma + 1 : text;
    return p + strspn(p, " ");
}

static void add_home(char *out, size_t size, const char *p, size_t n)
{
    const char *home = getenv("HOME");
    size_t used = strlen(out);
    int tilde = n && p[0] == '~' && (n == 1 || p[1] == '/') && home && *home;
    snprintf(out + used, size - used, "%s%.*s", tilde ? home : "", (int)(n - (size_t)tilde),
             p + tilde);
}

void path_expand(const char *text, char *out, size_t size)
{
    out[0] = 0;
    for (const char *p = text;; p++) {
        size_t blank = strspn(p, " "), n = strcspn(p + blank, ",");
        add_home(out, size, p, blank);
        add_home(out, size, p + blank, n);
        p += blank + n;
        if (!*p)
            return;
        size_t used = strlen(out);
        snprintf(out + used, size - used, ",");
    }
}

int path_missing(const char *text, char *out, size_t size)
{
    char full[APP_FIELD], *save = NULL;
    struct stat st;
    path_expand(text, full, sizeof full);
    for (char *p = strtok_r(full, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        p += strspn(p, " ");
        if (*p && stat(p, &st)) {
            visible(out, size, p);
            return 1;
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct path_match *)a)->name, ((const struct path_match *)b)->name);
}

static int is_directory(const char *dir, const struct dirent *e)
{
    char path[APP_FIELD + 300];
    struct stat st;
    if (e->d_type != DT_UNKNOWN && e->d_type != DT_LNK)
        return e->d_type == DT_DIR;
    snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

int path_matches(const char *text, const char *end, struct path_match *out, int max)
{
    char dir[APP_FIELD] = "", *slash;
    const char *last = last_path(text), *name = strrchr(last, '/');
    struct dirent *e;
    int n = 0;
    name = name ? name + 1 : last;
    path_expand(last, dir, sizeof dir);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = 0; /* "/" stays */
    DIR *d = opendir(slash ? dir : ".");
    for (int k = 0; d && n < max && k < LOOKED_MAX && (e = readdir(d)); k++) {
        size_t len = strlen(e->d_name);
        if (strncmp(e->d_name, name, strlen(name)) || (e->d_name[0] == '.' && name[0] != '.') ||
            !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || len + 2 > sizeof out->name ||
            strchr(e->d_name, ','))
            continue;
        int into = is_directory(slash ? dir : ".", e);
        if (!into && !ends_in(e->d_name, end))
            continue;
        out[n].from = (size_t)(name - text);
        snprintf(out[n++].name, sizeof out->name, "%s%s", e->d_name, into ? "/" : "");
    }
    if (d)
        closedir(d);
    if (n)
        qsort(out, (size_t)n, sizeof *out, by_name);
    return n;
}

void path_take(struct field *f, int which)
{
    static struct path_match match[PATH_MATCHES];
    int n = path_matches(f->text, f->end, match, PATH_MATCHES);
    if (!n)
        return;
    const struct path_match *m = &match[which >= 0 && which < n ? which : 0];
    size_t same = strlen(m->name);
    for (int i = 0; i < n && which < 0; i++)
        while (strncmp(m->name, match[i].name, same))
            same--;
    if (m->from + same < sizeof f->text)
        snprintf(f->text + m->from, sizeof f->text - m->from, "%.*s", (int)same, m->name);
    f->caret = strlen(f->text);
    f->chosen = -1;
}

void path_move(struct field *f, int by)
{
    static struct path_match match[PATH_MATCHES];
    int n = path_matches(f->text, f->end, match, PATH_MATCHES), c = f->chosen + by;
    f->chosen = n ? (c < 0 ? n - 1 : c >= n ? 0 : c) : -1;
}

/* The directory that the list is of, whole: what the text names, or where the program was started. */
static void draw_directory(struct grid *g, struct rect row, const char *text, int n, int rows)
{
    char dir[APP_FIELD] = "", full[PATH_MAX + 64], line[PATH_MAX + 128], files[64] = "";
    path_expand(last_path(text), dir, sizeof dir);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = 0;
    if (!realpath(slash ? dir : ".", full))
        snprintf(full, sizeof full, "%s: there is no such directory", dir);
    if (n > rows)
        snprintf(files, sizeof files, " · %d of %d%s files", rows, n, n == PATH_MATCHES ? "+" : "");
    visible(line, sizeof line, full);
    snprintf(line + strlen(line), sizeof line - strlen(line), "%s", files);
    grid_fill(g, row, STYLE(ROLE_TEXT, 0), " ");
    int x = row.x + 2;
    x += grid_text(g, row, row.y, x, -1, STYLE(ROLE_DIM, 0), "in ");
    grid_middle(g, row, row.y, x, row.x + row.w - x - 1, STYLE(ROLE_TEXT, ATTR_BOLD), line);
}

void path_draw(struct app *a, struct grid *g, struct rect area)
{
    static struct path_match match[PATH_MATCHES];
    int n = path_matches(a->field.text, a->field.end, match, PATH_MATCHES);
    int rows = n < PATH_ROWS ? n : PATH_ROWS;
    rows = rows > area.h - 1 ? area.h - 1 : rows;
    if (rows < 0)
        return;
    draw_directory(g, (struct rect){ area.y + area.h - rows - 1, area.x, 1, area.w }, a->field.text, n, rows);
    int top = a->field.chosen >= rows ? a->field.chosen - rows + 1 : 0;
    for (int i = 0; i < rows; i++) {
        struct rect row = { area.y + area.h - rows + i, area.x, 1, area.w };
        const char *name = match[top + i].name;
        int on = top + i == a->field.chosen, dir = name[strlen(name) - 1] == '/';
        grid_fill(g, row, STYLE(ROLE_TEXT, 0), " ");
        if (on)
            grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        grid_middle(g, row, row.y, row.x + 2, row.w - 3, STYLE(dir ? ROLE_ACCENT : ROLE_TEXT, 0), name);
        if (on)
            grid_back(g, row, BACK_SELECTED);
    }
}
