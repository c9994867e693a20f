/* Reads text line by line from plain files, .gz, .zst, directories (by name, recursively) and
 * "-" (standard input). Lines of up to 1 GiB; NUL bytes kept; CR before LF and a BOM at the
 * start of a file dropped. Documents are separated by blank lines and by file ends. */
#ifndef ES_TEXT_CORPUS_READER_H
#define ES_TEXT_CORPUS_READER_H
#include <stddef.h>
#include <stdint.h>

struct err;
struct corpus_reader;
struct corpus_line {
    const char *text; /* valid until the next call */
    size_t len;
    int blank;        /* white space only: a document ends */
    const char *file; /* as given */
    uint64_t number;  /* line number in the file, from 1 */
    int file_end;     /* a file ended before this line */
};
struct corpus_reader *corpus_reader_open(const char *const *paths, int n, struct err *err);
/* 1: a line; 0: end; negative: error. */
int corpus_reader_next(struct corpus_reader *r, struct corpus_line *line, struct err *err);
/* Share of the input bytes read, in [0,1]; -1 when unknown (stdin). */
double corpus_reader_progress(const struct corpus_reader *r);
/* Bytes of text so far, after decompression. */
uint64_t corpus_reader_bytes(const struct corpus_reader *r);
void corpus_reader_close(struct corpus_reader *r);
#endif
