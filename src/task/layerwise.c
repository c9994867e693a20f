/* See layerwise.h. */
#include "src/task/layerwise.h"

#include <math.h>

void layerwise_scale(double *scale, int layers, double decay, enum layerwise mode)
{
    int top = layers + (mode == LAYERWISE_CODE ? 2 : 1);
    for (int depth = 0; depth <= layers; depth++)
        scale[depth] = pow(decay, top - depth);
    scale[layers + 1] = scale[layers + 2] = 1;
}
