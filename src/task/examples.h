/* Labelled sentences and pairs, read from a file. Untrusted: every complaint names file and line. */
#ifndef ES_TASK_EXAMPLES_H
#define ES_TASK_EXAMPLES_H
#include <stddef.h>

#include "src/base/str.h"
#include "src/task/task.h"

#define LABELS_MAX 1000

/* The classes of a task, in the order of their numbers. */
struct label_set {
    char **names;
    int n;
};
int label_set_parse(struct label_set *s, const char *list, char by, struct err *err);
int label_set_add(struct label_set *s, const char *name, size_t n, struct err *err);
int label_set_find(const struct label_set *s, const char *name); /* -1 */
void label_set_free(struct label_set *s);

struct example {
    size_t a, b;     /* places in text; b is 0 for a single sentence (place 0 holds "") */
    int label;       /* class, or -1 */
    double score;    /* regression */
    size_t line;     /* in the file, from 1 */
    size_t row;      /* in the file, from 0: without heading, with the rows left out */
};
struct examples {
    struct example *rows;
    size_t n, cap;
    struct str text; /* NUL-ended strings */
    size_t skipped;  /* rows that were left out with a warning */
};

/* What is read from one file. */
struct examples_args {
    const char *path;
    enum task_layout layout;
    const char *columns;            /* as in task.def: "label,a,b", or "a,b" without labels */
    int labelled, regression, heading;
    int whole;                      /* a row that would be left out is E_INPUT: what is predicted for
                                       those behind it would stand in the wrong place */
    char separator;                 /* of a TABLE; 0: comma in .csv files, else tab */
    struct label_set *labels;       /* classes; empty and `collect`: filled from the file, sorted */
    int collect;
    void (*warn)(void *ud, const char *text);
    void *ud;
};
/* Reads all rows. Rows with too few columns are skipped with a warning; a label or score that
 * makes no sense, a missing column, and no row at all are E_INPUT. */
int examples_read(struct examples *e, const struct examples_args *a, struct err *err);
void examples_free(struct examples *e);
const char *examples_text(const struct examples *e, size_t at);

/* Shared by the readers: takes one row's cells. n cells, not NUL-ended. */
struct cell {
    const char *text;
    size_t n;
};
struct row_reader {
    struct examples *e;
    const struct examples_args *a;
    int label, first, second; /* columns; -1 absent; negative others count from the end */
    size_t line;
    size_t empty;             /* the first empty line; 0: none yet */
    size_t told;
    struct err *err;
};
/* n 0: an empty line. */
int examples_row(struct row_reader *r, const struct cell *cells, int n);
#endif
