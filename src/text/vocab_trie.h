/* The vocabulary's trie, for the tokenizer. */
#ifndef ES_TEXT_VOCAB_TRIE_H
#define ES_TEXT_VOCAB_TRIE_H
#include "src/text/trie.h"
#include "src/text/vocab.h"

const struct trie *vocab_trie(const struct vocab *v);
/* The node of "##", where pieces inside a word start; 0 when there are none. */
uint32_t vocab_continued(const struct vocab *v);
#endif
