/* Fine-tuning: from a pre-trained directory to the scores of a task, in the calling thread with
 * worker threads of its own. Prints nothing. Equal settings give equal results, whatever the number
 * of threads. Scores are in per cent where the papers print them so: all but thresholds and losses. */
#ifndef ES_TASK_FINETUNE_H
#define ES_TASK_FINETUNE_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/task/task.h"

struct err;

#define FINETUNE_T_INT long
#define FINETUNE_T_REAL double
#define FINETUNE_T_CHOICE int
#define FINETUNE_T_FLAG int
struct finetune_config {
#define F(type, name, option, def, min, max, choices, help) FINETUNE_T_##type name;
#include "src/task/finetune.def"
#undef F
};
void finetune_defaults(struct finetune_config *c);

enum { FINETUNE_RELEASED, FINETUNE_HF };
enum { FINETUNE_SUM, FINETUNE_MEAN };

#define SCORES_MAX 24
struct finetune_score {
    char name[40];
    double value;
};
/* One after each evaluation and about twice a second between them. */
struct finetune_progress {
    int seed;
    long epoch, epochs, step, steps; /* epoch: of this step, from 1 */
    double loss;                     /* mean over the steps since the last report, per example */
    double learning_rate, examples_per_s, seconds_left;
    const struct finetune_score *scores; /* after an evaluation, else NULL */
    int nscores;
};

/* Examples of the first dev file that the tuned network got wrong: those it was surest of (of
 * numbers: those it missed farthest). Text passed visible(). */
#define MISTAKES_MAX 100
struct finetune_mistake {
    int64_t place;       /* in the file, from 0 */
    char text[160], second[160], label[40], said[40];
    double confidence;   /* probability of what was said; of numbers the distance */
};
struct finetune_mistakes {
    int seed, n;         /* n: told, at most MISTAKES_MAX */
    size_t wrong, of;
    const struct finetune_mistake *rows;
};

struct finetune_args {
    struct finetune_config config;
    const struct task *task;
    const char *model;       /* Hugging Face directory, or a checkpoint that holds discriminator/ or main/ */
    const char *data;        /* directory with the task's files (or one above it) */
    const char *train, *dev, *test; /* files instead of the task's; NULL: those of `data` */
    const char *columns;     /* TABLE tasks: "label,text" or "label,text,text"; NULL: the task's */
    const char *labels;      /* "a,b,c"; NULL: the task's, or collected from the train file */
    char separator;          /* TABLE tasks: 0: by the file's name */
    const char *output;      /* directory for predictions and the tuned model; NULL: none is written */
    int save_model;
    atomic_int *stop;        /* set from outside: stop after this step (E_STOPPED); may be NULL */
    void (*progress)(void *ud, const struct finetune_progress *p);
    void (*warn)(void *ud, const char *text);
    void (*mistakes)(void *ud, const struct finetune_mistakes *m); /* once, at the end */
    void *ud;
};

struct finetune_result {
    struct finetune_score scores[SCORES_MAX]; /* of the dev files, the main one first */
    int n;
    double majority;      /* main score of always saying the most frequent class (nan: none) */
    int failed;           /* stuck at one answer, or the loss is not finite */
    char why[160];        /* half a sentence when failed */
    double loss;          /* mean training loss an example of the last epoch */
    long steps, dev_examples, epochs;
    long sources, examples; /* trained on: examples or questions, and the sequences made of them */
    double seconds;
    double learning_rate, layerwise_decay; /* as resolved */
};
/* 0 also for a failed run: see result->failed. E_STOPPED, or another code with err set. */
int finetune_run(const struct finetune_args *a, struct finetune_result *out, struct err *err);

/* What a training file holds, without training: every row is read and encoded, the model loaded. */
struct finetune_check {
    size_t examples, items, skipped, tokens, longest, cut; /* items: windows; cut: shortened */
    int labels;
    size_t per_label[16]; /* of the first 16 classes */
};
int finetune_check(const struct finetune_args *a, struct finetune_check *out, struct err *err);
/* Whether the task's training and dev files are below `data`. */
int finetune_files(const struct task *t, const char *data, struct err *err);
/* The directory of the network in `model`: itself, or its discriminator/ or main/. Returns out. */
char *finetune_model_dir(const char *model, char *out, int size);
#endif
