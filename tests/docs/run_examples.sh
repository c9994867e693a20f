#!/bin/sh
# Runs every `$ command` of README.md and the manual, in order, in one directory with a text.txt:
# each must end well. Run in the build directory.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
build=$(pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bin" "$tmp/here"
ln -s "${ELECTROSCOPE:-$build/electroscope}" "$tmp/bin/electroscope"
PATH=$tmp/bin:$PATH
HOME=$tmp
ELECTROSCOPE_WORKSPACE=$tmp/ws
export PATH HOME ELECTROSCOPE_WORKSPACE
unset XDG_DATA_HOME XDG_STATE_HOME XDG_CONFIG_HOME 2>/dev/null || true
# Text with context: each word is followed by one of four.
awk 'BEGIN {
    srand(11); n = 400; w = 0
    for (i = 0; i < n; i++) for (k = 0; k < 4; k++) follow[i, k] = int(rand() * n)
    for (d = 0; d < 1500; d++) {
        for (l = 0; l < 12; l++) {
            line = ""
            for (t = 0; t < 14; t++) { line = line " word" w; w = follow[w, int(rand() * 4)] }
            print line
        }
        print ""
    }
}' >"$tmp/here/text.txt"
sed -n 's/^    \$ //p; s/\\(dq/"/g; s/^\.Dl \$ //p' "$top/README.md" "$top/man/electroscope.1.in" >"$tmp/examples"
cd "$tmp/here"
n=0
while IFS= read -r example; do
    n=$((n + 1))
    if ! sh -ec "$example" >"$tmp/out" 2>&1 </dev/null; then
        echo "FAILED: $example"
        tail -n 5 "$tmp/out"
        exit 1
    fi
done <"$tmp/examples"
[ "$n" -ge 10 ] || { echo "only $n examples found"; exit 1; }
echo "$n examples run"
