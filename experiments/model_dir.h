/* A directory of weights from elsewhere (Hugging Face's layout, or a checkpoint of ours with
 * generator/ and discriminator/ inside) as the start of a run. */
#ifndef ES_EXPERIMENTS_MODEL_DIR_H
#define ES_EXPERIMENTS_MODEL_DIR_H
#include "src/config/config.h"

struct err;
/* Sets shapes, vocabulary and where to start from; the rest of c stays. Paths become absolute. */
int model_dir_config(const char *dir, struct config *c, struct err *err);
#endif
