/* SQuAD 1.1 and 2.0 (and KorQuAD, the same format): questions, windows over passages, answers out
 * of scored windows (electra.md sections 7.2, 7.3). */
#ifndef ES_TASK_SQUAD_H
#define ES_TASK_SQUAD_H
#include <stddef.h>
#include <stdint.h>

#include "src/task/items.h"
#include "src/task/tuner.h"

struct err;
struct vocab;
struct wordpiece;

struct squad_item {
    const char *id, *question, *context; /* of the JSON tree */
    long start, end;                     /* bytes of the first answer in the context; -1: none */
    int impossible;
    int doc;                             /* number of the passage */
};
struct squad_set {
    struct squad_item *questions;
    size_t n, cap;
    int docs, v2;      /* v2: the version says so, or a question is impossible */
    size_t skipped;
    void *json;        /* owns all strings; what squad_score_json reads */
};
/* answer_start counts code points. A question whose answers are missing, out of range, or not what
 * stands in the context is skipped with a warning (labelled: training data, else kept without an
 * answer); wrong types and a file without any question are E_INPUT. */
int squad_read(struct squad_set *s, const char *path, int labelled,
               void (*warn)(void *ud, const char *text), void *ud, struct err *err);
void squad_set_free(struct squad_set *s);

/* One window of a question: [CLS] question [SEP] passage pieces [SEP]. */
struct squad_window {
    int question, first, count; /* pieces first..first+count of the passage */
    int offset;                 /* place of the first piece in the window */
};
/* Pieces of one passage: ids and the bytes of the context they stand for. */
struct squad_doc {
    struct ids ids, start, end;
};
struct squad_windows {
    struct squad_doc *docs;
    int ndocs;
    struct squad_window *rows; /* [items.n] */
    size_t cap;
    struct item_set items;
};
struct squad_window_args {
    int max_length, stride, max_query; /* tokens */
};
/* Cuts all questions into windows. The answer of a window that does not hold all of it is [CLS]. */
int squad_windows(struct squad_windows *w, const struct squad_set *s, const struct vocab *v,
                  struct wordpiece *wp, const struct squad_window_args *a, struct err *err);
void squad_windows_free(struct squad_windows *w);

#define SQUAD_NBEST 20
#define SQUAD_ANSWER_MAX 30 /* pieces */
struct squad_answer {
    char *text;    /* malloc'd */
    double score;
};
struct squad_prediction {
    struct squad_answer best[SQUAD_NBEST];
    int n;         /* at least 1: "empty" when nothing is left */
    double null_score; /* the higher, the surer that there is no answer */
};
/* Answers of one question from its windows [from, to) and their beams (by window). hf: null_score
 * is the score of [CLS] minus that of the best answer; else the answerability logit. */
int squad_decode(struct squad_prediction *p, const struct squad_set *s,
                 const struct squad_windows *w, size_t from, size_t to,
                 const struct span_beam *beams, int hf, struct err *err);
void squad_prediction_free(struct squad_prediction *p);
#endif
