#!/bin/sh
# A run of a host process: handed over, paused, watched, stopped, gone on with; its networks looked
# at and converted.
. "$(dirname "$0")/lib.sh"
corpus
state() { "$program" runs show "$1" --json | sed -n 's/.*"state":"\([a-z]*\)".*/\1/p'; }
until_state() {
    n=0
    until [ "$(state "$1")" = "$2" ]; do
        n=$((n + 1))
        [ $n -lt 300 ] || fail "run $1 is $(state "$1"), not $2, after 30 s"
        sleep 0.1
    done
}
"$program" train ${small%--headless} --name away --steps 200000 --detach --json >"$tmp/lines"
grep -q '"event":"start","run":1' "$tmp/lines" || fail "--detach does not name the run"
until_state away running
"$program" runs pause away >/dev/null
until_state away paused
"$program" runs resume away >/dev/null
until_state away running
# a second run, submitted to the host that is alive and followed
"$program" train $small --name second --steps 30 --json >"$tmp/second"
[ "$(grep -c '"event":"step"' "$tmp/second")" = 30 ] || fail "not 30 step lines of a followed run"
tail -n 1 "$tmp/second" | grep -q '"event":"done","run":2,"step":30,"checkpoint":"/' || fail "no done line of a followed run"
"$program" runs stop away >/dev/null
until_state away stopped
"$program" watch away --json >"$tmp/watched"
head -n 1 "$tmp/watched" | grep -q '"event":"start","run":1' || fail "watch does not begin with start"
tail -n 1 "$tmp/watched" | grep -q '"event":"stopped"' || fail "watch does not end with stopped"
"$program" runs tag second "one,two" >/dev/null
"$program" runs archive second >/dev/null
[ "$("$program" runs --json | wc -l)" = 1 ] || fail "an archived run is listed"
"$program" runs --archived --json | grep -q '"tags":"one,two"' || fail "tags are not there"
"$program" runs unarchive second >/dev/null
# what is printed and what is stored are the same numbers
"$program" export metrics --run second --metric total_loss | tr -d '\r' | awk -F, 'NR > 1 { print $2, $4 }' | sort -n >"$tmp/stored"
sed -n 's/.*"event":"step".*"step":\([0-9]*\),.*"total_loss":\([^,}]*\).*/\1 \2/p' "$tmp/second" | sort -n >"$tmp/printed"
cmp -s "$tmp/stored" "$tmp/printed" || fail "train --json and export metrics differ"
[ "$(wc -l <"$tmp/stored")" = 30 ] || fail "not 30 stored losses"
"$program" export runs -o "$tmp/runs.csv"
"$program" runs --csv | cmp -s - "$tmp/runs.csv" || fail "runs --csv and export runs differ"
# networks out of the run, and the same beliefs from the copy
"$program" inspect --run second --text "w1 w2 w3 w4 w5" --mask-positions 2,3 --csv >"$tmp/a"
"$program" convert --run second "$tmp/nets" >/dev/null
"$program" inspect --model "$tmp/nets" --text "w1 w2 w3 w4 w5" --mask-positions 2,3 --csv >"$tmp/b"
cut -d, -f1-12 "$tmp/a" >"$tmp/a12"
cut -d, -f1-12 "$tmp/b" | cmp -s - "$tmp/a12" || fail "the converted networks believe something else"
[ "$(awk -F, '$3 == "[MASK]"' "$tmp/a" | wc -l)" = 2 ] || fail "not two masked tokens"
[ "$("$program" export tokens --run second | head -n 1)" = "$(head -n 1 "$tmp/a")" ] || fail "export tokens has other columns than inspect"
! "$program" runs delete second 2>/dev/null || fail "delete without --yes"
"$program" runs delete second --yes >/dev/null
! "$program" runs show second 2>/dev/null || fail "a deleted run is shown"
# a host that is killed says nothing more: who watches is told that the run is lost
"$program" train ${small%--headless} --name gone --steps 200000 --detach >/dev/null
until_state gone running
"$program" watch gone --plain >"$tmp/watched" 2>&1 &
watcher=$!
sleep 0.5
kill -9 "$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$tmp/ws/host.lock")"
n=0
until grep -q 'lost after' "$tmp/watched"; do
    n=$((n + 1))
    [ $n -lt 150 ] || { kill -9 $watcher; fail "watch goes on though the host was killed"; }
    sleep 0.1
done
rc=0
wait $watcher || rc=$?
[ $rc = 1 ] || fail "watch of a lost run is exit $rc"
exit 0
