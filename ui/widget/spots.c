/* See spots.h. */
#include "ui/widget/spots.h"

#include <stdlib.h>

#include "src/base/err.h"

static int touch(const struct spot *a, const struct spot *b)
{
    return a->x < b->x + b->w && b->x < a->x + a->w;
}

/* Down from the top, each below those before it, then up from the bottom; 1 when each came to stand
 * near its line. order[n]: from the largest value down. */
static int settle(struct spot *s, const int *order, int n)
{
    for (int i = 0; i < n; i++) {
        struct spot *me = &s[order[i]];
        me->at = me->row > me->first ? me->row : me->first;
        for (int j = 0; j < i; j++)
            if (touch(me, &s[order[j]]) && me->at <= s[order[j]].at)
                me->at = s[order[j]].at + 1;
    }
    for (int i = n - 1; i >= 0; i--) {
        struct spot *me = &s[order[i]];
        me->at = me->at < me->last ? me->at : me->last;
        for (int j = i + 1; j < n; j++)
            if (touch(me, &s[order[j]]) && me->at >= s[order[j]].at)
                me->at = s[order[j]].at - 1;
        if (me->at < me->first || abs(me->at - me->row) > SPOT_FAR)
            return 0;
    }
    return 1;
}

int spots_place(struct spot *s, int n)
{
    int *order = malloc((size_t)(n > 0 ? n : 1) * sizeof *order), placed = 0;
    for (int i = 0; i < n; i++)
        s[i].at = -1;
    if (!order)
        return E_NOMEM;
    for (int i = 0; i < n; i++) {
        int k = placed;
        for (; k > 0 && s[order[k - 1]].value < s[i].value; k--)
            order[k] = order[k - 1];
        order[k] = i;
        if (settle(s, order, placed + 1)) {
            placed++;
            continue;
        }
        for (s[i].at = -1; k < placed; k++)
            order[k] = order[k + 1];
        settle(s, order, placed);
    }
    free(order);
    return 0;
}
