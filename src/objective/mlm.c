/* Masked language models: BERT's (one network, [MASK] in its input) and Replace MLM (the
 * generator's samples in place of [MASK]; section 3.4 of the paper). */
#include "src/objective/learner.h"

#include "src/text/vocab.h"

struct bert_each {
    struct slice *x;
};

static float bert_row(void *ud, const struct mlm_row *row)
{
    struct slice *x = ((struct bert_each *)ud)->x;
    struct batch *b = x->b;
    int slot = x->s->slot[row->index], at = x->s->rows[row->index];
    int32_t original = x->s->targets[row->index];
    size_t global = (size_t)x->row * (size_t)b->T + (size_t)at;
    double w = b->weights[slot];
    struct losses *o = x->out;
    o->main -= w * row->log_prob / x->weight_sum;
    o->gen_weight += w;
    o->correct += row->argmax == original;
    o->entropy_sum += (double)row->entropy;
    if (b->gen_ids[global] == x->l->special[VOCAB_MASK]) {
        o->masked_sum -= row->log_prob;
        o->masked_n++;
        if (x->l->log_unigram)
            o->unigram_sum -= (double)x->l->log_unigram[original];
    }
    if (x->rows) {
        struct token_row *t = &x->rows[at];
        t->chosen = 1;
        t->gen_entropy = row->entropy;
        t->gen_loss = (float)-row->log_prob;
    }
    return (float)(x->disc_weight * w / x->weight_sum);
}

static void bert(struct slice *x)
{
    struct bert_each e = {x};
    slice_discriminator(x, x->b->gen_ids, 1);
    int count = slice_slots(x);
    mlm_pass(&x->disc, &x->s->head, encoder_out(x->disc.net, &x->s->disc), x->s->rows, x->s->targets,
             count, bert_row, &e, x->s->ddisc);
    if (x->train)
        slice_backward_disc(x);
}

static void replace(struct slice *x)
{
    const struct config *c = x->l->args.config;
    if (x->gen.net)
        slice_generator(x);
    slice_sample(x, c->gen_weight);
    slice_discriminator(x, x->b->disc_ids, 1);
    slice_main_mlm(x, x->disc_weight);
    if (!x->train)
        return;
    slice_backward_disc(x);
    slice_backward_gen(x);
}

#define MLM_METRICS METRIC_total_loss, METRIC_main_loss, METRIC_mlm_loss_masked, METRIC_unigram_loss, \
    METRIC_mlm_accuracy, METRIC_gen_entropy

const struct objective_ops objective_bert_mlm = {
    .info = {.name = "bert_mlm", .help = "BERT's masked LM, one network", .main_heads = HEAD_MLM,
             .main_prefix = "main", .stages = 1, .metrics = {MLM_METRICS, -1}},
    .slice = bert};

const struct objective_ops objective_replace_mlm = {
    .info = {.name = "replace_mlm", .help = "masked LM with sampled tokens in place of [MASK]",
             .has_generator = 1, .main_heads = HEAD_MLM, .main_prefix = "main", .stages = 1,
             .metrics = {MLM_METRICS, METRIC_gen_loss, METRIC_sampled_accuracy, -1}},
    .slice = replace};
