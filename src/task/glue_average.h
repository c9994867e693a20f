/* One number for GLUE, in the two ways it is counted (electra.md section 7.1). */
#ifndef ES_TASK_GLUE_AVERAGE_H
#define ES_TASK_GLUE_AVERAGE_H

/* The mean over the tasks that have a score; *n gets their number. value gives the score of a task
 * and metric (names of task.def and of the scores; NAN: none).
 * board 0, the paper's: CoLA Matthews, STS-B Spearman, accuracy of SST-2, MRPC, QQP, MNLI
 * (matched), QNLI and RTE: 8 tasks. board 1, the leaderboard's: 9 tasks with WNLI; a task with two
 * scores (MRPC, QQP: accuracy and F1; STS-B: Pearson and Spearman; MNLI: matched and mismatched)
 * counts with their mean. NAN when there is no score at all. */
double glue_average(double (*value)(void *ud, const char *task, const char *metric), void *ud,
                    int board, int *n);
#define GLUE_PAPER_TASKS 8
#define GLUE_BOARD_TASKS 9
#endif
