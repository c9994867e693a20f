#!/bin/sh
# Escape sequences planted in text, vocabulary, names, tags, notes and paths never reach a terminal:
# each command runs on a pseudo-terminal (script), and what comes out must not hold them.
. "$(dirname "$0")/lib.sh"
command -v script >/dev/null || { echo "script(1) is not here"; exit 77; }
esc=$(printf '\033')
title=$(printf '\033]0;owned\007')
red=$(printf '\033[31mred')
c1=$(printf '\302\233')31m
bidi=$(printf '\342\200\256')
corpus
# a vocabulary of hostile tokens, ids as before: w0 and w1 give way
awk -v t="$red" -v b="${bidi}x" 'NR == 6 { print t; next } NR == 7 { print b; next } { print }' \
    "$tmp/vocab.txt" >"$tmp/evil$red.txt"
sed "s/ w3 / $red /; s/ w5 / $c1$bidi$title /" "$tmp/text.txt" >"$tmp/evil-text.txt"

# tty COMMAND...: runs it on a terminal; fails when a planted byte comes through. CR, LF, and the
# blanks that wipe a progress bar are ours.
tty() {
    for word in "$@"; do printf "'%s' " "$word"; done >"$tmp/command"
    script -qec "$(cat "$tmp/command")" /dev/null </dev/null >"$tmp/typescript" 2>&1 || true
    if LC_ALL=C grep -q "$(printf '[\001-\010\016-\037\177]')" "$tmp/typescript"; then
        LC_ALL=C grep "$(printf '[\001-\010\016-\037\177]')" "$tmp/typescript" | head -n 3 | od -c | head -n 12 >&2
        fail "a control byte reached the terminal: $*"
    fi
    if LC_ALL=C grep -q "$c1\|$bidi" "$tmp/typescript"; then fail "C1 or bidi reached the terminal: $*"; fi
    [ -s "$tmp/typescript" ] || fail "nothing was printed: $*"
}
tty "$program" "corpus$red"
tty "$program" corpus "bad$red" --vocab "$tmp/vocab.txt" "$tmp/evil-text.txt"
tty "$program" corpus evil --vocab "$tmp/evil$red.txt" "$tmp/evil-text.txt"
tty "$program" corpus
tty "$program" corpus x --vocab "$tmp/none$title.txt" "$tmp/evil-text.txt"
tty "$program" train --corpus "no$red" --steps 3 --headless
tty "$program" train --name "$red$title" --learning-rate "$red"
tty "$program" train --name "evil $red$bidi" --tags "$c1" --corpus evil ${small#--corpus markov} --steps 6
"$program" runs show 1 --json | grep -q "\"done\"" || fail "the hostile run is not done"
tty "$program" runs
tty "$program" runs note 1 "note $title"
tty "$program" runs tag 1 "$red,$bidi"
tty "$program" runs show 1
tty "$program" runs list --json
tty "$program" runs list --csv
tty "$program" export runs
tty "$program" export tokens --run 1
tty "$program" inspect --run 1 --text "w2 $red $bidi $title w4"
tty "$program" inspect --run 1 --text "w2 $red $bidi w4" --csv
tty "$program" inspect --run 1 --text "w2 $red" --json
tty "$program" inspect --run 1 --fill --text "w2 $red $bidi [MASK]"
tty "$program" inspect --run 1 --pll --text "w2 $red $bidi"
tty "$program" inspect --run "$title" --text x
tty "$program" inspect --model "/nonexistent$red" --text x
tty "$program" watch 1 --plain
tty "$program" vocab --size 100 -o - "$tmp/evil-text.txt"
tty "$program" doctor --json
exit 0
