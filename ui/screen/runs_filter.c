/* See runs_filter.h. Recursive descent:
 *     or  := and ("or" and)*      and := not (["and"] not)*
 *     not := "not" not | "(" or ")" | field op value | word */
#include "ui/screen/runs_filter.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "ui/screen/runs.h"

enum { NODE_AND, NODE_OR, NODE_NOT, NODE_WORD, NODE_TEST };
enum { OP_HAS, OP_EQ, OP_NE, OP_GE, OP_LE, OP_GT, OP_LT };
/* Fields that are not rows of a table; config fields follow, then metrics, then held-out ones. */
enum { F_STATE, F_NAME, F_TAG, F_NOTE, F_REASON, F_ID, F_STEP, F_TOKENS, F_LOSS, F_AUC, F_RATE,
       F_PARAMS, F_AGE, F_ARCHIVED, F_OWN };
static const struct { const char *name; int field; } own[] = {
    { "status", F_STATE }, { "state", F_STATE }, { "name", F_NAME }, { "tag", F_TAG },
    { "tags", F_TAG }, { "note", F_NOTE }, { "reason", F_REASON }, { "id", F_ID },
    { "step", F_STEP }, { "tokens", F_TOKENS }, { "loss", F_LOSS }, { "auc", F_AUC },
    { "rate", F_RATE }, { "params", F_PARAMS }, { "hours", F_AGE }, { "archived", F_ARCHIVED },
};
#define OWN ((int)(sizeof own / sizeof own[0]))
static const struct { const char *alias, *field; } aliases[] = {
    { "algorithm", "objective" }, { "alg", "objective" }, { "sharing", "tie" },
    { "gen", "generator_size" }, { "size", "generator_size" }, { "lr", "learning_rate" },
};

struct parser {
    struct filter *f;
    const char *text;
    size_t at;
};

static int fail(struct parser *p, size_t at, const char *fmt, const char *what)
{
    char shown[64];
    if (p->f->bad >= 0)
        return -1;
    p->f->bad = (int)at;
    snprintf(p->f->error, sizeof p->f->error, fmt, visible(shown, sizeof shown, what));
    return -1;
}

static int node(struct parser *p, int kind, int left, int right)
{
    if (p->f->n == FILTER_NODES)
        return fail(p, p->at, "the filter is too long%s", "");
    struct filter_node *n = &p->f->nodes[p->f->n];
    memset(n, 0, sizeof *n);
    n->kind = kind;
    n->left = left;
    n->right = right;
    n->number = NAN;
    return p->f->n++;
}

static void skip(struct parser *p)
{
    while (p->text[p->at] == ' ')
        p->at++;
}

/* 1 and past it when the next token is this word. */
static int keyword(struct parser *p, const char *word)
{
    size_t n = strlen(word);
    skip(p);
    if (strncasecmp(p->text + p->at, word, n) ||
        (p->text[p->at + n] && !strchr(" ()", p->text[p->at + n])))
        return 0;
    p->at += n;
    return 1;
}

int filter_find(const char *name)
{
    char field[80];
    for (int i = 0; i < OWN; i++)
        if (!strcasecmp(own[i].name, name))
            return own[i].field;
    snprintf(field, sizeof field, "%s", name);
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (!strcasecmp(aliases[i].alias, name))
            snprintf(field, sizeof field, "%s", aliases[i].field);
    const struct config_field *c = config_find(field);
    if (c)
        return F_OWN + (int)(c - config_fields);
    int metric = metric_find(field);
    return metric < 0 ? -1 : F_OWN + config_nfields + metric;
}

const char *filter_field(int n)
{
    if (n < OWN)
        return own[n].name;
    n -= OWN;
    if (n < config_nfields)
        return config_fields[n].name;
    n -= config_nfields;
    return n < METRIC_COUNT ? metric_table[n].name : NULL;
}

const char *filter_name(int field)
{
    for (int i = 0; i < OWN; i++)
        if (own[i].field == field)
            return own[i].name;
    field -= F_OWN;
    return field < config_nfields ? config_fields[field].name : metric_name(field - config_nfields);
}

double filter_number(const char *text)
{
    char *end;
    double v = strchr(text, '/') ? config_fraction(text) : strtod(text, &end);
    if (strchr(text, '/'))
        return v < 0 ? NAN : v;
    if (end == text)
        return NAN;
    switch (*end) {
    case 'k': v *= 1e3; end++; break;
    case 'M': v *= 1e6; end++; break;
    case 'G': v *= 1e9; end++; break;
    default: break;
    }
    return *end ? NAN : v;
}

/* Reads a word or a quoted text into out. Returns 0, or -1 for a quote that is not closed. */
static int word(struct parser *p, const char *stop, char *out, size_t size)
{
    size_t n = 0, start = p->at;
    if (p->text[p->at] == '"') {
        for (p->at++; p->text[p->at] && p->text[p->at] != '"'; p->at++)
            if (n + 1 < size)
                out[n++] = p->text[p->at];
        out[n] = 0;
        if (!p->text[p->at])
            return fail(p, start, "this quote is not closed%s", "");
        p->at++;
        return 0;
    }
    for (; p->text[p->at] && !strchr(stop, p->text[p->at]); p->at++)
        if (n + 1 < size)
            out[n++] = p->text[p->at];
    out[n] = 0;
    return 0;
}

static int read_op(struct parser *p)
{
    static const struct { const char *text; int op; } ops[] = {
        { ">=", OP_GE }, { "<=", OP_LE }, { "!=", OP_NE }, { ":", OP_HAS }, { "=", OP_EQ },
        { ">", OP_GT }, { "<", OP_LT },
    };
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!strncmp(p->text + p->at, ops[i].text, strlen(ops[i].text))) {
            p->at += strlen(ops[i].text);
            return ops[i].op;
        }
    }
    return -1;
}

static int test(struct parser *p)
{
    char name[80];
    size_t start = p->at;
    int quoted = p->text[p->at] == '"';
    if (word(p, " ()<>=:!", name, sizeof name))
        return -1;
    int op = quoted ? -1 : read_op(p);
    if (op < 0) {
        if (!*name)
            return fail(p, start, "a word or field is missing here%s", "");
        int k = node(p, NODE_WORD, -1, -1);
        if (k >= 0)
            snprintf(p->f->nodes[k].text, sizeof p->f->nodes[k].text, "%s", name);
        return k;
    }
    int field = filter_find(name);
    if (field < 0)
        return fail(p, start, "%s is no field", name);
    size_t value = p->at;
    char text[80];
    if (word(p, " ()", text, sizeof text))
        return -1;
    if (!*text)
        return fail(p, value, "a value is missing after %s", name);
    int k = node(p, NODE_TEST, -1, -1);
    if (k < 0)
        return k;
    struct filter_node *n = &p->f->nodes[k];
    n->field = field;
    n->op = op;
    n->number = filter_number(text);
    snprintf(n->text, sizeof n->text, "%s", text);
    if (op >= OP_GE && isnan(n->number))
        return fail(p, value, "%s is no number", text);
    return k;
}

static int parse_or(struct parser *p, int depth);

static int parse_not(struct parser *p, int depth)
{
    skip(p);
    if (depth > 30)
        return fail(p, p->at, "too many brackets%s", "");
    if (keyword(p, "not")) {
        int k = parse_not(p, depth + 1);
        return k < 0 ? k : node(p, NODE_NOT, k, -1);
    }
    if (p->text[p->at] == '(') {
        size_t open = p->at++;
        int k = parse_or(p, depth + 1);
        if (k < 0)
            return k;
        skip(p);
        if (p->text[p->at] != ')')
            return fail(p, open, "this bracket is not closed%s", "");
        p->at++;
        return k;
    }
    return test(p);
}

static int at_end(struct parser *p)
{
    size_t was = p->at;
    skip(p);
    int end = !p->text[p->at] || p->text[p->at] == ')' || keyword(p, "or");
    if (end)
        p->at = was;
    return end;
}

static int parse_and(struct parser *p, int depth)
{
    int left = parse_not(p, depth);
    while (left >= 0 && !at_end(p)) {
        keyword(p, "and");
        int right = parse_not(p, depth);
        left = right < 0 ? right : node(p, NODE_AND, left, right);
    }
    return left;
}

static int parse_or(struct parser *p, int depth)
{
    int left = parse_and(p, depth);
    while (left >= 0 && keyword(p, "or")) {
        int right = parse_and(p, depth);
        left = right < 0 ? right : node(p, NODE_OR, left, right);
    }
    return left;
}

int filter_parse(struct filter *f, const char *text)
{
    struct parser p = { f, text, 0 };
    memset(f, 0, sizeof *f);
    f->root = f->bad = -1;
    skip(&p);
    if (!text[p.at])
        return 0;
    int root = parse_or(&p, 0);
    if (root >= 0 && text[p.at])
        fail(&p, p.at, "this bracket was not opened%s", "");
    if (f->bad >= 0)
        return E_USAGE;
    f->root = root;
    return 0;
}

static double age_hours(const struct query_run *r)
{
    return r->started > 0 ? ((r->ended > 0 ? r->ended : r->heartbeat) - r->started) / 3600 : NAN;
}

/* A number that is no field of the configuration, and its text. */
static double other_number(const struct query_run *r, int field)
{
    switch (field) {
    case F_ID: return (double)r->id;
    case F_STEP: return (double)r->step;
    case F_TOKENS: return (double)r->tokens;
    case F_LOSS: return run_loss(r);
    case F_AUC: return run_auc(r);
    case F_RATE: return run_last(r, METRIC_tokens_per_s);
    case F_PARAMS: return (double)r->params;
    case F_AGE: return age_hours(r);
    case F_ARCHIVED: return r->archived;
    default: break;
    }
    field -= F_OWN + config_nfields;
    return field >= METRIC_VAL ? run_val(r, field - METRIC_VAL) : run_last(r, field);
}

double filter_value(const struct query_run *r, int field, char *text, size_t size)
{
    text[0] = 0;
    switch (field) {
    case F_STATE: snprintf(text, size, "%s", run_state_name(r->state)); return NAN;
    case F_NAME: snprintf(text, size, "%s", r->name); return NAN;
    case F_TAG: snprintf(text, size, "%s", r->tags); return NAN;
    case F_NOTE: snprintf(text, size, "%s", r->note); return NAN;
    case F_REASON: snprintf(text, size, "%s", r->reason); return NAN;
    default: break;
    }
    if (field >= F_OWN && field < F_OWN + config_nfields) {
        config_get(&r->config, &config_fields[field - F_OWN], text, size);
        return filter_number(text);
    }
    double v = other_number(r, field);
    if (isfinite(v))
        snprintf(text, size, "%.5g", v);
    return v;
}

static int test_match(const struct filter_node *n, const struct query_run *r)
{
    char text[600];
    double v = filter_value(r, n->field, text, sizeof text);
    int equal = isnan(n->number) ? !strcasecmp(text, n->text) : v == n->number;
    if (n->field == F_STATE && !strcasecmp(n->text, "active")) {
        int active = r->state != RUN_STOPPED && r->state != RUN_DONE && r->state != RUN_FAILED &&
                     r->state != RUN_LOST;
        return n->op == OP_NE ? !active : active;
    }
    switch (n->op) {
    case OP_HAS: return isnan(n->number) || isnan(v) ? *text && str_contains(text, n->text)
                                                         : equal;
    case OP_EQ: return equal;
    case OP_NE: return !equal;
    case OP_GE: return v >= n->number;
    case OP_LE: return v <= n->number;
    case OP_GT: return v > n->number;
    default: return v < n->number;
    }
}

static int match(const struct filter *f, int k, const struct query_run *r)
{
    const struct filter_node *n = &f->nodes[k];
    char objective[40];
    switch (n->kind) {
    case NODE_AND: return match(f, n->left, r) && match(f, n->right, r);
    case NODE_OR: return match(f, n->left, r) || match(f, n->right, r);
    case NODE_NOT: return !match(f, n->left, r);
    case NODE_TEST: return test_match(n, r);
    default:
        config_get(&r->config, config_find("objective"), objective, sizeof objective);
        return str_contains(r->name, n->text) || str_contains(r->tags, n->text) ||
               str_contains(r->note, n->text) || str_contains(objective, n->text);
    }
}

int filter_match(const struct filter *f, const struct query_run *r)
{
    return f->root < 0 || match(f, f->root, r);
}

static const char *const own_help[F_OWN] = {
    [F_STATE] = "running, queued, paused, stopped, done, failed, lost; active: on the way to its end",
    [F_NAME] = "part of the name", [F_TAG] = "part of the tags", [F_NOTE] = "part of the note",
    [F_REASON] = "part of why it ended", [F_ID] = "number of the run", [F_STEP] = "steps trained",
    [F_TOKENS] = "tokens trained", [F_LOSS] = "loss in training", [F_AUC] = "AUC common, or AUC own where that is all",
    [F_RATE] = "tokens a second", [F_PARAMS] = "parameters", [F_AGE] = "hours it ran", [F_ARCHIVED] = "1: archived",
};

int filter_item(void *ud, int i, struct choice *out)
{
    (void)ud;
    const char *name = filter_field(i);
    if (!name)
        return 0;
    const struct config_field *f = config_find(name);
    int metric = metric_find(name);
    memset(out, 0, sizeof *out);
    if (i && i < OWN && own[i].field == own[i - 1].field) /* another word for it */
        return 1;
    for (int k = 0; k < OWN && i >= OWN; k++) /* a row of config.def that is there already */
        if (!strcmp(own[k].name, name))
            return 1;
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->help, sizeof out->help, "%s", i < OWN ? own_help[own[i].field]
             : f ? f->help : metric >= 0 ? metric_table[metric].help : "");
    return 1;
}

int filter_typed(struct app *a, const char *text, struct filter *f, size_t *n)
{
    char part[512], said[200];
    int rc = filter_parse(f, text), shown = 0;
    *n = strlen(text);
    if (!rc) {
        app_remark(a, -1, *text ? "" : "words, tie:all, seed>=3, and, or, not, ( )");
        return 0;
    }
    for (int i = 0; i < f->bad && text[i]; i++)
        shown += ((unsigned char)text[i] & 0xC0) != 0x80;
    snprintf(said, sizeof said, "character %d: %s", shown + 1, f->error);
    app_remark(a, f->bad, said);
    for (int bad = rc; bad;) {
        while (*n && text[*n - 1] == ' ')
            --*n;
        while (*n && text[*n - 1] != ' ')
            --*n;
        snprintf(part, sizeof part, "%.*s", (int)*n, text);
        bad = filter_parse(f, part);
    }
    while (*n && text[*n - 1] == ' ')
        --*n;
    return rc;
}
