# Shared by the end-to-end tests: a workspace of its own, a small generated corpus, the program.
set -eu
program=${ELECTROSCOPE:-$(pwd)/electroscope}
tmp=$(mktemp -d)
ELECTROSCOPE_WORKSPACE=$tmp/ws
export ELECTROSCOPE_WORKSPACE
cleanup() {
    "$program" runs list --json >/dev/null 2>&1 || true
    pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$tmp/ws/host.lock" 2>/dev/null || true)
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
    rm -rf "$tmp"
}
trap cleanup EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# An order-1 Markov text: 200 words, 8 successors each; documents of 40 lines.
corpus() {
    awk 'BEGIN {
        srand(7); n = 200
        for (i = 0; i < n; i++) for (k = 0; k < 8; k++) next_[i, k] = int(rand() * n)
        w = 0
        for (d = 0; d < 120; d++) {
            for (l = 0; l < 20; l++) {
                line = ""
                for (t = 0; t < 16; t++) { line = line " w" w; w = next_[w, int(rand() * 8)] }
                print line
            }
            print ""
        }
    }' >"$tmp/text.txt"
    {
        printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'
        i=0
        while [ $i -lt 200 ]; do echo "w$i"; i=$((i + 1)); done
    } >"$tmp/vocab.txt"
    "$program" corpus markov --vocab "$tmp/vocab.txt" "$tmp/text.txt" >/dev/null
}

small="--corpus markov --preset custom --layers 1 --hidden-size 32 --ffn-size 64 --heads 2
 --embedding-size 32 --generator-size 0.5 --generator-heads 1 --seq 16 --batch 16 --learning-rate 1e-3
 --checkpoint-every 20 --eval-every 25 --headless"

# refuses PATTERN CODE ARGUMENTS...: the program ends with that code and one sentence like the pattern.
refuses() {
    want=$1 code=$2
    shift 2
    rc=0
    "$program" "$@" >/dev/null 2>"$tmp/err" || rc=$?
    [ $rc = "$code" ] || fail "$*: exit $rc: $(cat "$tmp/err")"
    grep -q "$want" "$tmp/err" || fail "$*: $(cat "$tmp/err")"
    [ "$(wc -l <"$tmp/err")" = 1 ] || fail "$*: not one sentence: $(cat "$tmp/err")"
}

# Everything of a run that must be identical: metrics without times and rates, tensors of the last checkpoint.
essence() {
    "$program" export metrics --run "$1" |
        awk -F, 'NR > 1 && $3 !~ /tokens_per_s|flops/ { print $2 "," $3 "," $4 }' | sort
    (cd "$("$program" runs show "$1" --json | sed -n 's/.*"checkpoint": *"\([^"]*\)".*/\1/p')" &&
        find . -name model.safetensors -exec sha256sum {} + | sort -k2)
}
