#!/bin/sh
# What must not stay behind: prints and exits below ui, notes to self, paths of one machine.
top=${1:-$(dirname "$0")/../..}
cd "$top" || exit 1
bad=0
say() { [ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$2"; bad=1; }; }
say 'only ui prints' "$(grep -rnE '(^|[^a-z_sn])(printf|puts|perror) *\(|fprintf\(std' src db experiments --include='*.[ch]' | grep -v '__attribute__')"
say 'only main exits' "$(grep -rnE '(^|[^a-z_])(exit|abort) *\(' src db experiments --include='*.[ch]' | grep -v '_exit')"
say 'notes to self' "$(grep -rnE '(TODO|FIXME|XXX|HACK)\b' src db experiments ui man --include='*.[ch]' --include='*.def')"
say 'paths of one machine' "$(grep -rnE '/(work|farm|root)/[a-z]' src db experiments ui man tests bootstrap README.md ARCHITECTURE.md CONTRIBUTING.md 2>/dev/null | grep -v residue.sh)"
exit $bad
