/* argv into a struct cli: the command, its own options, config fields, words. See cli.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/cli/cli.h"

#define SHOW(s) visible((char[128]){0}, 128, (s))

/* Distance of two words: insertions, deletions, replacements, and swaps of neighbours. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    int n = (int)strlen(a), m = (int)strlen(b), d[LONGEST + 1][LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (int i = 0; i <= n; i++) {
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[n][m];
}

const char *suggest(const char *word, const char *const *names, int n)
{
    const char *found = NULL;
    int best = (int)strlen(word) / 3 + 1;
    for (int i = 0; i < n; i++) {
        int d = distance(word, names[i]);
        if (strlen(word) >= 3 && !strncmp(names[i], word, strlen(word)))
            d = 1; /* a word cut short */
        if (d < best || (d == best && !found)) {
            best = d;
            found = names[i];
        }
    }
    return found;
}

static int unknown_command(const char *word, struct err *err)
{
    const char *names[64];
    int n = 0;
    for (int i = 0; i < command_nrows && n < 64; i++)
        if (!(command_rows[i].command->flags & COMMAND_HIDDEN))
            names[n++] = command_rows[i].name;
    const char *near = suggest(word, names, n);
    if (near)
        return err_set(err, E_USAGE, "unknown command '%s'; did you mean '%s'?", SHOW(word), near);
    return err_set(err, E_USAGE, "unknown command '%s'; `electroscope --help` lists them", SHOW(word));
}

static int unknown_option(const struct command_row *row, const char *word, struct err *err)
{
    const char *names[256];
    char dashed[128][48];
    int n = 0;
    names[n++] = "workspace";
    names[n++] = "help";
    const struct command *command = row ? row->command : NULL;
    for (const struct option_row *o = command ? command->options : NULL; o && o->name && n < 100; o++)
        names[n++] = o->name;
    for (int i = 0; command && (command->flags & COMMAND_CONFIG) && i < config_nfields && i < 128; i++) {
        snprintf(dashed[i], sizeof dashed[i], "%s", config_fields[i].name);
        for (char *p = dashed[i]; *p; p++)
            *p = *p == '_' ? '-' : *p;
        names[n++] = dashed[i];
    }
    char bare[64];
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word, "="), word);
    while (*bare == '-')
        memmove(bare, bare + 1, strlen(bare));
    const char *near = suggest(bare, names, n);
    const char *of = row ? " of " : "", *name = row ? row->name : "";
    if (near)
        return err_set(err, E_USAGE, "unknown option '%s'%s%s; did you mean --%s?", SHOW(word), of,
                       name, near);
    return err_set(err, E_USAGE, "unknown option '%s'%s%s; `electroscope %s%s--help` lists them",
                   SHOW(word), of, name, name, row ? " " : "");
}

static int store_number(const struct option_row *o, void *at, const char *value, struct err *err)
{
    char *end;
    errno = 0;
    double d = strtod(value, &end);
    if (end == value || *end || errno == ERANGE || !isfinite(d) ||
        (o->kind == OPTION_INT && d != floor(d)))
        return err_set(err, E_USAGE, "--%s: '%s' is not a %snumber", o->name, SHOW(value),
                       o->kind == OPTION_INT ? "whole " : "");
    if (d < o->min || d > o->max)
        return err_set(err, E_USAGE, "--%s: %s is outside %.10g to %.10g", o->name, SHOW(value),
                       o->min, o->max);
    if (o->kind == OPTION_INT)
        *(long *)at = (long)d;
    else
        *(double *)at = d;
    return 0;
}

static int store(struct cli *c, const struct option_row *o, const char *value, struct err *err)
{
    void *at = (char *)c->own + o->offset;
    switch (o->kind) {
    case OPTION_FLAG:
        *(int *)at = 1;
        return 0;
    case OPTION_TEXT:
        *(const char **)at = value;
        return 0;
    case OPTION_LIST: {
        struct text_list *list = at;
        const char **more = realloc(list->items, ((size_t)list->n + 1) * sizeof *more);
        if (!more)
            return err_nomem(err, "the options");
        list->items = more;
        list->items[list->n++] = value;
        return 0;
    }
    case OPTION_CHOICE: {
        int i = config_choice_find(o->choices, value);
        if (i < 0)
            return err_set(err, E_USAGE, "--%s: '%s' is not one of %s", o->name, SHOW(value),
                           o->choices);
        *(int *)at = i;
        return 0;
    }
    case OPTION_INT:
    case OPTION_REAL:
        break;
    }
    return store_number(o, at, value, err);
}

static int is_bool(const char *s)
{
    return s && (!strcmp(s, "yes") || !strcmp(s, "no") || !strcmp(s, "true") ||
                 !strcmp(s, "false") || !strcmp(s, "0") || !strcmp(s, "1"));
}

static int set_command(struct cli *c, const char *word, struct err *err)
{
    for (int i = 0; i < command_nrows; i++)
        if (!strcmp(command_rows[i].name, word))
            c->row = &command_rows[i];
    if (!c->row)
        return unknown_command(word, err);
    const struct command *command = c->row->command;
    c->own = calloc(1, command->own_size ? command->own_size : 1);
    if (!c->own)
        return err_nomem(err, "the options");
    if (command->defaults)
        command->defaults(c->own);
    return 0;
}

/* One word that begins with a dash, argv[*i]; `name` is it without the dashes. Takes its value
 * from after the '=' or from the next word. */
static int take_option(struct cli *c, int argc, char **argv, int *i, struct err *err)
{
    const char *word = argv[*i], *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
    int is_long = word[1] == '-';
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(eq ? eq - word : (long)strlen(word)) - 1 - is_long,
             word + 1 + is_long);
    int rc = c->row || !strcmp(name, "workspace") ? 0 : set_command(c, "workbench", err);
    if (rc) /* an option before any command is the workbench's */
        return rc;
    const struct command *command = c->row ? c->row->command : NULL;
    const struct option_row *o = command ? command->options : NULL;
    while (o && o->name && (is_long ? strcmp(o->name, name) != 0
                                    : !(o->letter && name[0] == o->letter && !name[1])))
        o++;
    const struct config_field *f = NULL;
    if ((!o || !o->name) && is_long && command && (command->flags & COMMAND_CONFIG))
        f = config_find(name);
    int own = o && o->name, workspace = !own && is_long && !strcmp(name, "workspace");
    if (!own && !f && !workspace)
        return unknown_option(c->row, word, err);
    if (own && o->kind == OPTION_FLAG) {
        if (value)
            return err_set(err, E_USAGE, "--%s takes no value", o->name);
        return store(c, o, NULL, err);
    }
    const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
    if (!value && f && f->type == CONFIG_BOOL && !is_bool(next))
        value = "yes";
    if (!value) {
        if (!next)
            return err_set(err, E_USAGE, "'%s' needs a value", SHOW(word));
        value = next;
        ++*i;
    }
    if (workspace) {
        c->workspace_dir = value;
        return 0;
    }
    if (own)
        return store(c, o, value, err);
    c->fields[c->nfields++] = (struct field_value){f, value};
    return 0;
}

static int check_counts(const struct cli *c, struct err *err)
{
    const struct command *command = c->row->command;
    if (c->nargs < command->min_args)
        return err_set(err, E_USAGE, "usage: electroscope %s %s", c->row->name, c->row->synopsis);
    if (command->max_args >= 0 && c->nargs > command->max_args)
        return err_set(err, E_USAGE, "%s: one word too many: '%s'", c->row->name,
                       SHOW(c->args[command->max_args]));
    return 0;
}

/* Values are checked here too, so that a bad one is named before anything is done. */
static int check_fields(const struct cli *c, struct err *err)
{
    struct config scratch;
    config_default(&scratch);
    for (int i = 0; i < c->nfields; i++) {
        int rc = config_set(&scratch, c->fields[i].field->name, c->fields[i].value, err);
        if (rc)
            return rc;
    }
    return 0;
}

int cli_parse(struct cli *c, int argc, char **argv, struct err *err)
{
    memset(c, 0, sizeof *c);
    c->args = calloc((size_t)argc + 1, sizeof *c->args);
    c->fields = calloc((size_t)argc + 1, sizeof *c->fields);
    if (!c->args || !c->fields)
        return err_nomem(err, "the command line");
    int rc = 0, words_only = 0, version = 0, help = 0;
    for (int i = 1; !rc && i < argc; i++) {
        const char *word = argv[i];
        if (!words_only && !strcmp(word, "--"))
            words_only = 1;
        else if (!words_only && (!strcmp(word, "--help") || !strcmp(word, "-h")))
            help = 1;
        else if (!words_only && !strcmp(word, "--version"))
            version = 1;
        else if (!words_only && word[0] == '-' && word[1])
            rc = take_option(c, argc, argv, &i, err);
        else if (!c->row)
            rc = set_command(c, word, err);
        else
            c->args[c->nargs++] = word;
    }
    if (rc)
        return rc;
    if (help)
        return CLI_HELP;
    if (version)
        return CLI_VERSION;
    if (!c->row && (rc = set_command(c, "workbench", err)))
        return rc;
    rc = check_counts(c, err);
    return rc ? rc : check_fields(c, err);
}

void cli_free(struct cli *c)
{
    const struct option_row *o = c->row && c->own ? c->row->command->options : NULL;
    for (; o && o->name; o++)
        if (o->kind == OPTION_LIST)
            free(((struct text_list *)((char *)c->own + o->offset))->items);
    free(c->own);
    free(c->args);
    free(c->fields);
    memset(c, 0, sizeof *c);
}
