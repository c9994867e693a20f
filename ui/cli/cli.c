/* See cli.h: the tables put together, and the way from argv to an exit code. */
#include "ui/cli/cli.h"

#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/math/math.h"
#include "src/text/wordpiece.h"
#include "ui/cli/print.h"

#define C(name, synopsis, help) extern const struct command cmd_##name;
#include "ui/cli/command.def"
#undef C

const struct command_row command_rows[] = {
#define C(name_, synopsis_, help_) {#name_, synopsis_, help_, &cmd_##name_},
#include "ui/cli/command.def"
#undef C
};
const int command_nrows = (int)(sizeof command_rows / sizeof command_rows[0]);

const char *cli_field(const struct cli *c, const char *name)
{
    const char *value = NULL;
    for (int i = 0; i < c->nfields; i++)
        if (!strcmp(c->fields[i].field->name, name))
            value = c->fields[i].value;
    return value;
}

/* All --corpus values joined by commas. */
static int join_corpus(const struct cli *c, struct config *out, struct err *err)
{
    struct str joined;
    str_init(&joined);
    for (int i = 0; i < c->nfields; i++) {
        if (strcmp(c->fields[i].field->name, "corpus"))
            continue;
        if (joined.len)
            str_addc(&joined, ',');
        str_add(&joined, c->fields[i].value);
    }
    int rc = joined.failed ? err_nomem(err, "the names of the corpora")
             : joined.len  ? config_set(out, "corpus", str_get(&joined), err)
                           : 0;
    str_free(&joined);
    return rc;
}

int cli_config(const struct cli *c, const char *file, struct config *out, struct err *err)
{
    config_default(out);
    int rc = file ? config_load(out, file, err) : 0;
    const char *preset = cli_field(c, "preset");
    if (!rc && preset)
        rc = config_preset(out, preset, err);
    for (int i = 0; !rc && i < c->nfields; i++) {
        const char *name = c->fields[i].field->name;
        if (strcmp(name, "preset") && strcmp(name, "corpus"))
            rc = config_set(out, name, c->fields[i].value, err);
    }
    return rc ? rc : join_corpus(c, out, err);
}

void text_options_get(const struct text_options *o, struct wordpiece_options *out)
{
    memset(out, 0, sizeof *out);
    out->cased = o->cased;
    out->strip_accents = o->strip == 1 ? 1 : o->strip == 2 ? 0 : -1;
    out->no_cjk_split = o->no_cjk;
}

static int report(const struct err *err, int code)
{
    char text[sizeof err->text * 2];
    fprintf(stderr, "electroscope: %s\n", visible(text, sizeof text, err->text));
    return code == E_USAGE ? 2 : 1;
}

/* All that was printed must have come through, lines flushed long ago too; unless whoever read it
 * has gone, which is no failure. (SIGPIPE ends most commands before they get here.) */
static int check_output(struct err *err)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int now = fflush(stdout), before = ferror(stdout);
    if (!now && !before)
        return 0;
    int rc = now ? err_errno(err, "cannot write to standard output")
                 : err_set(err, E_IO, "cannot write to standard output: not all of it came through");
    return poll(&p, 1, 0) > 0 && p.revents & POLLERR ? 0 : rc;
}

int cli_main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    struct err err = {0};
    struct cli c;
    int rc = cli_parse(&c, argc, argv, &err);
    if (rc == CLI_HELP) {
        c.row ? help_command(stdout, c.row) : help_program(stdout);
        rc = 0;
    } else if (rc == CLI_VERSION) {
        print_version(stdout);
        rc = 0;
    } else if (rc == CLI_RUN) {
        math_init();
        rc = c.row->command->run(&c, &err);
    }
    if (rc < 0)
        rc = report(&err, rc);
    else if (rc == 0 && (rc = check_output(&err)))
        rc = report(&err, rc);
    cli_free(&c);
    return rc;
}
