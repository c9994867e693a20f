/* Inside checkpoints: the list of checksums, and the fault hook. */
#ifndef ES_TRAIN_CHECKPOINT_INT_H
#define ES_TRAIN_CHECKPOINT_INT_H
#include "src/train/checkpoint.h"

#define CHECKPOINT_LIST "checksums.txt"
#define CHECKPOINT_TRAINER "trainer.safetensors"
#define CHECKPOINT_FORMAT "electroscope-checkpoint 1"

/* 1 when the fault `point` is asked for and this is its turn. */
int checkpoint_fault(const char *point);
/* Kills the process when the fault is due. */
void checkpoint_die(const char *point);
/* Writes DIR/checksums.txt over the files in DIR and in its directories. */
int checksums_write(const char *dir, struct err *err);
/* Calls each(ud, relative name, hash as 16 hex digits) for every line; stops at non-zero. */
int checksums_each(const char *dir, int (*each)(void *ud, const char *name, const char *hash),
                   void *ud, struct err *err);
/* fsync of a directory, with the fault hook. */
int checkpoint_sync(const char *dir, struct err *err);
#endif
