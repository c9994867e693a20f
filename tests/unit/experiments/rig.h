/* A workspace in a temporary directory with a made-up text, and a small configuration. */
#ifndef ES_TESTS_EXPERIMENTS_RIG_H
#define ES_TESTS_EXPERIMENTS_RIG_H
#include <stddef.h>

#include "experiments/workspace.h"
#include "src/config/config.h"

struct rig {
    char dir[256], text[300];
    struct workspace w;
};
int rig_open(struct rig *r, const char *name);
void rig_close(struct rig *r);
/* printf into a buffer. */
void rig_put(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A text of `documents` documents of 40 words, drawn from a small order-1 chain. */
void rig_text(const char *path, int documents, unsigned seed);
/* Two layers of 16, steps as given, on the rig's text. */
void rig_config(const struct rig *r, struct config *c, int steps);
#endif
