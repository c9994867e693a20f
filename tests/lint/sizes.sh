#!/bin/sh
# No source file over 800 lines; over 600 is said. `sizes.sh DIR` checks another tree.
top=${1:-$(dirname "$0")/../..}
cd "$top" || exit 1
find src db experiments ui tests -name '*.[ch]' ! -name 'unicode_table.*' | xargs wc -l | awk '
$2 == "total" { next }
$1 > 800 { print $2 ": " $1 " lines, more than 800"; bad = 1; next }
$1 > 600 { print $2 ": " $1 " lines: asks to be split" }
END { exit bad }'
