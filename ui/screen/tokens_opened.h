/* Opens a checkpoint from elsewhere, to be looked at on the Tokens screen. */
#ifndef ES_UI_TOKENS_OPENED_H
#define ES_UI_TOKENS_OPENED_H
#include <stdint.h>

struct app;
/* Asks for its directory (of this program or of Hugging Face), makes an entry among the runs, and goes
 * to Tokens. */
void tokens_open_checkpoint(struct app *a);
/* Launch with a run like this one, or one that goes on from the weights that were opened. */
void tokens_new_run(struct app *a, int64_t run);
#endif
