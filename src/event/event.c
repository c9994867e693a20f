/* See event.h. */
#include "src/event/event.h"

#include <string.h>

static const char *const names[RUN_STATES] = {"preparing", "queued", "running", "paused",
                                              "stopping", "stopped", "done", "failed", "lost"};

const char *run_state_name(int state)
{
    return state >= 0 && state < RUN_STATES ? names[state] : "unknown";
}

int run_state_find(const char *name)
{
    for (int i = 0; i < RUN_STATES; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}
