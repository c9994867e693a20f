/* What a key can do: action.def as a table. */
#ifndef ES_UI_ACTION_H
#define ES_UI_ACTION_H
#include <stddef.h>

enum action {
    ACT_NONE = -1,
#define SECTION(title)
#define A(id, keys, name, word, priority, help) ACT_##id,
#include "ui/app/action.def"
#undef A
    ACT_COUNT,
#undef SECTION
};

struct action_info {
    const char *keys, *name, *word, *help;
    int priority;
};
extern const struct action_info action_table[ACT_COUNT];

/* The action of a key name ("j", "S-Tab", "^D"), ACT_NONE if none. */
int action_of_key(const char *key);
/* The action of a palette name, or ACT_NONE. */
int action_find(const char *name);
/* The n-th key (0 first) of an action; NULL when it has fewer. */
char *action_key(int action, int n, char *out, size_t size);
/* The help section it stands in. */
const char *action_section(int action);
#endif
