/* See widths.h. A terminal is $TERM and $TERM_PROGRAM; a line is "TERM PROGRAM<TAB>kinds". */
#include "ui/app/widths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/str.h"
#include "ui/app/settings.h"
#include "ui/term/sign.h"

#define WIDTHS_MAX (1 << 16)

const char *widths_kinds(void)
{
    return sign_kinds();
}

const char *widths_sample(char kind)
{
    return sign_kind_sample(kind);
}

static void terminal_name(char *out, size_t size)
{
    const char *term = getenv("TERM"), *program = getenv("TERM_PROGRAM");
    snprintf(out, size, "%.60s %.60s\t", term ? term : "", program ? program : "");
    for (char *p = out; *p; p++)
        if (*p == '\n')
            *p = ' ';
}

static int widths_path(char *out, size_t size)
{
    char dir[1000];
    if (!state_dir(dir, sizeof dir))
        return 0;
    snprintf(out, size, "%s/terminals", dir);
    return 1;
}

void widths_remember(const char *kinds)
{
    char name[160], path[1100], *old = NULL, *save = NULL;
    size_t size;
    struct str text;
    if (!widths_path(path, sizeof path))
        return;
    terminal_name(name, sizeof name);
    str_init(&text);
    if (!file_read(path, WIDTHS_MAX, &old, &size, NULL))
        for (char *l = strtok_r(old, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
            if (strncmp(l, name, strlen(name)))
                str_addf(&text, "%s\n", l);
    str_addf(&text, "%s%s\n", name, kinds);
    *strrchr(path, '/') = 0;
    int made = file_mkdirs(path, NULL);
    path[strlen(path)] = '/';
    if (!made)
        file_write_atomic(path, str_get(&text), text.len, NULL);
    str_free(&text);
    free(old);
}

int widths_apply(void)
{
    char name[160], path[1100], *text = NULL, *save = NULL;
    size_t size;
    sign_set_wide("");
    if (!widths_path(path, sizeof path) || file_read(path, WIDTHS_MAX, &text, &size, NULL))
        return 0;
    terminal_name(name, sizeof name);
    int found = 0;
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        if (!strncmp(l, name, strlen(name))) {
            sign_set_wide(l + strlen(name));
            found = l[strlen(name)] != 0;
        }
    free(text);
    return found;
}
