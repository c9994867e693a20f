/* A toy model directory and toy task files, for tests that fine-tune for a second. */
#ifndef ES_TESTS_TASK_TOY_H
#define ES_TESTS_TASK_TOY_H

/* config.json (2 layers of 32) and vocab.txt with letters, digits and a few words. */
void toy_model(const char *dir);
/* CoLA files: a sentence is 1 when it holds "good". Pairs for STS-B: shared words give the score. */
void toy_cola(const char *dir, int train, int dev);
void toy_stsb(const char *dir, int train, int dev);
/* SQuAD: "where is X ?" in "X is in Y . ...". v2: every third question has no answer. */
void toy_squad(const char *path, int questions, int v2);
void toy_write(const char *path, const char *text);
#endif
