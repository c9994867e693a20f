/* See json_in.h. */
#include "src/base/json_in.h"

const char *json_in_check(const char *text, size_t n, size_t values, size_t objects)
{
    size_t found = 0, depth = 0, maps = 0;
    int quoted = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = 1;
        } else if (c == '[' || c == '{') {
            found++;
            depth++;
            maps += c == '{';
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else {
            found += c == ',';
        }
        if (depth > JSON_IN_DEPTH)
            return "it is nested too deep";
        if (found > values || maps > objects)
            return "it holds too many values";
    }
    return NULL;
}
