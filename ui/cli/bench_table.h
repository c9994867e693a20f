/* What `bench --all` prints: every row that tests/bench/NOTES.md has a goal for. */
#ifndef ES_UI_CLI_BENCH_TABLE_H
#define ES_UI_CLI_BENCH_TABLE_H
#include "src/base/err.h"
#include "src/train/bench.h"
#include "ui/cli/cli.h"

/* Fields of a step measurement, inside an open JSON object. */
struct json_out;
void bench_json(struct json_out *j, const struct bench_args *a, const struct bench_report *r);
/* get fills the arguments for a preset ("small") from the command line. Each row is measured in a
 * process of its own, so that peak memory is the row's. text: files to tokenize; none: made-up text. */
int bench_table(const struct cli *c,
                int (*get)(const struct cli *c, const char *preset, struct bench_args *a, struct err *err),
                const struct text_list *text, int json, struct err *err);
/* Tokenizing and vocabulary training of each file. vocab: its path, or NULL: trained. */
int bench_texts(const struct text_list *text, const char *vocab, int json, struct err *err);
#endif
