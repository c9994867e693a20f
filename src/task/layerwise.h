/* Layer-wise decay of the learning rate (electra.md section 5.3): depth 0 is the embeddings and
 * their projection, i + 1 layer i, L + 2 the head. */
#ifndef ES_TASK_LAYERWISE_H
#define ES_TASK_LAYERWISE_H

/* LAYERWISE_CODE: decay^(L + 2 - depth), so the top layer gets decay^2, as released.
 * LAYERWISE_PAPER: the top layer gets decay^1. The head always gets 1. */
enum layerwise { LAYERWISE_PAPER, LAYERWISE_CODE };
/* Fills scale[0..layers + 2] for adamw_step. */
void layerwise_scale(double *scale, int layers, double decay, enum layerwise mode);
#endif
