/* See edit.h. */
#include "experiments/edit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store.h"
#include "experiments/client.h"
#include "experiments/host.h"
#include "experiments/lock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

static const char *const ops[] = {"tag", "note", "archive", "unarchive", "delete"};

int edit_is(const char *op)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(op, ops[i]))
            return 1;
    return 0;
}

int edit_store(struct store *s, const struct workspace *w, const char *op, int64_t run,
               const char *text, struct err *err)
{
    char dir[1200];
    if (!strcmp(op, "tag"))
        return store_tag(s, run, text ? text : "", err);
    if (!strcmp(op, "note"))
        return store_note(s, run, text ? text : "", err);
    if (!strcmp(op, "archive") || !strcmp(op, "unarchive"))
        return store_archive(s, run, *op == 'a', err);
    int rc = store_delete_run(s, run, err);
    snprintf(dir, sizeof dir, "%s/%lld", w->checkpoints, (long long)run);
    return rc ? rc : file_remove_tree(dir, err);
}

static int through_host(const struct workspace *w, const char *op, int64_t run, const char *text,
                        struct err *err)
{
    json_t *j = json_pack("{s:i, s:s, s:I, s:s}", "v", 1, "op", op, "run", (json_int_t)run, "text",
                          text ? text : "");
    return client_ask(w, j, NULL, err);
}

int edit_run(const struct workspace *w, const char *op, int64_t run, const char *text,
             struct err *err)
{
    int lock;
    if (!edit_is(op))
        return err_set(err, E_USAGE, "'%s' is not one of tag, note, archive, unarchive, delete",
                       visible((char[64]){0}, 64, op));
    if (host_alive(w))
        return through_host(w, op, run, text, err);
    int rc = lock_take(w->lock, 2.0, &lock, err);
    if (rc == E_BUSY && host_alive(w)) /* one has just started */
        return through_host(w, op, run, text, err);
    if (rc)
        return rc;
    struct store *s = store_open(w->db, err);
    rc = s ? edit_store(s, w, op, run, text, err) : E_FAIL;
    if (s)
        store_close(s);
    lock_release(lock);
    return rc;
}
