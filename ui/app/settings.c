/* See settings.h. */
#include "ui/app/settings.h"

#include <fcntl.h>
#include <ini.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/visible.h"
#include "ui/term/theme.h"

static const struct { const char *name, *choices; size_t at; } rows[] = {
#define S(name, choices, preset, help) { #name, choices, offsetof(struct settings, name) },
#include "ui/app/setting.def"
#undef S
};
#define ROWS ((int)(sizeof rows / sizeof rows[0]))

/* The number of a word among "a|b|c"; -1: it is none of them. */
static int choice(const char *choices, const char *value)
{
    size_t n = strlen(value);
    for (int i = 0; *choices; i++) {
        size_t len = strcspn(choices, "|");
        if (len == n && !strncmp(choices, value, n))
            return i;
        choices += len + (choices[len] == '|');
    }
    return -1;
}

static int fail(struct settings *s, const char *name, const char *what, const char *choices)
{
    char shown[96];
    if (!s->error[0])
        snprintf(s->error, sizeof s->error, "%s %s%s", visible(shown, sizeof shown, name), what, choices);
    return 0;
}

/* Above the first section stands what is meant for [workbench] as well. */
static int handler(void *user, const char *section, const char *name, const char *value)
{
    struct settings *s = user;
    int row = 0;
    if (*section && strcmp(section, "workbench"))
        return 1; /* somebody else's */
    while (row < ROWS && strcmp(name, rows[row].name))
        row++;
    if (row == ROWS)
        return fail(s, name, "is no setting", "");
    if (!*rows[row].choices)
        return snprintf(s->on_event, sizeof s->on_event, "%s", value) < (int)sizeof s->on_event ||
               fail(s, name, "is too long", "");
    int v = choice(rows[row].choices, value);
    if (v < 0)
        return fail(s, name, "is one of ", rows[row].choices);
    if (!strcmp(name, "theme"))
        v = theme_find(value);
    memcpy((char *)s + rows[row].at, &v, sizeof v);
    return 1;
}

void settings_read(struct settings *s)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    memset(s, 0, sizeof *s);
    s->theme = -1;
    s->color = s->mouse = s->title = s->bell = 1;
    if (base && base[0] == '/')
        snprintf(s->path, sizeof s->path, "%s/electroscope/config", base);
    else if (home && *home)
        snprintf(s->path, sizeof s->path, "%s/.config/electroscope/config", home);
    else
        return;
    int line = ini_parse(s->path, handler, s);
    if (line <= 0)
        return; /* no file: no settings */
    char why[128];
    snprintf(why, sizeof why, "%.127s", s->error[0] ? s->error : "not an INI line");
    snprintf(s->error, sizeof s->error, "config line %d: %s", line, why);
}

void settings_run_event(const struct settings *s, const char *run, const char *state)
{
    if (!s->on_event[0])
        return;
    pid_t pid = fork();
    if (pid < 0)
        return;
    if (pid > 0) {
        waitpid(pid, NULL, 0); /* of the middle process, which ends at once */
        return;
    }
    if (fork())
        _exit(0);
    setsid();
    char name[1024]; /* the command may show it on a terminal */
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    signal(SIGPIPE, SIG_DFL); /* ignored here, which a program would inherit */
    setenv("ELECTROSCOPE_RUN", visible(name, sizeof name, run), 1);
    setenv("ELECTROSCOPE_STATE", state, 1);
    execl("/bin/sh", "sh", "-c", s->on_event, (char *)NULL);
    _exit(127);
}
