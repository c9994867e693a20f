#!/bin/sh
# Each lint fails when it should.
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
fresh() { rm -rf "$tmp/t"; mkdir -p "$tmp/t/src/base" "$tmp/t/db" "$tmp/t/experiments" "$tmp/t/ui/cli" "$tmp/t/tests" "$tmp/t/man"; touch "$tmp/t/db/x.c" "$tmp/t/ui/cli/y.c" "$tmp/t/tests/z.c"; }
expect_fail() { if "$here/$1" "$tmp/t" >/dev/null 2>&1; then echo "$1 passed a tree with $2"; exit 1; fi; }
fresh; "$here/layers.sh" "$tmp/t" >/dev/null || { echo "layers.sh fails a clean tree"; exit 1; }
printf '#include "db/store.h"\n' >"$tmp/t/src/base/a.c"; expect_fail layers.sh 'an include that goes up'
fresh; printf '#include <curses.h>\n' >"$tmp/t/db/a.c"; expect_fail layers.sh 'curses outside ui/term'
fresh; yes '' | head -n 801 >"$tmp/t/db/a.c"; expect_fail sizes.sh 'a file of 801 lines'
fresh; printf 'int f(void)\n{\n    printf("x");\n}\n' >"$tmp/t/db/a.c"; expect_fail residue.sh 'a print in db'
fresh; printf '/* TODO */\n' >"$tmp/t/db/a.c"; expect_fail residue.sh 'a note to self'
exit 0
