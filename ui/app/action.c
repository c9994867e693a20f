/* See action.h. */
#include "ui/app/action.h"

#include <stdio.h>
#include <string.h>

/* The rows with the section they stand in: a first walk counts, so that a row needs no title. */
struct row { int action; const char *section; };
static const struct row layout[] = {
#define SECTION(title) { ACT_NONE, title },
#define A(id, keys, name, word, priority, help) { ACT_##id, 0 },
#include "ui/app/action.def"
#undef A
#undef SECTION
};

const struct action_info action_table[ACT_COUNT] = {
#define SECTION(title)
#define A(id, keys, name, word, priority, help) [ACT_##id] = { keys, name, word, help, priority },
#include "ui/app/action.def"
#undef A
#undef SECTION
};

const char *action_section(int action)
{
    const char *title = "";
    for (size_t i = 0; i < sizeof layout / sizeof layout[0]; i++) {
        if (layout[i].action == ACT_NONE)
            title = layout[i].section;
        else if (layout[i].action == action)
            return title;
    }
    return "";
}

char *action_key(int action, int n, char *out, size_t size)
{
    const char *p = action_table[action].keys;
    for (; *p; n--) {
        size_t len = strcspn(p, " ");
        if (!n && len < size) {
            memcpy(out, p, len);
            out[len] = 0;
            return out;
        }
        p += len;
        p += *p == ' ';
    }
    return NULL;
}

int action_of_key(const char *key)
{
    char name[16];
    for (int a = 0; a < ACT_COUNT; a++)
        for (int n = 0; action_key(a, n, name, sizeof name); n++)
            if (!strcmp(name, key))
                return a;
    return ACT_NONE;
}

int action_find(const char *name)
{
    for (int a = 0; a < ACT_COUNT; a++)
        if (!strcmp(action_table[a].name, name))
            return a;
    return ACT_NONE;
}
