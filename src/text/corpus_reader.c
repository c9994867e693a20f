/* Three layers: a list of files (directories unfolded at opening), a source of bytes (plain,
 * gzip or zstd, told apart by the first bytes), and lines cut from a window that grows with the
 * longest line. */
#include "src/text/corpus_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/text/normalise.h"

#define INPUT_BYTES ((size_t)1 << 18)
#define WINDOW_BYTES ((size_t)1 << 20)
#define LINE_MAX_BYTES ((size_t)1 << 30)
#define DEPTH_MAX 64

enum packing { PLAIN, GZIP, ZSTD };

struct corpus_reader {
    char **files;
    size_t nfiles, cap, next; /* next: the file to open when the current one ends */
    uint64_t total, taken;    /* bytes of all files; read so far */
    int endless;              /* standard input is among them */
    uint64_t text_bytes;
    /* the open file */
    int fd, packed_open;
    int ended; /* a member or frame is complete: the file may end here */
    int pending; /* the window was filled: the decoder may hold more */
    enum packing packing;
    unsigned char *in;
    size_t in_pos, in_len;
    z_stream z;
    ZSTD_DStream *zstd;
    uint64_t number;
    int file_end;
    /* bytes of text not yet handed out */
    char *window;
    size_t pos, len, size, searched;
};

static const char *shown_name(const struct corpus_reader *r, char shown[256])
{
    return visible(shown, 256, r->files[r->next - 1]);
}

static int add_file(struct corpus_reader *r, const char *path, uint64_t size, struct err *err)
{
    if (r->nfiles == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        char **files = realloc(r->files, cap * sizeof *files);
        if (!files)
            return err_nomem(err, "the list of text files");
        r->files = files;
        r->cap = cap;
    }
    r->files[r->nfiles] = strdup(path);
    if (!r->files[r->nfiles])
        return err_nomem(err, "the list of text files");
    r->nfiles++;
    r->total += size;
    return 0;
}

static int wanted(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Files of a directory by name, those below it in their place; hidden ones and what is neither
 * file nor directory are left out. */
static int add_path(struct corpus_reader *r, const char *path, int depth, struct err *err)
{
    char shown[256];
    struct stat st;
    if (!depth && !strcmp(path, "-")) {
        r->endless = 1;
        return add_file(r, path, 0, err);
    }
    if (stat(path, &st))
        return err_errno(err, "cannot read %s", visible(shown, sizeof shown, path));
    if (!S_ISDIR(st.st_mode)) {
        if (!S_ISREG(st.st_mode) && depth)
            return 0;
        r->endless |= !S_ISREG(st.st_mode);
        return add_file(r, path, (uint64_t)st.st_size, err);
    }
    if (depth == DEPTH_MAX)
        return err_set(err, E_INPUT, "%s: directories are nested too deep",
                       visible(shown, sizeof shown, path));
    struct dirent **entries;
    int n = scandir(path, &entries, wanted, by_name), rc = 0;
    if (n < 0)
        return err_errno(err, "cannot list %s", visible(shown, sizeof shown, path));
    for (int k = 0; k < n; k++) {
        if (!rc) {
            struct str below;
            str_init(&below);
            str_addf(&below, "%s/%s", path, entries[k]->d_name);
            rc = below.failed ? err_nomem(err, "a file name")
                              : add_path(r, str_get(&below), depth + 1, err);
            str_free(&below);
        }
        free(entries[k]);
    }
    free(entries);
    return rc;
}

struct corpus_reader *corpus_reader_open(const char *const *paths, int n, struct err *err)
{
    struct corpus_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_nomem(err, "a text reader");
        return NULL;
    }
    r->fd = -1;
    r->size = WINDOW_BYTES;
    r->in = malloc(INPUT_BYTES);
    r->window = malloc(r->size);
    int rc = r->in && r->window ? 0 : err_nomem(err, "a text reader");
    for (int k = 0; k < n && !rc; k++)
        rc = add_path(r, paths[k], 0, err);
    if (rc) {
        corpus_reader_close(r);
        return NULL;
    }
    return r;
}

static void close_file(struct corpus_reader *r)
{
    if (r->packed_open && r->packing == GZIP)
        inflateEnd(&r->z);
    if (r->fd > 0)
        close(r->fd);
    r->fd = -1;
    r->packed_open = 0;
}

void corpus_reader_close(struct corpus_reader *r)
{
    if (!r)
        return;
    close_file(r);
    ZSTD_freeDStream(r->zstd);
    for (size_t k = 0; k < r->nfiles; k++)
        free(r->files[k]);
    free(r->files);
    free(r->in);
    free(r->window);
    free(r);
}

/* Fills `in` behind what is still there. 1: bytes came; 0: end. */
static int more_input(struct corpus_reader *r, struct err *err)
{
    char shown[256];
    if (r->in_pos) {
        memmove(r->in, r->in + r->in_pos, r->in_len - r->in_pos);
        r->in_len -= r->in_pos;
        r->in_pos = 0;
    }
    for (;;) {
        ssize_t got = read(r->fd, r->in + r->in_len, INPUT_BYTES - r->in_len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, "cannot read %s", shown_name(r, shown));
        r->in_len += (size_t)got;
        r->taken += (uint64_t)got;
        return got > 0;
    }
}

static int open_file(struct corpus_reader *r, struct err *err)
{
    char shown[256];
    const char *path = r->files[r->next++];
    r->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0;
    if (r->fd < 0)
        return err_errno(err, "cannot open %s", shown_name(r, shown));
    r->in_pos = r->in_len = 0;
    r->number = 0;
    r->ended = r->pending = 0;
    int rc = 1;
    while (rc > 0 && r->in_len < 4)
        rc = more_input(r, err);
    if (rc < 0)
        return rc;
    r->packing = PLAIN;
    if (r->in_len >= 4 && !memcmp(r->in, "\x28\xB5\x2F\xFD", 4))
        r->packing = ZSTD;
    else if (r->in_len >= 3 && !memcmp(r->in, "\x1F\x8B\x08", 3))
        r->packing = GZIP;
    if (r->packing == GZIP) {
        memset(&r->z, 0, sizeof r->z);
        if (inflateInit2(&r->z, 15 + 16) != Z_OK)
            return err_nomem(err, "decompression");
    } else if (r->packing == ZSTD) {
        if (!r->zstd)
            r->zstd = ZSTD_createDStream();
        if (!r->zstd)
            return err_nomem(err, "decompression");
        ZSTD_initDStream(r->zstd);
    }
    r->packed_open = r->packing != PLAIN;
    return 0;
}

/* One step of decompression into the window; *done is set at the end of a member or frame.
 * Returns 0, or E_INPUT. */
static int unpack(struct corpus_reader *r, size_t *made, int *done, struct err *err)
{
    char shown[256];
    *done = 0;
    if (r->packing == GZIP) {
        size_t room = r->size - r->len;
        r->z.next_in = r->in + r->in_pos;
        r->z.avail_in = (uInt)(r->in_len - r->in_pos);
        r->z.next_out = (unsigned char *)r->window + r->len;
        r->z.avail_out = room > ((size_t)1 << 30) ? (uInt)1 << 30 : (uInt)room;
        uInt before = r->z.avail_out;
        int rc = inflate(&r->z, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return err_set(err, E_INPUT, "%s: the gzip data are damaged", shown_name(r, shown));
        r->in_pos = r->in_len - r->z.avail_in;
        *made = before - r->z.avail_out;
        if (rc == Z_STREAM_END) {
            *done = 1;
            inflateReset(&r->z);
        }
        return 0;
    }
    ZSTD_inBuffer in = { r->in, r->in_len, r->in_pos };
    ZSTD_outBuffer out = { r->window + r->len, r->size - r->len, 0 };
    size_t rc = ZSTD_decompressStream(r->zstd, &out, &in);
    if (ZSTD_isError(rc))
        return err_set(err, E_INPUT, "%s: the zstd data are damaged: %s", shown_name(r, shown),
                       ZSTD_getErrorName(rc));
    r->in_pos = in.pos;
    *made = out.pos;
    *done = rc == 0;
    return 0;
}

/* Appends text to the window. 1: bytes came; 0: the file ended. */
static int more_text(struct corpus_reader *r, struct err *err)
{
    char shown[256];
    size_t made = 0;
    int done = r->ended;
    while (!made) {
        if (r->in_pos == r->in_len && !r->pending) {
            int rc = more_input(r, err);
            if (rc < 0)
                return rc;
            if (!rc && (r->packing == PLAIN || done))
                return 0;
            if (!rc)
                return err_set(err, E_INPUT, "%s: the compressed data end too early",
                               shown_name(r, shown));
        }
        if (r->packing == PLAIN) {
            size_t room = r->size - r->len;
            made = r->in_len - r->in_pos < room ? r->in_len - r->in_pos : room;
            memcpy(r->window + r->len, r->in + r->in_pos, made);
            r->in_pos += made;
        } else {
            int rc = unpack(r, &made, &done, err);
            if (rc)
                return rc;
            r->ended = done;
            r->pending = !done && r->len + made == r->size;
        }
    }
    r->len += made;
    r->text_bytes += made;
    return 1;
}

/* Makes room behind the window's text. */
static int make_room(struct corpus_reader *r, struct err *err)
{
    if (r->pos) {
        memmove(r->window, r->window + r->pos, r->len - r->pos);
        r->len -= r->pos;
        r->searched -= r->pos;
        r->pos = 0;
    }
    if (r->size - r->len >= r->size / 4)
        return 0;
    char shown[256];
    if (r->size >= LINE_MAX_BYTES)
        return err_set(err, E_INPUT, "%s, line %llu: a line must be shorter than 1 GiB",
                       shown_name(r, shown), (unsigned long long)r->number + 1);
    char *window = realloc(r->window, 2 * r->size);
    if (!window)
        return err_nomem(err, "a line of text");
    r->window = window;
    r->size *= 2;
    return 0;
}

static void hand_out(struct corpus_reader *r, size_t end, struct corpus_line *line)
{
    const char *text = r->window + r->pos;
    size_t len = end - r->pos;
    if (r->number == 0 && len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) {
        text += 3;
        len -= 3;
    }
    if (len && text[len - 1] == '\r')
        len--;
    *line = (struct corpus_line){ .text = text,
                                  .len = len,
                                  .blank = text_is_blank(text, len),
                                  .file = r->files[r->next - 1],
                                  .number = ++r->number,
                                  .file_end = r->file_end };
    r->file_end = 0;
}

int corpus_reader_next(struct corpus_reader *r, struct corpus_line *line, struct err *err)
{
    for (;;) {
        int rc = 0;
        if (r->fd < 0) {
            if (r->next == r->nfiles)
                return 0;
            r->pos = r->len = r->searched = 0;
            rc = open_file(r, err);
            if (rc)
                return rc;
        }
        const char *stop = memchr(r->window + r->searched, '\n', r->len - r->searched);
        if (stop) {
            size_t end = (size_t)(stop - r->window);
            hand_out(r, end, line);
            r->pos = r->searched = end + 1;
            return 1;
        }
        r->searched = r->len;
        rc = make_room(r, err);
        if (!rc)
            rc = more_text(r, err);
        if (rc < 0)
            return rc;
        if (rc)
            continue;
        close_file(r);
        int rest = r->len > r->pos;
        if (rest) {
            hand_out(r, r->len, line);
            r->pos = r->searched = r->len;
        }
        r->file_end = 1;
        if (rest)
            return 1;
    }
}

double corpus_reader_progress(const struct corpus_reader *r)
{
    if (r->endless)
        return -1;
    if (!r->total)
        return 1;
    double done = (double)r->taken / (double)r->total;
    return done > 1 ? 1 : done;
}

uint64_t corpus_reader_bytes(const struct corpus_reader *r)
{
    return r->text_bytes;
}
