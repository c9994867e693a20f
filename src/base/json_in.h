/* JSON from outside is looked over before it is parsed: in memory a value takes many times the bytes
 * of its text, and every level of nesting a call of the parser. */
#ifndef ES_BASE_JSON_IN_H
#define ES_BASE_JSON_IN_H
#include <stddef.h>

#define JSON_IN_DEPTH 64
/* NULL when the text is nested at most JSON_IN_DEPTH deep and holds at most `values` values, `objects`
 * of them objects; else what is wrong with it, half a sentence. Whether it is JSON is for the parser
 * to say. */
const char *json_in_check(const char *text, size_t n, size_t values, size_t objects);
#endif
