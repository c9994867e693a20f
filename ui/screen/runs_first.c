/* The first minute: an empty workspace shows three ways, what each costs, and what this machine
 * is. Enter takes the one under the cursor. */
#include <stdio.h>
#include <string.h>

#include "experiments/host.h"
#include "experiments/prepare.h"
#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/launch.h"
#include "ui/screen/runs.h"
#include "ui/screen/tokens_opened.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

enum { WAY_DEMO, WAY_TEXT, WAY_MODEL, WAYS };
/* brief: where there is less room than NARROW columns */
#define NARROW 70
static const struct { const char *title, *what, *brief; } ways[WAYS] = {
    { "Try it on the sample text", "a tiny ELECTRA on the King James Bible, watched token by token",
      "a tiny ELECTRA on the King James Bible" },
    { "Your own text", "the same on a text file you name: its vocabulary is learnt first",
      "the same on a text file that you name" },
    { "Open a checkpoint", "ours or of Hugging Face: see what it makes of your own sentences",
      "ours or of Hugging Face, for your sentences" },
};

static void submit(struct runs *s, const char *name, const char *corpus)
{
    struct err err = { 0 };
    struct config c;
    int64_t id = 0;
    config_default(&c);
    if (config_preset(&c, "demo", &err) || config_set(&c, "corpus", corpus, &err) ||
        config_set(&c, "name", name, &err) ||
        prepare_paths(app_workspace(s->app), &c, &err) ||
        host_client_submit(app_workspace(s->app), &c, 1, &id, &err) < 0) {
        app_say(s->app, SEV_ERROR, "%s", err.text);
        return;
    }
    s->cursor = id;
    app_select(s->app, id);
    app_go(s->app, "Tokens");
}

static void start_demo(struct runs *s)
{
    struct err err = { 0 };
    char path[1200];
    if (prepare_demo_text(app_workspace(s->app), path, sizeof path, &err))
        app_say(s->app, SEV_ERROR, "%s", err.text);
    else
        submit(s, "demo", path);
}

static void text_done(void *ud, const char *text)
{
    char name[80];
    const char *base = text ? strrchr(text, '/') : NULL;
    if (!text || !*text)
        return;
    base = base && base[1] ? base + 1 : text;
    snprintf(name, sizeof name, "demo-%.*s", (int)strcspn(base, ".,"), base); /* as the form would */
    submit(ud, name, text);
}

/* The form of Launch with what this page would start on the corpus; nothing is begun yet. */
static void form_of(struct runs *s, const char *corpus)
{
    char fields[900];
    snprintf(fields, sizeof fields, "preset=demo;corpus=%.840s%s", corpus,
             strcmp(corpus, "demo") ? "" : ";name=demo");
    launch_from_cells(s->app, 0, fields);
}

static void form_done(void *ud, const char *text)
{
    if (text && *text)
        form_of(ud, text);
}

int runs_first_act(struct runs *s, int action)
{
    if (action == ACT_UP || action == ACT_DOWN)
        s->choice = (s->choice + (action == ACT_UP ? WAYS - 1 : 1)) % WAYS;
    else if (s->choice == WAY_DEMO && action == ACT_NEW)
        form_of(s, "demo");
    else if (s->choice == WAY_DEMO)
        start_demo(s);
    else if (s->choice == WAY_TEXT && action == ACT_NEW)
        app_prompt_path(s->app, "text file, to choose sizes for first:", "", "", form_done, NULL, s);
    else if (s->choice == WAY_TEXT)
        app_prompt_path(s->app, "text file to train on at once:", "", "", text_done, NULL, s);
    else
        tokens_open_checkpoint(s->app);
    if (s->choice == WAY_TEXT && action != ACT_UP && action != ACT_DOWN)
        app_prompt_present(s->app);
    return 1;
}

const char *runs_first_word(const struct runs *s)
{
    return s->choice == WAY_DEMO ? "start it" : s->choice == WAY_TEXT ? "name a text" : "name a directory";
}

/* The demo's size, and what this machine is: once, and again when its speed was measured. */
static void look_around(struct runs *s)
{
    struct sweep_run run = { 0 };
    struct sweep one = { .runs = &run, .n = 1, .rows = 1, .seeds = 1 };
    struct estimate e;
    char params[FMT], memory[FMT], tokens[FMT], steps[FMT];
    struct measured_speed measured = launch_measured(s->app);
    if (s->first.known && s->first.measured == measured.rate)
        return;
    s->first.known = 1;
    s->first.measured = measured.rate;
    s->first.has_text = prepare_demo_ready(app_workspace(s->app));
    speed_machine(&s->first.machine);
    config_default(&run.config);
    config_preset(&run.config, "demo", NULL);
    if (config_resolve(&run.config, NULL) ||
        estimate_runs(app_workspace(s->app), &one, &measured, &e, NULL))
        return;
    snprintf(s->first.costs, sizeof s->first.costs, "%s steps · %s parameters · %s tokens · %s of memory",
             fmt_exact(steps, sizeof steps, run.config.steps),
             fmt_count(params, sizeof params, (double)e.params),
             fmt_count(tokens, sizeof tokens, e.plan.tokens),
             fmt_size(memory, sizeof memory, (double)e.memory));
    fmt_time(s->first.time, sizeof s->first.time, e.seconds);
    snprintf(s->first.source, sizeof s->first.source, " · time %.180s", e.source);
    s->first.guess = e.from == ESTIMATE_GUESS;
    estimate_free(&e);
}

static int is_busy(const struct machine *m) { return m->load > .5 * m->cores; }

/* What a way costs, as far as it is known before it is gone. */
static void cost_of(const struct runs *s, int way, int narrow, char *out, size_t size)
{
    if (way == WAY_MODEL)
        snprintf(out, size, "free: seconds to read it");
    else
        snprintf(out, size, "~%s%s%s%s", s->first.time, way == WAY_TEXT && !narrow ? " after reading it" : " to train",
                 s->first.guess ? ", a guess" : "",
                 is_busy(&s->first.machine) && !narrow ? "; longer while this machine is busy" : "");
}

/* Bytes of a list before its last "·". */
static int without_last(const char *list)
{
    const char *last = list + strlen(list);
    for (const char *p = list; (p = strstr(p, " · ")) != NULL; p++)
        last = p;
    return (int)(last - list);
}

/* In `rows`: its name, what it is, its size, a blank. */
static void draw_way(const struct runs *s, struct grid *g, struct rect in, int y, int i, int rows)
{
    int on = i == s->choice, x = in.x + 2;
    int narrow = in.w < NARROW;
    const char *what = narrow ? ways[i].brief : ways[i].what;
    char cost[120];
    cost_of(s, i, narrow, cost, sizeof cost);
    if (on) {
        grid_cell(g, in, y, in.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        if (y < in.y + in.h) {
            g->cursor_y = y;
            g->cursor_x = in.x;
        }
    }
    x += grid_text(g, in, y, x, -1, STYLE(on ? ROLE_ACCENT : ROLE_TEXT, ATTR_BOLD), ways[i].title) + 2;
    if (i == WAY_DEMO && !s->first.has_text) {
        grid_text(g, in, y, x, -1, STYLE(ROLE_WARN, 0), "! the text is not installed");
        what = narrow ? "first: sudo apt-get install bible-kjv" : "first, in a shell: sudo apt-get install bible-kjv";
    } else {
        grid_text(g, in, y, x, -1, STYLE(ROLE_DIM, 0), cost);
    }
    if (rows > 1)
        grid_text(g, in, y + 1, in.x + 4, -1, STYLE(ROLE_TEXT, 0), what);
    if (rows > 3 && i != WAY_MODEL)
        grid_textf(g, in, y + 2, in.x + 4, -1, STYLE(ROLE_DIM, 0), "%.*s%s", narrow ? without_last(s->first.costs) : 200,
                   s->first.costs, in.w >= 126 ? s->first.source : "");
    if (on)
        grid_back(g, (struct rect){ y, in.x, 1, in.w }, BACK_SELECTED);
}

void runs_draw_first(struct runs *s, struct grid *g, struct rect area)
{
    const char *parts[] = { "no runs yet", app_workspace(s->app)->dir };
    struct rect in = { area.y + 1, area.x + 2, area.h - 1, area.w - 4 };
    const struct machine *m = &s->first.machine;
    char memory[FMT], load[32];
    int roomy = area.h > 16, y = in.y + roomy;
    look_around(s);
    pane_title(g, area.y, area.x, area.w, 1, parts, 2);
    grid_text(g, in, y, in.x, -1, STYLE(ROLE_TEXT, 0),
              app_readonly(s->app) ? "No runs yet, and this workbench is read-only."
              : in.w < NARROW      ? "No runs yet. Three ways; Enter takes one:"
                                   : "No runs yet. Three ways to the first one; Enter takes it:");
    int rows = roomy ? 4 : in.h >= 2 + 3 * WAYS + 2 ? 3 : 1; /* of a way */
    y += rows > 1 ? 2 : 1;
    for (int i = 0; i < WAYS && !app_readonly(s->app); i++, y += rows)
        draw_way(s, g, in, y, i, rows);
    y -= roomy;
    load[0] = 0;
    if (is_busy(m))
        snprintf(load, sizeof load, "; busy: load %.1f", m->load);
    grid_textf(g, in, y, in.x, -1, STYLE(ROLE_DIM, 0),
               in.w < NARROW ? "%d core%s, %s free, %s%s." : "This machine: %d core%s, %s of memory free, %s kernels%s.",
               m->cores, m->cores == 1 ? "" : "s",
               m->memory_free > 0 ? fmt_size(memory, sizeof memory, m->memory_free) : "an unknown amount",
               m->kernel, load);
    grid_text(g, in, y + 1, in.x, -1, STYLE(ROLE_DIM, 0),
              in.w >= 92 ? "Runs go on when the terminal closes. Enter starts at once; c chooses steps and sizes first."
                         : "Enter starts at once; c chooses steps and sizes first.");
}
