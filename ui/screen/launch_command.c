/* The command and the experiment file that make the runs of a draft. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ui/screen/launch.h"

static void quoted(struct str *out, const char *text)
{
    int plain = *text != 0;
    for (const char *p = text; *p && plain; p++)
        plain = isalnum((unsigned char)*p) || strchr("_-./:,=+@%", *p);
    if (plain) {
        str_add(out, text);
        return;
    }
    str_addc(out, '\'');
    for (const char *p = text; *p; p++)
        if (*p == '\'')
            str_add(out, "'\\''");
        else
            str_addc(out, *p);
    str_addc(out, '\'');
}

/* The value as a command gets it: paths are absolute. */
static void value_of(const struct draft *d, int field, const struct sweep *runs, char *out, size_t size)
{
    int path = field == LAUNCH_corpus || field == LAUNCH_vocab || field == LAUNCH_validation ||
               field == LAUNCH_init_generator || field == LAUNCH_init_discriminator ||
               field == LAUNCH_probe_data;
    if (path && runs->n && !strchr(d->value[field], '|'))
        config_get(&runs->runs[0].config, &config_fields[field], out, size);
    else
        snprintf(out, size, "%s", d->value[field]);
}

void launch_add_workspace(const struct workspace *w, struct str *out)
{
    struct workspace plain;
    if (!workspace_open(&plain, NULL, 0, NULL) && !strcmp(plain.dir, w->dir))
        return;
    str_add(out, " --workspace ");
    quoted(out, w->dir);
}

static int is_run(const struct draft_axes *x, long index, const struct sweep *runs)
{
    char label[sizeof runs->runs->label];
    draft_label(x, index, label, sizeof label);
    for (int k = 0; k < runs->n; k++)
        if (!strcmp(label, runs->runs[k].label))
            return 1;
    return 0;
}

/* Combinations without a run are left out there, too. Values with a blank cannot stand in a condition;
 * they are paths, which no combination fails for. */
static void leave_out(const struct draft *d, const struct sweep *runs, struct str *out)
{
    struct draft_axes *x = malloc(sizeof *x);
    int bad, n = 0;
    if (!x || draft_find_axes(d, x, &bad, NULL) || runs->n == x->runs) {
        free(x);
        return;
    }
    long seeds = x->n && x->field[0] == LAUNCH_seed ? x->v[0].n : 1;
    for (long i = 0; i < x->runs / seeds; i++) {
        if (is_run(x, i, runs))
            continue;
        str_addf(out, "%sleft_out.%d =", n ? "" : "[when]\n", n + 1);
        n++;
        for (int k = 0; k < x->n; k++) {
            const char *value = draft_axis_value(x, k, i);
            if (x->field[k] != LAUNCH_seed && !strchr(value, ' '))
                str_addf(out, " %s=%s", config_fields[x->field[k]].name, value);
        }
        str_add(out, " then skip\n");
    }
    free(x);
}

void draft_file(const struct draft *d, const struct sweep *runs, struct str *out)
{
    char v[CONFIG_TEXT];
    str_add(out, "[run]\n");
    for (int pass = 0; pass < 3; pass++)
        for (int i = 0, any = 0; i < LAUNCH_FIELDS; i++) {
            struct draft_values values;
            if (!d->set[i] || i == LAUNCH_name || i == LAUNCH_tags ||
                (*d->value[i] && draft_split(i, d->value[i], &values, NULL)))
                continue;
            int list = *d->value[i] && values.n > 1;
            if (pass != (list ? i == LAUNCH_seed ? 2 : 1 : 0))
                continue;
            if (pass && !any++)
                str_add(out, pass == 1 ? "[sweep]\n" : "[seeds]\n");
            str_addf(out, "%s = ", pass == 2 ? "seeds" : config_fields[i].name);
            if (!list) {
                value_of(d, i, runs, v, sizeof v);
                str_add(out, v);
            }
            for (int k = 0; list && k < values.n; k++)
                str_addf(out, "%s%s", k ? pass == 2 ? ", " : " | " : "", values.item[k]);
            str_addc(out, '\n');
        }
    leave_out(d, runs, out);
}

static void sweep_command(const struct draft *d, const struct workspace *w, const struct sweep *runs,
                          struct str *out)
{
    str_add(out, "electroscope sweep");
    launch_add_workspace(w, out);
    str_add(out, " /dev/stdin <<'END'\n");
    draft_file(d, runs, out);
    str_add(out, "END\n");
}

static int has_axes(const struct draft *d)
{
    struct draft_axes *x = malloc(sizeof *x);
    int bad, any = x && !draft_find_axes(d, x, &bad, NULL) && x->n > 0;
    free(x);
    return any;
}

void draft_command(const struct draft *d, const struct workspace *w, const struct sweep *runs,
                   struct str *out)
{
    char v[CONFIG_TEXT];
    str_clear(out);
    if (d->file[0]) {
        str_add(out, "electroscope sweep");
        launch_add_workspace(w, out);
        str_addc(out, ' ');
        quoted(out, d->file);
        draft_sweep_options(d, out);
        return;
    }
    if (runs->n > 1 || (runs->n && has_axes(d))) { /* one run of an axis, too: the others are left out */
        sweep_command(d, w, runs, out);
        return;
    }
    str_add(out, "electroscope train");
    launch_add_workspace(w, out);
    for (int i = 0; i < LAUNCH_FIELDS; i++) {
        if (!d->set[i])
            continue;
        value_of(d, i, runs, v, sizeof v);
        str_add(out, " --");
        for (const char *p = config_fields[i].name; *p; p++)
            str_addc(out, *p == '_' ? '-' : *p);
        str_addc(out, config_fields[i].type == CONFIG_BOOL ? '=' : ' ');
        quoted(out, v);
    }
}
