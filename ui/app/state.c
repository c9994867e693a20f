/* Small settings that survive a restart: $XDG_STATE_HOME/electroscope/HASH.state, a file a
 * workspace, "key<TAB>value" lines. Losing it costs nothing but habits, so errors are ignored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "ui/app/app_int.h"

#define STATE_MAX (1 << 16)

static const char *find(const struct app *a, const char *key, size_t *len)
{
    size_t n = strlen(key);
    for (const char *p = str_get(&a->state); *p;) {
        size_t line = strcspn(p, "\n");
        if (line > n && !strncmp(p, key, n) && p[n] == '\t') {
            *len = line - n - 1;
            return p + n + 1;
        }
        p += line + (p[line] == '\n');
    }
    return NULL;
}

const char *app_state(struct app *a, const char *key)
{
    static char value[APP_STATE_VALUE];
    size_t len = 0;
    const char *p = find(a, key, &len);
    if (!p || len >= sizeof value)
        return NULL;
    memcpy(value, p, len);
    value[len] = 0;
    return value;
}

int app_state_key(struct app *a, const char *prefix, int i, char *name, size_t size)
{
    size_t n = strlen(prefix);
    for (const char *p = str_get(&a->state); *p; p += strcspn(p, "\n"), p += *p == '\n') {
        if (strncmp(p, prefix, n) || i-- > 0)
            continue;
        snprintf(name, size, "%.*s", (int)strcspn(p + n, "\t\n"), p + n);
        return 1;
    }
    return 0;
}

/* Takes a line out, puts one at the end (value NULL: none). */
static void change(struct app *a, const char *key, const char *value)
{
    struct str next;
    size_t old = 0;
    const char *p = find(a, key, &old), *all = str_get(&a->state);
    str_init(&next);
    str_addn(&next, all, p ? (size_t)(p - all) - strlen(key) - 1 : strlen(all));
    if (p)
        str_add(&next, p + old + (p[old] == '\n'));
    if (value)
        str_addf(&next, "%s\t%s\n", key, value);
    str_free(&a->state);
    a->state = next;
    a->state_dirty = 1;
}

void app_drop_state(struct app *a, const char *key)
{
    change(a, key, NULL);
}

void app_set_state(struct app *a, const char *key, const char *value)
{
    size_t old = 0;
    const char *p = find(a, key, &old);
    if (p && old == strlen(value) && !strncmp(p, value, old))
        return;
    if (!strpbrk(value, "\n\t") && a->state.len <= STATE_MAX)
        change(a, key, value);
}

int state_dir(char *out, size_t size)
{
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (base && base[0] == '/')
        snprintf(out, size, "%s/electroscope", base);
    else if (home && *home)
        snprintf(out, size, "%s/.local/state/electroscope", home);
    else
        return 0;
    return 1;
}

void state_load(struct app *a)
{
    uint64_t h = 14695981039346656037ull; /* FNV-1a of the workspace's place */
    char dir[1000], *text = NULL;
    size_t size;
    str_init(&a->state);
    a->state_path[0] = 0;
    if (!state_dir(dir, sizeof dir))
        return;
    for (const char *p = a->workspace.dir; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211ull;
    snprintf(a->state_path, sizeof a->state_path, "%s/%016llx.state", dir, (unsigned long long)h);
    if (!file_read(a->state_path, STATE_MAX, &text, &size, NULL)) {
        str_add(&a->state, text);
        free(text);
    }
}

void state_save(struct app *a)
{
    char dir[1200];
    if (!a->state_dirty || !a->state_path[0])
        return;
    snprintf(dir, sizeof dir, "%s", a->state_path);
    *strrchr(dir, '/') = 0;
    if (!file_mkdirs(dir, NULL))
        file_write_atomic(a->state_path, str_get(&a->state), a->state.len, NULL);
    a->state_dirty = 0;
}
