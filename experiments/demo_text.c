/* The demo's text, from the program `bible`. See prepare.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/prepare.h"
#include "experiments/probes.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define FIRST_VERSE "In the beginning God created the heaven and the earth."
#define VERSES_LEAST 20000 /* the whole has 31,102 */

/* "Ge1:1 In the beginning": the mark ends at the first space, the chapter at its colon. Returns
 * the length of "Ge1", or 0 where there is no mark. */
static size_t chapter_of(const char *line, const char **text)
{
    const char *space = strchr(line, ' '), *colon = strchr(line, ':');
    if (!space || !colon || colon > space)
        return 0;
    *text = space + 1;
    return (size_t)(colon - line);
}

/* Returns how many verses came. */
static int read_verses(FILE *f, struct str *out)
{
    char *line = NULL, chapter[32] = "";
    size_t cap = 0;
    int verses = 0;
    while (getline(&line, &cap, f) >= 0) {
        const char *text;
        size_t n = chapter_of(line, &text);
        if (!n || n >= sizeof chapter)
            continue;
        if (verses++ && (strlen(chapter) != n || memcmp(chapter, line, n)))
            str_addc(out, '\n');
        memcpy(chapter, line, n);
        chapter[n] = 0;
        str_add(out, text);
    }
    free(line);
    return verses;
}

/* The verse whose scores are shown before and after. Whoever has probes keeps them as they are. */
static int pin_first_verse(const struct workspace *w, struct err *err)
{
    char **list;
    int n = probes_read(w, &list, err);
    probes_free(list);
    if (n)
        return n < 0 ? n : 0;
    n = probes_add(w, FIRST_VERSE, err);
    return n < 0 ? n : 0;
}

int prepare_demo_ready(const struct workspace *w)
{
    char path[1200], *paths = NULL, *save = NULL;
    snprintf(path, sizeof path, "%s/demo.txt", w->dir);
    int found = file_size(path) > 0 || !access("/usr/bin/bible", X_OK);
    const char *all = getenv("PATH");
    if (!found && all)
        paths = strdup(all);
    for (char *d = paths ? strtok_r(paths, ":", &save) : NULL; d && !found; d = strtok_r(NULL, ":", &save)) {
        snprintf(path, sizeof path, "%.1000s/bible", d);
        found = !access(path, X_OK);
    }
    free(paths);
    return found;
}

int prepare_demo_text(const struct workspace *w, char *path, size_t size, struct err *err)
{
    if (snprintf(path, size, "%s/demo.txt", w->dir) >= (int)size)
        return err_set(err, E_USAGE, "the workspace's path is too long: %s", SHOW(w->dir));
    if (file_size(path) > 0)
        return pin_first_verse(w, err);
    struct str text;
    str_init(&text);
    FILE *f = popen("PATH=$PATH:/usr/bin exec bible -f Gen1:1-Rev22:21 2>/dev/null </dev/null", "re");
    if (!f)
        return err_errno(err, "cannot start the program bible");
    int verses = read_verses(f, &text), rc = 0;
    if (pclose(f))
        rc = err_set(err, E_NOTFOUND, "the demo's text is missing: install it with `apt-get install "
                     "bible-kjv`, or give your own text with --text FILE");
    else if (verses < VERSES_LEAST)
        rc = err_set(err, E_NOTFOUND, "the program bible gave %d verses of 31,102: install it again "
                     "with `apt-get install --reinstall bible-kjv`, or give your own text with "
                     "--text FILE", verses);
    else if (text.failed)
        rc = err_nomem(err, "the demo's text");
    if (!rc)
        rc = file_write_atomic(path, text.data, text.len, err);
    str_free(&text);
    return rc ? rc : pin_first_verse(w, err);
}
