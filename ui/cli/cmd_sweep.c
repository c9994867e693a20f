/* electroscope sweep: an experiment file becomes runs; what is done already is left out. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/query.h"
#include "experiments/host.h"
#include "experiments/sweep.h"
#include "src/base/clock.h"
#include "src/base/str.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

struct sweep_args {
    int scale;
    long seeds;
    int dry_run, retry_failed, headless, detach, json;
};

struct work {
    const struct sweep_args *a;
    struct workspace w;
    struct sweep s;
    struct sweep_plan plan;
    int *told; /* [s.n]: the state that was told last, -1 at first */
    int waited, ended, failed; /* waited: runs that had not ended when this began */
    pthread_mutex_t lock; /* of telling: two threads do when this process is the host */
    atomic_int submitted; /* plan.items[].run are all there */
};

/* --- what is to be done --------------------------------------------------------------------- */

static void plan_json(const struct work *k)
{
    struct json_out j = {.f = stdout};
    const struct sweep_plan *p = &k->plan;
    json_open(&j, NULL, '{');
    json_text(&j, "event", "plan");
    json_text(&j, "sweep", k->s.name);
    json_text(&j, "scale", k->s.scale);
    json_int(&j, "runs", k->s.n);
    json_int(&j, "todo", p->todo);
    json_double(&j, "tokens", p->tokens);
    json_double(&j, "flops", p->flops);
    json_double(&j, "flops_paper", p->flops_paper);
    json_double(&j, "seconds", p->seconds);
    json_text(&j, "source", p->source);
    json_open(&j, "items", '[');
    for (int i = 0; i < k->s.n; i++) {
        const struct sweep_run *r = &k->s.runs[i];
        json_open(&j, NULL, '{');
        json_text(&j, "row", r->label);
        json_int(&j, "seed", r->config.seed);
        json_text(&j, "status", sweep_status_name(p->items[i].status));
        json_int(&j, "run", p->items[i].run);
        json_int(&j, "steps", r->config.steps);
        json_double(&j, "tokens", p->items[i].tokens);
        json_double(&j, "flops", p->items[i].flops);
        json_double(&j, "flops_paper", p->items[i].flops_paper);
        json_double(&j, "seconds", p->items[i].seconds);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

static void plan_text(const struct work *k)
{
    const struct sweep_plan *p = &k->plan;
    char a[32], b[32];
    printf("%-40s %5s %-8s %8s %8s %10s %10s %10s\n", "row", "seed", "status", "steps", "tokens",
           "FLOPs", "paper's", "time");
    for (int i = 0; i < k->s.n; i++) {
        const struct sweep_item *item = &p->items[i];
        print_cell(stdout, k->s.runs[i].label, 40, 1);
        printf(" %5ld %-8s %8ld %8s %10.3g %10.3g %10s\n", k->s.runs[i].config.seed,
               sweep_status_name(item->status), k->s.runs[i].config.steps,
               print_count(item->tokens, a, sizeof a), item->flops, item->flops_paper,
               isnan(item->seconds) ? "?" : print_duration(item->seconds, b, sizeof b));
    }
    printf("%d of %d runs to do: %s tokens, %.3g FLOPs (%.3g as the paper counts)", p->todo, k->s.n,
           print_count(p->tokens, a, sizeof a), p->flops, p->flops_paper);
    if (!isnan(p->seconds))
        printf(", about %s", print_duration(p->seconds, b, sizeof b));
    printf("\nspeed: %s\n", p->source);
}

/* --- while it is done ----------------------------------------------------------------------- */

static int item_of(const struct work *k, int64_t run)
{
    for (int i = 0; i < k->s.n; i++)
        if (k->plan.items[i].run == run)
            return i;
    return -1;
}

static void tell_one(struct work *k, int i, int64_t run, int state, int64_t step, const char *reason)
{
    if (i < 0 || k->told[i] == state)
        return;
    int before = k->told[i];
    k->told[i] = state;
    if (state >= RUN_STOPPED && before < RUN_STOPPED) {
        k->ended++;
        k->failed += state != RUN_DONE;
    }
    if (k->a->json) {
        struct json_out j = {.f = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "event", "state");
        json_int(&j, "run", run);
        json_text(&j, "row", k->s.runs[i].label);
        json_int(&j, "seed", k->s.runs[i].config.seed);
        json_text(&j, "state", run_state_name(state));
        json_int(&j, "step", step);
        if (*reason)
            json_text(&j, "reason", reason);
        json_close(&j, '}');
        json_end(&j);
    } else if (state == RUN_RUNNING || state >= RUN_STOPPED) {
        printf("%d/%d run %" PRId64 " ", k->ended, k->waited, run);
        print_text(stdout, k->s.runs[i].config.name);
        printf(": %s%s", run_state_name(state), *reason ? ": " : "");
        print_text(stdout, reason);
        putchar('\n');
        fflush(stdout);
    }
}

static void tell(struct work *k, int64_t run, int state, int64_t step, const char *reason)
{
    pthread_mutex_lock(&k->lock);
    tell_one(k, item_of(k, run), run, state, step, reason);
    pthread_mutex_unlock(&k->lock);
}

/* All runs of this sweep as the store has them now. Returns how many have ended. */
static int look(struct work *k, struct err *err)
{
    struct arena a;
    struct query_run *runs;
    struct query *q = query_open(k->w.db, err);
    if (!q)
        return err->code;
    arena_init(&a);
    int n = query_runs(q, 1, &a, &runs, err);
    for (int i = n - 1; i >= 0; i--)
        tell(k, runs[i].id, runs[i].state, runs[i].step, runs[i].reason);
    arena_free(&a);
    query_close(q);
    return n < 0 ? n : k->ended;
}

static void committed(void *ud, const struct event *e)
{
    struct work *k = ud;
    if (e->kind == EVENT_STATE && atomic_load(&k->submitted))
        tell(k, e->run, e->state, e->step, e->text);
}

/* This process is the host. */
static int here(struct work *k, int *signal, struct err *err)
{
    struct host_options o = {.committed = committed, .ud = k};
    int fd = host_signals(err);
    struct host *h = fd >= 0 ? host_open(&k->w, &o, err) : NULL;
    if (!h)
        return err->code;
    struct sweep_sink sink = sweep_to_host(h);
    int rc = sweep_submit(&k->s, &k->plan, &sink, err);
    atomic_store(&k->submitted, 1);
    if (!rc)
        rc = host_serve(h, fd, err);
    *signal = host_stop_signal(h);
    host_close(h);
    close(fd);
    return rc == E_STOPPED ? 0 : rc;
}

static int there(struct work *k, struct err *err)
{
    struct sweep_sink sink = sweep_to_client(&k->w);
    int rc = sweep_submit(&k->s, &k->plan, &sink, err);
    if (rc || k->a->detach)
        return rc;
    while ((rc = look(k, err)) >= 0 && rc < k->waited)
        clock_sleep(0.5);
    return rc < 0 ? rc : 0;
}

static int do_it(struct work *k, struct err *err)
{
    int rc, signal = 0, todo = k->plan.todo;
    if (!todo) {
        struct sweep_sink sink = sweep_to_client(&k->w); /* runs of other sweeps are this one's too */
        if (!k->a->json)
            printf("everything is done already\n");
        return sweep_submit(&k->s, &k->plan, &sink, err);
    }
    k->told = malloc((size_t)k->s.n * sizeof *k->told);
    if (!k->told)
        return err_nomem(err, "the runs");
    for (int i = 0; i < k->s.n; i++) { /* what was done before is not told again */
        k->told[i] = k->plan.items[i].status == SWEEP_DONE ? RUN_DONE
                     : k->plan.items[i].status == SWEEP_FAILED ? RUN_FAILED : -1;
        k->waited += k->told[i] < 0;
    }
    int mine = !k->a->detach && !host_alive(&k->w);
    rc = mine ? here(k, &signal, err) : there(k, err);
    if (!rc && mine)
        rc = look(k, err) < 0 ? err->code : 0;
    if (rc)
        return rc;
    if (signal)
        return 128 + signal;
    if (k->a->detach && !k->a->json)
        printf("%d runs go on without this terminal\n", todo);
    return k->failed ? err_set(err, E_FAIL, "%d of %d runs did not end well: electroscope runs list "
                               "says why", k->failed, k->waited)
                     : 0;
}

/* --- the command ---------------------------------------------------------------------------- */

/* The command line's fields as "field=value", on top of the file's. */
static int overrides(const struct cli *c, char ***out, struct err *err)
{
    char **list = calloc((size_t)c->nfields + 1, sizeof *list);
    if (!list)
        return err_nomem(err, "options");
    for (int i = 0; i < c->nfields; i++) {
        struct str s;
        str_init(&s);
        str_addf(&s, "%s=%s", c->fields[i].field->name, c->fields[i].value);
        list[i] = s.data;
        if (s.failed)
            return err_nomem(err, "options");
    }
    *out = list;
    return 0;
}

static int run(struct cli *c, struct err *err)
{
    static const char *const scales[] = {"laptop", "ci", "paper"};
    const struct sweep_args *a = c->own;
    struct work *k = calloc(1, sizeof *k);
    char **fields = NULL;
    if (!k)
        return err_nomem(err, "a sweep");
    k->a = a;
    pthread_mutex_init(&k->lock, NULL);
    int rc = cli_workspace(c, 1, &k->w, err);
    if (!rc)
        rc = overrides(c, &fields, err);
    struct sweep_options o = {scales[a->scale], (int)a->seeds, (const char *const *)fields};
    if (!rc)
        rc = sweep_load(&k->s, &k->w, c->args[0], &o, err);
    if (!rc)
        rc = sweep_plan(&k->w, &k->s, a->retry_failed, a->dry_run, &k->plan, err);
    if (!rc && (a->dry_run || a->json))
        a->json ? plan_json(k) : plan_text(k);
    if (!rc && !a->dry_run)
        rc = do_it(k, err);
    for (int i = 0; fields && i < c->nfields; i++)
        free(fields[i]);
    free(fields);
    free(k->told);
    pthread_mutex_destroy(&k->lock);
    sweep_plan_free(&k->plan);
    sweep_free(&k->s);
    free(k);
    return rc;
}

static const struct option_row options[] = {
    {.name = "scale", .kind = OPTION_CHOICE, .offset = offsetof(struct sweep_args, scale),
     .arg = "ci|laptop|paper", .choices = "laptop|ci|paper",
     .help = "sizes and budgets to use (default laptop)"},
    {.name = "seeds", .kind = OPTION_INT, .offset = offsetof(struct sweep_args, seeds), .arg = "N",
     .min = 1, .max = 1000, .help = "seeds 1 to N instead of the file's"},
    {.name = "dry-run", .kind = OPTION_FLAG, .offset = offsetof(struct sweep_args, dry_run),
     .help = "print the runs and what they will cost, begin none"},
    {.name = "retry-failed", .kind = OPTION_FLAG, .offset = offsetof(struct sweep_args, retry_failed),
     .help = "go on with failed runs too"},
    {.name = "headless", .kind = OPTION_FLAG, .offset = offsetof(struct sweep_args, headless),
     .help = "lines, no workbench"},
    {.name = "detach", .kind = OPTION_FLAG, .offset = offsetof(struct sweep_args, detach),
     .help = "queue the runs and return"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct sweep_args, json),
     .help = "one JSON object a line"},
    {.name = NULL},
};

const struct command cmd_sweep = {.options = options, .own_size = sizeof(struct sweep_args),
                                  .min_args = 1, .max_args = 1, .flags = COMMAND_CONFIG, .run = run};
