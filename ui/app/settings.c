/* See settings.h. */
#include "ui/app/settings.h"

#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/visible.h"
#include "ui/term/theme.h"

static int word(const char *value, const char *const *words, int *out)
{
    for (int i = 0; words[i]; i++) {
        if (!strcmp(value, words[i])) {
            *out = i;
            return 1;
        }
    }
    return 0;
}

static int handler(void *user, const char *section, const char *name, const char *value)
{
    static const char *const yes[] = { "no", "yes", NULL };
    static const char *const colors[] = { "never", "auto", "always", NULL };
    struct settings *s = user;
    char shown[96];
    if (strcmp(section, "workbench"))
        return 1; /* somebody else's */
    int known = 1, ok = 0;
    if (!strcmp(name, "theme"))
        ok = (s->theme = theme_find(value)) >= 0;
    else if (!strcmp(name, "color"))
        ok = word(value, colors, &s->color);
    else if (!strcmp(name, "ascii"))
        ok = word(value, yes, &s->ascii);
    else if (!strcmp(name, "mouse"))
        ok = word(value, yes, &s->mouse);
    else if (!strcmp(name, "title"))
        ok = word(value, yes, &s->title);
    else if (!strcmp(name, "bell"))
        ok = word(value, yes, &s->bell);
    else if (!strcmp(name, "on_event"))
        ok = snprintf(s->on_event, sizeof s->on_event, "%s", value) < (int)sizeof s->on_event;
    else
        known = 0;
    if (!ok && !s->error[0])
        snprintf(s->error, sizeof s->error, known ? "%s has a value it does not know"
                                                  : "%s is no setting",
                 visible(shown, sizeof shown, name));
    return ok;
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
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    setenv("ELECTROSCOPE_RUN", run, 1);
    setenv("ELECTROSCOPE_STATE", state, 1);
    execl("/bin/sh", "sh", "-c", s->on_event, (char *)NULL);
    _exit(127);
}
