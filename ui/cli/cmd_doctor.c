/* electroscope doctor: what this machine, terminal and workspace can do, and what will not work. */
#include <langinfo.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"
#include "db/query.h"
#include "db/store.h"
#include "experiments/host.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/math/math.h"
#include "ui/app/widths.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

#define SHOW(s) visible((char[1024]){0}, 1024, (s))

enum grade { OK, WARN, BAD };
struct doctor {
    int json, bad, warned;
    struct json_out j;
};
struct doctor_args {
    int json;
};

static void say(struct doctor *d, enum grade grade, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void say(struct doctor *d, enum grade grade, const char *what, const char *fmt, ...)
{
    static const char *const words[] = {"ok", "note", "bad"};
    char text[1600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->bad += grade == BAD;
    d->warned += grade == WARN;
    if (!d->json) {
        printf("%-5s %-14s %s\n", words[grade], what, text);
        return;
    }
    json_open(&d->j, NULL, '{');
    json_text(&d->j, "check", what);
    json_text(&d->j, "grade", words[grade]);
    json_text(&d->j, "text", text);
    json_close(&d->j, '}');
    json_end(&d->j);
}

static void machine(struct doctor *d)
{
    static const char *const sets[] = {"portable", "avx2", "avx512"};
    char cpu[128], list[128] = "";
    const struct math *best = math_select("auto", NULL);
    for (int i = 0; i < 3; i++) {
        struct err why = {0};
        if (math_select(sets[i], &why))
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "", sets[i]);
    }
    long pages = sysconf(_SC_PHYS_PAGES), free_pages = sysconf(_SC_AVPHYS_PAGES);
    double page = (double)sysconf(_SC_PAGESIZE);
    say(d, OK, "program", "electroscope %s, SQLite %s", PACKAGE_VERSION, store_sqlite_version());
    say(d, OK, "CPU", "%s, %ld cores", SHOW(math_cpu_name(cpu, sizeof cpu)),
        sysconf(_SC_NPROCESSORS_ONLN));
    say(d, best && strcmp(best->name, "portable") ? OK : WARN, "kernels", "%s (has: %s)",
        best ? best->name : "none", list);
    int knows = !best || !strcmp(best->name, "portable") || strcmp(math_blas_core(), "Prescott");
    say(d, OK, "OpenBLAS", "core %s%s", math_blas_core(),
        knows ? "" : ", its oldest: it does not know this CPU, but nothing here waits for it");
    say(d, OK, "memory", "%.1f GB, %.1f GB free", (double)pages * page / 1e9,
        (double)free_pages * page / 1e9);
}

/* Names of file systems that SQLite's WAL does not work over, by statfs magic. */
static const char *network_fs(const char *path)
{
    struct statfs s;
    if (statfs(path, &s))
        return NULL;
    switch ((unsigned long)s.f_type) {
    case 0x6969: return "NFS";
    case 0xFF534D42: case 0xFE534D42: case 0x517B: return "SMB";
    case 0x01021997: return "9p";
    case 0x0BD00BD0: return "Lustre";
    case 0x47504653: return "GPFS";
    case 0x00C36400: return "Ceph";
    default: return NULL;
    }
}

static void workspace(struct doctor *d, const struct cli *c)
{
    struct workspace w;
    struct err err = {0};
    if (cli_workspace(c, 0, &w, &err)) {
        say(d, BAD, "workspace", "%s", err.text);
        return;
    }
    if (!file_exists(w.dir)) {
        say(d, OK, "workspace", "%s (made by the first command that needs it)", SHOW(w.dir));
        return;
    }
    if (access(w.dir, W_OK))
        say(d, BAD, "workspace", "%s cannot be written", SHOW(w.dir));
    else
        say(d, OK, "workspace", "%s", SHOW(w.dir));
    const char *fs = network_fs(w.dir);
    if (fs)
        say(d, BAD, "file system", "%s: runs.db needs a local disk; set ELECTROSCOPE_WORKSPACE to one", fs);
    struct statvfs v;
    if (!statvfs(w.dir, &v)) {
        double room = (double)v.f_bavail * (double)v.f_frsize;
        say(d, room < 1e9 ? WARN : OK, "disk", "%.1f GB free", room / 1e9);
    }
    struct query *q = query_open(w.db, &err);
    if (q)
        say(d, OK, "run store", "%s opens", SHOW(w.db));
    else if (err.code == E_NOTFOUND)
        say(d, OK, "run store", "none yet");
    else
        say(d, BAD, "run store", "%s", err.text);
    query_close(q);
    say(d, OK, "host", "%s", host_alive(&w) ? "alive" : "none (started when a run is)");
}

/* Column of the cursor as the terminal reports it, or -1. */
static int cursor_column(void)
{
    char answer[32];
    int n = 0, row, column;
    if (write(STDOUT_FILENO, "\033[6n", 4) != 4)
        return -1;
    while (n < (int)sizeof answer - 1) {
        struct pollfd p = {STDIN_FILENO, POLLIN, 0};
        if (poll(&p, 1, 500) != 1 || read(STDIN_FILENO, answer + n, 1) != 1)
            return -1;
        if (answer[n++] == 'R')
            break;
    }
    answer[n] = 0;
    return sscanf(answer, "\033[%d;%dR", &row, &column) == 2 ? column : -1;
}

/* Signs of the screens whose width is ambiguous, one of each kind: how many columns this terminal
 * gives it. The workbench remembers. */
static void sign_widths(struct doctor *d)
{
    struct termios before, raw;
    char wide[64] = "", kinds[32] = "";
    int unknown = 0;
    if (d->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before))
        return;
    fflush(stdout);
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    for (const char *k = widths_kinds(); *k && !unknown; k++) {
        const char *sample = widths_sample(*k);
        ssize_t n = write(STDOUT_FILENO, "\r", 1);
        n += write(STDOUT_FILENO, sample, strlen(sample));
        int column = n > 1 ? cursor_column() : -1;
        unknown = column < 0;
        if (column <= 2)
            continue;
        snprintf(wide + strlen(wide), sizeof wide - strlen(wide), "%s", sample);
        snprintf(kinds + strlen(kinds), sizeof kinds - strlen(kinds), "%c", *k);
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    fputs("\r    \r", stdout);
    if (unknown) {
        say(d, WARN, "signs", "the terminal does not report its cursor: widths not tested");
        return;
    }
    widths_remember(kinds);
    if (*wide)
        say(d, WARN, "signs", "two columns wide here: %s; the workbench draws their kinds in ASCII", wide);
    else
        say(d, OK, "signs", "one column each");
}

static void terminal(struct doctor *d)
{
    const char *codeset = nl_langinfo(CODESET), *term = getenv("TERM");
    int utf8 = !strcmp(codeset, "UTF-8");
    say(d, utf8 ? OK : WARN, "locale", "%s%s", SHOW(codeset),
        utf8 ? "" : ": ASCII signs are used; set LANG=C.UTF-8 for better ones");
    if (!isatty(STDOUT_FILENO)) {
        say(d, OK, "terminal", "none: use --headless, `watch --plain` and the commands that print");
        return;
    }
    struct winsize size = {0};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    int dumb = !term || !*term || !strcmp(term, "dumb");
    say(d, dumb ? WARN : size.ws_col < 80 || size.ws_row < 24 ? WARN : OK, "terminal",
        "TERM=%s, %d x %d%s", dumb ? "dumb" : SHOW(term), size.ws_col, size.ws_row,
        dumb ? ": no workbench here, use `watch --plain`"
        : size.ws_col < 80 || size.ws_row < 24 ? ": the workbench is made for 80 x 24 and more" : "");
    say(d, OK, "colour", "%s", getenv("NO_COLOR") && *getenv("NO_COLOR") ? "off (NO_COLOR)" : "as TERM says");
    if (!dumb)
        sign_widths(d);
}

static int run(struct cli *c, struct err *err)
{
    const struct doctor_args *a = c->own;
    struct doctor d = {.json = a->json, .j = {.f = stdout}};
    machine(&d);
    workspace(&d, c);
    terminal(&d);
    if (!d.bad)
        return 0;
    return err_set(err, E_FAIL, "%d of the checks above failed", d.bad);
}

static const struct option_row options[] = {
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct doctor_args, json),
     .help = "one JSON object a check"},
    {.name = NULL},
};

const struct command cmd_doctor = {.options = options, .own_size = sizeof(struct doctor_args), .run = run};
