/* `e`: exactly what is shown into a file that the user may rename before; its end says the form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "ui/app/app_int.h"
#include "ui/app/export_table.h"

/* What is written: the rows of the screen, or others that it offers. */
static int (*rows_of)(void *self, struct app *a, struct csv_out *out, struct err *err);

/* The rows as CSV. Returns their number or a negative code. */
static int write_csv(struct app *a, FILE *f, struct err *err)
{
    struct csv_out *out = csv_new(f);
    int rows = out ? rows_of(app_self(a), a, out, err) : E_NOMEM;
    int rc = out ? csv_finish(out, rows < 0 ? NULL : err) : E_NOMEM;
    return rows < 0 ? rows : rc < 0 ? rc : rows;
}

static int write_form(struct app *a, enum export_form form, FILE *f, struct err *err)
{
    char *csv = NULL;
    size_t n = 0;
    if (form == EXPORT_CSV)
        return write_csv(a, f, err);
    if (form == EXPORT_SVG)
        return app_ops(a)->export_svg(app_self(a), a, f, err);
    FILE *memory = open_memstream(&csv, &n);
    if (!memory)
        return err_nomem(err, "a table to export");
    int rows = write_csv(a, memory, err);
    if (fclose(memory) && rows >= 0)
        rows = err_nomem(err, "a table to export");
    int rc = rows < 0 ? rows : export_table(form, csv, n, f, err);
    free(csv);
    return rc < 0 ? rc : rows;
}

/* See app_save: without a file it says whether the form can be written at all. */
static int write_export(void *ud, const char *path, FILE *f, struct saved *out, struct err *err)
{
    static const char *const forms[] = { "CSV", "Markdown", "LaTeX", "SVG" }; /* enum export_form */
    struct app *a = ud;
    enum export_form form = export_form_of(path);
    if (form == EXPORT_SVG && (!app_ops(a)->export_svg || rows_of != app_ops(a)->export_csv))
        return err_set(err, E_USAGE, "%s has no picture to export: name a .csv, .md or .tex file",
                       app_ops(a)->name);
    if (!f)
        return 0;
    int n = write_form(a, form, f, err);
    out->form = forms[form];
    snprintf(out->what, sizeof out->what, "%d %s%s", n, form == EXPORT_SVG ? "line" : "row", n == 1 ? "" : "s");
    return n < 0 ? n : 0;
}

#define COPY_MAX 50000 /* bytes: more than that terminals drop */

void copy_shown(struct app *a)
{
    struct err err = { 0 };
    char *csv = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&csv, &n);
    rows_of = app_ops(a)->export_csv;
    int rows = memory ? write_csv(a, memory, &err) : err_nomem(&err, "a table to copy");
    if (memory && fclose(memory) && rows >= 0)
        rows = err_nomem(&err, "a table to copy");
    if (rows < 0)
        app_say(a, SEV_ERROR, "%s", err.text);
    else if (n > COPY_MAX)
        app_note(a, "%d rows are too many to copy: e writes them into a file", rows);
    else
        app_copy(a, csv);
    free(csv);
}

void app_export(struct app *a, const char *label, const char *name,
                int (*csv)(void *self, struct app *a, struct csv_out *out, struct err *err))
{
    char full[96], stamp[32];
    time_t t = (time_t)app_utc(a);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    snprintf(full, sizeof full, "%s-%s.csv", name, stamp);
    rows_of = csv;
    app_save(a, label, full, write_export, a);
}

void export_ask(struct app *a)
{
    const struct screen_ops *ops = app_ops(a);
    const char *name = action_table[ACT_SCREEN1].name;
    for (int i = ACT_SCREEN1; i <= ACT_SCREEN7; i++)
        if (!strcmp(action_table[i].word, ops->name))
            name = action_table[i].name;
    app_export(a, ops->export_svg ? "export (.csv .md .tex .svg) to:" : "export (.csv .md .tex) to:",
               name, ops->export_csv);
}
