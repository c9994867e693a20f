#!/bin/sh
# No room: files may not grow over a limit (which needs no privilege, unlike a small disk). The store
# cannot be written any more while the run trains: it is said at once, nothing is damaged, and with
# room the run ends identical to one that had it from the start.
. "$(dirname "$0")/lib.sh"
corpus
"$program" train $small --name straight --steps 120 --snapshot-every 5 >/dev/null
essence straight >"$tmp/want"
"$program" runs delete straight --yes >/dev/null
rm -f "$tmp/ws/runs.db"*
status=0
(ulimit -f 800; exec "$program" train $small --name full --steps 120 --snapshot-every 5 >"$tmp/out" 2>"$tmp/err") || status=$?
[ $status = 1 ] || fail "a store at its limit gave exit $status"
grep -q 'warning: .*runs.db: .*: training goes on, new rows wait in memory' "$tmp/err" || fail "the trouble is not said"
tail -n 1 "$tmp/err" | grep -q '^electroscope: .*runs.db' || fail "the end does not name the store"
"$program" train --resume full --headless >/dev/null
essence full | diff "$tmp/want" - >"$tmp/diff" || { head -n 5 "$tmp/diff"; fail "the run with no room differs"; }
(ulimit -f 100; "$program" export metrics --run full -o "$tmp/metrics.csv" 2>"$tmp/err") && fail "a cut export is not a failure"
grep -q 'metrics.csv' "$tmp/err" || fail "the message does not name the file"
[ ! -e "$tmp/metrics.csv" ] || fail "half an export was left"
exit 0
