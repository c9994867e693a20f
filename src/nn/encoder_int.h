/* Between the encoder's way there (encoder.c) and back (encoder_grad.c). */
#ifndef ES_NN_ENCODER_INT_H
#define ES_NN_ENCODER_INT_H
#include "src/nn/encoder.h"

/* The parameter of a row of the table. */
const float *encoder_value(const struct encoder_run *r, int row);
/* Dropout of the number-th site; on attention's probabilities or on hidden states. */
struct dropout encoder_site(const struct encoder_run *r, int attention, uint32_t number);
/* Attention's site in layer i; +1: after its output, +2: after the feed-forward. */
uint32_t encoder_layer_site(int i);
/* The rows of layer i that its dense part works on; NULL: all of them. */
const int *encoder_layer_rows(const struct encoder_run *r, const struct encoder_acts *a, int i, int *count);
/* out[i] = x[rows[i]] and out[rows[i]] = x[i], rows of D floats. */
void encoder_gather(int n, int D, const float *x, const int *rows, float *out);
void encoder_scatter(int n, int D, const float *x, const int *rows, float *out);
#endif
