#!/bin/sh
# The tables without a terminal: ablations beside plain sums over the store, and that `export X`
# and the command X write the same rows.
. "$(dirname "$0")/lib.sh"
corpus
cat >"$tmp/tie.ini" <<'EOF'
[run]
preset = custom
corpus = markov
layers = 1
hidden_size = 32
ffn_size = 64
heads = 2
embedding_size = 32
generator_size = 0.5
generator_heads = 1
seq = 16
batch = 16
steps = 12
eval_every = 6
[sweep]
tie = none, embeddings
[seeds]
count = 3
EOF
"$program" sweep "$tmp/tie.ini" --headless >/dev/null 2>&1
"$program" ablations --csv | tr -d '\r' >"$tmp/table"
"$program" export runs | tr -d '\r' >"$tmp/runs"
"$program" export metrics | tr -d '\r' >"$tmp/metrics"
# n and mean of a metric's last values over the runs of a tie
mean() {
    awk -F, -v tie="$1" -v metric="$2" 'FNR == 1 { if (NR == 1) for (i = 1; i <= NF; i++) at[$i] = i; next }
        NR == FNR { of[$1] = $at["tie"]; next }
        of[$1] == tie && $3 == metric { last[$1] = $4 }
        END { for (r in last) { n++; s += last[r] } printf "%d %.12f\n", n, s / n }' "$tmp/runs" "$tmp/metrics"
}
for tie in none embeddings; do
    for metric in val_rtd_auc_common val_mlm_loss_masked; do
        got=$(awk -F, -v tie=$tie -v metric=$metric '$1 == tie && $2 == metric { printf "%d %.12f\n", $3, $4 }' "$tmp/table")
        [ "$got" = "$(mean $tie $metric)" ] || fail "$tie $metric: $got in the table, $(mean $tie $metric) in the store"
    done
done
[ "$(grep -c 'paired t' "$tmp/table")" = 2 ] || fail "two rows of ranked metrics are not tested by seed"
grep '^none,val_rtd_auc,' "$tmp/table" | grep -q 'paired' && fail "a run's own AUC is tested"
for what in runs metrics tokens ablations; do
    case $what in metrics) by="curves" ;; *) by=$what ;; esac
    "$program" export $what >"$tmp/a"
    "$program" $by --csv >"$tmp/b"
    cmp -s "$tmp/a" "$tmp/b" || fail "export $what and $by --csv differ"
    [ "$(wc -l <"$tmp/a")" -gt 3 ] || fail "export $what is empty"
done
for by in runs curves tokens ablations "compare 1 2"; do
    "$program" $by --md >"$tmp/md"
    sed -n 2p "$tmp/md" | grep -q '^|--' || fail "$by --md is no table"
    [ "$(wc -l <"$tmp/md")" -gt 3 ] || fail "$by --md is empty"
    "$program" $by --json | grep -q '^{' || fail "$by --json is empty"
done
"$program" runs --md | grep -q "^| 1 | .* | done | electra | none | " || fail "runs --md has not the run"
"$program" export ablations --tex -o "$tmp/t.tex"
grep -q 'val\\_rtd\\_auc\\_common' "$tmp/t.tex" || fail "the LaTeX table is not escaped"
"$program" ablations --md | sed -n 2p | grep -q '^|---|---:|' || fail "no Markdown rule"
"$program" ablations --baseline tie=none --metric val_mlm_loss_masked | grep -q '^none .*baseline' || fail "no baseline"
"$program" ablations --json | grep -q '"ranked":"val_rtd_auc_common"' || fail "no JSON"
"$program" ablations --tag tie | grep -q '6 runs at last common step 12' || fail "the sweep's tag"
a=$(awk -F, 'NR > 1 && $1 == 1 && $3 == "val_rtd_auc_common" { v = $4 } END { print v }' "$tmp/metrics")
b=$(awk -F, 'NR > 1 && $1 == 2 && $3 == "val_rtd_auc_common" { v = $4 } END { print v }' "$tmp/metrics")
"$program" compare 1 2 --csv | tr -d '\r' >"$tmp/pair"
grep -q "^result,val_rtd_auc_common,$a,$b," "$tmp/pair" || fail "compare does not give the store's values"
grep -q '^config,tie,none,embeddings,' "$tmp/pair" || fail "compare does not say what differs"
grep -q '^config,learning_rate' "$tmp/pair" && fail "compare lists what is equal"
"$program" compare 1 2 --all --md | grep -q '^| learning\\_rate |' || fail "compare --all"
mkdir "$tmp/set"
printf 'good\tbad\tterm\nw1 w2 w3\tw3 w2 w1\torder\nw1 w5\tw1 w5\tsame\n' >"$tmp/set/one.tsv"
"$program" pairs --run 1 "$tmp/set/one.tsv" --csv | tr -d '\r' >"$tmp/pairs"
grep -q '^1,12,same,1,50,50,50$' "$tmp/pairs" || fail "a tie of minimal pairs is not one half"
grep -q '^1,12,order,1,[0-9]*,[0-9]*,50$' "$tmp/pairs" || fail "word order moves the unigram floor"
"$program" export scores | tr -d '\r' | grep -q '^1,12,.*,pairs-set,accuracy,0,[0-9.]*,2,done,' || fail "pairs are not stored"
"$program" ablations --csv | grep -q '^none,pairs-set accuracy,1,' || fail "pairs are not in the table"
set +e
"$program" compare 1 1 >/dev/null 2>"$tmp/err"
[ $? = 2 ] || fail "comparing a run with itself is not exit 2"
"$program" ablations --tag none >/dev/null 2>"$tmp/err" && fail "a tag that no run has"
"$program" ablations --by tye >/dev/null 2>"$tmp/err"
[ $? = 2 ] || fail "an unknown field is not exit 2"
grep -q "'tye'" "$tmp/err" || fail "the field is not named"
exit 0
