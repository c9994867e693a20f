/* The missing cells of a table as a form: every level of every field, every seed. Launch leaves out
 * what the store has. */
#include <stdio.h>
#include <string.h>

#include "src/event/event.h"
#include "ui/screen/ablations_int.h"
#include "ui/screen/launch.h"

#define SEEDS 64

/* All seeds of all rows, ascending as they are found; returns how many. */
static int seeds_of(const struct ablation *t, int64_t out[SEEDS])
{
    int n = 0;
    for (int i = 0; i < t->nrows; i++)
        for (int k = 0; k < t->rows[i].n; k++) {
            int at = 0;
            int64_t seed = t->rows[i].seeds[k];
            while (at < n && out[at] < seed)
                at++;
            if ((at < n && out[at] == seed) || n == SEEDS)
                continue;
            memmove(&out[at + 1], &out[at], (size_t)(n - at) * sizeof out[0]);
            out[at] = seed;
            n++;
        }
    return n;
}

/* The level that a form gets as the k-th of a field. Where a generator is no network its size is the
 * form's first (launch_draft.c), so that comes first which such a row has. */
static int level_at(const struct ablation *t, int field, int k)
{
    int first = 0;
    for (int i = 0; i < t->nfields && !strcmp(t->fields[field].field->name, "generator_size"); i++)
        for (int r = t->nrows - 1; r >= 0 && !strcmp(t->fields[i].field->name, "generator"); r--)
            if (strcmp(t->fields[i].levels[t->rows[r].value[i]], "mlm"))
                first = t->rows[r].value[field];
    return k == 0 ? first : k <= first ? k - 1 : k;
}

void ablations_launch(struct ablations *s)
{
    const struct ablation *t = &s->t;
    const struct ablation_row *r = ablations_current(s);
    char text[900] = "";
    size_t n = 0;
    int64_t seed[SEEDS];
    if (!r) { /* an empty table: an example of one */
        launch_from_cells(s->app, 0, "preset=demo;corpus=demo;name=weight-sharing;generator_size=1;generator_heads=0;"
                          "tie=none|embeddings|all;seed=1|2|3");
        return;
    }
    for (int i = 0; i < t->nfields && n < sizeof text; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=", n ? ";" : "", t->fields[i].field->name);
        for (int k = 0; k < t->fields[i].nlevels && n < sizeof text; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", k ? "|" : "", t->fields[i].levels[level_at(t, i, k)]);
    }
    int seeds = seeds_of(t, seed);
    for (int k = 0; k < seeds && n < sizeof text; k++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%lld", k ? "|" : ";seed=", (long long)seed[k]);
    if (n >= sizeof text) {
        app_say(s->app, SEV_WARN, "The table has too many levels for one form: group by fewer fields");
        return;
    }
    launch_from_cells(s->app, r->runs[0], text);
}
