/* Usage, the manual's tables and shell completion, all from the tables. See cli.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cli/cli.h"

const char *help_field_arg(const struct config_field *field, char *out, size_t size)
{
    const char *arg = field->type == CONFIG_CHOICE    ? field->choices
                      : field->type == CONFIG_BOOL    ? "yes|no"
                      : field->type == CONFIG_TEXTUAL ? "text"
                      : *field->unit                  ? field->unit
                                                      : "number";
    snprintf(out, size, "%s", arg);
    return out;
}

static void dashed(const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s", name);
    for (; *out; out++)
        if (*out == '_')
            *out = '-';
}

/* `left` in a column of 30, then `right` wrapped at 96 columns. */
static void entry(FILE *f, const char *left, const char *right)
{
    enum { COLUMN = 30, WIDTH = 96 };
    int at = fprintf(f, "  %s", left);
    if (at >= COLUMN) {
        fputc('\n', f);
        at = 0;
    }
    fprintf(f, "%*s", COLUMN - at, "");
    for (at = COLUMN; *right;) {
        int n = (int)strcspn(right, " ");
        if (at > COLUMN && at + 1 + n > WIDTH) {
            fprintf(f, "\n%*s", COLUMN, "");
            at = COLUMN;
        }
        at += fprintf(f, "%s%.*s", at > COLUMN ? " " : "", n, right);
        right += n;
        right += strspn(right, " ");
    }
    fputc('\n', f);
}

void help_program(FILE *f)
{
    fputs("electroscope: pre-train and ablate ELECTRA text encoders in the terminal\n\n"
          "usage: electroscope [--workspace DIR] [COMMAND [OPTIONS]]\n\n"
          "Without a command it opens the workbench.\n\ncommands:\n",
          f);
    for (int i = 0; i < command_nrows; i++)
        if (!(command_rows[i].command->flags & COMMAND_HIDDEN))
            entry(f, command_rows[i].name, command_rows[i].help);
    fputs("\noptions of every command:\n", f);
    entry(f, "--workspace DIR", "where runs, corpora and checkpoints are (default: "
                                "$ELECTROSCOPE_WORKSPACE, else ~/.local/share/electroscope)");
    entry(f, "--help", "options of the command");
    entry(f, "--version", "version of the program and of what it is built on");
    fputs("\n`electroscope demo` pre-trains on the King James Bible in about two minutes.\n", f);
}

static void option_left(const struct option_row *o, char *out, size_t size)
{
    char letter[8] = "";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(out, size, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

const char *help_option(const struct option_row *o, char *out, size_t size)
{
    const char *value = o->unless;
    if (!value || *value == '-' || o->kind == OPTION_FLAG)
        return o->help;
    int n = (int)strlen(value);
    if (o->kind == OPTION_CHOICE) {
        value = o->choices;
        for (long k = strtol(o->unless, NULL, 10); k > 0; k--)
            value += strcspn(value, "|") + 1;
        n = (int)strcspn(value, "|");
    }
    snprintf(out, size, "%s [%.*s]", o->help, n, value);
    return out;
}

void help_command(FILE *f, const struct command_row *row)
{
    char left[256], right[512], arg[160];
    fprintf(f, "%c%s\n\nusage: electroscope %s%s%s\n", toupper((unsigned char)row->help[0]),
            row->help + 1, row->name, *row->synopsis ? " " : "", row->synopsis);
    const struct option_row *o = row->command->options;
    if (o && o->name)
        fputs("\noptions:\n", f);
    for (; o && o->name; o++) {
        option_left(o, left, sizeof left);
        entry(f, left, help_option(o, right, sizeof right));
    }
    if (!(row->command->flags & COMMAND_CONFIG))
        return;
    fputs("\nfields of a run:\n", f);
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *field = &config_fields[i];
        char name[64];
        dashed(field->name, name, sizeof name);
        snprintf(left, sizeof left, "--%s %s", name, help_field_arg(field, arg, sizeof arg));
        snprintf(right, sizeof right, "%s%s%s%s", field->help, *field->def ? " [" : "", field->def,
                 *field->def ? "]" : "");
        entry(f, left, right);
    }
}
