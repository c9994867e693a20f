/* A WordPiece vocabulary: tokens by id and ids by token. */
#ifndef ES_TEXT_VOCAB_H
#define ES_TEXT_VOCAB_H
#include <stddef.h>
#include <stdint.h>

struct err;
struct vocab; /* opaque, read-only after load, shared by threads */

enum { VOCAB_PAD, VOCAB_UNK, VOCAB_CLS, VOCAB_SEP, VOCAB_MASK, VOCAB_SPECIALS };

/* warn (may be NULL) is told about CRLF, BOM, duplicates, empty lines and invalid UTF-8, once a
 * kind: ids never shift.
 * Missing [UNK], [MASK], [CLS], [SEP] or [PAD]: E_INPUT naming file and token. */
struct vocab *vocab_load(const char *path, void (*warn)(void *ud, const char *text), void *ud,
                         struct err *err);
/* The same from memory (one token a line). name is for messages. */
struct vocab *vocab_parse(const char *name, const char *data, size_t size,
                          void (*warn)(void *ud, const char *text), void *ud, struct err *err);
void vocab_free(struct vocab *v);
int vocab_size(const struct vocab *v);
const char *vocab_token(const struct vocab *v, int id); /* raw bytes: escape before showing */
int vocab_id(const struct vocab *v, const char *token, size_t n); /* -1 if absent */
int vocab_special(const struct vocab *v, int which);              /* id of VOCAB_CLS, ... */
uint64_t vocab_hash(const struct vocab *v);
int vocab_write(const struct vocab *v, const char *path, struct err *err); /* as file_write_new */
#endif
