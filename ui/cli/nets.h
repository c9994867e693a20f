/* The two networks' directories: of a model directory, of a pair of them, of a checkpoint. */
#ifndef ES_UI_CLI_NETS_H
#define ES_UI_CLI_NETS_H

struct err;
struct nets {
    char main[4200], gen[4200]; /* "" where there is none */
};
/* generator NULL: the one beside it in a checkpoint, if any; a language model alone is one. */
int nets_find(const char *dir, const char *generator, struct nets *n, struct err *err);
#endif
