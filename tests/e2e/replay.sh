#!/bin/sh
# A text with a stretch of garbage in it: the steps with the worst generator loss hold it, and a replay of such
# a step, which is the step to the bit, ranks the poisoned sequence first. A store that says otherwise is
# refused, and the first difference named.
. "$(dirname "$0")/lib.sh"
awk 'BEGIN {
    srand(7); w = 0
    for (d = 0; d < 150; d++) {
        for (l = 0; l < 20; l++) {
            line = ""
            for (t = 0; t < 16; t++) { line = line " w" w; w = (w * 3 + 1 + int(rand() * 2)) % 12 }
            print line
        }
        print ""
        for (l = 0; d == 59 && l < 8; l++) {
            line = ""
            for (t = 0; t < 16; t++) line = line " p" int(rand() * 20)
            print line
        }
        if (d == 59) print ""
    }
}' >"$tmp/text.txt"
{
    printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'
    i=0
    while [ $i -lt 20 ]; do echo "w$i"; echo "p$i"; i=$((i + 1)); done
} >"$tmp/vocab.txt"
"$program" corpus poisoned --vocab "$tmp/vocab.txt" "$tmp/text.txt" >/dev/null
"$program" train --corpus poisoned --preset custom --layers 1 --hidden-size 64 --ffn-size 128 --heads 2 \
    --embedding-size 64 --generator-size 0.5 --generator-heads 1 --seq 16 --batch 16 --learning-rate 3e-3 --steps 160 \
    --checkpoint-every 50 --eval-every 100 --dropout 0 --attention-dropout 0 --init fan_in --bias-correction yes \
    --output-bias-init unigram --log-every 1 --name a --headless >/dev/null
"$program" export metrics --run a | tr -d '\r' | awk -F, '$3 == "gen_loss" && $2 > 70 { print $4, $2 }' | sort -rn |
    head -n 3 | cut -d' ' -f2 >"$tmp/worst"
poisoned=0
while read -r step; do
    "$program" replay --run a --step "$step" --top 16 >"$tmp/replay"
    grep -q 'are the same, bit for bit$' "$tmp/replay" || fail "step $step is not compared: $(cat "$tmp/replay")"
    grep -q 'ratio  tensor$' "$tmp/replay" || fail "no update ratios"
    grep -q '\[CLS\].* p[0-9]' "$tmp/replay" || continue
    poisoned=$((poisoned + 1))
    grep '^ *1 ' "$tmp/replay" | grep -q '\[CLS\].* p[0-9]' || fail "step $step: not first: $(cat "$tmp/replay")"
    "$program" replay --run a --step "$step" --json >"$tmp/json"
    loss=$("$program" export metrics --run a | tr -d '\r' | awk -F, -v s="$step" '$2 == s && $3 == "total_loss" { print $4 }')
    grep -q "\"total_loss\":$loss," "$tmp/json" || fail "step $step: another loss than $loss"
done <"$tmp/worst"
[ $poisoned -ge 2 ] || fail "the worst steps ($(tr '\n' ' ' <"$tmp/worst")) hold no poison"
if command -v sqlite3 >/dev/null; then
    sqlite3 "$tmp/ws/runs.db" "UPDATE point SET value = value + 1e-12 WHERE step = 62 AND series = (SELECT s.id FROM series s
        JOIN metric m ON m.id = s.metric WHERE m.name = 'gen_loss')"
    ! "$program" replay --run a --step 70 >/dev/null 2>"$tmp/err" || fail "a difference was not seen"
    grep -q 'step 62.*gen_loss' "$tmp/err" || fail "the difference is not named: $(cat "$tmp/err")"
fi
echo ok
