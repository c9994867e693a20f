/* The host: the process that holds the workspace's lock, trains, records, and answers on the
 * socket. See ARCHITECTURE.md. */
#ifndef ES_EXPERIMENTS_HOST_H
#define ES_EXPERIMENTS_HOST_H
#include <stdint.h>

#include "experiments/workspace.h"
#include "src/event/event.h"
#include "src/config/config.h"

struct err;
struct host;

/* Takes the lock (E_BUSY names the pid that has it), opens the store, marks lost runs, starts the
 * recorder and the socket. */
struct host_options {
    int max_runs;             /* at once; 0: as cores and memory allow, two at least */
    double linger;            /* seconds to live after the last run */
    /* After each commit, on the recorder's thread (headless progress lines). May be NULL. */
    void (*committed)(void *ud, const struct event *e);
    /* When the store begins to refuse what is written: no event can tell of that before it is over.
     * On the thread of host_serve. May be NULL. */
    void (*trouble)(void *ud, const char *text);
    void *ud;
};
struct host *host_open(const struct workspace *w, const struct host_options *o, struct err *err);
/* Queues a run: config unresolved or resolved; prepares vocabulary and corpus where needed
 * (state preparing). *id is the run's. */
int host_submit(struct host *h, const struct config *c, int64_t *id, struct err *err);
int host_resume_run(struct host *h, int64_t run, struct err *err);
/* Sets a run's tags. */
int host_tag(struct host *h, int64_t run, const char *tags, struct err *err);
/* A new run from the checkpoint of `parent` at `step` (-1: its newest), with the fields of c, which
 * branch.h limits. */
int host_branch(struct host *h, int64_t parent, int64_t step, const struct config *c, int64_t *id,
                struct err *err);
/* An entry for a checkpoint from elsewhere (this program's or Hugging Face's layout), in state stopped:
 * its sentences can be scored; it is not trained. The same directory twice is one entry. */
int host_open_checkpoint(struct host *h, const char *dir, int64_t *id, struct err *err);
/* Serves until no run is left (plus linger), or a signal asked to stop. `stop_fd` (-1: none):
 * host_signals(), or a pipe that gets one byte a signal, its number (first: checkpoint and stop,
 * second: at once). Returns 0, or E_STOPPED. */
int host_serve(struct host *h, int stop_fd, struct err *err);
/* The signal that asked to stop (SIGINT: exit code 130, SIGTERM: 143), or 0. */
int host_stop_signal(const struct host *h);
void host_close(struct host *h);
/* Takes INT and TERM over, also where the shell had them ignored, and ignores HUP and PIPE. Returns
 * a descriptor for host_serve: one byte a signal, its number. Call it once, before host_open. */
int host_signals(struct err *err);
/* Body of the hidden command "host": lingers a minute, logs to WORKSPACE/host.log. */
int host_process(const struct workspace *w, struct err *err);

/* Clients. A host process is started when none is alive (spawn: the program's own file with the
 * hidden command "host"). */
int host_alive(const struct workspace *w);
int host_spawn(const struct workspace *w, struct err *err);
/* One request line, one answer line (JSON); *answer is malloc'd. */
int host_request(const struct workspace *w, const char *json, char **answer, struct err *err);
/* Own sentence: scored by the newest checkpoint of `run` and stored as rows of source user; the
 * run itself is not touched. positions NULL: drawn. *step: of the checkpoint; *sentence: the
 * number under which query_tokens finds it. */
int host_client_score(const struct workspace *w, int64_t run, const char *text, uint64_t seed,
                      const int *positions, int npositions, int64_t *step, int *sentence,
                      struct err *err);
/* Common requests; each spawns a host when `spawn` and none is alive. */
int host_client_submit(const struct workspace *w, const struct config *c, int spawn, int64_t *id,
                       struct err *err);
int host_client_branch(const struct workspace *w, int64_t parent, int64_t step, const struct config *c,
                       int spawn, int64_t *id, struct err *err);
int host_client_op(const struct workspace *w, const char *op, int64_t run, int spawn,
                   struct err *err); /* pause, resume, stop, checkpoint, watch */
#endif
