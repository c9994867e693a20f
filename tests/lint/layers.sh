#!/bin/sh
# Includes go down only. Prints each offending arrow. `layers.sh DIR` checks another tree.
here=$(cd "$(dirname "$0")" && pwd)
top=${1:-$here/../..}
cd "$top" || exit 1
find src db experiments ui -name '*.[ch]' | sort | xargs awk '
BEGIN {
    while ((getline line < "'"$here"'/layers.txt") > 0) {
        if (line ~ /^#/ || line !~ /:/) continue
        room = line; sub(/:.*/, "", room)
        rest = line; sub(/^[^:]*:/, "", rest)
        n = split(rest, a, " ")
        known[room] = 1
        for (i = 1; i <= n; i++) may[room, a[i]] = 1
    }
}
function room_of(path,   r) {
    r = path
    while (sub(/\/[^\/]*$/, "", r)) if (r in known) return r
    return ""
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    inc = $0; sub(/^[^"]*"/, "", inc); sub(/".*/, "", inc)
    if (inc == "config.h") next
    from = room_of(FILENAME); to = room_of(inc)
    if (from == to && to != "") next
    if ((from, to) in may || (from, inc) in may) next
    printf "%s:%d: %s may not include %s\n", FILENAME, FNR, from, inc
    bad = 1
}
/^[ \t]*#[ \t]*include[ \t]*<(curses|ncurses|ncursesw\/)/ {
    if (FILENAME !~ /^ui\/term\//) { printf "%s:%d: only ui/term knows curses\n", FILENAME, FNR; bad = 1 }
}
/^[ \t]*#[ \t]*include[ \t]*<sqlite3/ {
    if (FILENAME !~ /^db\//) { printf "%s:%d: only db knows sqlite\n", FILENAME, FNR; bad = 1 }
}
END { exit bad }'
