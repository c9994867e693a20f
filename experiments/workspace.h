/* The workspace: a directory with runs.db, host.lock, host.sock, corpora/NAME, checkpoints/RUN. */
#ifndef ES_EXPERIMENTS_WORKSPACE_H
#define ES_EXPERIMENTS_WORKSPACE_H

struct err;
struct workspace {
    char dir[900];
    char db[1024], lock[1024], sock[1024], corpora[1024], checkpoints[1024];
};
/* dir NULL: $ELECTROSCOPE_WORKSPACE, else $XDG_DATA_HOME/electroscope, else
 * ~/.local/share/electroscope. Creates the directories when `create`. */
int workspace_open(struct workspace *w, const char *dir, int create, struct err *err);
/* 0: this user may not write there, only look. */
int workspace_writable(const struct workspace *w);
#endif
