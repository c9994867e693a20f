/* Scores of predictions: classification, regression (scikit-learn's definitions), and SQuAD's
 * exact match and F1 by the official rules (electra.md section 7.4). */
#ifndef ES_TASK_SCORE_H
#define ES_TASK_SCORE_H
#include <stddef.h>

struct err;

struct class_scores {
    double accuracy, matthews, precision, recall, f1; /* the positive class is 1 */
    double f1_macro;                                  /* mean of the classes' F1 */
};
/* gold and pred hold classes 0..classes-1. A ratio 0/0 is 0; Matthews is 0 when undefined.
 * Returns 0 or E_NOMEM. */
int score_classes(const int *gold, const int *pred, size_t n, int classes,
                  struct class_scores *out, struct err *err);

struct regression_scores {
    double pearson, spearman, mse; /* nan for a constant; ties are ranked by their mean */
};
int score_regression(const double *gold, const double *pred, size_t n,
                     struct regression_scores *out, struct err *err);

/* Normalised answer: lower-case, ASCII punctuation and the words a, an, the removed, white space
 * collapsed. malloc'd; NULL when memory is out. */
char *squad_normalise(const char *text);
double squad_exact(const char *gold, const char *pred);
/* v2: if either side has no words, F1 is equality; v1: 0 when no word is shared. */
double squad_f1(const char *gold, const char *pred, int v2);

struct squad_question {
    const char *id;
    int answerable;
    double exact, f1;  /* of the text prediction: 0 or 1; 0..1 */
    double na_prob;
    int empty;         /* the prediction is the empty string */
};
struct squad_best {
    double score, threshold; /* per cent */
};
/* Mean (per cent) of exact or f1 when no-answer is predicted for na_prob > threshold.
 * which: 0 exact, 1 f1; subset: 0 all, 1 answerable, 2 not. *count gets its size. */
double squad_at(const struct squad_question *q, size_t n, double threshold, int which, int subset,
                size_t *count);
/* The official sweep. Sorts q by na_prob (stable). */
struct squad_best squad_best_threshold(struct squad_question *q, size_t n, int which);

struct squad_result {
    struct squad_question *questions; /* in file order; ids point into `own` */
    size_t n;
    int v2;
    void *own;
};
/* Scores a prediction file (id -> text) against a SQuAD file. na_path may be NULL. A missing
 * prediction counts 0 and is told to warn. */
int squad_score_files(const char *data_path, const char *pred_path, const char *na_path,
                      struct squad_result *out, void (*warn)(void *, const char *), void *ud,
                      struct err *err);
/* The same of JSON trees (jansson's json_t) that the caller keeps; na may be NULL. path names the
 * data in errors. */
int squad_score_json(void *data, void *preds, void *na, const char *path, struct squad_result *out,
                     void (*warn)(void *, const char *), void *ud, struct err *err);
void squad_result_free(struct squad_result *r);
#endif
