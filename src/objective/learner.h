/* Inside the objective room: the learner, and one slice's way through an objective. */
#ifndef ES_OBJECTIVE_LEARNER_H
#define ES_OBJECTIVE_LEARNER_H
#include "src/nn/head.h"
#include "src/objective/objective.h"

/* What a slice works in; when training it stays until the gradients have been made of it. */
struct scratch {
    struct arena arena;
    struct encoder_acts gen, disc;
    struct head_acts head;
    float *dgen, *ddisc;    /* [R,D]: gradients of the last hidden states */
    float *logits;          /* [R] */
    int *rows, *targets;    /* [R] rows of an MLM pass */
    float *factor;          /* [R] */
    int *slot;              /* [R] slot of the row, or -1 */
    int *chosen[2];         /* [R] rows that the generator's, the main network's last layer works on */
    struct losses sums;     /* of the slices so far of this task */
    struct auc *auc;
};

struct learner {
    struct learner_args args;
    const struct objective *objective;
    int special[5];
    float *values, *grads;
    struct wgrad wgrad;
    struct wgrad_notes *notes; /* [rooms], training */
    struct weight_packs packs; /* of the values: of each batch when training, else of the last
                                  learner_values */
    int stale;              /* the values may differ from the packed ones */
    struct encoder_team team;
    struct math_ws **ws;    /* [workers] */
    int shards, workers, rooms;
    int wave;               /* slices at once: more than workers, so that none waits long for another */
    struct scratch *scratch; /* [rooms] */
    struct losses *slice_losses[2]; /* [evaluation, training][slices of the largest batch] */
    void (*between)(void *ud); /* see learner_between */
    void *between_ud;
    struct auc *auc;         /* [workers] */
    const float *log_unigram;
};

/* One slice: rows [row, row + n) of the batch. */
struct slice {
    struct learner *l;
    struct scratch *s;
    struct batch *b;
    int row, n, stage, train;
    struct encoder_run gen, disc;
    double weight_sum;      /* over the batch, with the released 1e-6 */
    double token_sum, chosen_sum;
    double disc_weight;     /* at this step */
    struct losses *out;
    struct auc *auc;
    struct token_row *rows; /* [n*T] of this slice, or NULL */
};

/* Steps of the path (step.c). */
/* Rows, targets (the originals) and slots of the slice's used slots; returns how many. */
int slice_slots(struct slice *x);
/* Forward of the generator; its last hidden states are there at the slots only. */
void slice_generator(struct slice *x);
void slice_sample(struct slice *x, double gen_weight); /* softmax, loss, gradient, samples, corruption */
/* Forward of the main network; only_chosen: its last hidden states are wanted at the slots only. */
void slice_discriminator(struct slice *x, const int32_t *ids, int only_chosen);
/* BCE over tokens; only_chosen: over the chosen positions. Sets the gradient of the logits. */
void slice_rtd(struct slice *x, int only_chosen);
void slice_rtd_backward(struct slice *x, int only_chosen, double weight);
/* Cross-entropy of the main network at the chosen slots. */
void slice_main_mlm(struct slice *x, double weight);
void slice_backward_disc(struct slice *x);
void slice_backward_gen(struct slice *x);

/* Objectives: what happens to one slice. */
struct objective_ops {
    struct objective info;
    void (*slice)(struct slice *x);
};
extern const struct objective_ops objective_electra, objective_electra15, objective_replace_mlm,
    objective_all_tokens_mlm, objective_bert_mlm, objective_two_stage, objective_adversarial;
const struct objective_ops *objective_ops(int choice);
#endif
