/* electroscope tables (hidden; the build calls it): what the tables say, as parts of the manual
 * page (`tables manual TEMPLATE`) and as completion for bash (`tables completion`). */
#include <ctype.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/cli/cli.h"

/* Text in mdoc: dashes and backslashes kept as they are typed, no line that begins with a dot. */
static void roff(const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (; *s; s++) {
        if (*s == '-')
            fputs("\\-", stdout);
        else if (*s == '\\')
            fputs("\\e", stdout);
        else
            putchar(*s);
    }
}

/* Words in lines of at most 76 columns, a capital first and a full stop last. */
static void sentence(const char *s)
{
    int at = 0;
    for (const char *p = s; *p;) {
        char word[128];
        int n = (int)strcspn(p, " ");
        snprintf(word, sizeof word, "%.*s", n, p);
        if (p == s)
            word[0] = (char)toupper((unsigned char)word[0]);
        if (at && at + n > 74) {
            putchar('\n');
            at = 0;
        }
        if (at)
            putchar(' ');
        roff(word);
        at += n + 1;
        p += n;
        p += strspn(p, " ");
    }
    puts(".");
}

static void name_dashed(const char *name)
{
    char out[64];
    snprintf(out, sizeof out, "%s", name);
    for (char *p = out; *p; p++)
        *p = *p == '_' ? '-' : *p;
    roff(out);
}

static void manual_command(const struct command_row *row)
{
    char help[512];
    printf(".It Cm %s Li \"", row->name);
    roff(row->synopsis);
    puts("\"");
    sentence(row->help);
    const struct option_row *o = row->command->options;
    if (row->command->flags & COMMAND_CONFIG)
        puts("Takes every field of a run as an option, see\n.Sx FIELDS OF A RUN .");
    if (!o || !o->name)
        return;
    puts(".Bl -tag -width Ds -compact");
    for (; o->name; o++) {
        fputs(".It ", stdout);
        if (o->letter)
            printf("Fl %c , ", o->letter);
        fputs("Fl \\-", stdout);
        roff(o->name);
        if (o->arg) {
            fputs(" Ar ", stdout);
            roff(o->arg);
        }
        putchar('\n');
        sentence(help_option(o, help, sizeof help));
    }
    puts(".El");
}

static void manual_fields(void)
{
    char arg[192];
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        fputs(".It Fl \\-", stdout);
        name_dashed(f->name);
        fputs(" Ar ", stdout);
        roff(help_field_arg(f, arg, sizeof arg));
        putchar('\n');
        sentence(f->help);
        if (*f->def) {
            fputs("Default: ", stdout);
            roff(f->def);
            puts(".");
        }
    }
}

/* Keys of the workbench, by section, and the name for the palette. */
static void manual_keys(void)
{
    static const struct {
        const char *section, *keys, *name, *help;
    } rows[] = {
#define SECTION(title) {title, NULL, NULL, NULL},
#define A(id, keys_, name_, word, priority, help_) {NULL, keys_, name_, help_},
#include "ui/app/action.def"
#undef A
#undef SECTION
    };
    int open = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].section) {
            printf("%s.Ss ", open ? ".El\n" : "");
            roff(rows[i].section);
            puts("\n.Bl -tag -width Ds -compact");
            open = 1;
        } else {
            fputs(".It ", stdout);
            if (*rows[i].keys) {
                fputs("Ic \"\\&", stdout); /* \& so that none is taken for punctuation */
                roff(rows[i].keys);
                fputs("\\&\" , ", stdout);
            }
            fputs("Ic \"\\&:", stdout);
            roff(rows[i].name);
            puts("\"");
            sentence(rows[i].help);
        }
    }
    puts(".El");
}

/* What signs and words on the screens mean, as help ends. */
static void manual_legend(void)
{
    static const struct { const char *sign, *what; } rows[] = {
#define L(sign, what) {sign, what},
#include "ui/app/legend.def"
#undef L
    };
    puts(".Ss Signs and words\n.Bl -tag -width Ds -compact");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fputs(".It Ic \"\\&", stdout);
        roff(rows[i].sign);
        puts("\\&\"");
        sentence(rows[i].what);
    }
    puts(".El");
}

static void manual_settings(void)
{
    static const struct { const char *name, *choices, *preset, *help; } rows[] = {
#define S(name, choices, preset, help) {#name, choices, preset, help},
#include "ui/app/setting.def"
#undef S
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf(".It Ic %s No = Ar %s\n", rows[i].name, *rows[i].choices ? rows[i].choices : "COMMAND");
        sentence(rows[i].help);
        fputs("Default: ", stdout);
        roff(rows[i].preset);
        puts(".");
    }
}

static int manual(const char *path, struct err *err)
{
    char line[1024];
    FILE *f = fopen(path, "r");
    if (!f)
        return err_errno(err, "cannot open %s", visible((char[512]){0}, 512, path));
    while (fgets(line, sizeof line, f)) {
        if (!strcmp(line, "@COMMANDS@\n")) {
            for (int i = 0; i < command_nrows; i++)
                if (!(command_rows[i].command->flags & COMMAND_HIDDEN))
                    manual_command(&command_rows[i]);
        } else if (!strcmp(line, "@FIELDS@\n"))
            manual_fields();
        else if (!strcmp(line, "@KEYS@\n"))
            manual_keys(), manual_legend();
        else if (!strcmp(line, "@SETTINGS@\n"))
            manual_settings();
        else
            fputs(line, stdout);
    }
    fclose(f);
    return 0;
}

static void completion(void)
{
    puts("# bash completion of electroscope, made from its tables\n"
         "_electroscope() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} command= word options\n"
         "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "        case $word in -*) ;; *) command=$word; break ;; esac\n"
         "    done\n"
         "    case $command in");
    fputs("    '') options='--workspace --help --version", stdout);
    for (int i = 0; i < command_nrows; i++)
        if (!(command_rows[i].command->flags & COMMAND_HIDDEN))
            printf(" %s", command_rows[i].name);
    puts("' ;;");
    for (int i = 0; i < command_nrows; i++) {
        const struct command *command = command_rows[i].command;
        if (command->flags & COMMAND_HIDDEN)
            continue;
        printf("    %s) options='--workspace --help", command_rows[i].name);
        for (const struct option_row *o = command->options; o && o->name; o++)
            printf(" --%s", o->name);
        fputs(command->flags & COMMAND_CONFIG ? " '$_electroscope_fields ;;\n" : "' ;;\n", stdout);
    }
    puts("    esac\n"
         "    case $cur in\n"
         "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\") ;;\n"
         "    *) mapfile -t COMPREPLY < <([ -n \"$command\" ] || compgen -W \"$options\" -- \"$cur\"\n"
         "        compgen -f -- \"$cur\") ;;\n"
         "    esac\n"
         "}");
    fputs("complete -o filenames -F _electroscope electroscope\n", stdout);
}

static void completion_fields(void)
{
    fputs("_electroscope_fields='", stdout);
    for (int i = 0; i < config_nfields; i++) {
        fputs(i ? " --" : "--", stdout);
        for (const char *p = config_fields[i].name; *p; p++)
            putchar(*p == '_' ? '-' : *p);
    }
    puts("'");
}

static int run(struct cli *c, struct err *err)
{
    if (!strcmp(c->args[0], "manual") && c->nargs == 2)
        return manual(c->args[1], err);
    if (!strcmp(c->args[0], "completion") && c->nargs == 1) {
        completion_fields();
        completion();
        return 0;
    }
    return err_set(err, E_USAGE, "usage: electroscope tables manual TEMPLATE | completion");
}

const struct command cmd_tables = {.min_args = 1, .max_args = 2, .flags = COMMAND_HIDDEN, .run = run};
