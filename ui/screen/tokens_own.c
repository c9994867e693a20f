/* A sentence of one's own: asked of the host in the background, with masks drawn or chosen, by the run
 * as it is now or by one of its checkpoints. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/later.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "ui/app/action.h"
#include "ui/screen/tokens_int.h"
#include "ui/widget/format.h"

int own_pending(const struct tokens *s) { return s->own.asked != NULL; }

/* Where the scores are to come from, in words. */
static void say_from(const struct tokens *s, char *out, size_t size)
{
    char n[FMT];
    if (s->own.target == OWN_LIVE)
        snprintf(out, size, "the run as it is now");
    else if (s->own.target == OWN_NEWEST)
        snprintf(out, size, "the newest checkpoint");
    else
        snprintf(out, size, "checkpoint %s", fmt_exact(n, sizeof n, s->own.target));
}

const char *own_says(const struct tokens *s, char *out, size_t size)
{
    char from[64];
    double waited = s->app ? app_now(s->app) - s->own.since : 0;
    say_from(s, from, sizeof from);
    snprintf(out, size, "scoring by %s, %.1f s", from, waited > 0 ? waited : 0);
    return out;
}

static json_t *request(const struct tokens *s, int fill)
{
    const struct tokens_own *o = &s->own;
    json_t *j = json_pack("{s:i, s:s, s:I, s:s, s:I, s:i, s:b, s:b}", "v", 1, "op", "score", "run",
                          (json_int_t)s->run, "text", o->text, "seed", (json_int_t)o->seed, "sentence",
                          o->number, "live", o->target == OWN_LIVE, "fill", fill);
    if (j && o->target >= 0) json_object_set_new(j, "step", json_integer(o->target));
    if (!j || !o->chosen) return j;
    json_t *list = json_array();
    for (int i = 0; i < o->npositions; i++) json_array_append_new(list, json_integer(o->positions[i]));
    json_object_set_new(j, "positions", list);
    return j;
}

void own_ask(struct tokens *s, struct app *a, int fill)
{
    struct tokens_own *o = &s->own;
    struct err err = {0};
    o->nslots = 0;
    o->fill = fill;
    if (o->asked) { /* one at a time: the newest wish is asked when the answer is there */
        o->again = 1;
        return;
    }
    o->again = 0;
    o->asked = later_ask(app_workspace(a), request(s, fill), 1, &err);
    o->since = app_now(a);
    if (!o->asked) app_say(a, SEV_ERROR, "%s", err.text);
    else app_poll(a, LOOK_AGAIN);
}

static void take_slots(struct tokens_own *o, const json_t *fill)
{
    size_t i;
    json_t *slot;
    json_array_foreach(fill, i, slot)
    {
        if (o->nslots == OWN_SLOTS) return;
        struct own_slot *out = &o->slot[o->nslots++];
        const json_t *tokens = json_object_get(slot, "tokens");
        *out = (struct own_slot){.at = (int)json_integer_value(json_object_get(slot, "at"))};
        for (size_t k = 0; k < json_array_size(tokens) && k < OWN_CANDIDATES; k++, out->n++) {
            const json_t *t = json_array_get(tokens, k), *p = json_array_get(t, 2);
            out->id[k] = (int32_t)json_integer_value(json_array_get(t, 0));
            out->gen_prob[k] = (float)json_number_value(json_array_get(t, 1));
            out->disc_prob[k] = json_is_number(p) ? (float)json_number_value(p) : NAN;
            out->score[k] = (float)json_number_value(json_array_get(t, 3));
        }
    }
}

static void answered(struct tokens *s, struct app *a, const json_t *answer)
{
    struct tokens_own *o = &s->own;
    int number = (int)json_integer_value(json_object_get(answer, "sentence"));
    int fresh = s->mode != MODE_OWN || o->number != number;
    o->number = number;
    o->step = json_integer_value(json_object_get(answer, "step"));
    o->live = json_is_true(json_object_get(answer, "live"));
    o->took = app_now(a) - o->since;
    s->mode = MODE_OWN, s->frozen = 0;
    if (s->view == VIEW_WATERFALL) s->view = VIEW_TEXT;
    if (fresh) s->cursor = -1;
    s->at_source = TOKENS_USER, s->at_number = number;
    tokens_reload(s, a);
    take_slots(o, json_object_get(answer, "fill"));
    own_pll_ask(s, a);
}

int own_look(struct tokens *s, struct app *a)
{
    struct tokens_own *o = &s->own;
    struct err err = {0};
    json_t *answer = NULL;
    int came = own_pll_look(s, a);
    if (!o->asked) return came;
    int rc = later_look(o->asked, &answer, &err);
    if (rc == 1) {
        app_poll(a, LOOK_AGAIN);
        return 1;
    }
    o->asked = NULL;
    if (o->again) {
        own_ask(s, a, o->fill);
    } else if (rc) {
        app_say(a, SEV_ERROR, "%s", err.text);
    } else {
        answered(s, a, answer);
    }
    json_decref(answer);
    return 1;
}

void own_forget(struct tokens *s)
{
    later_drop(s->own.asked);
    own_pll_forget(s);
    s->own.asked = NULL;
    s->own.number = s->own.again = s->own.nslots = s->own.chosen = 0;
    s->own.step = -1;
}

static void begin(struct tokens *s, const char *text)
{
    struct tokens_own *o = &s->own;
    own_pll_forget(s);
    snprintf(o->text, sizeof o->text, "%s", text);
    o->number = o->chosen = 0;
    o->seed = 1;
    o->target = s->active ? OWN_LIVE : OWN_NEWEST;
}

static void typed(void *ud, const char *text)
{
    struct tokens *s = ud;
    if (!text || !text[strspn(text, " \t")]) return;
    begin(s, text);
    own_ask(s, s->app, strstr(text, "[MASK]") != NULL);
}

void own_prompt(struct tokens *s, struct app *a)
{
    app_prompt(a, "own sentence ([MASK] is filled in)", s->own.text, typed, NULL, s);
}

/* The text of a sentence from its pieces. */
void tokens_sentence_text(const struct tokens *s, const struct token_seq *q, struct str *out)
{
    char piece[256];
    for (int i = 0; i < q->n; i++) {
        int32_t id = q->rows[i].original;
        tokens_piece(s, id, piece, sizeof piece);
        if (piece[0] == '[' && piece[1]) continue; /* [CLS], [SEP], [UNK] */
        int joined = tokens_continues(s, id);
        str_addf(out, "%s%s", out->len && !joined ? " " : "", joined ? piece + strlen("·") : piece);
    }
}

/* A sentence from elsewhere becomes an own one, with the masks it has. */
static int adopt(struct tokens *s, struct app *a)
{
    const struct sentence *c = tokens_current(s);
    struct str text;
    str_init(&text);
    tokens_sentence_text(s, c->seq, &text);
    int fits = !text.failed && text.len && text.len < sizeof s->own.text;
    if (fits) begin(s, str_get(&text));
    else app_note(a, "this sentence is too long to be scored as an own one");
    str_free(&text);
    return fits;
}

/* From what is shown: the positions that are masked now. */
static void choose_as_shown(struct tokens *s)
{
    const struct token_seq *q = tokens_current(s)->seq;
    struct tokens_own *o = &s->own;
    o->npositions = 0;
    for (int i = 1; i + 1 < q->n && o->npositions < OWN_POSITIONS; i++)
        if (q->rows[i].chosen) o->positions[o->npositions++] = i;
    o->chosen = 1;
}

static int find_position(const struct tokens_own *o, int at)
{
    for (int i = 0; i < o->npositions; i++)
        if (o->positions[i] == at) return i;
    return -1;
}

static int ready(struct tokens *s, struct app *a)
{
    const struct sentence *c = tokens_current(s);
    if (!c || (s->cursor < 1 || s->cursor + 1 >= c->seq->n)) {
        app_note(a, "[CLS] and [SEP] are never masked");
        return 0;
    }
    if (s->mode != MODE_OWN && !adopt(s, a)) return 0;
    if (!s->own.chosen) choose_as_shown(s);
    return 1;
}

int own_toggle(struct tokens *s, struct app *a)
{
    struct tokens_own *o = &s->own;
    if (!ready(s, a)) return 1;
    int i = find_position(o, s->cursor);
    if (i >= 0)
        memmove(&o->positions[i], &o->positions[i + 1],
                (size_t)(--o->npositions - i) * sizeof *o->positions);
    else if (o->npositions < OWN_POSITIONS)
        o->positions[o->npositions++] = s->cursor;
    own_ask(s, a, 0);
    return 1;
}

int own_fill(struct tokens *s, struct app *a)
{
    struct tokens_own *o = &s->own;
    if (!ready(s, a)) return 1;
    if (find_position(o, s->cursor) < 0 && o->npositions < OWN_POSITIONS)
        o->positions[o->npositions++] = s->cursor;
    if (o->npositions > OWN_SLOTS) { /* what the pane can show, and a second can compute */
        app_note(a, "at most %d masked tokens are filled in: Space takes a mask away", OWN_SLOTS);
        return 1;
    }
    own_ask(s, a, 1);
    return 1;
}

int own_redraw_masks(struct tokens *s, struct app *a)
{
    s->own.chosen = 0;
    s->own.seed++;
    own_ask(s, a, 0);
    return 1;
}

int own_go_in_time(struct tokens *s, struct app *a, int by)
{
    struct query_checkpoint *all = NULL;
    int64_t steps[256];
    struct arena tmp;
    int n = 0, at;
    arena_init(&tmp);
    int found = app_query(a) ? query_checkpoints(app_query(a), s->run, &tmp, &all, NULL) : 0;
    for (int i = 0; i < found && n < 256; i++)
        if (file_exists(all[i].path)) steps[n++] = all[i].step;
    arena_free(&tmp);
    int live = s->active;
    for (at = 0; at < n && steps[at] < s->own.step; at++) {}
    if (s->own.live) at = n;
    else if (at < n && steps[at] > s->own.step && by > 0) at--;
    at += by;
    if (at < 0 || at > n || (at == n && !live)) {
        app_say(a, SEV_INFO, n ? by < 0 ? "that is the oldest checkpoint that is kept"
                                        : "that is the newest checkpoint" : "no checkpoint yet");
        return 1;
    }
    s->own.target = at == n ? OWN_LIVE : steps[at];
    if (!s->own.chosen && tokens_current(s)) choose_as_shown(s); /* the same masks */
    own_ask(s, a, 0);
    return 1;
}

const struct own_slot *own_slot_at(const struct tokens *s, int pos)
{
    const struct sentence *c = tokens_current(s);
    if (s->mode != MODE_OWN || !c || c->seq->sentence != s->own.number) return NULL;
    for (int i = 0; i < s->own.nslots; i++)
        if (s->own.slot[i].at == pos) return &s->own.slot[i];
    return NULL;
}
