/* The form as an experiment file, and an experiment file as the form. A file is read by sweep_load,
 * as `electroscope sweep` reads it; the form takes it only when it gives the very same runs, else the
 * file stands in its place (launch_sweep.c). */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/event/event.h"
#include "ui/screen/launch.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define FILE_MAX (1 << 20)
#define VARYING_MAX 10

/* Fields that differ among the runs, without what names a run; seed apart. */
static int varying(const struct sweep *s, int out[VARYING_MAX], int *seeds)
{
    char a[CONFIG_TEXT], b[CONFIG_TEXT];
    int n = 0;
    *seeds = 0;
    for (int i = 0; i < LAUNCH_FIELDS; i++) {
        int differs = 0;
        config_get(&s->runs[0].config, &config_fields[i], a, sizeof a);
        for (int k = 1; k < s->n && !differs; k++)
            differs = strcmp(a, config_get(&s->runs[k].config, &config_fields[i], b, sizeof b));
        if (!differs || i == LAUNCH_name || i == LAUNCH_tags)
            continue;
        if (i == LAUNCH_seed)
            *seeds = 1;
        else if (n == VARYING_MAX)
            return -1;
        else
            out[n++] = i;
    }
    return n;
}

/* All values of a field, as they come, into the form as an axis. */
static int put_axis(struct draft *d, const struct sweep *s, int field)
{
    char all[CONFIG_TEXT] = "", v[CONFIG_TEXT];
    struct draft_values seen = { .n = 0 };
    size_t used = 0, n = 0;
    for (int k = 0; k < s->n; k++) {
        int known = 0;
        config_get(&s->runs[k].config, &config_fields[field], v, sizeof v);
        for (int i = 0; i < seen.n; i++)
            known |= !strcmp(seen.item[i], v);
        if (known)
            continue;
        if (seen.n == LAUNCH_VALUES || strpbrk(v, "|,") || n + strlen(v) + 2 > sizeof all)
            return -1;
        seen.item[seen.n++] = seen.text + used;
        used += (size_t)snprintf(seen.text + used, sizeof seen.text - used, "%s", v) + 1;
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? "|" : "", v);
    }
    return draft_put(d, field, all, NULL);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t *hashes(const struct sweep *s)
{
    uint64_t *h = malloc((size_t)s->n * sizeof *h);
    for (int i = 0; h && i < s->n; i++)
        h[i] = config_hash(&s->runs[i].config);
    if (h)
        qsort(h, (size_t)s->n, sizeof *h, by_hash);
    return h;
}

/* 1: the form stands for the runs of `want`, in whatever order. */
static int gives(const struct draft *d, const struct workspace *w, const struct sweep *want)
{
    struct sweep got;
    struct err err;
    int bad, same = 0;
    draft_runs(d, w, &got, NULL, &bad, &err); /* a text that is not there is the user's to mend */
    if (got.n == want->n) {
        uint64_t *a = hashes(&got), *b = hashes(want);
        same = a && b && !memcmp(a, b, (size_t)got.n * sizeof *a);
        free(a);
        free(b);
    }
    sweep_free(&got);
    return same;
}

/* The form with the fields of `mask` as axes; what else varies follows from them. */
static int try_axes(struct draft *d, const struct draft *base, const struct workspace *w,
                    const struct sweep *s, const int *field, int n, unsigned mask, int seeds)
{
    *d = *base;
    for (int i = 0; i < n; i++) {
        if (mask >> i & 1 ? put_axis(d, s, field[i]) : draft_put(d, field[i], config_fields[field[i]].def, NULL))
            return 0;
    }
    return !(seeds && put_axis(d, s, LAUNCH_seed)) && gives(d, w, s);
}

/* "demo" rather than the path of its text. */
static void shorten(struct draft *d, const struct workspace *w)
{
    char demo[1100];
    snprintf(demo, sizeof demo, "%s/demo.txt", w->dir);
    if (!strcmp(d->value[LAUNCH_corpus], demo))
        snprintf(d->value[LAUNCH_corpus], CONFIG_TEXT, "demo");
}

/* The file itself, by its whole path: it is looked at again later. */
static int stand_in(struct draft *d, const char *path, const char *scale, struct err *err)
{
    char full[PATH_MAX];
    if (!realpath(path, full) || strlen(full) >= sizeof d->file)
        return err_set(err, E_INPUT, "%s: the path is too long to remember", SHOW(path));
    draft_init(d);
    memcpy(d->file, full, strlen(full) + 1);
    snprintf(d->scale, sizeof d->scale, "%s", scale ? scale : "");
    return 0;
}

int draft_open(struct draft *d, const struct workspace *w, const char *path, const char *scale,
               struct err *err)
{
    struct sweep_options o = { .scale = scale };
    struct sweep s;
    struct draft base, next;
    int field[VARYING_MAX], seeds, found = 0;
    int rc = sweep_load(&s, w, path, &o, err);
    if (rc)
        return rc;
    int n = s.n > LAUNCH_RUNS ? -1 : varying(&s, field, &seeds);
    draft_from_config(&base, &s.runs[0].config);
    /* fewest axes first: what follows from an axis is none itself */
    for (int size = 0; size <= n && size <= 3 && !found; size++)
        for (unsigned mask = 0; mask < 1u << n && !found; mask++)
            if (__builtin_popcount(mask) == size)
                found = try_axes(&next, &base, w, &s, field, n, mask, seeds);
    if (found) {
        shorten(&next, w);
        draft_put(&next, LAUNCH_name, s.name, NULL);
        *d = next;
    } else {
        rc = stand_in(d, path, scale, err);
    }
    sweep_free(&s);
    return rc;
}

/* --- asking ------------------------------------------------------------------------------------- */

static int write_file(void *ud, const char *path, FILE *f, struct saved *out, struct err *err)
{
    struct launch *s = ud;
    struct str text;
    (void)path;
    if (!s->runs.n)
        return err_set(err, E_USAGE, "%s", s->err.text);
    if (!f)
        return 0;
    str_init(&text);
    draft_file(&s->draft, &s->runs, &text);
    fputs(str_get(&text), f);
    str_free(&text);
    snprintf(out->what, sizeof out->what, "an experiment of %d run%s", s->runs.n,
             s->runs.n == 1 ? "" : "s");
    out->form = "INI";
    return 0;
}

void launch_save(struct launch *s)
{
    char name[100], clean[80];
    snprintf(clean, sizeof clean, "%.60s", s->runs.n > 1 ? s->runs.name
             : s->runs.n ? s->runs.runs[0].config.name : "experiment");
    for (char *p = clean; *p; p++)
        *p = strchr("/ ,", *p) ? '-' : *p;
    snprintf(name, sizeof name, "%s.ini", clean);
    app_save(s->app, "save the form as an experiment file:", name, write_file, s);
}

static void take_file(struct launch *s, const char *scale)
{
    struct err err = { 0 };
    struct draft was = s->draft;
    if (draft_open(&s->draft, app_workspace(s->app), s->file, scale, &err)) {
        app_say(s->app, SEV_ERROR, "%s", err.text);
        return;
    }
    launch_remember(s, &was, "the form as it was before");
    s->cursor = s->top = s->focus = 0;
    launch_changed(s);
    for (int i = s->draft.file[0] ? -1 : s->nrows - 1; i >= 0; i--) { /* on the first axis */
        struct draft_values v;
        int field = s->row[i];
        if (field >= 0 && s->draft.set[field] && *s->draft.value[field] &&
            !draft_split(field, s->draft.value[field], &v, NULL) && v.n > 1)
            s->cursor = i;
    }
    app_say(s->app, SEV_INFO, "opened %d run%s%s%s · u undo", s->runs.n, s->runs.n == 1 ? "" : "s",
            scale ? " at scale " : "", scale ? scale : "");
}

static void scale_done(void *ud, int key)
{
    if (key != 27)
        take_file(ud, key == 'c' ? "ci" : key == 'p' ? "paper" : "laptop");
}

static void open_done(void *ud, const char *text)
{
    struct launch *s = ud;
    struct err err = { 0 };
    char *file = NULL;
    size_t size;
    if (!text || !*text)
        return;
    if (strlen(text) >= sizeof s->file || file_read(text, FILE_MAX, &file, &size, &err)) {
        app_say(s->app, SEV_ERROR, "%s", err.text[0] ? err.text : "The path is too long");
        return;
    }
    snprintf(s->file, sizeof s->file, "%s", text);
    int scales = strstr(file, "[scale.") != NULL;
    free(file);
    if (scales)
        app_ask(s->app, "At which scale?  l laptop (minutes a run) · c ci (seconds) · p paper · Esc keep the form",
                "lcp", scale_done, s);
    else
        take_file(s, NULL);
}

void launch_open(struct launch *s)
{
    const char *start = file_exists("experiments/weight-sharing.ini") ? "experiments/" : "";
    app_prompt_path(s->app, "open an experiment file:", start, ".ini", open_done, NULL, s);
    app_prompt_present(s->app);
}
