/* Uses a terminal program as a person does: types keys, looks at the screen. Standard input holds
 * the steps, a line each:
 *   wait TEXT      until TEXT is on the screen (180 s at most)
 *   store V FILE Q until the query Q gives V in the store FILE
 *   count N TEXT   until TEXT is there N times
 *   absent TEXT    TEXT is not there
 *   key K K...     Enter Esc Tab Up Down Left Right F5 F9 C-u, or the characters themselves
 *   type TEXT      as it stands
 *   end            until the program has ended, with 0
 * usage: typist WxH PROGRAM ARGUMENTS...
 *        typist --sql FILE QUERY    prints rows, columns by commas
 * Exit status 0, or 1 after the screen was printed. */
#define _GNU_SOURCE
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define ROWS 100
#define COLS 300
#define PATIENCE 180.0 /* a loaded machine is slow, not wrong */

static struct {
    char cell[ROWS][COLS][8];
    int h, w, y, x, wrap;      /* wrap: the next character begins a line */
    int top, bottom;           /* rows that scroll */
    char last[8];
    char part[64];             /* an escape sequence or a character under way */
    size_t n;
} s;
static int master;
static pid_t child;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void erase(int y, int x0, int x1)
{
    for (int x = x0; x < x1 && x < s.w; x++)
        strcpy(s.cell[y][x], " ");
}

static void move(int y, int x)
{
    s.y = y < 0 ? 0 : y >= s.h ? s.h - 1 : y;
    s.x = x < 0 ? 0 : x >= s.w ? s.w - 1 : x;
    s.wrap = 0;
}

/* Moves rows y to the end of the region down (by > 0) or up. */
static void shift_lines(int y, int by)
{
    for (int k = by < 0 ? y : s.bottom; by < 0 ? k <= s.bottom : k >= y; k += by < 0 ? 1 : -1) {
        int from = k - by;
        if (from >= y && from <= s.bottom)
            memcpy(s.cell[k], s.cell[from], sizeof s.cell[k]);
        else
            erase(k, 0, s.w);
    }
}

static void line_feed(void)
{
    if (s.y == s.bottom)
        shift_lines(s.top, -1);
    else
        move(s.y + 1, s.x);
}

static void put(const char *c)
{
    wchar_t wide = L' ';
    mbtowc(&wide, c, strlen(c));
    int cols = wcwidth(wide);
    if (cols <= 0)
        return;
    if (s.wrap || s.x + cols > s.w) {
        move(s.y, 0);
        line_feed();
    }
    strcpy(s.cell[s.y][s.x], c);
    strcpy(s.last, c);
    if (cols == 2)
        strcpy(s.cell[s.y][s.x + 1], "");
    s.wrap = s.x + cols >= s.w;
    s.x = s.wrap ? s.w - 1 : s.x + cols;
}

/* Moves the rest of the row by `by` cells from the cursor on. */
static void shift(int by)
{
    for (int k = by < 0 ? s.x : s.w - 1; by < 0 ? k < s.w : k >= s.x; k += by < 0 ? 1 : -1) {
        int from = k - by;
        strcpy(s.cell[s.y][k], from >= s.x && from < s.w ? s.cell[s.y][from] : " ");
    }
}

static void csi(const char *p, char final)
{
    int a = 0, b = 0, fields = sscanf(p, "%d;%d", &a, &b), one = fields > 0 && a > 0 ? a : 1;
    if (*p == '?' || *p == '>')
        return;
    switch (final) {
    case 'H': case 'f': move(one - 1, fields > 1 && b > 0 ? b - 1 : 0); break;
    case 'G': move(s.y, one - 1); break;
    case 'd': move(one - 1, s.x); break;
    case 'A': move(s.y - one, s.x); break;
    case 'B': move(s.y + one, s.x); break;
    case 'C': move(s.y, s.x + one); break;
    case 'D': move(s.y, s.x - one); break;
    case 'X': erase(s.y, s.x, s.x + one); break;
    case 'K': erase(s.y, a == 0 ? s.x : 0, a == 1 ? s.x + 1 : s.w); break;
    case 'J':
        erase(s.y, a == 0 ? s.x : 0, a == 1 ? s.x + 1 : s.w);
        for (int y = 0; y < s.h; y++)
            if (a == 2 || (a == 0 ? y > s.y : y < s.y))
                erase(y, 0, s.w);
        break;
    case 'P': shift(-one); break;
    case '@': shift(one); break;
    case 'L': shift_lines(s.y, one); break;
    case 'M': shift_lines(s.y, -one); break;
    case 'r':
        s.top = fields > 0 ? one - 1 : 0;
        s.bottom = fields > 1 && b > 0 && b <= s.h ? b - 1 : s.h - 1;
        move(0, 0);
        break;
    case 'b':
        for (char c[8]; one-- > 0;)
            put(strcpy(c, s.last));
        break;
    default: break;
    }
}

/* 1: s.part is whole. */
static int escape(unsigned char c)
{
    char kind = s.part[1];
    if (s.n == 2 && kind == 'M') { /* a line up */
        if (s.y == s.top)
            shift_lines(s.top, 1);
        else
            move(s.y - 1, s.x);
    }
    if (s.n == 2)
        return !strchr("[](", kind) && kind != ')';
    if (kind == ']')
        return c == 7 || (c == '\\' && s.part[s.n - 2] == 27);
    if (kind != '[')
        return 1;
    if (c < 0x40 || c > 0x7E)
        return 0;
    s.part[s.n - 1] = 0;
    csi(s.part + 2, (char)c);
    return 1;
}

static void take(unsigned char c)
{
    if (s.n + 2 >= sizeof s.part)
        s.n = s.part[1] == ']' ? 2 : 0; /* a long title */
    s.part[s.n++] = (char)c;
    s.part[s.n] = 0;
    unsigned char lead = (unsigned char)s.part[0];
    if (lead == 27) {
        if (s.n > 1 && escape(c))
            s.n = 0;
        return;
    }
    if (lead >= 0xC0 && s.n < (lead >= 0xF0 ? 4u : lead >= 0xE0 ? 3u : 2u))
        return;
    s.n = 0;
    if (c == '\r')
        move(s.y, 0);
    else if (c == '\n')
        line_feed();
    else if (c == '\t')
        move(s.y, (s.x / 8 + 1) * 8);
    else if (c == 8)
        move(s.y, s.x - 1);
    else if (lead >= 0x20)
        put(s.part);
}

/* Reads what comes within `seconds`. 0, or -1 at the program's end. */
static int look(double seconds)
{
    unsigned char bytes[4096];
    struct pollfd p = { master, POLLIN, 0 };
    if (poll(&p, 1, (int)(seconds * 1000)) <= 0)
        return 0;
    ssize_t n = read(master, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        take(bytes[i]);
    return n > 0 ? 0 : -1;
}

static char *row_text(int y)
{
    static char text[COLS * 8];
    size_t n = 0;
    for (int x = 0; x < s.w; x++)
        n += (size_t)sprintf(text + n, "%s", s.cell[y][x]);
    return text;
}

static int times(const char *what)
{
    int n = 0;
    for (int y = 0; y < s.h; y++)
        for (const char *p = row_text(y); (p = strstr(p, what)); p += strlen(what))
            n++;
    return n;
}

static int fail(const char *why, const char *what)
{
    fprintf(stderr, "typist: %s: %s\n", why, what);
    for (int y = 0; y < s.h; y++)
        fprintf(stderr, "|%s|\n", row_text(y));
    kill(child, SIGTERM);
    return 1;
}

static void press(const char *key)
{
    static const struct { const char *name, *bytes; } keys[] = {
        { "Enter", "\r" }, { "Esc", "\33" }, { "Tab", "\t" }, { "Space", " " }, { "Up", "\33[A" },
        { "Down", "\33[B" }, { "Right", "\33[C" }, { "Left", "\33[D" }, { "F5", "\33[15~" },
        { "F9", "\33[20~" }, { "C-u", "\25" },
    };
    const char *bytes = key;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!strcmp(keys[i].name, key))
            bytes = keys[i].bytes;
    if (write(master, bytes, strlen(bytes)) < 0)
        perror("typist");
    for (double t = now() + .1; now() < t;)
        look(.05);
}

static int wait_for(const char *what, int n)
{
    double end = now() + PATIENCE;
    int gone = 0;
    while (times(what) < n && now() < end && !gone)
        gone = look(.1) < 0;
    return times(what) < n ? fail("this did not come", what) : 0;
}

static int first_value(void *ud, int n, char **value, char **name)
{
    (void)name;
    snprintf(ud, 200, "%s", n && value[0] ? value[0] : "");
    return 0;
}

/* "VALUE FILE QUERY" */
static int wait_for_store(char *what)
{
    char *file = what + strcspn(what, " "), *query, got[200] = "";
    *file++ = 0;
    query = file + strcspn(file, " ");
    *query++ = 0;
    for (double end = now() + PATIENCE; now() < end;) {
        sqlite3 *db;
        got[0] = 0;
        if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
            sqlite3_exec(db, query, first_value, got, NULL);
        sqlite3_close(db);
        if (!strcmp(got, what))
            return 0;
        if (look(.1) < 0)
            break;
    }
    fprintf(stderr, "typist: the store has %s\n", got);
    return fail("this did not come in the store", what);
}

static int step(char *line)
{
    char *rest = line + strcspn(line, " "), *save = NULL;
    int n;
    if (*rest)
        *rest++ = 0;
    if (!strcmp(line, "wait"))
        return wait_for(rest, 1);
    if (!strcmp(line, "store"))
        return wait_for_store(rest);
    if (!strcmp(line, "count")) {
        n = (int)strtol(rest, &rest, 10);
        return wait_for(rest + 1, n);
    }
    if (!strcmp(line, "absent"))
        return times(rest) ? fail("this should not be there", rest) : 0;
    if (!strcmp(line, "type"))
        press(rest);
    else if (!strcmp(line, "key"))
        for (char *k = strtok_r(rest, " ", &save); k; k = strtok_r(NULL, " ", &save))
            press(k);
    else if (!strcmp(line, "end")) {
        for (double end = now() + PATIENCE; now() < end && look(.1) == 0;)
            ;
        if (waitpid(child, &n, 0) != child || !WIFEXITED(n) || WEXITSTATUS(n))
            return fail("it did not end well", line);
        child = 0;
    } else
        return fail("no such step", line);
    return 0;
}

static int print_row(void *ud, int n, char **value, char **name)
{
    (void)ud;
    (void)name;
    for (int i = 0; i < n; i++)
        printf("%s%s", i ? "," : "", value[i] ? value[i] : "");
    putchar('\n');
    return 0;
}

static int sql(const char *file, const char *query)
{
    sqlite3 *db;
    char *why = NULL;
    int rc = sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL);
    if (!rc)
        rc = sqlite3_exec(db, query, print_row, NULL, &why);
    if (rc)
        fprintf(stderr, "typist: %s: %s\n", query, why ? why : "cannot open");
    sqlite3_close(db);
    return rc != 0;
}

int main(int argc, char **argv)
{
    char line[2000];
    int bad = 0;
    if (argc == 4 && !strcmp(argv[1], "--sql"))
        return sql(argv[2], argv[3]);
    if (argc < 3 || sscanf(argv[1], "%dx%d", &s.w, &s.h) != 2 || s.w > COLS || s.h > ROWS || s.w < 2 ||
        s.h < 2 || !setlocale(LC_ALL, "C.UTF-8"))
        return 2;
    s.bottom = s.h - 1;
    for (int y = 0; y < s.h; y++)
        erase(y, 0, s.w);
    struct winsize size = { .ws_row = (unsigned short)s.h, .ws_col = (unsigned short)s.w };
    child = forkpty(&master, NULL, NULL, &size);
    if (!child) {
        setenv("TERM", "xterm", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    while (!bad && child > 0 && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (*line && *line != '#')
            bad = step(line);
    }
    if (child > 0)
        kill(child, SIGTERM);
    return bad;
}
