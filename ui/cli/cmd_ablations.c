/* electroscope ablations: runs grouped by what differs, over seeds, with tests. */
#include "ui/cli/ablations.h"

struct args {
    struct ablations_args table;
    int csv, json, md, tex;
};

static int run(struct cli *c, struct err *err)
{
    const struct args *a = c->own;
    struct workspace w;
    if (a->csv + a->json + a->md + a->tex > 1)
        return err_set(err, E_USAGE, "ablations: one of --csv, --json, --md and --tex");
    int rc = cli_workspace(c, 0, &w, err);
    struct query *q = rc ? NULL : query_open(w.db, err);
    if (!q)
        return rc ? rc : err->code;
    rc = ablations_write(stdout, q, &a->table, a->csv    ? ABLATIONS_CSV
                                               : a->json ? ABLATIONS_JSON
                                               : a->md   ? ABLATIONS_MD
                                               : a->tex  ? ABLATIONS_TEX : ABLATIONS_TEXT, err);
    query_close(q);
    return rc;
}

#define AT(member) offsetof(struct args, member)
static const struct option_row options[] = {
    ABLATIONS_OPTIONS(struct args, table),
    {.name = "metric", .kind = OPTION_TEXT, .offset = AT(table.metric), .arg = "NAME",
     .help = "metric or task to rank and test by (default: AUC on the common fakes, if there)"},
    {.name = "run", .kind = OPTION_LIST, .offset = AT(table.runs), .arg = "RUN",
     .help = "only this run, by number or name; may be given again"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv), .help = "a line a row and metric"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "one JSON object"},
    {.name = "md", .kind = OPTION_FLAG, .offset = AT(md), .help = "a Markdown table"},
    {.name = "tex", .kind = OPTION_FLAG, .offset = AT(tex), .help = "a LaTeX table"},
    {.name = NULL},
};

const struct command cmd_ablations = {.options = options, .own_size = sizeof(struct args),
                                      .max_args = 0, .run = run};
