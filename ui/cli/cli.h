/* The command line: tables of commands and options, and what every command may use. A command is
 * one file, cmd_NAME.c, that ends in a `const struct command`, and one row in command.def. */
#ifndef ES_UI_CLI_H
#define ES_UI_CLI_H
#include <stddef.h>
#include <stdio.h>

#include "experiments/workspace.h"
#include "src/base/err.h"
#include "src/config/config.h"

/* What an option's value becomes, at `offset` of the command's own struct. */
enum option_kind {
    OPTION_FLAG,   /* int: 1 when given; takes no value */
    OPTION_TEXT,   /* const char * */
    OPTION_LIST,   /* struct text_list: may be given again */
    OPTION_INT,    /* long, within [min, max] */
    OPTION_REAL,   /* double, within [min, max] */
    OPTION_CHOICE  /* int: index into choices "a|b|c" */
};
struct text_list {
    const char **items; /* into argv; the array is freed with the struct cli */
    int n;
};
struct option_row {
    const char *name; /* without the dashes */
    char letter;      /* 0: no short form */
    enum option_kind kind;
    size_t offset;
    const char *arg;  /* what the value is called, NULL for a flag */
    const char *choices;
    double min, max;
    const char *help; /* half a sentence, no full stop */
    const char *unless; /* the default as its table has it, of a CHOICE its number; NULL, or below zero,
                         * which stands for something else: help does not tell it */
};

struct cli;
enum command_flag {
    COMMAND_CONFIG = 1,  /* takes every row of config.def as an option */
    COMMAND_HIDDEN = 2   /* neither listed nor in the manual */
};
struct command {
    const struct option_row *options; /* ends with name NULL; NULL: none */
    size_t own_size;    /* of the struct the options are stored in, zeroed first */
    void (*defaults)(void *own); /* may be NULL */
    int min_args, max_args;      /* words that are no options; max < 0: any number */
    int flags;
    /* 0 done, a negative E_* with err set, or an exit code > 0 when all has been said. */
    int (*run)(struct cli *c, struct err *err);
};
/* A row of command.def. */
struct command_row {
    const char *name, *synopsis, *help;
    const struct command *command;
};
extern const struct command_row command_rows[];
extern const int command_nrows;

/* One parsed command line. */
struct field_value {
    const struct config_field *field;
    const char *value;
};
struct cli {
    const struct command_row *row;
    const char *workspace_dir; /* --workspace, or NULL */
    const char **args;
    int nargs;
    struct field_value *fields; /* in the order given */
    int nfields;
    void *own;
};

enum { CLI_RUN = 0, CLI_HELP = 1, CLI_VERSION = 2 };
/* Parses argv[1..]: CLI_RUN, CLI_HELP (c->row may be NULL), CLI_VERSION, or E_USAGE with a
 * sentence that names the word and the likely one. c is filled as far as it got; free it always. */
int cli_parse(struct cli *c, int argc, char **argv, struct err *err);
void cli_free(struct cli *c);
/* The whole program: parses, runs, reports. Returns the exit code. */
int cli_main(int argc, char **argv);

/* The configuration: defaults, the experiment file, the preset, then the options in order.
 * Repeated --corpus are joined by commas. Not resolved yet. */
int cli_config(const struct cli *c, const char *file, struct config *out, struct err *err);
int cli_workspace(const struct cli *c, int create, struct workspace *w, struct err *err);
/* The value of a field on this command line, or NULL. */
const char *cli_field(const struct cli *c, const char *name);

/* The nearest of n names by edit distance, or NULL when none is near. */
const char *suggest(const char *word, const char *const *names, int n);

void help_program(FILE *f);
void help_command(FILE *f, const struct command_row *row);
/* The option's help, with the default where it has one to tell. */
const char *help_option(const struct option_row *o, char *out, size_t size);
/* "--learning-rate X" for a field, shown in help, manual and completion alike. */
const char *help_field_arg(const struct config_field *field, char *out, size_t size);

/* Three options that many commands share: cased, accents and CJK. */
struct text_options {
    int cased, strip, no_cjk; /* strip: 0 unset, 1 yes, 2 no */
};
struct wordpiece_options;
void text_options_get(const struct text_options *o, struct wordpiece_options *out);
#define TEXT_OPTIONS(type, member)                                                              \
    {.name = "cased", .kind = OPTION_FLAG, .offset = offsetof(type, member.cased),              \
     .help = "keep upper case"},                                                                \
    {.name = "strip-accents", .kind = OPTION_CHOICE, .offset = offsetof(type, member.strip),    \
     .arg = "yes|no", .choices = "auto|yes|no",                                                 \
     .help = "drop accents (default: when lower-casing)"},                                      \
    {.name = "no-cjk-split", .kind = OPTION_FLAG, .offset = offsetof(type, member.no_cjk),      \
     .help = "no spaces round Chinese characters"}
#endif
