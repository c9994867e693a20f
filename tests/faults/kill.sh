#!/bin/sh
# kill.sh [KILLS [PRESET OPTIONS...]]: kills the host with SIGKILL again and again, resumes, and compares with twins.
#
# The kills (60) are shared by three sizes of model, or are all of the one that the options describe. A
# third of them come between writing a checkpoint and giving it its name, the others after a time spread
# by magnitude from 10 ms to 10 s. In turn 1 to 4 threads train, and every fifth host is a detached
# one. After each kill the store must be sound and hold every row that a printed line had acknowledged,
# and every checkpoint that was named must be whole. A run that ends must be identical to one that was
# never interrupted: metric rows but times and rates, tokens, and the bytes of every tensor, the
# optimiser's too. Prints the counts. Not part of `make check`: sixty kills take some minutes.
# Run it in the build directory, or as make check-kills KILLS=200.
. "$(dirname "$0")/lib.sh"
kills=${1:-60}
[ $# = 0 ] || shift
corpus

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

finish() {
    "$program" train --resume $name --headless --threads $((n % 4 + 1)) >"$tmp/out" 2>"$tmp/err" ||
        fail "$size, cycle $cycles does not finish: $(cat "$tmp/err")"
    whole $name >"$tmp/got"
    cmp -s "$tmp/want" "$tmp/got" || { diff "$tmp/want" "$tmp/got" | head -n 5; fail "$size, $name differs from the straight run"; }
    "$program" runs delete $name --yes >/dev/null
    name=
}

# turn OPTIONS: kill number n.
turn() {
    n=$((n + 1))
    status=0
    threads="--threads $((n % 4 + 1))"
    after=$(awk -v n=$n 'BEGIN { srand(n); rand(); printf "%.3f", 0.01 * exp(log(1000) * rand()) }')
    if [ -z "$name" ]; then
        cycles=$((cycles + 1))
        name=$size$cycles
        # shellcheck disable=SC2086
        set -- $1 --name $name $threads
    else
        # shellcheck disable=SC2086
        set -- --resume $name --headless --json $threads
    fi
    if [ $((n % 5)) = 4 ] && [ $((n % 3)) != 0 ]; then kill_detached "$@"; else kill_headless "$@"; fi
    case $status in
    137) killed=$((killed + 1)) ;;
    0) ;;
    *) fail "$size, kill $n: exit $status: $(cat "$tmp/err")" ;;
    esac
    "$program" runs show $name --json >"$tmp/show" 2>/dev/null || { name=; return; } # killed before the run had a number
    sound "$size, kill $n"
    kept "$size, kill $n" $name "$tmp/out"
    ! grep -q '"state": *"done"' "$tmp/show" || finish
}

# kill_size SIZE KILLS OPTIONS...
kill_size() {
    size=$1 most=$(($2 + n)) before=$(date +%s) was=$killed windows_was=$windows acks_was=$acks name= cycles=0
    shift 2
    # shellcheck disable=SC2086
    "$program" train --corpus markov "$@" --headless --json --name straight --threads 2 >/dev/null
    whole straight >"$tmp/want"
    [ "$(wc -l <"$tmp/want")" -gt 200 ] || fail "$size: the straight run left too little to compare"
    straight=$(($(date +%s) - before))
    while [ $n -lt $most ]; do turn "--corpus markov $* --headless --json"; done
    [ -z "$name" ] || finish
    "$program" runs delete straight --yes >/dev/null
    echo "$size (straight run $straight s): $((killed - was)) killed, $((windows - windows_was)) aimed at the checkpoint window," \
        "$cycles runs killed and resumed, $((acks - acks_was)) acknowledged rows: all identical; $(($(date +%s) - before)) s"
}

start=$(date +%s) n=0 killed=0 windows=0 acks=0
if [ $# != 0 ]; then
    kill_size given "$kills" "$@"
else
    kill_size one-layer $((kills / 3)) --preset custom --layers 1 --hidden-size 32 --ffn-size 64 --heads 2 --embedding-size 32 \
        --generator-size 0.5 --generator-heads 1 --seq 16 --batch 16 --learning-rate 1e-3 --steps 8000 \
        --checkpoint-every 300 --eval-every 500 --snapshot-every 600
    kill_size demo $((kills / 3)) --preset demo --steps 500 --seq-stages 8:0.45,16 --checkpoint-every 20 \
        --eval-every 50 --snapshot-every 75
    kill_size mini $((kills - kills / 3 * 2)) --preset mini --seq 16 --batch 64 --steps 150 --checkpoint-every 8 \
        --eval-every 20 --snapshot-every 25
fi
echo "$n turns, $killed killed ($windows aimed at the checkpoint window), $acks acknowledged rows, none lost; $(($(date +%s) - start)) s: all identical"
