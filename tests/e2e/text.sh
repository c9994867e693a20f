#!/bin/sh
# Text tools: vocabulary, tokens, corpora; the same from a file, a directory, gzip and a pipe.
. "$(dirname "$0")/lib.sh"
corpus
"$program" vocab --size 150 -o "$tmp/v1" "$tmp/text.txt" >/dev/null
mkdir "$tmp/dir"
split -l 1260 "$tmp/text.txt" "$tmp/dir/part"
"$program" vocab --size 150 -o "$tmp/v2" "$tmp/dir" >/dev/null
"$program" vocab --size 150 -o - - <"$tmp/text.txt" >"$tmp/v3"
gzip -k "$tmp/text.txt"
"$program" vocab --size 150 -o "$tmp/v4" "$tmp/text.txt.gz" >/dev/null
for v in v2 v3 v4; do cmp -s "$tmp/v1" "$tmp/$v" || fail "$v differs from the file's vocabulary"; done
[ "$(wc -l <"$tmp/v1")" = 150 ] || fail "not 150 tokens"
[ "$(sed -n 5p "$tmp/v1")" = '[MASK]' ] || fail "[MASK] is not token 4"

printf 'w1 [MASK]\n' >"$tmp/line"
[ "$("$program" tokenize --vocab "$tmp/vocab.txt" --special-in-text --add-special <"$tmp/line")" = "2 6 4 3" ] || fail "special tokens"
[ "$("$program" tokenize --vocab "$tmp/vocab.txt" --pieces <"$tmp/line")" = "w1 [UNK] [UNK] [UNK]" ] || fail "pieces"
[ "$(printf 'no newline' | "$program" tokenize --vocab "$tmp/vocab.txt" | wc -l)" = 1 ] || fail "a last line without newline"
"$program" tokenize --vocab "$tmp/vocab.txt" <"$tmp/text.txt" >"$tmp/ids"
[ "$(wc -l <"$tmp/ids")" = "$(wc -l <"$tmp/text.txt")" ] || fail "not one line a line"

"$program" corpus one --vocab "$tmp/vocab.txt" "$tmp/text.txt" --json >"$tmp/one"
"$program" corpus two --vocab "$tmp/vocab.txt" "$tmp/text.txt.gz" --json >"$tmp/two"
hash() { sed 's/.*"hash":"\([0-9a-f]*\)".*/\1/' "$1"; }
[ "$(hash "$tmp/one")" = "$(hash "$tmp/two")" ] || fail "the same text gives another hash"
grep -q '"tokens":38400' "$tmp/one" || fail "tokens of the corpus: $(cat "$tmp/one")"
[ "$("$program" corpus --json | wc -l)" = 3 ] || fail "three corpora are not listed"
! "$program" corpus ../up --vocab "$tmp/vocab.txt" "$tmp/text.txt" 2>/dev/null || fail "a corpus outside the workspace"
exit 0
