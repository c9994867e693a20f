/* Inside fine-tuning: data as the trainer sees it, evaluation, files of predictions. */
#ifndef ES_TASK_FINETUNE_INT_H
#define ES_TASK_FINETUNE_INT_H
#include "src/math/math.h"
#include "src/model/hf.h"
#include "src/task/examples.h"
#include "src/task/finetune.h"
#include "src/task/items.h"
#include "src/task/squad.h"
#include "src/task/tuner.h"

#define TASK_PATH 4096

/* One file, read and encoded. */
struct task_set {
    char path[TASK_PATH];
    char suffix[16];             /* of its scores' names: "" or "_mm" */
    struct examples examples;    /* classes and scores */
    struct item_set own;         /* their items */
    struct squad_set squad;      /* questions */
    struct squad_windows windows;
};
const struct item_set *task_set_items(const struct task_set *s);
size_t task_set_size(const struct task_set *s); /* examples or questions */
void task_set_free(struct task_set *s);

struct task_text {
    struct vocab *vocab;
    struct wordpiece *wp;
};
/* What stays the same over files. */
struct task_data {
    const struct finetune_args *a;
    struct hf_dir hf;
    char model_dir[TASK_PATH];
    struct task_text text;
    struct label_set labels;
    int collect;                 /* labels come from the train file */
    int max_length;
    size_t cut;                  /* examples that were shortened */
    float low, range;            /* regression: the network is trained on (score - low) / range */
    int bounded;                 /* predictions are held to [least, most] */
    float least, most;
};
int task_data_open(struct task_data *d, const struct finetune_args *a, struct err *err);
void task_data_close(struct task_data *d);
enum task_part_kind { PART_TRAIN, PART_DEV, PART_TEST };
/* Path of file number i of a part; 0 when there is none. */
int task_file(const struct task_data *d, enum task_part_kind part, int i, char *out, int size);
int task_set_read(struct task_set *s, struct task_data *d, const char *path,
                  enum task_part_kind part, struct err *err);
int task_outputs(const struct task_data *d); /* classes, or 1 */

/* Outputs of the network for a whole set. */
struct task_outputs {
    float *logits;            /* [examples, classes] */
    struct span_beam *beams;  /* [windows] */
};
struct evaluator {
    struct tuner *tuner;
    struct batch_rows *rows;
    int batch, pad, classes, span;
    const struct task_data *data; /* what a regression's outputs stand for */
};
int evaluate_set(const struct evaluator *e, const struct task_set *s, struct task_outputs *out,
                 struct err *err);
void task_outputs_free(struct task_outputs *o);

/* Scores of a dev set; appended to r->scores. Sets r->failed and r->why on the first set. */
int score_set(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
              struct finetune_result *r, struct err *err);
/* Prediction files into a->output: NAME.tsv, or predictions, null odds and n-best as JSON. */
int write_predictions(const struct task_data *d, const struct task_set *s,
                      const struct task_outputs *o, enum task_part_kind part, int number,
                      struct err *err);
/* Tells a->mistakes, if there is one, of the examples got wrong (questions have none). */
int tell_mistakes(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
                  struct err *err);
double null_threshold(const struct finetune_config *c);

/* All questions' answers as JSON trees (json_t). */
struct span_answers {
    void *predictions, *null_odds, *nbest; /* predictions: best texts that are not empty */
    size_t no_answer;                      /* above the threshold */
};
int decode_set(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
               struct span_answers *out, struct err *err);
void span_answers_free(struct span_answers *a);
#endif
