/* Filter expressions over runs: bare words, field:value, field>=x, and, or, not, brackets.
 *
 *     base status:active loss<11 (tie:all or tie:none) not tag:old
 *
 * A word matches in name, tags, note and objective. `field:value` is a part of a text, a state
 * ("active": on the way to its end), or a number's equal; the fields are the columns, every
 * row of config.def and every metric (last value; val_ for held-out). */
#ifndef ES_UI_RUNS_FILTER_H
#define ES_UI_RUNS_FILTER_H
#include "db/query.h"

#define FILTER_NODES 64
struct filter_node {
    int kind, left, right;     /* children; -1 none */
    int field, op;
    double number;             /* NAN: the value is no number */
    char text[80];
};
struct filter {
    struct filter_node nodes[FILTER_NODES];
    int n, root;               /* root -1: matches everything */
    int bad;                   /* where the error is: a character from 0; -1: none */
    char error[128];           /* what is wrong there */
};
/* 0, or E_USAGE with f->bad and f->error set; an f that failed matches everything. */
int filter_parse(struct filter *f, const char *text);
int filter_match(const struct filter *f, const struct query_run *r);
/* "412k", "1/4", "1e-3", "0.5"; NAN when it is no number. */
double filter_number(const char *text);
/* A field by name or alias; -1: there is none. */
int filter_find(const char *name);
const char *filter_name(int field);
/* What a field says of a run, in words; the number that it is, NAN when it is none. */
double filter_value(const struct query_run *r, int field, char *text, size_t size);
/* The n-th field name for completion; NULL at the end. */
const char *filter_field(int n);
/* The same as a line of a list (see app_choose), and what it means; ud is not used. */
struct choice;
int filter_item(void *ud, int n, struct choice *out);
/* What is typed into a field: says behind it what is wrong where. f is then of the words that make
 * sense, which *n bytes of the text hold. Returns 0 or E_USAGE. */
struct app;
int filter_typed(struct app *a, const char *text, struct filter *f, size_t *n);
#endif
