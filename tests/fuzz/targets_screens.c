/* The workbench on a run store that somebody else wrote: the stores of the screens' tests, damaged, and
 * every screen drawn from them at some size, with keys pressed and what is shown exported. A case is
 * ten bytes (the store, the size, the screen, seven keys) and a list of changes of four. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/store_damage.h"
#include "tests/unit/ui/fixture.h"

#define KEYS 7
#define LEAD (3 + KEYS)
#define STORES 2

static struct damage store[STORES];

/* Keys that start no run and ask nobody: a screen that may not write refuses the rest. */
static const char *const keys[] = {
    "Enter", "Down", "Up", "Left", "Right", "Tab", "S-Tab", "Space", "PgDn", "PgUp", "g", "G", "S-Right", "s", "S",
    "F", "=", "z", "y", "?", "Esc", "x", "v", "r", "R", "m", "M", "b", "+", "-", "0", "[", "]", ",", ".", "i", "#", "H",
    "a", "B", "d", "n", "N", "1", "2", "3", "4", "5", "6", "7", "C", "V", "/", "f", "e", "t", "u", "o", "*", "A", ":",
};
enum { NKEYS = sizeof keys / sizeof *keys };
static const char *const screens[] = {"Runs", "Curves", "Tokens", "Ablations", "Launch", "Compare", "Scores"};
static const int sizes[][2] = {{24, 80}, {36, 120}, {55, 200}, {10, 44}};

void fuzz_setup_screens(struct fuzz *f)
{
    fuzz_check(!fixture_make(".") && !fixture_tokens("."), "the store of runs");
    damage_take(&store[0], "runs.db");
    fuzz_check(!remove("runs.db") && !fixture_grid("."), "the store of ablations");
    damage_take(&store[1], "runs.db");
    fuzz_check(!mkfifo("pipe", 0600), "a pipe");
    for (int i = 0; i < 2 * NKEYS; i++) {
        char seed[LEAD + 8];
        const struct damage *d = &store[i % STORES];
        for (int k = 0; k < LEAD; k++)
            seed[k] = (char)(i * (2 * k + 1) / (k + 1));
        seed[0] = (char)i;
        seed[2] = (char)(i / STORES);
        const char change[8] = {(char)(i % d->ntables), (char)(i * 5), (char)(i % 3), (char)i,
                                (char)(i * 3 % d->ntables), (char)(i * 7), 1, (char)(i * 3)};
        memcpy(seed + LEAD, change, sizeof change);
        fuzz_seed(f, seed, sizeof seed);
    }
}

/* Nothing but whole characters that can be seen. */
static void check_grid(const struct grid *g)
{
    for (int i = 0; i < g->h * g->w; i++) {
        const char *text = g->cells[i].text;
        size_t n = strnlen(text, CELL_BYTES);
        fuzz_check(n < CELL_BYTES, "a cell without an end");
        for (size_t at = 0; at < n;) {
            uint32_t cp;
            int len = utf8_decode((const unsigned char *)text + at, n - at, &cp);
            fuzz_check(len > 0 && !visible_is_control(cp), "a cell with U+%04X in it", cp);
            at += (size_t)len;
        }
    }
}

static void draw(struct app *a, int size)
{
    struct grid g = {0};
    if (grid_resize(&g, sizes[size][0], sizes[size][1]))
        abort();
    app_tick(a);
    app_frame(a, &g);
    check_grid(&g);
    grid_free(&g);
}

static void export(struct app *a)
{
    FILE *f = fopen("/dev/null", "w");
    struct err err = {0};
    struct csv_out *out = f ? csv_new(f) : NULL;
    if (!out)
        abort();
    if (app_ops(a)->export_csv)
        app_ops(a)->export_csv(app_self(a), a, out, &err);
    csv_finish(out, NULL);
    fclose(f);
}

int fuzz_run_screens(const char *data, size_t size)
{
    unsigned char lead[LEAD] = {0};
    struct app_args args = {.color = 1, .readonly = 1};
    memcpy(lead, data, size < LEAD ? size : LEAD);
    int at = lead[1] % (int)(sizeof sizes / sizeof *sizes);
    damage_make(&store[lead[0] % STORES], "runs.db", (const unsigned char *)data + LEAD, size < LEAD ? 0 : size - LEAD);
    struct app *a = fixture_app(".", screens[lead[2] % 7], &args);
    fuzz_check(a != NULL, "the workbench does not open");
    draw(a, at);
    for (int i = 0; i < KEYS; i++) {
        fixture_keys(a, keys[lead[3 + i] % NKEYS]);
        draw(a, at);
    }
    export(a);
    app_free(a);
    return 0;
}
