#!/bin/sh
# The built manual holds every command, every option of each and every field; mandoc finds nothing
# to say; help and completion name the same. Run in the build directory.
set -eu
page=man/electroscope.1
program=${ELECTROSCOPE:-./electroscope}
bad=0
say() { echo "$*"; bad=1; }
flat=$(mktemp)
trap 'rm -f "$flat" "$flat.keys"' EXIT
sed 's/\\-/-/g; s/\\&//g' "$page" >"$flat"
commands=$("$program" --help | sed -n '/^commands:/,/^options/s/^  \([a-z]*\) .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 10 ] || say "--help lists too few commands"
for c in $commands; do
    grep -q "^\.It Cm $c " "$flat" || say "the manual lacks the command $c"
    grep -q "^    $c) " man/electroscope || say "completion lacks the command $c"
    for o in $("$program" "$c" --help | sed -n 's/^  \(-[a-z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p'); do
        grep -q "^\.It .*Fl -$o\b" "$flat" || say "the manual lacks --$o (of $c)"
        grep -q -- "--$o\b" man/electroscope || say "completion lacks --$o (of $c)"
    done
done
# Every key and every name for the palette.
sed -n 's/^A([A-Z0-9_]*, "\([^"]*\)", "\([^"]*\)".*/\1|\2/p' "${srcdir:-..}/ui/app/action.def" >"$flat.keys"
[ "$(wc -l <"$flat.keys")" -ge 60 ] || say "action.def has too few actions"
while IFS='|' read -r keys name; do
    item=".It ${keys:+Ic \"$keys\" , }Ic \":$name\""
    grep -qxF -- "$item" "$flat" || say "the manual lacks $item"
done <"$flat.keys"
for s in $(sed -n 's/^S(\([a-z_]*\),.*/\1/p' "${srcdir:-..}/ui/app/setting.def"); do
    grep -q "^\.It Ic $s No = " "$flat" || say "the manual lacks the setting $s"
done
if command -v mandoc >/dev/null; then
    [ -z "$(mandoc -Tlint -W style "$page" | grep -v 'referenced manual not found')" ] ||
        { mandoc -Tlint -W style "$page"; say "mandoc complains"; }
fi
exit $bad
