#!/bin/sh
# kill.sh [KILLS [PRESET OPTIONS...]]: kills the host with SIGKILL again and again, resumes, and compares with twins.
#
# A third of the kills come between writing a checkpoint and giving it its name, the others after a
# time spread by magnitude from 10 ms to 10 s. In turn 1 to 4 threads train, and every fifth host is
# a detached one. After each kill the store must be sound and hold every row that a printed line had
# acknowledged, and every checkpoint that was named must be whole. A run that ends must be
# identical to one that was never interrupted: metric rows but times and rates, tokens, and the
# bytes of every tensor, the optimiser's too. Not part of `make check`: fifty kills take some
# minutes. Needs sqlite3(1). Run it in the build directory: ../tests/faults/kill.sh 50
. "$(dirname "$0")/../e2e/lib.sh"
command -v sqlite3 >/dev/null || { echo "sqlite3(1) is not here"; exit 77; }
kills=${1:-50}
[ $# = 0 ] || shift
options=${*:---preset demo --steps 3600 --seq-stages 8:0.45,16 --checkpoint-every 90 --eval-every 100 --snapshot-every 150}
common="--corpus markov $options --headless --json"
corpus

# whole NAME: what must be equal in two runs, sorted.
whole() {
    essence "$1" | grep -v safetensors
    "$program" export tokens --run "$1" | cut -d, -f1-12,14- # without the run
    dir=$("$program" runs show "$1" --json | sed -n 's/.*"checkpoint": *"\([^"]*\)".*/\1/p')
    (cd "$dir" && find . -name '*.safetensors' | sort | while read -r f; do
        head=$(od -An -tu8 -N8 "$f")
        echo "$f $(tail -c +$((head + 9)) "$f" | sha256sum)"
    done)
}

# acked FILE: step and loss of every whole step line.
acked() {
    sed -n 's/.*"event": *"step".*"step": *\([0-9]*\).*"total_loss": *"\{0,1\}\([-0-9a-z.+]*\).*}$/\1,\2/p' "$1"
}

# check NAME FILE: the store after a kill.
check() {
    [ -e "$tmp/ws/runs.db" ] || return 0
    # a copy, so that looking does not tidy the left-over write-ahead log
    rm -rf "$tmp/look"
    mkdir "$tmp/look"
    cp "$tmp"/ws/runs.db* "$tmp/look/"
    [ "$(sqlite3 "$tmp/look/runs.db" 'PRAGMA integrity_check')" = ok ] || fail "kill $n: the store is damaged"
    acked "$2" | sort >"$tmp/acked"
    acks=$((acks + $(wc -l <"$tmp/acked")))
    if [ -s "$tmp/acked" ]; then
        "$program" export metrics --run "$1" | tr -d '\r' |
            awk -F, '$3 == "total_loss" { print $2 "," $4 }' | sort >"$tmp/stored"
        comm -23 "$tmp/acked" "$tmp/stored" >"$tmp/missing"
        [ ! -s "$tmp/missing" ] || fail "kill $n: $(wc -l <"$tmp/missing") acknowledged rows are lost, first $(head -n 1 "$tmp/missing")"
    fi
    sed -n 's/.*"event": *"checkpoint".*"path": *"\([^"]*\)".*}$/\1/p' "$2" | tail -n 1 >"$tmp/named"
    if [ -s "$tmp/named" ]; then
        (cd "$(cat "$tmp/named")" && xxhsum_check) || fail "kill $n: the named checkpoint is not whole"
    fi
}
xxhsum_check() { ! command -v xxhsum >/dev/null || xxhsum -q -c checksums.txt; }

# A host killed with a run that is `train ARGS`: after a time, or at its Kth renaming.
kill_headless() {
    if [ $((n % 3)) = 0 ]; then
        windows=$((windows + 1))
        ELECTROSCOPE_FAULT=before-rename:$((n / 3 % 3 + 1)) "$program" train "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
    else
        timeout --foreground -s KILL "$after" "$program" train "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
    fi
}
kill_detached() {
    "$program" train "$@" --detach >"$tmp/out" 2>"$tmp/err" || status=$?
    [ "$status" = 0 ] || return 0
    sleep "$after"
    pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$tmp/ws/host.lock")
    if [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; then status=137; fi
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}

start=$(date +%s)
"$program" train $common --name straight --threads 2 >/dev/null
whole straight >"$tmp/want"
[ "$(wc -l <"$tmp/want")" -gt 200 ] || fail "the straight run left too little to compare"
echo "straight run: $(($(date +%s) - start)) s, $(wc -l <"$tmp/want") lines to compare"
n=0 killed=0 windows=0 cycles=0 acks=0 name=
finish() {
    "$program" train --resume $name --headless --threads $((n % 4 + 1)) >"$tmp/out" 2>"$tmp/err" || fail "cycle $cycles does not finish: $(cat "$tmp/err")"
    whole $name >"$tmp/got"
    cmp -s "$tmp/want" "$tmp/got" || { diff "$tmp/want" "$tmp/got" | head -n 5; fail "$name differs from the straight run"; }
    "$program" runs delete $name --yes >/dev/null
    echo "$name: identical after $killed kills in all"
    name=
}
while [ $n -lt "$kills" ]; do
    n=$((n + 1))
    status=0
    threads="--threads $((n % 4 + 1))"
    after=$(awk -v n=$n 'BEGIN { srand(n); rand(); printf "%.3f", 0.01 * exp(log(1000) * rand()) }')
    if [ -z "$name" ]; then
        cycles=$((cycles + 1))
        name=killed$cycles
        set -- $common --name $name $threads
    else
        set -- --resume $name --headless --json $threads
    fi
    if [ $((n % 5)) = 4 ] && [ $((n % 3)) != 0 ]; then kill_detached "$@"; else kill_headless "$@"; fi
    case $status in
    137) killed=$((killed + 1)) ;;
    0) ;;
    *) fail "kill $n: exit $status: $(cat "$tmp/err")" ;;
    esac
    "$program" runs show $name --json >"$tmp/show" 2>/dev/null || { name=; continue; } # killed before the run had a number
    check $name "$tmp/out"
    ! grep -q '"state": *"done"' "$tmp/show" || finish
done
[ -z "$name" ] || finish
echo "$n turns, $killed killed ($windows in the checkpoint window), $cycles cycles, $acks acknowledged rows, $(($(date +%s) - start)) s: all identical"
