/* Shared by the files of the Tokens screen. */
#ifndef ES_UI_TOKENS_INT_H
#define ES_UI_TOKENS_INT_H
#include <stdint.h>

#include "experiments/pieces.h"
#include "src/base/arena.h"
#include "src/event/diagnosis.h"
#include "src/event/event.h"
#include "ui/app/app.h"
#include "ui/screen/run_orders.h"

struct csv_out;
struct err;

enum tokens_focus { ON_TEXT, ON_DIAGNOSIS, ON_LIST, ON_RATES, ON_COUNT };
enum tokens_view { VIEW_TEXT, VIEW_STRIP, VIEW_TABLE, VIEW_WATERFALL, VIEW_COUNT };
enum tokens_mode { MODE_LIVE, MODE_SNAPSHOT, MODE_OWN };
enum outcome { OUT_KEPT, OUT_CAUGHT, OUT_MISSED, OUT_FALSE, OUT_NONE /* no discriminator */ };

/* One sentence of what is loaded. */
struct sentence {
    const struct token_seq *seq;
    int source;              /* enum token_source */
    double loss;             /* mean over its tokens; NAN: none */
    int count[OUT_NONE + 1];
    int replaced, chosen, same;
};
/* A token at one snapshot: what the waterfall and "over training" keep of all sentences. */
struct past_cell {
    float disc_prob, gen_prob, loss;
    int32_t original, sampled;
    uint8_t label, chosen;
};
struct past_seq { int source, sentence, n; struct past_cell *cells; };
/* Rates by group (tokens_rates.c). A row is a group of tokens, by its kind and a place in it. */
enum rate_kind { RATE_ALL, RATE_FREQUENCY, RATE_PIECE, RATE_POSITION, RATE_P, RATE_PAIR, RATE_KINDS };
enum rate_col { OF_TOKENS, OF_REPLACED, OF_SHARE, OF_CAUGHT, OF_MISSED, OF_FALSE, OF_RECALL,
                OF_ALARMS, OF_CHOSEN, OF_SAME, OF_ACCURACY, OF_LOSS, RATE_COLS };
struct rate_row {
    int kind, bin;
    int32_t original, sampled;           /* RATE_PAIR */
    int64_t n[RATE_COLS];                /* tokens that each column is about; rates: 0 */
    double loss;                         /* sum */
    int64_t losses;
};
#define RATE_ROWS 64
#define RATE_PAIRS 24
struct tokens_rates {
    struct rate_row row[RATE_ROWS];
    int n, at, col, top;
    int every;                           /* 1: of all snapshots, 0: of what is shown */
    int ranked;                          /* the corpus' frequencies are known */
    int stale, snapshots;
    int listing, list_top;               /* the tokens of a cell are listed */
};
/* A token of some moment. step INT64_MAX: of what is shown now (live, own). */
struct token_match { int64_t step; int source, sentence, pos; };
/* What n and N step through: tokens found by text, or those of a cell of the rates. */
enum hunt_kind { HUNT_NONE, HUNT_FIND, HUNT_CELL };
struct tokens_hunt {
    enum hunt_kind kind;
    struct token_match *list;
    int n, cap, at, stale;               /* at: -1 none yet */
    struct rate_row group;               /* HUNT_CELL: kind, bin, pair */
    int col, every;
    char name[160];
};
struct past {
    int64_t step;
    int loaded, nseqs;
    struct past_seq *seqs;
};
#define PAIRS 64
#define TOKENS_HITS 1024
#define CARD_POINTS 40
/* What the card over the tokens shows (tokens_card.c). */
struct tokens_card {
    int choice;                          /* 1 shown, -1 hidden, 0: as the run's kind has it */
    int64_t watched;                     /* the run was seen at work: its end stays open */
    int folded;                          /* as drawn last: its title alone */
    char caption[300];
    uint8_t role;
    double loss[CARD_POINTS], auc[CARD_POINTS];
    int nloss, nauc, auc_metric;
    int64_t read_run, read_of, read_caught; /* what caption and curves are of: run, app_reads, caught_step */
    int64_t caught_run, caught_step;     /* first replaced token caught; step -1: none */
    int caught_of;                       /* snapshots that were looked through */
    char caught_word[64];
};
struct pair { int32_t original, sampled; int missed, all; };
struct counts {
    int64_t n[OUT_NONE + 1], tokens, replaced, chosen, same;
    int64_t judged;                      /* tokens with a p(replaced) */
    int64_t bin[5], bin_replaced[5];     /* calibration of p(replaced) by fifths */
    struct pair pairs[PAIRS];            /* most missed first */
    int npairs;
};
/* A sentence of one's own (tokens_own.c). */
#define LOOK_AGAIN 0.04 /* seconds between looks for an answer of the host */
#define OWN_POSITIONS 512
#define OWN_SLOTS 8
#define OWN_CANDIDATES 12
enum { OWN_NEWEST = -1, OWN_LIVE = -2 };
struct own_slot {
    int at, n;                           /* position; candidates by falling score */
    int32_t id[OWN_CANDIDATES];
    float gen_prob[OWN_CANDIDATES], disc_prob[OWN_CANDIDATES], score[OWN_CANDIDATES];
};
struct later;
/* A checkpoint from elsewhere that the host is opening (tokens_opened.c). */
struct opening {
    struct later *asked;                 /* NULL: none */
    double since;                        /* app_now of the question */
    char dir[1024];
};
/* Its pseudo-log-likelihood (tokens_pll.c). */
struct own_pll {
    struct later *asked;                 /* NULL: nothing is under way */
    int64_t of, step;                    /* asked for: a step or OWN_LIVE, -1 nothing; answered for */
    int n;                               /* positions, [CLS] and [SEP] with them; 0: not known */
    double sum, disc;                    /* nats; disc: log P(original), NAN without a discriminator */
    float log_p[OWN_POSITIONS];          /* NAN: not scored */
    char why[160];                       /* there is none */
};
struct tokens_own {
    char text[4096];
    uint64_t seed;                       /* of drawn masks and of the samples */
    int chosen, npositions, positions[OWN_POSITIONS]; /* chosen 0: masks are drawn */
    int64_t target;                      /* step of a checkpoint, OWN_NEWEST or OWN_LIVE */
    int number;                          /* of its rows; 0: none yet */
    int64_t step;                        /* they are of this step */
    int live;                            /* of the run itself, not of a checkpoint */
    struct later *asked;                 /* NULL: nothing is under way */
    int again, fill;                     /* to be asked anew; with candidates */
    double since, took;                  /* app_now of the question; seconds the last one took */
    struct own_slot slot[OWN_SLOTS];
    int nslots;
    struct own_pll pll;
};
struct tokens {
    int64_t run, version, config_step;
    struct app *app;                     /* for the prompt's answer */
    int objective, has_disc, active;
    struct pieces *pieces;
    char vocab_of[1100];                 /* checkpoint the pieces came from */
    enum tokens_mode mode;
    int frozen, fallback;                /* fallback: no live rows yet, the newest snapshot */
    enum tokens_view view;
    int digits, only_changed, by_loss;
    int ascii;                           /* signs are letters: kept apart from words */
    enum tokens_focus focus;
    int alone;                           /* the pane in focus has the whole screen */
    struct run_orders orders;
    struct arena arena;                  /* of the sentences */
    struct sentence *sentences;
    struct past_seq *now;                /* the same sentences, as the history keeps them */
    int nsentences;
    int64_t step;                        /* of what is shown; -1: nothing */
    double age, read_at;
    char told[128];                      /* how fresh, at the last look */
    int at_source, at_number;            /* the sentence shown, by name */
    int current;                         /* its index, -1 */
    int cursor, top;                     /* token; first line of the view */
    int moved;                           /* somebody chose the token: fresh batches leave the cursor there */
    struct arena past_arena;
    struct past *past;
    int npast, past_run_set;
    int64_t past_run;
    struct counts counts;
    struct diagnosis diagnosis[DIAG_RULES];
    int64_t diagnosed_run, diagnosed_of; /* what the diagnosis is of: run, app_reads */
    int ndiagnosis, diagnosis_top;       /* top: first row shown of its pane in focus */
    double watched;
    int list_top;
    int text_w, text_first;              /* width laid out for; first sentence shown */
    struct token_hit { int y, x, w, sentence, token; } hits[TOKENS_HITS];
    int nhits;                           /* where tokens stand: for the mouse */
    struct tokens_card card;
    struct tokens_rates rates;
    struct tokens_hunt hunt;
    struct tokens_own own;
    struct opening opening;
    char find[64];                       /* "": nothing is looked for */
    char message[400];                   /* why there is nothing */
};

#define MATCH_FAR 1000000 /* beyond any list */
#define TOKENS_SAID 0.5F                 /* p above which a token is said replaced, as the metrics count it */

/* tokens_load.c */
void tokens_reload(struct tokens *s, struct app *a);
/* Which snapshots there are; what was read of the history stays. */
void tokens_list_snapshots(struct tokens *s, struct app *a);
void tokens_select_run(struct tokens *s, struct app *a);
const struct sentence *tokens_current(const struct tokens *s);
/* What is shown has outcomes; 0: no discriminator, or two_stage has not come to it yet. */
int tokens_judged(const struct tokens *s);
/* Nothing is sampled: masked tokens, what the model gives the original, its loss. */
int tokens_masked_only(const struct tokens *s);
/* What a model that samples nothing gives the original at a masked token; NAN elsewhere. */
double tokens_original_prob(double gen_loss);
enum outcome tokens_outcome(const struct token_row *r);
/* Loads missing snapshots of the history for at most a few milliseconds; 1: more to come. */
int tokens_load_past(struct tokens *s, struct app *a);
/* The cell of the current sentence at token `pos` in snapshot k; NULL: not there. */
const struct past_cell *tokens_past(const struct tokens *s, int k, int pos);
int tokens_snapshot_index(const struct tokens *s, int64_t step); /* nearest at or before; -1 */
void tokens_order(struct tokens *s);
void tokens_go_sentence(struct tokens *s, int by);
struct past_cell tokens_cell(const struct token_row *r);
enum outcome tokens_cell_outcome(const struct past_cell *c);
void tokens_hit(struct tokens *s, int y, int x, int w, int sentence, int token);
/* The next token (by +1 or -1) that was chosen, replaced or wrongly accused; -1: none. */
int tokens_next_event(const struct tokens *s, int from, int by);
/* What is unusual about the run, from the store. */
void tokens_diagnose(struct tokens *s, struct app *a);

/* tokens_match.c: the tokens that n and N step through, over sentences and snapshots. */
int64_t tokens_here(const struct tokens *s); /* the moment shown, as matches name it */
/* Gathers them again; stays at the one it was at. */
void tokens_hunt_build(struct tokens *s);
/* s->find is looked for in every snapshot read so far, and in what is shown. */
void tokens_hunt_text(struct tokens *s, struct app *a);
/* The tokens of a cell; 0: it has none. */
int tokens_hunt_cell(struct tokens *s, struct app *a, const struct rate_row *row, int col);
void tokens_hunt_end(struct tokens *s);
/* To the next (by 1) or the one before; to number i. 0: there is none. */
int tokens_hunt_step(struct tokens *s, struct app *a, int by);
int tokens_hunt_go(struct tokens *s, struct app *a, int i);
/* The sequence that a match lies in; NULL: not read. */
const struct past_seq *tokens_match_seq(const struct tokens *s, const struct token_match *m);
/* "missed · rank 1 to 10  3/17"; "" when nothing is looked for */
const char *tokens_hunt_says(const struct tokens *s, char *out, size_t size);

/* tokens_own.c */
void own_prompt(struct tokens *s, struct app *a);
void own_ask(struct tokens *s, struct app *a, int fill);
int own_look(struct tokens *s, struct app *a); /* 1: something to draw */
int own_pending(const struct tokens *s);
void own_forget(struct tokens *s);             /* all but the text */
int own_toggle(struct tokens *s, struct app *a); /* the mask at the cursor */
int own_fill(struct tokens *s, struct app *a);   /* candidates for the masked tokens, this one too */
int own_redraw_masks(struct tokens *s, struct app *a);
int own_go_in_time(struct tokens *s, struct app *a, int by); /* to another checkpoint, or live */
const char *own_says(const struct tokens *s, char *out, size_t size); /* while it is pending */
const struct own_slot *own_slot_at(const struct tokens *s, int pos); /* NULL: not filled in */
struct str;
void tokens_sentence_text(const struct tokens *s, const struct token_seq *q, struct str *out);

/* tokens_pll.c */
void own_pll_ask(struct tokens *s, struct app *a); /* unless it is known for what is shown */
int own_pll_look(struct tokens *s, struct app *a); /* 1: something to draw */
void own_pll_forget(struct tokens *s);
/* The sentence shown is the one that was asked for last: there is something to say of it. */
int own_pll_is_of_current(const struct tokens *s);
int own_pll_known(const struct tokens *s); /* ... and it is there */
/* log p of the token with it alone masked; NAN: not known. */
double own_pll_at(const struct tokens *s, int pos);
/* Sum, mean and the token expected least, in one line. */
void own_pll_draw(struct tokens *s, struct grid *g, struct rect row);

/* tokens_opened.c: takes the order to open one, looks for the host's answer; 1: something to draw. */
int tokens_opening_look(struct tokens *s, struct app *a);
/* "opening DIR, 1.2 s"; NULL: nothing is being opened. */
const char *tokens_opening_says(const struct tokens *s, struct app *a, char *out, size_t size);
void tokens_opening_drop(struct tokens *s);

/* tokens_rates.c: counts by group. */
void tokens_rates_build(struct tokens *s);
int tokens_rates_holds(const struct tokens *s, const struct rate_row *row, int col,
                       const struct past_seq *q, int pos);
double tokens_rates_value(const struct rate_row *r, int col); /* NAN: nothing to divide by */
int tokens_rates_is_count(int col);
const char *tokens_rates_name(const struct tokens *s, const struct rate_row *r, char *out, size_t size);
const char *tokens_rates_section(const struct tokens *s, int kind);
const char *tokens_rates_column(int col); /* as CSV and lists name it */
/* tokens_rates_draw.c: its pane, and the list of a cell's tokens. */
void tokens_pane_rates(struct tokens *s, struct grid *g, struct rect r);
int tokens_rates_act(struct tokens *s, struct app *a, int action); /* 1: it was for the pane */
/* A click on one of its hits (a negative sentence). */
void tokens_rates_click(struct tokens *s, struct app *a, int sentence, int token);
int tokens_rates_export(struct tokens *s, struct csv_out *out);

/* tokens_show.c: how a token looks, everywhere the same. */
/* "hungry", "·ing", "[M]", "#123"; raw text for the grid. */
const char *tokens_piece(const struct tokens *s, int32_t id, char *out, size_t size);
/* 1: the text itself says [MASK] there, so nobody knows what stood there. */
int tokens_open(const struct token_row *r);
uint8_t tokens_heat(float p);
struct style tokens_style(const struct token_row *r, int at_cursor);
const char *tokens_sign(enum outcome o); /* "" for kept */
uint8_t tokens_sign_role(enum outcome o);
const char *tokens_outcome_name(enum outcome o);
int tokens_continues(const struct tokens *s, int32_t id); /* a ## piece */
/* [CLS], [SEP], [PAD]: never masked, so neither counted among tokens nor shown with a loss. */
int tokens_special(const struct tokens *s, int32_t id);
/* What the signs and rows of the view mean, in one line. */
void tokens_legend(struct tokens *s, struct grid *g, struct rect row);

/* Views: draw into r; keep s->cursor on the screen. */
void tokens_text(struct tokens *s, struct grid *g, struct rect r);
void tokens_strip(struct tokens *s, struct grid *g, struct rect r);
void tokens_table(struct tokens *s, struct grid *g, struct rect r);
void tokens_waterfall(struct tokens *s, struct grid *g, struct rect r);
/* Up and down in the wrapped text, over sentences. */
void tokens_text_move(struct tokens *s, int lines);

/* The card, tokens_card.c. */
int tokens_card_shown(const struct tokens *s, struct app *a);
void tokens_card_read(struct tokens *s, struct app *a);
/* brief: for small screens, without what another row says too; of a run that ended before, its title alone. */
int tokens_card_rows(struct tokens *s, struct app *a, struct rect in, int brief);
void tokens_card_draw(struct tokens *s, struct app *a, struct grid *g, struct rect r, int brief);
void tokens_card_preparing(struct tokens *s, struct app *a, struct grid *g, struct rect in);
/* The current sentence becomes a probe of the workspace's coming runs. */
int tokens_pin(struct tokens *s, struct app *a);

/* Panes: with their title line at r.y. */
void tokens_pane_top(struct tokens *s, struct grid *g, struct rect r);
void tokens_pane_past(struct tokens *s, struct grid *g, struct rect r);
void tokens_pane_counts(struct tokens *s, struct grid *g, struct rect r);
void tokens_pane_list(struct tokens *s, struct grid *g, struct rect r);
/* tokens_diagnosis.c. Rows it takes in a pane of that width, with the title; all: findings in full, not
 * the first alone. */
int tokens_diagnosis_rows(const struct tokens *s, int width, int all);
void tokens_pane_diagnosis(struct tokens *s, struct grid *g, struct rect r);
void tokens_small(struct tokens *s, struct grid *g, struct rect r);
int tokens_small_rows(const struct tokens *s); /* with the title; 0: there is no token */
void tokens_draw(void *self, struct app *a, struct grid *g, struct rect area);
/* "live", "frozen", "snapshot 40k", "stale 12 s" */
const char *tokens_fresh(const struct tokens *s, char *out, size_t size);
int tokens_export(void *self, struct app *a, struct csv_out *out, struct err *err);
/* What `y` takes: the row of the rates, the findings, else the sentence as its original text. */
void tokens_copied(struct tokens *s, struct str *out);
/* The row of the rates under the cursor, as it is shown, a tab between cells. */
void tokens_rates_copied(const struct tokens *s, struct str *out);
#endif
