#!/bin/sh
# peers.sh [ELECTROSCOPE] [PRESET:BATCH[:infer] | text:FILE]...: training steps and inference of
# electroscope and of Hugging Face's ELECTRA on PyTorch in turn, tokenizing and vocabulary training
# beside Hugging Face's tokenizers, in one table each. `text:` alone makes text up.
# Needs a Python environment that has them:
#   python3 -m venv DIR && DIR/bin/pip install torch transformers tokenizers numpy
#   PEERS_VENV=DIR tests/bench/peers.sh build/electroscope tiny:8 small:8 text:book.txt
set -eu
here=$(dirname "$0")
program=${1:-build/electroscope}
[ $# = 0 ] || shift
has() { [ -n "${PEERS_VENV-}" ] && "$PEERS_VENV/bin/python" -c "import $1" 2>/dev/null; }
[ $# != 0 ] || set -- tiny:8 tiny:32 small:8 small:32 base:8 small:1:infer small:32:infer text:
steps= texts=
for spec in "$@"; do
    case $spec in text:*) texts=1 ;; *) steps=1 ;; esac
done
if [ -n "$steps" ] && ! has 'torch, transformers'; then
    echo "peers: steps are not compared with PyTorch: set PEERS_VENV to an environment with torch and transformers"
    for spec in "$@"; do
        shift
        case $spec in text:*) set -- "$@" "$spec" ;; esac
    done
fi
if [ -n "$texts" ] && ! has tokenizers; then
    echo "peers: text is not compared with Hugging Face's tokenizers: set PEERS_VENV to an environment with tokenizers"
    for spec in "$@"; do
        shift
        case $spec in text:*) ;; *) set -- "$@" "$spec" ;; esac
    done
fi
[ $# != 0 ] || exit 0
exec "$PEERS_VENV/bin/python" "$here/peers.py" "$program" "$@"
