/* The table of ablations in text: what `ablations` and `export ablations` share. */
#ifndef ES_UI_CLI_ABLATIONS_H
#define ES_UI_CLI_ABLATIONS_H
#include <stddef.h>
#include <stdio.h>

#include "experiments/ablation.h"
#include "ui/cli/cli.h"

struct ablations_args {
    const char *by, *metric, *baseline, *tag;
    struct text_list runs;
    int at, unfinished;       /* at: 0 as the budgets are, else 1 + enum ablation_at */
};
enum ablations_form { ABLATIONS_TEXT, ABLATIONS_CSV, ABLATIONS_JSON, ABLATIONS_MD, ABLATIONS_TEX };
/* Computes and writes the table. */
int ablations_write(FILE *f, struct query *q, const struct ablations_args *a,
                    enum ablations_form form, struct err *err);

/* Rows of options; `type` holds a struct ablations_args at `member`. The metric and the runs are
 * left out: export has options of these names already. */
#define ABLATIONS_OPTIONS(type, member)                                                         \
    {.name = "by", .kind = OPTION_TEXT, .offset = offsetof(type, member.by), .arg = "FIELD,...", \
     .help = "ablations: fields to group by (default: what differs, but seed and name)"},       \
    {.name = "baseline", .kind = OPTION_TEXT, .offset = offsetof(type, member.baseline),        \
     .arg = "ROW", .help = "ablations: row to compare with, by number or field=value"},         \
    {.name = "tag", .kind = OPTION_TEXT, .offset = offsetof(type, member.tag), .arg = "TAG",    \
     .help = "ablations: only runs with this tag, or of this sweep"},                           \
    {.name = "at", .kind = OPTION_CHOICE, .offset = offsetof(type, member.at),                  \
     .arg = "common|end", .choices = "auto|common|end",                                         \
     .help = "ablations: read at the last common step or at each run's end (default: by "       \
             "the budgets)"},                                                                   \
    {.name = "unfinished", .kind = OPTION_FLAG, .offset = offsetof(type, member.unfinished),    \
     .help = "ablations: runs that are not done too"}
#endif
