/* Inside the task room: one reader a layout of files. */
#ifndef ES_TASK_READERS_H
#define ES_TASK_READERS_H
#include "src/task/examples.h"

#define COLUMN_NONE (-1000)
#define TASK_FILE_MAX ((size_t)1 << 31) /* bytes of a data file */

int read_glue(struct row_reader *r);  /* glue.c */
int read_table(struct row_reader *r); /* table.c */
#endif
