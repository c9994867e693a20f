#!/bin/sh
# Exit codes, JSON lines, CSV, closed pipes: what scripts rely on.
. "$(dirname "$0")/lib.sh"
corpus
status() { set +e; "$@" >"$tmp/out" 2>"$tmp/err"; s=$?; set -e; echo $s; }
[ "$(status "$program" nonsense)" = 2 ] || fail "an unknown command is not exit 2"
[ "$(status "$program" train --learning-rat 1)" = 2 ] || fail "an unknown option is not exit 2"
[ "$(status "$program" train --batch 0 --headless)" = 2 ] || fail "a value out of bounds is not exit 2"
grep -q batch "$tmp/err" || fail "the message does not name the field"
[ "$(status "$program" corpus x --vocab /nonexistent/vocab.txt "$tmp/text.txt")" = 1 ] || fail "a missing file is not exit 1"
[ "$(wc -l <"$tmp/err")" = 1 ] || fail "not one sentence"
"$program" train $small --name j --steps 12 --json >"$tmp/lines"
head -n 1 "$tmp/lines" | grep -q '"event": *"start"' || fail "no start line"
tail -n 1 "$tmp/lines" | grep -q '"event": *"done"' || fail "no done line"
[ "$(grep -c '"event": *"step"' "$tmp/lines")" = 12 ] || fail "not 12 step lines"
"$program" export metrics --run j | head -n 1 | tr -d '\r' | grep -qx 'run,step,metric,value,wall_time,tokens' || fail "heading of export metrics"
set +e
"$program" export metrics --run j | head -n 1 >/dev/null
set -e
"$program" runs show j --json | grep -q '"state": *"done"' || fail "state is not done"
printf 'w1 w2\n\nw3\n' | "$program" tokenize --vocab "$tmp/vocab.txt" >"$tmp/ids"
[ "$(sed -n 1p "$tmp/ids")" = "6 7" ] && [ "$(sed -n 2p "$tmp/ids")" = "" ] && [ "$(sed -n 3p "$tmp/ids")" = 8 ] || fail "tokenize"
"$program" inspect --run j --text 'w1 w2 w3' --csv | head -n 1 | grep -q '^position,original,masked,sampled,gen_prob,disc_prob,label,outcome' || fail "heading of inspect"
"$program" inspect --run j --fill --text 'w1 [MASK] w3' --top 3 --csv | tr -d '\r' >"$tmp/out"
sed -n 1p "$tmp/out" | grep -qx 'sentence,position,original,rank,token,score,gen_prob,gen_rank,disc_prob,run,step' || fail "heading of inspect --fill"
[ "$(grep -c '^0,2,\[MASK\],' "$tmp/out")" = 3 ] || fail "inspect --fill gives not three tokens"
"$program" inspect --run j --pll --text 'w1 w2 w3' --json | grep -q '"gen_pll":-' || fail "inspect --pll gives no sum"
[ "$(status "$program" inspect --run j --fill --text 'w1 w2')" = 2 ] && grep -q 'no \[MASK\]' "$tmp/err" || fail "nothing to fill in is not told"
# What cannot be printed is a failure, though the lines before may have been flushed one by one; a reader that goes is none.
for words in "runs --json" "runs" "runs show j --json" "export metrics --run j" "--help" "train $small --name f --steps 5 --json"; do
    [ "$(set +e; "$program" $words 2>"$tmp/err" >/dev/full; echo $?)" = 1 ] || fail "$words >/dev/full is not exit 1"
    grep -q 'cannot write' "$tmp/err" || fail "$words >/dev/full says nothing"
done
{ "$program" train $small --name g --steps 100 --json 2>"$tmp/err"; echo $? >"$tmp/status"; } | head -n 1 >/dev/null
[ "$(cat "$tmp/status")" = 0 ] && [ ! -s "$tmp/err" ] || fail "train with a closed pipe: exit $(cat "$tmp/status"), $(cat "$tmp/err")"
"$program" runs show g --json | grep -q '"state": *"done"' || fail "a closed pipe ended the run"
# A signal while it trains: a clean checkpoint, its own exit code, and the run can go on.
stopped_by() {
    : >"$tmp/lines" # the old lines must be gone before the new ones are waited for
    "$program" train $small --name "by$1" --steps 100000 --json >"$tmp/lines" 2>&1 &
    pid=$!
    n=0
    until grep -q '"event":"step"' "$tmp/lines"; do
        n=$((n + 1))
        [ $n -lt 300 ] || fail "no step in 30 s"
        sleep 0.1
    done
    kill "-$1" $pid
    set +e
    wait $pid
    s=$?
    set -e
    [ $s = "$2" ] || fail "SIG$1 gave exit $s"
    tail -n 1 "$tmp/lines" | grep -q '"event":"stopped"' || fail "no stopped line after SIG$1"
    "$program" runs show "by$1" --json | grep -q '"state": *"stopped"' || fail "state after SIG$1"
}
stopped_by INT 130
stopped_by TERM 143
exit 0
