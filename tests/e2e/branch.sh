#!/bin/sh
# A run branches past batches that hurt it; a step of either comes again to the bit.
. "$(dirname "$0")/lib.sh"
corpus
# shellcheck disable=SC2086
"$program" train $small --steps 60 --log-every 7 --name a >/dev/null
"$program" train --branch a@40 --skip-batches 45-46 --learning-rate 5e-4 --headless >"$tmp/branch"
"$program" runs show a@40 >"$tmp/show"
grep -q '^parent  *1 a, from its step 40$' "$tmp/show" || fail "no parent: $(cat "$tmp/show")"
"$program" runs show a | grep -q '^branches  *2 a@40$' || fail "no branches"
"$program" runs show 2 --json | grep -q '"parent":1,' || fail "no parent in JSON"
grep -q "a branch of a at step 40" "$tmp/branch" || fail "its parent is not named: $(cat "$tmp/branch")"
[ "$("$program" export metrics --run 2 | awk -F, 'NR == 2 { print $2 }')" = 41 ] || fail "first step"

for step in 43 60; do
    "$program" replay --run a --step $step >"$tmp/replay" || fail "replay of $step"
    grep -q 'are the same, bit for bit$' "$tmp/replay" || fail "not compared: $(cat "$tmp/replay")"
done
"$program" replay --run 2 --step 47 --json >"$tmp/replay"
grep -q '^{"run":2,"step":47,"from":40,.*"logged":true' "$tmp/replay" || fail "$(cat "$tmp/replay")"
grep -q '"text":"\[CLS\] w[0-9]' "$tmp/replay" || fail "no text"

refuses 'hidden_size: .* changes the networks' 2 train --branch a@40 --hidden-size 64 --headless
refuses 'no checkpoint of step 41' 1 train --branch a@41 --headless
refuses 'by step 60, where the branch begins' 2 train --branch a --headless
refuses 'is its parent' 1 replay --run 2 --step 30
refuses 'steps 1 to 60, not 61' 2 replay --run a --step 61
echo ok
