#!/bin/sh
# Networks leave in Hugging Face's layout, in one file or in shards, and come back byte by byte; a
# task is learnt from one, and what cannot be is said before anything is trained.
. "$(dirname "$0")/lib.sh"
corpus
# shellcheck disable=SC2086
"$program" train $small --steps 20 --name a >/dev/null
"$program" convert --run a "$tmp/one" >/dev/null
tensors="$tmp/one/discriminator/model.safetensors"
for size in 1GB 80KB 20kib 8192 1; do
    "$program" convert --run a --max-shard-size $size "$tmp/$size" >/dev/null || fail "shards of $size"
    "$program" convert "$tmp/$size" "$tmp/back-$size" >/dev/null || fail "back from $size"
    for net in discriminator generator; do
        cmp -s "$tmp/one/$net/model.safetensors" "$tmp/back-$size/$net/model.safetensors" ||
            fail "$net comes back changed from shards of $size"
    done
    [ -f "$tmp/$size/discriminator/model.safetensors" ] && whole=1 || whole=0
    [ $whole = "$([ $size = 1GB ] && echo 1 || echo 0)" ] || fail "$size: one file or several"
done
most=$(find "$tmp/80KB" -name 'model-*' -size +84k | wc -l)
[ "$most" = 0 ] || fail "$most shards of 80 KB are larger, their headers apart"
"$program" convert "$tmp/80KB/discriminator" --max-shard-size 8KB "$tmp/again" >/dev/null || fail "shards from shards"
"$program" inspect --model "$tmp/again" --text "w1 w2" >/dev/null || fail "shards cannot be scored with"

for size in 0 -1 MB 5TB nan inf 1e99GB '' '5 MB'; do
    refuses "is no size such as 200MB" 2 convert --run a --max-shard-size "$size" "$tmp/bad"
done
[ ! -e "$tmp/bad" ] || fail "a refused conversion leaves a directory"
sed 's/"hidden_size": *[0-9]*/"hidden_size": 32768/' "$tmp/one/discriminator/config.json" >"$tmp/c"
mkdir "$tmp/huge"
cp "$tmp/one/discriminator/"* "$tmp/huge"
cp "$tmp/c" "$tmp/huge/config.json"
refuses 'too small' 1 convert "$tmp/huge" "$tmp/bad"
refuses 'too small' 1 inspect --model "$tmp/huge" --text w1

awk 'BEGIN { print "label,text"; for (i = 0; i < 64; i++) print (i % 2 ? "odd,w1 w" : "even,w2 w") i }' >"$tmp/t.csv"
awk 'BEGIN { print "text"; for (i = 0; i < 8; i++) print "w1 w" i }' >"$tmp/test.csv"
tune() { "$program" finetune --task classification --columns label,text --train "$tmp/t.csv" --dev "$tmp/t.csv" "$@"; }
tune --run a --epochs 2 --test "$tmp/test.csv" --output "$tmp/out" --save-model >"$tmp/said" 2>/dev/null || fail "finetune"
grep -q "^predictions are in $tmp/out$" "$tmp/said" || fail "where the predictions are: $(cat "$tmp/said")"
[ "$(wc -l <"$tmp/out/predictions.tsv")" = 9 ] || fail "not 8 predictions"
tune --model "$tmp/out/model" --epochs 0 >/dev/null 2>&1 || fail "a tuned model is not scored"
printf '\nw1 w3\n' >>"$tmp/test.csv"
refuses 'test.csv line 10 is empty' 1 finetune --task classification --columns label,text --train "$tmp/t.csv" \
    --dev "$tmp/t.csv" --test "$tmp/test.csv" --run a --output "$tmp/o"
refuses 'needs --output' 2 finetune --task cola --data "$tmp" --run a --test "$tmp/test.csv"
refuses 'holds a pre-trained ElectraForPreTraining' 1 finetune --task classification --columns label,text \
    --train "$tmp/t.csv" --dev "$tmp/t.csv" --run a --epochs 0
exit 0
