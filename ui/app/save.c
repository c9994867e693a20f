/* Writing a file that the user names: one that exists is written over only after a `y`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "ui/app/app_int.h"

static struct {
    struct app *app;
    char path[APP_FIELD];
    int (*write)(void *ud, const char *path, FILE *f, char what[64], struct err *err);
    void *ud;
} saving;

static void write_it(void)
{
    struct err err = { 0 };
    char what[64] = "";
    struct app *a = saving.app;
    if (saving.write(saving.ud, saving.path, NULL, what, &err)) {
        app_say(a, SEV_ERROR, "%s", err.text);
        return;
    }
    FILE *f = fopen(saving.path, "w");
    if (!f) {
        app_say(a, SEV_ERROR, "%s cannot be written: %s", saving.path, strerror(errno));
        return;
    }
    int rc = saving.write(saving.ud, saving.path, f, what, &err);
    if (ferror(f) && !rc)
        rc = err_set(&err, E_IO, "%s cannot be written", saving.path);
    if (fclose(f) && !rc)
        rc = err_errno(&err, "%s cannot be written", saving.path);
    if (rc)
        app_say(a, SEV_ERROR, "%s", err.text[0] ? err.text : "the export failed: out of memory");
    else
        app_say(a, SEV_INFO, "exported %s to %s", what, saving.path);
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
              int (*write)(void *ud, const char *path, FILE *f, char what[64], struct err *err), void *ud)
{
    saving.app = a;
    saving.write = write;
    saving.ud = ud;
    app_prompt_path(a, label, start, "", path_done, NULL, ud);
}
