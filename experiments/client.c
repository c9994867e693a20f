/* The clients' side of the socket. See host.h and client.h. */
#include "experiments/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/host.h"
#include "experiments/prepare.h"
#include "experiments/socket.h"
#include "src/base/err.h"
#include "src/base/visible.h"

#define TIMEOUT 120.0 /* own sentences on a large model take a while */

int host_alive(const struct workspace *w)
{
    int fd = wire_connect(w->sock, 1, NULL);
    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

int host_request(const struct workspace *w, const char *json, char **answer, struct err *err)
{
    int fd = wire_connect(w->sock, TIMEOUT, err);
    if (fd < 0)
        return fd;
    int rc = wire_ask(fd, json, answer, err);
    close(fd);
    return rc;
}

static int judge(const char *text, json_t **out, struct err *err)
{
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *sentence = json_string_value(json_object_get(j, "error"));
    int code = (int)json_integer_value(json_object_get(j, "code"));
    int rc = 0;
    if (!json_is_true(json_object_get(j, "ok")))
        rc = err_set(err, code >= E_STOPPED && code <= E_FAIL ? code : E_FAIL, "%s",
                     visible((char[500]){0}, 500, sentence ? sentence : "the host's answer is not JSON"));
    if (!rc && out)
        *out = j;
    else
        json_decref(j);
    return rc;
}

int client_ask(const struct workspace *w, json_t *request, json_t **answer, struct err *err)
{
    char *line = request ? json_dumps(request, JSON_COMPACT) : NULL, *text = NULL;
    json_decref(request);
    if (!line)
        return err_set(err, E_INPUT, "a request to the host is not text in UTF-8");
    int rc = host_request(w, line, &text, err);
    free(line);
    if (!rc)
        rc = judge(text, answer, err);
    free(text);
    return rc;
}

static int need_host(const struct workspace *w, int spawn, struct err *err)
{
    if (host_alive(w))
        return 0;
    if (!workspace_writable(w))
        return err_set(err, E_FAIL, "%s belongs to somebody else: this user may only look at its runs",
                       visible((char[200]){0}, 200, w->dir));
    return spawn ? host_spawn(w, err)
                 : err_set(err, E_NOTFOUND, "no host is alive in %s: nothing is running there",
                           visible((char[200]){0}, 200, w->dir));
}

/* parent 0: a run of its own. */
static int submit(const struct workspace *w, int64_t parent, int64_t step, const struct config *c,
                  int spawn, int64_t *id, struct err *err)
{
    struct config mine = *c;
    int rc = prepare_paths(w, &mine, err);
    if (!rc)
        rc = need_host(w, spawn, err);
    if (rc)
        return rc;
    json_t *fields = json_object(), *answer = NULL;
    for (int i = 0; i < config_nfields; i++) {
        char value[CONFIG_TEXT];
        config_get(&mine, &config_fields[i], value, sizeof value);
        json_object_set_new(fields, config_fields[i].name, json_string(value));
    }
    json_t *request = json_pack("{s:i, s:s, s:o}", "v", 1, "op", parent ? "branch" : "submit", "config",
                                fields);
    if (parent) {
        json_object_set_new(request, "run", json_integer(parent));
        json_object_set_new(request, "step", json_integer(step));
    }
    rc = client_ask(w, request, &answer, err);
    if (!rc)
        *id = json_integer_value(json_object_get(answer, "run"));
    json_decref(answer);
    return rc;
}

int host_client_submit(const struct workspace *w, const struct config *c, int spawn, int64_t *id,
                       struct err *err)
{
    return submit(w, 0, 0, c, spawn, id, err);
}

int host_client_branch(const struct workspace *w, int64_t parent, int64_t step, const struct config *c,
                       int spawn, int64_t *id, struct err *err)
{
    return submit(w, parent, step, c, spawn, id, err);
}

int host_client_op(const struct workspace *w, const char *op, int64_t run, int spawn,
                   struct err *err)
{
    int rc = need_host(w, spawn, err);
    return rc ? rc : client_ask(w, json_pack("{s:i, s:s, s:I}", "v", 1, "op", op, "run",
                                             (json_int_t)run), NULL, err);
}

int host_client_score(const struct workspace *w, int64_t run, const char *text, uint64_t seed,
                      const int *positions, int npositions, int64_t *step, int *sentence,
                      struct err *err)
{
    json_t *answer = NULL, *list = NULL;
    int rc = need_host(w, 1, err);
    if (rc)
        return rc;
    json_t *j = json_pack("{s:i, s:s, s:I, s:s, s:I}", "v", 1, "op", "score", "run", (json_int_t)run,
                          "text", text, "seed", (json_int_t)seed);
    if (j && positions && (list = json_array())) {
        for (int i = 0; i < npositions; i++)
            json_array_append_new(list, json_integer(positions[i]));
        json_object_set_new(j, "positions", list);
    }
    rc = client_ask(w, j, &answer, err);
    if (!rc && step)
        *step = json_integer_value(json_object_get(answer, "step"));
    if (!rc && sentence)
        *sentence = (int)json_integer_value(json_object_get(answer, "sentence"));
    json_decref(answer);
    return rc;
}
