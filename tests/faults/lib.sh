# Shared by the fault tests: what must hold of a store and its runs after anything.
. "$(dirname "$0")/../e2e/lib.sh"
command -v sqlite3 >/dev/null || { echo "sqlite3(1) is not here"; exit 77; }

# whole NAME: what must be equal in two runs, sorted: metric rows but times and rates, tokens, and
# the bytes of every tensor, the optimiser's too.
whole() {
    essence "$1" | grep -v safetensors
    "$program" export tokens --run "$1" | cut -d, -f1-12,14- # without the run
    dir=$("$program" runs show "$1" --json | sed -n 's/.*"checkpoint": *"\([^"]*\)".*/\1/p')
    (cd "$dir" && find . -name '*.safetensors' | sort | while read -r f; do
        head=$(od -An -tu8 -N8 "$f")
        echo "$f $(tail -c +$((head + 9)) "$f" | sha256sum)"
    done)
}

# acked FILE: step and loss of every whole step line.
acked() {
    sed -n 's/.*"event": *"step".*"step": *\([0-9]*\).*"total_loss": *"\{0,1\}\([-0-9a-z.+]*\).*}$/\1,\2/p' "$1"
}

# sound WHAT: the store is, looked at in a copy, so that looking does not tidy the left-over log.
sound() {
    [ -e "$ELECTROSCOPE_WORKSPACE/runs.db" ] || return 0
    rm -rf "$tmp/look"
    mkdir "$tmp/look"
    cp "$ELECTROSCOPE_WORKSPACE"/runs.db* "$tmp/look/"
    [ "$(sqlite3 "$tmp/look/runs.db" 'PRAGMA integrity_check')" = ok ] || fail "$1: the store is damaged"
}

# kept WHAT RUN FILE: every row that FILE acknowledged is in the store, the last checkpoint that it
# named is whole. Counts rows in $acks.
kept() {
    acked "$3" | sort >"$tmp/acked"
    acks=$((acks + $(wc -l <"$tmp/acked")))
    if [ -s "$tmp/acked" ]; then
        "$program" export metrics --run "$2" | tr -d '\r' |
            awk -F, '$3 == "total_loss" { print $2 "," $4 }' | sort >"$tmp/stored"
        comm -23 "$tmp/acked" "$tmp/stored" >"$tmp/missing"
        [ ! -s "$tmp/missing" ] ||
            fail "$1: $(wc -l <"$tmp/missing") acknowledged rows are lost, first $(head -n 1 "$tmp/missing")"
    fi
    sed -n 's/.*"event": *"checkpoint".*"path": *"\([^"]*\)".*}$/\1/p' "$3" | tail -n 1 >"$tmp/named"
    if [ -s "$tmp/named" ]; then
        (cd "$(cat "$tmp/named")" && xxhsum_check) || fail "$1: the named checkpoint is not whole"
    fi
}
xxhsum_check() { ! command -v xxhsum >/dev/null || xxhsum -q -c checksums.txt; }
