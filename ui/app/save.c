/* Writing a file that the user names: one that exists is written over only after a `y`. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "ui/app/app_int.h"

static struct {
    struct app *app;
    char path[APP_FIELD];
    int (*write)(void *ud, const char *path, FILE *f, struct saved *out, struct err *err);
    void *ud;
} saving;

/* The whole path, so that it can be found again wherever the program was started. */
static void say_where(const struct saved *what)
{
    char full[PATH_MAX];
    app_say(saving.app, SEV_INFO, "%s → %s (%s)", what->what,
            realpath(saving.path, full) ? full : saving.path, what->form);
}

static void write_it(void)
{
    struct err err = { 0 };
    struct saved what = { "", "" };
    struct app *a = saving.app;
    if (saving.write(saving.ud, saving.path, NULL, &what, &err)) {
        app_say(a, SEV_ERROR, "%s", err.text);
        return;
    }
    FILE *f = fopen(saving.path, "w");
    if (!f) {
        app_say(a, SEV_ERROR, "%s cannot be written: %s", saving.path, strerror(errno));
        return;
    }
    int rc = saving.write(saving.ud, saving.path, f, &what, &err);
    if (ferror(f) && !rc)
        rc = err_set(&err, E_IO, "%s cannot be written", saving.path);
    if (fclose(f) && !rc)
        rc = err_errno(&err, "%s cannot be written", saving.path);
    if (rc)
        app_say(a, SEV_ERROR, "%s", err.text[0] ? err.text : "the export failed: out of memory");
    else
        say_where(&what);
}

static void overwrite_done(void *ud, int key)
{
    (void)ud;
    if (key == 'y')
        write_it();
}

static void path_done(void *ud, const char *text)
{
    char question[APP_FIELD + 64];
    (void)ud;
    if (!text || !*text)
        return;
    snprintf(saving.path, sizeof saving.path, "%s", text);
    if (!file_exists(saving.path)) {
        write_it();
        return;
    }
    snprintf(question, sizeof question, "%s exists: write over it?  y write · n/Esc keep", saving.path);
    app_ask(saving.app, question, "y", overwrite_done, NULL);
}

void app_save(struct app *a, const char *label, const char *start,
              int (*write)(void *ud, const char *path, FILE *f, struct saved *out, struct err *err),
              void *ud)
{
    saving.app = a;
    saving.write = write;
    saving.ud = ud;
    app_prompt_path(a, label, start, "", path_done, NULL, ud);
    app_prompt_over(a);
}
