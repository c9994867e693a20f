#!/bin/sh
# disk.sh [spread|all [CLASS...]]: a disk that is full (ENOSPC) or broken (EIO) at one call, or from one call on.
#
# A tiny run with two checkpoints is trained from a text, packing included, and the Nth write, sync or
# renaming on a file of its workspace fails: once, or with all after it. Then: the program ended by
# itself with 0 or 1; what failed and mattered was said; the store is sound and holds what was
# acknowledged; no half checkpoint lies about; and the run goes on, to the end and the very bits of
# its undisturbed twin. `all` takes every N and prints what was said, how often; `spread` (part of
# make check) a few of each kind. Classes of files: checkpoints, store, others. Run it in the build
# directory.
. "$(dirname "$0")/lib.sh"
what=${1:-spread}
[ $# = 0 ] || shift
classes=${*:-checkpoints store others}
inject=$(pwd)/tests/faults/inject
"$inject" true || exit 77
corpus
options="--corpus $tmp/text.txt --vocab $tmp/vocab.txt --preset custom --layers 1 --hidden-size 16 --ffn-size 32
 --heads 1 --embedding-size 16 --generator-size 1 --seq 16 --batch 8 --learning-rate 1e-3 --steps 8
 --checkpoint-every 4 --eval-every 4 --snapshot-every 4 --eval-sequences 8 --threads 1 --name a --headless --json"
acks=0 cases=0 hits=0 refused=0 went_on=0 resumed=0 anew=0

# shellcheck disable=SC2086
train() { timeout -k 5 60 "$@" "$program" train $options >"$tmp/out" 2>"$tmp/err"; }

# select_files CLASS
select_files() {
    case $1 in
    store) set -- --match runs.db ;;
    checkpoints) set -- --match /checkpoints/ ;;
    others) set -- --other runs.db:/checkpoints/ ;;
    esac
    files="$*"
}

# one CLASS ERRNO N [--sticky]: 1 when the run ended before its Nth call.
one() {
    class=$1 number=$2 n=$3
    shift 3
    label="$class, $number at call $n ${1-}"
    ELECTROSCOPE_WORKSPACE=$tmp/case
    export ELECTROSCOPE_WORKSPACE
    rm -rf "$tmp/case"
    mkdir "$tmp/case"
    status=0
    # shellcheck disable=SC2086
    train "$inject" --under "$tmp/case" $files --errno "$number" --nth "$n" "$@" --log "$tmp/calls" || status=$?
    grep -q FAILED "$tmp/calls" || return 1
    cases=$((cases + 1))
    hits=$((hits + $(grep -c FAILED "$tmp/calls")))
    case $status in
    0) went_on=$((went_on + 1)) ;;
    1) refused=$((refused + 1))
        [ "$(grep -c '^electroscope: ' "$tmp/err")" -ge 1 ] || fail "$label: exit 1 and no message: $(cat "$tmp/err")" ;;
    *) fail "$label: exit $status: $(cat "$tmp/err")" ;;
    esac
    # what failed: the call and the kind of file; what was said, without numbers
    grep -m 1 FAILED "$tmp/calls" | sed "s|$tmp/case/||; s|^[0-9]* ||; s|[0-9][0-9]*|N|g; s| FAILED||" >"$tmp/failed"
    said=$({
        sed -n 's/.*"event": *"message".*"text": *"\(.*\)".*/\1/p' "$tmp/out"
        sed -n 's/^electroscope: //p' "$tmp/err"
    } | tail -n 1 | sed "s|$tmp/case/||g; s|[0-9][0-9]*|N|g")
    [ -n "$said" ] || [ $class != checkpoints ] || fail "$label: nothing was said"
    echo "exit $status, $(cat "$tmp/failed"): ${said:-nothing said}" >>"$tmp/said"
    sound "$label"
    run=$("$program" runs list --json 2>/dev/null | sed -n 's/.*"run": *\([0-9]*\).*/\1/p' | head -n 1)
    [ -z "$run" ] || kept "$label" "$run" "$tmp/out"
    # it goes on, without faults
    if [ -z "$run" ]; then
        anew=$((anew + 1))
        run=1
        train || fail "$label: a new run fails: $(cat "$tmp/err")"
    elif ! "$program" runs show "$run" --json | grep -q '"state": *"done"'; then
        resumed=$((resumed + 1))
        newest=$(cd "$tmp/case/checkpoints/$run" 2>/dev/null && find . -maxdepth 1 -name '[0-9]*' ! -name '*.tmp.*' |
            sed 's|^./||' | sort -n | tail -n 1)
        "$program" train --resume "$run" --headless --threads 1 --json >"$tmp/out" 2>"$tmp/err" ||
            fail "$label: it does not go on: $(cat "$tmp/err")"
        # what has a name is whole: it goes on from there
        [ -z "$newest" ] || sed -n 's/.*"event": *"checkpoint".*"path": *"\([^"]*\)".*/\1/p' "$tmp/out" | head -n 1 |
            grep -q "/checkpoints/$run/$newest\$" || fail "$label: it does not go on from checkpoint $newest"
    fi
    whole "$run" >"$tmp/got"
    cmp -s "$tmp/want" "$tmp/got" || { diff "$tmp/want" "$tmp/got" | head -n 5; fail "$label: differs from its twin"; }
    left=$(find "$tmp/case" -name '*.tmp.*' | head -n 3)
    [ -z "$left" ] || fail "$label: left over: $left"
}

start=$(date +%s)
ELECTROSCOPE_WORKSPACE=$tmp/twin
export ELECTROSCOPE_WORKSPACE
train || fail "the undisturbed run: $(cat "$tmp/err")"
whole 1 >"$tmp/want"
[ "$(wc -l <"$tmp/want")" -gt 50 ] || fail "the undisturbed run left too little to compare"
for class in $classes; do
    select_files $class
    rm -rf "$tmp/case"
    mkdir "$tmp/case"
    # shellcheck disable=SC2086
    ELECTROSCOPE_WORKSPACE=$tmp/case train "$inject" --under "$tmp/case" $files --log "$tmp/calls"
    count=$(wc -l <"$tmp/calls")
    echo "$class: $count calls: $(awk '{ n[$2]++ } END { for (k in n) printf "%s %d  ", k, n[k] }' "$tmp/calls")"
    for number in ENOSPC EIO; do
        n=1
        while :; do
            one $class $number $n || { [ "$n" -le "$count" ] || break; }
            one $class $number $n --sticky || true
            if [ "$what" = all ]; then n=$((n + 1)); else n=$((n + count / 2 + 1)); fi
            [ "$what" = all ] || [ "$n" -le "$count" ] || break
        done
    done
done
[ "$what" != all ] || sort "$tmp/said" | uniq -c | sort -rn
echo "$cases cases, $hits failed calls: $refused ended with a message, $went_on went on;" \
    "then $resumed resumed, $anew begun anew; $acks acknowledged rows kept; $(($(date +%s) - start)) s: all as their twin"
