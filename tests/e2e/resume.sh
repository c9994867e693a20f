#!/bin/sh
# Stop, kill -9 (also between writing and renaming a checkpoint) and resume: the run ends identical
# to one that was never interrupted, for other thread counts and micro-batches too.
. "$(dirname "$0")/lib.sh"
corpus
"$program" train $small --name straight --steps 120 --threads 1 >/dev/null
essence straight >"$tmp/want"
[ "$(wc -l <"$tmp/want")" -gt 100 ] || fail "the straight run left too little to compare"

"$program" train $small --name threads --steps 120 --threads 3 --micro-batch 4 >/dev/null
essence threads | diff -q "$tmp/want" - >/dev/null || fail "3 threads and micro_batch 4 differ from 1 thread"

n=0
for how in fault:1 fault:2 0.05 0.15 0.3 fault:1 0.6; do
    if [ $n = 0 ]; then start="$small --name killed --steps 120 --threads 2"; else start="--resume killed --headless --threads 2"; fi
    case $how in
    fault:*)
        ELECTROSCOPE_FAULT=before-rename:${how#fault:} "$program" train $start >/dev/null 2>&1 || true ;;
    *)
        "$program" train $start >/dev/null 2>&1 &
        pid=$!
        sleep "$how"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true ;;
    esac
    n=$((n + 1))
done
"$program" train --resume killed --headless --threads 2 >/dev/null
essence killed | diff "$tmp/want" - >"$tmp/diff" || { head -n 5 "$tmp/diff"; fail "the killed run differs"; }
exit 0
