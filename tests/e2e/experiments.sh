#!/bin/sh
# The paper's ablations at scale ci: every file runs through, a second time nothing is left to do,
# more seeds add only what is new, and a sweep whose host was killed goes on where it was.
. "$(dirname "$0")/lib.sh"
corpus
top=$(cd "$(dirname "$0")/../.." && pwd)
text="--corpus $tmp/text.txt"

runs=0
for file in "$top"/experiments/*.ini; do
    name=$(basename "$file" .ini)
    "$program" sweep "$file" --scale ci $text --headless >"$tmp/out" 2>&1 || { cat "$tmp/out"; fail "$name"; }
    "$program" sweep "$file" --scale ci $text --headless | grep -q 'done already' || fail "$name is not done"
    "$program" sweep "$file" --scale ci $text --dry-run >"$tmp/plan"
    rows=$(grep -c ' done ' "$tmp/plan") || fail "$name has no rows"
    runs=$((runs + rows))
done
[ $runs -ge 35 ] || fail "only $runs rows in all files"

file=$top/experiments/weight-sharing.ini
"$program" sweep "$file" --scale ci $text --seeds 2 --dry-run | grep -q '^3 of 6 runs to do' ||
    fail "a second seed is not three new runs"

"$program" sweep "$file" --scale ci $text --seeds 1 --steps 500 --detach >/dev/null
sleep 1
pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$ELECTROSCOPE_WORKSPACE/host.lock")
kill -9 "$pid"
sleep 0.2
"$program" sweep "$file" --scale ci $text --seeds 1 --steps 500 --dry-run | grep -q '^[1-3] of 3 runs to do' ||
    fail "nothing is left to do after a kill"
"$program" sweep "$file" --scale ci $text --seeds 1 --steps 500 --headless >"$tmp/out" || fail "the killed sweep does not go on"
"$program" sweep "$file" --scale ci $text --seeds 1 --steps 500 | grep -q 'done already' || fail "the killed sweep is not done"
exit 0
