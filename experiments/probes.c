/* See probes.h. */
#include "experiments/probes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"

#define FILE_MAX (1 << 20)
#define PROBES_MAX 64 /* as many as a run takes */

static void path_of(const struct workspace *w, char out[1000])
{
    snprintf(out, 1000, "%s/probes.txt", w->dir);
}

/* Cuts `text` into its lines that hold something; they live in it. */
static int cut(char *text, char **out)
{
    char *save = NULL;
    int n = 0;
    for (char *t = strtok_r(text, "\n", &save); t && n < PROBES_MAX; t = strtok_r(NULL, "\n", &save)) {
        t[strcspn(t, "\r")] = 0;
        if (t[strspn(t, " \t")])
            out[n++] = t;
    }
    return n;
}

int probes_read(const struct workspace *w, char ***out, struct err *err)
{
    char path[1000], *text = NULL;
    size_t size;
    *out = calloc(PROBES_MAX + 2, sizeof **out); /* the text itself stands behind the list's end */
    if (!*out)
        return err_nomem(err, "probe sentences");
    path_of(w, path);
    if (!file_exists(path))
        return 0;
    int rc = file_read(path, FILE_MAX, &text, &size, err);
    if (rc) {
        free(*out);
        *out = NULL;
        return rc;
    }
    (*out)[PROBES_MAX + 1] = text;
    return cut(text, *out);
}

void probes_free(char **list)
{
    if (list)
        free(list[PROBES_MAX + 1]);
    free(list);
}

int probes_add(const struct workspace *w, const char *text, struct err *err)
{
    char path[1000], **list;
    struct str all;
    int n = probes_read(w, &list, err);
    if (n < 0)
        return n;
    for (int i = 0; i < n; i++) {
        if (!strcmp(list[i], text)) {
            probes_free(list);
            return 0;
        }
    }
    if (n == PROBES_MAX || strpbrk(text, "\r\n") || !text[strspn(text, " \t")]) {
        probes_free(list);
        return err_set(err, E_USAGE, n == PROBES_MAX ? "there are %d probe sentences already"
                                                     : "a probe is one line of text", n);
    }
    str_init(&all);
    for (int i = 0; i < n; i++)
        str_addf(&all, "%s\n", list[i]);
    str_addf(&all, "%s\n", text);
    probes_free(list);
    path_of(w, path);
    int rc = all.failed ? err_nomem(err, "probe sentences")
                        : file_write_atomic(path, all.data, all.len, err);
    str_free(&all);
    return rc ? rc : 1;
}
