#!/bin/sh
# The four uses of the workbench from an empty workspace, with keys alone on a terminal: launch from
# files and watch; the history of ablations; tokens and a sentence of one's own; export and compare.
# What was exported is compared with plain SQL over the store.
. "$(dirname "$0")/lib.sh"
typist=${TYPIST:-$(pwd)/tests/e2e/typist}
unset ELECTROSCOPE_WORKSPACE NO_COLOR
XDG_STATE_HOME=$tmp/state XDG_CONFIG_HOME=$tmp/config
export XDG_STATE_HOME XDG_CONFIG_HOME
ELECTROSCOPE_WORKSPACE=$tmp/aside
export ELECTROSCOPE_WORKSPACE
corpus # text.txt and vocab.txt; the packed corpus stays aside
ELECTROSCOPE_WORKSPACE=$tmp/ws
cat >"$tmp/sharing.ini" <<END_OF_FILE
[run]
preset = custom
corpus = $tmp/text.txt
vocab_size = 220
layers = 1
hidden_size = 32
ffn_size = 64
heads = 2
embedding_size = 32
generator_size = 1
generator_heads = 2
seq = 16
batch = 16
steps = 40
eval_every = 20
snapshot_every = 20
learning_rate = 1e-3
[sweep]
tie = none, embeddings, all
[seeds]
count = 3
END_OF_FILE
use() { "$typist" "$1" "$program" workbench --no-mouse || fail "$2"; }

use 120x36 "launch from files and watch" <<END_OF_KEYS
wait No runs yet
# the second way asks for a text; Tab completes it; this time we go on
key Down Enter
type $tmp/te
key Tab
wait text.txt
key Esc
key 5
wait new run
key :
type open-experiment
key Enter C-u
type $tmp/sharing.ini
key Enter
wait new sweep of 9 runs
wait 9, all new
key F5
wait Start 9 runs
key y
wait started 9 runs
count 9 done 0:
key 5
wait new sweep of 9 runs
wait 9 in the store already
key q q
end
END_OF_KEYS
[ "$("$typist" --sql "$tmp/ws/runs.db" "SELECT count(*) FROM run WHERE state='done'")" = 9 ] || fail "nine runs are not done"

use 120x36 "the history of ablations" <<END_OF_KEYS
key 4
wait sweep sharing
wait best AUC common
wait (n = 3)
wait paired t on 3 seeds
key e C-u
type $tmp/table.csv
key Enter
wait (CSV)
key q
end
END_OF_KEYS
tr -d '\r' <"$tmp/table.csv" >"$tmp/table"
for tie in none embeddings all; do
    got=$(awk -F, -v tie=$tie 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $1 == tie {
        printf "%d %.9f", $at["n"], $at["val_rtd_auc_common"] }' "$tmp/table")
    want=$("$typist" --sql "$tmp/ws/runs.db" "SELECT count(*) || ' ' || printf('%.9f', avg(p.value)) FROM run r
        JOIN series s ON s.run = r.id JOIN metric m ON m.id = s.metric JOIN point p ON p.series = s.id
        WHERE r.tie = '$tie' AND m.name = 'val_rtd_auc_common' AND p.step = 40")
    [ "$got" = "$want" ] || fail "$tie: $got in the exported table, $want in the store"
done

use 80x24 "tokens and a sentence of one's own" <<END_OF_KEYS
key 1 3
wait snapshot
key o
type w2 w5 w7 w9 w11
key Enter
wait own sentence, checkpoint 40
wait w9
key Esc q q
end
END_OF_KEYS

[ "$("$typist" --sql "$tmp/ws/runs.db" "SELECT count(*) FROM sequence WHERE source = 3")" = 1 ] ||
    fail "the sentence is not in the store"

use 120x36 "export and compare" <<END_OF_KEYS
key 1
wait runs 9
key e C-u
type $tmp/runs.csv
key Enter
wait 9 rows →
key g Space Down Space 6
wait configuration
wait tie
wait AUC common
key e C-u
type $tmp/pair.csv
key Enter
wait (CSV)
key q
end
END_OF_KEYS
tr -d '\r' <"$tmp/runs.csv" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { print $at["name"] "," $at["state"] "," $at["step"] }' | sort >"$tmp/got"
"$typist" --sql "$tmp/ws/runs.db" "SELECT name, state, step FROM run" | sort >"$tmp/want"
cmp -s "$tmp/got" "$tmp/want" || fail "the exported runs are not those of the store"
tr -d '\r' <"$tmp/pair.csv" | grep -q '^result,val_rtd_auc_common,' || fail "the comparison has no result"

# A run that is watched on Tokens takes its orders there.
sed -e '/^\[sweep\]/,$d' -e 's/^steps = 40/steps = 100000/' -e 's/^eval_every.*/eval_every = 100000/' \
    -e 's/^snapshot_every.*/snapshot_every = 100000/' "$tmp/sharing.ini" >"$tmp/long.ini"
state="$tmp/ws/runs.db SELECT state FROM run WHERE steps = 100000"
use 80x24 "pause and stop from Tokens" <<END_OF_KEYS
key 5 :
type open-experiment
key Enter C-u
type $tmp/long.ini
key Enter
wait opened 1 run
key F5
store running $state
key 3
wait live
key p
store paused $state
wait , paused
key p
store running $state
key F9
wait after a checkpoint?
key y
store stopped $state
key 1
wait stopped
key q q
end
END_OF_KEYS
[ "$("$typist" --sql "$tmp/ws/runs.db" "SELECT state || (step > 0 AND step < 100000) FROM run WHERE steps = 100000")" = stopped1 ] ||
    fail "the run did not stop at a checkpoint"

# A checkpoint from elsewhere, from the first page: a sentence is scored, and its likelihood comes.
checkpoint=$(ls -d "$tmp"/ws/checkpoints/1/40)
ELECTROSCOPE_WORKSPACE=$tmp/other
rm -rf "$XDG_STATE_HOME"
use 80x24 "a checkpoint from the first page" <<END_OF_KEYS
wait Three ways
key Down Down Enter
type $checkpoint
key Enter
wait opened to look at
key o
type w2 w5 w7 w9 w11
key Enter
wait own sentence, checkpoint 0
wait a token (5)
key Esc q q
end
END_OF_KEYS
exit 0
