/* Orders to runs that several screens give: pause or go on, stop after a checkpoint. They act, or say
 * why they do not. */
#ifndef ES_UI_RUN_ORDERS_H
#define ES_UI_RUN_ORDERS_H
#include <stdint.h>

#include "ui/app/app.h"

#define ORDER_RUNS 64
/* Whom a question was about; lives as long as the screen. */
struct run_orders {
    struct app *app;
    int64_t id[ORDER_RUNS];
    int n;
};
int run_alive(int state);
/* What "pause" does to a run in this state: "pause", "resume", or NULL. */
const char *run_pause_op(int state);
/* ... and to these together: those that run pause; where none does, the others go on. */
const char *runs_pause_op(struct app *a, const int64_t *id, int n);
void orders_pause(struct run_orders *o, struct app *a, const int64_t *id, int n);
void orders_ask_stop(struct run_orders *o, struct app *a, const int64_t *id, int n);
#endif
