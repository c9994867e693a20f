/* `e`: exactly what is shown, as CSV, into a file that the user may rename before. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "ui/app/app_int.h"

static char path[APP_FIELD];

static void write_it(struct app *a)
{
    struct err err = { 0 };
    FILE *f = fopen(path, "wx");
    if (!f && errno == EEXIST)
        f = fopen(path, "w");
    if (!f) {
        app_say(a, SEV_ERROR, "%s cannot be written: %s", path, strerror(errno));
        return;
    }
    struct csv_out *out = csv_new(f);
    int rows = out ? app_ops(a)->export_csv(app_self(a), a, out, &err) : E_NOMEM;
    int rc = out ? csv_finish(out, rows < 0 ? NULL : &err) : E_NOMEM;
    if (fclose(f) && !rc)
        rc = err_errno(&err, "%s cannot be written", path);
    if (rows < 0 || rc < 0)
        app_say(a, SEV_ERROR, "%s", err.text[0] ? err.text : "the export failed: out of memory");
    else
        app_say(a, SEV_INFO, "exported %d row%s to %s", rows, rows == 1 ? "" : "s", path);
}

static void overwrite_done(void *ud, int key)
{
    if (key == 'y')
        write_it(ud);
}

static void path_done(void *ud, const char *text)
{
    char question[APP_FIELD + 64];
    if (!text || !*text)
        return;
    snprintf(path, sizeof path, "%s", text);
    if (!file_exists(path)) {
        write_it(ud);
        return;
    }
    snprintf(question, sizeof question, "%s exists: write over it?  y write · n/Esc keep", path);
    app_ask(ud, question, "y", overwrite_done, ud);
}

void export_ask(struct app *a)
{
    char name[64], stamp[32];
    time_t t = (time_t)app_utc(a);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    snprintf(name, sizeof name, "%s-%s.csv", action_table[ACT_SCREEN1].name, stamp);
    for (int i = ACT_SCREEN1; i <= ACT_SCREEN7; i++)
        if (!strcmp(action_table[i].word, app_ops(a)->name))
            snprintf(name, sizeof name, "%s-%s.csv", action_table[i].name, stamp);
    app_prompt(a, "export CSV to:", name, path_done, NULL, a);
}
